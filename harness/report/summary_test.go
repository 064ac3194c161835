package report_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/evidence"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/verdict"
)

func summary(t *testing.T, r report.Report, v report.View) string {
	t.Helper()
	var b strings.Builder
	if err := report.Summary(&b, r, v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// ruined is a run in which everything went wrong, each spec in its own way.
func ruined(n int) report.Report {
	in := input()
	in.Specs = map[string]int{}
	var many book
	for i := range n {
		for _, level := range []catalogue.Level{catalogue.Must, catalogue.Should} {
			for _, outcome := range []verdict.Outcome{verdict.NotMet, verdict.Undone} {
				id := fmt.Sprintf("T-%s-%s-%02d", strings.ToUpper(string(outcome)), level, i)
				many = append(many, catalogue.Rule{ID: id, Level: level, Statement: "One of many."})
				r := met(id, "spec of "+id)
				r.Outcome, r.Failure = outcome, strings.Repeat("wrong ", i+1)+"in the way of a very long text that no screen has room for in one line"
				in.Results = append(in.Results, r)
				in.Specs[id] = 1
			}
		}
		in.CleanupErrors = append(in.CleanupErrors, fmt.Sprintf("pair %d stays", i))
	}
	in.Catalogue = many
	return report.Build(in)
}

// lastScreen is the end of a summary: what stands behind the last heading.
func lastScreen(t *testing.T, text string) []string {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		if strings.HasPrefix(lines[i], "target   ") {
			return lines[i:]
		}
	}
	t.Fatalf("no screen in %s", text)
	return nil
}

func TestTheEndOfASummaryFitsOnAScreen(t *testing.T) {
	t.Parallel()
	for _, size := range [][2]int{{80, 24}, {40, 24}, {120, 50}} {
		for _, n := range []int{1, 3, 60} {
			t.Run(fmt.Sprintf("%dx%d with %d", size[0], size[1], n), func(t *testing.T) {
				t.Parallel()
				g := NewWithT(t)
				view := report.View{Columns: size[0], Lines: size[1], File: "report.json"}
				lines := lastScreen(t, summary(t, ruined(n), view))
				g.Expect(len(lines)).To(BeNumerically("<", size[1]), strings.Join(lines, "\n"))
				for _, line := range lines {
					g.Expect(len(line)).To(BeNumerically("<=", size[0]), line)
				}
				text := strings.Join(lines, "\n")
				g.Expect(text).To(And(ContainSubstring("NOT CONFORMANT: "), ContainSubstring("rules "), MatchRegexp(`(?m)^failed  `),
					MatchRegexp(`(?m)^not run  `), MatchRegexp(`(?m)^left  `), ContainSubstring("T-NOT-MET-MUST-00")))
				if n == 60 {
					g.Expect(text).To(MatchRegexp(`and \d+ more: see report.json`))
				}
			})
		}
	}
}

// What fails for one cause is shown in full once.
func TestFailuresAreGroupedByCause(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	text := summary(t, report.Build(manyFailures()), report.View{})
	g.Expect(strings.Count(text, "  request  ")).To(Equal(1))
	g.Expect(text).To(And(ContainSubstring("  alike    T-MANY-01: spec 01\n"), ContainSubstring("and 9 more"), ContainSubstring("failed   14 specs: ")))

	all := summary(t, report.Build(manyFailures()), report.View{Verbose: true})
	g.Expect(strings.Count(all, "  request  ")).To(Equal(14))
	g.Expect(all).NotTo(ContainSubstring(": see the report"))
}

// Names that are made for a run do not make two causes of one; another answer does.
func TestCausesAreToldApartByWhatDiffers(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	in := manyFailures()
	for i := range in.Results {
		in.Results[i].Mismatches = []report.Mismatch{{Path: "status", Expected: "400", Got: "200"}}
		in.Results[i].Failure = fmt.Sprintf("text %d", i)
	}
	in.Results[3].Mismatches[0].Got = "500"
	text := summary(t, report.Build(in), report.View{})
	g.Expect(text).To(And(ContainSubstring("failed   13 specs: status: expected 400, got 200\n"), ContainSubstring("1 spec: status: expected 400, got 500\n")))
}

func TestQuietSaysWhatFailedAndNoMore(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	g.Expect(summary(t, report.Build(input(mixed()...)), report.View{Quiet: true})).To(Equal(
		"T-NAME-MIN\nT-ERR-NAME\nNOT CONFORMANT: 2 of 5 rules failed, 1 could not run, 1 warned\n"))
	g.Expect(summary(t, report.Build(input(allMet()...)), report.View{Quiet: true})).To(Equal("CONFORMANT: none of 5 rules failed\n"))
}

func TestVerboseShowsEveryRuleAndEveryExchange(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	r := report.Build(input(mixed()...))
	text := summary(t, r, report.View{Verbose: true})
	for _, rule := range r.Rules {
		g.Expect(text).To(MatchRegexp(`(?m)^  %s +\d+\.\dms  %s  \d specs?$`, rule.Verdict, rule.ID))
	}
	g.Expect(text).To(And(ContainSubstring("(1 of 2)"), ContainSubstring("(2 of 2)"), ContainSubstring("connection reset by peer")))
}

// Nothing that a target, or whoever wrote a report, puts into a text reaches the
// terminal as a command to it.
func TestWireTextIsHarmless(t *testing.T) {
	t.Parallel()
	const evil = "a\x1b]0;owned\x07\x1b[2J\x9b2J\u009b2J\u202eb\r\x00\x7f\x08"
	message := evidence.Message{Line: evil, Header: [][2]string{{evil, evil}}, Params: []evidence.Param{{Name: evil, Value: evil}}, Body: evil + "\n" + evil}
	r := report.Build(input(mixed()...))
	r.Target, r.Tool.Version, r.TargetLog, r.Edition = report.Target{Kind: "endpoint", Name: evil}, evil, evil, catalogue.Edition(evil)
	r.CleanupErrors, r.ListFaults = []string{evil}, []string{evil}
	r.NotCovered[0].ID, r.NotCovered[0].Reason = evil, evil
	for i := range r.Rules {
		rule := &r.Rules[i]
		rule.ID, rule.Statement, rule.Operation, rule.Reason = rule.ID+evil, evil, evil, evil
		rule.Documents = []report.Document{{ID: evil, Title: evil}}
		rule.Deviation = &verdict.Listed{Kind: verdict.Known, Reason: evil, Link: evil, Expires: evil}
		for j := range rule.Specs {
			s := &rule.Specs[j]
			s.Text, s.Clause, s.Failure, s.Location = evil, evil, evil, evil
			if j == 1 {
				s.Mismatches = []report.Mismatch{{Path: evil, Expected: evil, Got: evil}}
			}
			s.Exchanges = []evidence.Exchange{{Request: message, Response: &message}, {Request: message, Error: evil}}
		}
	}
	for _, view := range []report.View{{File: evil}, {Verbose: true}, {Quiet: true}, {Color: true}, {Color: true, Columns: 40, Verbose: true}} {
		text := summary(t, r, view)
		for _, code := range []string{"1", "1;31", "1;32", "32", "33", "0"} {
			text = strings.ReplaceAll(text, "\x1b["+code+"m", "")
		}
		for i, c := range text {
			if c != '\n' && (unicode.IsControl(c) || unicode.Is(unicode.Cf, c) || c == unicode.ReplacementChar) {
				t.Fatalf("%+v: %q in %q", view, c, text[max(0, i-60):i+1])
			}
		}
	}
}

// A Chinese character takes two columns.
func TestWideCharactersAreCutInTime(t *testing.T) {
	t.Parallel()
	in := manyFailures()
	in.Results[0].Failure = strings.Repeat("鍵", 60)
	lines := lastScreen(t, summary(t, report.Build(in), report.View{Columns: 80}))
	i := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, "鍵") })
	NewWithT(t).Expect(strings.Count(lines[i], "鍵")).To(And(BeNumerically(">", 20), BeNumerically("<", 34)))
}
