package plain

import (
	"testing"

	. "github.com/onsi/gomega"
)

func TestTextMovesNothing(t *testing.T) {
	g := NewWithT(t)
	for s, shown := range map[string]string{
		"plain":                         "plain",
		"键 pair\u3000é":                 "键 pair\u3000é",
		"\x1b[31mred\x7f\u009b":         "?[31mred??",
		"a\nb\rc\td":                    "a?b?c?d",
		"\u202eturned\u2066":            "?turned?",
		"soft\u00adzero\u200bbom\ufeff": "soft?zero?bom?",
		"line\u2028and\u2029paragraph":  "line?and?paragraph",
		"not\xffUTF-8":                  "not?UTF-8",
	} {
		g.Expect(Text(s)).To(Equal(shown), "%q", s)
	}
}

func TestLineHasAllLines(t *testing.T) {
	g := NewWithT(t)
	g.Expect(Line("one\r\n\n  two\nthree\n")).To(Equal("one; two; three"))
	g.Expect(Line("")).To(BeEmpty())
}
