package rpc

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	. "github.com/onsi/gomega"
)

const (
	notFound = "Specified api is not found, please check your url and method."
	formHint = "The request signature does not conform to Aliyun standards. "
)

// missing is how ECS words that a common parameter is missing.
func missing(name string) string {
	return fmt.Sprintf("The input parameter %q that is mandatory for processing this request is not supplied.", name)
}

func TestEveryRefusal(t *testing.T) {
	both := []shape{v3Query, v1Split}
	onlyV1, onlyV3 := []shape{v1Query, v1Split, v1Get, v1Form}, []shape{v3Query, v3Form}
	param := func(name, value string) func(*draft) { return func(d *draft) { d.common()[name] = value } }
	without := func(name string) func(*draft) { return func(d *draft) { delete(d.common(), name) } }
	header := func(key, value string) func(*draft) { return func(d *draft) { d.header.Set(key, value) } }
	noHeader := func(key string) func(*draft) { return func(d *draft) { d.header.Del(key) } }
	authorization := func(change func(string) string) func(*draft) {
		return func(d *draft) { d.header.Set("Authorization", change(d.header.Get("Authorization"))) }
	}
	swap := func(old, with string) func(*draft) {
		return authorization(func(s string) string { return strings.Replace(s, old, with, 1) })
	}
	as := func(c Credential) func(*draft) { return func(d *draft) { d.from(c) } }
	stranger, tokenless, mismatched, malformed, needless := owner, session, session, session, owner
	stranger.AccessKeyID = "stranger"
	tokenless.SecurityToken = ""
	mismatched.SecurityToken = "another"
	malformed.SecurityToken = "with space"
	needless.SecurityToken = "needless"
	stamp := func(s string) func(*draft) {
		return func(d *draft) {
			if d.shape.isV3() {
				d.header.Set(headerDate, s)
			} else {
				d.common()["Timestamp"] = s
			}
		}
	}

	tests := []struct {
		name          string
		shapes        []shape
		before, after func(*draft)        // the draft is signed
		late          func(*http.Request) // of the finished request
		status        int
		code, message string
	}{
		{name: "method PUT", shapes: both, before: func(d *draft) { d.method = "PUT" }, status: 403, code: "UnsupportedHTTPMethod", message: "This HTTP method is not supported."},
		{name: "path", shapes: both, late: func(r *http.Request) { r.URL.Path = "/x" }, status: 404, code: "InvalidAction.NotFound", message: notFound},
		{name: "double slash", shapes: both, late: func(r *http.Request) { r.URL.Path = "//" }, status: 404, code: "InvalidAction.NotFound", message: notFound},
		{name: "Format", shapes: append(both, v1Form), before: param("Format", "YAML"), status: 400, code: "InvalidParameter.Format", message: "Specified parameter format is not valid."},

		{name: "no Action", shapes: onlyV1, before: without("Action"), status: 400, code: "MissingParameter", message: missing("Action")},
		{name: "empty Action", shapes: onlyV1, before: param("Action", ""), status: 400, code: "MissingParameter", message: missing("Action")},
		{name: "no Version", shapes: onlyV1, before: without("Version"), status: 400, code: "MissingParameter", message: missing("Version")},
		{name: "no AccessKeyId", shapes: onlyV1, before: without("AccessKeyId"), status: 400, code: "MissingParameter", message: missing("AccessKeyId")},
		{name: "no Signature", shapes: onlyV1, after: without("Signature"), status: 400, code: "MissingParameter", message: missing("Signature")},
		{name: "no SignatureVersion", shapes: onlyV1, before: without("SignatureVersion"), status: 400, code: "MissingParameter", message: missing("SignatureVersion")},
		{name: "no SignatureNonce", shapes: onlyV1, before: without("SignatureNonce"), status: 400, code: "MissingParameter", message: missing("SignatureNonce")},
		{name: "no Timestamp", shapes: onlyV1, before: without("Timestamp"), status: 400, code: "MissingParameter", message: missing("Timestamp")},
		{name: "TimeStamp", shapes: onlyV1, before: func(d *draft) { delete(d.common(), "Timestamp"); d.common()["TimeStamp"] = testStamp }, status: 400, code: "MissingParameter", message: missing("Timestamp")},
		{name: "no x-acs-action", shapes: onlyV3, before: noHeader(headerAction), status: 400, code: "MissingParameter", message: missing("Action")},
		{name: "no x-acs-version", shapes: onlyV3, before: noHeader(headerVersion), status: 400, code: "MissingParameter", message: missing("Version")},
		{name: "no Authorization", shapes: onlyV3, after: noHeader("Authorization"), status: 400, code: "MissingParameter", message: missing("AccessKeyId")},
		{name: "no x-acs-signature-nonce", shapes: onlyV3, before: noHeader(headerNonce), status: 400, code: "MissingParameter", message: missing("SignatureNonce")},
		{name: "no x-acs-date", shapes: onlyV3, before: noHeader(headerDate), status: 400, code: "MissingParameter", message: missing("Timestamp")},
		{name: "two x-acs-action", shapes: onlyV3, late: func(r *http.Request) { r.Header.Add(headerAction, "Nothing") }, status: 400, code: "InvalidParameter", message: `The parameter "x-acs-action" is supplied more than once.`},
		{name: "two x-acs-security-token", shapes: onlyV3, before: as(session), late: func(r *http.Request) { r.Header.Add(headerToken, "x") }, status: 400, code: "InvalidParameter", message: `The parameter "x-acs-security-token" is supplied more than once.`},

		{name: "unknown Action, unknown key", shapes: onlyV1, before: func(d *draft) { d.from(stranger); d.common()["Action"] = "Importkeypair" }, status: 404, code: "InvalidAction.NotFound", message: notFound},
		{name: "unknown Action, unknown key", shapes: onlyV3, before: func(d *draft) { d.from(stranger); d.header.Set(headerAction, "NoSuch") }, status: 404, code: "InvalidAction.NotFound", message: notFound},
		{name: "unknown Version", shapes: onlyV1, before: param("Version", "2016-03-14"), status: 404, code: "InvalidAction.NotFound", message: notFound},
		{name: "unknown Version", shapes: onlyV3, before: header(headerVersion, "2016-03-14"), status: 404, code: "InvalidAction.NotFound", message: notFound},

		{name: "SignatureMethod", shapes: onlyV1, before: param("SignatureMethod", "HMAC-SHA256"), status: 400, code: "InvalidParamater", message: `The specified parameter "SignatureMethod" is not valid.`},
		{name: "SignatureVersion", shapes: onlyV1, before: param("SignatureVersion", "2.0"), status: 400, code: "InvalidParamater", message: `The specified parameter "SignatureVersion" is not valid.`},
		{name: "SignatureType", shapes: onlyV1, before: param("SignatureType", "BEARERTOKEN"), status: 400, code: "InvalidParamater", message: `The specified parameter "SignatureType" is not valid.`},
		{name: "algorithm SM3", shapes: onlyV3, after: swap("ACS3-HMAC-SHA256", "ACS3-HMAC-SM3"), status: 400, code: "InvalidParamater", message: `The specified parameter "SignatureMethod" is not valid.`},
		{name: "Basic", shapes: onlyV3, after: header("Authorization", "Basic dGVzdDp0ZXN0"), status: 400, code: "InvalidParamater", message: `The specified parameter "SignatureMethod" is not valid.`},
		{name: "no Credential", shapes: onlyV3, after: swap("Credential=testid,", ""), status: 400, code: "IncompleteSignature", message: formHint + "Authorization must have Credential, SignedHeaders and Signature, each once."},
		{name: "two Credentials", shapes: onlyV3, after: swap("Credential=testid,", "Credential=testid,Credential=testid,"), status: 400, code: "IncompleteSignature", message: formHint + "Authorization must have Credential, SignedHeaders and Signature, each once."},
		{name: "unknown field", shapes: onlyV3, after: swap("Signature=", "Sign="), status: 400, code: "IncompleteSignature", message: formHint + "Authorization must have Credential, SignedHeaders and Signature, each once."},
		{name: "algorithm alone", shapes: onlyV3, after: header("Authorization", "ACS3-HMAC-SHA256"), status: 400, code: "IncompleteSignature", message: formHint + "Authorization must have Credential, SignedHeaders and Signature, each once."},

		{name: "clock 15 minutes and a second behind", shapes: both, before: stamp("2024-01-02T02:49:04Z"), status: 400, code: "InvalidTimeStamp.Expired", message: "Specified time stamp or date value is expired."},
		{name: "clock 15 minutes and a second ahead", shapes: both, before: stamp("2024-01-02T03:19:06Z"), status: 400, code: "InvalidTimeStamp.Expired", message: "Specified time stamp or date value is expired."},
		{name: "time of another century", shapes: both, before: stamp("1000-01-01T00:00:00Z"), status: 400, code: "InvalidTimeStamp.Expired", message: "Specified time stamp or date value is expired."},
		{name: "no time", shapes: both, before: stamp("now"), status: 400, code: "InvalidTimeStamp.Format", message: "Specified time stamp or date value is not well formatted."},
		{name: "time with offset", shapes: both, before: stamp("2024-01-02T03:04:05+00:00"), status: 400, code: "InvalidTimeStamp.Format", message: "Specified time stamp or date value is not well formatted."},
		{name: "time with fraction", shapes: both, before: stamp("2024-01-02T03:04:05.1Z"), status: 400, code: "InvalidTimeStamp.Format", message: "Specified time stamp or date value is not well formatted."},
		{name: "no such day", shapes: both, before: stamp("2024-02-30T03:04:05Z"), status: 400, code: "InvalidTimeStamp.Format", message: "Specified time stamp or date value is not well formatted."},

		{name: "unknown access key", shapes: both, before: as(stranger), status: 400, code: "InvalidAccessKeyId.NotFound", message: "Specified access key is not found."},
		{name: "no token", shapes: both, before: as(tokenless), status: 400, code: "MissingSecurityToken", message: "SecurityToken is mandatory for this action."},
		{name: "wrong token", shapes: both, before: as(mismatched), status: 400, code: "InvalidSecurityToken.MismatchWithAccessKey", message: "Specified SecurityToken mismatch with the AccessKey."},
		{name: "malformed token", shapes: both, before: as(malformed), status: 400, code: "InvalidSecurityToken.Malformed", message: "Specified SecurityToken is malformed."},
		{name: "needless token", shapes: both, before: as(needless), status: 400, code: "InvalidSecurityToken.MismatchWithAccessKey", message: "Specified SecurityToken mismatch with the AccessKey."},

		{name: "unsigned vendor header", shapes: onlyV3, after: header("X-Acs-Foo", "bar"), status: 400, code: "IncompleteSignature", message: formHint + "The header x-acs-foo must be signed."},
		{name: "signed header that was not sent", shapes: onlyV3, after: func(d *draft) { swap("x-acs-date;", "x-acs-date;x-acs-nosuch;")(d); header("X-Acs-Foo", "bar")(d) }, status: 400, code: "IncompleteSignature", message: formHint + "The header x-acs-foo must be signed."},
		{name: "host unsigned", shapes: onlyV3, after: swap("host;", ""), status: 400, code: "IncompleteSignature", message: formHint + "The header host must be signed."},
		{name: "version unsigned", shapes: onlyV3, after: swap(";x-acs-version", ""), status: 400, code: "IncompleteSignature", message: formHint + "The header x-acs-version must be signed."},
		{name: "unsorted", shapes: onlyV3, after: swap("host;x-acs-action", "x-acs-action;host"), status: 400, code: "IncompleteSignature", message: formHint + "SignedHeaders must be lower-case names, sorted, each once."},
		{name: "upper case", shapes: onlyV3, after: swap("host;", "Host;"), status: 400, code: "IncompleteSignature", message: formHint + "SignedHeaders must be lower-case names, sorted, each once."},
		{name: "twice", shapes: onlyV3, after: swap("host;", "host;host;"), status: 400, code: "IncompleteSignature", message: formHint + "SignedHeaders must be lower-case names, sorted, each once."},
		{name: "payload hash", shapes: onlyV3, before: header(headerHash, hashHex(nil)[1:]+"0"), status: 400, code: "IncompleteSignature", message: formHint + "x-acs-content-sha256 is not the lower-case SHA-256 of the request body."},
		{name: "no payload hash", shapes: onlyV3, after: noHeader(headerHash), status: 400, code: "IncompleteSignature", message: formHint + "x-acs-content-sha256 is not the lower-case SHA-256 of the request body."},
	}
	for _, test := range tests {
		for _, s := range test.shapes {
			t.Run(test.name+" "+string(s), func(t *testing.T) {
				g := NewWithT(t)
				d := newDraft(s, "ImportKeyPair", "n1", map[string]string{"RegionId": "cn-hangzhou"})
				if test.before != nil {
					test.before(d)
				}
				d.sign()
				if test.after != nil {
					test.after(d)
				}
				r := d.request()
				if test.late != nil {
					test.late(r)
				}
				gateway := newGateway(t, func(c *Config) { c.Products = []Product{jsonECS()} })
				a := send(t, gateway, r)
				expectRefusal(g, a, test.status, test.code, test.message)

				// The refused request has left nothing behind: mended, it is served with the same nonce.
				a = send(t, gateway, newDraft(s, "ImportKeyPair", "n1", nil).sign().request())
				g.Expect(a.status).To(Equal(200), a.body)
			})
		}
	}
}

// jsonECS is ECS that answers in JSON where it is not told otherwise.
func jsonECS() Product {
	product := ECS()
	product.Format = JSON
	return product
}

func TestWrongSignatures(t *testing.T) {
	g := NewWithT(t)
	gateway := newGateway(t)

	d := newDraft(v1Query, "ImportKeyPair", "n1", awkward).sign()
	right := d.query["Signature"]
	for _, wrong := range []string{"x", strings.ToLower(right), right + "=", right[1:]} {
		d.query["Signature"] = wrong
		a := send(t, gateway, d.request())
		before, shown, _ := strings.Cut(a.Message, stringToSignMark)
		g.Expect([]any{a.status, a.Code, before}).To(HaveExactElements(400, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation. "))
		g.Expect(shown).To(HavePrefix("POST&%2F&AccessKeyId%3Dtestid%26Action%3DImportKeyPair%26"))
		g.Expect(shown).To(HaveSuffix("%26Version%3D2014-05-26%26on%3DImportKeyPair"))
		g.Expect(a.body).NotTo(ContainSubstring(right))
	}

	d = newDraft(v3Query, "ImportKeyPair", "n1", awkward).sign()
	authorization := d.header.Get("Authorization")
	at := strings.Index(authorization, "Signature=") + len("Signature=")
	right = authorization[at:]
	for _, wrong := range []string{"x", strings.ToUpper(right), right + "0", right[1:]} {
		d.header.Set("Authorization", authorization[:at]+wrong)
		a := send(t, gateway, d.request())
		g.Expect([]any{a.status, a.Code}).To(HaveExactElements(400, "SignatureDoesNotMatch"))
		g.Expect(a.Message).To(MatchRegexp(`(?s)^Specified signature does not match our calculation\. server StringToSign is \[ACS3-HMAC-SHA256\n[0-9a-f]{64}\] ` +
			`server CanonicalRequest is \[POST\n/\nKeyPairName=k%20%C3%A9%2A~.*\]$`))
		g.Expect(a.body).NotTo(ContainSubstring(right))
	}
}

func TestAMessageHidesTheSecurityToken(t *testing.T) {
	for _, s := range shapes {
		t.Run(string(s), func(t *testing.T) {
			g := NewWithT(t)
			d := newDraft(s, "ImportKeyPair", "n1", nil).from(session)
			d.as.Secret = "wrong"
			a := send(t, newGateway(t), d.sign().request())
			g.Expect(a.Code).To(Equal("SignatureDoesNotMatch"))
			g.Expect(a.Message).NotTo(Or(ContainSubstring("token+"), ContainSubstring("token%2B"), ContainSubstring("token%252B"), ContainSubstring(session.Secret)))
			g.Expect(a.Message).NotTo(ContainSubstring(stringToSignMark), "the legacy SDK compares what follows")
		})
	}
}

func TestAMessageIsNoEchoOfAHugeRequest(t *testing.T) {
	for _, s := range []shape{v1Form, v3Query} {
		t.Run(string(s), func(t *testing.T) {
			g := NewWithT(t)
			d := newDraft(s, "ImportKeyPair", "n1", map[string]string{"PublicKeyBody": strings.Repeat("x", 3*maxShown)})
			d.as.Secret = "wrong"
			a := send(t, newGateway(t), d.sign().request())
			g.Expect(a.Code).To(Equal("SignatureDoesNotMatch"))
			g.Expect(len(a.Message)).To(BeNumerically("<", 2*maxShown))
		})
	}
}

func TestTheClockWindowIncludesItsEnds(t *testing.T) {
	for _, s := range []shape{v3Query, v1Query} {
		for _, skew := range []time.Duration{-clockWindow, clockWindow, 0} {
			t.Run(fmt.Sprint(s, skew), func(t *testing.T) {
				g := NewWithT(t)
				gateway := newGateway(t, func(c *Config) { c.Clock = func() time.Time { return testNow.Add(skew) } })
				a := send(t, gateway, newDraft(s, "ImportKeyPair", "n1", nil).sign().request())
				g.Expect(a.status).To(Equal(200), a.body)
			})
		}
	}
}

func TestSignatureMethodMayBeLeftOut(t *testing.T) {
	for _, s := range []shape{v1Query, v1Form} {
		for _, optional := range []string{"SignatureMethod", "SignatureType", "SecurityToken"} {
			g := NewWithT(t)
			d := newDraft(s, "ImportKeyPair", "n1", nil)
			delete(d.common(), optional)
			g.Expect(send(t, newGateway(t), d.sign().request()).status).To(Equal(200), optional)
			d = newDraft(s, "ImportKeyPair", "n1", nil)
			d.common()[optional] = ""
			g.Expect(send(t, newGateway(t), d.sign().request()).status).To(Equal(200), optional)
		}
	}
}

func TestReplays(t *testing.T) {
	for _, s := range shapes {
		t.Run(string(s), func(t *testing.T) {
			g := NewWithT(t)
			gateway := newGateway(t)
			d := newDraft(s, "ImportKeyPair", "n1", map[string]string{"KeyPairName": "a"})
			g.Expect(send(t, gateway, d.sign().request()).status).To(Equal(200))
			d.header.Set("User-Agent", "another")
			a := send(t, gateway, d.sign().request())
			expectRefusal(g, a, 400, "SignatureNonceUsed", "The request signature nonce has been used.")

			a = send(t, gateway, newDraft(s, "ImportKeyPair", "n1", nil).from(session).sign().request())
			g.Expect(a.status).To(Equal(200), "each access key has nonces of its own: "+a.body)
		})
	}
}

func TestOperationErrorsUseTheNonceUp(t *testing.T) {
	g := NewWithT(t)
	gateway := newGateway(t)
	g.Expect(send(t, gateway, newDraft(v3Query, "Refuse", "n1", nil).sign().request()).status).To(Equal(403))
	g.Expect(send(t, gateway, newDraft(v3Query, "Refuse", "n1", nil).sign().request()).Code).To(Equal("SignatureNonceUsed"))
}

func TestFullNonceMemoryRefuses(t *testing.T) {
	g := NewWithT(t)
	gateway := newGateway(t, func(c *Config) { c.MaxNonces = 2 })
	for i := range 2 {
		g.Expect(send(t, gateway, newDraft(v3Query, "Empty", fmt.Sprint(i), nil).sign().request()).status).To(Equal(200))
	}
	a := send(t, gateway, newDraft(v3Query, "Empty", "more", nil).sign().request())
	expectRefusal(g, a, 400, "Throttling", "You have made too many requests within a short time; your request is denied due to request throttling.")
	a = send(t, gateway, newDraft(v3Query, "Empty", "0", nil).sign().request())
	g.Expect(a.Code).To(Equal("SignatureNonceUsed"), "nothing was forgotten")
	a = send(t, gateway, newDraft(v3Query, "Empty", "more", nil).from(session).sign().request())
	g.Expect(a.status).To(Equal(200), "another access key is not concerned")
}

func TestWhatIsNoRequestAtAll(t *testing.T) {
	post := func(contentType, body string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/?Format=JSON", strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		return r
	}
	get := func(query string) *http.Request {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.RawQuery = query
		return r
	}
	chunked := func(body io.Reader) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/?Format=JSON", body)
		r.ContentLength = -1
		return r
	}
	short := post(formType, "a=b")
	short.Body = io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF)) // as net/http has it
	const malformed, tooLarge = "The request parameters are not well formed: ", "The request body is larger than the server takes."
	tests := []struct {
		name          string
		request       *http.Request
		status        int
		code, message string
	}{
		{"nothing", get("Format=JSON"), 400, "MissingParameter", missing("Action")},
		{"length over the limit", post(formType, strings.Repeat("x", 101)), 413, "RequestEntityTooLarge", tooLarge},
		{"chunks over the limit", chunked(strings.NewReader(strings.Repeat("x", 101))), 413, "RequestEntityTooLarge", tooLarge},
		{"short body", short, 400, "IncompleteBody", "The request body could not be read to its end."},
		{"broken body", chunked(iotest.ErrReader(errors.New("reset"))), 400, "IncompleteBody", "The request body could not be read to its end."},
		{"percent alone", get("Format=JSON&a=%"), 400, "InvalidParameter", malformed + "a percent sign is not followed by two hexadecimal digits."},
		{"percent in a name", get("Format=JSON&%zz=1"), 400, "InvalidParameter", malformed + "a percent sign is not followed by two hexadecimal digits."},
		{"percent in the form", post(formType, "a=%4"), 400, "InvalidParameter", malformed + "a percent sign is not followed by two hexadecimal digits."},
		{"no UTF-8", get("Format=JSON&a=%FF%FE"), 400, "InvalidParameter", malformed + "a name or value is not UTF-8."},
		{"surrogates", get("Format=JSON&%ED%A0%80=1"), 400, "InvalidParameter", malformed + "a name or value is not UTF-8."},
		{"raw bytes in the form", post(formType, "a=\xff"), 400, "InvalidParameter", malformed + "a name or value is not UTF-8."},
		{"twice in the query", get("a=1&Format=JSON&a=1"), 400, "InvalidParameter", `The parameter "a" is supplied more than once.`},
		{"twice in the form", post(formType, "b=1&a=2&a=3"), 400, "InvalidParameter", `The parameter "a" is supplied more than once.`},
		{"a long name twice", get("Format=JSON&" + strings.Repeat("é", 100) + "&" + strings.Repeat("é", 100)), 400, "InvalidParameter", `The parameter "` + strings.Repeat("é", 64) + `..." is supplied more than once.`},
		{"too many in the query", get("Format=JSON" + strings.Repeat("&a=1", 20)), 400, "TooManyParameters", "The request has more parameters than the server takes."},
		{"too many in the form", post(formType, strings.Repeat("&", 20)), 400, "TooManyParameters", "The request has more parameters than the server takes."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := NewWithT(t)
			test.request.Host = testHost
			gateway := newGateway(t, func(c *Config) { c.MaxBody, c.MaxParams = 100, 20 })
			expectRefusal(g, send(t, gateway, test.request), test.status, test.code, test.message)
		})
	}
}

func TestLimitsIncludeTheirEnds(t *testing.T) {
	g := NewWithT(t)
	d := newDraft(v1Form, "ImportKeyPair", "n1", map[string]string{"KeyPairName": "k"}).sign()
	gateway := newGateway(t, func(c *Config) {
		c.MaxBody, c.MaxParams = int64(len(d.payload())), len(d.form)
	})
	a := send(t, gateway, d.request())
	g.Expect(a.KeyPairName).To(Equal("k"), a.body)
}

func TestARefusalBeforeTheFormatIsKnownGuessesIt(t *testing.T) {
	for _, test := range []struct{ method, query, body, accept, root string }{
		{"PUT", "Format=json", "", "", ""},
		{"PUT", "Format=XML", "", "", "Error"},
		{"PUT", "", "", "", "Error"},
		{"POST", "a=%", "Format=JSON", "", ""},
		{"POST", "", "x=%&Format=JSON", "", ""},
	} {
		g := NewWithT(t)
		r := httptest.NewRequest(test.method, "/", strings.NewReader(test.body))
		r.URL.RawQuery = test.query
		a := send(t, newGateway(t), r)
		g.Expect(a.root).To(Equal(test.root), "%+v", test)
	}
}

func TestAnswersOnARealConnection(t *testing.T) {
	g := NewWithT(t)
	server := httptest.NewServer(newGateway(t))
	defer server.Close()
	response, err := http.Post(server.URL+"/?Action=Nothing&Version="+testVersion, formType, strings.NewReader("Format=XML"))
	g.Expect(err).NotTo(HaveOccurred())
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(response.StatusCode).To(Equal(400), "nobody signed it")
	g.Expect(string(body)).To(HavePrefix("<?xml version='1.0' encoding='UTF-8'?><Error><RequestId>" + response.Header.Get("x-acs-request-id")))

	response, err = http.Head(server.URL)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(response.StatusCode).To(Equal(403))
	g.Expect(response.Header.Get("x-acs-request-id")).NotTo(BeEmpty())
}
