package keypair

import (
	"crypto/md5" // #nosec G501 -- the fingerprint of RFC 4716 is MD5
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrKey is wrapped by every refusal of a public key.
var ErrKey = errors.New("public key is not supported")

// Depth is how far a public key is looked into.
type Depth string

const (
	// Strict demands that the base64 part holds exactly one complete key of the algorithm named before it.
	Strict Depth = "strict"
	// Shallow is content with an accepted algorithm and text that looks like base64. It is how the live service was seen
	// to behave, which took a line of thirty base64 characters that are no key.
	Shallow Depth = "shallow"
)

// The limits that no edition states. They keep a body from being larger, and a key from being weaker or slower, than any
// that OpenSSH makes.
const (
	// LongestBody is the greatest length of a public key's text in bytes. An RSA key of 16384 bits has about 2800.
	LongestBody = 16 << 10
	// shortestShallow is how many base64 characters are plausible at depth Shallow: fewer cannot hold even the
	// algorithm's name.
	shortestShallow = 16
	// dsaSubprimeBits goes with DSA keys of 1024 bits (FIPS 186-2), the only ones SSH has.
	dsaSubprimeBits = 160
)

// Limits are the sizes of keys in bits that depth [Strict] takes. The documents name none.
type Limits struct {
	RSAMin, RSAMax int
	DSABits        int
}

// UsualLimits are the sizes that ssh-keygen makes, and RSA down to 1024 bits, which older versions of it made.
var UsualLimits = Limits{RSAMin: 1024, RSAMax: 16384, DSABits: 1024}

// KeyRule says which public keys are taken.
type KeyRule struct {
	Algorithms []string // the accepted first words; anything else is refused
	Depth      Depth
	Limits     Limits
}

// PublicKey is a public key that a [KeyRule] took.
type PublicKey struct {
	// Line is the key in one-line OpenSSH form with the comment it came with, and without a line end.
	Line        string
	Fingerprint Fingerprint
}

// Parse reads a public key in one-line OpenSSH form: the algorithm, the key in base64, and optionally a comment, which
// may have spaces. White space and line ends around it are dropped; a second line, a control character or text that is
// not UTF-8 is refused. Login options before the algorithm, as an authorized_keys file may have them, are no part of a
// public key and are refused too.
//
// The fingerprint is that of the key as ssh-keygen prints it: of the blob, and for a certificate of the key inside it.
// At depth [Shallow] a body that holds no complete key has the MD5 of as many bytes as its base64 part gives.
//
// Every error wraps [ErrKey] and repeats nothing of the body.
func (r KeyRule) Parse(body string) (PublicKey, error) {
	if len(body) > LongestBody {
		return PublicKey{}, fmt.Errorf("%w: its text has %d bytes, allowed are %d", ErrKey, len(body), LongestBody)
	}
	line := strings.Trim(body, " \t\r\n")
	if !utf8.ValidString(line) || strings.ContainsFunc(line, control) {
		return PublicKey{}, fmt.Errorf("%w: it is not one line of text", ErrKey)
	}
	algorithm, rest := word(line)
	text, comment := word(rest)
	if !slices.Contains(r.Algorithms, algorithm) {
		return PublicKey{}, fmt.Errorf("%w: its algorithm is not accepted", ErrKey)
	}
	fingerprint, err := r.fingerprint(algorithm, text)
	if err != nil {
		return PublicKey{}, fmt.Errorf("%w: %w", ErrKey, err)
	}
	line = algorithm + " " + text
	if comment != "" {
		line += " " + comment
	}
	return PublicKey{Line: line, Fingerprint: fingerprint}, nil
}

// fingerprint checks the base64 part to the depth of the rule.
func (r KeyRule) fingerprint(algorithm, text string) (Fingerprint, error) {
	// OpenSSH wants padding, and nothing in the bits that the padding leaves over.
	blob, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		err = errors.New("its second word is not base64")
	} else {
		var plain string
		var own []byte
		if plain, own, err = inspect(blob, algorithm, r.Limits); err == nil {
			return digest(plain, own), nil
		}
	}
	if r.Depth != Shallow {
		return Fingerprint{}, err
	}
	bare := strings.TrimRight(text, "=")
	if len(bare) < shortestShallow || len(text)-len(bare) > 2 {
		return Fingerprint{}, errors.New("its second word does not look like base64")
	}
	if len(bare)%4 == 1 { // a single character over is less than a byte
		bare = bare[:len(bare)-1]
	}
	blob, err = base64.RawStdEncoding.DecodeString(bare)
	if err != nil {
		return Fingerprint{}, errors.New("its second word is not base64")
	}
	return md5.Sum(blob), nil // #nosec G401
}

// digest is the MD5 of a plain key's blob, put together from the algorithm and the key's own fields.
func digest(algorithm string, own []byte) Fingerprint {
	var room [512]byte
	blob := appendString(room[:0], []byte(algorithm))
	return md5.Sum(append(blob, own...)) // #nosec G401
}

// appendString appends an SSH string: its length in four bytes, and itself.
func appendString(to, s []byte) []byte {
	return append(binary.BigEndian.AppendUint32(to, uint32(len(s))), s...) // #nosec G115 -- lengths of keys
}

// appendNumber appends a positive number, given as big-endian bytes without leading zeros, as an SSH mpint.
func appendNumber(to, n []byte) []byte {
	if n[0]&0x80 != 0 {
		n = append([]byte{0}, n...)
	}
	return appendString(to, n)
}

// word splits off the first word of a line.
func word(line string) (first, rest string) {
	at := strings.IndexAny(line, " \t")
	if at < 0 {
		return line, ""
	}
	return line[:at], strings.TrimLeft(line[at:], " \t")
}

func control(r rune) bool { return r != '\t' && unicode.IsControl(r) }
