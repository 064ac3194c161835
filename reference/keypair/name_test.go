package keypair

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	. "github.com/onsi/gomega"
)

// testNames is a rule of the kind products use.
var testNames = NameRule{
	Min: 2, Max: 128,
	First:             Class{Tables: []*unicode.RangeTable{unicode.L}},
	Inside:            Class{Tables: []*unicode.RangeTable{unicode.L, unicode.Nd}, Extra: ":_.-"},
	ForbiddenPrefixes: []string{"http://", "https://"},
}

func TestNameRule(t *testing.T) {
	t.Parallel()
	good := []string{
		"ab", "Ab", "ZZ", "a0123456789", "a:b", "a:", "a_", "a-", "a.", "密钥", "密a", "éa", "Жa", "あa", "a٣",
		"http", "http:", "http:-a", "https", "httpx",
		strings.Repeat("a", 128), strings.Repeat("密", 128), "a" + strings.Repeat("\U00020000", 127),
	}
	for _, name := range good {
		NewWithT(t).Expect(testNames.Check(name)).To(Succeed(), "%q", name)
	}
	bad := []string{
		"", "a", "密", "1ab", "٣ab", ":ab", "_ab", "-ab", ".ab", "http://ab", "https://ab", "HTTP://ab", "a½", "aⅣ",
		"a b", "ab ", " ab", "a\tb", "a\nb", "ab\n", "a\x00b", "a/b", "a\\b", "a*", "a：b", "a＿b", "a．b", "a–b", "a\U0001F600",
		"a\u200bb", "e\u0301a", "a\xff", "\xffab", "a\xed\xa0\x80", strings.Repeat("a", 129), strings.Repeat("密", 129),
	}
	for _, name := range bad {
		NewWithT(t).Expect(testNames.Check(name)).To(MatchError(ErrName), "%q", name)
	}
}

// The prefixes are a datum of their own, though no usual class has a slash.
func TestNameRuleForbiddenPrefix(t *testing.T) {
	t.Parallel()
	rule := testNames
	rule.Inside.Extra += "/"
	NewWithT(t).Expect(rule.Check("http://ab")).To(MatchError(ErrName))
	NewWithT(t).Expect(rule.Check("ahttp://ab")).To(Succeed())
}

func FuzzNameRule(f *testing.F) {
	for _, seed := range []string{"", "ab", "密钥", "http://a", "a\xff", "e\u0301"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if testNames.Check(name) != nil {
			return
		}
		count := utf8.RuneCountInString(name)
		if !utf8.ValidString(name) || count < 2 || count > 128 || strings.ContainsAny(name, " /\x00*") {
			t.Errorf("%q was taken", name)
		}
	})
}
