package report

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/verdict"
)

// Comparison is what differs between two reports, A and B. What got worse and
// what got better is decided by [verdict.Worse] and [verdict.Better]. All lists
// are in catalogue order as far as A has the rule, then as B has it.
type Comparison struct {
	A          Side         `json:"a"`
	B          Side         `json:"b"`
	Worse      []Change     `json:"worse"`
	Better     []Change     `json:"better"`
	Revalued   []Change     `json:"revalued"`   // another verdict, neither worse nor better
	Observed   []Difference `json:"observed"`   // facts that differ
	OnlyA      []Lone       `json:"onlyA"`      // rules without a verdict in B
	OnlyB      []Lone       `json:"onlyB"`      // rules without a verdict in A
	Unchanged  int          `json:"unchanged"`  // rules with the same verdict in both
	EqualFacts int          `json:"equalFacts"` // facts that both have
}

// Side says what one of the two reports is about.
type Side struct {
	Target  Target            `json:"target"`
	Edition catalogue.Edition `json:"edition"`
	Strict  bool              `json:"strict"`
	Started time.Time         `json:"started"`
	Verdict Conclusion        `json:"verdict"`
}

// Change is a rule with two verdicts.
type Change struct {
	Rule    string          `json:"rule"`
	LevelA  catalogue.Level `json:"levelA"`
	LevelB  catalogue.Level `json:"levelB"`
	A       verdict.Verdict `json:"a"`
	B       verdict.Verdict `json:"b"`
	Spec    string          `json:"spec,omitempty"`    // the first that is not met in B
	Failure string          `json:"failure,omitempty"` // of it
}

// Difference is a fact with two values. Where one report does not have it, its
// value is nil.
type Difference struct {
	Rule string `json:"rule"`
	Name string `json:"name"`
	A    any    `json:"a"`
	B    any    `json:"b"`
}

// Lone is a rule that has a verdict in one report only.
type Lone struct {
	Rule    string          `json:"rule"`
	Level   catalogue.Level `json:"level"`
	Verdict verdict.Verdict `json:"verdict"`
}

// Compare sets two reports side by side.
func Compare(a, b Report) Comparison {
	c := Comparison{
		A: sideOf(a), B: sideOf(b),
		Worse: []Change{}, Better: []Change{}, Revalued: []Change{}, Observed: []Difference{}, OnlyA: []Lone{}, OnlyB: []Lone{},
	}
	others := map[string]Rule{}
	for _, rule := range b.Rules {
		others[rule.ID] = rule
	}
	for _, old := range a.Rules {
		rule, both := others[old.ID]
		if !both {
			c.OnlyA = append(c.OnlyA, Lone{old.ID, old.Level, old.Verdict})
			continue
		}
		delete(others, old.ID)
		c.verdicts(old, rule)
		c.facts(old, rule)
	}
	for _, rule := range b.Rules {
		if _, lone := others[rule.ID]; lone {
			c.OnlyB = append(c.OnlyB, Lone{rule.ID, rule.Level, rule.Verdict})
		}
	}
	return c
}

func sideOf(r Report) Side {
	return Side{Target: r.Target, Edition: r.Edition, Strict: r.Strict, Started: r.Started, Verdict: r.Verdict}
}

func (c *Comparison) verdicts(old, rule Rule) {
	change := Change{Rule: rule.ID, LevelA: old.Level, LevelB: rule.Level, A: old.Verdict, B: rule.Verdict}
	for _, s := range rule.Specs {
		if s.Verdict == rule.Verdict && s.Failure != "" {
			change.Spec, change.Failure = s.Text, oneLine(s.Failure)
			break
		}
	}
	switch {
	case verdict.Worse(old.Verdict, rule.Verdict):
		c.Worse = append(c.Worse, change)
	case verdict.Better(old.Verdict, rule.Verdict):
		c.Better = append(c.Better, change)
	case old.Verdict != rule.Verdict:
		c.Revalued = append(c.Revalued, change)
	default:
		c.Unchanged++
	}
}

// fact is the value of an observation, and how it is written.
type fact struct {
	value any
	text  string
}

func (c *Comparison) facts(old, rule Rule) {
	before, names := factsOf(old)
	after, more := factsOf(rule)
	for _, name := range more {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		a, inA := before[name]
		b, inB := after[name]
		switch {
		case inA && inB && a.text == b.text:
			c.EqualFacts++
		case inA && inB, !inA && looked(old), !inB && looked(rule):
			c.Observed = append(c.Observed, Difference{rule.ID, name, a.value, b.value})
		}
	}
}

// looked says whether a fact that a rule does not have would be there if it were
// true: one that could not run has seen nothing, which is no difference.
func looked(r Rule) bool {
	return r.Verdict != verdict.CouldNotRun && r.Verdict != verdict.NotApplicable
}

// factsOf are the facts of a rule by name, and the names in order. A name that
// stands twice, as no report of this version has it, is one fact with all values.
func factsOf(r Rule) (facts map[string]fact, names []string) {
	values := map[string][]any{}
	for _, s := range r.Specs {
		for _, o := range s.Observations {
			if values[o.Name] == nil {
				names = append(names, o.Name)
			}
			values[o.Name] = append(values[o.Name], o.Value)
		}
	}
	facts = map[string]fact{}
	for name, all := range values {
		f := fact{value: all}
		if len(all) == 1 {
			f.value = all[0]
		}
		f.text = valueText(f.value)
		facts[name] = f
	}
	return facts, names
}

// valueText writes a value of an observation as JSON, "-" where there is none.
func valueText(v any) string {
	if v == nil {
		return "-"
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSpace(b.String())
}

// Summary writes c for a terminal.
func (c Comparison) Summary(w io.Writer, color bool) error {
	p := newPrinter(View{Color: color, Columns: summaryWidth})
	word, paint := "NOT WORSE", green
	if len(c.Worse) > 0 {
		word, paint = "WORSE", red
	}
	p.line("%s: %d got worse, %d got better, %s observed differently", p.paint(paint, word),
		len(c.Worse), len(c.Better), plural(len(c.Observed), "fact"))
	p.line("")
	p.side("A", c.A)
	p.side("B", c.B)
	p.line("same  %s, %s", rules(c.Unchanged), plural(c.EqualFacts, "fact"))

	p.changes("got worse", c.Worse)
	p.changes("got better", c.Better)
	p.changes("another verdict, neither worse nor better", c.Revalued)
	p.differences(c.Observed)
	p.lone("only in A", c.OnlyA)
	p.lone("only in B", c.OnlyB)
	if _, err := io.WriteString(w, p.String()); err != nil {
		return fmt.Errorf("write comparison: %w", err)
	}
	return nil
}

func (p *printer) side(name string, s Side) {
	strict := ""
	if s.Strict {
		strict = ", strict"
	}
	p.line("%-4s  %s, edition %s%s, of %s: %s", name, targetText(s.Target), s.Edition, strict, s.Started.UTC().Format("2006-01-02 15:04:05"), s.Verdict)
}

func (p *printer) changes(heading string, changes []Change) {
	if len(changes) == 0 {
		return
	}
	p.heading(heading)
	for _, c := range changes {
		level := string(c.LevelA)
		if c.LevelB != c.LevelA {
			level += " -> " + string(c.LevelB)
		}
		p.line("  %s  %s: %s -> %s", clean(c.Rule), level, p.paint(style(c.A), string(c.A)), p.paint(style(c.B), string(c.B)))
		if c.Failure != "" {
			p.line("    %s", cut(clean(c.Spec), summaryWidth-4))
			p.line("    %s", cut(clean(c.Failure), 2*summaryWidth))
		}
	}
}

func (p *printer) differences(differences []Difference) {
	if len(differences) == 0 {
		return
	}
	p.heading("observed differently")
	for len(differences) > 0 {
		rule := differences[0].Rule
		p.line("  %s", clean(rule))
		n := slices.IndexFunc(differences, func(d Difference) bool { return d.Rule != rule })
		if n < 0 {
			n = len(differences)
		}
		p.differencesOf(differences[:n])
		differences = differences[n:]
	}
}

// differencesOf shows the facts of one rule. Facts that only one report has follow
// from those that both have, such as the code of a refusal from the refusal, and
// are only counted beside them.
func (p *printer) differencesOf(differences []Difference) {
	oneSided := func(d Difference) bool { return d.A == nil || d.B == nil }
	left := 0
	for _, d := range differences {
		if oneSided(d) {
			left++
		}
	}
	all := left == len(differences)
	for _, d := range differences {
		if all || !oneSided(d) {
			p.line("    %s: %s -> %s", clean(d.Name), cut(clean(valueText(d.A)), summaryWidth), cut(clean(valueText(d.B)), summaryWidth))
		}
	}
	if !all && left > 0 {
		p.line("    and %s that only one of them has; --json lists them", plural(left, "fact"))
	}
}

func (p *printer) lone(heading string, rules []Lone) {
	if len(rules) == 0 {
		return
	}
	p.heading(heading)
	for _, r := range rules {
		p.line("  %s  %s: %s", clean(r.Rule), r.Level, r.Verdict)
	}
}
