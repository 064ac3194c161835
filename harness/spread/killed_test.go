package spread

import (
	"context"
	"io"
	"log"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/guard"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/suites"
)

// What is set in the environment of a process that leads a run for a test: the
// address of the endpoint, the file of the ledger, and whether there is a limit.
const (
	leading = "KPSPEC_TEST_LEADS"
	book    = "KPSPEC_TEST_LEDGER"
	limited = "KPSPEC_TEST_LIMITED"
)

// at is the endpoint at an address.
func at(ctx context.Context, address string, limits guard.Limits) suites.Config {
	w := world.Default()
	place := target.Place{ECS: address, SWAS: address, World: w, Gate: guard.NewGate(limits)}
	place.Shape = target.ShapeOf(ctx, place)
	return suites.Config{Place: place}
}

// lead spreads a run over three processes, which hold what this one has been given as
// its first file until they end.
func lead() error {
	var limits guard.Limits
	if os.Getenv(limited) != "" {
		limits.Rate = 5000
	}
	cfg := at(context.Background(), os.Getenv(leading), limits)
	cfg.Ledger = os.Getenv(book)
	inherited := os.NewFile(3, "inherited")
	_, err := Run(context.Background(), cfg, 3, func() *exec.Cmd {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), leading+"=", working+"=1")
		cmd.ExtraFiles = []*os.File{inherited}
		return cmd
	})
	return err
}

// Nobody is left to be told of anything: the processes remove what they have made,
// and end.
func TestProcessesWhoseRunWasKilledCleanUpAndEnd(t *testing.T) {
	for name, limit := range map[string]string{"without limits": "", "with a rate": "yes"} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			ref, err := target.New(target.Config{}, "")
			g.Expect(err).NotTo(HaveOccurred())
			place, err := ref.Start(t.Context())
			g.Expect(err).NotTo(HaveOccurred())
			t.Cleanup(func() { _ = ref.Stop(context.Background()) })
			behind, err := url.Parse(place.ECS)
			g.Expect(err).NotTo(HaveOccurred())
			enough := make(chan struct{})
			reach := sync.OnceFunc(func() { close(enough) })
			passOn := &httputil.ReverseProxy{ErrorLog: log.New(io.Discard, "", 0), Rewrite: func(r *httputil.ProxyRequest) {
				r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = behind.Scheme, behind.Host, r.In.Host
			}}
			front := httptest.NewServer(once(700, reach)(passOn))
			t.Cleanup(front.Close)

			folder := t.TempDir()
			held, inherited, err := os.Pipe()
			g.Expect(err).NotTo(HaveOccurred())
			t.Cleanup(func() { _ = held.Close() })
			leader := exec.Command(os.Args[0])
			leader.Env = append(os.Environ(), leading+"="+front.URL, limited+"="+limit, book+"="+filepath.Join(folder, "ledger.jsonl"))
			leader.ExtraFiles, leader.Stderr = []*os.File{inherited}, os.Stderr
			g.Expect(leader.Start()).To(Succeed())
			g.Expect(inherited.Close()).To(Succeed())
			g.Eventually(enough).WithTimeout(time.Minute).Should(BeClosed())
			g.Expect(filepath.Glob(filepath.Join(folder, "*"))).To(HaveLen(3), "the ledgers of three processes")
			g.Expect(leader.Process.Kill()).To(Succeed())
			g.Expect(leader.Wait()).NotTo(Succeed())

			g.Expect(held.SetReadDeadline(time.Now().Add(30 * time.Second))).To(Succeed())
			_, err = io.ReadAll(held)
			g.Expect(err).NotTo(HaveOccurred(), "all processes end")
			g.Expect(filepath.Glob(filepath.Join(folder, "*"))).To(BeEmpty(), "the ledgers of what is left")
			cfg := at(t.Context(), place.ECS, guard.Limits{})
			swept, err := suites.Sweep(t.Context(), suites.SweepConfig{Place: cfg.Place, Older: -time.Hour})
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(swept.Found).To(BeEmpty())
			g.Expect(swept.Left()).To(BeFalse(), "%v", swept)
		})
	}
}
