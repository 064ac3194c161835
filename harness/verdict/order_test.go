package verdict_test

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/verdict"
)

func TestWorseAndBetter(t *testing.T) {
	t.Parallel()
	// Every verdict stands in one column: the rows say what it is to come there
	// from the verdict in front: w worse, b better, = neither.
	columns := []verdict.Verdict{verdict.Passed, verdict.Observed, verdict.NotApplicable, verdict.Warned, verdict.Deviation, verdict.CouldNotRun, verdict.Failed}
	for from, row := range map[verdict.Verdict]string{
		verdict.Passed:        "==wwwww",
		verdict.Observed:      "==wwwww",
		verdict.NotApplicable: "bb=wwww",
		verdict.Warned:        "bbb==ww",
		verdict.Deviation:     "bbb==ww",
		verdict.CouldNotRun:   "bbbbb=w",
		verdict.Failed:        "bbbbbw=",
	} {
		for i, to := range columns {
			NewWithT(t).Expect(verdict.Worse(from, to)).To(Equal(row[i] == 'w'), "worse from %s to %s", from, to)
			NewWithT(t).Expect(verdict.Better(from, to)).To(Equal(row[i] == 'b'), "better from %s to %s", from, to)
		}
	}
	NewWithT(t).Expect(columns).To(ConsistOf(verdict.All()))
	NewWithT(t).Expect(verdict.Worse(verdict.Passed, "fine")).To(BeTrue(), "what is not known is read as could-not-run")
}
