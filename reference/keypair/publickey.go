package keypair

import (
	"crypto/md5" // #nosec G501 -- the fingerprint of RFC 4716 is MD5
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
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

// LongestBody is the greatest length of a public key's text in bytes, which no edition states. An RSA key of 16384 bits has
// about 2800.
const LongestBody = 16 << 10

// likeBase64 is what depth [Shallow] takes for a key: fewer than 16 characters cannot hold even the algorithm's name.
var likeBase64 = regexp.MustCompile(`^[A-Za-z0-9+/]{16,}={0,2}$`)

// Limits are the sizes of RSA keys in bits that depth [Strict] takes. The documents name none. DSA keys of SSH have one size
// only.
type Limits struct{ RSAMin, RSAMax int }

// UsualLimits are the sizes that ssh-keygen makes, and RSA down to 1024 bits, which older versions of it made.
var UsualLimits = Limits{RSAMin: 1024, RSAMax: 16384}

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
// At depth [Shallow] a body that holds no complete key has the MD5 of its second word.
//
// Every error wraps [ErrKey] and repeats nothing of the body.
func (r KeyRule) Parse(body string) (PublicKey, error) {
	if len(body) > LongestBody {
		return PublicKey{}, fmt.Errorf("%w: its text has %d bytes, allowed are %d", ErrKey, len(body), LongestBody)
	}
	line := strings.Trim(body, " \t\r\n")
	switch {
	case !utf8.ValidString(line), strings.ContainsFunc(line, control):
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
	return PublicKey{Line: strings.TrimSpace(algorithm + " " + text + " " + comment), Fingerprint: fingerprint}, nil
}

// fingerprint checks the base64 part to the depth of the rule.
func (r KeyRule) fingerprint(algorithm, text string) (Fingerprint, error) {
	blob, err := strict.DecodeString(text)
	if err != nil {
		err = errors.New("its second word is not base64")
	} else if blob, err = inspect(blob, algorithm, r.Limits); err == nil {
		return md5.Sum(blob), nil // #nosec G401
	}
	switch {
	case r.Depth == Strict:
		return Fingerprint{}, err
	case !likeBase64.MatchString(text):
		return Fingerprint{}, errors.New("its second word does not look like base64")
	}
	return md5.Sum([]byte(text)), nil // #nosec G401
}

// strict is base64 as OpenSSH wants it: with padding, and nothing in the bits that the padding leaves over.
var strict = base64.StdEncoding.Strict()

// word splits off the first word of a line, which begins with one.
func word(line string) (first, rest string) {
	end := strings.IndexAny(line, blank)
	if end < 0 {
		return line, ""
	}
	return line[:end], strings.TrimLeft(line[end:], blank)
}

// blank is what stands between words.
const blank = " \t"

func control(r rune) bool {
	if r == '\t' {
		return false
	}
	return unicode.IsControl(r)
}
