package turns

import (
	"context"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/suites/vocabulary"
)

func anybody(int, vocabulary.Spec) bool { return true }

// tableFor is one to which so many processes have come.
func tableFor(processes int, room map[string]int, mayTake func(int, vocabulary.Spec) bool) *table {
	t := newTable(room, mayTake)
	for range processes {
		t.join()
	}
	return t
}

func spec(text string) vocabulary.Spec { return vocabulary.Spec{Text: text, Product: "ECS"} }

func inGroup(group, text string, holds ...string) vocabulary.Spec {
	return vocabulary.Spec{Text: text, Product: "SWAS", Group: group, Holds: holds}
}

func needing(text string, what ...string) vocabulary.Spec {
	return vocabulary.Spec{Text: text, Needs: what}
}

// waits reports, once it does, that so many processes wait.
func waits(t *table, n int) func() bool {
	return func() bool {
		t.mu.Lock()
		defer t.mu.Unlock()
		return len(t.waiting) == n
	}
}

func TestASpecGoesToTheProcessThatAsksFirst(t *testing.T) {
	g := NewWithT(t)
	tab := tableFor(2, nil, anybody)
	g.Expect(tab.begin(t.Context(), 0, spec("a"))).To(BeTrue())
	tab.end(0)
	g.Expect(tab.begin(t.Context(), 1, spec("a"))).To(BeFalse())
	g.Expect(tab.begin(t.Context(), 1, spec("b"))).To(BeTrue())
}

func TestAGroupGoesToOneProcess(t *testing.T) {
	g := NewWithT(t)
	tab := tableFor(2, nil, anybody)
	g.Expect(tab.begin(t.Context(), 0, inGroup("g", "a"))).To(BeTrue())
	tab.end(0)
	g.Expect(tab.begin(t.Context(), 1, inGroup("g", "b"))).To(BeFalse())
	g.Expect(tab.begin(t.Context(), 0, inGroup("g", "b"))).To(BeTrue())
}

func TestWhoMayNotTakeASpecLeavesItToOthers(t *testing.T) {
	g := NewWithT(t)
	tab := tableFor(2, nil, func(who int, _ vocabulary.Spec) bool { return who == 1 })
	g.Expect(tab.begin(t.Context(), 0, spec("a"))).To(BeFalse())
	g.Expect(tab.begin(t.Context(), 1, spec("a"))).To(BeTrue())
}

func TestASpecWaitsForWhatAnotherOneUses(t *testing.T) {
	g := NewWithT(t)
	tab := tableFor(3, nil, anybody)
	g.Expect(tab.begin(t.Context(), 0, needing("a", "servers"))).To(BeTrue())
	began := make(chan bool, 1)
	go func() { began <- tab.begin(t.Context(), 1, needing("b", "servers")) }()
	g.Eventually(waits(tab, 1)).WithTimeout(time.Minute).Should(BeTrue())
	g.Expect(tab.begin(t.Context(), 2, needing("c", "something else"))).To(BeTrue())
	g.Expect(began).NotTo(Receive())
	tab.end(0)
	g.Eventually(began).WithTimeout(time.Minute).Should(Receive(BeTrue()))
}

func TestAGroupHoldsWhatItNeedsUntilItsProcessDoesSomethingElse(t *testing.T) {
	g := NewWithT(t)
	tab := tableFor(4, map[string]int{"room": 2}, anybody)
	g.Expect(tab.begin(t.Context(), 0, inGroup("g", "a", "room"))).To(BeTrue())
	tab.end(0)
	g.Expect(tab.begin(t.Context(), 1, inGroup("h", "b", "room"))).To(BeTrue(), "there is room for two")
	tab.end(1)
	began := make(chan bool, 1)
	go func() { began <- tab.begin(t.Context(), 2, inGroup("i", "c", "room")) }()
	g.Eventually(waits(tab, 1)).WithTimeout(time.Minute).Should(BeTrue())
	g.Expect(tab.begin(t.Context(), 0, inGroup("g", "d", "room"))).To(BeTrue(), "it has the room already")
	tab.end(0)
	g.Expect(began).NotTo(Receive())
	g.Expect(tab.begin(t.Context(), 0, spec("e"))).To(BeTrue())
	g.Eventually(began).WithTimeout(time.Minute).Should(Receive(BeTrue()))
}

func TestWhoHoldsSomethingDoesNotWaitBehindWhoHoldsNothing(t *testing.T) {
	g := NewWithT(t)
	tab := tableFor(3, nil, anybody)
	g.Expect(tab.begin(t.Context(), 0, inGroup("g", "a", "room"))).To(BeTrue())
	tab.end(0)
	later := inGroup("h", "b", "room")
	later.Needs = []string{"servers"}
	go tab.begin(t.Context(), 1, later)
	g.Eventually(waits(tab, 1)).WithTimeout(time.Minute).Should(BeTrue())
	next := inGroup("g", "c", "room")
	next.Needs = []string{"servers"}
	g.Expect(tab.begin(t.Context(), 0, next)).To(BeTrue(), "or both would wait for ever")
	tab.leave(0)
	g.Eventually(waits(tab, 0)).WithTimeout(time.Minute).Should(BeTrue())
}

func TestNobodyWaitsForEver(t *testing.T) {
	g := NewWithT(t)
	tab := tableFor(2, nil, anybody)
	g.Expect(tab.begin(t.Context(), 0, inGroup("g", "a", "one"))).To(BeTrue())
	tab.end(0)
	g.Expect(tab.begin(t.Context(), 1, inGroup("h", "b", "two"))).To(BeTrue())
	tab.end(1)
	crossed := func(group, text, has, wants string) vocabulary.Spec {
		s := inGroup(group, text, has)
		s.Needs = []string{wants}
		return s
	}
	first, second := make(chan bool, 1), make(chan bool, 1)
	go func() { first <- tab.begin(t.Context(), 0, crossed("g", "c", "one", "two")) }()
	g.Eventually(waits(tab, 1)).WithTimeout(time.Minute).Should(BeTrue())
	go func() { second <- tab.begin(t.Context(), 1, crossed("h", "d", "two", "one")) }()
	g.Eventually(first).WithTimeout(time.Minute).Should(Receive(BeTrue()))
	tab.leave(0)
	g.Eventually(second).WithTimeout(time.Minute).Should(Receive(BeTrue()))
}

func TestWhatAProcessHadIsFreeWhenItIsGone(t *testing.T) {
	g := NewWithT(t)
	tab := tableFor(3, nil, anybody)
	taken := inGroup("g", "a", "room")
	taken.Needs = []string{"servers"}
	g.Expect(tab.begin(t.Context(), 0, taken)).To(BeTrue())
	began := make(chan bool, 1)
	go func() { began <- tab.begin(t.Context(), 1, needing("b", "room", "servers")) }()
	g.Eventually(waits(tab, 1)).WithTimeout(time.Minute).Should(BeTrue())
	tab.leave(0)
	g.Eventually(began).WithTimeout(time.Minute).Should(Receive(BeTrue()))
}

func TestAnInterruptedRunLetsEverybodyThrough(t *testing.T) {
	g := NewWithT(t)
	ctx, cancel := context.WithCancel(t.Context())
	tab := tableFor(3, nil, anybody)
	g.Expect(tab.begin(ctx, 0, needing("a", "servers"))).To(BeTrue())
	began := make(chan bool, 1)
	go func() { began <- tab.begin(ctx, 1, needing("b", "servers")) }()
	g.Eventually(waits(tab, 1)).WithTimeout(time.Minute).Should(BeTrue())
	cancel()
	g.Eventually(began).WithTimeout(time.Minute).Should(Receive(BeTrue()))
}
