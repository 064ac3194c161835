package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/evidence"
	"github.com/kpspec/kpspec/harness/verdict"
)

// SchemaVersion is the version of report.json that this package writes and
// reads. It changes when a member is removed or changes its meaning.
const SchemaVersion = 1

// Conclusion is the verdict of a whole run.
type Conclusion string

// The conclusions, in the order of the exit codes they stand for.
const (
	Conformant    Conclusion = "conformant"     // exit code 0
	NotConformant Conclusion = "not-conformant" // exit code 1
	Incomplete    Conclusion = "incomplete"     // exit code 3
)

// Report is the result of one run, as report.json holds it.
type Report struct {
	SchemaVersion int               `json:"schemaVersion"`
	Tool          Tool              `json:"tool"`
	Target        Target            `json:"target"`
	Edition       catalogue.Edition `json:"edition"`
	Strict        bool              `json:"strict"` // a SHOULD not met counted as failed
	Started       time.Time         `json:"started"`
	DurationMS    int64             `json:"durationMs"`
	Verdict       Conclusion        `json:"verdict"`
	ExitCode      int               `json:"exitCode"` // of the process; see verdict.Counts.Exit
	Counts        verdict.Counts    `json:"counts"`   // rules per level and verdict
	Rules         []Rule            `json:"rules"`    // the selected rules that have specs, in catalogue order
	NotCovered    []NotCovered      `json:"notCovered"`
	NotSelected   int               `json:"notSelected"`   // rules of the catalogue that were not asked for
	CleanupErrors []string          `json:"cleanupErrors"` // what may be left behind on the target, one line each
	ListFaults    []string          `json:"listFaults"`    // where the list of deviations is out of date, one line each
	TargetLog     string            `json:"targetLog,omitempty"`
	Limits        *Limits           `json:"limits,omitempty"`  // what the requests were held to, where they were
	Weather       *Weather          `json:"weather,omitempty"` // the bad weather that was met, if any was
}

// Limits are how many requests might leave, and how fast.
type Limits struct {
	Requests  int     `json:"requests,omitempty"`  // in all; missing: any number
	Reserve   int     `json:"reserve,omitempty"`   // beyond these, to clean up only
	PerSecond float64 `json:"perSecond,omitempty"` // missing: any rate
	Sent      int     `json:"sent"`                // requests that left
}

// String says the limits in words.
func (l Limits) String() string {
	var said []string
	if l.Requests > 0 {
		said = append(said, fmt.Sprintf("%d requests, and %d to clean up", l.Requests, l.Reserve))
	}
	if l.PerSecond > 0 {
		said = append(said, fmt.Sprintf("%g requests per second", l.PerSecond))
	}
	return strings.Join(append(said, fmt.Sprintf("%d sent", l.Sent)), "; ")
}

// Tool names what made the report.
type Tool struct {
	Name    string `json:"name"` // always "kpspec"
	Version string `json:"version"`
}

// Target names what was under test.
type Target struct {
	Kind string `json:"kind"` // reference, container or endpoint
	Name string `json:"name"` // "embedded reference", the image, or the URL
	// Defect is the id of the declared defect that the reference was given on
	// purpose: such a report says nothing of the reference.
	Defect string `json:"defect,omitempty"`
}

// Document is a document that a rule stands in.
type Document struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// Rule is the result of one rule.
type Rule struct {
	ID        string          `json:"id"`
	Operation string          `json:"operation"`
	Level     catalogue.Level `json:"level"` // in the edition of the report
	Verdict   verdict.Verdict `json:"verdict"`
	Statement string          `json:"statement"`
	Documents []Document      `json:"documents"`
	Reason    string          `json:"reason,omitempty"`    // why specs of it have no result
	Deviation *verdict.Listed `json:"deviation,omitempty"` // what the list of deviations says of it
	Specs     []Spec          `json:"specs"`               // by clause, then by text
}

// Spec is the result of one spec.
type Spec struct {
	Text         string              `json:"text"`
	Clause       string              `json:"clause,omitempty"` // key of the rule's clause, empty for the rule itself
	Level        catalogue.Level     `json:"level"`
	Verdict      verdict.Verdict     `json:"verdict"`
	DurationMS   float64             `json:"durationMs"`
	Failure      string              `json:"failure,omitempty"`      // what was expected and what came, or why the spec did not run or apply
	Mismatches   []Mismatch          `json:"mismatches,omitempty"`   // where what came differs from what was expected
	Location     string              `json:"location,omitempty"`     // file:line of the spec or its failed assertion
	Exchanges    []evidence.Exchange `json:"exchanges,omitempty"`    // of a spec that neither passed nor observed
	Observations []Observation       `json:"observations,omitempty"` // what the spec recorded
	Weather      *Weather            `json:"weather,omitempty"`      // that it met
}

// Mismatch is one place in an answer, or in what was made, that is not as expected.
type Mismatch struct {
	Path     string `json:"path"`     // where, for instance "status", "Code" or "KeyPairs[0].Tags"
	Expected string `json:"expected"` // in words or as a value; "nothing" for what should not be there
	Got      string `json:"got"`      // redacted; "nothing" for what is missing
}

// Observation is a fact about the target that the documents do not settle. Two
// runs against the same target give the same one.
type Observation struct {
	Name  string `json:"name"`  // unique within the rule
	Value any    `json:"value"` // a bool, a string, a number or a list of strings
}

// NotCovered is a selected rule about which the run says nothing.
type NotCovered struct {
	ID     string          `json:"id"`
	Level  catalogue.Level `json:"level"`
	Reason string          `json:"reason"`
}

// Write writes r as indented JSON with a final newline.
func (r Report) Write(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(r); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// Read reads one report.json. It refuses a schema version other than
// [SchemaVersion], unknown members, anything after the object, and a report whose
// counts and exit code do not follow from its rules.
func Read(rd io.Reader) (Report, error) {
	dec := json.NewDecoder(rd)
	dec.DisallowUnknownFields()
	dec.UseNumber()
	var r Report
	if err := dec.Decode(&r); err != nil {
		return Report{}, fmt.Errorf("read report: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Report{}, errors.New("read report: more data after the report")
	}
	if r.SchemaVersion != SchemaVersion {
		return Report{}, fmt.Errorf("read report: schema version %d, this kpspec reads %d", r.SchemaVersion, SchemaVersion)
	}
	if err := r.check(); err != nil {
		return Report{}, fmt.Errorf("read report: %w", err)
	}
	return r, nil
}

// check says what in r contradicts its rules.
func (r Report) check() error {
	counts := verdict.NewCounts()
	for _, rule := range r.Rules {
		if !slices.Contains(verdict.Levels(), rule.Level) {
			return fmt.Errorf("rule %s: unknown level %q", rule.ID, rule.Level)
		}
		var specs []verdict.Verdict
		for _, s := range rule.Specs {
			specs = append(specs, s.Verdict)
		}
		if rule.Reason != "" {
			specs = append(specs, verdict.CouldNotRun)
		}
		if want := rule.Deviation.Of(verdict.OfRule(specs)); rule.Verdict != want {
			return fmt.Errorf("rule %s: verdict %q, its specs say %q", rule.ID, rule.Verdict, want)
		}
		if err := rule.Deviation.Check(specs); err != nil {
			return fmt.Errorf("rule %s: %w", rule.ID, err)
		}
		counts.Add(rule.Level, rule.Verdict)
	}
	for _, l := range verdict.Levels() {
		for _, v := range verdict.All() {
			if r.Counts[l][v] != counts[l][v] {
				return fmt.Errorf("counts say %d for %s %s, the rules %d", r.Counts[l][v], l, v, counts[l][v])
			}
		}
	}
	// A run that was interrupted is incomplete whatever its rules say.
	if exit := exitCode(counts, r.ListFaults); r.ExitCode != exit && r.ExitCode != verdict.ExitIncomplete {
		return fmt.Errorf("exit code %d, the rules say %d", r.ExitCode, exit)
	}
	if r.Verdict != conclusion(r.ExitCode) {
		return fmt.Errorf("verdict %q with exit code %d", r.Verdict, r.ExitCode)
	}
	return nil
}

// exitCode is the exit code of a run with these counts and this list. What is
// known of a target must be true, or it covers what nobody knows.
func exitCode(counts verdict.Counts, listFaults []string) int {
	if len(listFaults) > 0 {
		return verdict.ExitNotConformant
	}
	return counts.Exit()
}

func conclusion(exit int) Conclusion {
	switch exit {
	case verdict.ExitConformant:
		return Conformant
	case verdict.ExitNotConformant:
		return NotConformant
	}
	return Incomplete
}

// Interrupted returns r as the report of a run that was cut short: whatever its
// rules say, it is incomplete.
func (r Report) Interrupted() Report {
	r.ExitCode = verdict.ExitIncomplete
	r.Verdict = conclusion(r.ExitCode)
	return r
}
