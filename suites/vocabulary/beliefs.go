package vocabulary

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/kpspec/kpspec/harness/ledger"
	"github.com/kpspec/kpspec/harness/patience"
	"github.com/kpspec/kpspec/harness/wire"
)

// beliefs are what a run has changed on its target a short while ago, as the answers
// tell it. A list that contradicts them may lag behind: it is read again, see
// [patience.Patience.Await].
type beliefs struct {
	limit time.Duration // after which a change must show; it is forgotten some time later

	mu      sync.Mutex
	pairs   map[ledger.Entry]belief  // key pairs, by entries without a server
	servers map[ledger.Entry]binding // by entries without a name
	names   map[string]touch         // in any region and account
	changed map[string]time.Time     // product → when something may have changed there
	tokens  map[string]bool          // that were sent: one that comes again may change nothing
}

// belief is whether a key pair is there, since a time.
type belief struct {
	there bool
	since time.Time
}

// binding is what is bound to a server since a time; "" is nothing.
type binding struct {
	name  string
	since time.Time
}

// touch is when a name was in a request that may have changed something.
type touch struct {
	last time.Time
	made bool // by that request, the only one
}

func newBeliefs(limit time.Duration) *beliefs {
	return &beliefs{limit: limit, pairs: map[ledger.Entry]belief{}, servers: map[ledger.Entry]binding{}, names: map[string]touch{},
		changed: map[string]time.Time{}, tokens: map[string]bool{}}
}

// changed notes what a request has changed, as far as its answer tells.
func (a *actor) changed(call wire.Call, reply patience.Reply) {
	b := a.kit.beliefs
	if b.limit == 0 || patience.Reads(call) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.forget(now)
	b.changed[a.product] = now
	name, token := call.Value("KeyPairName"), call.Value("ClientToken")
	done := reply.Kind == patience.Fair && reply.Status >= 200 && reply.Status < 300 && !(token != "" && b.tokens[token])
	if token != "" {
		b.tokens[token] = true
	}
	pair := a.entry(call.Value("RegionId"), name)
	if name == "" {
		return
	}
	_, before := b.names[name]
	b.names[name] = touch{now, done && !before && makesPairs(call.Action)}
	switch {
	case makesPairs(call.Action) && done:
		b.pairs[pair] = belief{true, now}
	case makesPairs(call.Action):
		if was, known := b.pairs[pair]; known && reply.Kind == patience.Fair && token == "" {
			b.pairs[pair] = belief{was.there, now}
		} else {
			delete(b.pairs, pair)
		}
	default: // it binds, or takes off
		for _, server := range attached(call) {
			at := ledger.Entry{Product: a.product, Account: a.account.ID, Region: pair.Region, Server: server}
			delete(b.servers, at)
			if done && call.Action == "AttachKeyPair" && allBound(reply.Answer) {
				b.servers[at] = binding{name, now}
			} else if done && call.Action == "DetachKeyPair" {
				b.servers[at] = binding{"", now}
			}
		}
	}
}

// allBound reports whether the answer to a binding tells of no failure.
func allBound(answer *wire.Answer) bool {
	body, err := answer.Object()
	return err == nil && text(body["FailCount"]) == "0"
}

// going notes that key pairs are about to be deleted: until the answer comes, nobody knows.
func (a *actor) going(region string, names ...string) {
	b := a.kit.beliefs
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, name := range names {
		delete(b.pairs, a.entry(region, name))
		if b.limit > 0 {
			b.names[name] = touch{last: time.Now()}
		}
	}
}

// gone notes that key pairs were deleted.
func (a *actor) gone(region string, names ...string) {
	b := a.kit.beliefs
	if b.limit == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.changed[a.product] = now
	for _, name := range names {
		pair := a.entry(region, name)
		b.pairs[pair] = belief{false, now}
		b.names[name] = touch{last: now}
		maps.DeleteFunc(b.servers, func(at ledger.Entry, bound binding) bool {
			return at.Product == pair.Product && at.Account == pair.Account && at.Region == pair.Region && bound.name == name
		})
	}
}

// forget drops what must show by now. The lock is held.
func (b *beliefs) forget(now time.Time) {
	old := func(since time.Time) bool { return now.Sub(since) > 2*b.limit }
	maps.DeleteFunc(b.pairs, func(_ ledger.Entry, p belief) bool { return old(p.since) })
	maps.DeleteFunc(b.servers, func(_ ledger.Entry, s binding) bool { return old(s.since) })
	maps.DeleteFunc(b.names, func(_ string, t touch) bool { return old(t.last) })
}

// wide reports whether filters let through more than one name, and name is that one.
func wide(filters []wire.Param) (name string, all, others bool) {
	all = true
	for _, f := range filters {
		if f.Name == "KeyPairName" {
			name, all = f.Value, false
		} else {
			others = true
		}
	}
	return name, all, others
}

// quiet is when what a list shows was changed last, and whether it matters: of one name that the run has just made, and no
// other filter may hide, it is enough to wait until it shows.
func (a *actor) quiet(filters []wire.Param) (time.Time, bool) {
	b := a.kit.beliefs
	b.mu.Lock()
	defer b.mu.Unlock()
	name, all, others := wide(filters)
	if all {
		last, ever := b.changed[a.product]
		return last, ever
	}
	t, ever := b.names[name]
	return t.last, ever && (others || !t.made)
}

// doubts are what a list contradicts, and when the newest of it was changed.
func (a *actor) doubts(region string, filters []wire.Param, listed []Pair) (pairs, servers []ledger.Entry, changed time.Time) {
	b := a.kit.beliefs
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.forget(now)
	name, all, others := wide(filters)
	here := func(e ledger.Entry) bool {
		return e.Product == a.product && e.Account == a.account.ID && e.Region == region
	}
	there := map[string]Pair{}
	for _, p := range listed {
		there[p.Name] = p
	}
	late := func(since time.Time) {
		if since.After(changed) {
			changed = since
		}
	}
	for e, p := range b.pairs {
		_, shown := there[e.Name]
		if here(e) && (all || e.Name == name) && shown != p.there && (shown || !others) {
			pairs = append(pairs, e)
			late(p.since)
		}
	}
	ours := a.kit.Apart(listed) // others may have bound a server since
	for e, bound := range b.servers {
		if !here(e) {
			continue
		}
		for _, p := range ours {
			if slices.Contains(p.Servers, e.Server) != (p.Name == bound.name) {
				servers = append(servers, e)
				late(bound.since)
				break
			}
		}
	}
	return pairs, servers, changed
}

// accept takes a list for the truth that contradicts what was believed.
func (b *beliefs) accept(pairs, servers []ledger.Entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range pairs {
		delete(b.pairs, e)
	}
	for _, e := range servers {
		delete(b.servers, e)
	}
}

// list reads all pages of a listing operation, and waits for what the run has changed
// to show in it.
func (a *actor) list(ctx context.Context, region string, filters []wire.Param) (pairs []Pair, err error) {
	if !a.kit.patience.Awaits() {
		return a.listNow(ctx, region, filters)
	}
	if changed, matters := a.quiet(filters); matters {
		a.kit.patience.Settle(ctx, changed)
	}
	var wrong, bound []ledger.Entry
	vain := a.kit.patience.Await(ctx, func() (time.Time, bool) {
		if pairs, err = a.listNow(ctx, region, filters); err != nil {
			return time.Time{}, true
		}
		var changed time.Time
		wrong, bound, changed = a.doubts(region, filters, pairs)
		return changed, len(wrong)+len(bound) == 0
	})
	if vain {
		a.kit.beliefs.accept(wrong, bound)
	}
	return pairs, err
}
