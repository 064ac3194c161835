package evidence_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/evidence"
)

// roundTrip lets a function be a transport.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answering is a transport that reads the request and answers with the body.
func answering(status int, header http.Header, body string) roundTrip {
	return func(r *http.Request) (*http.Response, error) {
		if r.Body != nil {
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				return nil, err
			}
			_ = r.Body.Close()
		}
		return &http.Response{
			Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), StatusCode: status, Proto: "HTTP/1.1",
			Header: header.Clone(), Body: io.NopCloser(strings.NewReader(body)), Request: r,
		}, nil
	}
}

func request(t testing.TB, method, target, contentType, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

// pass sends the request through the recorder and returns the body as the
// client sees it.
func pass(t testing.TB, r *evidence.Recorder, req *http.Request) string {
	t.Helper()
	resp, err := r.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// texts are all the ways an exchange is shown.
func texts(t testing.TB, x evidence.Exchange) string {
	t.Helper()
	data, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	return string(data) + "\n" + x.String() + "\n" + x.GomegaString()
}

const pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIEcanaryPEM1\ncanaryPEM2==\n-----END RSA PRIVATE KEY-----\n"

// A canary in every place, and none of them may be seen in what is recorded.
func TestCanaries(t *testing.T) {
	t.Parallel()
	const (
		keyID     = "LTAIcanaryKeyId"
		secretKey = "canarySecret/+=x"
		signature = "canarySignature/+="
		token     = "canary+Token=="
	)
	common := url.Values{
		"Action": {"ImportKeyPair"}, "AccessKeyId": {keyID}, "Signature": {signature}, "SecurityToken": {token},
		"SignatureNonce": {"nonce-is-harmless"}, "Unknown": {"canary-unknown"}, "AccessKeySecret": {secretKey},
		"PrivateKeyBody": {pem}, "accesskeyid": {"canary-lower"}, "KeyPairName": {"shown-name"}, "PublicKeyBody": {pem},
		"canary-unknown-name-" + strings.Repeat("x", 60): {"1"},
	}.Encode()
	echo := strings.Join([]string{keyID, signature, token, secretKey, url.QueryEscape(signature), url.QueryEscape(url.QueryEscape(token)), pem,
		"AccessKeySecret=canary-other", "private_key: canary-other2", "Authorization: Bearer canary-bearer"}, " ")
	quoted, err := json.Marshal(echo)
	if err != nil {
		t.Fatal(err)
	}
	escaped := strings.NewReplacer("&", "&amp;", "<", "&lt;").Replace(echo)

	requests := map[string]func() *http.Request{
		"query": func() *http.Request { return request(t, "POST", "http://h/?"+common, "", "") },
		"form": func() *http.Request {
			return request(t, "POST", "http://h/", "application/x-www-form-urlencoded", common)
		},
		"form without GetBody": func() *http.Request {
			r := request(t, "POST", "http://h/", "application/x-www-form-urlencoded; charset=utf-8", common)
			r.GetBody = nil
			return r
		},
		"unlabelled form": func() *http.Request { return request(t, "POST", "http://h/?"+common, "", common) },
		"V3": func() *http.Request {
			r := request(t, "POST", "http://h/?KeyPairName=shown-name", "", "")
			r.Header["Authorization"] = []string{"ACS3-HMAC-SHA256 Credential=" + keyID + ",SignedHeaders=host;x-acs-date,Signature=" + signature}
			r.Header["x-acs-security-token"] = []string{token}
			r.Header["x-acs-accesskey-id"] = []string{keyID}
			r.Header["x-acs-action"] = []string{"ImportKeyPair"}
			r.Header["X-Unheard"] = []string{"canary-header"}
			return r
		},
		"bearer": func() *http.Request {
			r := request(t, "GET", "http://h/?KeyPairName=shown-name&Action=ImportKeyPair", "", "")
			r.Header.Set("Authorization", "Bearer "+token)
			r.Header.Set("Cookie", "c="+signature)
			r.Header.Set("X-Other-Token", keyID)
			return r
		},
	}
	bodies := map[string][2]string{
		"JSON": {"application/json", `{"RequestId":"shown-id","PrivateKeyBody":` + string(quoted) + `,"Message":` + string(quoted) +
			`,"canarySecret/+=x":1,"Unknown":{"Message":"canary-inner","x":["canary-inner"]},"Code":["canary-not` + strings.Repeat("A", 200) + `"],` +
			`"KeyPairs":{"KeyPair":[{"KeyPairName":"shown-inner","PrivateKeyBody":"canary-inner","Other":true},"canary-scalar"],"x":"canary-inner"},"Tags":"canary-scalar","Regions":7}`},
		"XML": {"text/xml;charset=utf-8", `<?xml version="1.0"?><!-- canary-comment --><R canary="canary-attribute"><RequestId>shown-id</RequestId><PrivateKeyBody>` + escaped +
			`</PrivateKeyBody><Message>` + escaped + `</Message><Unknown><Message>canary-inner</Message></Unknown>canary-mixed<Code>C<i>canary-inner</i></Code>` +
			`<KeyPairs><KeyPair><KeyPairName>shown-inner</KeyPairName><PrivateKeyBody>canary-inner</PrivateKeyBody></KeyPair>canary-mixed</KeyPairs></R>`},
		"HTML":            {"text/html", "<html><body>shown-id shown-inner " + pem + echo},
		"broken JSON":     {"application/json", `{"RequestId":"shown-id shown-inner","Message":` + string(quoted) + `,"PrivateKeyBody":"canary-short"`},
		"broken XML":      {"text/xml", `<R><Message>shown-id shown-inner</Message>canary-mixed<PrivateKeyBody>canary-short`},
		"open PEM":        {"text/plain", "shown-id shown-inner\n" + strings.TrimSuffix(pem, "-----END RSA PRIVATE KEY-----\n")},
		"base64":          {"application/octet-stream", "shown-id shown-inner canary" + strings.Repeat("Ab1+/", 20)},
		"list":            {"application/json", `[{"RequestId":"shown-id","Message":"shown-inner","Other":"canary-list"},"canary-list",["canary-list"]]`},
		"more than JSON":  {"application/json", `{"RequestId":"shown-id","Message":"shown-inner"} {"PrivateKeyBody":"canary-more"} canary`},
		"JSON, no comma":  {"application/json", `{"Message":"shown-id shown-inner","Code":"C" "PrivateKeyBody":"canary-comma"}`},
		"JSON, open list": {"application/json", `[{"Message":"shown-id shown-inner"},{"PrivateKeyBody":"canary-open`},
		"member names":    {"application/json", `{"Message":"shown-id shown-inner","Canary0Key1":1,"x":{"canary+name/==":1}}`},
		"bare secrets":    {"text/plain", "shown-id shown-inner LTAI5tCanary0Xq /u8canaryX9+ token canary1==\nMIICanary2 x=canary-value key:canary-value"},
		"web page":        {"text/html", "<!DOCTYPE html><p>shown-id shown-inner <input value='LTAI5tCanary0Xq'>"},
		"JSON in quotes":  {"text/plain", `"shown-id shown-inner {\"PrivateKey\": 'canary-q', \"secret\":\"canary-q\"}"`},
	}
	for sent, make := range requests {
		for got, body := range bodies {
			t.Run(sent+", "+got, func(t *testing.T) {
				t.Parallel()
				g := NewWithT(t)
				header := http.Header{
					"Content-Type": {body[0]}, "Set-Cookie": {"canary-cookie"}, "X-Unknown": {"canary-header"},
					"X-Acs-Request-Id": {"shown-header"}, "Server": {"echo " + token}, "Date": {secretKey},
				}
				r := evidence.NewRecorder(answering(200, header, body[1]))
				r.Hide(secretKey)
				r.Begin()
				g.Expect(pass(t, r, make())).To(Equal(body[1]))
				x := r.Take()
				g.Expect(x).To(HaveLen(1))
				shown := texts(t, x[0])
				lower := strings.ToLower(shown)
				if i := strings.Index(lower, "canary"); i >= 0 {
					t.Errorf("shows a canary: …%s…", shown[max(0, i-80):min(len(shown), i+80)])
				}
				for _, want := range []string{"shown-name", "shown-id", "shown-inner", "shown-header", "ImportKeyPair"} {
					g.Expect(shown).To(ContainSubstring(want))
				}
				if sent == "query" || sent == "form" {
					g.Expect(shown).To(ContainSubstring("nonce-is-harmless"))
				}
			})
		}
	}
}

func TestWhatAnImplementerSees(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	header := http.Header{"Content-Type": {"application/json"}, "X-Acs-Request-Id": {"R-1"}, "Set-Cookie": {"x"}}
	r := evidence.NewRecorder(answering(400, header, `{"RequestId":"R-1","Code":"InvalidKeyPairName.Malformed","Message":"bad <name>"}`))
	req := request(t, "POST", "http://127.0.0.1:8080/?Action=ImportKeyPair&Signature=s%3D%3D", "application/x-www-form-urlencoded", "RegionId=cn-hangzhou&KeyPairName=&Tag.1.Key=%00%ff&Tag.1.Key=b+c")
	pass(t, r, req)
	x := r.Take()[0]
	g.Expect(x.Seq).To(Equal(1))
	g.Expect(x.Action).To(Equal("ImportKeyPair"))
	g.Expect(x.Request).To(Equal(evidence.Message{
		Line:   "POST / HTTP/1.1",
		Header: [][2]string{{"Host", "127.0.0.1:8080"}, {"Content-Type", "application/x-www-form-urlencoded"}},
		Params: []evidence.Param{
			{Name: "Action", Value: "ImportKeyPair", In: "query"},
			{Name: "Signature", Value: "[hidden]", In: "query", Altered: true},
			{Name: "RegionId", Value: "cn-hangzhou", In: "body"},
			{Name: "KeyPairName", Value: "", In: "body"},
			{Name: "Tag.1.Key", Value: "\x00\\xff", In: "body", Altered: true},
			{Name: "Tag.1.Key", Value: "b c", In: "body"},
		},
	}))
	g.Expect(x.Response).To(Equal(&evidence.Message{
		Line:   "HTTP/1.1 400 Bad Request",
		Header: [][2]string{{"Content-Type", "application/json"}, {"Set-Cookie", "[hidden]"}, {"X-Acs-Request-Id", "R-1"}},
		Body:   `{"RequestId":"R-1","Code":"InvalidKeyPairName.Malformed","Message":"bad <name>"}`,
	}))
	lines := strings.Split(x.String(), "\n")
	g.Expect(lines[0]).To(HavePrefix("#1 ImportKeyPair, "))
	g.Expect(lines[1:]).To(Equal([]string{
		"> POST / HTTP/1.1",
		"> Host: 127.0.0.1:8080",
		"> Content-Type: application/x-www-form-urlencoded",
		`> query  Action = "ImportKeyPair"`,
		`> query  Signature = "[hidden]"`,
		`> body  RegionId = "cn-hangzhou"`,
		`> body  KeyPairName = ""`,
		`> body  Tag.1.Key = "\x00\\xff"`,
		`> body  Tag.1.Key = "b c"`,
		"< HTTP/1.1 400 Bad Request",
		"< Content-Type: application/json",
		"< Set-Cookie: [hidden]",
		"< X-Acs-Request-Id: R-1",
		`< {"RequestId":"R-1","Code":"InvalidKeyPairName.Malformed","Message":"bad <name>"}`,
	}))
}

// What a request does not say of itself travels with it to the record, and no further.
func TestOrigin(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	from := evidence.Origin{Product: "ECS", Account: "1", Identity: "owner", Shape: "W2", Fault: "stale-clock"}
	r := evidence.NewRecorder(answering(200, nil, "{}"))
	req := request(t, "GET", "http://h/?Action=A", "", "")
	pass(t, r, req.WithContext(evidence.WithOrigin(t.Context(), from)))
	x := r.Take()[0]
	g.Expect(x.Origin).To(Equal(from))
	g.Expect(x.String()).To(ContainSubstring(", ECS, account 1, identity owner, shape W2, with the fault stale-clock\n> GET"))
	data, err := json.Marshal(x)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(data)).To(ContainSubstring(`"product":"ECS","account":"1","identity":"owner","shape":"W2","fault":"stale-clock"`))
	var back evidence.Exchange
	g.Expect(json.Unmarshal(data, &back)).To(Succeed())
	g.Expect(back.Origin).To(Equal(from))
}

// Words of the server's own in the status line are looked at like any others.
func TestStatusLine(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	for said, shown := range map[string]string{
		"404 Not Found": "HTTP/1.1 404 Not Found", "404 Gone fishing LTAI5tCanary0Xq": "HTTP/1.1 404 Gone fishing [hidden]", "404": "HTTP/1.1 404", "404 ": "HTTP/1.1 404",
	} {
		r := evidence.NewRecorder(roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{Status: said, StatusCode: 404, Proto: "HTTP/1.1", Header: http.Header{}, Body: http.NoBody}, nil
		}))
		pass(t, r, request(t, "GET", "http://h/", "", ""))
		g.Expect(r.Take()[0].Response.Line).To(Equal(shown))
	}
}

func TestJSONRoundTrip(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	x := evidence.Exchange{
		Seq: 2, Action: "A", Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Duration: 1234567 * time.Nanosecond,
		Request:  evidence.Message{Line: "GET / HTTP/1.1", Params: []evidence.Param{{Name: "a", Value: "b", In: "query"}}},
		Response: &evidence.Message{Line: "HTTP/1.1 200 OK", Header: [][2]string{{"Date", "d"}}, Body: "{}"},
	}
	data, err := json.Marshal(x)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(data)).To(MatchJSON(`{"seq":2,"action":"A","started":"2026-01-02T03:04:05Z","durationMs":1.234,
		"request":{"line":"GET / HTTP/1.1","params":[{"name":"a","value":"b","in":"query"}]},
		"response":{"line":"HTTP/1.1 200 OK","header":[["Date","d"]],"body":"{}"}}`))
	var back evidence.Exchange
	g.Expect(json.Unmarshal(data, &back)).To(Succeed())
	x.Duration = x.Duration.Truncate(time.Microsecond)
	g.Expect(back).To(Equal(x))
}

// Keys, names and fingerprints of every length the rules know stay visible.
func TestHarmlessThingsStay(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	name := strings.Repeat("a", 129)
	publicKey := "ssh-rsa AAAAB3NzaC1yc2E" + strings.Repeat("Ab1+/", 100) + "== me@host"
	body, err := json.Marshal(map[string]any{
		"RequestId": "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E",
		"KeyPairs": map[string]any{"KeyPair": []any{map[string]any{
			"KeyPairName": name[:128], "PublicKey": publicKey, "KeyPairFingerPrint": "89:f0:ba:62:ac:b8:aa:e1:61:5e:fd:81:69:86:6d:6b",
			"CreationTime": "2026-01-02T03:04Z", "Tags": map[string]any{"Tag": []any{map[string]any{"TagKey": "k", "TagValue": ""}}},
		}}}, "PageNumber": 1, "TotalCount": json.Number("1"),
	})
	g.Expect(err).NotTo(HaveOccurred())
	r := evidence.NewRecorder(answering(200, nil, string(body)))
	pass(t, r, request(t, "POST", "http://h/?"+url.Values{"KeyPairName": {name}, "PublicKeyBody": {publicKey}, "Tag.20.Value": {"v"}, "InstanceIds.1": {"i-1"}}.Encode(), "", ""))
	x := r.Take()[0]
	g.Expect(x.Response.Body).To(MatchJSON(body))
	g.Expect(x.Request.Params).To(ConsistOf(
		evidence.Param{Name: "KeyPairName", Value: name, In: "query"},
		evidence.Param{Name: "PublicKeyBody", Value: publicKey, In: "query"},
		evidence.Param{Name: "Tag.20.Value", Value: "v", In: "query"},
		evidence.Param{Name: "InstanceIds.1", Value: "i-1", In: "query"},
	))
}

func TestBounds(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	r := evidence.NewRecorder(answering(200, nil, "{}"))
	r.Begin()
	for i := range 25 {
		pass(t, r, request(t, "GET", fmt.Sprintf("http://h/?PageNumber=%d", i), "", ""))
	}
	x := r.Take()
	g.Expect(x).To(HaveLen(20))
	g.Expect(x[0].Seq).To(Equal(6))
	g.Expect(x[19].Seq).To(Equal(25))
	g.Expect(x[19].Request.Params[0].Value).To(Equal("24"))
	g.Expect(r.Dropped()).To(Equal(5))
	g.Expect(r.Take()).To(BeEmpty())
	r.Begin()
	g.Expect(r.Dropped()).To(BeZero())
	pass(t, r, request(t, "GET", "http://h/", "", ""))
	g.Expect(r.Take()[0].Seq).To(Equal(1))
}

// Large messages are cut in the evidence and nowhere else.
func TestLargeMessages(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"JSON":           `{"Message":"` + strings.Repeat("word ", 100_000) + `"}`,
		"many members":   `{` + strings.Repeat(`"Code":"word",`, 10_000) + `"Code":""}`,
		"very large":     `{"Message":"` + strings.Repeat("word ", 300_000) + `"}`,
		"one secret":     strings.Repeat("A", 100_000),
		"text":           strings.Repeat("word ", 100_000),
		"deep":           strings.Repeat(`{"Tags":`, 9_000) + "1" + strings.Repeat("}", 9_000),
		"too deep":       strings.Repeat(`{"Tags":`, 20_000) + "1" + strings.Repeat("}", 20_000),
		"deep XML":       strings.Repeat("<Tags>", 20_000) + strings.Repeat("</Tags>", 20_000),
		"many names XML": "<R>" + strings.Repeat("<Code>x</Code>", 10_000) + "</R>",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			var sent int
			r := evidence.NewRecorder(roundTrip(func(req *http.Request) (*http.Response, error) {
				data, err := io.ReadAll(req.Body)
				sent = len(data)
				resp, _ := answering(200, http.Header{"Content-Type": {"application/json"}}, body)(req)
				return resp, err
			}))
			form := "KeyPairName=" + strings.Repeat("n", 2<<20) + "&RegionId=x"
			g.Expect(pass(t, r, request(t, "POST", "http://h/?"+strings.Repeat("a=b&", 1000), "application/x-www-form-urlencoded", form)) == body).To(BeTrue())
			g.Expect(sent).To(Equal(len(form)))
			x := r.Take()[0]
			g.Expect(len(texts(t, x))).To(BeNumerically("<", 160<<10))
			g.Expect(x.String()).To(ContainSubstring("and 801 more"))
			if name == "one secret" {
				g.Expect(x.Response.Body).To(Equal("[100000 bytes, application/json] [hidden]"))
			}
		})
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	cause := errors.New("dial: AccessKeyId=LTAIcanary refused\nhere")
	r := evidence.NewRecorder(roundTrip(func(*http.Request) (*http.Response, error) { return nil, cause }))
	_, err := r.RoundTrip(request(t, "GET", "http://h/?AccessKeyId=LTAIcanary", "", ""))
	g.Expect(err).To(BeIdenticalTo(cause))
	x := r.Take()[0]
	g.Expect(x.Response).To(BeNil())
	g.Expect(x.Error).To(Equal(`dial: AccessKeyId=[hidden] refused\nhere`))

	broken := errors.New("reset")
	r = evidence.NewRecorder(roundTrip(func(req *http.Request) (*http.Response, error) {
		resp, _ := answering(200, nil, "")(req)
		resp.Body = io.NopCloser(io.MultiReader(strings.NewReader("half"), failing{broken}))
		return resp, nil
	}))
	resp, err := r.RoundTrip(request(t, "GET", "http://h/", "", ""))
	g.Expect(err).NotTo(HaveOccurred())
	data, err := io.ReadAll(resp.Body)
	g.Expect(err).To(BeIdenticalTo(broken))
	g.Expect(string(data)).To(Equal("half"))
	x = r.Take()[0]
	g.Expect(x.Error).To(Equal("reset"))
	g.Expect(x.Response.Body).To(Equal("[4 bytes, no content type] half"))

	_, err = evidence.NewRecorder(nil).RoundTrip(request(t, "GET", "http://h/", "", ""))
	g.Expect(err).To(MatchError(ContainSubstring("no transport")))
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// An exchange that nobody has finished is shown as far as it has come, and one
// that was closed early counts as finished.
func TestUnderWay(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	r := evidence.NewRecorder(answering(200, http.Header{}, `{"PrivateKeyBody":"canary"}`))
	resp, err := r.RoundTrip(request(t, "GET", "http://h/", "", ""))
	g.Expect(err).NotTo(HaveOccurred())
	resp.Header.Set("Date", "changed by the client")
	x := r.Take()[0]
	g.Expect(x.Error).To(ContainSubstring("still under way"))
	g.Expect(x.String()).NotTo(ContainSubstring("changed"))
	_, err = io.ReadAll(resp.Body)
	g.Expect(err).NotTo(HaveOccurred())

	resp, err = r.RoundTrip(request(t, "GET", "http://h/", "", ""))
	g.Expect(err).NotTo(HaveOccurred())
	_, err = resp.Body.Read(make([]byte, 20))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(resp.Body.Close()).To(Succeed())
	x = r.Take()[0]
	g.Expect(x.Error).To(BeEmpty())
	g.Expect(x.Response.Body).NotTo(ContainSubstring("canary"))
}

func TestRequestIsNotChanged(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	r := evidence.NewRecorder(answering(200, nil, ""))
	req := request(t, "POST", "http://h/", "application/x-www-form-urlencoded", "KeyPairName=x")
	req.GetBody = nil
	body := req.Body
	pass(t, r, req)
	g.Expect(req.Body).To(BeIdenticalTo(body))
	g.Expect(r.Take()[0].Request.Params).To(Equal([]evidence.Param{{Name: "KeyPairName", Value: "x", In: "body"}}))
}

func TestOverHTTPConcurrently(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"RequestId":"R","PrivateKeyBody":"canary"}`)
	}))
	defer s.Close()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	r := evidence.NewRecorder(transport)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for range 10 {
				req := request(t, "POST", s.URL+"/?Action=A", "application/x-www-form-urlencoded", "KeyPairName=x")
				if i%2 == 0 {
					req.GetBody = nil
				}
				pass(t, r, req)
				for _, x := range r.Take() {
					if strings.Contains(texts(t, x), "canary") {
						t.Error("canary")
					}
				}
				if i == 3 {
					r.Begin()
					r.Hide("another-secret")
				}
			}
		})
	}
	wg.Wait()
}

func TestExcerptAndText(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	g.Expect(evidence.Excerpt("application/json", []byte(`{"Code":"C","PrivateKeyBody":"x"}`), 200)).To(Equal(`{"Code":"C","PrivateKeyBody":"[hidden]"}`))
	g.Expect(evidence.Excerpt("", nil, 200)).To(BeEmpty())
	g.Expect(evidence.Excerpt("", []byte(" \n"), 200)).To(Equal(`[2 bytes, no content type]  \n`))
	g.Expect(evidence.Excerpt("text/plain", []byte("my hunter2 key"), 200, "hunter2")).To(Equal("[14 bytes, text/plain] my [hidden] key"))
	g.Expect(evidence.Excerpt("application/json", []byte(`{"Code":"éééééé"}`), 12)).To(Equal(`{"Code":"é… [23 bytes in all]`))
	g.Expect(evidence.Text("a\x1b[1m\u202e\xff%s password=abc", "")).To(Equal(`a\x1b[1m\u202e\xff%s password=[hidden]`))
}

func FuzzBodies(f *testing.F) {
	for _, s := range []string{
		"", "{}", `{"Code":"x","Tags":{"Tag":[{"TagKey":1}]}}`, "<a><Code>x</Code></a>", "<a", `{"a`, "\xff\x00", pem,
		`{"Message":"Signature=abc"}`, "a=b&c=%zz&AccessKeyId=1", "[[[[", `{"Code":[[["x"]]]}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		header := http.Header{"Content-Type": {"application/json"}, "X-Acs-Request-Id": {s}}
		r := evidence.NewRecorder(answering(200, header, s))
		req := request(t, "POST", "http://h/", "application/x-www-form-urlencoded", s)
		req.URL.RawQuery = s
		req.Header["x-acs-action"] = []string{s}
		if got := pass(t, r, req); got != s {
			t.Errorf("the client saw %q, not %q", got, s)
		}
		x := r.Take()[0]
		if !utf8.ValidString(texts(t, x)) || bytes.ContainsAny([]byte(x.String()), "\x00\x1b\r\x7f") {
			t.Errorf("not printable: %q", x.String())
		}
		// A secret must not survive, whatever stands around it.
		const canary = "hunter2hunter2"
		for _, body := range []string{`{"PrivateKeyBody":"` + canary + `"` + s, s + `"PrivateKeyBody":"` + canary} {
			if strings.Contains(s, canary) {
				continue
			}
			if got := evidence.Excerpt("", []byte(body), 1<<20, canary); strings.Contains(got, canary) {
				t.Errorf("shows the canary: %q", got)
			}
		}
	})
}
