package keypair

import (
	"crypto/ecdh"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

// layout says what stands in the wire blob of one algorithm after the algorithm's own name.
type layout struct {
	plain string // the algorithm of the key itself; for a certificate that of the key inside
	nonce bool   // a certificate v01 has a random string before the key's own fields
	key   func(*wire, Limits) error
	tail  string // a certificate's fields after the key's own: '4' and '8' are integers of so many bytes, 's' a string
}

// The fields behind the key of a certificate. v01 (OpenSSH PROTOCOL.certkeys): serial, type, key id, principals, valid
// after, valid before, critical options, extensions, reserved, signature key, signature. v00, the form of OpenSSH 5.4 to
// 6.9, has no serial, one list of constraints, and the nonce there instead of in front.
const (
	tailV01 = "84ss88sssss"
	tailV00 = "4ss88sssss"
)

// layouts are the algorithms whose blobs can be read.
var layouts = map[string]layout{
	"ssh-rsa":             {plain: "ssh-rsa", key: rsaKey},
	"ssh-dss":             {plain: "ssh-dss", key: dssKey},
	"ecdsa-sha2-nistp256": {plain: "ecdsa-sha2-nistp256", key: ecdsaKey("nistp256", ecdh.P256())},
	"ecdsa-sha2-nistp384": {plain: "ecdsa-sha2-nistp384", key: ecdsaKey("nistp384", ecdh.P384())},
	"ecdsa-sha2-nistp521": {plain: "ecdsa-sha2-nistp521", key: ecdsaKey("nistp521", ecdh.P521())},

	"ssh-rsa-cert-v00@openssh.com": {plain: "ssh-rsa", key: rsaKey, tail: tailV00},
	"ssh-dss-cert-v00@openssh.com": {plain: "ssh-dss", key: dssKey, tail: tailV00},
	"ssh-rsa-cert-v01@openssh.com": {plain: "ssh-rsa", nonce: true, key: rsaKey, tail: tailV01},
	"ssh-dss-cert-v01@openssh.com": {plain: "ssh-dss", nonce: true, key: dssKey, tail: tailV01},
	"ecdsa-sha2-nistp256-cert-v01@openssh.com": {
		plain: "ecdsa-sha2-nistp256", nonce: true, key: ecdsaKey("nistp256", ecdh.P256()), tail: tailV01},
	"ecdsa-sha2-nistp384-cert-v01@openssh.com": {
		plain: "ecdsa-sha2-nistp384", nonce: true, key: ecdsaKey("nistp384", ecdh.P384()), tail: tailV01},
	"ecdsa-sha2-nistp521-cert-v01@openssh.com": {
		plain: "ecdsa-sha2-nistp521", nonce: true, key: ecdsaKey("nistp521", ecdh.P521()), tail: tailV01},
}

// inspect reads a whole blob. plain and own are the algorithm and the fields of the key itself: for a certificate those
// of the key inside, which are what OpenSSH takes the fingerprint of. An algorithm without a layout is read to its name
// only.
func inspect(blob []byte, algorithm string, limits Limits) (plain string, own []byte, err error) {
	w := &wire{rest: blob}
	name, err := w.string()
	if err != nil {
		return "", nil, err
	}
	if string(name) != algorithm {
		return "", nil, errors.New("the data are of another algorithm than the first word says")
	}
	l, known := layouts[algorithm]
	if !known {
		if len(w.rest) == 0 {
			return "", nil, errShort
		}
		return algorithm, w.rest, nil
	}
	if l.nonce {
		if _, err := w.string(); err != nil {
			return "", nil, err
		}
	}
	start := w.rest
	if err := l.key(w, limits); err != nil {
		return "", nil, err
	}
	own = start[:len(start)-len(w.rest)]
	var last []byte
	for _, field := range l.tail {
		switch field {
		case '4':
			err = w.skip(4)
		case '8':
			err = w.skip(8)
		default:
			last, err = w.string()
		}
		if err != nil {
			return "", nil, err
		}
	}
	if l.tail != "" && len(last) == 0 {
		return "", nil, errors.New("the certificate is not signed")
	}
	if len(w.rest) > 0 {
		return "", nil, fmt.Errorf("%d bytes follow the key", len(w.rest))
	}
	return l.plain, own, nil
}

func rsaKey(w *wire, limits Limits) error {
	e, err := w.number()
	if err != nil {
		return err
	}
	n, err := w.number()
	if err != nil {
		return err
	}
	size := bitLen(n)
	if size < limits.RSAMin || size > limits.RSAMax {
		return fmt.Errorf("the RSA modulus has %d bits, allowed are %d to %d", size, limits.RSAMin, limits.RSAMax)
	}
	if !odd(n) || !odd(e) || bitLen(e) < 2 || bitLen(e) >= size {
		return errors.New("the RSA numbers cannot be those of a key")
	}
	return nil
}

func dssKey(w *wire, limits Limits) error {
	var n [4][]byte // p, q, g, y
	for i := range n {
		var err error
		if n[i], err = w.number(); err != nil {
			return err
		}
	}
	p, q := n[0], n[1]
	if bitLen(p) != limits.DSABits || bitLen(q) != dsaSubprimeBits {
		return fmt.Errorf("the DSA numbers have %d and %d bits, allowed are %d and %d",
			bitLen(p), bitLen(q), limits.DSABits, dsaSubprimeBits)
	}
	for _, g := range n[2:] {
		if bitLen(g) < 2 || !less(g, p) {
			return errors.New("the DSA numbers cannot be those of a key")
		}
	}
	if !odd(p) || !odd(q) {
		return errors.New("the DSA numbers cannot be those of a key")
	}
	return nil
}

func ecdsaKey(name string, curve ecdh.Curve) func(*wire, Limits) error {
	return func(w *wire, _ Limits) error {
		got, err := w.string()
		if err != nil {
			return err
		}
		if string(got) != name {
			return errors.New("the key is on another curve than the first word says")
		}
		point, err := w.string()
		if err != nil {
			return err
		}
		if _, err := curve.NewPublicKey(point); err != nil {
			return errors.New("the point is not on the curve, or not in uncompressed form")
		}
		return nil
	}
}

// errShort is what every read past the end of a blob gives.
var errShort = errors.New("the data end too early")

// wire reads the data types of RFC 4251, section 5, from the front of rest.
type wire struct{ rest []byte }

func (w *wire) skip(n int) error {
	if len(w.rest) < n {
		return errShort
	}
	w.rest = w.rest[n:]
	return nil
}

func (w *wire) string() ([]byte, error) {
	if len(w.rest) < 4 {
		return nil, errShort
	}
	n := binary.BigEndian.Uint32(w.rest)
	if uint64(n) > uint64(len(w.rest)-4) {
		return nil, errShort
	}
	out := w.rest[4 : 4+n]
	w.rest = w.rest[4+n:]
	return out, nil
}

// number reads an mpint and gives its bytes without the sign byte. Nought, negative numbers and needless leading zeros,
// which RFC 4251 forbids, are refused.
func (w *wire) number() ([]byte, error) {
	n, err := w.string()
	switch {
	case err != nil:
		return nil, err
	case len(n) == 0:
		return nil, errors.New("a number is nought")
	case n[0]&0x80 != 0:
		return nil, errors.New("a number is negative")
	case n[0] != 0:
		return n, nil
	case len(n) == 1 || n[1]&0x80 == 0:
		return nil, errors.New("a number has needless leading zeros")
	}
	return n[1:], nil
}

// The helpers below take numbers as [wire.number] gives them: big-endian, first byte not zero.

func bitLen(n []byte) int { return len(n)*8 - bits.LeadingZeros8(n[0]) }

func odd(n []byte) bool { return n[len(n)-1]&1 == 1 }

func less(a, b []byte) bool {
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return string(a) < string(b)
}
