// Package verdict turns what happened into what it means.
//
// A spec ends in an [Outcome]: what it asked for was met, was not met, was only
// observed, did not apply to the target, or could not be run. A catalogue level
// says how much that weighs, and [OfSpec] combines the two into a [Verdict]:
//
//	outcome          MUST             SHOULD                    OBSERVE
//	met              passed           passed                    observed
//	not-met          failed           warned (strict: failed)   observed
//	observed         observed         observed                  observed
//	not-applicable   not-applicable   not-applicable            not-applicable
//	could-not-run    could-not-run    could-not-run             could-not-run
//
// [OfRule] combines the verdicts of the specs of one rule: the gravest one wins.
// [Counts] adds the rules up per level and verdict, and [Counts.Exit] says how
// the process ends.
//
// A [List] names the rules that a target is known to break. [List.Judge] turns
// their failures, and for SHOULD rules their warnings, into deviations, with or
// without strict mode: the same list serves both. An entry speaks only for the
// very failures it pins, by the text of the spec and the text of the failure:
//
//	the rule                                            comes to
//	fails as it is pinned                               deviation
//	fails otherwise, or in another spec                 failed (SHOULD: warned); the list is out of date
//	fails as it is pinned, after the last day           failed (SHOULD: warned); the list is out of date
//	no longer fails in a pinned spec                    passed; the list is out of date
//	does not apply, could not run, or was not selected  as without a list
//
// A list that is out of date makes the run one that does not conform. Texts are
// compared in their [Normal] form, which leaves out what two runs against the
// same target need not share: names, keys, fingerprints, request ids, times,
// addresses, durations. A failure whose text differs between runs beyond that
// cannot be pinned; its rule is flaky.
//
// A flaky rule stands on a list of its own, since must-fail and may-fail are two
// different things. Nothing is pinned there and nothing can be stale, so the list
// gives the least away: whether such a rule passes or fails, it is a deviation,
// never a pass, and its entry expires like the others. It is no could-not-run,
// because the rule was tried, and a gate that is never green is one that nobody
// looks at.
//
// The package errs on the honest side: an outcome, level or verdict that it does
// not know is read as could-not-run, never as a pass.
package verdict
