package ledger_test

import (
	"fmt"
	"sync"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/ledger"
)

func entry(name string) ledger.Entry {
	return ledger.Entry{Product: "ECS", Account: "1", Region: "cn-hangzhou", Name: name}
}

func TestOpenListsTheNewestFirst(t *testing.T) {
	g := NewWithT(t)
	var l ledger.Ledger
	l.Note(entry("a"))
	l.Note(entry("b"))
	l.Note(entry("a"))
	g.Expect(l.Open()).To(Equal([]ledger.Entry{entry("b"), entry("a")}))
}

func TestStrikeRemovesOneEntryOnly(t *testing.T) {
	g := NewWithT(t)
	var l ledger.Ledger
	l.Note(entry("a"))
	elsewhere := entry("a")
	elsewhere.Region = "cn-shanghai"
	l.Note(elsewhere)
	l.Strike(entry("a"))
	l.Strike(entry("never noted"))
	g.Expect(l.Open()).To(Equal([]ledger.Entry{elsewhere}))
	l.Note(entry("a"))
	g.Expect(l.Open()).To(HaveLen(2))
}

func TestManyAtOnce(t *testing.T) {
	g := NewWithT(t)
	var l ledger.Ledger
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			l.Note(entry(fmt.Sprint(i)))
			if i%2 == 0 {
				l.Strike(entry(fmt.Sprint(i)))
			}
		})
	}
	wg.Wait()
	g.Expect(l.Open()).To(HaveLen(25))
}
