package guard

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// clocked is a gate whose clock stands still but for the waiting at the gate.
func clocked(l Limits) (g *Gate, waited func() time.Duration) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	now := start
	g = NewGate(l)
	g.now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	g.sleep = func(_ context.Context, d time.Duration) error {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(d)
		return nil
	}
	return g, func() time.Duration { mu.Lock(); defer mu.Unlock(); return now.Sub(start) }
}

func TestTheRateIsObeyed(t *testing.T) {
	for _, tt := range []struct {
		rate     float64
		requests int
		wait     time.Duration
	}{
		{10, 10, 0}, // those of one second may leave at once
		{10, 11, 100 * time.Millisecond},
		{10, 110, 10 * time.Second},
		{0.5, 3, 4 * time.Second},
		{2.5, 12, 4 * time.Second},
		{1e12, 1000, 0},
	} {
		g := NewWithT(t)
		gate, waited := clocked(Limits{Rate: tt.rate})
		for range tt.requests {
			g.Expect(gate.Pass(t.Context())).To(Succeed())
		}
		g.Expect(waited()).To(BeNumerically("~", tt.wait, time.Millisecond), "%d requests at %g per second", tt.requests, tt.rate)
		g.Expect(gate.Sent()).To(Equal(tt.requests))
	}
}

func TestNoMorePassAtOnceThanTheBudgetHas(t *testing.T) {
	g := NewWithT(t)
	gate := NewGate(Limits{Requests: 500, Rate: 1e9})
	passed := make(chan error, 1000)
	var wg sync.WaitGroup
	for range 1000 {
		wg.Go(func() { passed <- gate.Pass(t.Context()) })
	}
	wg.Wait()
	close(passed)
	count := 0
	for err := range passed {
		if err == nil {
			count++
		} else if spent := (*SpentError)(nil); !errors.As(err, &spent) || spent.Requests != 500 {
			t.Error(err)
		}
	}
	g.Expect(count).To(Equal(500))
	g.Expect(gate.Sent()).To(Equal(500))
}

func TestOnlyCleanupUsesTheReserve(t *testing.T) {
	g := NewWithT(t)
	gate := NewGate(Limits{Requests: 3})
	cleanup := Cleanup(t.Context())
	g.Expect(gate.Pass(cleanup)).To(Succeed(), "which counts as every other request does")
	for range 2 {
		g.Expect(gate.Spent()).To(Succeed())
		g.Expect(gate.Pass(t.Context())).To(Succeed())
	}
	g.Expect(gate.Spent()).To(MatchError(ContainSubstring("the budget of 3 requests is used up")))
	g.Expect(gate.Pass(t.Context())).To(MatchError(gate.Spent()))
	for range gate.Limits().Reserve() {
		g.Expect(gate.Pass(cleanup)).To(Succeed())
	}
	g.Expect(gate.Pass(cleanup)).To(MatchError(gate.Spent()))
	g.Expect(gate.Sent()).To(Equal(103))
}

func TestARequestThatIsGivenUpGivesItsPlaceBack(t *testing.T) {
	g := NewWithT(t)
	gate, waited := clocked(Limits{Requests: 2, Rate: 1})
	sleeps := gate.sleep
	gate.sleep = func(context.Context, time.Duration) error { return context.Canceled }
	g.Expect(gate.Pass(t.Context())).To(Succeed())
	g.Expect(gate.Pass(t.Context())).To(MatchError(context.Canceled))
	gate.sleep = sleeps
	g.Expect(gate.Pass(t.Context())).To(Succeed())
	g.Expect(waited()).To(Equal(time.Second))
	g.Expect(gate.Pass(t.Context())).To(MatchError(gate.Spent()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	g.Expect(Sleep(ctx, time.Hour)).To(MatchError(context.Canceled))
}

func TestWithoutLimitsThereIsNoGate(t *testing.T) {
	g := NewWithT(t)
	gate := NewGate(Limits{})
	g.Expect(gate).To(BeNil())
	g.Expect(gate.Pass(t.Context())).To(Succeed())
	g.Expect(gate.Spent()).To(Succeed())
	g.Expect(gate.Sent()).To(BeZero())
	g.Expect(gate.Wait(1000)).To(BeZero())
	g.Expect(NewGate(Limits{Rate: 4}).Wait(10)).To(Equal(2500 * time.Millisecond))
	g.Expect(gate.Limits().String()).To(Equal("any number of requests, at any rate"))
	g.Expect(Limits{Requests: 5000, Rate: 2.5}.String()).To(Equal("5000 requests at most, and 500 more to clean up, 2.5 per second"))
}
