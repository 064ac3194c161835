package vocabulary

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"
	"github.com/onsi/gomega"
	gomegatypes "github.com/onsi/gomega/types"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/evidence"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/verdict"
	"github.com/kpspec/kpspec/harness/wire"
)

// The names of the report entries by which a spec tells what came of it. They
// travel in Ginkgo's own report, also between parallel processes.
const (
	OutcomeEntry     = "outcome"     // an [Outcome]
	ObservationEntry = "observation" // a report.Observation
	ExchangesEntry   = "exchanges"   // a slice of evidence.Exchange
	CleanupEntry     = "cleanup"     // a [Leftover]
	AgainEntry       = "again"       // what a spec met for which it runs again: what it has told before does not count
	WeatherEntry     = "weather"     // a [patience.Met], of the spec
	BetweenEntry     = "between"     // a [patience.Met], of what the run did before the spec, or behind the last one
)

// Outcome is how a spec ended when it did not simply run to its end.
type Outcome struct {
	Outcome    verdict.Outcome
	Message    string
	Location   string            // file:line of the assertion, relative to the module
	Mismatches []report.Mismatch // where what came is not as it should be, as far as the assertion can tell
}

// String is what Ginkgo's own console shows of an outcome.
func (o Outcome) String() string {
	return fmt.Sprintf("%s: %s (%s)", o.Outcome, o.Message, o.Location)
}

// stop leaves a spec whose outcome is written down and that Ginkgo must not
// count as failed: a SHOULD that is not met warns, it does not fail; and what has met
// bad weather may run again.
type stop struct{}

// Watch is told of every assertion of a run: where it stands, as file:line of the
// spec, and whether it is about the rule ([Expect]) or something that the spec
// stands on ([Given]). Failed are those that did not hold; Made is all of them,
// nil where nobody wants to know.
type Watch struct {
	Made   func(where string, ofRule bool)
	Failed func(where string)
}

// The specs of a process are of one run, so what that run wants of its assertions
// stands here.
var (
	watch atomic.Pointer[Watch] // nil: nothing
	bare  atomic.Bool           // see Options
)

// asserted counts what the specs of this process, which Ginkgo runs one at a
// time, have asserted of their rules: each Expect. What a spec stands on, each
// Given, does not count. It exists so that a spec which asserts nothing of its
// rule is an error.
var asserted atomic.Int64

// Assertion is a Gomega assertion that is counted where it is about the rule.
type Assertion struct {
	actual  any
	outcome verdict.Outcome // of a spec where it does not hold
	count   int64
}

// To asserts that the matcher holds.
func (a Assertion) To(m gomegatypes.GomegaMatcher, description ...any) bool {
	a.made()
	return a.by(m, false, description).To(m, description...)
}

// NotTo asserts that the matcher does not hold.
func (a Assertion) NotTo(m gomegatypes.GomegaMatcher, description ...any) bool {
	a.made()
	return a.by(m, true, description).NotTo(m, description...)
}

// made counts the assertion, which the caller's caller makes.
func (a Assertion) made() {
	asserted.Add(a.count)
	if w := watch.Load(); w != nil && w.Made != nil {
		w.Made(Relative(types.NewCodeLocation(2)), a.count > 0)
	}
}

// Expect asserts what the rule demands.
func Expect(actual any) Assertion { return Assertion{actual, verdict.NotMet, 1} }

// Given asserts what a spec stands on but is not about. Where it does not
// hold the rule could not be tried.
func Given(actual any) Assertion { return Assertion{actual, verdict.Undone, 0} }

// by is the Gomega assertion of this one, which tells the differences that the
// matcher finds when it fails.
func (a Assertion) by(m gomegatypes.GomegaMatcher, negated bool, description []any) gomega.Assertion {
	fail := func(message string, skip ...int) {
		up := 0
		if len(skip) > 0 {
			up += skip[0]
		}
		finish(a.outcome, message, up+1, differences(m, a.actual, named(description), negated)...)
	}
	return gomega.NewGomega(fail).ExpectWithOffset(1, a.actual)
}

// named is what the description of an assertion calls the value.
func named(description []any) string {
	if len(description) == 0 {
		return ""
	}
	if format, ok := description[0].(string); ok {
		return fmt.Sprintf(format, description[1:]...)
	}
	return ""
}

// undone ends the spec because the rule could not be tried.
func undone(format string, args ...any) {
	GinkgoHelper()
	finish(verdict.Undone, fmt.Sprintf(format, args...), 1)
}

// NotApplicable ends the spec because the target declares that it lacks what
// the rule needs; reason says what.
func NotApplicable(reason string) {
	GinkgoHelper()
	AddReportEntry(OutcomeEntry, Outcome{Outcome: verdict.NotApplicableHere, Message: reason}, ReportEntryVisibilityNever)
	if bare.Load() || !settled() {
		panic(stop{})
	}
	Skip(reason)
}

// finish writes the outcome down and leaves the spec. Only what makes a MUST
// fail, or leaves a rule untried, fails the spec in Ginkgo's own eyes too.
func finish(outcome verdict.Outcome, message string, up int, differences ...report.Mismatch) {
	where := types.NewCodeLocation(up + 1)
	counts := settled()
	if w := watch.Load(); w != nil && counts {
		w.Failed(Relative(where))
	}
	visible := ReportEntryVisibilityNever
	soft := outcome == verdict.NotMet && !labelled(catalogue.Must)
	if soft && !bare.Load() && labelled(catalogue.Should) {
		visible = ReportEntryVisibilityAlways
	}
	AddReportEntry(OutcomeEntry, Outcome{outcome, message, Relative(where), differences}, visible, where)
	if soft || bare.Load() || !counts {
		panic(stop{})
	}
	Fail(message, up+1)
}

// labelled reports whether the spec that runs now is about a rule of level l.
func labelled(l catalogue.Level) bool {
	return slices.Contains(CurrentSpecReport().Labels(), string(l))
}

// Relative is a code location as a reader of the repository writes it.
func Relative(where types.CodeLocation) string {
	file := where.FileName
	if i := strings.LastIndex(file, "/suites/"); i >= 0 {
		file = file[i+1:]
	}
	return fmt.Sprintf("%s:%d", file, where.LineNumber)
}

// Knows reports whether a rule holds in the edition of the run. Specs of a rule
// that does not are not built.
func (k *Kit) Knows(id string) bool {
	rule, known := k.catalogue.Rule(id)
	return known && rule.InEdition(k.Edition)
}

// Rule is the decorator of a spec: ref is a rule id, or a rule id and a clause
// key joined by a dot. An unknown reference stops the building of the tree.
func (k *Kit) Rule(ref string) []any {
	rule, clause, err := k.catalogue.Resolve(ref)
	if err != nil {
		panic(fmt.Sprintf("a spec is about %s, which is not in the catalogue: %v", ref, err))
	}
	if !rule.InEdition(k.Edition) {
		panic(fmt.Sprintf("a spec is about %s, which does not hold in edition %s", ref, k.Edition))
	}
	k.builds(rule.ID)
	level := rule.LevelIn(k.Edition)
	if clause != nil {
		level = clause.LevelIn(k.Edition)
	}
	return []any{
		Label(rule.ID, ref, string(level)),
		AroundNode(func(ctx context.Context, body func(context.Context)) {
			k.judge(wire.WithRule(ctx, ref), rule.Product, func(ctx context.Context) {
				k.needProduct(rule.Product)
				body(ctx)
			})
		}),
	}
}

// needProduct ends a spec about a product that the target does not have.
func (k *Kit) needProduct(product string) {
	if product == "ECS" && k.ECS == nil || product == "SWAS" && k.SWAS == nil {
		NotApplicable("the target has no address for " + product)
	}
}

// judge runs one spec: it starts a fresh record of what goes over the wire,
// sees to it that everything made is removed afterwards, keeps the record when
// the spec ends badly, and does not let a spec pass that has asserted nothing.
func (k *Kit) judge(ctx context.Context, product string, body func(context.Context)) {
	if k.begin != nil && !k.begin(ctx, specOf(CurrentSpecReport(), product)) {
		return // whoever said no knows what to make of it
	}
	if k.end != nil {
		defer k.end()
	}
	if k.over() {
		undone(interrupted)
	}
	if k.patience.Gone() {
		undone(silenced)
	}
	if err := k.Place.Gate.Spent(); err != nil {
		undone("%v", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // ends with the spec
		select {
		case <-k.done:
			cancel()
		case <-ctx.Done():
		}
	}()
	k.fresh()
	k.tellWeather(BetweenEntry)
	defer func() {
		r := recover()
		after, end := k.afterwards(ctx)
		defer end()
		if r != nil {
			exchanges := k.taken() // before anything else is sent
			if cause := k.obstacle(after); cause != "" {
				AddReportEntry(OutcomeEntry, Outcome{Outcome: verdict.Undone, Message: cause}, ReportEntryVisibilityNever)
				exchanges = append(exchanges, k.taken()...)
			}
			if !bare.Load() {
				AddReportEntry(ExchangesEntry, exchanges, ReportEntryVisibilityNever)
				for _, exchange := range exchanges {
					fmt.Fprintln(GinkgoWriter, exchange)
				}
			}
		}
		k.remove(after, &k.ledger)
		k.tellWeather(WeatherEntry)
		if _, soft := r.(stop); r != nil && !soft {
			panic(r)
		}
	}()
	before := asserted.Load()
	body(context.WithValue(ctx, kitKey{}, k))
	if asserted.Load() == before {
		undone("this spec asserts nothing of its rule")
	}
}

// tellWeather writes down the bad weather that was met since the last time.
func (k *Kit) tellWeather(entry string) {
	if met := k.patience.Lately(); !met.Nothing() {
		AddReportEntry(entry, met, ReportEntryVisibilityNever)
	}
}

// fresh forgets what belongs to the spec, or the attempt, that ran before.
func (k *Kit) fresh() {
	k.recorder.Begin()
	k.filling.Store(false)
	k.turnedAway.Clear()
}

// taken is the record of what went over the wire since the last look, where
// anybody reads it.
func (k *Kit) taken() []evidence.Exchange {
	if bare.Load() {
		return nil
	}
	return k.recorder.Take()
}
