package spread

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"sync/atomic"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/guard"
	"github.com/kpspec/kpspec/harness/patience"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/verdict"
	"github.com/kpspec/kpspec/suites"
)

// What is set in the environment of a process that works for a test, and of one
// that dies in the middle.
const (
	working = "KPSPEC_TEST_WORKS"
	dying   = "KPSPEC_TEST_DIES"
)

// mortal is a connection with whose n-th message the process dies.
type mortal struct {
	io.Reader
	left int
}

func (m *mortal) Read(b []byte) (int, error) {
	if m.left--; m.left == 0 {
		os.Exit(3)
	}
	return m.Reader.Read(b)
}

func TestMain(m *testing.M) {
	if os.Getenv(leading) != "" {
		if err := lead(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if os.Getenv(working) == "" {
		os.Exit(m.Run())
	}
	var from io.Reader = os.Stdin
	if os.Getenv(dying) != "" {
		from = &mortal{from, 100}
	}
	if err := Work(context.Background(), from, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// worker starts this test binary as a process that works for the run.
func worker() *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), working+"=1")
	return cmd
}

// underTest is the reference, with what may come between it and the specs.
func underTest(t *testing.T, between func(http.Handler) http.Handler) suites.Config {
	t.Helper()
	g := NewWithT(t)
	ref, err := target.New(target.Config{}, "")
	g.Expect(err).NotTo(HaveOccurred())
	place, err := ref.Start(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { _ = ref.Stop(context.Background()) })
	if between != nil {
		behind, err := url.Parse(place.ECS)
		g.Expect(err).NotTo(HaveOccurred())
		front := httptest.NewServer(between(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = behind.Scheme, behind.Host, r.In.Host
		}}))
		t.Cleanup(front.Close)
		place.ECS, place.SWAS = front.URL, front.URL
	}
	place.Shape = target.ShapeOf(t.Context(), place)
	return suites.Config{Target: ref, Place: place}
}

// told is what a report says of its rules, without times.
func told(r report.Report) []string {
	var out []string
	for _, rule := range r.Rules {
		for _, spec := range rule.Specs {
			out = append(out, fmt.Sprint(rule.ID, " ", spec.Text, ": ", spec.Verdict, " ", spec.Observations))
		}
	}
	return out
}

func TestEveryNumberOfProcessesComesToTheSameReport(t *testing.T) {
	g := NewWithT(t)
	alone, err := suites.Execute(t.Context(), underTest(t, nil))
	g.Expect(err).NotTo(HaveOccurred())
	for _, n := range []int{2, 5} {
		r, err := Run(t.Context(), underTest(t, nil), n, worker)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(r.ExitCode).To(Equal(verdict.ExitConformant), "%v", r.CleanupErrors)
		g.Expect(told(r)).To(Equal(told(alone)), "%d processes", n)
		g.Expect(r.Counts).To(Equal(alone.Counts))
	}
}

func TestARunOfOneProductIsSpreadToo(t *testing.T) {
	g := NewWithT(t)
	cfg := underTest(t, nil)
	cfg.Rules = []string{"SWAS-ATT-*"}
	r, err := Run(t.Context(), cfg, 3, worker)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(r.ExitCode).To(Equal(verdict.ExitConformant))
	g.Expect(r.NotSelected).To(BeNumerically(">", 0))
}

func TestWhereTwoRegionsAreAllTheSpecsOfAProductRunOneAfterTheOther(t *testing.T) {
	g := NewWithT(t)
	cfg := underTest(t, nil)
	cfg.Place.World.Regions = cfg.Place.World.Regions[:2]
	r, err := Run(t.Context(), cfg, 4, worker)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(r.ExitCode).To(Equal(verdict.ExitConformant), "%+v", r.Counts)
}

// once calls do at the n-th request.
func once(n int64, do func()) func(http.Handler) http.Handler {
	var requests atomic.Int64
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if requests.Add(1) == n {
				do()
			}
			h.ServeHTTP(w, r)
		})
	}
}

func TestAProcessThatDiesLeavesItsSpecsUndone(t *testing.T) {
	g := NewWithT(t)
	var one atomic.Bool
	r, err := Run(t.Context(), underTest(t, nil), 3, func() *exec.Cmd {
		cmd := worker()
		if one.CompareAndSwap(false, true) {
			cmd.Env = append(cmd.Env, dying+"=1")
		}
		return cmd
	})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(r.ExitCode).To(Equal(verdict.ExitIncomplete))
	g.Expect(r.CleanupErrors).To(HaveExactElements(MatchRegexp(`^process [123] of 3: it ended before it had handed over its results .*; what it had made may be left$`)))
	for _, rule := range r.Rules {
		g.Expect(rule.Verdict).NotTo(Equal(verdict.Failed), rule.ID)
	}
}

func TestAnInterruptedRunIsCleanedUpByAllItsProcesses(t *testing.T) {
	g := NewWithT(t)
	ctx, cancel := context.WithCancel(t.Context())
	cfg := underTest(t, once(400, cancel))
	cfg.Place.Quota = false // hundreds of key pairs take longer to remove than there is time on a busy machine
	r, err := Run(ctx, cfg, 3, worker)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(r.ExitCode).To(Equal(verdict.ExitIncomplete))
	g.Expect(r.CleanupErrors).To(BeEmpty())
	undone := slices.IndexFunc(r.Rules, func(rule report.Rule) bool { return rule.Verdict == verdict.CouldNotRun })
	g.Expect(undone).To(BeNumerically(">=", 0))
	g.Expect(r.Rules[undone].Specs[0].Failure + r.Rules[undone].Reason).To(ContainSubstring("the run was interrupted"))

	cfg.Rules = []string{"ECS-IMP-ACTION"}
	again, err := suites.Execute(t.Context(), cfg) // on the same reference
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(again.ExitCode).To(Equal(verdict.ExitConformant))
}

func TestAllProcessesShareOneBudget(t *testing.T) {
	g := NewWithT(t)
	cfg := underTest(t, nil)
	cfg.Place.Gate = guard.NewGate(guard.Limits{Requests: 300})
	r, err := Run(t.Context(), cfg, 3, worker)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(r.ExitCode).To(Equal(verdict.ExitIncomplete))
	g.Expect(r.Limits.Sent).To(BeNumerically(">=", 300))
	g.Expect(r.Limits.Sent).To(BeNumerically("<=", 300+r.Limits.Reserve))
	g.Expect(r.CleanupErrors).To(BeEmpty())
}

func TestAllProcessesWaitOutBadWeatherWithinOneBudget(t *testing.T) {
	g := NewWithT(t)
	fair, err := suites.Execute(t.Context(), underTest(t, nil))
	g.Expect(err).NotTo(HaveOccurred())
	var requests atomic.Int64
	cfg := underTest(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if requests.Add(1)%50 == 0 {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			h.ServeHTTP(w, r)
		})
	})
	cfg.Place.Patience = patience.New(target.Near)
	r, err := Run(t.Context(), cfg, 3, worker)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(r.ExitCode).To(Equal(verdict.ExitConformant), "%v", r.CleanupErrors)
	g.Expect(told(r)).To(Equal(told(fair)))
	g.Expect(r.Weather.Requests["503"]).To(BeNumerically(">", 20))
	g.Expect(r.Weather.WaitedMS).To(BeNumerically("<=", target.Near.Retry.Milliseconds()))
	g.Expect(cfg.Place.Patience.Spend(target.Near.Retry)).To(BeFalse(), "what the processes waited was taken from the budget of the run")
}

func TestAProcessThatCannotBeStartedIsSaid(t *testing.T) {
	g := NewWithT(t)
	r, err := Run(t.Context(), underTest(t, nil), 2, func() *exec.Cmd { return exec.Command("/nowhere/kpspec") })
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(r.ExitCode).To(Equal(verdict.ExitIncomplete))
	g.Expect(r.Rules[0].Reason).To(ContainSubstring("process 1 of 2: "))
}
