package keypair

import (
	"fmt"
	"sync"
	"testing"

	. "github.com/onsi/gomega"
)

func TestBindings(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	here, there := Scope{"1", "r"}, Scope{"1", "other"}
	s := NewStore(10)
	g.Expect(s.Bind(here, "ab", "i1")).To(MatchError(ErrAbsent))
	_, err := s.Unbind(here, "ab", "i1")
	g.Expect(err).To(MatchError(ErrAbsent))
	for _, name := range []string{"ab", "cd"} {
		g.Expect(s.Add(here, Pair{Name: name, Servers: []string{"not asked for"}})).To(Succeed())
		g.Expect(s.Add(there, Pair{Name: name})).To(Succeed())
	}
	servers := func(in Scope) (out []string) {
		page, _ := s.Find(in, Filter{}, 0, 10)
		for _, p := range page {
			out = append(out, fmt.Sprint(p.Name, p.Servers))
		}
		return out
	}
	of := func(in Scope, server string) string {
		p, ok := s.Of(in, server)
		g.Expect(ok).To(Equal(p.Name != ""))
		return p.Name
	}
	g.Expect(servers(here)).To(Equal([]string{"ab[]", "cd[]"}))
	g.Expect(s.Bind(here, "ab", "i1", "i2", "i1")).To(Succeed())
	g.Expect(s.Bind(here, "ab")).To(Succeed())
	g.Expect(s.Bind(here, "absent", "i1")).To(MatchError(ErrAbsent))
	g.Expect(servers(here)).To(Equal([]string{"ab[i1 i2]", "cd[]"}))
	g.Expect(s.Bind(here, "cd", "i1")).To(Succeed())
	g.Expect(servers(here)).To(Equal([]string{"ab[i2]", "cd[i1]"}))
	g.Expect([]string{of(here, "i1"), of(here, "i2"), of(here, "i3"), of(there, "i1")}).To(Equal([]string{"cd", "ab", "", ""}))
	g.Expect(of(Scope{"2", "nowhere"}, "i1")).To(BeEmpty())

	g.Expect(s.Delete(here, "absent", "cd")).To(MatchError(ErrBound))
	g.Expect(s.Unbind(here, "cd", "i2", "i1", "i3")).To(Equal([]string{"i2", "i3"}))
	g.Expect(s.Delete(here, "cd", "ab")).To(MatchError(ErrBound))
	g.Expect(servers(here)).To(Equal([]string{"ab[i2]", "cd[]"}), "a refused deletion removes none")
	g.Expect(s.Delete(there, "ab")).To(Succeed(), "regions are apart")
	g.Expect(s.Unbind(here, "ab", "i2")).To(BeEmpty())
	g.Expect(s.Delete(here, "cd", "ab")).To(Succeed())
	g.Expect(s.shelves[here].of).To(BeEmpty())
	g.Expect(s.shelves[here].servers).To(BeEmpty())
}

// What the store gave out is not changed by what comes later.
func TestPairsAreSnapshots(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	in := Scope{"1", "r"}
	s := NewStore(10)
	g.Expect(s.Add(in, Pair{Name: "ab"})).To(Succeed())
	g.Expect(s.Bind(in, "ab", "i1", "i2")).To(Succeed())
	before, _ := s.Of(in, "i1")
	_, err := s.Unbind(in, "ab", "i1")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(before.Servers).To(Equal([]string{"i1", "i2"}))
}

// A server has one pair at a time, whoever binds, and a pair that is bound is not gone.
func TestBindingAtTheSameTime(t *testing.T) {
	t.Parallel()
	in := Scope{"1", "r"}
	s := NewStore(10)
	names := []string{"ab", "cd", "ef"}
	var wg sync.WaitGroup
	for _, name := range names {
		wg.Go(func() {
			for range 200 {
				_ = s.Add(in, Pair{Name: name})
				_ = s.Bind(in, name, "i1", "i2")
				_ = s.Delete(in, name)
				_, _ = s.Unbind(in, name, "i1")
			}
		})
		wg.Go(func() {
			for range 200 {
				page, _ := s.Find(in, Filter{}, 0, 10)
				seen := map[string]string{}
				for _, p := range page {
					for _, server := range p.Servers {
						if other, twice := seen[server]; twice {
							t.Errorf("%s has %s and %s", server, other, p.Name)
						}
						seen[server] = p.Name
					}
				}
			}
		})
	}
	wg.Wait()
	for server, p := range s.shelves[in].of {
		if s.shelves[in].byName[p.Name] != p {
			t.Errorf("%s has a pair that is gone", server)
		}
	}
}
