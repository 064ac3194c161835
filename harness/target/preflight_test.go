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
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/wire"
)

const (
	goodECS  = `{"RequestId":"R","KeyPairs":{"KeyPair":[]},"TotalCount":0,"PageNumber":1,"PageSize":1}`
	goodSWAS = `{"RequestId":"R","KeyPairs":[],"TotalCount":0,"PageNumber":1,"PageSize":1}`
)

// swasWords turns what is said of ECS into what is said of SWAS.
var swasWords = strings.NewReplacer("an ECS API", "a SWAS API", "DescribeKeyPairs", "ListKeyPairs", "a KeyPairs object", "a KeyPairs array")

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
		body   string // of ECS, and of SWAS where nothing is good in it
		want   string // of ECS; "" = all is well
	}{
		"a web page":       {200, "<html><body>It works!</body></html>", "not an ECS API: it answers 200 without a JSON object ("},
		"nothing":          {200, "", "not an ECS API: it answers 200 without a JSON object ("},
		"empty object":     {200, "{}", "not an ECS API, or one without DescribeKeyPairs: it answers 200 without a KeyPairs object; check the URL"},
		"KeyPairs a text":  {200, `{"KeyPairs":""}`, "not an ECS API, or one without DescribeKeyPairs: it answers 200 without a KeyPairs object; check the URL"},
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
	judged := func(t *testing.T, status int, body string, place func(url string) target.Place) (url string, err error) {
		t.Helper()
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}))
		defer s.Close()
		return s.URL, target.Preflight(t.Context(), place(s.URL))
	}
	ecs := func(url string) target.Place { return target.Place{ECS: url, World: w} }
	swas := func(url string) target.Place { return target.Place{SWAS: url, World: w} }
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			for product, place := range map[string]func(string) target.Place{"ECS": ecs, "SWAS": swas} {
				url, err := judged(t, tt.status, tt.body, place)
				want := tt.want
				if product == "SWAS" {
					want = swasWords.Replace(want)
				}
				g.Expect(err).To(MatchError(HavePrefix(product + " at " + url + ": " + want)))
				g.Expect(err.Error()).NotTo(ContainSubstring("\n"))
				g.Expect(len(err.Error())).To(BeNumerically("<", 600))
				g.Expect(err.Error()).NotTo(ContainSubstring(owner.AccessKeySecret))
			}
		})
	}

	listings := map[string]struct {
		body      string
		ecs, swas bool // good for the product
	}{
		"wrapped":             {goodECS, true, false},
		"wrapped, no members": {`{"RequestId":"R","KeyPairs":{}}`, true, false},
		"plain":               {goodSWAS, false, true},
		"null":                {`{"RequestId":"R","KeyPairs":null}`, false, true},
		"none":                {`{"RequestId":"R"}`, false, false},
	}
	for name, tt := range listings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			_, err := judged(t, 200, tt.body, ecs)
			g.Expect(err == nil).To(Equal(tt.ecs), "%v", err)
			_, err = judged(t, 200, tt.body, swas)
			g.Expect(err == nil).To(Equal(tt.swas), "%v", err)
		})
	}
}

// TestPreflightAsks checks who is asked what: of each product each of the first
// two regions, and the other account; and nobody but the first identity.
func TestPreflightAsks(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		_, key, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
		key, _, _ = strings.Cut(key, ",")
		action := r.Header.Get("X-Acs-Action")
		asked = append(asked, strings.Join([]string{r.Header.Get("X-Acs-Version"), action, q.Get("RegionId"), q.Get("PageSize"), key}, " "))
		_, _ = w.Write([]byte(map[string]string{"DescribeKeyPairs": goodECS, "ListKeyPairs": goodSWAS}[action]))
	}))
	defer s.Close()
	w := world.Default()
	one, two := w.Accounts[0].Identities[0].AccessKeyID, w.Accounts[1].Identities[0].AccessKeyID
	ofECS := []string{
		"2014-05-26 DescribeKeyPairs cn-hangzhou 1 " + one, // for the shape
		"2014-05-26 DescribeKeyPairs cn-hangzhou 1 " + one,
		"2014-05-26 DescribeKeyPairs cn-shanghai 1 " + one,
		"2014-05-26 DescribeKeyPairs cn-hangzhou 1 " + two,
	}
	ofSWAS := []string{
		"2020-06-01 ListKeyPairs cn-hangzhou 1 " + one,
		"2020-06-01 ListKeyPairs cn-shanghai 1 " + one,
		"2020-06-01 ListKeyPairs cn-hangzhou 1 " + two,
	}
	for _, tt := range []struct {
		place target.Place
		want  []string
	}{
		{target.Place{ECS: s.URL, SWAS: s.URL}, slices.Concat(ofECS, ofSWAS)},
		{target.Place{ECS: s.URL}, ofECS},
		{target.Place{SWAS: s.URL}, slices.Concat(ofSWAS[:1], ofSWAS)},
	} {
		asked, tt.place.World = nil, w
		g.Expect(target.Preflight(t.Context(), tt.place)).To(Succeed())
		g.Expect(asked).To(Equal(tt.want))
	}

	asked = nil
	w.Regions, w.Accounts = w.Regions[:1], w.Accounts[:1]
	g.Expect(target.Preflight(t.Context(), target.Place{ECS: s.URL, SWAS: s.URL, World: w})).To(Succeed())
	g.Expect(asked).To(HaveLen(3))
}

// A target that knows but one shape is asked in that one.
func TestShapeOf(t *testing.T) {
	t.Parallel()
	w := world.Default()
	for _, only := range wire.Shapes {
		t.Run(string(only), func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				_ = r.ParseForm()
				_, signed := r.URL.Query()["Signature"]
				_, action := r.PostForm["Action"]
				shape := wire.V1Query
				switch {
				case r.Header.Get("Authorization") != "" && len(r.PostForm) > 0:
					shape = wire.V3Form
				case r.Header.Get("Authorization") != "":
					shape = wire.V3Query
				case r.Method == http.MethodGet:
					shape = wire.V1Get
				case action:
					shape = wire.V1Form
				case signed && len(r.PostForm) > 0:
					shape = wire.V1Split
				}
				if shape != only {
					rw.WriteHeader(http.StatusBadRequest)
				}
				_, _ = rw.Write([]byte(goodECS))
			}))
			defer s.Close()
			place := target.Place{ECS: s.URL, World: w}
			g.Expect(target.ShapeOf(t.Context(), place)).To(Equal(only))
			g.Expect(target.Preflight(t.Context(), place)).To(Succeed())
		})
	}
}

func TestPreflightOnTheReference(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	tg, err := target.New(target.Config{}, "")
	g.Expect(err).NotTo(HaveOccurred())
	place, err := tg.Start(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { _ = tg.Stop(context.Background()) })

	g.Expect(target.Preflight(t.Context(), place)).To(Succeed())
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

	wrong.ECS = "" // SWAS alone
	g.Expect(target.Preflight(t.Context(), wrong)).To(MatchError(And(
		HavePrefix("SWAS at "), ContainSubstring(": has no region cn-nowhere ("))))

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
			NewWithT(t).Expect(preflight(tt.err)).To(MatchError(HavePrefix("ECS at http://ecs.example: " + tt.want)))
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
		NewWithT(t).Expect(target.Preflight(ctx, there)).To(MatchError("ECS at " + s.URL + ": interrupted before it answered"))
	})
}

func quietLog() *log.Logger { return log.New(io.Discard, "", 0) }
