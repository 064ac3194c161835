package report_test

import (
	"bytes"
	"encoding/json"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/verdict"
)

// seen is allMet with facts about T-SEEN.
func seen(facts ...report.Observation) []report.SpecResult {
	results := allMet()
	results[6].Observations = facts
	return results
}

func TestCompareGolden(t *testing.T) {
	t.Parallel()
	before := report.Build(input(seen(
		report.Observation{Name: "accepts ALIYUN", Value: true},
		report.Observation{Name: "fingerprint form", Value: "colons"},
		report.Observation{Name: "order of checks", Value: []string{"name", "key"}},
		report.Observation{Name: "most tags", Value: 20},
	)...))
	changed := seen(
		report.Observation{Name: "accepts ALIYUN", Value: false},
		report.Observation{Name: "refuses ALIYUN with", Value: "400 InvalidTagKey.Malformed"},
		report.Observation{Name: "fingerprint form", Value: "colons"},
		report.Observation{Name: "order of checks", Value: []string{"key", "name"}},
		report.Observation{Name: "most tags", Value: 20},
	)
	changed[0] = mixed()[0]
	changed[1].Outcome, changed[1].Failure = verdict.NotApplicableHere, "the target has no name"
	after := input(changed...)
	after.Started = after.Started.AddDate(0, 0, 1)
	older := input(append(allMet()[:5], met("T-RAM-1", "refuses"), met("T-RAM-2", "serves"))...)
	older.Edition, older.Strict, older.Specs = catalogue.Edition202011, true, nil

	tests := map[string][2]report.Report{
		"worse":   {before, report.Build(after)},
		"better":  {report.Build(after), before},
		"same":    {before, before},
		"known":   {report.Build(input(mixed()...)), report.Build(listed())},
		"edition": {before, report.Build(older)},
		"nothing": {before, interrupted()},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			made := report.Compare(tt[0], tt[1])
			var text, file bytes.Buffer
			g.Expect(made.Summary(&text, false)).To(Succeed())
			golden(t, "compare-"+name+".txt", text.Bytes())
			enc := json.NewEncoder(&file)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			g.Expect(enc.Encode(made)).To(Succeed())
			golden(t, "compare-"+name+".json", file.Bytes())
		})
	}
}

// A report that was written and read again compares like the one in memory.
func TestCompareReadsWhatWasWritten(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	r := report.Build(input(seen(report.Observation{Name: "most tags", Value: 20}, report.Observation{Name: "order", Value: []string{"a", "b"}})...))
	var file bytes.Buffer
	g.Expect(r.Write(&file)).To(Succeed())
	back, err := report.Read(&file)
	g.Expect(err).NotTo(HaveOccurred())
	made := report.Compare(r, back)
	g.Expect(made.Worse).To(BeEmpty())
	g.Expect(made.Observed).To(BeEmpty())
	g.Expect(made.EqualFacts).To(Equal(3))
	g.Expect(made.Unchanged).To(Equal(len(r.Rules)))
}

func TestCompareOutputThatBreaks(t *testing.T) {
	t.Parallel()
	NewWithT(t).Expect(report.Comparison{}.Summary(brokenPipe{}, false)).To(MatchError("write comparison: broken pipe"))
}
