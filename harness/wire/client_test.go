package wire_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/wire"
)

var hard = []wire.Param{
	{Name: "RegionId", Value: "cn-hangzhou"},
	{Name: "KeyPairName", Value: "k é*~+ 1%7E%2B&=;"},
	{Name: "PublicKeyBody", Value: "ssh-rsa AAAA+/= me@h\r\n"},
	{Name: "Tag.1.Key", Value: "鍵\U0001F511"},
	{Name: "Tag.1.Value", Value: ""},
	{Name: "Bytes", Value: "\x00\n\xff\x80"},
	{Name: "na me*~%", Value: "x"},
	{Name: "Tag.1.Key", Value: "again"},
}

func sample(shape wire.Shape) wire.Call {
	return wire.Call{Action: "ImportKeyPair", Version: "2014-05-26", Shape: shape, Params: hard}
}

func client(t testing.TB, address string, id world.Identity, opts ...wire.Option) *wire.Client {
	t.Helper()
	transport := wire.NewTransport()
	t.Cleanup(transport.CloseIdleConnections)
	c, err := wire.NewClient(address, id, append([]wire.Option{wire.WithTransport(transport)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func pairs(params []wire.Param) []pair {
	var out []pair
	for _, p := range params {
		out = append(out, pair{p.Name, p.Value})
	}
	return out
}

func names(ps []pair) []string {
	var out []string
	for _, p := range ps {
		out = append(out, p.name)
	}
	return out
}

// Every shape arrives where it belongs, in order, byte for byte, and verifies.
func TestShapes(t *testing.T) {
	t.Parallel()
	common := []string{"Action", "Version", "Format", "AccessKeyId", "SignatureMethod", "SignatureVersion", "SignatureNonce", "Timestamp", "Signature"}
	for _, shape := range wire.Shapes {
		for _, id := range []world.Identity{owner, session} {
			t.Run(string(shape)+" "+id.Name, func(t *testing.T) {
				t.Parallel()
				g := NewWithT(t)
				s := listen(t, fine)
				a := client(t, s.URL, id).Do(t.Context(), sample(shape))
				g.Expect(a.Err).NotTo(HaveOccurred())
				g.Expect(a.Status).To(Equal(200))
				r := s.last()
				g.Expect(r.verify(id, time.Now())).To(BeEmpty())
				g.Expect(r.Header.Get("User-Agent")).To(HavePrefix("kpspec/"))

				want := common
				if id.SecurityToken != "" {
					want = append(append([]string{}, common[:4]...), append([]string{"SecurityToken"}, common[4:]...)...)
				}
				method, contentType := "POST", []string{"application/x-www-form-urlencoded"}
				switch shape {
				case wire.V3Query:
					contentType = nil
					g.Expect(r.query).To(Equal(pairs(hard)))
					g.Expect(r.body).To(BeEmpty())
					g.Expect(r.Header.Get("X-Acs-Action")).To(Equal("ImportKeyPair"))
					g.Expect(r.Header.Get("X-Acs-Version")).To(Equal("2014-05-26"))
					g.Expect(r.Header.Get("Accept")).To(Equal("application/json"))
					provider := map[string]string{"owner": "static_ak", "session": "static_sts"}[id.Name]
					g.Expect(r.Header.Get("X-Acs-Credentials-Provider")).To(Equal(provider))
				case wire.V3Form:
					g.Expect(r.query).To(BeEmpty())
					g.Expect(r.form).To(Equal(pairs(hard)))
					g.Expect(r.Header.Get("X-Acs-Action")).To(Equal("ImportKeyPair"))
				case wire.V1Get:
					method, contentType = "GET", nil
					fallthrough
				case wire.V1Query:
					g.Expect(names(r.query[:len(want)])).To(Equal(want))
					g.Expect(r.query[len(want):]).To(Equal(pairs(hard)))
					g.Expect(r.body).To(BeEmpty())
				case wire.V1Split:
					g.Expect(names(r.query)).To(Equal(want))
					g.Expect(r.form).To(Equal(pairs(hard)))
				case wire.V1Form:
					g.Expect(r.query).To(BeEmpty())
					g.Expect(names(r.form[:len(want)])).To(Equal(want))
					g.Expect(r.form[len(want):]).To(Equal(pairs(hard)))
				}
				g.Expect(r.Method).To(Equal(method))
				g.Expect(r.Header["Content-Type"]).To(Equal(contentType))
				g.Expect(shape.Description()).NotTo(BeEmpty())
			})
		}
	}
}

func TestAbsentCommonParts(t *testing.T) {
	t.Parallel()
	for _, shape := range wire.Shapes {
		t.Run(string(shape), func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			s := listen(t, fine)
			a := client(t, s.URL, owner).Do(t.Context(), wire.Call{Shape: shape, OmitFormat: true})
			g.Expect(a.Err).NotTo(HaveOccurred())
			r := s.last()
			g.Expect(r.verify(owner, time.Now())).To(BeEmpty())
			for _, name := range []string{"Action", "Version", "Format"} {
				_, present := get(r.all(), name)
				g.Expect(present).To(BeFalse(), name)
			}
			for _, name := range []string{"X-Acs-Action", "X-Acs-Version", "Accept"} {
				g.Expect(r.Header).NotTo(HaveKey(name))
			}
		})
	}
}

func TestFormat(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := listen(t, fine)
	c := client(t, s.URL, owner)
	for format, want := range map[string]string{"": "JSON", "JSON": "JSON", "XML": "XML", "xml": "xml", "YAML": "YAML"} {
		c.Do(t.Context(), wire.Call{Shape: wire.V1Get, Format: format})
		got, _ := get(s.last().query, "Format")
		g.Expect(got).To(Equal(want))
		c.Do(t.Context(), wire.Call{Format: format})
		g.Expect(s.last().Header.Get("Accept")).To(Equal("application/" + strings.ToLower(want)))
		_, present := get(s.last().query, "Format")
		g.Expect(present).To(BeFalse())
	}
}

// Every fault makes exactly one thing wrong, and the rest verifies.
func TestBreaks(t *testing.T) {
	t.Parallel()
	want := map[wire.Break]findings{
		"":                     nil,
		wire.BadSignature:      {"signature"},
		wire.Unsigned:          {"no signature"},
		wire.WrongSecret:       {"signature"},
		wire.NoAccessKey:       {"no key"},
		wire.UnknownAccessKey:  {"unknown key"},
		wire.NoNonce:           {"no nonce"},
		wire.ReplayedNonce:     nil,
		wire.NoTimestamp:       {"no timestamp"},
		wire.StaleClock:        {"stale"},
		wire.FutureClock:       {"future"},
		wire.WrongMethodSigned: {"signature"},
		wire.WrongContentHash:  {"content hash"},
		wire.WrongToken:        {"wrong token"},
		wire.NoToken:           {"no token"},
	}
	for _, shape := range wire.Shapes {
		for _, id := range []world.Identity{owner, session} {
			for _, fault := range append([]wire.Break{""}, wire.Breaks...) {
				t.Run(fmt.Sprintf("%s %s %s", shape, id.Name, fault), func(t *testing.T) {
					t.Parallel()
					g := NewWithT(t)
					s := listen(t, fine)
					c := client(t, s.URL, id)
					call := sample(shape)
					call.Break = fault
					if !fault.Applies(shape, id.SecurityToken != "") {
						a := c.Do(t.Context(), call)
						g.Expect(a.Err).To(MatchError(ContainSubstring("no meaning")))
						g.Expect(s.count()).To(BeZero())
						return
					}
					if fault == wire.Anonymous {
						expected := findings{"signature method", "signature version", "no signature", "no key"}
						if shape == wire.V3Query || shape == wire.V3Form {
							expected = findings{"no authorization", "no key"}
						}
						if id.SecurityToken != "" {
							expected = append(expected, "no token")
						}
						want := expected
						g.Expect(c.Do(t.Context(), call).Err).NotTo(HaveOccurred())
						g.Expect(s.last().verify(id, time.Now())).To(Equal(want))
						return
					}
					if fault == wire.ReplayedNonce {
						a := c.Do(t.Context(), call)
						g.Expect(a.Err).To(MatchError(ContainSubstring("needs a nonce")))
						good := call
						good.Break = ""
						g.Expect(c.Do(t.Context(), good).Err).NotTo(HaveOccurred())
					}
					g.Expect(c.Do(t.Context(), call).Err).NotTo(HaveOccurred())
					r := s.last()
					found := want[fault]
					if fault == wire.TamperedParam {
						found = tampered(shape)
					}
					g.Expect(r.verify(id, time.Now())).To(Equal(found))
					business := r.all()[len(r.all())-len(hard):]
					if fault != wire.TamperedParam {
						g.Expect(business).To(Equal(pairs(hard)))
					}
					if fault == wire.ReplayedNonce {
						g.Expect(nonce(r)).To(Equal(nonce(s.seen[0])))
					}
				})
			}
		}
	}
}

func nonce(r received) string {
	if n := r.Header.Get("X-Acs-Signature-Nonce"); n != "" {
		return n
	}
	n, _ := get(r.all(), "SignatureNonce")
	return n
}

func TestNonces(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := listen(t, fine)
	c := client(t, s.URL, owner)
	seen := map[string]bool{}
	for _, shape := range wire.Shapes {
		for range 2 {
			c.Do(t.Context(), sample(shape))
			seen[nonce(s.last())] = true
		}
		call := sample(shape)
		call.Nonce = "pinned"
		c.Do(t.Context(), call)
		g.Expect(nonce(s.last())).To(Equal("pinned"))
		call.Break = wire.ReplayedNonce
		c.Do(t.Context(), call)
		g.Expect(nonce(s.last())).To(Equal("pinned"))
	}
	g.Expect(seen).To(HaveLen(2 * len(wire.Shapes)))
}

// A nonce that was refused has not been used up and is not replayed.
func TestReplayTakesAcceptedNonce(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	status := 200
	s := listen(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	c := client(t, s.URL, owner)
	c.Do(t.Context(), wire.Call{Nonce: "accepted"})
	status = 400
	c.Do(t.Context(), wire.Call{Nonce: "refused"})
	c.Do(t.Context(), wire.Call{Break: wire.ReplayedNonce})
	g.Expect(nonce(s.last())).To(Equal("accepted"))
}

// tampered is what is wrong with a call that was changed after it was signed:
// where the hash of the body is signed, it is that hash.
func tampered(shape wire.Shape) findings {
	if shape == wire.V3Form {
		return findings{"content hash"}
	}
	return findings{"signature"}
}

func TestTamper(t *testing.T) {
	t.Parallel()
	for _, shape := range wire.Shapes {
		g := NewWithT(t)
		s := listen(t, fine)
		c := client(t, s.URL, owner)
		call := wire.Call{Shape: shape, Break: wire.TamperedParam, Tamper: wire.Param{Name: "KeyPairName", Value: "other"}}.With("KeyPairName", "signed")
		c.Do(t.Context(), call)
		got, _ := get(s.last().all(), "KeyPairName")
		g.Expect(got).To(Equal("other"))
		g.Expect(s.last().verify(owner, time.Now())).To(Equal(tampered(shape)))
		g.Expect(call.Params).To(Equal([]wire.Param{{Name: "KeyPairName", Value: "signed"}}))

		c.Do(t.Context(), wire.Call{Shape: shape, Break: wire.TamperedParam})
		got, _ = get(s.last().all(), "KpspecTampered")
		g.Expect(got).To(Equal("sent"))
	}
}

func TestWithAndWithout(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	base := wire.Call{}.With("A", "1").With("B", "2")
	base.Params = append(base.Params, wire.Param{Name: "A", Value: "3"})
	g.Expect(base.With("A", "x").Params).To(Equal([]wire.Param{{Name: "A", Value: "x"}, {Name: "B", Value: "2"}}))
	g.Expect(base.With("C", "").Params).To(HaveLen(4))
	g.Expect(base.Without("A").Params).To(Equal([]wire.Param{{Name: "B", Value: "2"}}))
	g.Expect(base.Params).To(Equal([]wire.Param{{Name: "A", Value: "1"}, {Name: "B", Value: "2"}, {Name: "A", Value: "3"}}))
	// Copies of one call do not share memory.
	c := wire.Call{Params: make([]wire.Param, 0, 8)}
	x, y := c.With("X", "1"), c.With("Y", "2")
	g.Expect(x.Params[0].Name).To(Equal("X"))
	g.Expect(y.Params[0].Name).To(Equal("Y"))
}

func TestUnknownShapeAndFault(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	c := client(t, "http://127.0.0.1:1", owner)
	g.Expect(c.Do(t.Context(), wire.Call{Shape: "W9"}).Err).To(MatchError(`the call was not sent: there is no wire shape "W9"`))
	g.Expect(c.Do(t.Context(), wire.Call{Break: "x"}).Err).To(MatchError(ContainSubstring(`there is no fault "x"`)))
	g.Expect(wire.Break("x").Applies(wire.V1Get, true)).To(BeFalse())
	g.Expect(wire.Shape("W9").Description()).To(BeEmpty())
}

func TestActionThatNoHeaderHolds(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := listen(t, fine)
	c := client(t, s.URL, owner)
	a := c.Do(t.Context(), wire.Call{Action: "Import\nKeyPair"})
	g.Expect(a.Err).To(MatchError(ContainSubstring("X-Acs-Action")))
	g.Expect(a.Err.Error()).NotTo(ContainSubstring("\n"))
	a = c.Do(t.Context(), wire.Call{Action: "Import\nKeyPair", Shape: wire.V1Query})
	g.Expect(a.Err).NotTo(HaveOccurred())
	g.Expect(s.last().verify(owner, time.Now())).To(BeEmpty())
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"http://127.0.0.1:1", "https://ecs.example.com", "HTTP://localhost:8080/", "http://[::1]:80"} {
		_, err := wire.NewClient(good, owner)
		NewWithT(t).Expect(err).NotTo(HaveOccurred(), good)
		_, err = wire.NewSDK(good, session)
		NewWithT(t).Expect(err).NotTo(HaveOccurred(), good)
	}
	for bad, why := range map[string]string{
		"":                            "scheme",
		"ftp://x":                     "scheme",
		"127.0.0.1:80":                "not a URL",
		"http://":                     "no host",
		"http://:80":                  "no host",
		"http://a:hunter2@localhost":  "user name",
		"http://a:hunter2@local host": "not a URL",
		"http://localhost/api":        "after the host",
		"http://localhost/?hunter2":   "after the host",
		"http://bücher.example":       "ASCII",
		"http://[fe80::1%25eth0]:80":  "zone",
	} {
		_, err := wire.NewClient(bad, owner)
		NewWithT(t).Expect(err).To(MatchError(ContainSubstring(why)), bad)
		NewWithT(t).Expect(err.Error()).NotTo(ContainSubstring("hunter2"))
		_, err = wire.NewSDK(bad, owner)
		NewWithT(t).Expect(err).To(MatchError(ContainSubstring(why)), bad)
	}
	_, err := wire.NewClient("http://localhost", world.Identity{Name: "x", AccessKeyID: "id"})
	NewWithT(t).Expect(err).To(MatchError(ContainSubstring(`identity "x" lacks`)))
	_, err = wire.NewSDK("http://localhost", owner, wire.WithTimeout(0))
	NewWithT(t).Expect(err).To(MatchError(ContainSubstring("positive")))
}

func TestRedirectIsTheAnswer(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := listen(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) })
	a := client(t, s.URL, owner).Do(t.Context(), sample(wire.V1Get))
	g.Expect(a.Err).NotTo(HaveOccurred())
	g.Expect(a.Status).To(Equal(302))
	g.Expect(s.count()).To(Equal(1))
}

func TestBodies(t *testing.T) {
	t.Parallel()
	t.Run("gzip", func(t *testing.T) {
		g := NewWithT(t)
		s := listen(t, func(w http.ResponseWriter, r *http.Request) {
			g.Expect(r.Header.Get("Accept-Encoding")).To(Equal("gzip"))
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = io.WriteString(z, `{"a":1}`)
			_ = z.Close()
		})
		a := client(t, s.URL, owner).Do(t.Context(), sample(wire.V1Get))
		g.Expect(string(a.Body)).To(Equal(`{"a":1}`))
	})
	t.Run("gzip bomb", func(t *testing.T) {
		g := NewWithT(t)
		s := listen(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write(make([]byte, wire.MaxBody+1))
			_ = z.Close()
		})
		a := client(t, s.URL, owner).Do(t.Context(), sample(wire.V1Get))
		g.Expect(a.Err).To(MatchError(ContainSubstring("larger than 4194304 bytes")))
		g.Expect(a.Status).To(Equal(200))
	})
	t.Run("largest", func(t *testing.T) {
		g := NewWithT(t)
		s := listen(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, wire.MaxBody)) })
		a := client(t, s.URL, owner).Do(t.Context(), sample(wire.V1Get))
		g.Expect(a.Err).NotTo(HaveOccurred())
		g.Expect(a.Body).To(HaveLen(wire.MaxBody))
	})
	t.Run("endless", func(t *testing.T) {
		g := NewWithT(t)
		s := listen(t, func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		})
		a := client(t, s.URL, owner).Do(t.Context(), sample(wire.V1Get))
		g.Expect(a.Err).To(MatchError(ContainSubstring("larger than")))
	})
	t.Run("cut", func(t *testing.T) {
		g := NewWithT(t)
		s := listen(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "short")
		})
		a := client(t, s.URL, owner).Do(t.Context(), sample(wire.V1Get))
		g.Expect(a.Err).To(MatchError(ContainSubstring("broke off after 5 bytes")))
		g.Expect(a.Status).To(Equal(200))
		g.Expect(a.String()).To(HavePrefix("HTTP 200, but the answer of"))
		_, err := a.Object()
		g.Expect(err).To(MatchError(a.Err))
		_, err = a.XML()
		g.Expect(err).To(MatchError(a.Err))
		_, err = a.Refusal()
		g.Expect(err).To(MatchError(a.Err))
	})
}

func TestNoAnswer(t *testing.T) {
	t.Parallel()
	t.Run("refused", func(t *testing.T) {
		g := NewWithT(t)
		s := httptest.NewServer(http.NotFoundHandler())
		s.Close()
		a := client(t, s.URL, session).Do(t.Context(), sample(wire.V1Get))
		g.Expect(a.Err).To(MatchError(And(ContainSubstring("no answer from 127.0.0.1:"), ContainSubstring("refused"))))
		clean(g, a.Err.Error())
		g.Expect(a.Status).To(BeZero())
		g.Expect(a.String()).To(Equal(a.Err.Error()))
	})
	t.Run("hang up", func(t *testing.T) {
		g := NewWithT(t)
		s := listen(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		a := client(t, s.URL, session).Do(t.Context(), sample(wire.V1Get))
		g.Expect(a.Err).To(MatchError(ContainSubstring("no answer from")))
		clean(g, a.Err.Error())
	})
	t.Run("not HTTP", func(t *testing.T) {
		g := NewWithT(t)
		s := listen(t, func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			g.Expect(err).NotTo(HaveOccurred())
			_, _ = io.WriteString(conn, "AccessKeyId="+keyID+" %s%d\x1b[31m\r\n\r\n")
			_ = conn.Close()
		})
		a := client(t, s.URL, session).Do(t.Context(), sample(wire.V1Get))
		g.Expect(a.Err).To(HaveOccurred())
		clean(g, a.Err.Error())
	})
	for _, kind := range []string{"silent", "half"} {
		t.Run(kind, func(t *testing.T) {
			g := NewWithT(t)
			release := make(chan struct{})
			defer close(release)
			s := listen(t, func(w http.ResponseWriter, r *http.Request) {
				if kind == "half" {
					_, _ = io.WriteString(w, "half")
					w.(http.Flusher).Flush()
				}
				select {
				case <-release:
				case <-r.Context().Done():
				}
			})
			a := client(t, s.URL, owner, wire.WithTimeout(20*time.Millisecond)).Do(t.Context(), sample(wire.V1Get))
			g.Expect(a.Err).To(MatchError(ContainSubstring("within 20ms")))
			g.Expect(errors.Is(a.Err, context.DeadlineExceeded)).To(BeTrue())
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		g := NewWithT(t)
		ctx, cancel := context.WithCancelCause(t.Context())
		s := listen(t, func(_ http.ResponseWriter, r *http.Request) {
			cancel(errors.New("somebody pressed\nCtrl-C"))
			<-r.Context().Done()
		})
		a := client(t, s.URL, owner).Do(ctx, sample(wire.V1Get))
		g.Expect(a.Err).To(MatchError(ContainSubstring(`given up: somebody pressed\nCtrl-C`)))
		g.Expect(errors.Is(a.Err, context.Canceled)).To(BeTrue())
	})
}

// clean asserts that a text can be shown to anybody.
func clean(g *WithT, text string) {
	for _, s := range []string{secret, token, keyID, "\n", "\x1b"} {
		g.Expect(text).NotTo(ContainSubstring(s))
	}
}

func TestRuleInUserAgent(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := listen(t, fine)
	ctx := wire.WithRule(t.Context(), "ECS-IMP-NAME\r\nX: y")
	client(t, s.URL, owner).Do(ctx, wire.Call{})
	g.Expect(s.last().Header.Get("User-Agent")).To(Equal(wire.UserAgent() + " ECS-IMP-NAME--X- y"))
	client(t, s.URL, owner, wire.WithUserAgent("mine/1")).Do(ctx, wire.Call{})
	g.Expect(s.last().Header.Get("User-Agent")).To(HavePrefix("mine/1 ECS-IMP"))
	client(t, s.URL, owner).Do(t.Context(), wire.Call{})
	g.Expect(s.last().Header.Get("User-Agent")).To(Equal(wire.UserAgent()))
}

func TestClock(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := listen(t, fine)
	at := time.Date(2024, 1, 2, 3, 4, 5, 999, time.FixedZone("X", 3600))
	client(t, s.URL, owner, wire.WithClock(func() time.Time { return at })).Do(t.Context(), wire.Call{})
	g.Expect(s.last().Header.Get("X-Acs-Date")).To(Equal("2024-01-02T02:04:05Z"))
}

func TestConcurrentCalls(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := listen(t, fine)
	c := client(t, s.URL, owner)
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			a := c.Do(t.Context(), sample(wire.Shapes[i%len(wire.Shapes)]))
			if a.Err != nil {
				t.Error(a.Err)
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, r := range s.seen {
		g.Expect(r.verify(owner, time.Now())).To(BeEmpty())
		seen[nonce(r)] = true
	}
	g.Expect(seen).To(HaveLen(32))
}

func TestConnectionsAreReused(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := listen(t, fine)
	c := client(t, s.URL, owner)
	remotes := map[string]bool{}
	for range 5 {
		c.Do(t.Context(), sample(wire.V3Query))
		remotes[s.last().RemoteAddr] = true
	}
	g.Expect(remotes).To(HaveLen(1))
}

func TestClientsDoNotPrintSecrets(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	c := client(t, "http://127.0.0.1:1", session)
	s, err := wire.NewSDK("http://127.0.0.1:1", session)
	g.Expect(err).NotTo(HaveOccurred())
	for _, text := range []string{fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprint(s), c.GomegaString(), s.GomegaString()} {
		clean(g, text)
		g.Expect(text).To(ContainSubstring("127.0.0.1:1"))
	}
}
