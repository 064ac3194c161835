package rpc

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/signing"
)

// awkward has every character that encoders get wrong.
var awkward = map[string]string{
	"KeyPairName": "k é*~+ 1&=%密", "PublicKeyBody": "ssh-rsa AAAA+/= me@h\n", "RegionId": "cn-hangzhou",
	"Tag.1.Key": "a", "Tag.1.Value": "", "on": "ImportKeyPair",
}

func TestEveryShapeIsServed(t *testing.T) {
	for _, s := range shapes {
		for _, who := range []Credential{owner, session} {
			t.Run(string(s)+" as "+who.Name, func(t *testing.T) {
				g := NewWithT(t)
				a := send(t, newGateway(t), newDraft(s, "ImportKeyPair", "n1", awkward).from(who).sign().request())
				g.Expect(a.status).To(Equal(200), a.body)
				g.Expect(a.KeyPairName).To(Equal(awkward["KeyPairName"]))
				g.Expect(a.Account).To(Equal("1"))
				g.Expect(a.header.Get("Content-Type")).To(Equal("application/json;charset=utf-8"))
				g.Expect(a.RequestID).To(MatchRegexp(`^[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}$`))
			})
		}
	}
}

func TestEveryShapeIsRefusedWhenWronglySigned(t *testing.T) {
	for _, s := range shapes {
		t.Run(string(s), func(t *testing.T) {
			g := NewWithT(t)
			wrong := owner
			wrong.Secret = "another"
			a := send(t, newGateway(t), newDraft(s, "ImportKeyPair", "n1", awkward).from(wrong).sign().request())
			g.Expect(a.status).To(Equal(400))
			g.Expect(a.Code).To(Equal("SignatureDoesNotMatch"))
			g.Expect(a.body).NotTo(ContainSubstring(owner.Secret))
		})
	}
}

func TestAChangedParameterBreaksTheSignature(t *testing.T) {
	for _, s := range shapes {
		t.Run(string(s), func(t *testing.T) {
			g := NewWithT(t)
			d := newDraft(s, "ImportKeyPair", "n1", map[string]string{"RegionId": "a"}).sign()
			for _, params := range []map[string]string{d.query, d.form} {
				if _, here := params["RegionId"]; here {
					params["RegionId"] = "b"
				}
			}
			a := send(t, newGateway(t), d.request())
			g.Expect(a.status).To(Equal(400), a.body)
		})
	}
}

// serveVector gives a published request to a gateway that knows its secret
// and operation and whose clock stands at the request's time.
func serveVector(t *testing.T, r *http.Request, id, secret, token, version, action, stamp string) answer {
	t.Helper()
	now, err := time.Parse(time.RFC3339, stamp)
	if err != nil {
		t.Fatal(err)
	}
	return send(t, newGateway(t, func(c *Config) {
		c.Clock = func() time.Time { return now }
		c.Identities = []Credential{{Identity: Identity{AccessKeyID: id}, Secret: secret, SecurityToken: token}}
		c.Operations = []Operation{{Product: "ECS", Version: version, Action: action, Handle: testOperations()[1].Handle}}
	}), r)
}

func TestPublishedV1Vectors(t *testing.T) {
	for _, v := range signing.V1() {
		t.Run(v.ID, func(t *testing.T) {
			g := NewWithT(t)
			params := ParamsOf(v.Params())
			toSign := appendStringToSignV1(nil, v.Method, params.sorted)
			g.Expect(string(toSign)).To(Equal(v.StringToSign))
			g.Expect(signV1(newV1Key(v.Secret), toSign) == v.Signature).To(Equal(v.Matches))
			if _, whole := params.Get("Timestamp"); !whole {
				return // not a request
			}

			v.Query["Signature"] = v.Signature
			r := httptest.NewRequest(v.Method, "/?"+encode(v.Query), strings.NewReader(encode(v.Form)))
			a := serveVector(t, r, v.Query["AccessKeyId"], v.Secret, v.Query["SecurityToken"], v.Query["Version"], v.Query["Action"], v.Query["Timestamp"])
			if v.Matches {
				g.Expect(a.status).To(Equal(200), a.body)
				return
			}
			g.Expect(a.Code).To(Equal("SignatureDoesNotMatch"))
			_, shown, _ := strings.Cut(a.Message, stringToSignMark)
			g.Expect(shown).To(Equal(v.StringToSign), "the message must end in the string to sign")
		})
	}
}

func TestPublishedV3Vectors(t *testing.T) {
	for _, v := range signing.V3() {
		t.Run(v.ID, func(t *testing.T) {
			g := NewWithT(t)
			r := httptest.NewRequest(http.MethodPost, "/?"+encode(v.Query), strings.NewReader(v.Body))
			for _, h := range v.Headers {
				if h[0] == "host" {
					r.Host = h[1]
					continue
				}
				r.Header.Add(h[0], h[1])
			}
			canonical := canonicalV3{
				method: v.Method, query: ParamsOf(v.Query).sorted, signedHeaders: v.SignedHeaders, payloadHash: v.PayloadHash,
				values: func(name string) []string { return headerValues(r, name) },
			}.append(nil)
			g.Expect(string(canonical)).To(Equal(v.CanonicalRequest))
			g.Expect(hashHex(canonical)).To(Equal(v.CanonicalRequestHash))
			g.Expect(signV3(newV3Key(v.Secret), appendStringToSignV3(canonical)[len(canonical):])).To(Equal(v.Signature))
			if v.Method == "" {
				return // not a request
			}

			r.Header.Set("Authorization", v.Authorization())
			h := r.Header
			a := serveVector(t, r, v.AccessKeyID, v.Secret, "", h.Get(headerVersion), h.Get(headerAction), h.Get(headerDate))
			g.Expect(a.status).To(Equal(200), a.body)
		})
	}
}

func TestHeadersOfAV1RequestAreIgnored(t *testing.T) {
	g := NewWithT(t)
	d := newDraft(v1Query, "ImportKeyPair", "n1", nil).sign()
	d.header.Set(headerAction, "NoSuch")
	d.header.Set(headerVersion, "1999-01-01")
	d.header.Set("Accept", "application/xml")
	a := send(t, newGateway(t), d.request())
	g.Expect(a.status).To(Equal(200), a.body)
	g.Expect(a.root).To(BeEmpty())

	d = newDraft(v1Query, "ImportKeyPair", "n2", nil)
	delete(d.query, "Action")
	d.header.Set(headerAction, "ImportKeyPair")
	a = send(t, newGateway(t), d.sign().request())
	expectRefusal(g, a, 400, "MissingParameter", `The input parameter "Action" that is mandatory for processing this request is not supplied.`)
}

func TestParametersOfAV3RequestAreNoCommonParameters(t *testing.T) {
	g := NewWithT(t)
	params := map[string]string{"Action": "NoSuch", "Version": "1999-01-01", "Timestamp": "x", "AccessKeyId": "y", "Signature": "z", "KeyPairName": "k"}
	a := send(t, newGateway(t), newDraft(v3Query, "ImportKeyPair", "n1", params).sign().request())
	g.Expect(a.status).To(Equal(200), a.body)
	g.Expect(a.KeyPairName).To(Equal("k"))
}

func TestSpacesAsTheClientLikes(t *testing.T) {
	for _, s := range []shape{v3Query, v1Query, v1Get} {
		t.Run(string(s), func(t *testing.T) {
			g := NewWithT(t)
			r := newDraft(s, "ImportKeyPair", "n1", map[string]string{"KeyPairName": "a b+c"}).sign().request()
			g.Expect(r.URL.RawQuery).To(ContainSubstring("a+b%2Bc"))
			r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "a+b%2Bc", "a%20b%2bc", 1)
			a := send(t, newGateway(t), r)
			g.Expect(a.KeyPairName).To(Equal("a b+c"), a.body)
		})
	}
}

func TestTheFormWinsOverTheQuery(t *testing.T) {
	for _, s := range []shape{v1Split, v3Form} {
		t.Run(string(s), func(t *testing.T) {
			g := NewWithT(t)
			d := newDraft(s, "ImportKeyPair", "n1", map[string]string{"KeyPairName": "form"})
			d.query["KeyPairName"] = "query"
			a := send(t, newGateway(t), d.sign().request())
			g.Expect(a.KeyPairName).To(Equal("form"), a.body)
		})
	}
}

func TestABodyNeedsNoContentTypeNorLength(t *testing.T) {
	for _, s := range []shape{v1Split, v1Form, v3Form} {
		t.Run(string(s), func(t *testing.T) {
			g := NewWithT(t)
			d := newDraft(s, "ImportKeyPair", "n1", awkward)
			d.header.Del("Content-Type")
			r := d.sign().request()
			r.ContentLength = -1 // chunked
			a := send(t, newGateway(t), r)
			g.Expect(a.KeyPairName).To(Equal(awkward["KeyPairName"]), a.body)
		})
	}
}

func TestWhatOperationsReturn(t *testing.T) {
	tests := []struct {
		action, format string
		status         int
		body           string // with ID for the request id
	}{
		{"ImportKeyPair", "JSON", 200, `{"RequestId":"ID","KeyPairName":"a<&>b","Account":"1"}`},
		{"ImportKeyPair", "XML", 200, `<?xml version='1.0' encoding='UTF-8'?><ImportKeyPairResponse><RequestId>ID</RequestId><KeyPairName>a&lt;&amp;&gt;b</KeyPairName><Account>1</Account></ImportKeyPairResponse>`},
		{"Nothing", "JSON", 200, `{"RequestId":"ID"}`},
		{"Nothing", "XML", 200, `<?xml version='1.0' encoding='UTF-8'?><NothingResponse><RequestId>ID</RequestId></NothingResponse>`},
		{"Empty", "JSON", 200, `{"RequestId":"ID"}`},
		{"Empty", "XML", 200, `<?xml version='1.0' encoding='UTF-8'?><EmptyResponse><RequestId>ID</RequestId></EmptyResponse>`},
		{"Refuse", "JSON", 403, `{"RequestId":"ID","HostId":"127.0.0.1:8080","Code":"QuotaExceed.KeyPair","Message":"The key pair quota exceeds.",` +
			`"Recommend":"https://api.aliyun.com/troubleshoot?q=QuotaExceed.KeyPair&product=Ecs&requestId=ID"}`},
		{"Refuse", "XML", 403, `<?xml version='1.0' encoding='UTF-8'?><Error><RequestId>ID</RequestId><HostId>127.0.0.1:8080</HostId><Code>QuotaExceed.KeyPair</Code>` +
			`<Message>The key pair quota exceeds.</Message><Recommend>https://api.aliyun.com/troubleshoot?q=QuotaExceed.KeyPair&amp;product=Ecs&amp;requestId=ID</Recommend></Error>`},
		{"Deny", "JSON", 403, `{"RequestId":"ID","HostId":"127.0.0.1:8080","Code":"Forbidden.RAM","Message":"No.",` +
			`"Recommend":"https://api.aliyun.com/troubleshoot?q=Forbidden.RAM&product=Ecs&requestId=ID","AccessDeniedDetail":{"AuthAction":"ecs:Deny","PolicyType":"x<y"}}`},
		{"Deny", "XML", 403, `<?xml version='1.0' encoding='UTF-8'?><Error><RequestId>ID</RequestId><HostId>127.0.0.1:8080</HostId><Code>Forbidden.RAM</Code>` +
			`<Message>No.</Message><Recommend>https://api.aliyun.com/troubleshoot?q=Forbidden.RAM&amp;product=Ecs&amp;requestId=ID</Recommend>` +
			`<AccessDeniedDetail><AuthAction>ecs:Deny</AuthAction><PolicyType>x&lt;y</PolicyType></AccessDeniedDetail></Error>`},
	}
	for _, s := range []shape{v3Query, v1Split} {
		for _, test := range tests {
			t.Run(string(s)+" "+test.action+" "+test.format, func(t *testing.T) {
				g := NewWithT(t)
				d := newDraft(s, test.action, "n1", map[string]string{"KeyPairName": "a<&>b"})
				d.query["Format"] = test.format
				a := send(t, newGateway(t), d.sign().request())
				g.Expect(a.status).To(Equal(test.status))
				g.Expect(strings.ReplaceAll(a.body, a.RequestID, "ID")).To(Equal(test.body))
				g.Expect(a.header.Get("Content-Length")).To(Equal(fmt.Sprint(len(a.body))))
			})
		}
	}
}

func TestFormats(t *testing.T) {
	tests := []struct {
		name     string
		shape    shape
		format   string // "-": no Format
		accept   string
		wantRoot string // "": JSON
	}{
		{"V1 JSON", v1Query, "JSON", "", ""},
		{"V1 json", v1Query, "json", "", ""},
		{"V1 XML", v1Query, "XML", "", "ImportKeyPairResponse"},
		{"V1 xMl", v1Form, "xMl", "", "ImportKeyPairResponse"},
		{"V1 none", v1Query, "-", "", "ImportKeyPairResponse"},
		{"V1 empty", v1Query, "", "", "ImportKeyPairResponse"},
		{"V1 none, Accept is not asked", v1Query, "-", "application/json", "ImportKeyPairResponse"},
		{"V3 JSON accepted", v3Query, "-", "application/json", ""},
		{"V3 XML accepted", v3Query, "-", "text/html, Application/XML;q=0.9", "ImportKeyPairResponse"},
		{"V3 text/xml accepted", v3Query, "-", "text/xml", "ImportKeyPairResponse"},
		{"V3 first of two", v3Query, "-", "application/xml, application/json", "ImportKeyPairResponse"},
		{"V3 anything accepted", v3Query, "-", "*/*", ""},
		{"V3 no Accept", v3Query, "-", "", ""},
		{"V3 Format over Accept", v3Query, "xml", "application/json", "ImportKeyPairResponse"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := NewWithT(t)
			d := newDraft(test.shape, "ImportKeyPair", "n1", nil)
			delete(d.common(), "Format")
			if test.format != "-" {
				d.common()["Format"] = test.format
			}
			d.header.Set("Accept", test.accept)
			a := send(t, newGateway(t), d.sign().request())
			g.Expect(a.status).To(Equal(200), a.body)
			g.Expect(a.root).To(Equal(test.wantRoot))
		})
	}
}

func TestProductsSpeakForThemselves(t *testing.T) {
	g := NewWithT(t)
	const otherVersion = "2020-06-01"
	ecs := ECS()
	ecs.Format = JSON
	gateway := newGateway(t, func(c *Config) {
		c.Products = []Product{ecs}
		c.Operations = append(c.Operations, Operation{Product: "SWAS-OPEN", Version: otherVersion, Action: "ImportKeyPair", Handle: testOperations()[5].Handle})
	})
	get := func(query string) answer {
		return send(t, gateway, httptest.NewRequest(http.MethodGet, "/?"+query, nil))
	}
	a := get("Action=ImportKeyPair&Version=" + otherVersion)
	g.Expect([]any{a.root, a.Code, a.Message}).To(HaveExactElements("", "MissingAccessKeyId", "AccessKeyId is mandatory for this action."))
	g.Expect(a.Recommend).To(ContainSubstring("product=SWAS-OPEN"))
	a = get("Action=ImportKeyPair&Version=" + testVersion)
	g.Expect([]any{a.root, a.Code}).To(HaveExactElements("", "MissingParameter"), "ECS answers in JSON as configured")

	d := newDraft(v3Query, "ImportKeyPair", "n1", nil)
	d.header.Set(headerVersion, otherVersion)
	a = send(t, gateway, d.sign().request())
	g.Expect([]any{a.status, a.Code, a.Message}).To(HaveExactElements(500, "InternalError", "An error occurred while processing your request."))
}

func TestDefectsOfAnOperation(t *testing.T) {
	for _, action := range []string{"Fail", "Panic", "Crash", "NoObject", "Statusless"} {
		for _, format := range []string{"JSON", "XML"} {
			t.Run(action+" "+format, func(t *testing.T) {
				g := NewWithT(t)
				var log bytes.Buffer
				gateway := newGateway(t, func(c *Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
				d := newDraft(v3Query, action, "n1", map[string]string{"PublicKeyBody": "private-thing"})
				d.query["Format"] = format
				a := send(t, gateway, d.sign().request())
				expectRefusal(g, a, 500, "InternalError", "The request processing has failed due to some unknown error.")
				g.Expect(log.String()).To(ContainSubstring("level=ERROR"))
				g.Expect(log.String()).NotTo(Or(ContainSubstring("hunter2"), ContainSubstring("private-thing"), ContainSubstring(owner.Secret)))

				a = send(t, gateway, newDraft(v3Query, "ImportKeyPair", "n2", nil).sign().request())
				g.Expect(a.status).To(Equal(200), "the server goes on")
			})
		}
	}
}

func TestLogLine(t *testing.T) {
	g := NewWithT(t)
	var log bytes.Buffer
	gateway := newGateway(t, func(c *Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	d := newDraft(v1Query, "ImportKeyPair", "n1", map[string]string{"KeyPairName": "very-private"}).from(session).sign()
	a := send(t, gateway, d.request())
	g.Expect(log.String()).To(MatchRegexp(`level=INFO msg=request product=ECS action=ImportKeyPair status=200 code="" duration=\S+ requestId=%s account=1\n$`, a.RequestID))

	a = send(t, gateway, newDraft(v1Query, "NoSuch", "n2", nil).sign().request())
	g.Expect(log.String()).To(MatchRegexp(`product=ECS action=unknown status=404 code=InvalidAction.NotFound duration=\S+ requestId=%s account=""\n$`, a.RequestID))

	d.query["Signature"] = "bm90IHRoZSByaWdodCBvbmU="
	send(t, gateway, d.request())
	g.Expect(log.String()).To(ContainSubstring("code=SignatureDoesNotMatch"))
	for _, secret := range []string{"very-private", session.Secret, session.SecurityToken, session.AccessKeyID, d.query["Signature"], "NoSuch"} {
		g.Expect(log.String()).NotTo(ContainSubstring(secret))
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	g := NewWithT(t)
	var log bytes.Buffer
	params := ParamsOf(map[string]string{"PrivateKeyBody": "hunter2"})
	c := Credential{Identity: Identity{AccountID: "1", Name: "n"}, Secret: "hunter2", SecurityToken: "hunter2"}
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "params", params, "credential", c)
	for _, text := range []string{log.String(), fmt.Sprintf("%v %+v %#v %s", params, params, params, params), fmt.Sprintf("%v %+v %#v %s", c, c, c, c)} {
		g.Expect(text).NotTo(ContainSubstring("hunter2"))
	}
}

func TestConcurrentRequests(t *testing.T) {
	g := NewWithT(t)
	gateway := newGateway(t)
	const workers, rounds = 8, 50
	var group sync.WaitGroup
	var mu sync.Mutex
	ids, replays := map[string]bool{}, 0
	for worker := range workers {
		group.Go(func() {
			for round := range rounds {
				s := shapes[(worker+round)%len(shapes)]
				name := fmt.Sprintf("k-%d-%d", worker, round)
				a := send(t, gateway, newDraft(s, "ImportKeyPair", name, map[string]string{"KeyPairName": name}).sign().request())
				same := send(t, gateway, newDraft(v3Query, "ImportKeyPair", fmt.Sprint("shared", round), nil).sign().request())
				mu.Lock()
				if a.KeyPairName == name {
					ids[a.RequestID] = true
				}
				if same.Code == "SignatureNonceUsed" {
					replays++
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	g.Expect(ids).To(HaveLen(workers * rounds))
	g.Expect(replays).To(Equal((workers-1)*rounds), "of several requests with one nonce exactly one is served")
}

func TestNewRefusesABadConfiguration(t *testing.T) {
	handle := func(context.Context, *Call) (any, error) { return nil, nil }
	good := Operation{Product: "ECS", Version: "1", Action: "A", Handle: handle}
	broken := ECS()
	delete(broken.Errors, FaultNonceUsed)
	formatless := ECS()
	formatless.Format = ""
	tests := []struct {
		name, want string
		config     Config
	}{
		{"no operation", "no operation", Config{}},
		{"negative limit", "negative", Config{Operations: []Operation{good}, MaxBody: -1}},
		{"no handler", "all needed", Config{Operations: []Operation{{Product: "ECS", Version: "1", Action: "A"}}}},
		{"operation twice", "A of version 1 stands twice", Config{Operations: []Operation{good, good}}},
		{"version of two products", "both ECS and Other", Config{Operations: []Operation{good, {Product: "Other", Version: "1", Action: "B", Handle: handle}}}},
		{"fault without row", `"nonce used"`, Config{Operations: []Operation{good}, Products: []Product{broken}}},
		{"product without format", "neither JSON nor XML", Config{Operations: []Operation{good}, Products: []Product{formatless}}},
		{"no secret", "1/owner", Config{Operations: []Operation{good}, Identities: []Credential{{Identity: owner.Identity}}}},
		{"access key twice", "same access key", Config{Operations: []Operation{good}, Identities: []Credential{owner, owner}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := NewWithT(t)
			_, err := New(test.config)
			g.Expect(err).To(MatchError(And(ContainSubstring(test.want), HavePrefix("rpc: "))))
			g.Expect(err.Error()).NotTo(ContainSubstring(owner.Secret))
		})
	}
}

func TestACallTellsWhoAndWhen(t *testing.T) {
	g := NewWithT(t)
	var seen *Call
	gateway := newGateway(t, func(c *Config) {
		c.Operations = []Operation{{Product: "ECS", Version: testVersion, Action: "Look", Handle: func(ctx context.Context, call *Call) (any, error) {
			seen = call
			return nil, ctx.Err()
		}}}
	})
	a := send(t, gateway, newDraft(v3Query, "Look", "n1", awkward).from(session).sign().request())
	g.Expect(a.status).To(Equal(200), a.body)
	g.Expect(seen.Params.Names()).To(Equal(ParamsOf(awkward).Names()))
	seen.Params = nil
	g.Expect(*seen).To(Equal(Call{Product: "ECS", Version: testVersion, Action: "Look", RequestID: a.RequestID, Host: testHost, Identity: session.Identity, Time: testNow}))
}

// What a configuration says of the answers, the checks and the ids is used.
func TestAnswersAsConfigured(t *testing.T) {
	t.Parallel()
	ask := func(t *testing.T, d *draft, change func(*Config, *Form)) *httptest.ResponseRecorder {
		t.Helper()
		gateway := newGateway(t, func(c *Config) {
			ecs := ECS()
			change(c, &ecs.Form)
			c.Products = []Product{ecs}
		})
		w := httptest.NewRecorder()
		gateway.ServeHTTP(w, d.request())
		return w
	}
	params := map[string]string{"KeyPairName": "ab"}
	good := func() *draft { return newDraft(v3Query, "ImportKeyPair", "n1", params).sign() }
	bad := func() *draft {
		d := good()
		d.header.Set("Authorization", d.header.Get("Authorization")+"0")
		return d
	}
	g := NewWithT(t)
	g.Expect(ask(t, good(), func(_ *Config, f *Form) { f.RequestID = "Id" }).Body.String()).To(HavePrefix(`{"Id":"`))
	g.Expect(ask(t, good(), func(_ *Config, f *Form) { f.RequestID = "" }).Body.String()).To(Equal(`{"KeyPairName":"ab","Account":"1"}`))
	g.Expect(ask(t, good(), func(_ *Config, f *Form) { f.Success = 201 }).Code).To(Equal(201))
	g.Expect(ask(t, good(), func(_ *Config, f *Form) { f.Only = XML }).Body.String()).To(ContainSubstring("<ImportKeyPairResponse><RequestId>"))
	g.Expect(ask(t, good(), func(c *Config, _ *Form) { c.RequestID = func() string { return "7" } }).Body.String()).To(HavePrefix(`{"RequestId":"7",`))
	g.Expect(ask(t, bad(), func(_ *Config, f *Form) { f.Status = func(*Error) int { return 200 } }).Code).To(Equal(200))
	g.Expect(ask(t, bad(), func(_ *Config, f *Form) { f.Envelope = func(e Envelope) any { return map[string]string{"E": e.Code} } }).Body.String()).To(Equal(`{"E":"SignatureDoesNotMatch"}`))
	g.Expect(ask(t, bad(), func(c *Config, _ *Form) {
		c.Checks = slices.DeleteFunc(Checks(), func(c Check) bool { return c.Name == "signature" })
	}).Code).To(Equal(200))
	g.Expect(ask(t, good(), func(c *Config, _ *Form) {
		c.Checks = append(Checks(), NewCheck("no names", func(_ *http.Request, p *Params) Fault {
			if p.Has("KeyPairName") {
				return FaultMethod
			}
			return ""
		}))
	}).Body.String()).To(ContainSubstring("UnsupportedHTTPMethod"))
}
