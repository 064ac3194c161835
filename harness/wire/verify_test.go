package wire_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kpspec/kpspec/fixtures/world"
)

// The verifier below is written out from the published description of the two
// signatures. It shares nothing with the signer of the SDK.

const (
	keyID  = "LTAIexample0123"
	secret = "0123456789abcdefghijKLMNOPQRST"
	token  = "CAISexampletoken/+="
)

var (
	owner   = world.Identity{Name: "owner", AccessKeyID: keyID, AccessKeySecret: secret}
	session = world.Identity{Name: "session", AccessKeyID: keyID, AccessKeySecret: secret, SecurityToken: token}
)

// received is one request as it arrived.
type received struct {
	*http.Request
	query, form []pair
	body        string
}

type pair struct{ name, value string }

// findings are what the verifier found wrong; a sound request has none.
type findings []string

func (f *findings) add(format string, args ...any) { *f = append(*f, fmt.Sprintf(format, args...)) }

// pe percent-encodes as RFC 3986 has it.
func pe(s string) string {
	var out strings.Builder
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("-_.~", c) >= 0 {
			out.WriteByte(c)
		} else {
			fmt.Fprintf(&out, "%%%02X", c)
		}
	}
	return out.String()
}

// first keeps the first value of every name, sorted by name.
func first(pairs []pair, except string) []pair {
	var out []pair
	for _, p := range pairs {
		if p.name != except && !slices.ContainsFunc(out, func(q pair) bool { return q.name == p.name }) {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b pair) int { return strings.Compare(a.name, b.name) })
	return out
}

func canonical(pairs []pair) string {
	var parts []string
	for _, p := range pairs {
		parts = append(parts, pe(p.name)+"="+pe(p.value))
	}
	return strings.Join(parts, "&")
}

func get(pairs []pair, name string) (string, bool) {
	for _, p := range pairs {
		if p.name == name {
			return p.value, true
		}
	}
	return "", false
}

func (r received) all() []pair { return append(slices.Clone(r.query), r.form...) }

// verify checks everything a gateway checks and returns all that is wrong.
func (r received) verify(id world.Identity, now time.Time) findings {
	var wrong findings
	if r.URL.Path != "/" {
		wrong.add("path")
	}
	var timestamp, nonce, key, sentToken string
	if r.Header.Get("X-Acs-Content-Sha256") != "" {
		timestamp, nonce, sentToken = r.Header.Get("X-Acs-Date"), r.Header.Get("X-Acs-Signature-Nonce"), r.Header.Get("X-Acs-Security-Token")
		key = r.verifyV3(id, &wrong)
	} else {
		all := r.all()
		timestamp, _ = get(all, "Timestamp")
		nonce, _ = get(all, "SignatureNonce")
		key, _ = get(all, "AccessKeyId")
		sentToken, _ = get(all, "SecurityToken")
		r.verifyV1(id, &wrong)
	}
	switch {
	case key == "":
		wrong.add("no key")
	case key != id.AccessKeyID:
		wrong.add("unknown key")
	}
	switch {
	case sentToken == "" && id.SecurityToken != "":
		wrong.add("no token")
	case sentToken != id.SecurityToken:
		wrong.add("wrong token")
	}
	if nonce == "" {
		wrong.add("no nonce")
	}
	at, err := time.Parse("2006-01-02T15:04:05Z", timestamp)
	switch {
	case timestamp == "":
		wrong.add("no timestamp")
	case err != nil:
		wrong.add("timestamp format")
	case now.Sub(at) > 15*time.Minute:
		wrong.add("stale")
	case at.Sub(now) > 15*time.Minute:
		wrong.add("future")
	}
	return wrong
}

func (r received) verifyV1(id world.Identity, wrong *findings) {
	all := r.all()
	if m, _ := get(all, "SignatureMethod"); m != "HMAC-SHA1" {
		wrong.add("signature method")
	}
	if v, _ := get(all, "SignatureVersion"); v != "1.0" {
		wrong.add("signature version")
	}
	signature, ok := get(all, "Signature")
	if !ok {
		wrong.add("no signature")
		return
	}
	mac := hmac.New(sha1.New, []byte(id.AccessKeySecret+"&"))
	mac.Write([]byte(r.Method + "&" + pe("/") + "&" + pe(canonical(first(all, "Signature")))))
	if base64.StdEncoding.EncodeToString(mac.Sum(nil)) != signature {
		wrong.add("signature")
	}
}

func (r received) verifyV3(id world.Identity, wrong *findings) (key string) {
	sum := sha256.Sum256([]byte(r.body))
	hash := r.Header.Get("X-Acs-Content-Sha256")
	if hash != hex.EncodeToString(sum[:]) {
		wrong.add("content hash")
	}
	authorization := r.Header.Get("Authorization")
	if authorization == "" {
		wrong.add("no authorization")
		return ""
	}
	rest, ok := strings.CutPrefix(authorization, "ACS3-HMAC-SHA256 ")
	if !ok {
		wrong.add("algorithm")
	}
	fields := map[string]string{}
	for f := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(f, "=")
		fields[name] = value
	}
	key = fields["Credential"]
	if _, ok := fields["Signature"]; !ok {
		wrong.add("no signature")
		return key
	}
	names := strings.Split(fields["SignedHeaders"], ";")
	if !slices.IsSorted(names) || !slices.Contains(names, "host") {
		wrong.add("signed headers")
	}
	for name := range r.Header {
		if n := strings.ToLower(name); strings.HasPrefix(n, "x-acs-") && !slices.Contains(names, n) {
			wrong.add("%s is not signed", n)
		}
	}
	var request strings.Builder
	request.WriteString(r.Method + "\n/\n" + canonical(first(r.query, "")) + "\n")
	for _, n := range names {
		value := r.Header.Get(n)
		if n == "host" {
			value = r.Host
		}
		request.WriteString(n + ":" + strings.TrimSpace(value) + "\n")
	}
	request.WriteString("\n" + fields["SignedHeaders"] + "\n" + hash)
	digest := sha256.Sum256([]byte(request.String()))
	mac := hmac.New(sha256.New, []byte(id.AccessKeySecret))
	mac.Write([]byte("ACS3-HMAC-SHA256\n" + hex.EncodeToString(digest[:])))
	if hex.EncodeToString(mac.Sum(nil)) != fields["Signature"] {
		wrong.add("signature")
	}
	return key
}

// server keeps the requests it gets and answers them all alike.
type server struct {
	*httptest.Server
	mu   sync.Mutex
	seen []received
}

func listen(t testing.TB, answer http.HandlerFunc) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read the body: %v", err)
		}
		got := received{Request: r, query: split(t, r.URL.RawQuery), body: string(body)}
		if r.Header.Get("Content-Type") == "application/x-www-form-urlencoded" {
			got.form = split(t, got.body)
		}
		s.mu.Lock()
		s.seen = append(s.seen, got)
		s.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) last() received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[len(s.seen)-1]
}

func (s *server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen)
}

func split(t testing.TB, encoded string) []pair {
	var out []pair
	if encoded == "" {
		return nil
	}
	for p := range strings.SplitSeq(encoded, "&") {
		name, value, ok := strings.Cut(p, "=")
		n, err1 := url.QueryUnescape(name)
		v, err2 := url.QueryUnescape(value)
		if !ok || err1 != nil || err2 != nil {
			t.Errorf("not form-encoded: %q", p)
		}
		out = append(out, pair{n, v})
	}
	return out
}

func reply(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

var fine = reply(200, "application/json;charset=utf-8", `{"RequestId":"473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E"}`)
