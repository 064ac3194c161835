package main

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/verdict"
)

// The way of somebody who has never seen the suite: a run finds a fault, replay prints a line, the line shows the fault.
func TestAFaultCanBeSeenWithCurl(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed")
	}
	for defect, want := range map[string]struct{ rule, spec, line, fault, sound string }{
		"ecs-name-max-129":     {"ECS-IMP-NAME-LEN-MAX", "refuses 129 characters", "ImportKeyPair", " 200 ", " 400 "},
		"ecs-error-name-code":  {"ECS-IMP-ERR-NAME", "", "ImportKeyPair", "InvalidParameter.Other", "InvalidKeyPairName.Malformed"},
		"swas-create-key-1024": {"SWAS-CRE-RSA2048", "", "CreateKeyPair", "PRIVATE KEY", "PRIVATE KEY"},
	} {
		t.Run(defect, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			file := filepath.Join(t.TempDir(), "report.json")
			code, stdout, stderr := run(t, "run", "--reference-defect", defect, "--rule", want.rule, "--strict", "--report", file)
			g.Expect(code).To(Equal(verdict.ExitNotConformant), stdout+stderr)
			g.Expect(stdout).To(ContainSubstring("target   embedded reference with the defect " + defect + "\n"))
			r, _ := readReport(t, file)
			g.Expect(r.Target.Defect).To(Equal(defect))

			// The same fault in a process of its own, and a server without it: the line tells them apart.
			answers := map[string]string{}
			for name, args := range map[string][]string{"faulty": {"--defect", defect}, "sound": nil} {
				config := endpointConfig(t, serveReference(t, args...), nil)
				code, stdout, stderr = run(t, "replay", file, strings.ToLower(want.rule), "--print", "--config", config)
				g.Expect(code).To(Equal(verdict.ExitConformant), stderr)
				line := ""
				for l := range strings.Lines(stdout) {
					if strings.HasPrefix(l, "  curl ") && strings.Contains(l, want.line) {
						line = l // the last one
					}
				}
				g.Expect(line).NotTo(BeEmpty(), stdout)
				command := exec.CommandContext(t.Context(), "sh", "-c", line)
				var trouble bytes.Buffer
				command.Stderr = &trouble
				out, err := command.Output()
				g.Expect(err).NotTo(HaveOccurred(), trouble.String())
				answers[name] = string(out)
			}
			g.Expect(answers["faulty"]).To(ContainSubstring(want.fault))
			g.Expect(answers["sound"]).To(ContainSubstring(want.sound))
			if want.fault == want.sound {
				g.Expect(bits(t, answers["faulty"])).To(BeNumerically("<", bits(t, answers["sound"])))
			} else {
				g.Expect(answers["sound"]).NotTo(ContainSubstring(want.fault))
			}
		})
	}
}

// bits is the size of the private key in an answer, in bytes of its encoding.
func bits(t *testing.T, answer string) int {
	t.Helper()
	_, body, _ := strings.Cut(answer, "\r\n\r\n")
	var members struct{ PrivateKeyBody string }
	if err := json.Unmarshal([]byte(body), &members); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	block, _ := pem.Decode([]byte(members.PrivateKeyBody))
	if block == nil {
		t.Fatal("the answer has no private key")
	}
	return len(block.Bytes)
}

func TestReplaySends(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	file := filepath.Join(t.TempDir(), "report.json")
	run(t, "run", "--reference-defect", "ecs-name-max-129", "--rule", "ECS-IMP-NAME-LEN-*", "--report", file)

	code, stdout, stderr := run(t, "replay", file, "ECS-IMP-NAME-LEN-MAX")
	g.Expect(code).To(Equal(verdict.ExitConformant), stderr)
	g.Expect(stdout).To(ContainSubstring("sent to   embedded reference with the defect ecs-name-max-129"))
	g.Expect(stdout).To(ContainSubstring("start it with: kpref --defect ecs-name-max-129"))
	g.Expect(stdout).To(MatchRegexp(`recorded  200\n  now       200\n`))
	g.Expect(stdout).To(ContainSubstring("removed what this replay has made, or may have made: 1"))

	// The sound reference answers otherwise; nobody is there once it has ended; and an agent names the rule.
	var mu sync.Mutex
	var agents []string
	said := func() []string {
		mu.Lock()
		defer mu.Unlock()
		all := agents
		agents = nil
		return all
	}
	sound, err := url.Parse(serveReference(t))
	g.Expect(err).NotTo(HaveOccurred())
	proxy := httputil.NewSingleHostReverseProxy(sound)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		agents = append(agents, r.UserAgent())
		mu.Unlock()
		proxy.ServeHTTP(w, r)
	}))
	defer s.Close()
	config := endpointConfig(t, s.URL, nil)
	code, stdout, stderr = run(t, "replay", file, "ECS-IMP-NAME-LEN-MAX", "--config", config)
	g.Expect(code).To(Equal(verdict.ExitConformant), stderr)
	g.Expect(stdout).To(MatchRegexp(`recorded  200\n  now       400 InvalidKeyPairName.Malformed\n`))
	g.Expect(said()).To(And(ContainElement(MatchRegexp(`^kpspec/\S+ replay ECS-IMP-NAME-LEN-MAX$`)), HaveEach(HaveSuffix(" ECS-IMP-NAME-LEN-MAX"))))
	code, stdout, _ = run(t, "doctor", "--config", config)
	g.Expect(code).To(Equal(verdict.ExitConformant), stdout)
	g.Expect(said()).To(HaveEach(MatchRegexp(`^kpspec/\S+ doctor$`)))
	s.Close()
	code, _, stderr = run(t, "replay", file, "ECS-IMP-NAME-LEN-MAX", "--config", config)
	g.Expect(code).To(Equal(verdict.ExitIncomplete))
	g.Expect(stderr).To(ContainSubstring("the target cannot be reached: ECS at " + s.URL))
	code, stdout, _ = run(t, "doctor", "--config", config)
	g.Expect(code).To(Equal(verdict.ExitIncomplete))
	g.Expect(stdout).To(MatchRegexp(`TCP +failed +the connection is refused\n +check that the target runs`))

	for want, args := range map[string][]string{
		"takes a report and the id of a rule":                                     {file},
		`no rule "ECS-IMP-NAME-LEN-MAY" in the report; did you mean`:              {file, "ECS-IMP-NAME-LEN-MAY"},
		"rule ECS-IMP-NAME-LEN-MIN is passed in the report, and no requests of i": {file, "ECS-IMP-NAME-LEN-MIN"},
		"read report":                {config, "ECS-IMP-NAME-LEN-MAX"},
		"no such file":               {file + "x", "ECS-IMP-NAME-LEN-MAX"},
		"no-such.yaml: no such file": {file, "ECS-IMP-NAME-LEN-MAX", "--config", "no-such.yaml"},
	} {
		code, stdout, stderr = run(t, append([]string{"replay"}, args...)...)
		g.Expect(code).To(Equal(verdict.ExitUsage), want)
		g.Expect(stderr).To(ContainSubstring(want))
		g.Expect(stdout).To(BeEmpty())
	}
}

// echo answers like the reference, with all that it can find out about secrets where an answer has text.
func echo(t *testing.T, w world.World) string {
	t.Helper()
	sound, err := url.Parse(serveReference(t))
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(sound)
		r.Out.Host = r.In.Host
	}}
	all := strings.Join(w.Secrets(), " ")
	proxy.ModifyResponse = func(a *http.Response) error {
		if a.Request.URL.Query().Get("KeyPairName") == "" { // the listings must be right, or nothing runs
			return nil
		}
		a.StatusCode, a.Status = 409, "409 "+strings.Fields(all)[0]
		body := fmt.Sprintf(`{"RequestId":"R","Code":"Echo %s","Message":"%s","PrivateKeyBody":"MIIEcanary0000","Other":"MIIEcanary0000"}`, all, all)
		if strings.Contains(a.Request.UserAgent(), "LEN-MIN") {
			body = body[:len(body)-3] // broken
		}
		a.Header.Set("Content-Length", fmt.Sprint(len(body)))
		a.Header.Set("Server", all)
		a.ContentLength = int64(len(body))
		a.Body = http.NoBody
		a.Body = readCloser{strings.NewReader(body)}
		return nil
	}
	s := httptest.NewServer(proxy)
	t.Cleanup(s.Close)
	return s.URL
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

var privateKey = regexp.MustCompile(`MIIE[A-Za-z0-9]|PRIVATE KEY-----`)

// No command shows a secret, whatever the target does.
func TestNoCommandShowsASecret(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	session := func(w *world.World) { // with a token, too
		a := &w.Accounts[0]
		a.Identities[0].AccessKeyID, a.Identities[1].AccessKeyID = a.Identities[1].AccessKeyID, a.Identities[0].AccessKeyID
		a.Identities[0].AccessKeySecret, a.Identities[1].AccessKeySecret = a.Identities[1].AccessKeySecret, a.Identities[0].AccessKeySecret
		a.Identities[0].SecurityToken, a.Identities[1].SecurityToken = a.Identities[1].SecurityToken, ""
	}
	w := world.Default()
	config := endpointConfig(t, echo(t, w), session)
	file := filepath.Join(t.TempDir(), "report.json")
	var shown []string
	show := func(want int, args ...string) {
		t.Helper()
		code, stdout, stderr := run(t, args...)
		g.Expect(code).To(Equal(want), stdout+stderr)
		shown = append(shown, stdout+stderr)
	}
	show(verdict.ExitNotConformant, "run", "--config", config, "--rule", "ECS-IMP-NAME-LEN-M*", "--rule", "SWAS-CRE-P*", "--rule", "ECS-IMP-RESP-*", "--strict", "--report", file)
	for _, rule := range []string{"ECS-IMP-NAME-LEN-MAX", "ECS-IMP-NAME-LEN-MIN"} {
		show(verdict.ExitConformant, "replay", file, rule, "--config", config)
		show(verdict.ExitConformant, "replay", file, rule, "--config", config, "--print")
		show(verdict.ExitConformant, "explain", rule, "--report", file)
	}
	show(verdict.ExitConformant, "doctor", "--config", config)
	report, err := os.ReadFile(file)
	g.Expect(err).NotTo(HaveOccurred())
	shown = append(shown, string(report))
	for i, text := range shown {
		for _, secret := range w.Secrets() {
			g.Expect(strings.Contains(text, secret)).To(BeFalse(), "output %d shows %s", i, secret)
			g.Expect(strings.Contains(text, url.QueryEscape(secret))).To(BeFalse())
		}
		g.Expect(privateKey.FindString(text)).To(BeEmpty(), "output %d", i)
	}
	g.Expect(strings.Join(shown, "")).To(ContainSubstring("KPSPEC_SECURITY_TOKEN must hold the security token of \"owner\""))
}
