package selftest

import (
	"context"
	"fmt"
	"io"
	"math/bits"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/verdict"
	"github.com/kpspec/kpspec/suites"
)

var editions = []catalogue.Edition{catalogue.Edition202606, catalogue.Edition202011}

// onReference runs rules on a fresh embedded reference.
func onReference(t *testing.T, settings target.Config, cfg suites.Config) report.Report {
	t.Helper()
	g := NewWithT(t)
	embedded, err := target.New(settings, cfg.Edition)
	g.Expect(err).NotTo(HaveOccurred())
	cfg.Target = embedded
	cfg.Place, err = embedded.Start(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { g.Expect(embedded.Stop(context.WithoutCancel(t.Context()))).To(Succeed()) }()
	r, err := suites.Execute(t.Context(), cfg)
	g.Expect(err).NotTo(HaveOccurred())
	return r
}

func TestTheReferenceConformsInEveryEdition(t *testing.T) {
	for _, edition := range editions {
		t.Run(string(edition), func(t *testing.T) {
			g := NewWithT(t)
			r := onReference(t, target.Config{}, suites.Config{Edition: edition})
			for _, rule := range r.Rules {
				g.Expect(rule.Verdict).To(BeElementOf(verdict.Passed, verdict.Observed), rule.ID)
			}
			g.Expect(r.ExitCode).To(Equal(verdict.ExitConformant))
			g.Expect(r.CleanupErrors).To(BeEmpty())
		})
	}
}

// A choice that the documents leave open fails no MUST rule: each switch alone,
// all of them together, and where KPSPEC_EVERY asks for it every combination.
func TestTheReferenceConformsWithEverySwitch(t *testing.T) {
	switches := []func(*target.ReferenceConfig){
		func(c *target.ReferenceConfig) { c.Fingerprint = "plain" },
		func(c *target.ReferenceConfig) { c.KeyCheck = "shallow" },
		func(c *target.ReferenceConfig) { c.PrivateKey = "pkcs1" },
		func(c *target.ReferenceConfig) { c.AttachUnknown = "per-instance" },
		func(c *target.ReferenceConfig) { c.TokenScope = "account" },
	}
	all := 1<<len(switches) - 1
	for set := 1; set <= all; set++ {
		if bits.OnesCount(uint(set)) > 1 && set != all && os.Getenv("KPSPEC_EVERY") == "" {
			continue
		}
		var settings target.ReferenceConfig
		for i, turn := range switches {
			if set&(1<<i) != 0 {
				turn(&settings)
			}
		}
		t.Run(fmt.Sprintf("%+v", settings), func(t *testing.T) {
			g := NewWithT(t)
			r := onReference(t, target.Config{Reference: settings}, suites.Config{})
			g.Expect(r.ExitCode).To(Equal(verdict.ExitConformant))
			for _, rule := range r.Rules {
				g.Expect(rule.Verdict).NotTo(BeElementOf(verdict.Failed, verdict.CouldNotRun), rule.ID)
			}
		})
	}
}

func TestASelectionRunsItsRulesOnly(t *testing.T) {
	g := NewWithT(t)
	r := onReference(t, target.Config{}, suites.Config{Rules: []string{"ECS-IMP-NAME-LEN-*", "ECS-IMP-QUOTA"}})
	var ids []string
	for _, rule := range r.Rules {
		ids = append(ids, rule.ID)
	}
	g.Expect(ids).To(Equal([]string{
		"ECS-IMP-NAME-LEN-MIN", "ECS-IMP-NAME-LEN-MAX", "ECS-IMP-NAME-LEN-CHARS", "ECS-IMP-NAME-LEN-ASTRAL", "ECS-IMP-QUOTA",
	}))
}

func TestASelectionWithoutSpecsIsAnError(t *testing.T) {
	g := NewWithT(t)
	_, err := suites.Execute(t.Context(), suites.Config{
		Place: target.Place{ECS: "http://127.0.0.1", SWAS: "http://127.0.0.1", World: world.Default()},
		Rules: []string{"ECS-IMP-ERR-INTERNAL"},
	})
	g.Expect(err).To(MatchError(ContainSubstring("nothing would be tested")))
}

func TestQuotaRulesAreNotApplicableUnlessAskedFor(t *testing.T) {
	g := NewWithT(t)
	no := false
	r := onReference(t, target.Config{Quota: &no}, suites.Config{Rules: []string{"ECS-IMP-QUOTA*"}})
	g.Expect(r.Rules).NotTo(BeEmpty())
	for _, rule := range r.Rules {
		g.Expect(rule.Verdict).To(Equal(verdict.NotApplicable), rule.ID)
	}
	g.Expect(r.ExitCode).To(Equal(verdict.ExitIncomplete), "nothing was tested")
}

func TestAnEndedRunIsIncompleteAndLeavesNothing(t *testing.T) {
	g := NewWithT(t)
	embedded, err := target.New(target.Config{}, "")
	g.Expect(err).NotTo(HaveOccurred())
	place, err := embedded.Start(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { g.Expect(embedded.Stop(context.WithoutCancel(t.Context()))).To(Succeed()) }()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := suites.Execute(ctx, suites.Config{Target: embedded, Place: place})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(r.ExitCode).To(Equal(verdict.ExitIncomplete))
	for _, rule := range r.Rules {
		g.Expect(rule.Verdict).To(Equal(verdict.CouldNotRun), rule.ID)
	}
}

// Servers that implement nothing. None of them passes a single rule, although
// the preflight, which would stop the run, is left out here.
func TestNoRulePassesOnAServerThatImplementsNothing(t *testing.T) {
	constant := func(status int, contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	envelope := func(code string) string {
		return `{"RequestId":"473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E","HostId":"ecs","Code":"` + code + `","Message":"Specified Key Pair name is not valid.","Recommend":""}`
	}
	success := `{"RequestId":"473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E","KeyPairName":"testKeyPairName",` +
		`"KeyPairFingerPrint":"89:f0:ba:62:ac:b8:aa:e1:61:5e:fd:81:69:86:6d:6b","TotalCount":0,"KeyPairs":{"KeyPair":[]}}`
	for name, server := range map[string]http.HandlerFunc{
		"404 {}":              constant(404, "application/json", "{}"),
		"200 {}":              constant(200, "application/json", "{}"),
		"200 empty":           constant(200, "application/json", ""),
		"200 success example": constant(200, "application/json", success),
		"200 error envelope":  constant(200, "application/json", envelope("InvalidKeyPairName.Malformed")),
		"400 envelope":        constant(400, "application/json", envelope("InvalidKeyPairName.Malformed")),
		"403 envelope":        constant(403, "application/json", envelope("QuotaExceed.KeyPair")),
		"404 envelope":        constant(404, "application/json", envelope("InvalidRegionId.NotFound")),
		"500 envelope":        constant(500, "application/json", envelope("InternalError")),
		"HTML":                constant(200, "text/html", "<html><body>It works!</body></html>"),
		"truncated JSON":      constant(200, "application/json", success[:40]),
		"redirect":            http.RedirectHandler("/elsewhere", http.StatusFound).ServeHTTP,
		"echo": func(w http.ResponseWriter, r *http.Request) {
			_ = r.ParseForm()
			echoed := url.Values(r.Form)
			_, _ = io.WriteString(w, `{"RequestId":"1","KeyPairFingerPrint":"00","KeyPairName":"`+echoed.Get("KeyPairName")+`"}`)
		},
		"closed connection": func(w http.ResponseWriter, _ *http.Request) {
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				_ = conn.Close()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			served := httptest.NewServer(server)
			defer served.Close()
			r, err := suites.Execute(t.Context(), suites.Config{
				Place: target.Place{ECS: served.URL, SWAS: served.URL, World: world.Default(), Quota: true},
			})
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(r.Rules).NotTo(BeEmpty())
			for _, rule := range r.Rules {
				g.Expect(rule.Verdict).NotTo(Equal(verdict.Passed), rule.ID)
				for _, spec := range rule.Specs {
					g.Expect(spec.Verdict).NotTo(Equal(verdict.Passed), rule.ID+": "+spec.Text)
				}
			}
			g.Expect(r.ExitCode).NotTo(Equal(verdict.ExitConformant))
		})
	}
}

// Every rule has a spec, or an exclusion with a reason.
func TestEveryRuleIsCovered(t *testing.T) {
	g := NewWithT(t)
	rules, err := catalogue.Load()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(rules.Rules()).To(HaveLen(228))
	excluded := 0
	for _, rule := range rules.Rules() {
		if rule.Excluded != "" {
			excluded++
		}
	}
	g.Expect(excluded).To(BeNumerically("<=", 15))
	for _, edition := range editions {
		specs, err := suites.Coverage(edition)
		g.Expect(err).NotTo(HaveOccurred())
		for _, rule := range rules.Rules() {
			covered := specs[rule.ID] > 0
			g.Expect(covered).To(Equal(rule.Excluded == "" && rule.InEdition(edition)), rule.ID)
		}
	}
}
