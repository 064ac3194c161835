package report_test

import (
	"regexp"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/verdict"
)

func TestPageSaysWhatTheReportSays(t *testing.T) {
	t.Parallel()
	for name, r := range samples() {
		if name == "hostile" {
			continue
		}
		g := NewWithT(t)
		page := render(t, r, report.FormatHTML)
		g.Expect(page).To(ContainSubstring("<h1>%s</h1>", strings.ReplaceAll(string(r.Verdict), "-", " ")), name)
		g.Expect(strings.Count(page, `<details class="rule `)).To(Equal(len(r.Rules)), name)
		for _, rule := range r.Rules {
			g.Expect(page).To(ContainSubstring(`<details class="rule %s" id="%s"`, rule.Verdict, rule.ID), name)
		}
		for _, n := range r.NotCovered {
			g.Expect(page).To(ContainSubstring(n.Reason), name)
		}
		g.Expect(strings.Count(page, `" aria-hidden="true"></i>`)).To(BeNumerically(">=", len(r.Rules)), "%s: a square for each rule", name)
	}
}

func TestPageShowsTheEvidence(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	page := render(t, full(t, verdict.NotMet), report.FormatHTML)
	g.Expect(page).To(ContainSubstring(`<tr><th scope="row">status</th><td data-label="Expected">400</td><td data-label="Got" class="got">200</td></tr>`))
	g.Expect(page).To(ContainSubstring("suites/ecs/importkeypair_name.go:73"))
	g.Expect(page).To(ContainSubstring("<th scope=\"row\">RegionId</th><td>cn-hangzhou</td>"))
	g.Expect(page).To(ContainSubstring("exchanges left out to keep this page small; report.json has them all"))
	g.Expect(render(t, report.Build(listed()), report.FormatHTML)).To(ContainSubstring("Known deviation until 2026-12-31: It is wanted for T-NAME-MIN."))
}

func TestPageIsSmall(t *testing.T) {
	t.Parallel()
	const limit = 1_500_000
	for name, outcome := range map[string]verdict.Outcome{"all met": verdict.Met, "none met": verdict.NotMet, "none could run": verdict.Undone} {
		size := len(render(t, full(t, outcome), report.FormatHTML))
		t.Logf("%s: %d bytes", name, size)
		NewWithT(t).Expect(size).To(BeNumerically("<", limit), name)
	}
}

// TestPageKeepsTextInItsPlace looks for tags and attributes that only an attack can
// have made, and for anything that would be fetched.
func TestPageKeepsTextInItsPlace(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	page := render(t, hostile(), report.FormatHTML)
	g.Expect(strings.Count(page, "<script")).To(Equal(1))
	g.Expect(strings.Count(page, "<style")).To(Equal(1))
	g.Expect(page).NotTo(MatchRegexp(`(?i)<(img|iframe|object|embed|base|video|audio|link rel="stylesheet)|<[^>]*\s(on[a-z]+|style)=`))
	for _, address := range regexp.MustCompile(`(?:src|href|action|srcset)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		g.Expect(address[1]).To(Or(HavePrefix("#"), Equal("data:,")))
	}
	g.Expect(page).To(ContainSubstring("default-src &#39;none&#39;"))
	g.Expect(page).NotTo(ContainSubstring("\x00"))
	g.Expect(page).NotTo(ContainSubstring("\u202e"))
}

// The matrix has a column for each subject; the words of the ids say which.
func TestEveryRuleHasASubject(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	known, err := catalogue.Load()
	g.Expect(err).NotTo(HaveOccurred())
	for _, rule := range known.Rules() {
		g.Expect(report.GroupOf(rule.ID)).NotTo(Equal("Other"), rule.ID)
	}
	g.Expect(report.GroupOf("T-1")).To(Equal("Other"))
}
