package rpc

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// serveAnything gives the gateway a request that no client would make and checks that the
// answer is an envelope, and not one of a defect.
func serveAnything(t *testing.T, g *Gateway, r *http.Request) answer {
	t.Helper()
	recorder := httptest.NewRecorder()
	g.ServeHTTP(recorder, r)
	a, err := readAnswer(recorder)
	if err != nil {
		t.Fatalf("%v in answer %d %q", err, recorder.Code, recorder.Body)
	}
	if a.status == http.StatusInternalServerError {
		t.Fatalf("a defect: %s", a.body)
	}
	return a
}

// FuzzRequest sends any bytes as method, path, query, headers and body.
func FuzzRequest(f *testing.F) {
	for _, s := range shapes {
		r := newDraft(s, "ImportKeyPair", "n1", awkward).sign()
		f.Add(r.method, "/", encode(r.query), r.header.Get("Authorization"), r.header.Get("Content-Type"), "X-Acs-Action", "ImportKeyPair", []byte(r.payload()))
	}
	f.Add("GET", "/", "Format=XML&a=%00&Tag.1.Key=%F0%A0%80%80", "ACS3-HMAC-SHA256 Credential=,", "", "X-Acs-Version", testVersion, []byte("%"))
	f.Fuzz(func(t *testing.T, method, path, query, authorization, contentType, key, value string, body []byte) {
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		r.Method, r.URL.Path, r.URL.RawQuery, r.Host = method, path, query, value
		r.Header.Set(key, value)
		r.Header.Set("Authorization", authorization)
		r.Header.Set("Content-Type", contentType)
		if len(body)%2 == 1 {
			r.ContentLength = -1
		}
		if a := serveAnything(t, newGateway(t), r); a.status == http.StatusOK && method != http.MethodGet && method != http.MethodPost {
			t.Fatalf("served %q", method)
		}
	})
}

// FuzzDecode checks that names and values are decoded as the standard library does it.
func FuzzDecode(f *testing.F) {
	for _, raw := range []string{"", "a+b", "%41%2b%2B", "%", "%4", "%4g", "ssh-rsa+AAAA%2F%3D+me", "%ff", "密"} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		text, p := decode(raw)
		want, err := url.QueryUnescape(raw)
		if err != nil || !utf8.ValidString(want) {
			if p == nil {
				t.Fatalf("%q is decoded to %q", raw, text)
			}
			return
		}
		if p != nil || text != want {
			t.Fatalf("%q is decoded to %q, not to %q: %v", raw, text, want, p)
		}
	})
}

// FuzzSignatureV1 checks that the right signature of any parameters is taken,
// and any other is not.
func FuzzSignatureV1(f *testing.F) {
	f.Add("KeyPairName", "k é*~+ 1", "n1", "x", true)
	f.Add("", "", "n", "", false)
	f.Add("Signature2", "\x00&=%", "n", strings.Repeat("A", 27)+"=", false)
	f.Fuzz(func(t *testing.T, name, value, nonce, signature string, form bool) {
		s := v1Get
		if form {
			s = v1Split
		}
		d := newDraft(s, "ImportKeyPair", nonce, nil)
		if _, taken := d.query[name]; taken || !utf8.ValidString(name) || !utf8.ValidString(value) || !utf8.ValidString(nonce) || name == "Signature" {
			return
		}
		if d.form[name] = value; !form {
			delete(d.form, name)
			d.query[name] = value
		}
		if nonce == "" {
			return
		}
		right := d.sign().query["Signature"]
		checkSigned(t, d, func() { d.query["Signature"] = signature }, signature == right)
	})
}

// FuzzSignatureV3 does the same for V3, with any bytes as header and signature.
func FuzzSignatureV3(f *testing.F) {
	f.Add("KeyPairName", "k é*~+ 1", "n1", "x", []byte("a=b"))
	f.Add("a", "", "n", "ACS3-HMAC-SHA256 Credential=testid,SignedHeaders=host,Signature=0", []byte(""))
	f.Fuzz(func(t *testing.T, name, value, nonce, authorization string, body []byte) {
		d := newDraft(v3Query, "ImportKeyPair", strings.TrimSpace(nonce), nil)
		if strings.IndexFunc(name, func(c rune) bool { return c >= utf8.RuneSelf || !unreserved[byte(c)] }) >= 0 || // the SDK does not encode names
			!utf8.ValidString(value) || !utf8.ValidString(nonce) || strings.TrimSpace(nonce) == "" || name == "Format" {
			return
		}
		if _, p := parsePairs(string(body), DefaultMaxParams); p != nil || bytes.Contains(body, []byte("Format")) {
			return
		}
		d.query[name], d.body = value, string(body)
		d.sign()
		right := d.header.Get("Authorization")
		checkSigned(t, d, func() { d.header.Set("Authorization", authorization) }, authorization == right)
	})
}

// checkSigned sends the request rightly signed, and then spoilt.
func checkSigned(t *testing.T, d *draft, spoil func(), harmless bool) {
	t.Helper()
	if a := serveAnything(t, newGateway(t), d.request()); a.status != http.StatusOK {
		t.Fatalf("the SDK's signature is refused: %s", a.body)
	}
	spoil()
	if a := serveAnything(t, newGateway(t), d.request()); a.status == http.StatusOK && !harmless {
		t.Fatal("a wrong signature is taken")
	}
}

// FuzzStringArray checks that what is taken for an array of strings is one.
func FuzzStringArray(f *testing.F) {
	for _, text := range []string{`["a","b"]`, `[]`, `[null]`, `["\ud800"]`, `[["a"]]`, "\xff", `["` + "\xff" + `"]`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		values, err := StringArray(text)
		if (err == nil) != (values != nil) {
			t.Fatalf("values %q with error %v", values, err)
		}
		if trimmed := strings.TrimSpace(text); err == nil && (trimmed[0] != '[' || trimmed[len(trimmed)-1] != ']') {
			t.Fatalf("%q is taken for an array", text)
		}
	})
}

// FuzzDottedLists checks that any parameter name is either in a list in its
// place or in none.
func FuzzDottedLists(f *testing.F) {
	for _, name := range []string{"Tag.1.Key", "Tag.x.Key", "Tag.-1.Key", "Tag.99999999999999999999.Key", "Tag..", "Tag", "Tag.1"} {
		f.Add(name, "Tag.2.Key")
	}
	f.Fuzz(func(t *testing.T, one, other string) {
		p := ParamsOf(map[string]string{one: "1", other: "2"})
		last := -1
		for _, item := range p.Objects("Tag") {
			if item.N <= last || len(item.Fields) == 0 {
				t.Fatalf("item %+v after %d", item, last)
			}
			last = item.N
			for field, value := range item.Fields {
				if sent, _ := p.Get(fmt.Sprintf("Tag.%d.%s", item.N, field)); sent != value {
					t.Fatalf("item %+v was not sent", item)
				}
			}
		}
		last = -1
		for _, element := range p.Repeat("Tag") {
			if sent, present := p.Get("Tag." + strconv.Itoa(element.N)); element.N <= last || !present || sent != element.Value {
				t.Fatalf("element %+v was not sent", element)
			}
			last = element.N
		}
	})
}
