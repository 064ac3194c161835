package report_test

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/verdict"
)

func TestMarkdownGolden(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"conformant", "mixed", "deviations", "interrupted"} {
		golden(t, name+".md", []byte(render(t, samples()[name], report.FormatMarkdown)))
	}
}

func TestMarkdownFitsIntoAStepSummary(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	const limit = 1 << 20
	huge := full(t, verdict.NotMet)
	for i := range huge.Rules {
		for j := range huge.Rules[i].Specs {
			huge.Rules[i].Specs[j].Failure = strings.Repeat("<pre>|", 10_000)
		}
	}
	for range 3000 {
		huge.CleanupErrors = append(huge.CleanupErrors, strings.Repeat("*<>", 3000))
		huge.ListFaults = append(huge.ListFaults, strings.Repeat("*<>", 3000))
		huge.NotCovered = append(huge.NotCovered, report.NotCovered{ID: "T", Level: "MUST", Reason: strings.Repeat("#", len(huge.NotCovered))})
	}
	text := render(t, huge, report.FormatMarkdown)
	g.Expect(len(text)).To(BeNumerically("<", limit))
	g.Expect(text).To(MatchRegexp(`and \d+ rules more; the report has them all`))
	g.Expect(strings.Count(text, "<details>")).To(Equal(strings.Count(text, "</details>")))
}

func TestMarkdownKeepsTextInItsPlace(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	text := render(t, hostile(), report.FormatMarkdown)
	for _, attack := range attacks[:4] {
		g.Expect(text).NotTo(ContainSubstring(attack))
	}
	g.Expect(text).NotTo(MatchRegexp(`(?i)<(script|img|/failure)`))
	tags := 0
	pre := false
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "<pre>") {
			pre = true
		}
		if !pre {
			g.Expect(line).NotTo(MatchRegexp(`@everyone|www\.|https://|\]\(|^# |^::`), "nothing is linked, mentioned or a heading")
			tags += strings.Count(line, "</details>")
		}
		if strings.Contains(line, "</pre>") {
			g.Expect(pre).To(BeTrue())
			pre = false
		}
	}
	g.Expect(pre).To(BeFalse())
	g.Expect(tags).To(Equal(strings.Count(text, "<details>")))
}
