package reference_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/sshkeys"
	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/reference"
)

// user is one of the clients that people call the service with, for one server, identity and region.
type user interface {
	importKeyPair(name, publicKey string, tags []pairTag) (fingerprint string, err error)
	describeKeyPairs(name string) ([]pair, error)
	deleteKeyPairs(name string) error
	// refusal is what the client makes of an error answer; it fails the test when err is nothing of the kind.
	refusal(t *testing.T, err error) refusal
}

// pair is a key pair as a client shows it.
type pair struct {
	name, fingerprint string
	tags              []pairTag // nil when the client cannot show tags
}

type pairTag struct{ key, value string }

// refusal is an error answer as a client shows it.
type refusal struct {
	status        int
	code, message string
}

// clients are the clients under test. Each has the server as its endpoint, so that none looks one up elsewhere, and is
// told not to use a proxy.
var clients = []struct {
	name   string
	dial   func(t *testing.T, server *url.URL, id world.Identity, region string) user
	shape  string // how its requests look on the wire
	noTags bool   // the client knows no tags
	rawXML bool   // the client leaves the text of a refusal unread
}{
	{name: "official SDK v4", dial: dialSDK("ACS3-HMAC-SHA256"), shape: "V3 POST, query"},
	{name: "official SDK v4 signing V1", dial: dialSDK("v2"), shape: "V1 POST, query"},
	{name: "legacy SDK, JSON", dial: dialLegacy("JSON"), shape: "V1 POST, query"},
	{name: "legacy SDK, XML", dial: dialLegacy("XML"), shape: "V1 POST, query", rawXML: true},
	{name: "aliyungo", dial: dialAliyungo, shape: "V1 GET, query", noTags: true},
	{name: "tea-rpc, as the Terraform provider", dial: dialTeaRPC, shape: "V1 POST, query and form"},
}

// TestClients lets each client lead a key pair through its life: import, list, a second import of the same name, delete.
// It does so as a plain identity and as one with a security token.
func TestClients(t *testing.T) {
	trapProxies(t)
	for _, c := range clients {
		t.Run(c.name, func(t *testing.T) {
			w := world.Default()
			for _, id := range owners(w) {
				t.Run(id.Name, func(t *testing.T) {
					g := NewWithT(t)
					server, seen := serveReference(t, w)
					u := c.dial(t, server, id, w.Regions[0])

					const name = "clients-test.a"
					key := sshkeys.RSA2048
					tags := []pairTag{{"team", "störung + 维护"}, {"empty", ""}}
					want := pair{name, key.Fingerprint, tags}
					if c.noTags {
						tags, want.tags = nil, nil
					}

					// The line end of a file that was sent as it is.
					g.Expect(u.importKeyPair(name, key.Line+"\n", tags)).To(Equal(key.Fingerprint))
					g.Expect(u.importKeyPair("clients-test.b", sshkeys.ECDSA256.Line, nil)).To(Equal(sshkeys.ECDSA256.Fingerprint))
					g.Expect(u.describeKeyPairs(name)).To(Equal([]pair{want}))

					_, err := u.importKeyPair(name, sshkeys.RSA2048B.Line, nil)
					got := u.refusal(t, err)
					g.Expect(got.status).To(Equal(http.StatusBadRequest))
					if c.rawXML {
						g.Expect(got.message).To(ContainSubstring("<Code>KeyPair.AlreadyExist</Code>"))
					} else {
						g.Expect(got.code).To(Equal("KeyPair.AlreadyExist"))
						g.Expect(got.message).To(ContainSubstring("already exist"))
					}
					g.Expect(u.describeKeyPairs(name)).To(Equal([]pair{want}), "a refused import changes nothing")

					g.Expect(u.deleteKeyPairs(name)).To(Succeed())
					g.Expect(u.describeKeyPairs(name)).To(BeEmpty())
					g.Expect(u.describeKeyPairs("clients-test.*")).To(HaveLen(1))

					g.Expect(seen()).To(HaveEach(c.shape), "the requests look as expected")
				})
			}
		})
	}
}

// TestClientsAreRefused shows that the clients of [TestClients] are let in for their signature and their token, and that
// they can say why when they are not.
func TestClientsAreRefused(t *testing.T) {
	trapProxies(t)
	w := world.Default()
	faults := []struct {
		name  string
		spoil func(*world.Identity)
		code  string
	}{
		{"wrong secret", func(id *world.Identity) { id.AccessKeySecret += "-wrong" }, "SignatureDoesNotMatch"},
		{"wrong token", func(id *world.Identity) { id.SecurityToken += "-wrong" }, "InvalidSecurityToken"},
	}
	for _, c := range clients {
		for _, plain := range owners(w) {
			for _, fault := range faults {
				t.Run(c.name+"/"+plain.Name+"/"+fault.name, func(t *testing.T) {
					g := NewWithT(t)
					id := plain
					fault.spoil(&id)
					server, _ := serveReference(t, w)
					u := c.dial(t, server, id, w.Regions[0])
					_, err := u.describeKeyPairs("*")
					got := u.refusal(t, err)
					g.Expect(got.status / 100).To(Equal(4))
					if c.rawXML {
						g.Expect(got.message).To(ContainSubstring("<Code>" + fault.code))
					} else {
						g.Expect(got.code).To(HavePrefix(fault.code))
					}
				})
			}
		}
	}
}

// serveReference serves the world on a loopback port for the time of the test. seen tells the shapes of the requests that
// came.
func serveReference(t *testing.T, w world.World) (base *url.URL, seen func() []string) {
	t.Helper()
	api, err := reference.New(w, reference.Options{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = api.Close() })
	var mu sync.Mutex
	var shapes []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("reading the request: %v", err)
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		mu.Lock()
		shapes = append(shapes, shapeOf(r, string(body)))
		mu.Unlock()
		api.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	base, err = url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return base, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(shapes)
	}
}

// shapeOf says how a request is signed and where its parameters travel.
func shapeOf(r *http.Request, body string) string {
	signing := "V1 "
	if strings.HasPrefix(r.Header.Get("Authorization"), "ACS3-HMAC-SHA256 ") {
		signing = "V3 "
	}
	switch {
	case body == "":
		return signing + r.Method + ", query"
	case r.URL.RawQuery == "":
		return signing + r.Method + ", form"
	}
	return signing + r.Method + ", query and form"
}

// trapProxies points every variable that names a proxy to a server that fails the test when anything arrives there. (Go's
// own transport never uses a proxy for a loopback address; some of the clients choose for themselves.)
func trapProxies(t *testing.T) {
	t.Helper()
	trap := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("a client sent %s %s to the proxy of the environment", r.Method, r.URL.Host)
		w.WriteHeader(http.StatusBadGateway)
	}))
	t.Cleanup(trap.Close)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} {
		t.Setenv(name, trap.URL)
		t.Setenv(strings.ToLower(name), trap.URL)
	}
	t.Setenv("NO_PROXY", "")
	t.Setenv("no_proxy", "")
}
