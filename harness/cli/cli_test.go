package cli_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/cli"
	"github.com/kpspec/kpspec/harness/prove"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/verdict"
	"github.com/kpspec/kpspec/suites"
)

// fake is a target, and the suites, that do as they are told.
type fake struct {
	startErr, preflightErr, executeErr, stopErr error
	outcome                                     verdict.Outcome // of every spec
	met                                         string          // a rule that is met all the same
	failure                                     string          // of every spec; default "as told"
	during                                      func()          // while the specs run

	config  target.Config
	edition catalogue.Edition
	asked   target.Place // by the preflight
	run     suites.Config
	proof   prove.Proof // of kpspec prove
	prove   prove.Options
	started int
	stopped int
}

func (f *fake) Kind() target.Kind           { return target.Container }
func (f *fake) Name() string                { return "fake:1" }
func (f *fake) Logs(context.Context) string { return "log of the fake\n" }

func (f *fake) Start(context.Context) (target.Place, error) {
	f.started++
	return target.Place{ECS: "http://fake", SWAS: "http://fake/swas"}, f.startErr
}

func (f *fake) Stop(ctx context.Context) error {
	f.stopped++
	if ctx.Err() != nil {
		return errors.New("stopped with a context that is over")
	}
	return f.stopErr
}

// specs are those that the fake suites have.
var specs = map[string]int{"ECS-IMP-NAME-LEN-MIN": 1, "ECS-IMP-NAME-LEN-MAX": 1}

func (f *fake) execute(_ context.Context, cfg suites.Config, _ int) (report.Report, error) {
	f.run = cfg
	if f.during != nil {
		f.during()
	}
	if f.executeErr != nil {
		return report.Report{}, f.executeErr
	}
	rules, err := catalogue.Load()
	if err != nil {
		return report.Report{}, err
	}
	in := report.Input{Catalogue: rules, Edition: cfg.Edition, Strict: cfg.Strict, Version: cfg.Version, Specs: specs,
		Deviations: cfg.Deviations, Target: report.Target{Kind: string(f.Kind()), Name: f.Name()}}
	matched, err := rules.Match(cfg.Rules...)
	if err != nil {
		return report.Report{}, err
	}
	for _, rule := range matched {
		in.Selected = append(in.Selected, rule.ID)
	}
	for id := range specs {
		r := report.SpecResult{Rule: id, Text: "a spec", Outcome: f.outcome, Failure: cmp.Or(f.failure, "as told")}
		if id == f.met {
			r.Outcome = verdict.Met
		}
		in.Results = append(in.Results, r)
	}
	return report.Build(in), nil
}

// kpspec runs the command with the fake.
func kpspec(ctx context.Context, f *fake, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	p := &cli.Program{
		Stdout: &out, Stderr: &errs,
		NewTarget: func(c target.Config, e catalogue.Edition) (target.Target, error) {
			f.config, f.edition = c, e
			if c.Target == target.Endpoint {
				return target.New(c, e) // for its errors
			}
			return f, nil
		},
		Preflight: func(_ context.Context, p target.Place) error { f.asked = p; return f.preflightErr },
		Coverage:  func(catalogue.Edition) (map[string]int, error) { return specs, nil },
		Specs: func(catalogue.Edition) ([]suites.Spec, error) {
			return []suites.Spec{
				{Rule: "ECS-IMP-NAME-LEN-MIN", Level: "MUST", Text: "a spec", Location: "suites/a.go:1"},
				{Rule: "ECS-IMP-NAME-LEN-MAX", Level: "MUST", Text: "another", Location: "suites/a.go:2"},
			}, nil
		},
		Execute: f.execute,
		Prove: func(_ context.Context, o prove.Options) (prove.Proof, error) {
			f.prove = o
			for _, t := range f.proof.Trials {
				o.Tell(t)
			}
			return f.proof, f.executeErr
		},
	}
	code = p.Main(ctx, args)
	return code, out.String(), errs.String()
}

// conclusion is the last line of what a run has printed.
func conclusion(stdout string) string {
	lines := strings.SplitAfter(stdout, "\n")
	return lines[max(0, len(lines)-2)]
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kpspec.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWrongUsage(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	bad := write(t, "target: reference\nstrikt: true\n")
	two := write(t, "target: docker\nedition: new\n")
	unfilled := write(t, "deviations:\n  - {rule: ECS-IMP-NAME-LEN-MIN, reason: '', expires: '', failures: [{spec: a spec, text: as told}]}\n")
	unknown := write(t, "flaky:\n  - {rule: ECS-IMP-NAME-LEN-MIX, reason: r, expires: 2027-01-31}\n")
	tests := map[string]struct {
		args []string
		want string // the beginning of the one line
	}{
		"no command":         {nil, "no command; to test the embedded reference: kpspec run"},
		"unknown command":    {[]string{"test"}, `unknown command "test"; see kpspec --help`},
		"argument":           {[]string{"run", "ECS-IMP-NAME-LEN-MIN"}, `unexpected argument "ECS-IMP-NAME-LEN-MIN"; kpspec run takes flags only`},
		"argument of rules":  {[]string{"rules", "ECS-*"}, `unexpected argument "ECS-*"`},
		"argument of world":  {[]string{"world", "policies"}, `unexpected argument "policies"`},
		"config of a block":  {[]string{"world", "--config", bad}, "--config goes with --policies"},
		"config of policies": {[]string{"world", "--policies", "--config", bad}, bad + ":2: unknown key"},
		"argument of a word": {[]string{"version", "2"}, `unexpected argument "2"`},
		"unknown flag":       {[]string{"run", "--rules", "x"}, "unknown flag: --rules"},
		"flag without value": {[]string{"run", "--rule"}, "flag needs an argument: --rule"},
		"target":             {[]string{"run", "--target", "docker"}, `invalid argument "docker" for "--target" flag: must be reference or container or endpoint`},
		"empty target":       {[]string{"run", "--target", ""}, `invalid argument "" for "--target" flag`},
		"edition":            {[]string{"run", "--edition", "2026"}, `invalid argument "2026" for "--edition" flag: must be 2026-06 or 2020-11`},
		"edition of rules":   {[]string{"rules", "--edition", "2026"}, `invalid argument "2026" for "--edition" flag`},
		"strict":             {[]string{"run", "--strict=maybe"}, `invalid argument "maybe" for "--strict" flag`},
		"timeout":            {[]string{"run", "--timeout", "soon"}, `invalid argument "soon" for "--timeout" flag`},
		"timeout of nothing": {[]string{"run", "--timeout", "0s"}, "--timeout: 0s is not a usable duration; write one such as 10s"},
		"image":              {[]string{"run", "--image", "x"}, "--image needs --target container, but the target is reference"},
		"empty image":        {[]string{"run", "--target", "container", "--image", ""}, "--image: no image is named"},
		"unknown rule":       {[]string{"run", "--rule", "ECS-IMP-NAME-LEN-MIX"}, `--rule: no rule matches "ECS-IMP-NAME-LEN-MIX"; did you mean ECS-IMP-NAME-LEN-MIN`},
		"unknown rules":      {[]string{"run", "--rule", "NO-1", "--rule", "NO-2"}, `--rule: no rule matches "NO-1"`},
		"unknown rule list":  {[]string{"rules", "--rule", "XYZ-*"}, `--rule: no rule matches "XYZ-*"`},
		"one of two unknown": {[]string{"run", "--rule", "ECS-*", "--rule", "XYZ-*"}, `--rule: no rule matches "XYZ-*"`},
		"empty rule":         {[]string{"run", "--rule", ""}, `--rule: no rule matches ""`},
		"bad pattern":        {[]string{"run", "--rule", "ECS-[", "--json"}, "unknown flag: --json"},
		"malformed pattern":  {[]string{"run", "--rule", "ECS-["}, "--rule: "},
		"excluded rule":      {[]string{"run", "--rule", "ECS-IMP-ERR-INTERNAL"}, "nothing to test: none of the selected rules has a spec in the 2026-06 edition (ECS-IMP-ERR-INTERNAL: excluded: "},
		"not in the edition": {[]string{"run", "--rule", "ECS-IMP-RAM-ACTION", "--edition", "2020-11"}, "nothing to test: none of the selected rules has a spec in the 2020-11 edition (ECS-IMP-RAM-ACTION: not in this edition)"},
		"no spec":            {[]string{"run", "--rule", "ECS-IMP-GET"}, "nothing to test: none of the selected rules has a spec in the 2026-06 edition (ECS-IMP-GET: no spec yet); see kpspec rules"},
		"no config":          {[]string{"run", "--config", filepath.Join(folder, "none.yaml")}, "--config: open "},
		"empty config name":  {[]string{"run", "--config", ""}, "--config: open "},
		"config is a folder": {[]string{"run", "--config", folder}, folder + ": cannot be read: "},
		"unknown key":        {[]string{"run", "--config", bad}, bad + `:2: unknown key "strikt"; did you mean strict?`},
		"two findings":       {[]string{"run", "--config", two}, two + `:1: target: "docker" is not known; it must be reference or container or endpoint; ` + two + ":2: edition: "},
		"endpoint, no URL":   {[]string{"run", "--target", "endpoint"}, `target "endpoint": no URL is configured; write "endpoints: {ecs: http://HOST:PORT, swas: http://HOST:PORT}"`},
		"report nowhere":     {[]string{"run", "--report", filepath.Join(folder, "no", "report.json")}, "--report: cannot write " + filepath.Join(folder, "no", "report.json") + ": folder " + filepath.Join(folder, "no") + ": no such file or directory"},
		"report is a folder": {[]string{"run", "--report", folder}, "--report: " + folder + " is a folder; name a file"},
		"no deviations":      {[]string{"run", "--deviations", filepath.Join(folder, "none.yaml")}, "--deviations: open "},
		"empty deviations":   {[]string{"run", "--deviations", ""}, "--deviations: no file is named"},
		"not deviations":     {[]string{"run", "--deviations", bad}, bad + `:1: unknown key "target"`},
		"unfilled list":      {[]string{"run", "--deviations", unfilled}, unfilled + ":2: ECS-IMP-NAME-LEN-MIN has no reason"},
		"unknown in a list":  {[]string{"run", "--deviations", unknown}, unknown + `:2: unknown rule "ECS-IMP-NAME-LEN-MIX"; did you mean ECS-IMP-NAME-LEN-MIN`},
		"deviations":         {[]string{"deviations"}, "no command; there is kpspec deviations write REPORT.json"},
		"deviations read":    {[]string{"deviations", "read"}, `unknown command "read"`},
		"write nothing":      {[]string{"deviations", "write"}, "kpspec deviations write takes one report, not 0"},
		"write of no report": {[]string{"deviations", "write", bad}, bad + ": read report: "},
		"write, no file":     {[]string{"deviations", "write", filepath.Join(folder, "none.json")}, "open "},
		"write until soon":   {[]string{"deviations", "write", bad, "--expires", "soon"}, `--expires: "soon" is no date; write YYYY-MM-DD`},
		"compare one":        {[]string{"compare", bad}, "kpspec compare takes two reports, not 1"},
		"compare no report":  {[]string{"compare", bad, bad}, bad + ": read report: "},
		"compare, no file":   {[]string{"compare", filepath.Join(folder, "none.json"), bad}, "open "},
		"explain nothing":    {[]string{"explain"}, "kpspec explain takes the id of one rule"},
		"explain unknown":    {[]string{"explain", "ECS-IMP-NAME-LEN-MIX"}, `unknown rule "ECS-IMP-NAME-LEN-MIX"; did you mean ECS-IMP-NAME-LEN-MIN`},
		"explain no clause":  {[]string{"explain", "ECS-IMP-ACTION.cod"}, `rule ECS-IMP-ACTION has no clause "cod"; it has: code`},
		"explain a config":   {[]string{"explain", "ECS-IMP-ACTION", "--report", bad}, bad + ": read report: "},
		"replay nothing":     {[]string{"replay"}, "kpspec replay takes a report and the id of a rule"},
		"list unknown":       {[]string{"list", "--rule", "XYZ-*"}, `--rule: no rule matches "XYZ-*"`},
		"rerun nothing":      {[]string{"run", "--rerun-failed", ""}, "--rerun-failed: no report is named"},
		"init of a kind":     {[]string{"init", "--target", "docker"}, `invalid argument "docker" for "--target" flag`},
		"init nowhere":       {[]string{"init", "--out", ""}, "--out: no file is named"},
		"init over a file":   {[]string{"init", "--out", bad}, bad + " is there already and is not overwritten"},
		"doctor, no URL":     {[]string{"doctor", "--target", "endpoint"}, `target "endpoint": no URL is configured`},
		"empty report":       {[]string{"run", "--report", ""}, "--report: no file is named"},
		"output of nothing":  {[]string{"run", "--output", ""}, `--output "": the format must be badge or badge-json or github or html or junit or markdown or summary; write it as html=FILE`},
		"output, no file":    {[]string{"run", "--output", "html"}, `--output "html": no file is named; write it as html=FILE`},
		"output, empty file": {[]string{"run", "--output", "html="}, `--output "html=": no file is named; write it as html=FILE`},
		"unknown output":     {[]string{"run", "--output", "pdf=x"}, `--output "pdf=x": the format must be badge`},
		"output nowhere":     {[]string{"run", "--output", "html=" + filepath.Join(folder, "no", "x.html")}, "--output html: cannot write " + filepath.Join(folder, "no", "x.html") + ": "},
		"output to a folder": {[]string{"run", "--output", "junit=" + folder}, "--output junit: " + folder + " is a folder; name a file"},
		"one file for two":   {[]string{"run", "--report", filepath.Join(folder, "x"), "--output", "html=" + filepath.Join(folder, "x")}, "--output html: " + filepath.Join(folder, "x") + " is written already, by --report"},
		"report on nothing":  {[]string{"report"}, "kpspec report takes one report, not 0"},
		"report on two":      {[]string{"report", bad, bad}, "kpspec report takes one report, not 2"},
		"report, no file":    {[]string{"report", filepath.Join(folder, "none.json")}, "open "},
		"report, no report":  {[]string{"report", bad, "--format", "html"}, bad + ": read report: "},
		"unknown format":     {[]string{"report", bad, "--format", "pdf"}, `invalid argument "pdf" for "--format" flag: must be badge or badge-json or github`},
		"schema of a report": {[]string{"report", bad, "--schema"}, "--schema prints the schema of every report; it takes no report and no --format"},
		"schema as HTML":     {[]string{"report", "--schema", "--format", "html"}, "--schema prints the schema of every report"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			f := &fake{outcome: verdict.Met}
			code, stdout, stderr := kpspec(t.Context(), f, tt.args...)
			g.Expect(code).To(Equal(verdict.ExitUsage))
			g.Expect(stderr).To(HavePrefix("kpspec: " + tt.want))
			g.Expect(strings.Count(stderr, "\n")).To(Equal(1), "one line: %s", stderr)
			g.Expect(stdout).To(BeEmpty())
			g.Expect(f.started).To(BeZero())
		})
	}
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fake   *fake
		args   []string
		code   int
		stdout string // the beginning
		stderr string
	}{
		"conformant":           {&fake{outcome: verdict.Met}, nil, 0, "CONFORMANT: none of 2 rules failed\n", ""},
		"not conformant":       {&fake{outcome: verdict.NotMet}, nil, 1, "NOT CONFORMANT: 2 of 2 rules failed\n", ""},
		"could not run":        {&fake{outcome: verdict.Undone}, nil, 3, "INCOMPLETE: 2 of 2 rules could not run\n", ""},
		"not applicable":       {&fake{outcome: verdict.NotApplicableHere}, nil, 3, "INCOMPLETE: ", ""},
		"usage, said late":     {&fake{executeErr: errors.New("no spec\nof that")}, nil, 2, "", "kpspec: no spec; of that\n"},
		"does not start":       {&fake{startErr: errors.New("image x is not on this machine")}, nil, 3, "", "kpspec: the target cannot be tested: image x is not on this machine\n"},
		"refuses":              {&fake{preflightErr: errors.New("http://h: refuses the credentials")}, nil, 3, "", "kpspec: the target cannot be tested: http://h: refuses the credentials\n"},
		"does not stop":        {&fake{outcome: verdict.Met, stopErr: errors.New("cannot be removed")}, nil, 3, "INCOMPLETE: the run was cut short\n", "kpspec: cannot be removed\n"},
		"fails and stays":      {&fake{outcome: verdict.NotMet, stopErr: errors.New("cannot be removed")}, nil, 1, "NOT CONFORMANT: ", "kpspec: cannot be removed\n"},
		"starts not, and more": {&fake{startErr: errors.New("no"), stopErr: errors.New("never")}, nil, 3, "", "kpspec: the target cannot be tested: no; never\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			file := filepath.Join(t.TempDir(), "report.json")
			code, stdout, stderr := kpspec(t.Context(), tt.fake, append([]string{"run", "--report", file}, tt.args...)...)
			g.Expect(code).To(Equal(tt.code), stdout+stderr)
			g.Expect(conclusion(stdout)).To(HavePrefix(tt.stdout))
			g.Expect(stdout == "").To(Equal(tt.stdout == ""))
			g.Expect(stderr).To(Equal(tt.stderr))
			g.Expect(tt.fake.stopped).To(Equal(1))

			if tt.code == verdict.ExitUsage {
				g.Expect(file).NotTo(BeAnExistingFile())
			} else {
				r := read(t, file)
				g.Expect(r.ExitCode).To(Equal(tt.code))
				g.Expect(r.TargetLog == "").To(Equal(tt.fake.outcome == verdict.Met), "the log of a target that failed is kept")
			}
			left, err := filepath.Glob(filepath.Join(filepath.Dir(file), ".*"))
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(left).To(BeEmpty())
		})
	}
}

func read(t *testing.T, path string) report.Report {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }() // read only
	r, err := report.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTargetThatDoesNotStartIsReportedRuleByRule(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	file := filepath.Join(t.TempDir(), "report.json")
	g.Expect(os.WriteFile(file, []byte("an old report"), 0o600)).To(Succeed())
	f := &fake{startErr: errors.New("exited with code 3")}
	code, _, _ := kpspec(t.Context(), f, "run", "--rule", "ecs-imp-name-len-*", "--report", file)
	g.Expect(code).To(Equal(verdict.ExitIncomplete))
	r := read(t, file)
	g.Expect(r.Target).To(Equal(report.Target{Kind: "container", Name: "fake:1"}))
	g.Expect(r.Rules).To(HaveLen(2))
	for _, rule := range r.Rules {
		g.Expect(rule.Verdict).To(Equal(verdict.CouldNotRun))
		g.Expect(rule.Reason).To(Equal("the target cannot be tested: exited with code 3"))
	}
	g.Expect(r.NotCovered).NotTo(BeEmpty(), "the fake suites have no specs for the other rules about lengths")
	g.Expect(r.TargetLog).To(Equal("log of the fake\n"))
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]*fake{
		"the suites finish":  {outcome: verdict.Met},
		"the suites give up": {executeErr: context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			f.during = cancel
			file := filepath.Join(t.TempDir(), "report.json")
			code, stdout, stderr := kpspec(ctx, f, "run", "--report", file)
			g.Expect(code).To(Equal(verdict.ExitIncomplete))
			g.Expect(conclusion(stdout)).To(HavePrefix("INCOMPLETE: "))
			// It may all be over before there is time to say it.
			g.Expect(stderr).To(Or(BeEmpty(), Equal("kpspec: interrupted: cleaning up; a second interrupt ends at once\n")))
			g.Expect(f.stopped).To(Equal(1))
			g.Expect(read(t, file).Verdict).To(Equal(report.Incomplete))
		})
	}
}

func TestPanicOfTheSuitesStopsTheTarget(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	f := &fake{during: func() { panic("a spec file is broken") }}
	g.Expect(func() { kpspec(t.Context(), f, "run") }).To(PanicWith("a spec file is broken"))
	g.Expect(f.stopped).To(Equal(1))
}

func TestFlagsOverrideTheConfiguration(t *testing.T) {
	t.Parallel()
	config := write(t, `
target: container
edition: "2020-11"
strict: true
quota: false
timeout: 3s
container: {image: emulator:1, port: 9000}
`)
	yes, no := true, false
	tests := map[string]struct {
		args []string
		want target.Config
	}{
		"nothing": {nil, target.Config{Target: target.Reference, Edition: catalogue.Edition202606}},
		"configuration": {[]string{"--config", config}, target.Config{
			Target: target.Container, Edition: catalogue.Edition202011, Strict: true, Quota: &no, Timeout: 3 * time.Second,
			Container: target.ContainerConfig{Image: "emulator:1", Port: 9000}}},
		"flags": {[]string{"--target", "container", "--edition", "2020-11", "--strict", "--quota", "--timeout", "1m", "--image", "i:1"}, target.Config{
			Target: target.Container, Edition: catalogue.Edition202011, Strict: true, Quota: &yes, Timeout: time.Minute,
			Container: target.ContainerConfig{Image: "i:1"}}},
		"both": {[]string{"--config", config, "--edition", "2026-06", "--strict=false", "--quota", "--timeout", "1s", "--image", "emulator:2"}, target.Config{
			Target: target.Container, Edition: catalogue.Edition202606, Quota: &yes, Timeout: time.Second,
			Container: target.ContainerConfig{Image: "emulator:2", Port: 9000}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			f := &fake{outcome: verdict.Met}
			code, _, stderr := kpspec(t.Context(), f, append([]string{"run", "--rule", "ECS-IMP-NAME-LEN-M*", "--seed", "7"}, tt.args...)...)
			g.Expect(code).To(BeZero(), stderr)
			g.Expect(f.config).To(Equal(tt.want))
			g.Expect(f.edition).To(Equal(tt.want.Edition))
			g.Expect(f.run.Tell).NotTo(BeNil())
			f.run.Tell = nil // functions cannot be compared
			g.Expect(f.run).To(Equal(suites.Config{
				Target: f, Place: target.Place{ECS: "http://fake", SWAS: "http://fake/swas"}, Edition: tt.want.Edition, Rules: []string{"ECS-IMP-NAME-LEN-M*"},
				Strict: tt.want.Strict, Version: cli.Version(), Timeout: tt.want.Timeout, Seed: 7,
			}))
		})
	}
}

func TestOnlyProductsWithSelectedRulesAreAskedFirst(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]target.Place{
		"*":                     {ECS: "http://fake", SWAS: "http://fake/swas"},
		"ECS-IMP-NAME-LEN-*":    {ECS: "http://fake"},
		"*-IMP-NAME-LEN-M?[NX]": {ECS: "http://fake", SWAS: "http://fake/swas"},
	} {
		g := NewWithT(t)
		f := &fake{outcome: verdict.Met}
		code, _, stderr := kpspec(t.Context(), f, "run", "--rule", pattern)
		g.Expect(code).To(BeZero(), stderr)
		g.Expect(f.asked).To(Equal(want), pattern)
	}
}

func TestReportThroughALinkAndToADevice(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	folder := t.TempDir()
	real, link := filepath.Join(folder, "real.json"), filepath.Join(folder, "link.json")
	g.Expect(os.WriteFile(real, nil, 0o600)).To(Succeed())
	g.Expect(os.Symlink(real, link)).To(Succeed())
	code, _, _ := kpspec(t.Context(), &fake{outcome: verdict.Met}, "run", "--report", link)
	g.Expect(code).To(BeZero())
	g.Expect(read(t, real).Verdict).To(Equal(report.Conformant))
	info, err := os.Lstat(link)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(info.Mode().Type()).To(Equal(os.ModeSymlink))

	code, _, stderr := kpspec(t.Context(), &fake{outcome: verdict.Met}, "run", "--report", os.DevNull)
	g.Expect(code).To(BeZero(), stderr)
	info, err = os.Stat(os.DevNull)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(info.Mode().IsRegular()).To(BeFalse())
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestOutputThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	for outcome, want := range map[verdict.Outcome]int{verdict.Met: verdict.ExitIncomplete, verdict.NotMet: verdict.ExitNotConformant} {
		g := NewWithT(t)
		var stderr bytes.Buffer
		f := &fake{outcome: outcome}
		p := &cli.Program{
			Stdout: broken{}, Stderr: &stderr,
			NewTarget: func(target.Config, catalogue.Edition) (target.Target, error) { return f, nil },
			Preflight: func(context.Context, target.Place) error { return nil },
			Coverage:  func(catalogue.Edition) (map[string]int, error) { return specs, nil },
			Execute:   f.execute,
		}
		g.Expect(p.Main(t.Context(), []string{"run"})).To(Equal(want))
		g.Expect(stderr.String()).To(Equal("kpspec: cannot write the output: write summary: broken pipe\n"))
		g.Expect(p.Main(t.Context(), []string{"rules"})).To(Equal(verdict.ExitIncomplete))
		g.Expect(p.Main(t.Context(), []string{"version"})).To(Equal(verdict.ExitIncomplete))
	}
}

func TestCoverageThatCannotBeCounted(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	var stdout, stderr bytes.Buffer
	p := &cli.Program{Stdout: &stdout, Stderr: &stderr, Coverage: func(catalogue.Edition) (map[string]int, error) { return nil, errors.New("no tree") }}
	g.Expect(p.Main(t.Context(), []string{"run"})).To(Equal(verdict.ExitIncomplete))
	g.Expect(p.Main(t.Context(), []string{"rules"})).To(Equal(verdict.ExitIncomplete))
	g.Expect(stderr.String()).To(Equal("kpspec: the suites: no tree\nkpspec: the suites: no tree\n"))
}

func TestRules(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	code, stdout, stderr := kpspec(t.Context(), &fake{}, "rules", "--json")
	g.Expect(code).To(BeZero(), stderr)
	var all []map[string]any
	g.Expect(json.Unmarshal([]byte(stdout), &all)).To(Succeed())
	rules, err := catalogue.Load()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(all).To(HaveLen(len(rules.Rules())))
	byID := map[string]map[string]any{}
	for i, rule := range rules.Rules() {
		g.Expect(all[i]).To(HaveKeyWithValue("id", rule.ID), "in catalogue order")
		byID[rule.ID] = all[i]
	}
	g.Expect(byID["ECS-IMP-NAME-LEN-MIN"]).To(And(
		HaveKeyWithValue("product", "ECS"), HaveKeyWithValue("operation", "ImportKeyPair"), HaveKeyWithValue("level", "MUST"),
		HaveKeyWithValue("editions", ConsistOf("2020-11", "2026-06")), HaveKeyWithValue("specs", 1.0),
		HaveKey("statement"), Not(HaveKey("excluded"))))
	g.Expect(byID["ECS-IMP-ERR-INTERNAL"]).To(And(HaveKeyWithValue("specs", 0.0), HaveKey("excluded")))
	g.Expect(byID["ECS-IMP-RAM-ACTION"]).To(HaveKeyWithValue("editions", ConsistOf("2026-06")))

	code, stdout, _ = kpspec(t.Context(), &fake{}, "rules",
		"--rule", "ECS-IMP-NAME-LEN-M??", "--rule", "*-ERR-INTERNAL", "--rule", "ECS-IMP-GET", "--rule", "SWAS-ATT-EFFECT")
	g.Expect(code).To(BeZero())
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	g.Expect(lines[0]).To(HavePrefix("RULE "))
	g.Expect(lines).To(ContainElement(And(HavePrefix("ECS-IMP-ERR-INTERNAL "), ContainSubstring("(excluded: "))))
	g.Expect(lines).To(ContainElement(MatchRegexp(`^ECS-IMP-GET  .* 2020-11 2026-06  0  `)))
	g.Expect(lines).To(ContainElement(MatchRegexp(`^SWAS-ATT-EFFECT +SWAS AttachKeyPair +SHOULD +- +0 `)), "one edition has no name")
	g.Expect(lines[len(lines)-1]).To(Equal("5 rules: 2 with specs, 1 excluded, 2 without specs yet"))
}

func TestLevelsOfRulesAreThoseOfTheEdition(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	rules, err := catalogue.Load()
	g.Expect(err).NotTo(HaveOccurred())
	for _, rule := range rules.Rules() {
		if rule.LevelIn(catalogue.Edition202011) == rule.LevelIn(catalogue.Edition202606) {
			continue
		}
		_, stdout, _ := kpspec(t.Context(), &fake{}, "rules", "--json", "--edition", "2020-11", "--rule", rule.ID)
		g.Expect(stdout).To(ContainSubstring(`"level": "` + string(rule.LevelIn(catalogue.Edition202011)) + `"`))
		return
	}
	t.Fatal("no rule changes its level between the editions")
}

func TestVersionAndHelp(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	code, stdout, stderr := kpspec(t.Context(), &fake{}, "version")
	g.Expect(code).To(BeZero())
	g.Expect(stdout).To(MatchRegexp(`^kpspec \S+\n$`))
	g.Expect(stderr).To(BeEmpty())

	for _, args := range [][]string{{"--help"}, {"help"}, {"run", "--help"}, {"report", "--help"}, {"rules", "-h"}, {"world", "--help"}} {
		code, stdout, stderr = kpspec(t.Context(), &fake{}, args...)
		g.Expect(code).To(BeZero())
		g.Expect(stdout).To(ContainSubstring("Usage:"))
		g.Expect(stderr).To(BeEmpty())
	}
	_, stdout, _ = kpspec(t.Context(), &fake{}, "run", "--help")
	for _, want := range []string{"--target reference|container|endpoint", "--edition 2026-06|2020-11", "--rule ID|pattern", "--report FILE.json", "--output FORMAT=FILE", "Exit codes: 0 conformant"} {
		g.Expect(stdout).To(ContainSubstring(want))
	}
}

// TestAsShipped runs the real thing on the real suites. Ginkgo's tree belongs to the
// process, so tests that do are not parallel.
func TestAsShipped(t *testing.T) {
	g := NewWithT(t)
	var stdout, stderr bytes.Buffer
	p := cli.New()
	p.Stdout, p.Stderr, p.Color, p.Actions, p.Screen, p.ErrScreen = &stdout, &stderr, false, false, nil, nil
	g.Expect(p.Main(t.Context(), []string{"run", "--rule", "ECS-IMP-NAME-LEN-MIN"})).To(BeZero(), "%s%s", &stdout, &stderr)
	g.Expect(conclusion(stdout.String())).To(Equal("CONFORMANT: none of 1 rule failed\n"))
	g.Expect(stderr.String()).To(MatchRegexp(`^(kpspec: \d of (\d) specs, 0 failed, at ECS ImportKeyPair\n)+$`))
	stderr.Reset()

	l, err := net.Listen("tcp", "127.0.0.1:0")
	g.Expect(err).NotTo(HaveOccurred())
	url := "http://" + l.Addr().String()
	g.Expect(l.Close()).To(Succeed())
	stdout.Reset()
	dead := write(t, "target: endpoint\nendpoints: {ecs: \""+url+"\"}\nworld: {regions: [r], accounts: [{id: a, identities: [{name: n, accessKeyId: k, accessKeySecret: s}]}]}\n")
	g.Expect(p.Main(t.Context(), []string{"run", "--config", dead})).To(Equal(verdict.ExitIncomplete))
	g.Expect(stdout.String()).To(BeEmpty())
	g.Expect(stderr.String()).To(Equal("kpspec: the target cannot be tested: ECS at " + url + ": unreachable: the connection is refused; check that the target runs and listens there\n"))
}
