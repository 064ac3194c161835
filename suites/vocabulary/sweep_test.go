package vocabulary

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/ledger"
	"github.com/kpspec/kpspec/harness/names"
	"github.com/kpspec/kpspec/harness/target"
)

// A shelf is a server that lists key pairs of the first region, and takes the
// deletion of those that it does not keep.
type shelf struct {
	mu      sync.Mutex
	pairs   []string // name, creation time
	keep    string
	deleted []string
}

func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.URL.Query()
	switch {
	case r.Header.Get("x-acs-action") == "DeleteKeyPairs":
		var stay []string
		for _, p := range s.pairs {
			name, _, _ := strings.Cut(p, ",")
			if name != s.keep && strings.Contains(q.Get("KeyPairNames"), fmt.Sprintf("%q", name)) {
				s.deleted = append(s.deleted, name)
			} else {
				stay = append(stay, p)
			}
		}
		s.pairs = stay
		fmt.Fprint(w, `{"RequestId":"x"}`)
	case q.Get("RegionId") != world.Default().Regions[0]:
		fmt.Fprint(w, `{"TotalCount":0,"KeyPairs":{"KeyPair":[]}}`)
	default:
		var elements []string
		for _, p := range s.pairs {
			name, created, _ := strings.Cut(p, ",")
			elements = append(elements, fmt.Sprintf(`{"KeyPairName":%q,"CreationTime":%q}`, name, created))
		}
		fmt.Fprintf(w, `{"TotalCount":%d,"KeyPairs":{"KeyPair":[%s]}}`, len(elements), strings.Join(elements, ","))
	}
}

// kit is one for a world with one account and this server.
func (s *shelf) kit(t *testing.T) *Kit {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	w := world.Default()
	w.Accounts = w.Accounts[:1]
	k, err := NewKit(Options{Place: target.Place{ECS: server.URL, World: w}})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestASweepByNamesGoesByFormAndAge(t *testing.T) {
	g := gomega.NewWithT(t)
	n := names.New()
	old, older, exact, young, timeless := n.Next(), n.Next(), n.Next(), n.Next(), n.Next()
	s := &shelf{pairs: []string{
		older + ",2026-01-01T00:00Z", old + ",2026-01-01T00:30:00Z", exact + ",2026-01-01T01:00:00Z", young + ",2026-01-01T01:00:01Z",
		timeless + ",yesterday", n.Next() + "-copy,2026-01-01T00:00Z", "kpspecabcdefghijkl,2026-01-01T00:00Z",
	}}
	k := s.kit(t)
	options := SweepOptions{Before: time.Date(2026, 1, 1, 1, 0, 0, 0, time.UTC)}
	swept := k.Sweep(t.Context(), options)
	var found []string
	for _, e := range swept.Found {
		found = append(found, e.Name)
	}
	g.Expect(found).To(gomega.Equal([]string{exact, old, older}), "the newest first")
	g.Expect(swept.Young).To(gomega.Equal(1))
	g.Expect(swept.Apart).To(gomega.ConsistOf(
		gomega.ContainSubstring("%q has no readable CreationTime", timeless), gomega.ContainSubstring("-copy\" contains a name of a run but is none")))
	g.Expect(swept.Left()).To(gomega.BeTrue())
	g.Expect(s.deleted).To(gomega.BeEmpty())

	options.Remove = true
	s.keep = old
	swept = k.Sweep(t.Context(), options)
	g.Expect(s.deleted).To(gomega.ConsistOf(exact, older))
	g.Expect(swept.Removed).To(gomega.HaveLen(2))
	g.Expect(swept.Errors).To(gomega.ConsistOf(fmt.Sprintf("ECS in %s still lists %q", k.Region(), old)), "although its deletion was accepted")
	g.Expect(swept.Left()).To(gomega.BeTrue())
}

func TestASweepByLedgerGoesByNothingElse(t *testing.T) {
	g := gomega.NewWithT(t)
	s := &shelf{pairs: []string{"ab,2026-01-01T00:00Z", names.New().Next() + ",2026-01-01T00:00Z"}}
	k := s.kit(t)
	pair := k.ECS.entry(k.Region(), "ab")
	gone, nowhere := pair, pair
	gone.Name, nowhere.Region = "xy", "xx-nowhere-9"
	record := &ledger.Record{Endpoints: map[string]string{"ECS": k.Place.ECS}, Open: []ledger.Entry{nowhere, gone, pair}}
	g.Expect(k.Fits(record)).To(gomega.Succeed())
	swept := k.Sweep(t.Context(), SweepOptions{Of: record, Remove: true})
	g.Expect(swept).To(gomega.Equal(Swept{Found: []ledger.Entry{pair}, Removed: []ledger.Entry{pair}, Gone: []ledger.Entry{nowhere, gone}}))
	g.Expect(swept.Left()).To(gomega.BeFalse())
	g.Expect(s.deleted).To(gomega.Equal([]string{"ab"}))

	for _, other := range []ledger.Record{
		{Endpoints: map[string]string{"ECS": "http://127.0.0.1:1"}},
		{Endpoints: map[string]string{"SWAS": k.Place.ECS}},
		{Endpoints: record.Endpoints, Open: []ledger.Entry{{Product: "ECS", Account: "another", Region: k.Region(), Name: "ab"}}},
	} {
		g.Expect(k.Fits(&other)).To(gomega.MatchError(gomega.HavePrefix("the ledger is about ")))
	}
}

func TestNothingIsSentThatCannotBeWrittenDown(t *testing.T) {
	g := gomega.NewWithT(t)
	sent := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { sent++ }))
	defer server.Close()
	k, err := NewKit(Options{Place: target.Place{ECS: server.URL, World: world.Default()}})
	g.Expect(err).NotTo(gomega.HaveOccurred())
	journal, err := ledger.Create(filepath.Join(t.TempDir(), "ledger"))
	g.Expect(err).NotTo(gomega.HaveOccurred())
	_, err = journal.Finish() // from now on it cannot be written
	g.Expect(err).NotTo(gomega.HaveOccurred())
	k.Record(journal)
	func() {
		defer func() { g.Expect(recover()).NotTo(gomega.BeNil(), "the spec ends") }()
		k.ECS.Send(t.Context(), k.Import(k.Name(), FreshKey()))
	}()
	g.Expect(sent).To(gomega.BeZero())
	g.Expect(k.ledger.Open()).To(gomega.BeEmpty())
}
