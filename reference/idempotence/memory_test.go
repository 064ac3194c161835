package idempotence

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/onsi/gomega"
)

var (
	ctx       = context.Background()
	someA     = Parameters{1}
	others    = Parameters{2}
	errFailed = errors.New("it failed")
)

func key(token string) Key { return Key{Owner: "1", Token: token} }

// counter is an action that answers how often it was done.
func counter() (func() (any, error), *atomic.Int32) {
	var n atomic.Int32
	return func() (any, error) { return n.Add(1), nil }, &n
}

func memory(t *testing.T, c Config) *Memory {
	t.Helper()
	m, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestFirstAnswerAgain(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	m := memory(t, Config{})
	act, n := counter()
	for range 3 {
		g.Expect(m.Do(ctx, key("t"), someA, act)).To(BeEquivalentTo(1))
	}
	_, err := m.Do(ctx, key("t"), others, act)
	g.Expect(err).To(MatchError(ErrMismatch))
	g.Expect(n.Load()).To(BeEquivalentTo(1))

	g.Expect(m.Do(ctx, key("T"), others, act)).To(BeEquivalentTo(2), "tokens differ by case")
	g.Expect(m.Do(ctx, Key{Owner: "2", Token: "t"}, others, act)).To(BeEquivalentTo(3), "owners are apart")
	g.Expect(m.Do(ctx, key("t"), someA, act)).To(BeEquivalentTo(1))
}

func TestFailuresAreNotRemembered(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	m := memory(t, Config{})
	act, _ := counter()
	_, err := m.Do(ctx, key("t"), someA, func() (any, error) { return nil, errFailed })
	g.Expect(err).To(MatchError(errFailed))
	g.Expect(func() { _, _ = m.Do(ctx, key("t"), someA, func() (any, error) { panic("oh") }) }).To(PanicWith("oh"))
	g.Expect(m.entries).To(BeEmpty())
	g.Expect(m.Do(ctx, key("t"), others, act)).To(BeEquivalentTo(1), "with other parameters, even")
}

// Of calls at the same time one acts and all get its answer.
func TestOneEffect(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := memory(t, Config{})
		hold, n := make(chan struct{}), atomic.Int32{}
		act := func() (any, error) {
			<-hold
			return n.Add(1), nil
		}
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if answer, err := m.Do(ctx, key("t"), someA, act); err != nil || answer != int32(1) {
					t.Errorf("%v, %v", answer, err)
				}
			})
		}
		wg.Go(func() {
			synctest.Wait()
			close(hold)
		})
		wg.Wait()
		if n.Load() != 1 {
			t.Errorf("%d effects", n.Load())
		}
	})
}

// Who waits for a call that fails tries in turn; who has waited long enough gives up; who has other parameters waits as well.
func TestWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewWithT(t)
		m := memory(t, Config{})
		hold := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := m.Do(ctx, key("t"), someA, func() (any, error) {
				<-hold
				return nil, errFailed
			})
			g.Expect(err).To(MatchError(errFailed))
		})
		synctest.Wait()

		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_, err := m.Do(short, key("t"), someA, func() (any, error) { return nil, errors.New("must not act") })
		g.Expect(err).To(MatchError(ErrProcessing))
		g.Expect(err).To(MatchError(context.DeadlineExceeded))

		act, n := counter()
		for range 5 {
			wg.Go(func() {
				answer, err := m.Do(ctx, key("t"), others, act)
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(answer).To(BeEquivalentTo(1))
			})
		}
		synctest.Wait()
		close(hold)
		wg.Wait()
		g.Expect(n.Load()).To(BeEquivalentTo(1))
		_, err = m.Do(ctx, key("t"), someA, act)
		g.Expect(err).To(MatchError(ErrMismatch))
	})
}

func TestLifetime(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	now := time.Date(2026, 6, 18, 12, 0, 0, 0, time.UTC)
	m := memory(t, Config{Clock: func() time.Time { return now }})
	act, _ := counter()
	g.Expect(m.Do(ctx, key("t"), someA, act)).To(BeEquivalentTo(1))
	now = now.Add(DefaultLifetime - 1)
	g.Expect(m.Do(ctx, key("t"), someA, act)).To(BeEquivalentTo(1), "a repetition does not make it last longer")
	now = now.Add(1)
	g.Expect(m.Do(ctx, key("t"), others, act)).To(BeEquivalentTo(2))
	now = now.Add(-time.Hour)
	g.Expect(m.Do(ctx, key("t"), others, act)).To(BeEquivalentTo(2), "a clock that runs backwards forgets nothing")
}

func TestBounded(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	m := memory(t, Config{Limit: 3})
	act, _ := counter()
	g.Expect(m.Do(ctx, Key{Owner: "other", Token: "0"}, someA, act)).To(BeEquivalentTo(1))
	for i := range 100 {
		_, err := m.Do(ctx, key(fmt.Sprint(i)), someA, act)
		g.Expect(err).NotTo(HaveOccurred())
	}
	g.Expect(m.entries).To(HaveLen(4))
	g.Expect(m.oldest["1"]).To(HaveLen(3))
	g.Expect(m.Do(ctx, key("97"), someA, act)).To(BeEquivalentTo(99), "the youngest stay")
	g.Expect(m.Do(ctx, key("96"), someA, act)).To(BeEquivalentTo(102), "the oldest go")
	g.Expect(m.Do(ctx, Key{Owner: "other", Token: "0"}, someA, act)).To(BeEquivalentTo(1), "others keep theirs")
}

func TestNew(t *testing.T) {
	t.Parallel()
	for _, c := range []Config{{Lifetime: -1}, {Limit: -1}} {
		_, err := New(c)
		NewWithT(t).Expect(err).To(MatchError(ContainSubstring("negative")))
	}
}

// However calls are made, every two successes with one token in its lifetime have one answer.
func FuzzMemory(f *testing.F) {
	f.Add("t", "T", byte(0), byte(1))
	f.Add("", "\x00", byte(7), byte(7))
	f.Fuzz(func(t *testing.T, first, second string, p, q byte) {
		m := memory(t, Config{})
		act, n := counter()
		one, err := m.Do(ctx, key(first), Parameters{p}, act)
		if err != nil {
			t.Fatal(err)
		}
		two, err := m.Do(ctx, key(second), Parameters{q}, act)
		switch {
		case first != second:
			if err != nil || n.Load() != 2 {
				t.Errorf("%v, %d effects", err, n.Load())
			}
		case p != q:
			if !errors.Is(err, ErrMismatch) || n.Load() != 1 {
				t.Errorf("%v, %d effects", err, n.Load())
			}
		case err != nil || one != two || n.Load() != 1:
			t.Errorf("%v, %v and %v, %d effects", err, one, two, n.Load())
		}
	})
}
