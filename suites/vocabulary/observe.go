package vocabulary

import (
	"fmt"
	"regexp"

	. "github.com/onsi/ginkgo/v2"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/wire"
)

// Fact is what an observation may say, so that two of them can be compared.
type Fact interface {
	bool | string | int | []string
}

// Observe writes down a fact about the target where the documents leave it open.
// The name is that of no other fact of the rule, and neither name nor value has
// anything of this run in it: two runs against the same target write the same.
// It may stand before an assertion, so that the fact is there either way.
func Observe[F Fact](name string, value F) {
	if labelled(catalogue.Observe) {
		asserted.Add(1) // such a rule asks for nothing else
	}
	if a := current.Load(); a != nil {
		a.note()
	}
	AddReportEntry(ObservationEntry, report.Observation{Name: name, Value: value}, ReportEntryVisibilityNever)
}

// ObserveAnswer writes down whether the target accepts what was sent, and if it
// does not, by which status and code.
func ObserveAnswer(what string, a *wire.Answer) {
	accepted := a.Status >= 200 && a.Status <= 299
	Observe("accepts "+what, accepted)
	if !accepted {
		Observe("refuses "+what+" with", Told(a))
	}
}

// FingerprintForm is how a fingerprint is printed: with "colons" or "plain", as
// lower-case octets, else "other".
func FingerprintForm(printed string) string {
	for form, pattern := range map[string]*regexp.Regexp{"colons": withColons, "plain": withoutColons} {
		if pattern.MatchString(printed) {
			return form
		}
	}
	return "other"
}

var (
	withColons    = regexp.MustCompile(`^([0-9a-f]{2}:){15}[0-9a-f]{2}$`)
	withoutColons = regexp.MustCompile(`^[0-9a-f]{32}$`)
)

// Told is the status of an answer and, of a refusal, its code.
func Told(a *wire.Answer) string {
	refusal, err := a.Refusal()
	if err != nil {
		return fmt.Sprint(a.Status)
	}
	return fmt.Sprintf("%d %s", refusal.Status, refusal.Code)
}
