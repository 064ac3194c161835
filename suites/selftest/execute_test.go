package selftest

import (
	"context"
	"fmt"
	"math/bits"
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
