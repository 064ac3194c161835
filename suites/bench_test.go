package suites_test

import (
	"context"
	"testing"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/verdict"
	"github.com/kpspec/kpspec/suites"
)

// BenchmarkSuite measures a whole run, from starting the embedded reference to the report: an operation is a run.
func BenchmarkSuite(b *testing.B) {
	for _, edition := range []catalogue.Edition{catalogue.Edition202606, catalogue.Edition202011} {
		b.Run("edition="+string(edition), func(b *testing.B) {
			specs := 0
			for b.Loop() {
				specs += wholeRun(b, edition)
			}
			b.ReportMetric(float64(specs)/float64(b.N), "specs")
			b.ReportMetric(float64(specs)/b.Elapsed().Seconds(), "specs/s")
		})
	}
}

// wholeRun returns the number of specs that ran, all of them with a good end.
func wholeRun(b *testing.B, edition catalogue.Edition) (specs int) {
	b.Helper()
	under, err := target.New(target.Config{}, edition)
	if err != nil {
		b.Fatal(err)
	}
	place, err := under.Start(b.Context())
	defer func() {
		if err := under.Stop(context.WithoutCancel(b.Context())); err != nil {
			b.Error(err)
		}
	}()
	if err != nil {
		b.Fatal(err)
	}
	report, err := suites.Execute(b.Context(), suites.Config{Target: under, Place: place, Edition: edition})
	if err != nil {
		b.Fatal(err)
	}
	if report.ExitCode != verdict.ExitConformant {
		b.Fatalf("the run is %s: a failed run is measured in vain", report.Verdict)
	}
	for _, rule := range report.Rules {
		specs += len(rule.Specs)
	}
	return specs
}
