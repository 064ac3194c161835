package report

import (
	"bytes"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/evidence"
	"github.com/kpspec/kpspec/harness/verdict"
)

func explained(t *testing.T, s Spec) string {
	t.Helper()
	var out bytes.Buffer
	if err := Explain(&out, Rule{ID: "R", Operation: "ImportKeyPair", Verdict: verdict.Failed, Specs: []Spec{s}}, "kpspec replay r.json R", false); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// Where it can be told what differs, that stands there, and not the sentence.
func TestDifferencesAreATable(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := Spec{Text: "a spec", Location: "suites/x.go:1", Verdict: verdict.Failed, Failure: "a long sentence", Mismatches: []Mismatch{
		{"status", "400", "200"}, {"Code", "InvalidKeyPairName.Malformed", "nothing"}, {"Tags[\"密\"]", "a", "b\x1b[2J"},
	}}
	g.Expect(explained(t, s)).To(Equal(strings.Join([]string{
		"  failed", "",
		"  spec     a spec",
		"           suites/x.go:1",
		"  differs              expected                      got",
		"           status      400                           200",
		"           Code        InvalidKeyPairName.Malformed  nothing",
		"           Tags[\"密\"]  a                             b?[2J",
		"",
	}, "\n")))

	s.Mismatches = []Mismatch{{"Message", strings.Repeat("x", 80), strings.Repeat("y", 80)}, {"Code", "A", "B"}}
	g.Expect(explained(t, s)).To(ContainSubstring(strings.Join([]string{
		"  differs  Message  expected  " + strings.Repeat("x", 80),
		"                    got       " + strings.Repeat("y", 80),
		"           Code     expected  A",
		"                    got       B",
	}, "\n")))

	s.Mismatches = nil
	for range 15 {
		s.Mismatches = append(s.Mismatches, Mismatch{"a", "b", "c"})
	}
	g.Expect(explained(t, s)).To(ContainSubstring("and 3 more: see the report"))

	s.Mismatches = nil
	s.Exchanges = []evidence.Exchange{{Action: "ImportKeyPair", Request: evidence.Message{Line: "POST / HTTP/1.1"}}}
	g.Expect(explained(t, s)).To(ContainSubstring("  failure  a long sentence\n"))
	g.Expect(explained(t, s)).To(HaveSuffix("  again    kpspec replay r.json R\n"))
}
