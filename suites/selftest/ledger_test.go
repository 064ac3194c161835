package selftest

import (
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/guard"
	"github.com/kpspec/kpspec/harness/ledger"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/verdict"
	"github.com/kpspec/kpspec/suites"
)

// What may exist stands in the file before the request that makes it arrives, and
// the file is gone when all of it is.
func TestEverythingIsWrittenDownBeforeItIsMade(t *testing.T) {
	g := NewWithT(t)
	book := filepath.Join(t.TempDir(), "ledger")
	var mu sync.Mutex
	seen := 0
	r := meddledWith(t, suites.Config{Ledger: book, Rules: []string{"ECS-IMP-NAME-*", "SWAS-CRE-NAME-*", "SWAS-ATT-IDS-*"}}, func(r request) *httptest.ResponseRecorder {
		name := r.params.Get("KeyPairName")
		if name == "" || r.action != "ImportKeyPair" && r.action != "CreateKeyPair" && r.action != "AttachKeyPair" {
			return nil
		}
		record, err := ledger.Read(book)
		if err != nil {
			t.Error(err)
		}
		noted := false
		for _, e := range record.Open {
			noted = noted || e.Name == name && e.Product == r.product && (e.Server != "") == (r.action == "AttachKeyPair")
		}
		if !noted && !(r.action == "AttachKeyPair" && r.params.Get("InstanceIds.1")+r.params.Get("InstanceIds") == "") {
			t.Errorf("%s %s of %q is not in the ledger", r.product, r.action, name)
		}
		mu.Lock()
		defer mu.Unlock()
		seen++
		return nil
	})
	g.Expect(r.ExitCode).To(BeZero())
	g.Expect(seen).To(BeNumerically(">", 50))
	g.Expect(book).NotTo(BeAnExistingFile())
}

// A name of two characters may be somebody's. What has it then is neither
// overwritten nor deleted.
func TestATakenNameIsLeftAlone(t *testing.T) {
	g := NewWithT(t)
	short := func(name string) bool { return utf8.RuneCountInString(name) == 2 && len(name) == 6 }
	touched := false
	r := meddledWith(t, suites.Config{Ledger: filepath.Join(t.TempDir(), "ledger"), Rules: []string{"ECS-IMP-NAME-LEN-CHARS"}}, func(r request) *httptest.ResponseRecorder {
		name := r.params.Get("KeyPairName")
		switch {
		case r.action == "DescribeKeyPairs" && short(name):
			return edited(r.pass(), func(body map[string]any) {
				body["TotalCount"] = 1
				body["KeyPairs"] = map[string]any{"KeyPair": []any{map[string]any{"KeyPairName": name}}}
			})
		case r.action == "DeleteKeyPairs":
			for _, n := range strings.Split(r.params.Get("KeyPairNames"), `"`) {
				touched = touched || short(n)
			}
		case short(name):
			touched = true
		}
		return nil
	})
	rule := r.Rules[0]
	g.Expect(rule.Verdict).To(Equal(verdict.CouldNotRun))
	var said []string
	for _, spec := range rule.Specs {
		if spec.Verdict == verdict.CouldNotRun {
			said = append(said, spec.Failure)
		}
	}
	g.Expect(said).To(HaveExactElements(MatchRegexp(`^region cn-hangzhou has a key pair of the name "\p{Han}{2}" already, which the run has not made$`)))
	g.Expect(touched).To(BeFalse())
}

// on runs specs on the embedded reference, of which it changes the place.
func on(t *testing.T, cfg suites.Config, change func(*target.Place)) report.Report {
	t.Helper()
	g := NewWithT(t)
	embedded, err := target.New(target.Config{}, cfg.Edition)
	g.Expect(err).NotTo(HaveOccurred())
	cfg.Target = embedded
	cfg.Place, err = embedded.Start(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { g.Expect(embedded.Stop(t.Context())).To(Succeed()) }()
	change(&cfg.Place)
	r, err := suites.Execute(t.Context(), cfg)
	g.Expect(err).NotTo(HaveOccurred())
	return r
}

func TestServersAreLeftAloneUnlessAskedFor(t *testing.T) {
	g := NewWithT(t)
	r := on(t, suites.Config{Rules: []string{"SWAS-ATT-*"}}, func(p *target.Place) { p.SpareServers = true })
	n := 0
	for _, rule := range r.Rules {
		for _, spec := range rule.Specs {
			g.Expect(spec.Verdict).To(BeElementOf(verdict.NotApplicable, verdict.Passed, verdict.Observed), spec.Text)
			if spec.Verdict == verdict.NotApplicable {
				g.Expect(spec.Failure).To(Equal("rules that bind key pairs to servers were not asked for"))
				n++
			}
		}
	}
	g.Expect(n).To(BeNumerically(">", 50))
	g.Expect(r.Counts.Of(verdict.NotApplicable)).To(BeNumerically(">", 10))
}

func TestARunThatHasUsedUpItsBudgetIsIncomplete(t *testing.T) {
	g := NewWithT(t)
	gate := guard.NewGate(guard.Limits{Requests: 300})
	r := on(t, suites.Config{Rules: []string{"ECS-IMP-NAME-*"}}, func(p *target.Place) { p.Gate = gate })
	g.Expect(r.ExitCode).To(Equal(verdict.ExitIncomplete))
	g.Expect(r.CleanupErrors).To(BeEmpty())
	g.Expect(r.Counts.Of(verdict.Passed)).To(BeNumerically(">", 0))
	undone := 0
	for _, rule := range r.Rules {
		for _, spec := range rule.Specs {
			g.Expect(spec.Verdict).NotTo(BeElementOf(verdict.Failed, verdict.Warned), spec.Text)
			if spec.Verdict == verdict.CouldNotRun {
				g.Expect(spec.Failure).To(ContainSubstring("the budget of 300 requests is used up"))
				undone++
			}
		}
	}
	g.Expect(undone).To(BeNumerically(">", 10))
	g.Expect(*r.Limits).To(Equal(report.Limits{Requests: 300, Reserve: 100, Sent: gate.Sent()}))
	g.Expect(gate.Sent()).To(BeNumerically(">=", 120))
}
