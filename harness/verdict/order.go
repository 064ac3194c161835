package verdict

// ranks orders the verdicts of two reports, best first, for [Worse]. Verdicts of
// one line are worth the same: whether a rule is asserted or observed is up to
// the edition, and whether a breach is warned of or listed is up to whoever runs
// kpspec; neither is the target's doing.
var ranks = [][]Verdict{
	{Passed, Observed},
	{NotApplicable},
	{Warned, Deviation},
	{CouldNotRun},
	{Failed},
}

func (v Verdict) rank() int {
	for i, same := range ranks {
		for _, k := range same {
			if v == k {
				return i
			}
		}
	}
	return CouldNotRun.rank()
}

// Worse reports whether a rule whose verdict was a and is b has got worse. From
// the best, the order is
//
//	passed, observed < not-applicable < warned, deviation < could-not-run < failed
//
// and one step down it is a loss too: what had failed and cannot be run any more
// has not got better, it is out of sight.
func Worse(a, b Verdict) bool {
	return b.rank() > a.rank() || b.rank() == CouldNotRun.rank() && a.rank() != b.rank()
}

// Better reports whether a rule whose verdict was a and is b has got better.
func Better(a, b Verdict) bool { return b.rank() < a.rank() && !Worse(a, b) }
