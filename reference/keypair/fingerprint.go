package keypair

import (
	"crypto/md5" // #nosec G501 -- the fingerprint of RFC 4716 is MD5
	"encoding/hex"
	"strings"
)

// Fingerprint is the MD5 digest of a public key's SSH wire blob, as section 4 of RFC 4716 defines it.
type Fingerprint [md5.Size]byte

// Hex gives the 32 lower-case hexadecimal digits without anything between them.
func (f Fingerprint) Hex() string { return hex.EncodeToString(f[:]) }

// Colons gives the print form of RFC 4716: 16 lower-case octets joined by colons.
func (f Fingerprint) Colons() string {
	const digits = "0123456789abcdef"
	out := make([]byte, 0, 3*len(f))
	for _, b := range f {
		out = append(out, digits[b>>4], digits[b&15], ':')
	}
	return string(out[:len(out)-1])
}

// ParseFingerprint reads either print form, in either case; ok is false for any other text.
func ParseFingerprint(text string) (f Fingerprint, ok bool) {
	if len(text) == 3*len(f)-1 {
		for i := 2; i < len(text); i += 3 {
			if text[i] != ':' {
				return f, false
			}
		}
		text = strings.ReplaceAll(text, ":", "")
	}
	if len(text) != 2*len(f) {
		return f, false
	}
	_, err := hex.Decode(f[:], []byte(text))
	return f, err == nil
}
