package selftest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/verdict"
	"github.com/kpspec/kpspec/suites"
)

// What a target that has died still holds is said once, and not at all where it has
// taken everything with it.
func TestOfATargetThatIsGoneOneLineSaysWhatMayBeLeft(t *testing.T) {
	for name, c := range map[string]struct {
		fleeting bool
		said     string
	}{
		"an endpoint": {false, `^key pairs may be left: the target stopped answering: (\d+ of them, among them )?\["kpspec[^]]*\]$`},
		"a container": {true, `^nothing is left: the target stopped answering, and what the run had made there is gone with it$`},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			ref, err := target.New(target.Config{}, "")
			g.Expect(err).NotTo(HaveOccurred())
			place, err := ref.Start(t.Context())
			g.Expect(err).NotTo(HaveOccurred())
			t.Cleanup(func() { _ = ref.Stop(context.Background()) })
			behind, err := url.Parse(place.ECS)
			g.Expect(err).NotTo(HaveOccurred())
			proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
				r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = behind.Scheme, behind.Host, r.In.Host
			}}
			var requests atomic.Int64
			front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if requests.Add(1) > 1500 {
					panic(http.ErrAbortHandler)
				}
				proxy.ServeHTTP(w, r)
			}))
			t.Cleanup(front.Close)
			place.ECS, place.SWAS, place.Fleeting = front.URL, front.URL, c.fleeting
			r, err := suites.Execute(t.Context(), suites.Config{Target: ref, Place: place})
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(r.ExitCode).To(Equal(verdict.ExitIncomplete))
			g.Expect(r.CleanupErrors).To(HaveExactElements(MatchRegexp(c.said)))
		})
	}
}
