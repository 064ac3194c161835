package keypair

import (
	"bytes"
	"crypto/ecdh"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"strings"
)

// The data types of RFC 4251 that the layouts below are written in: a string, a number above nought (mpint), and integers
// of four and of eight bytes.
const (
	aString = 's'
	aNumber = 'n'
	aUint32 = '4'
	aUint64 = '8'
)

// kind is what stands in the blob of a plain key behind the name of its algorithm.
type kind struct {
	fields string
	sound  func(fields [][]byte, limits Limits) error // refuses what cannot be a key
}

var kinds = map[string]kind{
	"ssh-rsa":             {"nn", soundRSA},
	"ssh-dss":             {"nnnn", soundDSA},
	"ecdsa-sha2-nistp256": {"ss", soundECDSA("nistp256", ecdh.P256())},
	"ecdsa-sha2-nistp384": {"ss", soundECDSA("nistp384", ecdh.P384())},
	"ecdsa-sha2-nistp521": {"ss", soundECDSA("nistp521", ecdh.P521())},
}

// around is what a certificate has before and behind the key's own fields, by what follows "-cert-" in the name of its
// algorithm. v01 (OpenSSH PROTOCOL.certkeys): nonce; serial, type, key id, principals, valid after, valid before, critical
// options, extensions, reserved, signature key, signature. v00, the form of OpenSSH 5.4 to 6.9, has no serial, one list of
// constraints, and the nonce behind that. A plain key has nothing around it.
var around = map[string]struct{ before, behind string }{
	"":                {},
	"v01@openssh.com": {"s", "84ss88sssss"},
	"v00@openssh.com": {"", "4ss88sssss"},
}

// inspect reads a whole blob, which must be one sound key of the algorithm, or a signed certificate of one, in the one way
// in which RFC 4251 writes it. It gives the blob of the key itself: for a certificate that of the key inside, which is what
// OpenSSH takes the fingerprint of.
func inspect(blob []byte, algorithm string, limits Limits) ([]byte, error) {
	plain, form, _ := strings.Cut(algorithm, "-cert-")
	kind, known := kinds[plain]
	frame, framed := around[form]
	if !known || !framed {
		return nil, errors.New("keys of this algorithm cannot be read")
	}
	fields, err := split(blob, string(aString)+frame.before+kind.fields+frame.behind)
	if err != nil {
		return nil, err
	}
	if string(fields[0]) != algorithm {
		return nil, errors.New("the data are of another algorithm than the first word says")
	}
	own := fields[1+len(frame.before):][:len(kind.fields)]
	switch err := kind.sound(own, limits); {
	case err != nil:
		return nil, err
	case plain == algorithm:
		return blob, nil
	case len(fields[len(fields)-1]) == 0:
		return nil, errors.New("the certificate is not signed")
	}
	return join(append([][]byte{[]byte(plain)}, own...)), nil
}

// errShort is what every read past the end of a blob gives.
var errShort = errors.New("the data end too early")

// split takes a blob apart into fields of these types, with nothing left over.
func split(blob []byte, types string) ([][]byte, error) {
	fields := make([][]byte, len(types))
	for i, kind := range types {
		size := uint64(0)
		switch {
		case kind == aUint32:
			size = 4
		case kind == aUint64:
			size = 8
		case len(blob) < 4:
			return nil, errShort
		default:
			size, blob = uint64(binary.BigEndian.Uint32(blob)), blob[4:]
		}
		if size > uint64(len(blob)) {
			return nil, errShort
		}
		fields[i], blob = blob[:size], blob[size:]
		if kind == aNumber {
			if err := checkNumber(fields[i]); err != nil {
				return nil, err
			}
		}
	}
	if len(blob) > 0 {
		return nil, fmt.Errorf("%d bytes follow the key", len(blob))
	}
	return fields, nil
}

// checkNumber refuses nought, negative numbers, and needless leading zeros, which RFC 4251 forbids.
func checkNumber(n []byte) error {
	switch {
	case len(n) == 0:
		return errors.New("a number is nought")
	case n[0]&0x80 != 0:
		return errors.New("a number is negative")
	case n[0] == 0 && (len(n) == 1 || n[1]&0x80 == 0):
		return errors.New("a number has needless leading zeros")
	}
	return nil
}

// join is the blob that has these strings and numbers.
func join(fields [][]byte) []byte {
	var blob []byte
	for _, field := range fields {
		blob = binary.BigEndian.AppendUint32(blob, uint32(len(field))) // #nosec G115 -- a key's text has a longest length
		blob = append(blob, field...)
	}
	return blob
}

func soundRSA(fields [][]byte, limits Limits) error {
	e, n := fields[0], fields[1]
	if size := bitLen(n); size != min(max(size, limits.RSAMin), limits.RSAMax) {
		return fmt.Errorf("the RSA modulus has %d bits, allowed are %d to %d", size, limits.RSAMin, limits.RSAMax)
	}
	if e[len(e)-1]&1 == 0 || bitLen(e) < 2 || bitLen(e) >= bitLen(n) {
		return errors.New("the RSA exponent cannot be that of a key")
	}
	return nil
}

// The sizes in bits of the only DSA keys that SSH has.
const (
	dsaBits         = 1024
	dsaSubprimeBits = 160
)

func soundDSA(fields [][]byte, _ Limits) error {
	p, q, g, y := fields[0], fields[1], fields[2], fields[3]
	if bitLen(p) != dsaBits || bitLen(q) != dsaSubprimeBits || !less(g, p) || !less(y, p) {
		return errors.New("the DSA numbers cannot be those of a key")
	}
	return nil
}

// bitLen is the length in bits of a number as [checkNumber] lets it pass.
func bitLen(n []byte) int {
	return len(n)*8 - bits.LeadingZeros8(n[0])
}

// less compares two such numbers.
func less(a, b []byte) bool {
	return len(a) < len(b) || len(a) == len(b) && bytes.Compare(a, b) < 0
}

func soundECDSA(name string, curve ecdh.Curve) func([][]byte, Limits) error {
	return func(fields [][]byte, _ Limits) error {
		if string(fields[0]) != name {
			return errors.New("the key is on another curve than the first word says")
		}
		_, err := curve.NewPublicKey(fields[1])
		return err
	}
}
