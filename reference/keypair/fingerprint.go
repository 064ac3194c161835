package keypair

import (
	"crypto/md5" // #nosec G501 -- the fingerprint of RFC 4716 is MD5
	"encoding/hex"
	"slices"
	"strings"
)

// Fingerprint is the MD5 digest of a public key's SSH wire blob, as section 4 of RFC 4716 defines it.
type Fingerprint [md5.Size]byte

// Hex gives the 32 lower-case hexadecimal digits without anything between them.
func (f Fingerprint) Hex() string { return hex.EncodeToString(f[:]) }

// Colons gives the print form of RFC 4716: 16 lower-case octets joined by colons.
func (f Fingerprint) Colons() string {
	text := make([]byte, 0, len("00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:"))
	for i := range f {
		text = append(hex.AppendEncode(text, f[i:i+1]), ':')
	}
	return string(text[:len(text)-1])
}

// ParseFingerprint reads either print form, in either case; ok is false for any other text.
func ParseFingerprint(text string) (f Fingerprint, ok bool) {
	text = strings.ToLower(text)
	octets, _ := hex.DecodeString(strings.ReplaceAll(text, ":", "")) // what is no fingerprint is none of the forms below
	copy(f[:], octets)
	return f, slices.Contains([]string{f.Hex(), f.Colons()}, text)
}
