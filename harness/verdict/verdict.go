package verdict

import "github.com/kpspec/kpspec/fixtures/catalogue"

// Verdict is the result of a spec or of a rule on a target.
type Verdict string

// The verdicts.
const (
	Passed        Verdict = "passed"         // what the rule asks for was seen
	Failed        Verdict = "failed"         // a MUST, or in strict mode a SHOULD, was not met
	Warned        Verdict = "warned"         // a SHOULD was not met
	Observed      Verdict = "observed"       // recorded; the documents ask for nothing
	Deviation     Verdict = "deviation"      // not met, known, and listed with a reason
	NotApplicable Verdict = "not-applicable" // the target declares that it lacks the capability
	CouldNotRun   Verdict = "could-not-run"  // nothing can be said about the rule
)

// All lists every verdict in the order in which reports show them.
func All() []Verdict {
	return []Verdict{Passed, Failed, Warned, Observed, Deviation, NotApplicable, CouldNotRun}
}

// Levels lists every level in the order in which reports show them.
func Levels() []catalogue.Level {
	return []catalogue.Level{catalogue.Must, catalogue.Should, catalogue.Observe}
}

// Outcome is how one spec ended, before its level is taken into account.
type Outcome string

// The outcomes.
const (
	Met               Outcome = "met"            // the target did what the spec asks for
	NotMet            Outcome = "not-met"        // the target did something else
	Noted             Outcome = "observed"       // the spec recorded something and asked for nothing
	NotApplicableHere Outcome = "not-applicable" // the target declares that it lacks the capability
	Undone            Outcome = "could-not-run"  // skipped, interrupted, or its preparation failed
)

// OfSpec gives the verdict of a spec of the given level that ended with the
// outcome o. When strict is true a SHOULD that was not met is a failure.
// An unknown level or outcome is CouldNotRun.
func OfSpec(level catalogue.Level, o Outcome, strict bool) Verdict {
	switch level {
	case catalogue.Must, catalogue.Should, catalogue.Observe:
	default:
		return CouldNotRun
	}
	switch o {
	case Noted:
		return Observed
	case NotApplicableHere:
		return NotApplicable
	case Met:
		if level == catalogue.Observe {
			return Observed
		}
		return Passed
	case NotMet:
		switch {
		case level == catalogue.Observe:
			return Observed
		case level == catalogue.Should && !strict:
			return Warned
		}
		return Failed
	}
	return CouldNotRun
}

// gravity orders the verdicts of the specs of one rule, gravest first. A rule
// half of which is not applicable has not been shown to hold, so it does not
// count as passed; one that has both assertions and observations has passed.
var gravity = []Verdict{Failed, CouldNotRun, Deviation, Warned, NotApplicable, Passed, Observed}

// OfRule gives the verdict of a rule from those of its specs: the gravest of
// failed, could-not-run, deviation, warned, not-applicable, passed, observed.
// No spec at all, or an unknown verdict among them, is CouldNotRun unless
// another spec failed.
func OfRule(specs []Verdict) Verdict {
	seen := map[Verdict]bool{}
	for _, v := range specs {
		if !v.known() {
			v = CouldNotRun
		}
		seen[v] = true
	}
	for _, v := range gravity {
		if seen[v] {
			return v
		}
	}
	return CouldNotRun
}

func (v Verdict) known() bool {
	for _, k := range All() {
		if v == k {
			return true
		}
	}
	return false
}
