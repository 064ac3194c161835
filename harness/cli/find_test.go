package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/verdict"
)

func TestEveryConfigurationToBeginWithIsValid(t *testing.T) {
	t.Parallel()
	for _, kind := range target.Kinds() {
		g := NewWithT(t)
		name := filepath.Join(t.TempDir(), "kpspec.yaml")
		code, stdout, stderr := kpspec(t.Context(), &fake{}, "init", "--target", string(kind), "--out", name)
		g.Expect(code).To(Equal(0), stderr)
		g.Expect(stdout).To(ContainSubstring("wrote " + name))
		text, err := os.ReadFile(name)
		g.Expect(err).NotTo(HaveOccurred())
		cfg, err := target.ReadConfig(strings.NewReader(string(text)), name)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(cfg.Target).To(Equal(kind))
		if kind != target.Endpoint { // which reads its secrets from the environment
			_, err = target.New(cfg, "")
			g.Expect(err).NotTo(HaveOccurred())
		}
		g.Expect(string(text)).NotTo(ContainSubstring("-secret"))

		code, _, stderr = kpspec(t.Context(), &fake{}, "init", "--out", name)
		g.Expect(code).To(Equal(verdict.ExitUsage))
		g.Expect(stderr).To(ContainSubstring("is there already and is not overwritten"))
		after, err := os.ReadFile(name)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(after).To(Equal(text))
		code, _, _ = kpspec(t.Context(), &fake{}, "init", "--out", name, "--force")
		g.Expect(code).To(Equal(0))
		_, stdout, _ = kpspec(t.Context(), &fake{}, "init", "--target", string(kind), "--out", "-")
		g.Expect(stdout).To(Equal(string(text)))
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	code, stdout, stderr := kpspec(t.Context(), &fake{}, "explain", "ecs-imp-name-len-min")
	g.Expect(code).To(Equal(0), stderr)
	for _, want := range []string{
		"ECS-IMP-NAME-LEN-MIN  MUST  ECS ImportKeyPair\n", "stands in\n  ECS ImportKeyPair, 2026-06 edition\n",
		"tested by, in the 2026-06 edition\n  a spec\n    suites/a.go:1\n", "broken by the declared defects", "ecs-name-min-3",
	} {
		g.Expect(stdout).To(ContainSubstring(want))
	}
	_, stdout, _ = kpspec(t.Context(), &fake{}, "explain", "ECS-IMP-ACTION.code")
	g.Expect(stdout).To(ContainSubstring("why\n"))
	g.Expect(stdout).To(ContainSubstring(".code  OBSERVE\n"))
	_, stdout, _ = kpspec(t.Context(), &fake{}, "explain", "ECS-IMP-ERR-INTERNAL")
	g.Expect(stdout).To(ContainSubstring("not tested\n"))

	file := filepath.Join(t.TempDir(), "report.json")
	kpspec(t.Context(), &fake{outcome: verdict.NotMet}, "run", "--report", file, "--rule", "ECS-IMP-NAME-*")
	_, stdout, _ = kpspec(t.Context(), &fake{}, "explain", "ECS-IMP-NAME-LEN-MIN", "--report", file)
	g.Expect(stdout).To(ContainSubstring("in " + file + ", of fake:1, edition 2026-06\n  failed\n"))
	g.Expect(stdout).To(ContainSubstring("failure  as told"))
	_, stdout, _ = kpspec(t.Context(), &fake{}, "explain", "ECS-IMP-GET", "--report", file)
	g.Expect(stdout).To(HaveSuffix("  not selected\n"))
	_, stdout, _ = kpspec(t.Context(), &fake{}, "explain", "ECS-IMP-NAME-REQ", "--report", file)
	g.Expect(stdout).To(HaveSuffix("  not covered: no spec yet\n"))
}

func TestListAndRerun(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	_, stdout, _ := kpspec(t.Context(), &fake{}, "list")
	g.Expect(stdout).To(ContainSubstring("specs: 2, of rules: 2"))
	_, stdout, _ = kpspec(t.Context(), &fake{}, "list", "--rule", "*-MIN", "--json")
	var listed []map[string]string
	g.Expect(json.Unmarshal([]byte(stdout), &listed)).To(Succeed())
	g.Expect(listed).To(Equal([]map[string]string{{"rule": "ECS-IMP-NAME-LEN-MIN", "level": "MUST", "text": "a spec", "location": "suites/a.go:1"}}))

	file := filepath.Join(t.TempDir(), "report.json")
	kpspec(t.Context(), &fake{outcome: verdict.NotMet, met: "ECS-IMP-NAME-LEN-MAX"}, "run", "--edition", "2020-11", "--report", file)
	_, stdout, _ = kpspec(t.Context(), &fake{}, "list", "--rerun-failed", file)
	g.Expect(stdout).To(ContainSubstring("specs: 1, of rules: 1"))
	again := &fake{outcome: verdict.Met}
	code, _, stderr := kpspec(t.Context(), again, "run", "--rerun-failed", file, "--report", file)
	g.Expect(code).To(Equal(0), stderr)
	g.Expect(again.run.Rules).To(Equal([]string{"ECS-IMP-NAME-LEN-MIN"}))
	g.Expect(again.run.Edition).To(Equal(catalogue.Edition202011), "that of the report")
	code, _, stderr = kpspec(t.Context(), &fake{}, "run", "--rerun-failed", file)
	g.Expect(code).To(Equal(verdict.ExitUsage))
	g.Expect(stderr).To(ContainSubstring("no rule failed, warned or could not run in " + file))
	code, _, _ = kpspec(t.Context(), &fake{}, "run", "--rerun-failed", file, "--rule", "ECS-*")
	g.Expect(code).To(Equal(verdict.ExitUsage))
}

func TestReferenceDefect(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	f := &fake{outcome: verdict.Met}
	code, _, stderr := kpspec(t.Context(), f, "run", "--reference-defect", "ecs-tag-value-acs-taken")
	g.Expect(code).To(Equal(0), stderr)
	g.Expect(f.config.Defect).To(Equal("ecs-tag-value-acs-taken"))
	g.Expect(f.edition).To(Equal(catalogue.Edition202011), "the one whose rules it breaks")
	for want, args := range map[string][]string{
		`the embedded reference, but the target is container`: {"--reference-defect", "ecs-name-max-129", "--target", "container"},
		"no defect is named": {"--reference-defect", ""},
	} {
		code, _, stderr = kpspec(t.Context(), &fake{}, append([]string{"run"}, args...)...)
		g.Expect(code).To(Equal(verdict.ExitUsage))
		g.Expect(stderr).To(ContainSubstring(want))
	}
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"ECS-IMP-NAME-LEN-MAX\tAccept names": {"run", "--rule", ""},
		"ecs-name-max-129\tA name of":        {"run", "--reference-defect", ""},
		"ecs-name-max-64\t":                  {"prove", "--defect", ""},
		"2020-11\n":                          {"list", "--edition", ""},
		"endpoint\n":                         {"init", "--target", ""},
		"SWAS-ATT-EFFECT\t":                  {"explain", ""},
	} {
		g := NewWithT(t)
		code, stdout, _ := kpspec(t.Context(), &fake{}, append([]string{"__complete"}, args...)...)
		g.Expect(code).To(Equal(0))
		g.Expect(stdout).To(ContainSubstring(want))
	}
	g := NewWithT(t)
	code, stdout, _ := kpspec(t.Context(), &fake{}, "completion", "bash")
	g.Expect(code).To(Equal(0))
	g.Expect(stdout).To(ContainSubstring("bash completion V2 for kpspec"))
}
