package verdict

import "github.com/kpspec/kpspec/fixtures/catalogue"

// The exit codes of a run.
const (
	ExitConformant    = 0 // no rule failed, every selected rule ran
	ExitNotConformant = 1 // at least one rule failed
	ExitUsage         = 2 // wrong usage or configuration; nothing was run
	ExitIncomplete    = 3 // none failed, but something, or everything, could not run
)

// Counts is the number of rules per level and verdict.
type Counts map[catalogue.Level]map[Verdict]int

// NewCounts returns counts in which every level and verdict is present with 0,
// so that a report has the same shape whatever happened.
func NewCounts() Counts {
	c := Counts{}
	for _, l := range Levels() {
		c[l] = map[Verdict]int{}
		for _, v := range All() {
			c[l][v] = 0
		}
	}
	return c
}

// Add counts one rule.
func (c Counts) Add(l catalogue.Level, v Verdict) {
	if c[l] == nil {
		c[l] = map[Verdict]int{}
	}
	c[l][v]++
}

// Of is the number of rules with the verdict v, over all levels.
func (c Counts) Of(v Verdict) int {
	n := 0
	for _, verdicts := range c {
		n += verdicts[v]
	}
	return n
}

// Total is the number of rules counted.
func (c Counts) Total() int {
	n := 0
	for _, verdicts := range c {
		for _, k := range verdicts {
			n += k
		}
	}
	return n
}

// Exit gives the exit code of a run with these counts: ExitNotConformant when a
// rule failed; ExitIncomplete when none failed but one could not run, or when
// nothing passed, failed, warned or was observed, so that an empty run is never
// a success; else ExitConformant.
func (c Counts) Exit() int {
	unknown := c.Total()
	for _, v := range All() {
		unknown -= c.Of(v)
	}
	switch {
	case c.Of(Failed) > 0:
		return ExitNotConformant
	case c.Of(CouldNotRun) > 0 || unknown > 0:
		return ExitIncomplete
	case c.Of(Passed)+c.Of(Warned)+c.Of(Observed) == 0:
		return ExitIncomplete
	}
	return ExitConformant
}
