package weather

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/operation"
)

// horizon knows the changes of a store that its lists do not show yet.
type horizon struct {
	weather *Weather
	store   *keypair.Store

	mu      sync.Mutex
	changes map[keypair.Scope][]change // that are not shown yet, oldest first
}

// change is a pair that was added or deleted.
type change struct {
	pair    keypair.Pair
	deleted bool
	shown   time.Time // when lists show it
}

// delay lets a list of a store's pairs lag behind.
func (w *Weather) delay(store *keypair.Store, list *operation.Operation) {
	h := &horizon{weather: w, store: store, changes: map[keypair.Scope][]change{}}
	store.Watch = h.note
	step := list.Step("find")
	find := step.Run
	step.Run = func(ctx context.Context, c *operation.Call) error {
		if c.Filter == nil || !h.find(ctx, c) {
			return find(ctx, c)
		}
		return nil
	}
}

// note notes a change of the store.
func (h *horizon) note(in keypair.Scope, p keypair.Pair, deleted bool) {
	delay := time.Duration(h.weather.Forecast().Visibility)
	if delay == 0 {
		return
	}
	now := h.weather.clock()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.changes[in] = append(h.hidden(in, now), change{p, deleted, now.Add(delay)})
}

// hidden are the changes that are not shown now; those that are, are forgotten. The lock is held.
func (h *horizon) hidden(in keypair.Scope, now time.Time) []change {
	left := slices.DeleteFunc(h.changes[in], func(c change) bool { return !now.Before(c.shown) })
	if h.changes[in] = left; len(left) == 0 {
		delete(h.changes, in)
	}
	return left
}

// find finds what a call asks for as it was a while ago. It returns false, and has done nothing, when all is shown.
func (h *horizon) find(ctx context.Context, c *operation.Call) bool {
	t := turnOf(ctx)
	if t == nil || h.weather.Forecast().Visibility == 0 {
		return false
	}
	h.mu.Lock()
	changes := slices.Clone(h.hidden(c.Scope, h.weather.clock()))
	h.mu.Unlock()
	now, _ := h.store.Find(c.Scope, *c.Filter, 0, math.MaxInt)
	then := before(now, changes, *c.Filter)
	if slices.EqualFunc(now, then, func(a, b keypair.Pair) bool { return a.Name == b.Name && a.Created.Equal(b.Created) }) {
		return false
	}
	t.meet("visibility")
	c.Page.Total = len(then)
	then = then[min(c.Page.Offset(), len(then)):]
	c.Pairs = then[:min(c.Page.Size, len(then))]
	return true
}

// before takes changes back: of the pairs that a filter chooses now, it makes those it chose before.
func before(now []keypair.Pair, changes []change, f keypair.Filter) []keypair.Pair {
	then := slices.Clone(now)
	for _, c := range slices.Backward(changes) {
		if c.deleted && f.Match(&c.pair) {
			then = append(then, c.pair)
		}
		if !c.deleted {
			then = slices.DeleteFunc(then, func(p keypair.Pair) bool { return p.Name == c.pair.Name })
		}
	}
	slices.SortStableFunc(then, func(a, b keypair.Pair) int { return a.Created.Compare(b.Created) })
	return then
}
