package turns

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/kpspec/kpspec/suites/vocabulary"
)

// table is where the processes of a run come for specs. Each spec, or each group
// of specs, goes to the one that asks first, as soon as nobody else uses what it
// needs.
//
// Nobody waits for ever: a process waits for all that it wants at once, whoever has
// something already goes first, and should all of them wait for each other, the
// first of them is let through.
type table struct {
	mu      sync.Mutex
	freed   chan struct{}                   // closed when it is time to look again
	live    int                             // processes that have joined and not left
	owner   map[string]int                  // group, or text of a spec without one → process
	group   map[int]string                  // process → group of its last spec
	holds   map[int][]string                // process → what its group holds
	needs   map[int][]string                // process → what its spec needs
	room    map[string]int                  // what there is more than one of → how many
	waiting []*wish                         // in the order they came
	mayTake func(int, vocabulary.Spec) bool // which process may take which specs; nil: they are shared out already
}

type wish struct {
	who  int
	what []string
}

func newTable(room map[string]int, mayTake func(int, vocabulary.Spec) bool) *table {
	return &table{
		freed: make(chan struct{}), owner: map[string]int{}, group: map[int]string{},
		holds: map[int][]string{}, needs: map[int][]string{}, room: room, mayTake: mayTake,
	}
}

// join counts a process that comes for specs.
func (t *table) join() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.live++
}

// begin says whether a process shall run a spec, which it then does at once. When
// ctx ends, nobody waits any more.
func (t *table) begin(ctx context.Context, who int, s vocabulary.Spec) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.mayTake != nil && !t.takes(who, s) {
		return false
	}
	want := s.Needs
	if t.group[who] != s.Group {
		delete(t.holds, who) // what it had belonged to the last group
		t.group[who] = s.Group
		t.giveBack()
		want = append(slices.Clone(s.Holds), s.Needs...)
	}
	if !t.wait(ctx, &wish{who, want}) {
		return true // the run is over: the process will say so
	}
	if len(want) > len(s.Needs) {
		t.holds[who] = s.Holds
	}
	t.needs[who] = s.Needs
	return true
}

// takes gives a spec to the process that asks, unless it may not have it or another
// one has it, or its group.
func (t *table) takes(who int, s vocabulary.Spec) bool {
	key := cmp.Or(s.Group, s.Text)
	owner, taken := t.owner[key]
	if taken && owner != who || !taken && !t.mayTake(who, s) {
		return false
	}
	t.owner[key] = who
	return true
}

// end gives back what the spec of a process needed.
func (t *table) end(who int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.needs, who)
	t.giveBack()
}

// leave gives back all that a process has.
func (t *table) leave(who int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.needs, who)
	delete(t.holds, who)
	t.live--
	t.giveBack()
}

// giveBack lets those look again who wait.
func (t *table) giveBack() {
	close(t.freed)
	t.freed = make(chan struct{})
}

// wait returns when all that is wished for is free, or false when ctx ends first.
// Who came first is served first where two want the same.
func (t *table) wait(ctx context.Context, w *wish) bool {
	t.waiting = append(t.waiting, w)
	if len(t.waiting) == t.live {
		t.giveBack() // nobody is left who could give anything back
	}
	defer func() { t.waiting = slices.DeleteFunc(t.waiting, func(o *wish) bool { return o == w }) }()
	for !t.free(w) {
		freed := t.freed
		t.mu.Unlock()
		select {
		case <-freed:
		case <-ctx.Done():
		}
		t.mu.Lock()
		if ctx.Err() != nil {
			return false
		}
	}
	return true
}

// free reports whether a wish can be granted now.
func (t *table) free(w *wish) bool {
	if len(t.waiting) >= t.live && t.waiting[0] == w {
		return true
	}
	used := map[string]int{}
	for _, of := range []map[int][]string{t.holds, t.needs} {
		for _, what := range slices.Concat(slices.Collect(maps.Values(of))...) {
			used[what]++
		}
	}
	for _, earlier := range t.waiting {
		if earlier == w || len(t.holds[w.who]) > 0 {
			break
		}
		for _, what := range earlier.what {
			used[what]++
		}
	}
	return !slices.ContainsFunc(w.what, func(what string) bool { return used[what] >= max(1, t.room[what]) })
}
