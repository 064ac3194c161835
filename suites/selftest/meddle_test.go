package selftest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/verdict"
	"github.com/kpspec/kpspec/suites"
)

// request is what a meddler sees of a request on its way to the reference.
type request struct {
	action  string
	product string
	params  url.Values
	pass    func() *httptest.ResponseRecorder // lets the reference answer; may be called again
}

// meddler answers a request in the place of the reference, or nil to let its answer through.
type meddler func(request) *httptest.ResponseRecorder

// meddledWith runs rules on an embedded reference of which every request and answer goes through meddle first: a target
// with one fault.
func meddledWith(t *testing.T, cfg suites.Config, meddle meddler) report.Report {
	t.Helper()
	g := NewWithT(t)
	embedded, err := target.New(target.Config{}, cfg.Edition)
	g.Expect(err).NotTo(HaveOccurred())
	cfg.Target = embedded
	cfg.Place, err = embedded.Start(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { g.Expect(embedded.Stop(context.WithoutCancel(t.Context()))).To(Succeed()) }()
	behind, err := url.Parse(cfg.Place.ECS)
	g.Expect(err).NotTo(HaveOccurred())
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = behind.Scheme, behind.Host
		r.Out.Host = r.In.Host // the signature covers it
	}}
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		in := request{params: r.URL.Query(), action: r.Header.Get("x-acs-action")}
		if form, err := url.ParseQuery(string(body)); err == nil {
			for name, values := range form {
				in.params[name] = append(in.params[name], values...)
			}
		}
		version := r.Header.Get("x-acs-version")
		if in.action == "" {
			in.action, version = in.params.Get("Action"), in.params.Get("Version")
		}
		in.product = map[string]string{"2014-05-26": "ECS", "2020-06-01": "SWAS"}[version]
		in.pass = func() *httptest.ResponseRecorder {
			again := r.Clone(r.Context())
			again.Body = io.NopCloser(bytes.NewReader(body))
			answer := httptest.NewRecorder()
			proxy.ServeHTTP(answer, again)
			return answer
		}
		answer := meddle(in)
		if answer == nil {
			answer = in.pass()
		}
		for name, values := range answer.Header() {
			if name != "Content-Length" {
				w.Header()[name] = values
			}
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	}))
	defer served.Close()
	cfg.Place.ECS, cfg.Place.SWAS = served.URL, served.URL
	r, err := suites.Execute(t.Context(), cfg)
	g.Expect(err).NotTo(HaveOccurred())
	return r
}

// edited is an answer whose JSON object edit has changed.
func edited(answer *httptest.ResponseRecorder, edit func(map[string]any)) *httptest.ResponseRecorder {
	body := map[string]any{}
	if json.Unmarshal(answer.Body.Bytes(), &body) != nil {
		return answer
	}
	edit(body)
	changed := httptest.NewRecorder()
	for name, values := range answer.Header() {
		changed.Header()[name] = values
	}
	changed.Code = answer.Code
	_ = json.NewEncoder(changed.Body).Encode(body)
	return changed
}

// refusal is an error envelope.
func refusal(status int, code string) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	answer.Header().Set("Content-Type", "application/json")
	answer.Code = status
	_ = json.NewEncoder(answer.Body).Encode(map[string]string{"RequestId": "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E", "Code": code, "Message": "refused"})
	return answer
}

// verdicts are the ids of the rules per verdict.
func verdicts(r report.Report) map[verdict.Verdict][]string {
	ids := map[verdict.Verdict][]string{}
	for _, rule := range r.Rules {
		ids[rule.Verdict] = append(ids[rule.Verdict], rule.ID)
	}
	return ids
}
