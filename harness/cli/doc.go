// Package cli is the kpspec command and its parts: run tests a target, replay
// sends again what it has recorded, sweep removes what crashed runs have left,
// report, compare and deviations work on its reports, explain, rules, list, world
// and version tell what kpspec knows, and init and doctor help to begin.
//
// A [Program] reads its arguments, lets the suites work, and turns what came of
// it into an exit code:
//
//	0  conformant: no rule failed, and every selected rule could be tested
//	1  not conformant: at least one rule failed, or the list of deviations is out
//	   of date; of compare: something got worse
//	2  wrong usage or configuration; nothing was run
//	3  incomplete: the target did not come up, or something could not run; of
//	   sweep: something is left
//
// What cannot have been meant is exit code 2 and one line on standard error: an
// unknown rule, a pattern that matches nothing, a selection without a single
// spec, a key that the configuration does not know, a list of deviations that is
// not filled in. A gate in a pipeline must
// not open because of a slip of the pen.
//
// The summary goes to standard output, everything about the usage to standard
// error. report.json is made in a temporary file beside its place, which is
// checked before anything runs, and takes its name only when it is complete.
package cli
