package target_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/wire"
)

const goodAnswer = `{"RequestId":"R","KeyPairs":{"KeyPair":[]},"TotalCount":0,"PageNumber":1,"PageSize":1}`

func refusal(code, message string) string {
	body, err := json.Marshal(map[string]string{"RequestId": "R", "HostId": "H", "Code": code, "Message": message})
	if err != nil {
		panic(err) // two strings
	}
	return string(body)
}

func TestPreflightJudgesAnswers(t *testing.T) {
	t.Parallel()
	w := world.Default()
	owner := w.Accounts[0].Identities[0]
	who := fmt.Sprintf("account %s, identity %q", w.Accounts[0].ID, owner.Name)
	tests := map[string]struct {
		status int
		body   string
		want   string // "" = all is well
	}{
		"good":             {200, goodAnswer, ""},
		"good, no members": {200, `{"RequestId":"R","KeyPairs":{}}`, ""},
		"a web page":       {200, "<html><body>It works!</body></html>", "not an ECS API: it answers 200 without a JSON object ("},
		"nothing":          {200, "", "not an ECS API: it answers 200 without a JSON object ("},
		"empty object":     {200, "{}", "not an ECS API, or one without DescribeKeyPairs: it answers 200 without a KeyPairs object; check the URL"},
		"KeyPairs a list":  {200, `{"KeyPairs":[]}`, "not an ECS API, or one without DescribeKeyPairs: it answers 200 without a KeyPairs object; check the URL"},
		"not found page":   {404, "404 page not found", "not an ECS API: it answers 404 without an error envelope ("},
		"not found object": {404, "{}", "not an ECS API: it answers 404 without an error envelope ("},
		"redirect":         {302, "", "not an ECS API: it answers 302 without an error envelope ("},
		"wrong signature": {400, refusal("SignatureDoesNotMatch", "no match"),
			"refuses the credentials of " + who + " (400 SignatureDoesNotMatch: no match); check the access key"},
		"unknown key":    {404, refusal("InvalidAccessKeyId.NotFound", "m"), "refuses the credentials of " + who + " (404 InvalidAccessKeyId.NotFound: m)"},
		"old token":      {400, refusal("InvalidSecurityToken.Expired", "m"), "refuses the credentials of " + who},
		"no permission":  {403, refusal("NoPermission", "region? no"), "refuses the credentials of " + who},
		"forbidden":      {403, refusal("Forbidden.RAM", "m"), "refuses the credentials of " + who},
		"clock":          {400, refusal("InvalidTimeStamp.Expired", "m"), "refuses the time of the request (400 InvalidTimeStamp.Expired: m); set the clock"},
		"unknown region": {404, refusal("InvalidRegionId.NotFound", "m"), "has no region cn-hangzhou (404 InvalidRegionId.NotFound: m); check world.regions"},
		"region, in words": {400, refusal("InvalidParameter", "The Region is not served."),
			"has no region cn-hangzhou (400 InvalidParameter: The Region is not served.); check world.regions"},
		"something else": {400, refusal("InvalidParameter", "no"),
			"refuses DescribeKeyPairs, without which nothing can be tested, in region cn-hangzhou to " + who + " (400 InvalidParameter: no)"},
		"out of order": {503, refusal("ServiceUnavailable", "m"), "refuses DescribeKeyPairs"},
		"repeats the secrets": {400, refusal("SignatureDoesNotMatch", owner.AccessKeyID+" "+owner.AccessKeySecret+"\x1b[2J\n"),
			"refuses the credentials of " + who + " (400 SignatureDoesNotMatch: [hidden] [hidden]?[2J); check"},
		"long": {400, refusal("Odd", strings.Repeat("x", 1000)), "refuses DescribeKeyPairs"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
			}))
			defer s.Close()
			err := target.Preflight(t.Context(), target.Place{ECS: s.URL, World: w})
			if tt.want == "" {
				g.Expect(err).NotTo(HaveOccurred())
				return
			}
			g.Expect(err).To(MatchError(HavePrefix(s.URL + ": " + tt.want)))
			g.Expect(err.Error()).NotTo(ContainSubstring("\n"))
			g.Expect(len(err.Error())).To(BeNumerically("<", 600))
			g.Expect(err.Error()).NotTo(ContainSubstring(owner.AccessKeySecret))
		})
	}
}

// TestPreflightAsks checks who is asked what: each of the first two regions, and
// the other account.
func TestPreflightAsks(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		_, key, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
		key, _, _ = strings.Cut(key, ",")
		asked = append(asked, strings.Join([]string{r.Header.Get("X-Acs-Action"), q.Get("RegionId"), q.Get("PageSize"), key}, " "))
		_, _ = w.Write([]byte(goodAnswer))
	}))
	defer s.Close()
	w := world.Default()
	one, two := w.Accounts[0].Identities[0].AccessKeyID, w.Accounts[1].Identities[0].AccessKeyID
	g.Expect(target.Preflight(t.Context(), target.Place{ECS: s.URL, World: w})).To(Succeed())
	g.Expect(asked).To(Equal([]string{
		"DescribeKeyPairs cn-hangzhou 1 " + one,
		"DescribeKeyPairs cn-shanghai 1 " + one,
		"DescribeKeyPairs cn-hangzhou 1 " + two,
	}))

	asked = nil
	w.Regions, w.Accounts = w.Regions[:1], w.Accounts[:1]
	g.Expect(target.Preflight(t.Context(), target.Place{ECS: s.URL, World: w})).To(Succeed())
	g.Expect(asked).To(HaveLen(1))
}

func TestPreflightOnTheReference(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	tg, err := target.New(target.Config{}, "")
	g.Expect(err).NotTo(HaveOccurred())
	place, err := tg.Start(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { _ = tg.Stop(context.Background()) })

	wrong := place
	wrong.World = world.Default()
	wrong.World.Accounts[0].Identities[0].AccessKeySecret = "a-guess"
	g.Expect(target.Preflight(t.Context(), wrong)).To(MatchError(And(
		ContainSubstring(": refuses the credentials of "), ContainSubstring("SignatureDoesNotMatch"))))

	wrong.World = world.Default()
	wrong.World.Accounts[1].Identities[0].AccessKeyID = "nobody"
	g.Expect(target.Preflight(t.Context(), wrong)).To(MatchError(
		ContainSubstring(": refuses the credentials of account " + wrong.World.Accounts[1].ID)))

	wrong.World = world.Default()
	wrong.World.Regions[1] = "cn-nowhere"
	g.Expect(target.Preflight(t.Context(), wrong)).To(MatchError(ContainSubstring(": has no region cn-nowhere (")))

	wrong.World.Accounts[0].Identities[0].AccessKeySecret = ""
	g.Expect(target.Preflight(t.Context(), wrong)).To(MatchError(ContainSubstring("lacks an access key id or secret")))
}

type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

func TestPreflightUnreachable(t *testing.T) {
	t.Parallel()
	place := target.Place{ECS: "http://ecs.example", World: world.Default()}
	preflight := func(err error) error {
		return target.Preflight(context.Background(), place, wire.WithTransport(failing{err}))
	}
	tests := map[string]struct {
		err  error
		want string
	}{
		"name":    {&url.Error{Op: "Post", URL: "x", Err: &net.DNSError{Err: "no such host", Name: "ecs.example", IsNotFound: true}}, "unreachable: the name ecs.example is not known to the resolver; check the URL"},
		"timeout": {context.DeadlineExceeded, "unreachable: no answer in time"},
		"stopped": {context.Canceled, "interrupted before it answered"},
		"other":   {errors.New("connection reset by peer"), "unreachable: no answer from ecs.example: connection reset by peer"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			NewWithT(t).Expect(preflight(tt.err)).To(MatchError(HavePrefix("http://ecs.example: " + tt.want)))
		})
	}

	t.Run("TLS on a plain port", func(t *testing.T) {
		t.Parallel()
		s := httptest.NewServer(http.NotFoundHandler())
		defer s.Close()
		there := place
		there.ECS = strings.Replace(s.URL, "http:", "https:", 1)
		NewWithT(t).Expect(target.Preflight(t.Context(), there)).To(MatchError(And(
			ContainSubstring(": unreachable: no TLS there ("), HaveSuffix("check whether the URL must begin with http"))))
	})

	t.Run("certificate of nobody", func(t *testing.T) {
		t.Parallel()
		s := httptest.NewUnstartedServer(http.NotFoundHandler())
		s.Config.ErrorLog = quietLog()
		s.StartTLS()
		defer s.Close()
		there := place
		there.ECS = s.URL
		NewWithT(t).Expect(target.Preflight(t.Context(), there)).To(MatchError(ContainSubstring(": unreachable: its TLS certificate is not trusted (")))
	})

	t.Run("interrupted", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			cancel()
			<-r.Context().Done()
		}))
		defer s.Close()
		there := place
		there.ECS = s.URL
		NewWithT(t).Expect(target.Preflight(ctx, there)).To(MatchError(s.URL + ": interrupted before it answered"))
	})
}

func quietLog() *log.Logger { return log.New(io.Discard, "", 0) }
