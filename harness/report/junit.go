package report

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2/reporters"

	"github.com/kpspec/kpspec/harness/verdict"
)

// The elements of a JUnit file. Ginkgo's types are used as far as they go: those
// it has for suites and cases write attributes (disabled, status) and properties
// of cases that neither the schema of Ant nor the one of Jenkins allows.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}

	junitSuite struct {
		Name       string                    `xml:"name,attr"`
		Package    string                    `xml:"package,attr"`
		ID         int                       `xml:"id,attr"`
		Hostname   string                    `xml:"hostname,attr"`
		Timestamp  string                    `xml:"timestamp,attr"`
		Tests      int                       `xml:"tests,attr"`
		Failures   int                       `xml:"failures,attr"`
		Errors     int                       `xml:"errors,attr"`
		Skipped    int                       `xml:"skipped,attr"`
		Time       seconds                   `xml:"time,attr"`
		Properties reporters.JUnitProperties `xml:"properties"`
		Cases      []junitCase               `xml:"testcase"`
		Out        string                    `xml:"system-out"`
		Err        string                    `xml:"system-err"`
	}

	junitCase struct {
		Name      string                  `xml:"name,attr"`
		Classname string                  `xml:"classname,attr"`
		Time      seconds                 `xml:"time,attr"`
		Skipped   *reporters.JUnitSkipped `xml:"skipped,omitempty"`
		Error     *reporters.JUnitError   `xml:"error,omitempty"`
		Failure   *reporters.JUnitFailure `xml:"failure,omitempty"`
	}
)

// seconds is a time as the schemas want it: at most three decimals, no exponent.
type seconds float64

func (s seconds) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%.3f", float64(s)), nil }

// JUnit writes r for a CI server: a suite for each operation, a case for each rule
// and spec. A suite "kpspec run" goes before them, whose cases say whether the run
// came to its end, so that the file has a failure or an error exactly if the exit
// code is not 0. Failed is a failure, could-not-run an error; a deviation, what is
// not applicable and what is not covered are skipped with the reason. A warning
// passes, for JUnit knows none, and is a property of its suite.
func JUnit(w io.Writer, r Report) error {
	all := junitSuites{Suites: []junitSuite{r.junitRun()}}
	at := map[string]int{}
	for _, rule := range r.Rules {
		name := operationText(rule)
		if _, known := at[name]; !known {
			at[name] = len(all.Suites)
			all.Suites = append(all.Suites, junitSuite{Name: clean(name)})
		}
		all.Suites[at[name]].rule(rule)
	}
	if len(r.NotCovered) > 0 {
		uncovered := junitSuite{Name: "not covered"}
		for _, n := range r.NotCovered {
			uncovered.Cases = append(uncovered.Cases, junitCase{
				Classname: clean(n.ID), Name: "not covered", Skipped: &reporters.JUnitSkipped{Message: clean(n.Reason)},
			})
		}
		all.Suites = append(all.Suites, uncovered)
	}
	for i := range all.Suites {
		all.Suites[i].close(i, r)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// junitRun is the suite about the run itself.
func (r Report) junitRun() junitSuite {
	s := junitSuite{Name: "kpspec run"}
	strict := "no"
	if r.Strict {
		strict = "yes"
	}
	s.property("verdict", r.Verdict.words()+": "+r.said())
	s.property("target", targetText(r.Target))
	s.property("edition", string(r.Edition))
	s.property("strict", strict)
	s.property("kpspec", r.Tool.Version)
	if r.Limits != nil {
		s.property("limits", r.Limits.String())
	}
	if r.Weather != nil {
		s.property("weather", r.Weather.String())
	}
	for _, l := range verdict.Levels() {
		for _, v := range verdict.All() {
			s.property(fmt.Sprintf("%s %s", l, v), fmt.Sprint(r.Counts[l][v]))
		}
	}
	s.property("not covered", fmt.Sprint(len(r.NotCovered)))
	s.property("not selected", fmt.Sprint(r.NotSelected))

	end := junitCase{Classname: "kpspec", Name: "the run came to its end"}
	if r.Verdict == Incomplete {
		lines := append([]string{r.said()}, r.CleanupErrors...)
		end.Error = &reporters.JUnitError{Message: clean(r.said()), Type: string(Incomplete), Description: cleanLines(strings.Join(lines, "\n"))}
	}
	list := junitCase{Classname: "kpspec", Name: "the list of deviations is true"}
	if len(r.ListFaults) > 0 {
		list.Failure = &reporters.JUnitFailure{
			Message: "the list of deviations is out of date", Type: "deviations", Description: cleanLines(strings.Join(r.ListFaults, "\n")),
		}
	}
	s.Cases = []junitCase{end, list}
	s.Err = cleanLines(strings.Join(r.CleanupErrors, "\n"))
	s.Out = cleanLines(r.TargetLog)
	return s
}

func (s *junitSuite) property(name, value string) {
	s.Properties.Properties = append(s.Properties.Properties, reporters.JUnitProperty{Name: clean(name), Value: clean(value)})
}

func (s *junitSuite) rule(rule Rule) {
	for _, spec := range rule.Specs {
		s.Cases = append(s.Cases, s.spec(rule, spec))
	}
	if rule.Reason != "" {
		s.Cases = append(s.Cases, junitCase{
			Classname: clean(rule.ID), Name: "every spec gives a result",
			Error: &reporters.JUnitError{Message: clean(rule.Reason), Type: string(verdict.CouldNotRun), Description: clean(rule.Statement)},
		})
	}
}

func (s *junitSuite) spec(rule Rule, spec Spec) junitCase {
	c := junitCase{Classname: clean(rule.ID), Name: cmp.Or(oneLine(spec.Text), "a spec"), Time: seconds(spec.DurationMS / 1000)}
	if spec.Clause != "" {
		c.Name += fmt.Sprintf(" (%s, %s)", clean(spec.Clause), clean(string(spec.Level)))
	}
	switch spec.Verdict {
	case verdict.Failed:
		c.Failure = &reporters.JUnitFailure{Message: oneLine(spec.headline()), Type: string(spec.Level), Description: explanation(rule, spec)}
	case verdict.Warned:
		s.property("warned: "+ruleRef(rule, spec)+": "+spec.Text, oneLine(spec.headline()))
	case verdict.CouldNotRun:
		c.Error = &reporters.JUnitError{Message: oneLine(spec.headline()), Type: string(spec.Verdict), Description: explanation(rule, spec)}
	case verdict.NotApplicable:
		c.Skipped = &reporters.JUnitSkipped{Message: oneLine("not applicable: " + spec.Failure)}
	case verdict.Deviation:
		message := "known deviation"
		if d := rule.Deviation; d != nil {
			message += fmt.Sprintf(", until %s: %s", d.Expires, d.Reason)
		}
		c.Skipped = &reporters.JUnitSkipped{Message: oneLine(message)}
	}
	return c
}

// headlineLength is how many characters of a failure stand on one line.
const headlineLength = 300

// headline is what a reader sees first of a spec that is not met.
func (s Spec) headline() string {
	if len(s.Mismatches) == 0 {
		return cmp.Or(cut(oneLine(s.Failure), headlineLength), "no cause recorded")
	}
	m := s.Mismatches[0]
	return fmt.Sprintf("%s: expected %s, got %s", m.Path, m.Expected, m.Got)
}

// explanation is a spec that is not met, as text: the sentence to make true, where
// it stands, what differs, and the telling exchange.
func explanation(rule Rule, s Spec) string {
	lines := []string{rule.Statement}
	for _, d := range rule.Documents {
		lines = append(lines, "document: "+d.Title)
	}
	if s.Location != "" {
		lines = append(lines, "spec: "+s.Location)
	}
	lines = append(lines, "")
	for _, m := range s.Mismatches {
		lines = append(lines, fmt.Sprintf("%s: expected %s, got %s", m.Path, m.Expected, m.Got))
	}
	lines = append(lines, s.Failure)
	if len(s.Exchanges) > 0 {
		lines = append(lines, "", telling(rule, s).String())
	}
	return cleanLines(strings.Join(lines, "\n"))
}

// close counts the cases of a suite and gives it the attributes that all have.
func (s *junitSuite) close(id int, r Report) {
	s.ID, s.Package, s.Hostname = id, "kpspec", "localhost"
	s.Timestamp = r.Started.UTC().Truncate(time.Second).Format("2006-01-02T15:04:05")
	s.Tests = len(s.Cases)
	for _, c := range s.Cases {
		s.Time += c.Time
		switch {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
}
