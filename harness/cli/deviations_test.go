package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/verdict"
)

// From a run that fails to a list, and from the list to a run that conforms; and
// the other way, when the target has been mended.
func TestDeviations(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	dir := t.TempDir()
	file, list := filepath.Join(dir, "report.json"), filepath.Join(dir, "deviations.yaml")

	// One of the two rules is met, or the run would show nothing but deviations.
	broken := &fake{outcome: verdict.NotMet, met: "ECS-IMP-NAME-LEN-MAX"}
	code, _, _ := kpspec(t.Context(), broken, "run", "--report", file)
	g.Expect(code).To(Equal(verdict.ExitNotConformant))

	code, stdout, stderr := kpspec(t.Context(), broken, "deviations", "write", file)
	g.Expect(code).To(BeZero(), stderr)
	g.Expect(stdout).To(Equal(`# Known deviations of container "fake:1" in edition 2026-06, from a report of 0001-01-01.
# Every entry needs a reason and the last day on which it counts (YYYY-MM-DD).
deviations:
  - rule: ECS-IMP-NAME-LEN-MIN
    reason: ""
    expires: ""
    failures:
      - spec: a spec
        text: as told
`))

	code, _, stderr = kpspec(t.Context(), broken, "deviations", "write", file, "--out", list,
		"--reason", "known since 1.2", "--expires", "9999-12-31", "--link", "https://issues.example/42")
	g.Expect(code).To(BeZero(), stderr)
	before, err := os.ReadFile(list)
	g.Expect(err).NotTo(HaveOccurred())
	code, _, stderr = kpspec(t.Context(), broken, "deviations", "write", file, "--out", list)
	g.Expect(code).To(Equal(verdict.ExitUsage))
	g.Expect(stderr).To(ContainSubstring("is there already and is not overwritten"))
	g.Expect(os.ReadFile(list)).To(Equal(before))

	for _, strict := range []string{"--strict=false", "--strict"} {
		code, stdout, stderr = kpspec(t.Context(), broken, "run", "--deviations", list, "--report", file, strict)
		g.Expect(code).To(BeZero(), stdout+stderr)
		g.Expect(stdout).To(And(HaveSuffix("\nCONFORMANT: none of 2 rules failed, 1 known deviation\n"), ContainSubstring("known since 1.2"),
			ContainSubstring("https://issues.example/42"), ContainSubstring("until 9999-12-31")))
	}
	for _, rule := range read(t, file).Rules {
		if rule.ID == "ECS-IMP-NAME-LEN-MIN" {
			g.Expect(rule.Verdict).To(Equal(verdict.Deviation))
			g.Expect(rule.Deviation).To(Equal(&verdict.Listed{
				Kind: verdict.Known, Reason: "known since 1.2", Link: "https://issues.example/42", Expires: "9999-12-31"}))
		}
	}

	code, stdout, _ = kpspec(t.Context(), &fake{outcome: verdict.Met}, "run", "--deviations", list)
	g.Expect(code).To(Equal(verdict.ExitNotConformant))
	g.Expect(stdout).To(And(HaveSuffix("\nNOT CONFORMANT: the list of deviations is out of date\n"),
		ContainSubstring(`ECS-IMP-NAME-LEN-MIN: listed, but no longer broken: "a spec"`)))

	code, stdout, _ = kpspec(t.Context(), &fake{outcome: verdict.Met}, "run", "--deviations", list, "--rule", "ECS-IMP-NAME-LEN-MAX")
	g.Expect(code).To(BeZero(), "an entry of a rule that was not selected is left alone: "+stdout)

	code, stdout, _ = kpspec(t.Context(), &fake{outcome: verdict.NotMet, met: broken.met, failure: "something else"}, "run", "--deviations", list)
	g.Expect(code).To(Equal(verdict.ExitNotConformant))
	g.Expect(stdout).To(And(HaveSuffix("\nNOT CONFORMANT: 1 of 2 rules failed\n"), ContainSubstring("fails otherwise than listed")))
}

func TestCompare(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good.json"), filepath.Join(dir, "bad.json")
	kpspec(t.Context(), &fake{outcome: verdict.Met}, "run", "--report", good)
	kpspec(t.Context(), &fake{outcome: verdict.NotMet}, "run", "--report", bad)

	code, stdout, stderr := kpspec(t.Context(), &fake{}, "compare", good, bad)
	g.Expect(code).To(Equal(verdict.ExitNotConformant), stderr)
	g.Expect(stdout).To(HavePrefix("WORSE: 2 got worse, 0 got better"))
	code, stdout, _ = kpspec(t.Context(), &fake{}, "compare", bad, good)
	g.Expect(code).To(BeZero())
	g.Expect(stdout).To(HavePrefix("NOT WORSE: 0 got worse, 2 got better"))
	code, _, _ = kpspec(t.Context(), &fake{}, "compare", bad, bad)
	g.Expect(code).To(BeZero())

	code, stdout, _ = kpspec(t.Context(), &fake{}, "compare", "--json", good, bad)
	g.Expect(code).To(Equal(verdict.ExitNotConformant))
	var made report.Comparison
	g.Expect(json.Unmarshal([]byte(stdout), &made)).To(Succeed())
	g.Expect(made.Worse).To(HaveLen(2))
}
