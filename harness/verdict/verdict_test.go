package verdict_test

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/verdict"
)

func TestOfSpec(t *testing.T) {
	t.Parallel()
	const (
		must, should, observe = catalogue.Must, catalogue.Should, catalogue.Observe
		lax, strict           = false, true
	)
	tests := []struct {
		level   catalogue.Level
		outcome verdict.Outcome
		strict  bool
		want    verdict.Verdict
	}{
		{must, verdict.Met, lax, verdict.Passed},
		{must, verdict.Met, strict, verdict.Passed},
		{must, verdict.NotMet, lax, verdict.Failed},
		{must, verdict.NotMet, strict, verdict.Failed},
		{must, verdict.Noted, lax, verdict.Observed},
		{must, verdict.Noted, strict, verdict.Observed},
		{must, verdict.NotApplicableHere, lax, verdict.NotApplicable},
		{must, verdict.NotApplicableHere, strict, verdict.NotApplicable},
		{must, verdict.Undone, lax, verdict.CouldNotRun},
		{must, verdict.Undone, strict, verdict.CouldNotRun},

		{should, verdict.Met, lax, verdict.Passed},
		{should, verdict.Met, strict, verdict.Passed},
		{should, verdict.NotMet, lax, verdict.Warned},
		{should, verdict.NotMet, strict, verdict.Failed},
		{should, verdict.Noted, lax, verdict.Observed},
		{should, verdict.Noted, strict, verdict.Observed},
		{should, verdict.NotApplicableHere, lax, verdict.NotApplicable},
		{should, verdict.NotApplicableHere, strict, verdict.NotApplicable},
		{should, verdict.Undone, lax, verdict.CouldNotRun},
		{should, verdict.Undone, strict, verdict.CouldNotRun},

		{observe, verdict.Met, lax, verdict.Observed},
		{observe, verdict.Met, strict, verdict.Observed},
		{observe, verdict.NotMet, lax, verdict.Observed},
		{observe, verdict.NotMet, strict, verdict.Observed},
		{observe, verdict.Noted, lax, verdict.Observed},
		{observe, verdict.Noted, strict, verdict.Observed},
		{observe, verdict.NotApplicableHere, lax, verdict.NotApplicable},
		{observe, verdict.NotApplicableHere, strict, verdict.NotApplicable},
		{observe, verdict.Undone, lax, verdict.CouldNotRun},
		{observe, verdict.Undone, strict, verdict.CouldNotRun},

		{must, "", lax, verdict.CouldNotRun},
		{should, "passed", lax, verdict.CouldNotRun},
		{observe, "MET", lax, verdict.CouldNotRun},
		{"", verdict.Met, lax, verdict.CouldNotRun},
		{"must", verdict.NotMet, strict, verdict.CouldNotRun},
	}
	for _, tt := range tests {
		NewWithT(t).Expect(verdict.OfSpec(tt.level, tt.outcome, tt.strict)).
			To(Equal(tt.want), "%s, %s, strict %t", tt.level, tt.outcome, tt.strict)
	}
}

// TestOfRule tries every set of verdicts: the gravest one present wins,
// whatever their order and however often they occur.
func TestOfRule(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	order := []verdict.Verdict{
		verdict.Failed, verdict.CouldNotRun, verdict.Deviation, verdict.Warned,
		verdict.NotApplicable, verdict.Passed, verdict.Observed,
	}
	g.Expect(order).To(ConsistOf(verdict.All()))
	for set := 1; set < 1<<len(order); set++ {
		var want verdict.Verdict
		var specs []verdict.Verdict
		for i := len(order) - 1; i >= 0; i-- {
			if set&(1<<i) != 0 {
				specs = append(specs, order[i], order[i])
				want = order[i]
			}
		}
		g.Expect(verdict.OfRule(specs)).To(Equal(want), "%v", specs)
		for i, j := 0, len(specs)-1; i < j; i, j = i+1, j-1 {
			specs[i], specs[j] = specs[j], specs[i]
		}
		g.Expect(verdict.OfRule(specs)).To(Equal(want), "%v", specs)
	}
	g.Expect(verdict.OfRule(nil)).To(Equal(verdict.CouldNotRun))
	g.Expect(verdict.OfRule([]verdict.Verdict{verdict.Passed, "fine"})).To(Equal(verdict.CouldNotRun))
	g.Expect(verdict.OfRule([]verdict.Verdict{"", verdict.Failed})).To(Equal(verdict.Failed))
}

func TestExit(t *testing.T) {
	t.Parallel()
	type counts map[verdict.Verdict]int
	tests := []struct {
		name string
		must counts
		want int
	}{
		{"nothing", counts{}, 3},
		{"zeros", counts{verdict.Passed: 0, verdict.Failed: 0}, 3},
		{"all passed", counts{verdict.Passed: 2}, 0},
		{"one failed", counts{verdict.Passed: 2, verdict.Failed: 1}, 1},
		{"only failed", counts{verdict.Failed: 1}, 1},
		{"failed outweighs could-not-run", counts{verdict.Failed: 1, verdict.CouldNotRun: 5}, 1},
		{"could-not-run", counts{verdict.Passed: 9, verdict.CouldNotRun: 1}, 3},
		{"only could-not-run", counts{verdict.CouldNotRun: 1}, 3},
		{"warned", counts{verdict.Passed: 1, verdict.Warned: 1}, 0},
		{"only warned", counts{verdict.Warned: 1}, 0},
		{"only observed", counts{verdict.Observed: 1}, 0},
		{"only not applicable", counts{verdict.NotApplicable: 4}, 3},
		{"only deviations", counts{verdict.Deviation: 4}, 3},
		{"a deviation beside passes", counts{verdict.Passed: 1, verdict.Deviation: 1}, 0},
		{"not applicable beside passes", counts{verdict.Passed: 1, verdict.NotApplicable: 1}, 0},
		{"an unknown verdict", counts{verdict.Passed: 1, "fine": 1}, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, level := range verdict.Levels() {
				c := verdict.NewCounts()
				for v, n := range tt.must {
					for range n {
						c.Add(level, v)
					}
				}
				NewWithT(t).Expect(c.Exit()).To(Equal(tt.want), "at level %s", level)
			}
		})
	}
}

func TestExitOverLevels(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	c := verdict.Counts{}
	c.Add(catalogue.Must, verdict.Passed)
	c.Add(catalogue.Must, verdict.Passed)
	c.Add(catalogue.Should, verdict.Warned)
	c.Add(catalogue.Observe, verdict.Observed)
	g.Expect(c.Exit()).To(Equal(verdict.ExitConformant))
	g.Expect(c.Total()).To(Equal(4))
	g.Expect(c.Of(verdict.Passed)).To(Equal(2))
	c.Add(catalogue.Observe, verdict.CouldNotRun)
	g.Expect(c.Exit()).To(Equal(verdict.ExitIncomplete))
	c.Add(catalogue.Should, verdict.Failed)
	g.Expect(c.Exit()).To(Equal(verdict.ExitNotConformant))

	var none verdict.Counts
	g.Expect(none.Exit()).To(Equal(verdict.ExitIncomplete))
}
