package keypair

import (
	"strings"
	"testing"
)

// What is taken for a fingerprint is one of its two forms, in any letter case.
func FuzzParseFingerprint(f *testing.F) {
	for _, text := range []string{"", "00112233445566778899aabbccddeeff", "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF", strings.Repeat(":", 47), "密"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		fingerprint, ok := ParseFingerprint(text)
		if lower := strings.ToLower(text); ok && lower != fingerprint.Hex() && lower != fingerprint.Colons() {
			t.Errorf("%q is taken for %s", text, fingerprint.Colons())
		}
		for _, form := range []string{fingerprint.Hex(), fingerprint.Colons()} {
			if again, ok := ParseFingerprint(form); !ok || again != fingerprint {
				t.Errorf("%s is not read as it was written", form)
			}
		}
	})
}
