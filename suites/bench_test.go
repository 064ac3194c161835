package suites_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/verdict"
	"github.com/kpspec/kpspec/suites"
)

// BenchmarkSuite measures a whole run, from starting the embedded reference to the report: an operation is a run. The
// metrics named after an operation say how many milliseconds of a run its specs took, other-ms what was left: starting
// the reference, building the tree of specs, making the report.
func BenchmarkSuite(b *testing.B) {
	for _, edition := range []catalogue.Edition{catalogue.Edition202606, catalogue.Edition202011} {
		b.Run("edition="+string(edition), func(b *testing.B) {
			specs, spent := 0, map[string]float64{}
			var took []float64
			for b.Loop() {
				started := time.Now()
				specs += wholeRun(b, edition, spent)
				took = append(took, time.Since(started).Seconds()*1000)
			}
			slices.Sort(took)
			b.ReportMetric(took[len(took)/2], "ms/run(<=1000)")
			other := b.Elapsed().Seconds() * 1000
			for operation, ms := range spent {
				b.ReportMetric(ms/float64(b.N), operation+"-ms")
				other -= ms
			}
			b.ReportMetric(other/float64(b.N), "other-ms")
			b.ReportMetric(float64(specs)/float64(b.N), "specs")
			b.ReportMetric(float64(specs)/b.Elapsed().Seconds(), "specs/s")
		})
	}
}

// wholeRun returns the number of specs that ran, all of them with a good end, and adds the milliseconds they took to spent,
// by operation.
func wholeRun(b *testing.B, edition catalogue.Edition, spent map[string]float64) (specs int) {
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
		product, _, _ := strings.Cut(rule.ID, "-")
		for _, spec := range rule.Specs {
			spent[product+"-"+rule.Operation] += spec.DurationMS
		}
	}
	return specs
}
