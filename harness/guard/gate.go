package guard

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// DefaultRate is how many requests per second an endpoint gets that is not on
// this machine, unless the configuration says otherwise. The documents name no
// limit; their own clients send about as many.
const DefaultRate = 10.0

// Limits are how many requests may leave, and how fast. The zero value has none.
type Limits struct {
	Requests int     // in all; 0 is any number
	Rate     float64 // per second; 0 is any rate
}

// Reserve is how many requests more may leave to clean up when the budget is
// used up: a tenth of it, and at least 100.
func (l Limits) Reserve() int {
	if l.Requests == 0 {
		return 0
	}
	return max(100, l.Requests/10)
}

// String says the limits in words.
func (l Limits) String() string {
	requests, pace := "any number of requests", "at any rate"
	if l.Requests > 0 {
		requests = fmt.Sprintf("%d requests at most, and %d more to clean up", l.Requests, l.Reserve())
	}
	if l.Rate > 0 {
		pace = fmt.Sprintf("%g per second", l.Rate)
	}
	return requests + ", " + pace
}

// SpentError refuses a request because the budget is used up.
type SpentError struct{ Requests int }

func (e *SpentError) Error() string {
	return fmt.Sprintf("the budget of %d requests is used up (requests in the configuration)", e.Requests)
}

// Gate lets requests leave within limits. Every request of a run passes it: the
// preflight, the specs, and the cleanup. A nil gate lets everything pass. It is
// safe for concurrent use.
type Gate struct {
	limits  Limits
	limiter *rate.Limiter
	now     func() time.Time
	sleep   func(context.Context, time.Duration) error
	ask     func(ctx context.Context, cleaning bool) error // of a gate that is elsewhere; nil: this one

	mu   sync.Mutex
	sent int
}

// NewGate is a gate for the limits, nil where there are none. As many requests
// may leave at once as may leave in one second.
func NewGate(l Limits) *Gate {
	if l == (Limits{}) {
		return nil
	}
	g := &Gate{limits: l, now: time.Now, sleep: Sleep}
	if l.Rate > 0 {
		g.limiter = rate.NewLimiter(rate.Limit(l.Rate), max(1, int(math.Min(l.Rate, math.MaxInt32))))
	}
	return g
}

// AskGate is a gate that asks another one, in another process, whether a request may
// leave: ask returns when it may, or is a [SpentError].
func AskGate(ask func(ctx context.Context, cleaning bool) error) *Gate { return &Gate{ask: ask} }

// Sleep waits so long, or returns why ctx has ended before.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Pass returns when one request may leave. It is a [SpentError] that none may any
// more, or the error of ctx.
func (g *Gate) Pass(ctx context.Context) error {
	if g == nil {
		return nil
	}
	if g.ask != nil {
		return g.pass(ctx)
	}
	if err := g.take(ctx); err != nil {
		return err
	}
	if g.limiter == nil {
		return nil
	}
	place := g.limiter.ReserveN(g.now(), 1)
	wait := place.DelayFrom(g.now())
	if wait <= 0 {
		return nil
	}
	if err := g.sleep(ctx, wait); err != nil {
		place.CancelAt(g.now())
		g.mu.Lock()
		g.sent--
		g.mu.Unlock()
		return err
	}
	return nil
}

// pass asks the other gate.
func (g *Gate) pass(ctx context.Context) error {
	err := g.ask(ctx, cleaning(ctx))
	g.mu.Lock()
	defer g.mu.Unlock()
	if spent, ok := errors.AsType[*SpentError](err); ok {
		g.limits.Requests = spent.Requests
		g.sent = max(g.sent, spent.Requests)
	}
	return err
}

func (g *Gate) take(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	most := g.limits.Requests
	if cleaning(ctx) {
		most += g.limits.Reserve()
	}
	if g.limits.Requests > 0 && g.sent >= most {
		return &SpentError{g.limits.Requests}
	}
	g.sent++
	return nil
}

// Spent is a [SpentError] when the budget is used up, or else nil.
func (g *Gate) Spent() error {
	if g == nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.limits.Requests > 0 && g.sent >= g.limits.Requests {
		return &SpentError{g.limits.Requests}
	}
	return nil
}

// Sent is how many requests have passed.
func (g *Gate) Sent() int {
	if g == nil {
		return 0
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.sent
}

// Limits are those of the gate.
func (g *Gate) Limits() Limits {
	if g == nil {
		return Limits{}
	}
	return g.limits
}

// Wait is how long n requests may have to wait for their turn at most.
func (g *Gate) Wait(n int) time.Duration {
	if g == nil || g.limits.Rate == 0 {
		return 0
	}
	return time.Duration(float64(n) / g.limits.Rate * float64(time.Second))
}

type cleanupKey struct{}

// Cleanup marks the requests of ctx as ones that clean up: they may use the
// reserve of the budget.
func Cleanup(ctx context.Context) context.Context { return context.WithValue(ctx, cleanupKey{}, true) }

func cleaning(ctx context.Context) bool { return ctx.Value(cleanupKey{}) != nil }
