package vocabulary

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/onsi/gomega/matchers"
	"github.com/onsi/gomega/types"

	"github.com/kpspec/kpspec/harness/evidence"
	"github.com/kpspec/kpspec/harness/report"
)

// difference is why something is not as expected: in one sentence, and place by
// place where it can be told so.
type difference struct {
	sentence string
	at       []report.Mismatch
}

func (d *difference) Error() string { return d.sentence }

// differs is a difference at these places.
func differs(sentence string, at ...report.Mismatch) error { return &difference{sentence, at} }

// at is one place that is not as expected. Values are shown as [shown] does.
func at(path string, expected, got any) report.Mismatch {
	return report.Mismatch{Path: path, Expected: shown(expected), Got: shown(got)}
}

// unlike is at for two values that should be the same, and nothing where they are.
func unlike(path string, expected, got any) []report.Mismatch {
	m := at(path, expected, got)
	if m.Expected == m.Got {
		return nil
	}
	return []report.Mismatch{m}
}

// nothing is what stands for a value that is not there.
const nothing = "nothing"

// shortKey is a public key with the middle of its base64 text left out; anything
// else is itself.
func shortKey(line string) string {
	const end = 20
	fields := strings.Fields(line)
	if len(fields) < 2 || len(fields[1]) < 3*end || !strings.HasPrefix(fields[1], "AAAA") {
		return line
	}
	key := fields[1]
	fields[1] = key[:end] + fmt.Sprintf("...(%d characters)...", len(key)) + key[len(key)-end:]
	return strings.Join(fields, " ")
}

// shown is a value for a table of differences: redacted, and on one line.
func shown(v any) string {
	s := ""
	switch v := v.(type) {
	case nil:
		return nothing
	case string:
		s = v
	case error:
		s = v.Error()
	case fmt.Stringer:
		s = v.String()
	case []string:
		list, err := json.Marshal(v)
		if err != nil {
			return fmt.Sprintf("%q", v) // a list of texts always has a JSON form
		}
		s = string(list)
	default:
		s = fmt.Sprint(v)
	}
	if s = evidence.Value(s); strings.TrimSpace(s) == "" {
		return fmt.Sprintf("%q", s)
	}
	return s
}

// expectation is a matcher that can tell differences. check returns why it does
// not hold, an error that may be a [difference].
type expectation[T any] struct {
	what  string // that something shall be or do, after "expected it to"
	check func(T) error

	why error // of the last Match
}

// matcher makes a Gomega matcher of a check that returns why it does not hold.
func matcher[T any](what string, check func(T) error) types.GomegaMatcher {
	return &expectation[T]{what: what, check: check}
}

func (e *expectation[T]) Match(actual any) (bool, error) {
	v, ok := actual.(T)
	if !ok && actual != nil {
		return false, fmt.Errorf("expected it to %s, but it is a %T", e.what, actual)
	}
	e.why = e.check(v)
	return e.why == nil, nil
}

// FailureMessage is one sentence.
func (e *expectation[T]) FailureMessage(any) string {
	return fmt.Sprintf("expected it to %s: %v", e.what, e.why)
}

func (e *expectation[T]) NegatedFailureMessage(any) string {
	return "expected it not to " + e.what
}

// told are the differences that the last Match has found.
func (e *expectation[T]) told() []report.Mismatch {
	if d, ok := errors.AsType[*difference](e.why); ok {
		return d.at
	}
	return nil
}

// teller is a matcher that can tell differences.
type teller interface{ told() []report.Mismatch }

// differences are the places at which actual is not as the matcher that has just
// failed on it wants it; none where it is not about places. what is what the
// assertion calls the value, negated that the matcher was not to hold.
func differences(m types.GomegaMatcher, actual any, what string, negated bool) []report.Mismatch {
	if t, ok := m.(teller); ok {
		return t.told() // none where it holds and should not
	}
	want, known := wanted(m)
	if !known {
		return nil
	}
	if negated {
		want = "not " + want
	}
	if what == "" {
		what = "value"
	}
	return []report.Mismatch{{Path: what, Expected: want, Got: shown(actual)}}
}

// wanted says what one of Gomega's own matchers wants; false for one that is
// used nowhere here.
func wanted(m types.GomegaMatcher) (string, bool) {
	switch m := m.(type) {
	case *matchers.EqualMatcher:
		return shown(m.Expected), true
	case *matchers.BeEquivalentToMatcher:
		return shown(m.Expected), true
	case *matchers.BeNumericallyMatcher:
		if len(m.CompareTo) == 1 {
			return fmt.Sprintf("%s %v", m.Comparator, m.CompareTo[0]), true
		}
	case *matchers.BeTrueMatcher:
		return "true", true
	case *matchers.BeFalseMatcher:
		return "false", true
	case *matchers.BeEmptyMatcher:
		return "empty", true
	case *matchers.BeNilMatcher:
		return nothing, true
	case *matchers.MatchRegexpMatcher:
		return "a text like " + m.Regexp, true
	case *matchers.AssignableToTypeOfMatcher:
		return fmt.Sprintf("of type %T", m.Expected), true
	case *matchers.BeElementOfMatcher:
		return "one of " + shown(m.Elements), true
	case *matchers.ConsistOfMatcher:
		return shown(m.Elements), true
	case *matchers.OrMatcher:
		return joined(m.Matchers, " or ")
	case *matchers.AndMatcher:
		return joined(m.Matchers, " and ")
	case *matchers.NotMatcher:
		if want, known := wanted(m.Matcher); known {
			return "not " + want, true
		}
	}
	return "", false
}

func joined(all []types.GomegaMatcher, by string) (string, bool) {
	var words []string
	for _, m := range all {
		want, known := wanted(m)
		if !known {
			return "", false
		}
		words = append(words, want)
	}
	return strings.Join(slices.Compact(words), by), len(words) > 0
}
