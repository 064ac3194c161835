package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/evidence"
	"github.com/kpspec/kpspec/harness/verdict"
)

// Catalogue is what Build needs of a [catalogue.Catalogue].
type Catalogue interface {
	Rules() []catalogue.Rule
	Document(id string) (catalogue.Document, bool)
}

// Input is what [Build] makes a report from.
type Input struct {
	Catalogue Catalogue
	Edition   catalogue.Edition
	Strict    bool
	Version   string // of kpspec
	Target    Target

	// Selected are the ids of the rules that were asked for; nil means every
	// rule of the catalogue. Results of other rules are left out.
	Selected []string

	// Specs is, per rule id, the number of specs that ought to have given a
	// result in this run. A rule with fewer results is could-not-run; a rule
	// that is not in the map and has no result is not covered.
	Specs map[string]int

	// Results are the results of the specs, in any order. A spec that stands
	// for several rules gives one result for each.
	Results []SpecResult

	// Cause says why specs gave no result, if the run knows: "interrupted",
	// "the target did not start: ...". One line.
	Cause string

	// Deviations are the rules that the target is known to break.
	Deviations verdict.List

	CleanupErrors []string
	Started       time.Time
	Duration      time.Duration
}

// SpecResult is how one spec ended.
type SpecResult struct {
	Rule         string          // id of the rule
	Clause       string          // key of the clause of the rule, empty for the rule itself
	Level        catalogue.Level // zero: taken from the catalogue
	Text         string
	Outcome      verdict.Outcome
	DurationMS   float64
	Failure      string
	Mismatches   []Mismatch
	Location     string // file:line
	Exchanges    []evidence.Exchange
	Observations []Observation
	Weather      *Weather
}

// Build makes the report of a run.
func Build(in Input) Report {
	r := Report{
		SchemaVersion: SchemaVersion,
		Tool:          Tool{Name: "kpspec", Version: in.Version},
		Target:        in.Target,
		Edition:       in.Edition,
		Strict:        in.Strict,
		Started:       in.Started.UTC().Truncate(time.Millisecond),
		DurationMS:    in.Duration.Milliseconds(),
		Counts:        verdict.NewCounts(),
		Rules:         []Rule{},
		NotCovered:    []NotCovered{},
		CleanupErrors: append([]string{}, in.CleanupErrors...),
		ListFaults:    []string{},
	}
	results := map[string][]SpecResult{}
	for _, s := range in.Results {
		results[s.Rule] = append(results[s.Rule], s)
	}
	for _, rule := range in.Catalogue.Rules() {
		switch {
		case in.Selected != nil && !slices.Contains(in.Selected, rule.ID):
			r.NotSelected++
		case len(results[rule.ID]) > 0 || in.covers(rule):
			rr, faults := in.rule(rule, results[rule.ID])
			r.ListFaults = append(r.ListFaults, faults...)
			r.Counts.Add(rr.Level, rr.Verdict)
			r.Rules = append(r.Rules, rr)
		default:
			r.NotCovered = append(r.NotCovered, NotCovered{
				ID: rule.ID, Level: rule.LevelIn(in.Edition), Reason: in.notCoveredBecause(rule),
			})
		}
	}
	r.ExitCode = exitCode(r.Counts, r.ListFaults)
	r.Verdict = conclusion(r.ExitCode)
	return r
}

// covers says whether specs of the rule should have run.
func (in Input) covers(rule catalogue.Rule) bool {
	return in.Specs[rule.ID] > 0 && rule.Excluded == "" && rule.InEdition(in.Edition)
}

func (in Input) notCoveredBecause(rule catalogue.Rule) string {
	switch {
	case rule.Excluded != "":
		return "excluded: " + rule.Excluded
	case !rule.InEdition(in.Edition):
		return "not in the " + string(in.Edition) + " edition"
	}
	return "no spec yet"
}

// rule makes the result of one rule from those of its specs, and says where the
// list of deviations is out of date about it.
func (in Input) rule(rule catalogue.Rule, results []SpecResult) (r Rule, faults []string) {
	r = Rule{
		ID:        rule.ID,
		Operation: rule.Operation,
		Level:     rule.LevelIn(in.Edition),
		Statement: rule.Statement,
		Documents: []Document{},
		Specs:     []Spec{},
	}
	for _, id := range rule.Documents {
		d := Document{ID: id, Title: id}
		if known, ok := in.Catalogue.Document(id); ok {
			d.Title = known.Title
		}
		r.Documents = append(r.Documents, d)
	}
	for _, s := range results {
		r.Specs = append(r.Specs, in.spec(rule, s))
	}
	slices.SortStableFunc(r.Specs, func(a, b Spec) int {
		return cmp.Or(cmp.Compare(a.Clause, b.Clause), cmp.Compare(a.Text, b.Text))
	})
	var seen []verdict.Seen
	for _, s := range r.Specs {
		seen = append(seen, verdict.Seen{Spec: s.Text, Verdict: s.Verdict, Failure: s.Failure})
	}
	if missing := in.Specs[rule.ID] - len(results); missing > 0 {
		seen = append(seen, verdict.Seen{Verdict: verdict.CouldNotRun})
		r.Reason = cmp.Or(in.Cause, fmt.Sprintf("%d of %d specs gave no result", missing, in.Specs[rule.ID]))
	}
	verdicts, listed, faults := in.Deviations.Judge(rule.ID, seen, in.Started)
	for i := range r.Specs {
		r.Specs[i].Verdict = verdicts[i]
	}
	r.Deviation = listed
	r.Verdict = listed.Of(verdict.OfRule(verdicts))
	return r, faults
}

func (in Input) spec(rule catalogue.Rule, s SpecResult) Spec {
	level := cmp.Or(s.Level, rule.LevelOf(s.Clause, in.Edition))
	spec := Spec{
		Text:         s.Text,
		Clause:       s.Clause,
		Level:        level,
		Verdict:      verdict.OfSpec(level, s.Outcome, in.Strict),
		DurationMS:   s.DurationMS,
		Failure:      s.Failure,
		Mismatches:   s.Mismatches,
		Location:     s.Location,
		Exchanges:    s.Exchanges,
		Observations: s.Observations,
		Weather:      s.Weather,
	}
	switch spec.Verdict {
	case verdict.Passed, verdict.Observed:
		// Nothing has to be explained, and the names and times in these would
		// make every report differ from the next.
		spec.Failure, spec.Mismatches, spec.Exchanges = "", nil, nil
	}
	return spec
}
