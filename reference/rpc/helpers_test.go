package rpc

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"
	. "github.com/onsi/gomega"
)

// formType is what clients say of a form.
const formType = "application/x-www-form-urlencoded"

// The world of these tests.
const (
	testVersion = "2014-05-26"
	testStamp   = "2024-01-02T03:04:05Z"
	testHost    = "127.0.0.1:8080"
)

var (
	testNow = time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	owner   = Credential{Identity: Identity{AccountID: "1", Name: "owner", AccessKeyID: "testid"}, Secret: "testsecret"}
	session = Credential{Identity: Identity{AccountID: "1", Name: "session", AccessKeyID: "stsid"}, Secret: "stssecret", SecurityToken: "token+/=1"}
)

// echo is the result of the test operation.
type echo struct {
	KeyPairName string `json:"KeyPairName" xml:"KeyPairName"`
	Tags        []Item `json:"-" xml:"-"`
	Account     string `json:"Account" xml:"Account"`
}

type nothing struct{}

func testOperations() []Operation {
	give := func(f func(*Call) (any, error)) Handler {
		return func(_ context.Context, call *Call) (any, error) { return f(call) }
	}
	operation := func(action string, f func(*Call) (any, error)) Operation {
		return Operation{Product: "ECS", Version: testVersion, Action: action, Handle: give(f)}
	}
	return []Operation{
		operation("ImportKeyPair", func(c *Call) (any, error) {
			name, _ := c.Params.Get("KeyPairName")
			return &echo{KeyPairName: name, Account: c.Identity.AccountID}, nil
		}),
		operation("Nothing", func(*Call) (any, error) { return nil, nil }),
		operation("Empty", func(*Call) (any, error) { return &nothing{}, nil }),
		operation("Refuse", func(*Call) (any, error) {
			return nil, &Error{Status: 403, Code: "QuotaExceed.KeyPair", Message: "The key pair quota exceeds."}
		}),
		operation("Deny", func(*Call) (any, error) {
			return nil, &Error{Status: 403, Code: "Forbidden.RAM", Message: "No.", AccessDeniedDetail: map[string]string{"AuthAction": "ecs:Deny", "PolicyType": "x<y"}}
		}),
		operation("Fail", func(*Call) (any, error) { return nil, errors.New("the disk is on fire") }),
		operation("Panic", func(*Call) (any, error) { panic("the secret is hunter2") }),
		operation("Crash", func(c *Call) (any, error) { return nil, []error{}[len(c.Params.Names())] }),
		operation("NoObject", func(*Call) (any, error) { s := "text"; return &s, nil }),
		operation("Statusless", func(*Call) (any, error) { return nil, &Error{Code: "X"} }),
	}
}

// newGateway returns a gateway of the test operations; changes may alter its
// configuration.
func newGateway(t testing.TB, changes ...func(*Config)) *Gateway {
	t.Helper()
	c := Config{
		Identities: []Credential{owner, session},
		Operations: testOperations(),
		Clock:      func() time.Time { return testNow },
	}
	for _, change := range changes {
		change(&c)
	}
	g, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// shape is where a client puts its parameters and how it signs.
type shape string

const (
	v3Query shape = "V3, POST, query"
	v3Form  shape = "V3, POST, form"
	v1Query shape = "V1, POST, query"
	v1Split shape = "V1, POST, common parameters in the query, the others in the form"
	v1Get   shape = "V1, GET, query"
	v1Form  shape = "V1, POST, form"
)

var shapes = []shape{v3Query, v3Form, v1Query, v1Split, v1Get, v1Form}

func (s shape) isV3() bool { return strings.HasPrefix(string(s), "V3") }

// draft is a request before and after it is signed. Tests break it on either
// side of sign.
type draft struct {
	shape       shape
	as          Credential
	method      string
	query, form map[string]string
	header      http.Header
	body        string // instead of form
}

// newDraft returns an unsigned request that lacks nothing but its signature.
func newDraft(s shape, action, nonce string, params map[string]string) *draft {
	d := &draft{shape: s, as: owner, method: http.MethodPost, query: map[string]string{}, form: map[string]string{}, header: http.Header{}}
	business := d.query
	switch s {
	case v1Split, v1Form, v3Form:
		business = d.form
		d.header.Set("Content-Type", formType)
	case v1Get:
		d.method = http.MethodGet
	case v1Query:
		d.header.Set("Content-Type", formType) // with an empty body, as several clients do
	}
	maps.Copy(business, params)
	if s.isV3() {
		d.header.Set(headerAction, action)
		d.header.Set(headerVersion, testVersion)
		d.header.Set(headerDate, testStamp)
		d.header.Set(headerNonce, nonce)
		d.header.Set("X-Acs-Credentials-Provider", "static_ak")
		d.header.Set("Accept", "application/json")
		return d
	}
	maps.Copy(d.common(), map[string]string{
		"Action": action, "Version": testVersion, "Format": "JSON", "AccessKeyId": owner.AccessKeyID,
		"SignatureMethod": "HMAC-SHA1", "SignatureVersion": "1.0", "SignatureNonce": nonce,
		"SignatureType": "", "SecurityToken": "", "Timestamp": testStamp,
	})
	return d
}

// common is the map that holds V1's common parameters.
func (d *draft) common() map[string]string {
	if d.shape == v1Form {
		return d.form
	}
	return d.query
}

// from sends the request as somebody else, with the security token of a temporary identity.
func (d *draft) from(c Credential) *draft {
	d.as = c
	if d.shape.isV3() {
		if c.SecurityToken != "" {
			d.header.Set(headerToken, c.SecurityToken)
			d.header.Set("X-Acs-Accesskey-Id", c.AccessKeyID)
		}
		return d
	}
	d.common()["AccessKeyId"] = c.AccessKeyID
	d.common()["SecurityToken"] = c.SecurityToken
	return d
}

// payload is the request body.
func (d *draft) payload() string {
	if d.body != "" {
		return d.body
	}
	return encode(d.form)
}

func encode(params map[string]string) string {
	values := url.Values{}
	for name, value := range params {
		values.Set(name, value)
	}
	return values.Encode()
}

// sign signs with the official SDK's signer.
func (d *draft) sign() *draft {
	if d.shape.isV3() {
		return d.signV3(d.header.Get(headerHash))
	}
	delete(d.common(), "Signature")
	all := maps.Clone(d.query)
	maps.Copy(all, d.form)
	d.common()["Signature"] = *utils.GetRPCSignature(pointers(all), dara.String(d.method), dara.String(d.as.Secret))
	return d
}

// signV3 signs with the given payload hash; "" means the right one.
func (d *draft) signV3(hash string) *draft {
	if hash == "" {
		sum := sha256.Sum256([]byte(d.payload()))
		hash = hex.EncodeToString(sum[:])
	}
	d.header.Set(headerHash, hash)
	headers := map[string]*string{"host": dara.String(testHost)}
	for key, values := range d.header {
		headers[strings.ToLower(key)] = dara.String(values[0])
	}
	request := &dara.Request{Method: dara.String(d.method), Pathname: dara.String("/"), Query: pointers(d.query), Headers: headers}
	d.header.Set("Authorization", *utils.GetAuthorization(request, dara.String(v3Algorithm), dara.String(hash),
		dara.String(d.as.AccessKeyID), dara.String(d.as.Secret)))
	return d
}

func pointers(values map[string]string) map[string]*string {
	out := make(map[string]*string, len(values))
	for name, value := range values {
		out[name] = dara.String(value)
	}
	return out
}

func (d *draft) request() *http.Request {
	target := "/"
	if len(d.query) > 0 {
		target += "?" + encode(d.query)
	}
	r := httptest.NewRequest(d.method, target, strings.NewReader(d.payload()))
	r.Host = testHost
	r.Header = d.header.Clone()
	return r
}

// answer is what came back, either encoding read into one form.
type answer struct {
	status                                      int
	header                                      http.Header
	body                                        string
	root                                        string // of XML
	RequestID, HostID, Code, Message, Recommend string
	KeyPairName, Account                        string
}

// send gives the request to the gateway and reads the answer, which must be an
// envelope in the encoding that its type names.
func send(t testing.TB, g *Gateway, r *http.Request) answer {
	t.Helper()
	recorder := httptest.NewRecorder()
	g.ServeHTTP(recorder, r)
	a, err := readAnswer(recorder)
	if err != nil {
		t.Fatalf("%v\n%s", err, recorder.Body)
	}
	return a
}

func readAnswer(recorder *httptest.ResponseRecorder) (answer, error) {
	a := answer{status: recorder.Code, header: recorder.Header(), body: recorder.Body.String()}
	var members struct {
		XMLName                                                           xml.Name `json:"-"`
		RequestId, HostId, Code, Message, Recommend, KeyPairName, Account string
	}
	switch contentType := a.header.Get("Content-Type"); contentType {
	case "application/json;charset=utf-8":
		if err := json.Unmarshal([]byte(a.body), &members); err != nil {
			return a, err
		}
	case "text/xml;charset=utf-8":
		if err := xml.Unmarshal([]byte(a.body), &members); err != nil {
			return a, err
		}
		a.root = members.XMLName.Local
	default:
		return a, errors.New("unexpected content type " + contentType)
	}
	a.RequestID, a.HostID, a.Code, a.Message, a.Recommend = members.RequestId, members.HostId, members.Code, members.Message, members.Recommend
	a.KeyPairName, a.Account = members.KeyPairName, members.Account
	switch {
	case a.RequestID == "" || a.header.Get("x-acs-request-id") != a.RequestID:
		return a, errors.New("the request id is missing, or the header has another one")
	case a.status != http.StatusOK && (a.status < 400 || a.status > 599 || a.Code == "" || a.Message == "" || a.Recommend == ""):
		return a, errors.New("the error envelope is not whole")
	}
	return a, nil
}

// expectRefusal checks status, code and message, and that the envelope names the host.
func expectRefusal(g Gomega, a answer, status int, code, message string) {
	g.Expect([]any{a.status, a.Code, a.Message, a.HostID}).To(HaveExactElements(status, code, message, testHost))
	g.Expect(a.Recommend).To(Equal("https://api.aliyun.com/troubleshoot?q=" + code + "&product=Ecs&requestId=" + a.RequestID))
}
