// Package report holds the result of a run: report.json and what is made from it.
//
// [Build] turns the results of the specs into a [Report]. It decides the verdict
// of every rule, the counts and the exit code, and it keeps the books: every
// selected rule is either in Report.Rules with a verdict or in Report.NotCovered
// with the reason, and every other rule of the catalogue is counted in
// Report.NotSelected. A selected rule that has specs cannot disappear: without
// a result it is could-not-run.
//
// A list of known deviations goes into Build and comes out as verdicts, as what
// Rule.Deviation says of the rules it speaks for, and as Report.ListFaults, where
// it is out of date; see package verdict.
//
// [Report.Write] and [Read] are report.json, schema version 1. The order of its
// members and lists does not depend on the order in which specs ran, so two runs
// with the same verdicts differ in target and times only. [Summary] is the
// terminal's view of the same data; nothing in it comes from anywhere else.
//
// Observations are facts: a name that stands once in its rule, and a value that
// can be compared, both the same in two runs against the same target. [Compare]
// sets the verdicts and the facts of two reports side by side, for instance of an
// emulator and the service, of two versions, or of two editions.
//
// Recorded exchanges arrive redacted from package evidence. They and the failure
// text are kept for specs that neither passed nor observed: only those have
// something to explain.
package report
