package selftest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/verdict"
	"github.com/kpspec/kpspec/suites"
)

// factsOf are the facts of a report as JSON by rule and name, each of which
// stands there once.
func factsOf(g Gomega, r report.Report) map[string]string {
	facts := map[string]string{}
	for _, rule := range r.Rules {
		for _, spec := range rule.Specs {
			for _, o := range spec.Observations {
				key := rule.ID + ": " + o.Name
				g.Expect(facts).NotTo(HaveKey(key), spec.Text)
				g.Expect(o.Value).To(Or(BeAssignableToTypeOf(true), BeAssignableToTypeOf(""), BeAssignableToTypeOf(0), BeAssignableToTypeOf([]string{})), key)
				text, err := json.Marshal(o.Value)
				g.Expect(err).NotTo(HaveOccurred())
				facts[key] = string(text)
			}
		}
	}
	return facts
}

// Every OBSERVE rule and clause that has specs says something of the target, and
// the same in the next run.
func TestObservationsAreFacts(t *testing.T) {
	for _, edition := range editions {
		t.Run(string(edition), func(t *testing.T) {
			g := NewWithT(t)
			first := onReference(t, target.Config{}, suites.Config{Edition: edition})
			for _, rule := range first.Rules {
				for _, spec := range rule.Specs {
					if spec.Level == catalogue.Observe {
						g.Expect(spec.Observations).NotTo(BeEmpty(), "%s.%s: %s", rule.ID, spec.Clause, spec.Text)
					}
				}
			}
			second := onReference(t, target.Config{}, suites.Config{Edition: edition, Seed: 7})
			g.Expect(factsOf(g, second)).To(Equal(factsOf(g, first)))
			compared := report.Compare(first, second)
			g.Expect(compared.Worse).To(BeEmpty())
			g.Expect(compared.Observed).To(BeEmpty())
			g.Expect(compared.Unchanged).To(Equal(len(first.Rules)))
		})
	}
}

// Each switch of the reference shows in the facts.
func TestFactsTellTargetsApart(t *testing.T) {
	for _, tt := range []struct {
		settings target.ReferenceConfig
		fact     string
		want     string
	}{
		{target.ReferenceConfig{Fingerprint: "plain"}, "ECS-IMP-RESP-FP-FORM: fingerprint form", `"plain"`},
		{target.ReferenceConfig{KeyCheck: "shallow"}, "ECS-IMP-KEY-TRUNC: accepts the damaged key rsa-half-blob", "true"},
		{target.ReferenceConfig{PrivateKey: "pkcs1"}, "SWAS-CRE-PRIV-PKCS8: private key form", `"PKCS#1"`},
		{target.ReferenceConfig{AttachUnknown: "per-instance"}, "SWAS-ATT-MIXED: accepts a call for a known and an unknown server", "true"},
		{target.ReferenceConfig{TokenScope: "account"}, "SWAS-IMP-TOKEN-SCOPE: accepts the same token in another region", "false"},
	} {
		t.Run(tt.fact, func(t *testing.T) {
			g := NewWithT(t)
			rule, _, _ := strings.Cut(tt.fact, ":")
			alone := suites.Config{Rules: []string{rule}}
			g.Expect(factsOf(g, onReference(t, target.Config{Reference: tt.settings}, alone))).To(HaveKeyWithValue(tt.fact, tt.want))
			g.Expect(factsOf(g, onReference(t, target.Config{}, alone))).To(HaveKeyWithValue(tt.fact, Not(Equal(tt.want))))
		})
	}
}

// A target that breaks many rules is measured once; the list of what it broke is
// true of the next run, against another port, with other names, ids and times.
func TestAListOfDeviationsHoldsInTheNextRun(t *testing.T) {
	g := NewWithT(t)
	embedded, err := target.New(target.Config{}, "")
	g.Expect(err).NotTo(HaveOccurred())
	place, err := embedded.Start(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { g.Expect(embedded.Stop(t.Context())).To(Succeed()) }()

	wrong := func(known verdict.List) report.Report {
		front := httptest.NewServer(faulty(t, place.ECS))
		defer front.Close()
		through := place
		through.ECS, through.SWAS = front.URL, front.URL
		r, err := suites.Execute(t.Context(), suites.Config{Target: embedded, Place: through, Deviations: known, Strict: true})
		g.Expect(err).NotTo(HaveOccurred())
		return r
	}
	first := wrong(verdict.List{})
	g.Expect(first.Counts.Of(verdict.Failed)).To(BeNumerically(">", 10))
	g.Expect(first.Counts.Of(verdict.Passed)).To(BeNumerically(">", 50))
	list := first.Deviations(verdict.Entry{Reason: "as told", Expires: "9999-12-31"})
	g.Expect(list.Deviations).To(HaveLen(first.Counts.Of(verdict.Failed)))

	second := wrong(list)
	g.Expect(second.ListFaults).To(BeEmpty())
	g.Expect(second.Counts.Of(verdict.Failed)).To(BeZero())
	g.Expect(second.Counts.Of(verdict.Deviation)).To(Equal(len(list.Deviations)))
	g.Expect(second.Deviations(verdict.Entry{})).To(Equal(list), "what is listed stays listed as it is")

	var listed []string
	for _, d := range list.Deviations {
		listed = append(listed, d.Rule)
	}
	right := onReference(t, target.Config{}, suites.Config{Deviations: list, Strict: true, Rules: listed})
	g.Expect(right.ExitCode).To(Equal(verdict.ExitNotConformant))
	for _, d := range list.Deviations {
		g.Expect(right.ListFaults).To(ContainElement(HavePrefix(d.Rule + ": listed, but no longer broken")))
	}
}

// faulty stands before a server and spoils what it answers: other codes, other
// messages, request ids without a form, fingerprints that are none.
func faulty(t *testing.T, address string) http.Handler {
	t.Helper()
	behind, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { // the host is signed, and stays
			r.Out.URL.Scheme, r.Out.URL.Host = behind.Scheme, behind.Host
			r.Out.Host = r.In.Host
		},
		ModifyResponse: func(answer *http.Response) error {
			body, err := io.ReadAll(answer.Body)
			if err != nil {
				return err
			}
			text := strings.NewReplacer(
				"InvalidKeyPairName.Malformed", "InvalidName",
				"The key pair already exist.", "Key pair exists.",
				`"RequestId":"`, `"RequestId":"id-`,
				`"KeyPairFingerPrint":"`, `"KeyPairFingerPrint":"00:`,
			).Replace(string(body))
			answer.Body = io.NopCloser(strings.NewReader(text))
			answer.ContentLength = int64(len(text))
			answer.Header.Set("Content-Length", fmt.Sprint(len(text)))
			return nil
		},
	}
	return proxy
}
