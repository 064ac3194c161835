package action

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"go.yaml.in/yaml/v3"

	"github.com/kpspec/kpspec/harness/report"
)

// metadata is an action.yml; what it does not know is an error.
type metadata struct {
	Name        string           `yaml:"name"`
	Description string           `yaml:"description"`
	Inputs      map[string]input `yaml:"inputs"`
	Outputs     map[string]struct {
		Description string `yaml:"description"`
		Value       string `yaml:"value"`
	} `yaml:"outputs"`
	Runs struct {
		Using string `yaml:"using"`
		Steps []step `yaml:"steps"`
	} `yaml:"runs"`
}

type input struct {
	Description string `yaml:"description"`
	Default     string `yaml:"default"`
}

// step is a step of an action or of a job.
type step struct {
	Name  string            `yaml:"name"`
	ID    string            `yaml:"id"`
	If    string            `yaml:"if"`
	Uses  string            `yaml:"uses"`
	With  map[string]string `yaml:"with"`
	Shell string            `yaml:"shell"`
	Env   map[string]string `yaml:"env"`
	Run   string            `yaml:"run"`
}

// strictly decodes YAML and refuses what the type does not know.
func strictly(t *testing.T, text []byte, into any) {
	t.Helper()
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(into); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}

func read(t *testing.T) metadata {
	t.Helper()
	text, err := os.ReadFile("action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var m metadata
	strictly(t, text, &m)
	return m
}

// script is the script of the step of that name.
func script(t *testing.T, name string) step {
	t.Helper()
	for _, s := range read(t).Runs.Steps {
		if s.Name == name && s.Run != "" {
			return s
		}
	}
	t.Fatalf("action.yml has no script in a step %q", name)
	return step{}
}

var (
	expression = regexp.MustCompile(`\$\{\{(.*?)\}\}`)
	inputName  = regexp.MustCompile(`inputs\.([a-z-]+)`)
	pinned     = regexp.MustCompile(`^[a-z-]+/[a-z-]+@[0-9a-f]{40}$`)
	versioned  = regexp.MustCompile(`uses: \S+@[0-9a-f]{40} # v\d+\.\d+\.\d+\n`)
)

func TestTheActionIsSound(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	m := read(t)
	g.Expect(m.Runs.Using).To(Equal("composite"))
	text, err := os.ReadFile("action.yml")
	g.Expect(err).NotTo(HaveOccurred())

	used := map[string]bool{}
	for _, found := range inputName.FindAllStringSubmatch(string(text), -1) {
		used[found[1]] = true
		g.Expect(m.Inputs).To(HaveKey(found[1]), "an input that is used")
	}
	for name, in := range m.Inputs {
		g.Expect(used).To(HaveKey(name), "an input that there is")
		g.Expect(in.Description).NotTo(BeEmpty(), name)
	}
	actions := 0
	for _, s := range m.Runs.Steps {
		g.Expect(s.Name).NotTo(BeEmpty())
		g.Expect(s.Uses == "").NotTo(Equal(s.Run == ""), "%s either uses or runs", s.Name)
		if s.Uses != "" {
			actions++
			g.Expect(s.Uses).To(MatchRegexp(pinned.String()), "pinned by its commit")
			continue
		}
		g.Expect(s.Shell).To(Equal("bash"), s.Name)
		g.Expect(expression.FindAllString(s.Run, -1)).To(BeEmpty(), "what a caller wrote would become a part of the script "+s.Name)
	}
	g.Expect(versioned.FindAll(text, -1)).To(HaveLen(actions), "the version stands beside the commit")
}

func TestShellcheck(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("shellcheck"); err != nil {
		t.Skip("shellcheck is not installed")
	}
	for _, s := range read(t).Runs.Steps {
		if s.Run == "" {
			continue
		}
		check := exec.CommandContext(t.Context(), "shellcheck", "--shell=bash", "-")
		check.Stdin = strings.NewReader("set -eo pipefail\n" + s.Run)
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", s.Name, err, out)
		}
	}
}

// A job is what GitHub sets up around a step: its files and its environment.
type job struct {
	folder string            // the workspace
	inputs map[string]string // of the action; those that are not given have their defaults
	path   string            // folder to find programs in first
}

// outcome is what a step left behind.
type outcome struct {
	code                 int
	log, summary, output string
	path                 string // what it added to the path
}

// run runs a step as GitHub does: bash without start-up files, an end at the
// first error, and the inputs in the environment.
func (j job) run(t *testing.T, s step) outcome {
	t.Helper()
	m := read(t)
	temp := t.TempDir()
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	file := func(name, text string) string {
		name = filepath.Join(temp, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	step := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", file("step.sh", s.Run))
	step.Dir = j.folder
	step.Env = append(os.Environ(), "PATH="+j.path+string(filepath.ListSeparator)+os.Getenv("PATH"), "GITHUB_ACTIONS=true", "CI=true",
		"GITHUB_STEP_SUMMARY="+file("summary", ""), "GITHUB_OUTPUT="+file("output", ""), "GITHUB_PATH="+file("path", ""),
		"GITHUB_WORKSPACE="+j.folder, "GITHUB_ACTION_PATH="+root, "RUNNER_TEMP="+temp)
	for name, value := range s.Env {
		value = expression.ReplaceAllStringFunc(value, func(e string) string {
			in := inputName.FindStringSubmatch(e)
			if in == nil {
				t.Fatalf("%s: %s is no input", name, e)
			}
			if given, ok := j.inputs[in[1]]; ok {
				return given
			}
			return m.Inputs[in[1]].Default
		})
		step.Env = append(step.Env, name+"="+value)
	}
	out, err := step.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	text := func(name string) string {
		b, err := os.ReadFile(filepath.Join(temp, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	return outcome{step.ProcessState.ExitCode(), string(out), text("summary"), text("output"), strings.TrimSpace(text("path"))}
}

// The steps are run one after the other: what the first builds is what the second runs.
func TestTheStepsOfTheAction(t *testing.T) {
	t.Parallel()
	built := job{folder: t.TempDir()}.run(t, script(t, "Build kpspec"))
	if built.code != 0 {
		t.Fatal(built.log)
	}
	const reference = "target: reference\n"
	for _, tt := range []struct {
		what    string
		config  string // kpspec.yaml; "" = none
		inputs  map[string]string
		path    string // instead of the path of what was built
		code    int
		log     string // a part of it
		summary string // a part of it; "" = there must be none
		reports string // folder; "" = there must be none
	}{
		{what: "a green run", config: reference, inputs: map[string]string{"config": "kpspec.yaml", "rules": "ECS-IMP-NAME-LEN-*"},
			log: "CONFORMANT", summary: "kpspec: conformant", reports: "kpspec-report"},
		{what: "more than one rule, another edition and a folder with a space", config: reference,
			inputs: map[string]string{"config": "kpspec.yaml", "rules": "ECS-IMP-NAME-LEN-MIN\n  ECS-IMP-NAME-LEN-MAX\n", "edition": "2020-11", "reports": "my reports/new"},
			log:    "2020-11", summary: "2020-11", reports: "my reports/new"},
		{what: "a rule that is broken", config: reference + "reference: {fingerprint: plain}\n",
			inputs: map[string]string{"config": "kpspec.yaml", "rules": "ECS-IMP-RESP-FP-FORM", "strict": "true"}, code: 1,
			log: "::error title=kpspec::exit code 1, not conformant: the target breaks a rule", summary: "ECS-IMP-RESP-FP-FORM", reports: "kpspec-report"},
		{what: "not strict", config: reference + "reference: {fingerprint: plain}\n",
			inputs: map[string]string{"config": "kpspec.yaml", "rules": "ECS-IMP-RESP-FP-FORM", "strict": "false"},
			log:    "::warning title=", summary: "ECS-IMP-RESP-FP-FORM", reports: "kpspec-report"},
		{what: "nothing to test", code: 2, log: "::error title=kpspec::exit code 2, nothing was tested: give the action an image or a config"},
		{what: "no such file", inputs: map[string]string{"config": "none.yaml"}, code: 2,
			log: "::error title=kpspec::exit code 2, wrong usage or configuration"},
		{what: "a broken configuration", config: "targt: reference\n", inputs: map[string]string{"config": "kpspec.yaml"}, code: 2, log: `did you mean target?`},
		{what: "strict is no word", config: reference, inputs: map[string]string{"config": "kpspec.yaml", "strict": "yes"}, code: 2, log: "--strict"},
		{what: "deviations that are not there", config: reference, inputs: map[string]string{"config": "kpspec.yaml", "deviations": "none.yaml"}, code: 2, log: "none.yaml"},
		{what: "an image that is none", inputs: map[string]string{"image": "NO SUCH; touch injected; `touch injected` $(touch injected)"}, code: 3,
			log: "::error title=kpspec::exit code 3, incomplete: something could not be tested", summary: "kpspec: incomplete", reports: "kpspec-report"},
		{what: "an input that is a script", config: reference, inputs: map[string]string{"config": "kpspec.yaml", "rules": "$(touch${IFS}injected) `touch injected`; *"}, code: 2,
			log: "no rule matches"},
		{what: "killed", config: reference, inputs: map[string]string{"config": "kpspec.yaml"}, path: killed(t), code: 137,
			log: "::error title=kpspec::exit code 137, kpspec was ended from outside"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			j := job{folder: t.TempDir(), inputs: tt.inputs, path: built.path}
			if tt.path != "" {
				j.path = tt.path
			}
			if tt.config != "" {
				g.Expect(os.WriteFile(filepath.Join(j.folder, "kpspec.yaml"), []byte(tt.config), 0o600)).To(Succeed())
			}
			// What an earlier run left must not be taken for the result of this one.
			g.Expect(os.Mkdir(filepath.Join(j.folder, "kpspec-report"), 0o755)).To(Succeed())
			g.Expect(os.WriteFile(filepath.Join(j.folder, "kpspec-report", "summary.md"), []byte("stale"), 0o600)).To(Succeed())

			done := j.run(t, script(t, "Test"))
			g.Expect(done.code).To(Equal(tt.code), done.log)
			g.Expect(done.output).To(Equal(fmt.Sprintf("exit-code=%d\n", tt.code)))
			g.Expect(done.log).To(ContainSubstring(tt.log))
			g.Expect(filepath.Join(j.folder, "injected")).NotTo(BeAnExistingFile())
			if tt.summary == "" {
				g.Expect(done.summary).To(BeEmpty())
			}
			g.Expect(done.summary).To(ContainSubstring(tt.summary))
			g.Expect(done.summary).NotTo(ContainSubstring("stale"))
			if tt.reports != "" {
				readReports(t, filepath.Join(j.folder, tt.reports), tt.code)
			}
		})
	}
}

// killed is a folder with a kpspec in it that a signal ends.
func killed(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "kpspec"), []byte("#!/bin/sh\nkill -9 $$\n"), 0o755); err != nil { // #nosec G306 -- a program
		t.Fatal(err)
	}
	return dir
}

// readReports reads all forms of a report from a folder.
func readReports(t *testing.T, folder string, code int) {
	t.Helper()
	g := NewWithT(t)
	file, err := os.Open(filepath.Join(folder, "report.json"))
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = file.Close() }() // read only
	r, err := report.Read(file)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(r.ExitCode).To(Equal(code))
	var suites struct {
		XMLName xml.Name
	}
	junit, err := os.ReadFile(filepath.Join(folder, "junit.xml"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(xml.Unmarshal(junit, &suites)).To(Succeed())
	g.Expect(suites.XMLName.Local).To(Equal("testsuites"))
	g.Expect(os.ReadFile(filepath.Join(folder, "report.html"))).To(ContainSubstring("<html"))
	var names []string
	entries, err := os.ReadDir(folder)
	g.Expect(err).NotTo(HaveOccurred())
	for _, e := range entries {
		names = append(names, e.Name())
	}
	slices.Sort(names)
	g.Expect(names).To(Equal([]string{"junit.xml", "report.html", "report.json", "summary.md"}))
}
