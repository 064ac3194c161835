package rpc

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestNoncesAreRememberedLongEnoughAndThenForgotten(t *testing.T) {
	for _, first := range []time.Duration{0, nonceLifetime - time.Second, nonceLifetime, 3 * nonceLifetime} {
		t.Run(first.String(), func(t *testing.T) {
			g := NewWithT(t)
			s := newNonces(10, testNow)
			used := testNow.Add(first)
			g.Expect(s.use("a", used)).To(BeEmpty())
			for after := time.Duration(0); after <= nonceLifetime; after += time.Minute {
				g.Expect(s.use("a", used.Add(after))).To(Equal(FaultNonceUsed), after.String())
			}
			g.Expect(s.use("a", used.Add(2*nonceLifetime))).To(BeEmpty())
		})
	}
}

func TestNoncesSurviveAnIdleTime(t *testing.T) {
	g := NewWithT(t)
	s := newNonces(10, testNow)
	g.Expect(s.use("a", testNow.Add(nonceLifetime-time.Second))).To(BeEmpty())
	g.Expect(s.use("a", testNow.Add(2*nonceLifetime-2*time.Second))).To(Equal(FaultNonceUsed))
	g.Expect(s.use("a", testNow.Add(10*nonceLifetime))).To(BeEmpty())
	g.Expect(len(s.young) + len(s.elder)).To(Equal(1))
}

func TestNoncesAreBounded(t *testing.T) {
	g := NewWithT(t)
	const limit = 100
	s := newNonces(limit, testNow)
	now := testNow
	taken, refused := 0, 0
	for i := range 10000 { // over more than ten lifetimes
		now = now.Add(2 * time.Second)
		switch s.use(fmt.Sprint(i), now) {
		case "":
			taken++
		case FaultNonceMemory:
			refused++
		}
		g.Expect(len(s.young) + len(s.elder)).To(BeNumerically("<=", 2*limit))
	}
	g.Expect(taken + refused).To(Equal(10000))
	g.Expect(taken).To(BeNumerically(">=", 5*limit), "room comes back with time")
}

func TestAClockThatRunsBackwardsForgetsNothing(t *testing.T) {
	g := NewWithT(t)
	s := newNonces(10, testNow)
	g.Expect(s.use("a", testNow)).To(BeEmpty())
	g.Expect(s.use("a", testNow.Add(-24*time.Hour))).To(Equal(FaultNonceUsed))
}
