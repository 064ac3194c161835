package suites

import (
	"slices"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"

	"github.com/kpspec/kpspec/harness/verdict"
)

// Progress is a step of a run: a spec begins, or has ended.
type Progress struct {
	Rule        string          // id of the rule that the spec is about, and the key of its clause behind a dot
	Operation   string          // of the rule, with its product: "ECS ImportKeyPair"
	Spec        string          // text of the spec
	Verdict     verdict.Verdict // of the spec; "" when it begins
	Done, Total int             // specs that have ended, and all that were selected
}

// tellProgress tells [Config.Tell] what Ginkgo does. It comes after the preview of the
// specs, in which Ginkgo says that it runs them all.
func (r *run) tellProgress() {
	done, total := 0, r.count()
	tell := func(spec types.SpecReport, ended bool) {
		rule, clause, ok := r.about(spec)
		if !ok || !slices.Contains(r.selected, rule.ID) {
			return // it does not run
		}
		at := Progress{Rule: rule.ID, Operation: rule.Product + " " + rule.Operation, Spec: spec.FullText(), Total: total}
		if clause != "" {
			at.Rule += "." + clause
		}
		if ended {
			done++
			came := result(spec, rule, clause, r.cfg.Edition)
			seen := verdict.Seen{Spec: came.Text, Verdict: verdict.OfSpec(came.Level, came.Outcome, r.cfg.Strict), Failure: came.Failure}
			verdicts, _, _ := r.cfg.Deviations.Judge(rule.ID, []verdict.Seen{seen}, r.started)
			at.Verdict = verdicts[0]
		}
		at.Done = done
		r.cfg.Tell(at)
	}
	ReportBeforeEach(func(spec SpecReport) { tell(spec, false) })
	ReportAfterEach(func(spec SpecReport) { tell(spec, true) })
}
