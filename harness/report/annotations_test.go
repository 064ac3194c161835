package report_test

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/verdict"
)

func TestAnnotationsGolden(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"mixed", "many", "interrupted", "outdated"} {
		golden(t, name+".github", []byte(render(t, samples()[name], report.FormatGitHub)))
	}
	g := NewWithT(t)
	g.Expect(render(t, samples()["conformant"], report.FormatGitHub)).To(BeEmpty())
	g.Expect(render(t, samples()["cut short"], report.FormatGitHub)).To(Equal("::warning title=incomplete::the run was cut short\n"))
}

func TestAnnotationsAreNoMoreThanGitHubShows(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	r := full(t, verdict.NotMet)
	failed, warned := 0, 0
	for _, rule := range r.Rules {
		for _, s := range rule.Specs {
			switch s.Verdict {
			case verdict.Failed:
				failed++
			case verdict.Warned:
				warned++
			}
		}
	}
	lines := strings.Split(strings.TrimSuffix(render(t, r, report.FormatGitHub), "\n"), "\n")
	g.Expect(lines).To(HaveLen(20))
	g.Expect(lines[9]).To(HavePrefix("::error title=%d more::and %d more errors", failed-9, failed-9))
	g.Expect(lines[19]).To(HavePrefix("::warning title=%d more::and %d more warnings", warned-9, warned-9))
}

func TestAnnotationsAreOneCommandEach(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	r := hostile()
	r.Rules[0].ID = "T,file=/etc/passwd::x\n::error::y"
	for line := range strings.Lines(render(t, r, report.FormatGitHub)) {
		g.Expect(line).To(MatchRegexp(`^::(error|warning) title=[^:,\r\n]*::[^\r\n]*\n$`))
		g.Expect(line).NotTo(ContainSubstring("%0A::warning::x"), "a percent sign that was there before is escaped")
	}
}
