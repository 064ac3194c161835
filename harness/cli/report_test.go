package cli_test

import (
	"bytes"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/cli"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/verdict"
)

// beginnings are how a file of each format begins.
var beginnings = map[report.Format]string{
	report.FormatSummary: "log of the target\n", report.FormatHTML: "<!DOCTYPE html>", report.FormatJUnit: "<?xml ",
	report.FormatMarkdown: "## ❌ kpspec: not conformant\n", report.FormatGitHub: "::error title=ECS-IMP-NAME-LEN-M", report.FormatBadge: "<svg ",
	report.FormatBadgeJSON: "{\n  \"schemaVersion\": 1,",
}

func contents(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return string(text)
}

func TestFormatsOfARunAndLaterAreTheSame(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	folder := t.TempDir()
	file := func(name string) string { return filepath.Join(folder, name) }
	args := []string{"run", "--report", file("report.json")}
	for _, f := range report.Formats() {
		args = append(args, "--output", string(f)+"="+file("run."+string(f)))
	}
	code, _, stderr := kpspec(t.Context(), &fake{outcome: verdict.NotMet}, args...)
	g.Expect(code).To(Equal(verdict.ExitNotConformant), stderr)
	g.Expect(stderr).To(BeEmpty())
	for _, f := range report.Formats() {
		g.Expect(beginnings).To(HaveKey(f))
		ran := contents(t, file("run."+string(f)))
		g.Expect(ran).To(HavePrefix(beginnings[f]))
		code, stdout, stderr := kpspec(t.Context(), &fake{}, "report", file("report.json"), "--format", string(f))
		g.Expect(code).To(BeZero(), stderr)
		if f != report.FormatSummary { // on a terminal it names the file that it is of
			g.Expect(stdout).To(Equal(ran), string(f))
		}
		code, stdout, _ = kpspec(t.Context(), &fake{}, "report", file("report.json"), "--format", string(f), "--out", file("later."+string(f)))
		g.Expect(code).To(BeZero())
		g.Expect(stdout).To(BeEmpty())
		g.Expect(contents(t, file("later."+string(f)))).To(Equal(ran), string(f))
	}
	code, stdout, _ := kpspec(t.Context(), &fake{}, "report", file("report.json"))
	g.Expect(code).To(BeZero(), "the report was written, whatever it says")
	g.Expect(stdout).To(HavePrefix(beginnings[report.FormatSummary]), "the summary is the default")
}

func TestOutputsOfATargetThatDoesNotStart(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	page := filepath.Join(t.TempDir(), "page.html")
	code, _, _ := kpspec(t.Context(), &fake{startErr: io.ErrUnexpectedEOF}, "run", "--output", "html="+page)
	g.Expect(code).To(Equal(verdict.ExitIncomplete))
	g.Expect(contents(t, page)).To(And(ContainSubstring("<h1>incomplete</h1>"), ContainSubstring("the target cannot be tested: unexpected EOF")))
}

func TestRefusedOutputsLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	folder := t.TempDir()
	f := &fake{}
	code, _, _ := kpspec(t.Context(), f, "run", "--report", filepath.Join(folder, "report.json"), "--output", "html="+filepath.Join(folder, "page.html"), "--output", "pdf=x")
	g.Expect(code).To(Equal(verdict.ExitUsage))
	g.Expect(f.started).To(BeZero())
	g.Expect(os.ReadDir(folder)).To(BeEmpty())
}

func TestReportOnATerminalOrPipeThatIsGone(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	file := filepath.Join(t.TempDir(), "report.json")
	kpspec(t.Context(), &fake{outcome: verdict.Met}, "run", "--report", file)
	var stderr bytes.Buffer
	p := &cli.Program{Stdout: broken{}, Stderr: &stderr}
	g.Expect(p.Main(t.Context(), []string{"report", file, "--format", "junit"})).To(Equal(verdict.ExitIncomplete))
	g.Expect(stderr.String()).To(Equal("kpspec: cannot write the output: write junit: broken pipe\n"))
}

// actions runs the command in a job of GitHub Actions.
func actions(t *testing.T, f *fake, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	p := &cli.Program{
		Stdout: &stdout, Stderr: &stderr, Actions: true, Token: func() string { return "word" },
		NewTarget: func(target.Config, catalogue.Edition) (target.Target, error) { return f, nil },
		Preflight: func(context.Context, target.Place) error { return nil },
		Coverage:  func(catalogue.Edition) (map[string]int, error) { return specs, nil },
		Execute:   f.execute,
	}
	p.Main(t.Context(), args)
	NewWithT(t).Expect(stderr.String()).To(BeEmpty())
	return stdout.String()
}

func TestActionsAreAnnotated(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	out := actions(t, &fake{outcome: verdict.NotMet, failure: "expected 400\n::error::taken over\n::word::"}, "run")
	before, after, found := strings.Cut(out, "\n::word::\n")
	g.Expect(found).To(BeTrue())
	g.Expect(before).To(And(HavePrefix("::stop-commands::word\n"), HaveSuffix("\nNOT CONFORMANT: 2 of 2 rules failed")))
	g.Expect(after).To(MatchRegexp(`^(::error title=ECS-IMP-NAME-LEN-M(IN|AX)::a spec: expected 400 ::error::taken over ::word::%0Arule: [^\n]+\n){2}$`))

	g.Expect(actions(t, &fake{outcome: verdict.Met}, "run")).To(HaveSuffix("\n::word::\n"), "nothing to mark")
	_, stdout, _ := kpspec(t.Context(), &fake{outcome: verdict.NotMet}, "run")
	g.Expect(stdout).NotTo(ContainSubstring("::error"), "somewhere else")
}

// echo is a server that repeats all that it is sent, secrets first, wherever an answer
// has room, and remembers what of it was secret.
type echo struct {
	status int

	mu      sync.Mutex
	secrets map[string]string // and what they are
	asked   int
}

// planted is the private key that the server answers with.
var planted = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: bytes.Repeat([]byte("canary!"), 60)}))

func (e *echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm() // what cannot be read is not repeated
	e.mu.Lock()
	e.asked++
	for _, name := range []string{"Signature", "SecurityToken", "AccessKeyId"} {
		e.secrets[r.Form.Get(name)] = name
	}
	for _, name := range []string{"X-Acs-Security-Token", "X-Acs-Accesskey-Id"} {
		e.secrets[r.Header.Get(name)] = name
	}
	authorization := r.Header.Get("Authorization")
	if _, signature, signed := strings.Cut(authorization, "Signature="); signed {
		e.secrets[signature] = "signature"
	}
	e.mu.Unlock()
	var all []string
	for name, values := range r.Form {
		all = append(all, name+"="+strings.Join(values, ","))
	}
	for name, values := range r.Header {
		all = append(all, name+": "+strings.Join(values, ","))
	}
	said := strings.Join(all, " ") + " " + planted
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Acs-Request-Id", strings.ReplaceAll(r.Form.Get("Signature")+authorization, "\n", ""))
	w.Header().Set("Server", r.Form.Get("ClientToken"))
	w.WriteHeader(e.status)
	_, _ = fmt.Fprintf(w, `{"RequestId":%q,"HostId":%q,"Code":%q,"Message":%q,"KeyPairName":%q,"KeyPairFingerPrint":%q,"PrivateKeyBody":%q,"Other":%q}`,
		r.Form.Get("Signature"), r.Form.Get("ClientToken"), r.Form.Get("AccessKeyId")+authorization, said, r.Form.Get("ClientToken"), r.Form.Get("SecurityToken"), planted, said)
}

// TestNoFormatShowsASecret runs real specs against a server that repeats everything,
// and looks for the secrets in all that the command writes.
func TestNoFormatShowsASecret(t *testing.T) {
	g := NewWithT(t)
	for _, status := range []int{http.StatusOK, http.StatusBadRequest} {
		secrets := map[string]string{strings.Split(planted, "\n")[1]: "private key"}
		for _, account := range world.Default().Accounts {
			for _, id := range account.Identities {
				secrets[id.AccessKeyID], secrets[id.AccessKeySecret], secrets[id.SecurityToken] = "access key id", "access key secret", "security token"
			}
		}
		server := &echo{status: status, secrets: secrets}
		site := httptest.NewServer(server)
		folder := t.TempDir()
		config := "target: endpoint\nendpoints: {ecs: \"" + site.URL + "\", swas: \"" + site.URL + "\"}\nworld:\n"
		for line := range strings.Lines(contents(t, filepath.Join("..", "..", "fixtures", "world", "default.yaml"))) {
			config += "  " + line
		}
		file := filepath.Join(folder, "report.json")
		args := []string{"run", "--config", write(t, config), "--report", file, "--ledger", filepath.Join(folder, "ledger"), "--procs", "1",
			"--rule", "SWAS-CRE-*", "--rule", "*-TOKEN-*", "--rule", "ECS-IMP-NAME-LEN-*", "--rule", "ECS-IMP-COMMON", "--rule", "*-RAM-*"}
		for _, f := range report.Formats() {
			args = append(args, "--output", string(f)+"="+filepath.Join(folder, string(f)))
		}
		var stdout, stderr bytes.Buffer
		p := cli.New()
		p.Stdout, p.Stderr, p.Color, p.Actions = &stdout, &stderr, false, true
		p.Preflight = func(context.Context, target.Place) error { return nil } // it would go no further
		g.Expect(p.Main(t.Context(), args)).NotTo(Equal(verdict.ExitUsage), stderr.String())
		site.Close()

		g.Expect(server.asked).To(BeNumerically(">", 10))
		delete(server.secrets, "")
		kinds := map[string]bool{}
		for _, kind := range server.secrets {
			kinds[kind] = true
		}
		g.Expect(kinds).To(And(HaveKey("Signature"), HaveKey("signature"), HaveKey("AccessKeyId")))
		g.Expect(kinds).To(HaveKey("access key secret"))
		written := map[string]string{"standard output": stdout.String(), "standard error": stderr.String(), "report.json": contents(t, file)}
		for _, f := range report.Formats() {
			written[string(f)] = contents(t, filepath.Join(folder, string(f)))
		}
		if ledger, err := os.ReadFile(filepath.Join(folder, "ledger")); err == nil { // it goes when nothing is left
			written["ledger"] = string(ledger)
		}
		for name, text := range written {
			for secret, kind := range server.secrets {
				for _, form := range forms(secret) {
					g.Expect(strings.Contains(text, form)).To(BeFalse(), "%s in %s, status %d: %q", kind, name, status, form)
				}
			}
		}
		g.Expect(written["html"]).To(ContainSubstring("[hidden]"), "the exchanges are there")
		checkSchema(t, written["report.json"])
	}
}

// forms are the ways in which a text may be written.
func forms(s string) []string {
	all := []string{s}
	for _, r := range []*strings.Replacer{
		strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D"),
		strings.NewReplacer("+", "&#43;", "=", "&#61;"), strings.NewReplacer("-", `\-`, "_", "&#95;"),
	} {
		all = append(all, r.Replace(s))
	}
	return slices.Compact(all)
}

// checkSchema validates a report by the schema that the command prints.
func checkSchema(t *testing.T, file string) {
	t.Helper()
	g := NewWithT(t)
	code, stdout, _ := kpspec(t.Context(), &fake{}, "report", "--schema")
	g.Expect(code).To(BeZero())
	schema, err := jsonschema.UnmarshalJSON(strings.NewReader(stdout))
	g.Expect(err).NotTo(HaveOccurred())
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	g.Expect(c.AddResource("report.schema.json", schema)).To(Succeed())
	compiled, err := c.Compile("report.schema.json")
	g.Expect(err).NotTo(HaveOccurred())
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(file))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(compiled.Validate(doc)).To(Succeed())
}
