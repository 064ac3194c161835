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
// The package errs on the honest side: an outcome, level or verdict that it does
// not know is read as could-not-run, never as a pass.
package verdict
