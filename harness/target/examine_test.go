package target_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/target"
)

// states are the checks of an examination as "name state", those that are ok left out.
func states(e target.Examination) []string {
	var all []string
	for _, c := range e.Checks {
		if c.State != target.OK {
			all = append(all, c.Name+" "+string(c.State))
		}
	}
	return all
}

// Each cause fails its own check, with what to do, and whatever fails the preflight fails one.
func TestExamineTellsCausesApart(t *testing.T) {
	t.Parallel()
	refused := func(status int, code, message string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, `{"RequestId":"R","Code":%q,"Message":%q}`, code, message)
		}
	}
	keyOf := func(r *http.Request) string {
		_, key, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
		key, _, _ = strings.Cut(key, ",")
		return key
	}
	w := world.Default()
	const address, plain = "DNS skipped", "TLS skipped"
	after := func(names ...string) []string {
		return append([]string{address}, names...)
	}
	for name, c := range map[string]struct {
		serve http.HandlerFunc
		want  []string
		found string
	}{
		"all is well": {func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte(goodECS)) }, []string{address, plain}, "17 in 2 accounts"},
		"its clock is behind": {func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Date", time.Now().Add(-5*time.Minute).UTC().Format(http.TimeFormat))
			_, _ = rw.Write([]byte(goodECS))
		}, []string{address, plain}, "behind this machine, and it takes our time"},
		"another site": {http.NotFound, after(plain, "API failed", "clock skipped", "signature skipped", "permission skipped", "region skipped", "world skipped"), "without an error envelope"},
		"clock":        {refused(400, "InvalidTimeStamp.Expired", "m"), after(plain, "clock failed", "signature skipped", "permission skipped", "region skipped", "world skipped"), "set the clock of this machine"},
		"signature":    {refused(400, "SignatureDoesNotMatch", "m"), after(plain, "signature failed", "permission skipped", "region skipped", "world skipped"), "check the access key and its secret"},
		"permission":   {refused(403, "NoPermission", "m"), after(plain, "permission failed", "region skipped", "world skipped"), "allow it to call DescribeKeyPairs"},
		"region": {func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("RegionId") == w.Regions[1] {
				refused(404, "InvalidRegionId.NotFound", "m")(rw, r)
				return
			}
			_, _ = rw.Write([]byte(goodECS))
		}, after(plain, "region failed"), "has no region " + w.Regions[1]},
		"an unknown RAM user": {func(rw http.ResponseWriter, r *http.Request) {
			switch keyOf(r) {
			case w.Accounts[0].Identities[3].AccessKeyID:
				refused(404, "InvalidAccessKeyId.NotFound", "m")(rw, r)
			case w.Accounts[0].Identities[4].AccessKeyID:
				refused(403, "NoPermission", "as it should be")(rw, r)
			default:
				_, _ = rw.Write([]byte(goodECS))
			}
		}, after(plain, "world failed"), `identity "` + w.Accounts[0].Identities[3].Name + `"`},
		"no second account": {func(rw http.ResponseWriter, r *http.Request) {
			if keyOf(r) == w.Accounts[1].Identities[0].AccessKeyID {
				refused(403, "NoPermission", "m")(rw, r)
				return
			}
			_, _ = rw.Write([]byte(goodECS))
		}, after(plain, "world failed"), "account " + w.Accounts[1].ID},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			s := httptest.NewServer(c.serve)
			defer s.Close()
			place := target.Place{ECS: s.URL, World: w}
			both := target.Examine(t.Context(), place)
			g.Expect(both).To(HaveLen(2))
			g.Expect(states(both[0])).To(Equal(c.want))
			g.Expect(fmt.Sprint(both[0])).To(ContainSubstring(c.found))
			g.Expect(states(both[1])).To(Equal([]string{"DNS skipped"}), "no address for SWAS")
			for _, secret := range w.Secrets() {
				g.Expect(fmt.Sprint(both)).NotTo(ContainSubstring(secret))
			}
			if target.Preflight(t.Context(), place) != nil {
				g.Expect(both[0].Failed()).To(BeTrue())
			}
		})
	}
}

func TestExamineTheWay(t *testing.T) {
	t.Parallel()
	w := world.Default()
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = quietLog()
	s.StartTLS()
	defer s.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for where, want := range map[string]string{
		gone.URL: "TCP failed",
		s.URL:    "TLS failed",
		strings.Replace(gone.URL, "127.0.0.1", "no-such-host.invalid", 1): "DNS failed",
	} {
		g := NewWithT(t)
		_, err := url.Parse(where)
		g.Expect(err).NotTo(HaveOccurred())
		e := target.Examine(context.Background(), target.Place{ECS: where, World: w})[0]
		g.Expect(states(e)).To(ContainElement(want), where)
		g.Expect(states(e)).To(ContainElement("world skipped"))
	}
}
