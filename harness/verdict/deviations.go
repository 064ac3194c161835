package verdict

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// A List is what is known of a target before it is tested: rules that it is known
// to break, and rules that it breaks now and then. [ReadList] reads one.
//
// The two are different lists. A known deviation must fail exactly as it is
// pinned, so that a new failure cannot hide behind an old one and a rule that
// was mended leaves the list. A flaky rule may do either, so nothing can be
// pinned, and whatever it does is worth no more than a deviation.
type List struct {
	Deviations []Deviating `yaml:"deviations"`
	Flaky      []Entry     `yaml:"flaky,omitempty"`
}

// Entry is a rule on the list, and why it is there.
type Entry struct {
	Rule    string `yaml:"rule"`
	Reason  string `yaml:"reason"`         // for the reader of a report; never empty
	Link    string `yaml:"link,omitempty"` // to where it is dealt with, if anywhere
	Expires string `yaml:"expires"`        // YYYY-MM-DD, the last day (UTC) on which the entry counts
}

// Deviating is a rule that the target is known to break, and how.
type Deviating struct {
	Entry    `yaml:",inline"`
	Failures []Failure `yaml:"failures"`
}

// Failure is how one spec fails. Its text is pinned in its [Normal] form.
type Failure struct {
	Spec string `yaml:"spec"`
	Text string `yaml:"text"`
}

// Kind says which of the two lists a rule stands on.
type Kind string

// The two lists.
const (
	Known Kind = "known" // must fail, as pinned
	Flaky Kind = "flaky" // may fail
)

// Listed is what a report says of a rule that the list speaks for.
type Listed struct {
	Kind    Kind   `json:"kind"`
	Reason  string `json:"reason"`
	Link    string `json:"link,omitempty"`
	Expires string `json:"expires"`
}

// Seen is how one spec of a rule ended on a target.
type Seen struct {
	Spec    string  // its text; "" of specs that gave no result, whichever they are
	Verdict Verdict // by [OfSpec]
	Failure string
}

// dateLayout is how an expiry date is written.
const dateLayout = time.DateOnly

// Judge weighs the specs of one rule against the list, on a day. It returns their
// verdicts, in which a failure or warning that the list speaks for is a
// Deviation; what the list says of the rule, nil where it makes no difference;
// and, one line each, where the list is out of date. A run in which it is does
// not conform. What could not be run or does not apply says nothing about the
// list, and so does a rule without specs.
func (l List) Judge(rule string, specs []Seen, on time.Time) (verdicts []Verdict, listed *Listed, faults []string) {
	for _, s := range specs {
		verdicts = append(verdicts, s.Verdict)
	}
	if i := slices.IndexFunc(l.Deviations, func(d Deviating) bool { return d.Rule == rule }); i >= 0 {
		faults = l.Deviations[i].judge(specs, verdicts, on)
		if slices.Contains(verdicts, Deviation) {
			listed = l.Deviations[i].listed(Known)
		}
	}
	if i := slices.IndexFunc(l.Flaky, func(e Entry) bool { return e.Rule == rule }); i >= 0 {
		faults, listed = l.Flaky[i].judgeFlaky(verdicts, on)
	}
	for i := range faults {
		faults[i] = rule + ": " + faults[i]
	}
	return verdicts, listed, faults
}

func (e Entry) listed(k Kind) *Listed {
	return &Listed{Kind: k, Reason: e.Reason, Link: e.Link, Expires: e.Expires}
}

// expired says whether the last day of the entry is over.
func (e Entry) expired(on time.Time) bool { return on.UTC().Format(dateLayout) > e.Expires }

// judge turns the pinned failures among the verdicts into deviations.
func (d Deviating) judge(specs []Seen, verdicts []Verdict, on time.Time) (faults []string) {
	expired := false
	for i, s := range specs {
		pinned := slices.IndexFunc(d.Failures, func(f Failure) bool { return f.Spec == s.Spec })
		switch notMet := s.Verdict == Failed || s.Verdict == Warned; {
		case notMet && d.expired(on):
			expired = true
		case notMet && pinned < 0:
			faults = append(faults, fmt.Sprintf("a failure that is not listed: %q: %s", s.Spec, Normal(s.Failure)))
		case notMet && Normal(d.Failures[pinned].Text) != Normal(s.Failure):
			faults = append(faults, fmt.Sprintf("fails otherwise than listed: %q: listed is %q, but now it is %q",
				s.Spec, Normal(d.Failures[pinned].Text), Normal(s.Failure)))
		case notMet:
			verdicts[i] = Deviation
		case pinned >= 0 && (s.Verdict == Passed || s.Verdict == Observed):
			faults = append(faults, fmt.Sprintf("listed, but no longer broken: %q; take it off the list", s.Spec))
		}
	}
	if expired {
		faults = append(faults, overdue(d.Entry))
	}
	for _, f := range d.Failures {
		if len(specs) > 0 && !slices.ContainsFunc(specs, func(s Seen) bool { return s.Spec == f.Spec || s.Spec == "" }) {
			faults = append(faults, fmt.Sprintf("listed, but the rule has no such spec: %q; take it off the list", f.Spec))
		}
	}
	return faults
}

// judgeFlaky turns whatever is not met into a deviation. That what is met counts
// for no more is up to [Listed.Of].
func (e Entry) judgeFlaky(verdicts []Verdict, on time.Time) (faults []string, listed *Listed) {
	tried := false
	for i, v := range verdicts {
		switch v {
		case Failed, Warned:
			tried = true
			if !e.expired(on) {
				verdicts[i] = Deviation
			}
		case Passed:
			tried = true
		}
	}
	switch {
	case !tried:
		return nil, nil
	case e.expired(on):
		return []string{overdue(e)}, nil
	}
	return nil, e.listed(Flaky)
}

func overdue(e Entry) string {
	return fmt.Sprintf("listed until %s, which is over; mend it, or decide anew and give a later date", e.Expires)
}

// Of is the verdict of a rule of which the list says l, if anything, and whose
// specs come to v by [OfRule]: a flaky rule never counts as passed.
func (l *Listed) Of(v Verdict) Verdict {
	if l != nil && l.Kind == Flaky && v == Passed {
		return Deviation
	}
	return v
}

// Check says what is wrong with l beside a rule whose specs have these verdicts.
func (l *Listed) Check(specs []Verdict) error {
	deviates := slices.Contains(specs, Deviation)
	switch {
	case l == nil && deviates:
		return errors.New("a spec is a deviation, but nothing says that it is listed")
	case l == nil:
		return nil
	case l.Kind != Known && l.Kind != Flaky:
		return fmt.Errorf("listed as %q, which is not known", l.Kind)
	case !deviates && (l.Kind == Known || !slices.Contains(specs, Passed)):
		return errors.New("listed, but none of its specs is a deviation")
	}
	return Entry{Rule: "what is listed", Reason: l.Reason, Link: l.Link, Expires: l.Expires}.check()
}
