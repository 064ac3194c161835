package keypair

import (
	"crypto/md5"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	. "github.com/onsi/gomega"
)

var here = Scope{Account: "1", Region: "cn-hangzhou"}

func names(pairs []Pair) []string {
	out := []string{}
	for _, p := range pairs {
		out = append(out, p.Name)
	}
	return out
}

func find(s *Store, in Scope, f Filter) []string {
	page, total := s.Find(in, f, 0, 1<<30)
	if total != len(page) {
		return []string{fmt.Sprintf("total %d, but %d pairs", total, len(page))}
	}
	return names(page)
}

func TestStoreScopes(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := NewStore(2)
	g.Expect(s.Add(here, Pair{Name: "ab"})).To(Succeed())
	g.Expect(s.Add(here, Pair{Name: "ab", PublicKey: "other"})).To(MatchError(ErrExists))
	g.Expect(s.Add(here, Pair{Name: "Ab"})).To(Succeed())
	g.Expect(s.Add(here, Pair{Name: "cd"})).To(MatchError(ErrQuota))
	g.Expect(s.Room(here, "cd")).To(MatchError(ErrQuota))
	g.Expect(s.Add(here, Pair{Name: "ab"})).To(MatchError(ErrExists), "a name in use is found before the quota")

	for _, other := range []Scope{{here.Account, "cn-shanghai"}, {"2", here.Region}} {
		g.Expect(find(s, other, Filter{})).To(BeEmpty())
		g.Expect(s.Room(other, "ab")).To(Succeed())
		g.Expect(s.Add(other, Pair{Name: "ab"})).To(Succeed())
	}
	_ = s.Delete(here, "ab", "ab", "unknown")
	g.Expect(find(s, here, Filter{})).To(Equal([]string{"Ab"}))
	g.Expect(s.Add(here, Pair{Name: "ab"})).To(Succeed(), "the name and the slot are free again")
	g.Expect(find(s, here, Filter{})).To(Equal([]string{"Ab", "ab"}), "in the order of creation")
	s.Delete(Scope{"3", "nowhere"}, "ab")
	g.Expect(find(s, Scope{"2", here.Region}, Filter{})).To(Equal([]string{"ab"}))
}

func TestStoreDoesNotShareTags(t *testing.T) {
	t.Parallel()
	s := NewStore(2)
	tags := []Tag{{"k", "v"}}
	NewWithT(t).Expect(s.Add(here, Pair{Name: "ab", Tags: tags})).To(Succeed())
	tags[0].Value = "changed"
	page, _ := s.Find(here, Filter{}, 0, 1)
	NewWithT(t).Expect(page[0].Tags).To(Equal([]Tag{{"k", "v"}}))
}

func TestStoreFind(t *testing.T) {
	t.Parallel()
	one, two := Fingerprint(md5.Sum([]byte("1"))), Fingerprint(md5.Sum([]byte("2")))
	s := NewStore(10)
	for _, p := range []Pair{
		{Name: "web-1", Fingerprint: one, ResourceGroup: "rg-a", Tags: []Tag{{"env", "test"}, {"team", ""}}},
		{Name: "web-2", Fingerprint: one, ResourceGroup: "rg-b", Tags: []Tag{{"env", "live"}}},
		{Name: "db-web", Fingerprint: two, ResourceGroup: "rg-a"},
	} {
		NewWithT(t).Expect(s.Add(here, p)).To(Succeed())
	}
	for name, c := range map[string]struct {
		filter Filter
		want   []string
	}{
		"all":             {Filter{}, []string{"web-1", "web-2", "db-web"}},
		"star":            {Filter{Name: "*"}, []string{"web-1", "web-2", "db-web"}},
		"two stars":       {Filter{Name: "**"}, []string{"web-1", "web-2", "db-web"}},
		"exact":           {Filter{Name: "web-1"}, []string{"web-1"}},
		"exact, unknown":  {Filter{Name: "web"}, []string{}},
		"prefix":          {Filter{Name: "web*"}, []string{"web-1", "web-2"}},
		"suffix":          {Filter{Name: "*web"}, []string{"db-web"}},
		"inside":          {Filter{Name: "*web*"}, []string{"web-1", "web-2", "db-web"}},
		"whole, prefix":   {Filter{Name: "web-1*"}, []string{"web-1"}},
		"star in between": {Filter{Name: "we*1"}, []string{}},
		"fingerprint":     {Filter{Fingerprint: &one}, []string{"web-1", "web-2"}},
		"group":           {Filter{ResourceGroup: "rg-a"}, []string{"web-1", "db-web"}},
		"group and name":  {Filter{ResourceGroup: "rg-a", Name: "web-2"}, []string{}},
		"tag":             {Filter{Tags: []TagFilter{{Key: "env", Value: "test"}}}, []string{"web-1"}},
		"tag, any value":  {Filter{Tags: []TagFilter{{Key: "env", AnyValue: true}}}, []string{"web-1", "web-2"}},
		"tag, no value":   {Filter{Tags: []TagFilter{{Key: "env"}}}, []string{}},
		"two tags":        {Filter{Tags: []TagFilter{{Key: "env", AnyValue: true}, {Key: "team"}}}, []string{"web-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			NewWithT(t).Expect(find(s, here, c.filter)).To(Equal(c.want))
		})
	}
	page, total := s.Find(here, Filter{}, 1, 1)
	NewWithT(t).Expect(names(page)).To(Equal([]string{"web-2"}))
	NewWithT(t).Expect(total).To(Equal(3))
	page, total = s.Find(here, Filter{}, 3, 10)
	NewWithT(t).Expect(page).To(BeEmpty())
	NewWithT(t).Expect(total).To(Equal(3))
}

// Of many simultaneous calls for one name one wins, and the quota holds at every moment.
func TestStoreConcurrency(t *testing.T) {
	t.Parallel()
	const quota, callers, rounds = 5, 8, 200
	s := NewStore(quota)
	var wins [rounds]atomic.Int32
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for i := range rounds {
				name := fmt.Sprint("k", i)
				if s.Add(here, Pair{Name: name}) == nil {
					wins[i].Add(1)
				}
				if _, total := s.Find(here, Filter{}, 0, 0); total > quota {
					t.Errorf("%d pairs, allowed are %d", total, quota)
				}
			}
		})
	}
	wg.Wait()
	won := 0
	for i := range wins {
		n := int(wins[i].Load())
		if n > 1 {
			t.Errorf("name %d was given %d times", i, n)
		}
		won += n
	}
	NewWithT(t).Expect(won).To(Equal(quota))

	for range callers { // one name, coming and going
		wg.Go(func() {
			for range rounds {
				_ = s.Add(Scope{"2", "r"}, Pair{Name: "same"})
				s.Delete(Scope{"2", "r"}, "same")
			}
		})
	}
	wg.Wait()
	NewWithT(t).Expect(find(s, Scope{"2", "r"}, Filter{})).To(BeEmpty())
}

// BenchmarkStoreMemory reports the memory that a pair takes beside the text of its key and its name.
func BenchmarkStoreMemory(b *testing.B) {
	const pairs = 10_000
	key := make([]byte, 380)
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		s := NewStore(pairs)
		for i := range pairs {
			_ = s.Add(here, Pair{Name: fmt.Sprintf("name-%020d", i), PublicKey: string(key), Tags: []Tag{{"key", "value"}}})
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/pairs-float64(len(key)), "B/pair")
		runtime.KeepAlive(s)
	}
}
