package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/verdict"
)

// These tests run the built programs, as a user does.

var kpspec, kpref string // paths of the built programs

func TestMain(m *testing.M) { os.Exit(build(m)) }

func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "kpspec")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if err := os.Setenv("XDG_STATE_HOME", filepath.Join(dir, "state")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	kpspec, kpref = filepath.Join(dir, "kpspec"), filepath.Join(dir, "kpref")
	for program, pkg := range map[string]string{kpspec: ".", kpref: "../../../reference/cmd/kpref"} {
		command := exec.Command("go", "build", "-o", program, pkg)
		command.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := command.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "go build %s: %v\n%s", pkg, err, out)
			return 1
		}
	}
	return m.Run()
}

// run runs kpspec and returns its exit code and what it wrote.
func run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	command := exec.CommandContext(t.Context(), kpspec, args...)
	command.Stdout, command.Stderr = &out, &err
	command.Env = append(os.Environ(), "NO_COLOR=1")
	failed := command.Run()
	if exit := (*exec.ExitError)(nil); failed != nil && !errors.As(failed, &exit) {
		t.Fatal(failed)
	}
	return command.ProcessState.ExitCode(), out.String(), err.String()
}

// serveReference starts kpref on a free port and returns its address.
func serveReference(t *testing.T, args ...string) string {
	t.Helper()
	command := exec.Command(kpref, append([]string{"--listen", "127.0.0.1:0"}, args...)...)
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		if err := command.Wait(); err != nil {
			t.Errorf("kpref did not stop gracefully: %v", err)
		}
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	_, address, found := strings.Cut(strings.TrimSpace(line), "listening on ")
	if !found {
		t.Fatalf("kpref printed %q", line)
	}
	return address
}

// endpointConfig writes the configuration of an endpoint that serves all of the
// default world, both products at one address.
func endpointConfig(t *testing.T, address string, change func(*world.World)) string {
	t.Helper()
	return endpointsConfig(t, fmt.Sprintf("{ecs: %q, swas: %q}", address, address), change)
}

// endpointsConfig is endpointConfig with the endpoints as they are given. What
// an identity may do is left out: the endpoint knows, and the suites go by names.
func endpointsConfig(t *testing.T, endpoints string, change func(*world.World)) string {
	t.Helper()
	w := world.Default()
	if change != nil {
		change(&w)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "target: endpoint\nendpoints: %s\nquota: true\nworld:\n  regions: [%s]\n  accounts:\n", endpoints, strings.Join(w.Regions, ", "))
	for _, a := range w.Accounts {
		fmt.Fprintf(&b, "    - id: %q\n      resourceGroups: [%s]\n      identities:\n", a.ID, strings.Join(a.ResourceGroups, ", "))
		for _, id := range a.Identities {
			fmt.Fprintf(&b, "        - {name: %q, accessKeyId: %q, accessKeySecret: %q", id.Name, id.AccessKeyID, id.AccessKeySecret)
			if id.SecurityToken != "" {
				fmt.Fprintf(&b, ", securityToken: %q", id.SecurityToken)
			}
			b.WriteString("}\n")
		}
		b.WriteString("      servers:\n")
		for _, s := range a.Servers {
			fmt.Fprintf(&b, "        - {id: %q, region: %q, os: %q, status: %q}\n", s.ID, s.Region, s.OS, s.Status)
		}
	}
	return write(t, b.String())
}

func write(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "kpspec.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// referenceImage builds the reference's image under a name of its own.
func referenceImage(t *testing.T) string {
	t.Helper()
	return buildImage(t, "kpref", kpref, "../../../reference/cmd/kpref/Dockerfile")
}

// buildImage builds the image of a program as `make image` does, under a name of
// its own, and skips the test where no engine answers, unless this is CI.
func buildImage(t *testing.T, name, program, dockerfile string) string {
	t.Helper()
	needEngine(t)
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "build"), 0o755); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{program: "build/" + name, dockerfile: "Dockerfile"} {
		content, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, to), content, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	image := fmt.Sprintf("%s:test-%d-%d", name, os.Getpid(), images.Add(1))
	if out, err := exec.CommandContext(t.Context(), "docker", "build", "-q", "-t", image, dir).CombinedOutput(); err != nil {
		t.Fatalf("docker build: %v\n%s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("docker", "rmi", "-f", image).Run() })
	return image
}

var images atomic.Int32 // built so far: each gets a name of its own

// readReport reads a report and takes out what may differ between two runs: the
// target, the times, and the names and keys in the evidence of what was not met.
func readReport(t *testing.T, name string) (r report.Report, comparable string) {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if r, err = report.Read(file); err != nil {
		t.Fatal(err)
	}
	c := r
	c.Target, c.DurationMS = report.Target{}, 0
	c.Started = c.Started.Truncate(0).UTC().AddDate(-c.Started.Year(), 0, 0)
	var b strings.Builder
	for i := range c.Rules {
		for j := range c.Rules[i].Specs {
			c.Rules[i].Specs[j].DurationMS = 0
			c.Rules[i].Specs[j].Failure, c.Rules[i].Specs[j].Mismatches, c.Rules[i].Specs[j].Exchanges = "", nil, nil
		}
		fmt.Fprintf(&b, "%+v\n", c.Rules[i])
	}
	fmt.Fprintf(&b, "%+v %+v %v %v %v", c.Counts, c.NotCovered, c.NotSelected, c.Verdict, c.CleanupErrors)
	return r, b.String()
}

func TestThreeTargetsGiveTheSameReport(t *testing.T) {
	image := referenceImage(t)
	// Every choice of the reference the other way round; what the documents leave
	// open fails no rule.
	const otherwise = "reference: {fingerprint: plain, keyCheck: shallow, privateKey: pkcs1, attachUnknown: per-instance, tokenScope: account, tokenLifetime: 1h}\n"
	flags := []string{"--fingerprint", "plain", "--key-check", "shallow", "--private-key", "pkcs1",
		"--attach-unknown", "per-instance", "--token-scope", "account", "--token-lifetime", "1h"}
	for _, tt := range []struct {
		what, edition, config string
		flags                 []string
	}{
		{"2026-06", "2026-06", "", nil},
		{"2020-11", "2020-11", "", nil},
		{"2026-06 otherwise", "2026-06", otherwise, flags},
	} {
		t.Run(tt.what, func(t *testing.T) {
			g := NewWithT(t)
			address := serveReference(t, append([]string{"--edition", tt.edition}, tt.flags...)...)
			configured := write(t, "edition: "+tt.edition+"\n"+tt.config)
			covered, reports := coveredRules(t, tt.edition), map[string]string{}
			for target, args := range map[string][]string{
				"reference": {"--config", configured},
				"container": {"--config", configured, "--target", "container", "--image", image},
				"endpoint":  {"--config", endpointConfig(t, address, nil)},
			} {
				name := filepath.Join(t.TempDir(), "report.json")
				code, stdout, stderr := run(t, append([]string{"run", "--edition", tt.edition, "--report", name}, args...)...)
				g.Expect(code).To(Equal(0), target+"\n"+stdout+stderr)
				r, comparable := readReport(t, name)
				g.Expect(r.Target.Kind).To(Equal(target))
				g.Expect(len(r.Rules)).To(Equal(covered), target)
				g.Expect(r.Counts.Of(verdict.NotApplicable)).To(BeZero(), target)
				reports[target] = comparable
			}
			g.Expect(reports["container"]).To(Equal(reports["reference"]))
			g.Expect(reports["endpoint"]).To(Equal(reports["reference"]))
		})
	}
	g := NewWithT(t)
	left, err := exec.Command("docker", "ps", "-aq", "--filter", "ancestor="+image).CombinedOutput()
	g.Expect(string(left), err).To(BeEmpty())
}

// coveredRules is how many rules have specs in an edition.
func coveredRules(t *testing.T, edition string) int {
	t.Helper()
	code, stdout, stderr := run(t, "rules", "--json", "--edition", edition)
	if code != 0 {
		t.Fatal(stderr)
	}
	var rules []struct{ Specs int }
	if err := json.Unmarshal([]byte(stdout), &rules); err != nil {
		t.Fatal(err)
	}
	covered := 0
	for _, r := range rules {
		if r.Specs > 0 {
			covered++
		}
	}
	return covered
}

// What a target declares that it does not have is counted and shown, and no
// reason to fail.
func TestNotApplicable(t *testing.T) {
	address := serveReference(t)
	ecsOnly := endpointsConfig(t, fmt.Sprintf("{ecs: %q}", address), nil)
	noUsers := func(w *world.World) { // the first of each account alone
		for i := range w.Accounts {
			w.Accounts[i].Identities = w.Accounts[i].Identities[:1]
		}
	}
	noServers := func(w *world.World) {
		for i := range w.Accounts {
			w.Accounts[i].Servers = nil
		}
	}
	for _, tt := range []struct {
		what, config string
		rule         *regexp.Regexp // matches the rules that must be not applicable, and no other
	}{
		{"no SWAS", ecsOnly, regexp.MustCompile(`^SWAS-`)},
		{"no ECS", endpointsConfig(t, fmt.Sprintf("{swas: %q}", address), nil), regexp.MustCompile("^ECS-")},
		{"no RAM users", endpointConfig(t, address, noUsers), regexp.MustCompile(`-RAM(-|$)`)},
		{"no CreateKeyPair", write(t, "lacks: [CreateKeyPair]\n"), regexp.MustCompile(`^ECS-IMP-(NAME-UNIQUE-CREATE|QUOTA-SHARED)$`)},
		{"no servers", endpointConfig(t, address, noServers), nil},
	} {
		t.Run(tt.what, func(t *testing.T) {
			g := NewWithT(t)
			name := filepath.Join(t.TempDir(), "report.json")
			code, stdout, stderr := run(t, "run", "--config", tt.config, "--report", name)
			g.Expect(code).To(Equal(0), stdout+stderr)
			r, _ := readReport(t, name)
			count := 0
			for _, rule := range r.Rules {
				if rule.Verdict == verdict.NotApplicable {
					count++
				}
				if tt.rule != nil {
					g.Expect(rule.Verdict == verdict.NotApplicable).To(Equal(tt.rule.MatchString(rule.ID)), "%s: %s", rule.ID, rule.Verdict)
				}
			}
			g.Expect(count).To(BeNumerically(">", 0))
			g.Expect(count).To(BeNumerically("<", len(r.Rules)))
			g.Expect(r.Counts.Of(verdict.NotApplicable)).To(Equal(count))
			g.Expect(stdout).To(MatchRegexp(`(?m)^not-applicable  `))
		})
	}
}

func TestExitCodes(t *testing.T) {
	address := serveReference(t)
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := "http://" + dead.Addr().String()
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	notFound := httptest.NewServer(http.NotFoundHandler())
	defer notFound.Close()
	wrongSecret := func(w *world.World) { w.Accounts[0].Identities[0].AccessKeySecret = "not-the-secret" }
	otherRegion := func(w *world.World) {
		for i := range w.Accounts[0].Servers {
			if s := &w.Accounts[0].Servers[i]; s.Region == w.Regions[1] {
				s.Region = "xx-nowhere-9"
			}
		}
		w.Regions[1] = "xx-nowhere-9"
	}

	for _, c := range []struct {
		what string
		args []string
		code int
		says string // on standard error, or on standard output where a report is made
	}{
		{"conformant", []string{"run", "--rule", "ECS-IMP-NAME-LEN-*"}, 0, "CONFORMANT"},
		{"a SHOULD not met", []string{"run", "--config", write(t, "reference: {fingerprint: plain}\n"), "--rule", "ECS-IMP-RESP-FP-FORM"}, 0, "warned"},
		{"a SHOULD not met, strict", []string{"run", "--config", write(t, "reference: {fingerprint: plain}\n"), "--rule", "ECS-IMP-RESP-FP-FORM", "--strict"}, 1, "NOT CONFORMANT"},
		{"unknown rule", []string{"run", "--rule", "ECS-IMP-NAME-EMTY"}, 2, "did you mean ECS-IMP-NAME-EMPTY"},
		{"beginning of a rule", []string{"run", "--rule", "ECS-IMP-NAM"}, 2, "did you mean ECS-IMP-NAME-"},
		{"empty selection", []string{"run", "--rule", "ECS-IMP-ERR-INTERNAL"}, 2, "ECS-IMP-ERR-INTERNAL"},
		{"unknown key", []string{"run", "--config", write(t, "targt: reference\n")}, 2, "targt"},
		{"unknown flag", []string{"run", "--tagret", "reference"}, 2, "--tagret"},
		{"unknown edition", []string{"run", "--edition", "2019-01"}, 2, "2019-01"},
		{"missing file", []string{"run", "--config", filepath.Join(t.TempDir(), "none.yaml")}, 2, "none.yaml"},
		{"dead port", []string{"run", "--config", endpointConfig(t, gone, nil)}, 3, "refused"},
		{"not this API", []string{"run", "--config", endpointConfig(t, notFound.URL, nil)}, 3, "not an ECS API"},
		{"not this API, SWAS", []string{"run", "--config", endpointsConfig(t, fmt.Sprintf("{ecs: %q, swas: %q}", address, notFound.URL), nil)}, 3, "not a SWAS API"},
		{"not this API, but not asked for", []string{"run", "--rule", "ECS-IMP-NAME-LEN-*",
			"--config", endpointsConfig(t, fmt.Sprintf("{ecs: %q, swas: %q}", address, notFound.URL), nil)}, 0, "CONFORMANT"},
		{"no address", []string{"run", "--config", endpointsConfig(t, "{}", nil)}, 2, "no URL is configured"},
		{"lacks what no spec needs", []string{"run", "--config", write(t, "lacks: [CreateKeyPairs]\n")}, 2, "lacks[0]"},
		{"wrong secret", []string{"run", "--config", endpointConfig(t, address, wrongSecret)}, 3, "credentials"},
		{"missing region", []string{"run", "--config", endpointConfig(t, address, otherRegion)}, 3, "xx-nowhere-9"},
		{"missing image", []string{"run", "--target", "container", "--image", "kpref:no-such-tag"}, 3, ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			g := NewWithT(t)
			code, stdout, stderr := run(t, c.args...)
			g.Expect(code).To(Equal(c.code), stdout+stderr)
			g.Expect(stdout + stderr).To(ContainSubstring(c.says))
			if c.code > 1 {
				g.Expect(strings.Count(strings.TrimSpace(stderr), "\n")).To(BeZero(), "one line: "+stderr)
			}
			g.Expect(stdout+stderr).NotTo(ContainSubstring(world.Default().Accounts[0].Identities[0].AccessKeySecret), "a secret")
		})
	}
}

// What a target is known to break is no reason to fail, as long as it is true; and
// what has changed from one run to the other can be seen. The target is a reference
// that knows the older edition only, and then the newer one.
func TestDeviationsAndCompare(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	old, now, list := filepath.Join(dir, "old.json"), filepath.Join(dir, "now.json"), filepath.Join(dir, "deviations.yaml")
	older := endpointConfig(t, serveReference(t, "--edition", "2020-11"), nil)
	again := endpointConfig(t, serveReference(t, "--edition", "2020-11"), nil)
	newer := endpointConfig(t, serveReference(t), nil)
	const rules = "ECS-IMP-NAME-*"

	for _, step := range []struct {
		what string
		args []string
		code int
		says string
	}{
		{"a deviation that nobody knows", []string{"run", "--config", older, "--rule", rules, "--report", old}, 1, "NOT CONFORMANT"},
		{"a list that is not filled in", []string{"deviations", "write", old, "--out", filepath.Join(dir, "unfilled.yaml")}, 0, ""},
		{"is refused", []string{"run", "--config", older, "--rule", rules, "--deviations", filepath.Join(dir, "unfilled.yaml")}, 2, "ECS-IMP-NAME-PERIOD has no reason"},
		{"a list", []string{"deviations", "write", old, "--out", list, "--reason", "the older edition", "--expires", "9999-12-31"}, 0, ""},
		{"known deviations", []string{"run", "--config", again, "--rule", rules, "--deviations", list}, 0, "1 known deviation"},
		{"not selected", []string{"run", "--config", newer, "--rule", "ECS-IMP-NAME-LEN-*", "--deviations", list}, 0, "CONFORMANT"},
		{"a list that is out of date", []string{"run", "--config", newer, "--rule", rules, "--deviations", list, "--report", now}, 1, "ECS-IMP-NAME-PERIOD: listed, but no longer broken"},
		{"better", []string{"compare", old, now}, 0, "ECS-IMP-NAME-PERIOD  MUST: failed -> passed"},
		{"worse", []string{"compare", now, old}, 1, "ECS-IMP-NAME-PERIOD  MUST: passed -> failed"},
		{"as JSON", []string{"compare", "--json", now, old}, 1, `"rule": "ECS-IMP-NAME-PERIOD"`},
		{"the same", []string{"compare", old, old}, 0, "NOT WORSE"},
		{"no report", []string{"compare", list, old}, 2, "read report"},
	} {
		code, stdout, stderr := run(t, step.args...)
		g.Expect(code).To(Equal(step.code), step.what+"\n"+stdout+stderr)
		g.Expect(stdout+stderr).To(ContainSubstring(step.says), step.what)
	}
}

// The reference and the specs are in the program itself.
func TestProve(t *testing.T) {
	g := NewWithT(t)
	code, stdout, stderr := run(t, "prove", "--defect", "ecs-name-max-129", "--defect", "swas-create-name-max-65")
	g.Expect(code).To(BeZero(), stdout+stderr)
	g.Expect(stdout).To(ContainSubstring("2 defects: 2 killed"))
	g.Expect(stdout).To(HaveSuffix("PROVEN: every defect is found and blamed on the rules it breaks\n"))
	code, _, stderr = run(t, "prove", "--defect", "ecs-name-max-128")
	g.Expect(code).To(Equal(2))
	g.Expect(stderr).To(HavePrefix("kpspec: --defect: there is no defect \"ecs-name-max-128\"; did you mean ecs-name-max-12"))
	g.Expect(stderr).To(HaveSuffix("? (kpspec prove --list lists them)\n"))
}
