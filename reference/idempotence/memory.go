package idempotence

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// What a call is refused for.
var (
	ErrMismatch   = errors.New("token was used with other parameters")
	ErrProcessing = errors.New("first call with the token is not finished yet")
)

// What holds where Config has zero.
const (
	DefaultLifetime = 24 * time.Hour
	DefaultLimit    = 4096
)

// Config is what a Memory is made of.
type Config struct {
	Lifetime time.Duration // of an answer; 0 = DefaultLifetime
	Limit    int           // answers remembered of each owner; 0 = DefaultLimit
	Clock    func() time.Time
}

// Key is what an answer is remembered by.
type Key struct {
	Owner string // such as an account; forgets for itself alone
	Token string // with whatever else it is to be distinguished by
}

// Parameters stand for all parameters of a call: two calls with the same parameters have the same value here.
type Parameters [32]byte

// Memory remembers answers. Its methods may be called at the same time. Made by [New].
type Memory struct {
	lifetime time.Duration
	limit    int
	clock    func() time.Time

	mu      sync.Mutex
	entries map[Key]*entry
	oldest  map[string][]*entry // the answers of each owner, in the order in which they came
}

// entry is a call with a token: one that is under way, or one that succeeded.
type entry struct {
	key        Key
	parameters Parameters
	done       chan struct{} // closed when the call is over
	answer     any
	expires    time.Time
}

// New makes an empty memory. The error says which part of the configuration is negative.
func New(c Config) (*Memory, error) {
	if min(int64(c.Lifetime), int64(c.Limit)) < 0 {
		return nil, fmt.Errorf("idempotence: lifetime %v and limit %d must not be negative", c.Lifetime, c.Limit)
	}
	m := &Memory{
		lifetime: cmp.Or(c.Lifetime, DefaultLifetime), limit: cmp.Or(c.Limit, DefaultLimit), clock: c.Clock,
		entries: map[Key]*entry{}, oldest: map[string][]*entry{},
	}
	if m.clock == nil {
		m.clock = time.Now
	}
	return m, nil
}

// Do returns the answer that is remembered for the key, or else calls act and remembers its answer unless it fails,
// when act must give none.
// Answers are shared by all who get them and must not be changed. The error wraps [ErrMismatch], or [ErrProcessing] and
// the error of ctx, or is that of act.
func (m *Memory) Do(ctx context.Context, key Key, p Parameters, act func() (any, error)) (any, error) {
	for {
		e, mine := m.enter(key, p)
		if mine {
			return m.act(e, act)
		}
		select {
		case <-e.done:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", ErrProcessing, ctx.Err())
		}
		if e.answer == nil {
			continue // it failed and is forgotten
		}
		if e.parameters != p {
			return nil, ErrMismatch
		}
		return e.answer, nil
	}
}

// enter returns the call of that key, or makes a new one, which is then the caller's to carry out.
func (m *Memory) enter(key Key, p Parameters) (e *entry, mine bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget(key.Owner)
	if e := m.entries[key]; e != nil {
		return e, false
	}
	e = &entry{key: key, parameters: p, done: make(chan struct{})}
	m.entries[key] = e
	return e, true
}

// act carries out a call. Whatever becomes of it, a panic included, those who wait for it go on.
func (m *Memory) act(e *entry, act func() (any, error)) (answer any, err error) {
	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if answer == nil { // act failed, or panicked
			delete(m.entries, e.key)
		} else {
			e.answer, e.expires = answer, m.clock().Add(m.lifetime)
			m.oldest[e.key.Owner] = append(m.oldest[e.key.Owner], e)
			m.forget(e.key.Owner)
		}
		close(e.done)
	}()
	return act()
}

// forget drops what is too old, and what is too much.
func (m *Memory) forget(owner string) {
	list, now := m.oldest[owner], m.clock()
	old, _ := slices.BinarySearchFunc(list, now, func(e *entry, now time.Time) int {
		if now.Before(e.expires) {
			return 1
		}
		return -1
	})
	drop := max(old, len(list)-m.limit)
	for _, e := range list[:drop] {
		delete(m.entries, e.key)
	}
	m.oldest[owner] = slices.Delete(list, 0, drop)
}
