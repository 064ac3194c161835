package report_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/evidence"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/verdict"
)

// samples are reports of every kind that there is.
func samples() map[string]report.Report {
	strict := input(mixed()...)
	strict.Strict = true
	one := input(mixed()...)
	one.Selected = []string{"T-NAME-MIN", "T-RAM-1"}
	absent := allMet()
	absent[0].Outcome, absent[0].Failure = verdict.NotApplicableHere, "the world has no second account"
	return map[string]report.Report{
		"conformant":  report.Build(input(allMet()...)),
		"mixed":       report.Build(input(mixed()...)),
		"strict":      report.Build(strict),
		"selected":    report.Build(one),
		"many":        report.Build(manyFailures()),
		"absent":      report.Build(input(absent...)),
		"interrupted": interrupted(),
		"cut short":   report.Build(input(allMet()...)).Interrupted(),
		"deviations":  report.Build(listed()),
		"outdated":    report.Build(outdated()),
		"nothing":     report.Build(report.Input{Catalogue: book{}, Version: "dev"}),
		"hostile":     hostile(),
	}
}

// attacks are texts that try to leave the place that they are put into, the first four
// by what HTML, XML or the runner of a job reads.
var attacks = []string{
	"</pre></details><script>alert(1)</script>",
	`"><img src=https://evil.example/x onerror=alert(1)>`,
	"]]></failure><failure>",
	"\n::error::taken over",
	"```\n# heading\n[link](https://evil.example)",
	"| cell | @everyone #1 www.evil.example",
	"\x1b[31m\x00\u202e\ufffe",
	"%0A::warning::x",
	"{{.Target}}%!s(MISSING)%d",
}

// hostile is a report in which every text that comes from a target, a list or a file
// is an attack.
func hostile() report.Report {
	evil := strings.Join(attacks, " ")
	bad := evidence.Message{Line: evil, Header: [][2]string{{evil, evil}}, Params: []evidence.Param{{Name: evil, Value: evil, In: "query"}}, Body: evil}
	in := input(mixed()...)
	in.Target = report.Target{Kind: "endpoint", Name: evil}
	in.CleanupErrors = []string{evil}
	in.Cause = evil
	for i := range in.Results {
		r := &in.Results[i]
		r.Text += evil
		r.Location = evil
		if r.Outcome != verdict.Met {
			r.Failure = evil
			r.Mismatches = []report.Mismatch{{Path: evil, Expected: evil, Got: evil}}
		}
		r.Exchanges = []evidence.Exchange{{Seq: 1, Action: evil, Request: bad, Response: &bad, Error: evil}}
	}
	in.Results[4].Observations = []report.Observation{{Name: evil, Value: evil}, {Name: "list", Value: []string{evil}}}
	in.Specs = map[string]int{"T-NAME-MIN": 2, "T-NAME-MAX": 1, "T-ERR-NAME": 3, "T-TAG-CODE": 1, "T-SEEN": 1}
	in.Deviations = verdict.List{Flaky: []verdict.Entry{{Rule: "T-NAME-MAX", Reason: evil, Link: evil, Expires: "2026-12-31"}}}
	r := report.Build(in)
	r.Limits = &report.Limits{Requests: 100, Reserve: 20, PerSecond: 2.5, Sent: 99}
	r.Weather = &report.Weather{Requests: map[string]int{evil: 1}, WaitedMS: 100}
	r.TargetLog = evil
	return r
}

// full is a report on the whole catalogue with as many specs as a real run has, all
// with the same outcome, and with evidence as rich as real evidence.
func full(t testing.TB, outcome verdict.Outcome) report.Report {
	t.Helper()
	known, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	in := report.Input{
		Catalogue: known, Edition: catalogue.Edition202606, Version: "v0.1.0",
		Target:  report.Target{Kind: "endpoint", Name: "https://keys.example"},
		Started: time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC), Duration: 3 * time.Second, Specs: map[string]int{},
	}
	for _, rule := range known.Rules() {
		if rule.Excluded != "" || !rule.InEdition(in.Edition) {
			continue
		}
		const specs = 4 // 226 times; a real run has about 780
		in.Specs[rule.ID] = specs
		for i := range specs {
			s := report.SpecResult{
				Rule: rule.ID, Outcome: outcome, DurationMS: 1.25, Location: "suites/ecs/importkeypair_name.go:73",
				Text: fmt.Sprintf("%s %s of some length refuses %d characters and changes nothing", rule.Product, rule.Operation, i),
			}
			if outcome != verdict.Met {
				s.Failure = "expected it to get a refusal with status 400 and code InvalidKeyPairName.Malformed: it was accepted with 200"
				s.Mismatches = []report.Mismatch{{Path: "status", Expected: "400", Got: "200"}, {Path: "Code", Expected: "InvalidKeyPairName.Malformed", Got: "nothing"}}
				for n := range 4 {
					s.Exchanges = append(s.Exchanges, richExchange(rule.Operation, n+1))
				}
			}
			if rule.LevelIn(in.Edition) == catalogue.Observe && outcome == verdict.Met {
				s.Outcome, s.Observations = verdict.Noted, []report.Observation{{Name: fmt.Sprintf("accepts %d characters", i), Value: true}}
			}
			in.Results = append(in.Results, s)
		}
	}
	return report.Build(in)
}

func richExchange(action string, seq int) evidence.Exchange {
	var header [][2]string
	for i := range 10 {
		header = append(header, [2]string{fmt.Sprintf("X-Acs-Header-%d", i), "HTTP-Date or a signature, [hidden]"})
	}
	return evidence.Exchange{
		Seq: seq, Action: action, Started: time.Date(2026, 7, 1, 12, 0, seq, 0, time.UTC), Duration: 1234 * time.Microsecond,
		Request: evidence.Message{Line: "POST / HTTP/1.1", Header: header, Params: []evidence.Param{
			{Name: "RegionId", Value: "cn-hangzhou", In: "query"}, {Name: "KeyPairName", Value: strings.Repeat("kpspec", 21), In: "query"},
			{Name: "PublicKeyBody", Value: "ssh-rsa " + strings.Repeat("AAAAB3NzaC1yc2E", 25), In: "body"}}},
		Response: &evidence.Message{Line: "HTTP/1.1 200 OK", Header: header[:4],
			Body: `{"RequestId":"473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E","KeyPairName":"kpspec","KeyPairFingerPrint":"89:f0:ba:62:ac:b8:aa:e1:61:5e:fd:81:69:86:6d:6b"}`},
	}
}

// render writes a report in a format.
func render(t testing.TB, r report.Report, f report.Format) string {
	t.Helper()
	var out bytes.Buffer
	if err := report.Render(&out, r, f); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// need gives the path of the first of some programs that is installed. Without one the
// test is skipped, but never in CI.
func need(t testing.TB, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	message := "not installed: " + strings.Join(names, " or ")
	if os.Getenv("CI") == "true" {
		t.Fatal(message)
	}
	t.Skip(message)
	return ""
}

func TestFormats(t *testing.T) {
	t.Parallel()

	t.Run("are all known by name", func(t *testing.T) {
		t.Parallel()
		g := NewWithT(t)
		g.Expect(report.Formats()).To(Equal([]report.Format{"badge", "badge-json", "github", "html", "junit", "markdown", "summary"}))
		g.Expect(report.Render(&bytes.Buffer{}, report.Report{}, "pdf")).To(MatchError(`unknown format "pdf"`))
	})

	t.Run("are made from report.json alone", func(t *testing.T) {
		t.Parallel()
		g := NewWithT(t)
		for name, r := range samples() {
			if name == "hostile" {
				continue // what is no UTF-8 is not the same after it was written
			}
			var file bytes.Buffer
			g.Expect(r.Write(&file)).To(Succeed())
			back, err := report.Read(&file)
			g.Expect(err).NotTo(HaveOccurred())
			for _, f := range report.Formats() {
				g.Expect(render(t, back, f)).To(Equal(render(t, r, f)), "%s of %s", f, name)
			}
		}
	})

	t.Run("say when they cannot be written", func(t *testing.T) {
		t.Parallel()
		g := NewWithT(t)
		for _, f := range report.Formats() {
			r := report.Build(input(mixed()...))
			g.Expect(report.Render(brokenPipe{}, r, f)).To(MatchError(And(HavePrefix("write "+string(f)), ContainSubstring("broken pipe"))))
		}
	})
}
