package report

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/kpspec/kpspec/harness/evidence"
	"github.com/kpspec/kpspec/harness/verdict"
)

// causeRules is how many ids are listed beside one cause of could-not-run.
const causeRules = 6

// words is the conclusion as a reader says it.
func (c Conclusion) words() string { return strings.ReplaceAll(string(c), "-", " ") }

// said is the sentence behind the conclusion, without a period.
func (r Report) said() string {
	failed, warned, undone := r.Counts.Of(verdict.Failed), r.Counts.Of(verdict.Warned), r.Counts.Of(verdict.CouldNotRun)
	total := rules(r.Counts.Total())
	var said []string
	switch {
	case r.Counts.Total() == 0:
		said = []string{"no rule was tested"}
	case failed > 0:
		said = []string{fmt.Sprintf("%d of %s failed", failed, total)}
	case r.Verdict == Conformant:
		said = []string{"none of " + total + " failed"}
	case len(r.ListFaults) > 0:
		said = []string{"the list of deviations is out of date"}
	case undone == 0 && r.Counts.Of(verdict.Deviation) > 0 && r.ExitCode == r.Counts.Exit():
		said = []string{"nothing but known deviations was seen"}
	case undone == 0:
		said = []string{"the run was cut short"}
	}
	if undone > 0 {
		said = append(said, fmt.Sprintf("%d could not run", undone))
		if len(said) == 1 {
			said[0] = fmt.Sprintf("%d of %s could not run", undone, total)
		}
	}
	if warned > 0 {
		said = append(said, fmt.Sprintf("%d warned", warned))
	}
	if n := r.Counts.Of(verdict.Deviation); n > 0 {
		said = append(said, plural(n, "known deviation"))
	}
	return strings.Join(said, ", ")
}

// specs is the number of specs that gave a result.
func (r Report) specs() int {
	n := 0
	for _, rule := range r.Rules {
		n += len(rule.Specs)
	}
	return n
}

// catalogued is the number of rules of the catalogue that the run knew.
func (r Report) catalogued() int { return len(r.Rules) + len(r.NotCovered) + r.NotSelected }

// columns are the verdicts that a table of the counts shows. Two are rare and are
// shown only when they occur.
func (r Report) columns() []verdict.Verdict {
	var columns []verdict.Verdict
	for _, v := range verdict.All() {
		rare := v == verdict.Deviation || v == verdict.NotApplicable
		if !rare || r.Counts.Of(v) > 0 {
			columns = append(columns, v)
		}
	}
	return columns
}

// cause is one reason, and the rules that it holds for.
type cause struct {
	Text string
	IDs  []string
}

// Named are the first ids, and how many more there are.
func (c cause) Named() string {
	if len(c.IDs) <= causeRules {
		return strings.Join(c.IDs, " ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(c.IDs[:causeRules], " "), len(c.IDs)-causeRules)
}

// causes are in the order in which they were first met.
type causes []cause

func (c *causes) add(text, id string) {
	i := slices.IndexFunc(*c, func(known cause) bool { return known.Text == text })
	if i < 0 {
		i = len(*c)
		*c = append(*c, cause{Text: text})
	}
	if at := &(*c)[i]; !slices.Contains(at.IDs, id) {
		at.IDs = append(at.IDs, id)
	}
}

// uncovered are the rules about which the run says nothing, by reason.
func (r Report) uncovered() causes {
	var c causes
	for _, n := range r.NotCovered {
		c.add(n.Reason, n.ID)
	}
	return c
}

// obstacles are the rules that could not run, by cause.
func (r Report) obstacles() causes { return r.because(verdict.CouldNotRun) }

// lacking are the rules that are not applicable, by cause.
func (r Report) lacking() causes { return r.because(verdict.NotApplicable) }

// because are the causes of a verdict that says nothing about the target.
func (r Report) because(v verdict.Verdict) causes {
	var c causes
	for _, rule := range r.Rules {
		if rule.Reason != "" && v == verdict.CouldNotRun {
			c.add(rule.Reason, rule.ID)
		}
		for _, s := range rule.Specs {
			if s.Verdict == v {
				c.add(cmp.Or(firstLine(s.Failure), "no cause recorded"), rule.ID)
			}
		}
	}
	return c
}

// telling is the exchange of a spec, which has one at least, that shows what went
// wrong: of those with the operation of the rule, rather than the look at its effect,
// the last whose status the failure ends with, or else the last.
func telling(rule Rule, s Spec) evidence.Exchange {
	about := s.Exchanges
	if len(about) == 1 {
		return about[0]
	}
	if own := slices.DeleteFunc(slices.Clone(about), func(e evidence.Exchange) bool { return e.Action != rule.Operation }); len(own) > 0 {
		about = own
	}
	statuses := statusWord.FindAllString(s.Failure, -1)
	for _, status := range slices.Backward(statuses) {
		for _, e := range slices.Backward(about) {
			if e.Response != nil && slices.Contains(strings.Fields(e.Response.Line), status) {
				return e
			}
		}
	}
	return about[len(about)-1]
}

var statusWord = regexp.MustCompile(`\b[1-5][0-9]{2}\b`)

// product is that of the rule, as its id begins.
func product(id string) string {
	name, _, _ := strings.Cut(id, "-")
	return name
}

// operationText names product and operation of a rule: both products have an
// ImportKeyPair.
func operationText(r Rule) string { return strings.TrimSpace(product(r.ID) + " " + r.Operation) }

func ruleRef(r Rule, s Spec) string {
	if s.Clause == "" {
		return r.ID
	}
	return r.ID + "." + s.Clause
}
