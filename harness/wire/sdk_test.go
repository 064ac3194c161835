package wire_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	ecs "github.com/alibabacloud-go/ecs-20140526/v4/client"
	"github.com/alibabacloud-go/tea/tea"
	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/wire"
)

func sdk(t testing.TB, address string, id world.Identity, opts ...wire.Option) *wire.SDK {
	t.Helper()
	transport := wire.NewTransport()
	t.Cleanup(transport.CloseIdleConnections)
	s, err := wire.NewSDK(address, id, append([]wire.Option{wire.WithTransport(transport)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func importRequest() *ecs.ImportKeyPairRequest {
	return new(ecs.ImportKeyPairRequest).SetRegionId("cn-hangzhou").SetKeyPairName("k é*~+ 1").SetPublicKeyBody("ssh-rsa AAAA+/= me@h").
		SetTag([]*ecs.ImportKeyPairRequestTag{{Key: tea.String("a"), Value: tea.String("")}})
}

func TestSDKSignsAndReads(t *testing.T) {
	t.Parallel()
	for _, id := range []world.Identity{owner, session} {
		g := NewWithT(t)
		s := listen(t, reply(200, "application/json", `{"RequestId":"R","KeyPairName":"n","KeyPairFingerPrint":"f"}`))
		response, a := sdk(t, s.URL, id).ImportKeyPair(wire.WithRule(t.Context(), "ECS-IMP-X"), importRequest())
		g.Expect(a.Err).NotTo(HaveOccurred())
		g.Expect(*response.Body.KeyPairName).To(Equal("n"))
		g.Expect(a.Status).To(Equal(200))
		g.Expect(string(a.Body)).To(HavePrefix(`{"RequestId"`))
		r := s.last()
		g.Expect(r.verify(id, time.Now())).To(BeEmpty())
		g.Expect(first(r.query, "")).To(Equal([]pair{
			{"KeyPairName", "k é*~+ 1"}, {"PublicKeyBody", "ssh-rsa AAAA+/= me@h"}, {"RegionId", "cn-hangzhou"}, {"Tag.1.Key", "a"}, {"Tag.1.Value", ""},
		}))
		g.Expect(r.Header.Get("User-Agent")).To(And(HavePrefix("AlibabaCloud"), HaveSuffix(wire.UserAgent()+" ECS-IMP-X")))
		g.Expect(r.Header.Get("Accept-Encoding")).To(Equal("gzip"))
	}
}

func TestSDKOperations(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := listen(t, fine)
	c := sdk(t, s.URL, owner)
	for operation, do := range map[string]func(context.Context) (bool, *wire.Answer){
		"ImportKeyPair": func(ctx context.Context) (bool, *wire.Answer) {
			r, a := c.ImportKeyPair(ctx, new(ecs.ImportKeyPairRequest))
			return r != nil, a
		},
		"CreateKeyPair": func(ctx context.Context) (bool, *wire.Answer) {
			r, a := c.CreateKeyPair(ctx, new(ecs.CreateKeyPairRequest))
			return r != nil, a
		},
		"DescribeKeyPairs": func(ctx context.Context) (bool, *wire.Answer) {
			r, a := c.DescribeKeyPairs(ctx, new(ecs.DescribeKeyPairsRequest))
			return r != nil, a
		},
		"DeleteKeyPairs": func(ctx context.Context) (bool, *wire.Answer) {
			r, a := c.DeleteKeyPairs(ctx, new(ecs.DeleteKeyPairsRequest))
			return r != nil, a
		},
		"DescribeRegions": func(ctx context.Context) (bool, *wire.Answer) {
			r, a := c.DescribeRegions(ctx, new(ecs.DescribeRegionsRequest))
			return r != nil, a
		},
	} {
		ok, a := do(t.Context())
		g.Expect(a.Err).NotTo(HaveOccurred(), operation)
		g.Expect(ok).To(BeTrue())
		g.Expect(s.last().Header.Get("X-Acs-Action")).To(Equal(operation))
		g.Expect(s.last().verify(owner, time.Now())).To(BeEmpty())
	}
}

func TestSDKAnswers(t *testing.T) {
	t.Parallel()
	envelope := `{"RequestId":"R","HostId":"h","Code":"KeyPair.AlreadyExist","Message":"it exists %d"}`
	for _, c := range []struct {
		name, contentType, body string
		status                  int
		sdkErr                  string // part of the reason; "" = no Err
		code                    string
	}{
		{"refusal", "application/json", envelope, 400, "", "KeyPair.AlreadyExist"},
		{"server error", "application/json", envelope, 500, "", "KeyPair.AlreadyExist"},
		{"throttled", "application/json", `{"RequestId":"R","Code":"Throttling.User","Message":"m"}`, 400, "", "Throttling.User"},
		{"XML refusal", "text/xml;charset=utf-8", `<Error><RequestId>R</RequestId><Code>C</Code><Message>m</Message></Error>`, 404, "", "C"},
		{"refusal in HTML", "text/html", "<h1>no</h1>", 502, "invalid character", ""},
		{"refusal without a body", "application/json", "", 404, "", ""},
		{"refusal that is a list", "application/json", "[]", 404, "", ""},
		{"strange XML refusal", "text/xml;charset=utf-8", "<Error><Error>", 404, "", ""},
		{"success in HTML", "text/html", "<h1>yes</h1>", 200, "invalid character", ""},
		{"success without a body", "application/json", "", 200, "no body", ""},
		{"success that is null", "application/json", "null", 200, "no body", ""},
		{"success of another type", "application/json", `{"KeyPairName":{"PrivateKeyBody":"hunter2"}}`, 200, "KeyPairName", ""},
		{"redirect", "text/html", "<a>", 302, "invalid character", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			s := listen(t, reply(c.status, c.contentType, c.body))
			response, a := sdk(t, s.URL, session).ImportKeyPair(t.Context(), importRequest())
			g.Expect(response).To(BeNil())
			g.Expect(s.count()).To(Equal(1))
			g.Expect(a.Status).To(Equal(c.status))
			g.Expect(string(a.Body)).To(Equal(c.body))
			g.Expect(a.Header.Get("Content-Type")).To(Equal(c.contentType))
			if c.sdkErr == "" {
				g.Expect(a.Err).NotTo(HaveOccurred())
			} else {
				var unread *wire.SDKErr
				g.Expect(errors.As(a.Err, &unread)).To(BeTrue(), "%v", a.Err)
				g.Expect(a.Err).To(MatchError(ContainSubstring(c.sdkErr)))
				g.Expect(a.Err.Error()).NotTo(ContainSubstring("hunter2"))
				clean(g, a.Err.Error())
			}
			if c.code != "" {
				refusal, err := a.Refusal()
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(refusal.Code).To(Equal(c.code))
			}
		})
	}
}

func TestSDKNoAnswer(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := listen(t, fine)
	s.Close()
	response, a := sdk(t, s.URL, session).ImportKeyPair(t.Context(), importRequest())
	g.Expect(response).To(BeNil())
	g.Expect(a.Err).To(MatchError(ContainSubstring("no answer from")))
	g.Expect(a.Status).To(BeZero())
	clean(g, a.Err.Error())

	response, a = sdk(t, "http://127.0.0.1:1", session).ImportKeyPair(t.Context(), nil)
	g.Expect(response).To(BeNil())
	g.Expect(a.Err).To(MatchError(ContainSubstring("the call was not sent: the official client refused ImportKeyPair")))
	clean(g, a.Err.Error())

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, a = sdk(t, "http://127.0.0.1:1", session).ImportKeyPair(ctx, importRequest())
	g.Expect(errors.Is(a.Err, context.Canceled)).To(BeTrue())
}

func TestSDKDeadline(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := listen(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	_, a := sdk(t, s.URL, owner, wire.WithTimeout(500*time.Millisecond)).ImportKeyPair(t.Context(), importRequest())
	g.Expect(a.Err).To(MatchError(ContainSubstring("within 500ms")))
	g.Expect(s.count()).To(Equal(1))
}

// The client itself reads the environment for proxies and would send a proxy's
// password to the endpoint.
func TestSDKIgnoresProxies(t *testing.T) {
	proxy := listen(t, fine)
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"} {
		t.Setenv(name, strings.Replace(proxy.URL, "://", "://user:hunter2@", 1))
	}
	g := NewWithT(t)
	s := listen(t, fine)
	_, a := sdk(t, s.URL, owner).ImportKeyPair(t.Context(), importRequest())
	g.Expect(a.Err).NotTo(HaveOccurred())
	a = client(t, s.URL, owner).Do(t.Context(), wire.Call{})
	g.Expect(a.Err).NotTo(HaveOccurred())
	g.Expect(proxy.count()).To(BeZero())
	for _, r := range s.seen {
		g.Expect(r.Header).NotTo(HaveKey("Proxy-Authorization"))
	}
}

func TestSDKConcurrently(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := listen(t, fine)
	c := sdk(t, s.URL, session)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if r, a := c.ImportKeyPair(t.Context(), importRequest()); r == nil || a.Err != nil {
				t.Error(a)
			}
		})
	}
	wg.Wait()
	for _, r := range s.seen {
		g.Expect(r.verify(session, time.Now())).To(BeEmpty())
	}
}
