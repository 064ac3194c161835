package vocabulary

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"

	"github.com/kpspec/kpspec/harness/ledger"
	"github.com/kpspec/kpspec/harness/patience"
)

// A spec that met bad weather which no repeated request could make good runs again
// from its beginning. Ginkgo has nothing for that, so the functions of the specs are
// wrapped as the tree is built: only there a spec's own part can run twice.
func init() {
	AddTreeConstructionNodeArgsTransformer(func(node types.NodeType, _ Offset, text string, args []any) (string, []any, []error) {
		decorated := func(arg any) bool { _, around := arg.(types.AroundNodeDecorator); return around }
		if node != types.NodeTypeIt || !slices.ContainsFunc(args, decorated) {
			return text, args, nil // it cannot be a spec of a kit
		}
		for i, arg := range args {
			switch body := arg.(type) {
			case func(SpecContext):
				args[i] = inAttempts(body)
			case func():
				args[i] = inAttempts(func(SpecContext) { body() })
			}
		}
		return text, args, nil
	})
}

// inAttempts is the body of a spec as it runs in attempts, where a kit says so.
func inAttempts(body func(SpecContext)) func(SpecContext) {
	return func(ctx SpecContext) {
		if k, ours := ctx.Value(kitKey{}).(*Kit); ours {
			k.attempts(ctx, func() { body(ctx) })
			return
		}
		body(ctx)
	}
}

// kitKey finds in the context of a spec the kit whose it is.
type kitKey struct{}

// attempt is one run of a spec's body.
type attempt struct {
	patience *patience.Patience
	held     map[ledger.Entry]bool // by the stocks when it began

	mu       sync.Mutex
	lost     string                // what was met that could not be made good; "" = nothing
	doubt    string                // what was met that may have changed something all the same
	refused  bool                  // a request was refused that was sent again after that
	observed bool                  // facts were written down
	kept     map[ledger.Entry]bool // what was handed over to a stock
}

// current is the attempt that is under way. Ginkgo runs one spec at a time.
var current atomic.Pointer[attempt]

// unsettled says what an attempt that did not end well met, so that its end says nothing yet; "" = nothing.
func (a *attempt) unsettled() string {
	if a == nil || a.patience.Limits().Retry == 0 {
		return ""
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.lost != "":
		return a.lost
	case a.doubt != "":
		return a.doubt
	case a.patience.Hasty():
		return "changes that show late"
	}
	return ""
}

// unsure says the same of an attempt that did: a fact about a refusal may be one about the weather, and what should not be
// there may not have shown yet.
func (a *attempt) unsure() string {
	if a.patience.Limits().Retry == 0 {
		return ""
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.refused && a.observed:
		return a.doubt
	case a.patience.Hasty():
		return "changes that show late"
	}
	return ""
}

// attempts runs the body of a spec until the weather lets it come to an end, or is
// given up.
func (k *Kit) attempts(ctx context.Context, body func()) {
	defer current.Store(nil)
	for tries := 1; ; tries++ {
		a := &attempt{patience: k.patience, kept: map[ledger.Entry]bool{}}
		if k.patience.Limits().Retry > 0 {
			a.held = k.stocks.held()
		}
		current.Store(a)
		k.patience.Begin()
		r := try(body)
		what := a.unsure()
		if r != nil {
			what = a.unsettled()
		}
		if _, told := r.(types.GinkgoError); told || what == "" {
			if r != nil {
				panic(r)
			}
			if tries > 1 {
				k.patience.Recovered()
			}
			return
		}
		exchanges := k.taken()
		k.undo(ctx, a)
		k.fresh()
		if cause := k.nomore(ctx, what, tries); cause != "" {
			if !bare.Load() {
				AddReportEntry(ExchangesEntry, exchanges, ReportEntryVisibilityNever)
			}
			current.Store(nil) // nothing is held back from Ginkgo any more
			undone("%s", cause)
		}
		AddReportEntry(AgainEntry, what, ReportEntryVisibilityNever)
	}
}

// nomore says why a spec that met weather does not run again; "": it does.
func (k *Kit) nomore(ctx context.Context, what string, tries int) string {
	switch err := k.Place.Gate.Spent(); {
	case k.over():
		return interrupted
	case k.patience.Gone():
		return silenced
	case err != nil:
		return err.Error()
	case k.patience.Again(ctx, tries):
		return ""
	case k.over():
		return interrupted
	}
	return fmt.Sprintf("met %s in %s", what, times(tries, "attempt"))
}

// times counts tries and attempts.
func times(n int, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case what == "try":
		return fmt.Sprintf("%d tries", n)
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// try runs the body once. It returns what the body panicked with.
func try(body func()) (r any) {
	defer func() { r = recover() }()
	body()
	return nil
}

// undo removes what an attempt has made: what is its own, and what it has added to a
// stock that other specs share.
func (k *Kit) undo(ctx context.Context, a *attempt) {
	ctx, end := k.afterwards(ctx)
	defer end()
	k.remove(ctx, &k.ledger)
	for _, l := range k.stocks.ledgers() {
		var added []ledger.Entry
		for _, e := range l.Open() {
			if !a.held[e] && !a.kept[e] {
				added = append(added, e)
			}
		}
		k.removeFrom(ctx, l, added)
	}
}

// met notes what the weather has done to a request that changes something.
func met(reply patience.Reply) {
	a := current.Load()
	if a == nil || reply.What == "" {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if reply.Kind == patience.Fair {
		a.doubt = reply.What
		a.refused = a.refused || reply.Status >= 400
	} else {
		a.lost = reply.What
	}
}

// doubt notes that something may have been done of which nobody was told.
func doubt(what string) {
	if a := current.Load(); a != nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.doubt = what
	}
}

// keeps notes that an attempt has handed something over to a stock, where it may stay whatever becomes of the attempt.
func keeps(e ledger.Entry) {
	if a := current.Load(); a != nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.kept[e] = true
	}
}

// note notes that a fact was written down.
func (a *attempt) note() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.observed = true
}

// settled reports whether the end of a spec counts. Else Ginkgo is not told of it: the spec runs again.
func settled() bool { return current.Load().unsettled() == "" }

// atOnce is set while requests are to come at the same time: one that is sent again would come late.
var atOnce atomic.Bool
