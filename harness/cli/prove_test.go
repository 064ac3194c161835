package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/prove"
	"github.com/kpspec/kpspec/reference/defect"
)

// found and missed are trials of defects.
var (
	found  = prove.Trial{Defect: "ecs-one", Declared: []string{"ECS-IMP-GET"}, Red: []string{"ECS-IMP-GET"}, Ending: prove.Killed}
	missed = prove.Trial{Defect: "ecs-two", Declared: []string{"ECS-IMP-GET"}, Ending: prove.Survived}
)

func TestProve(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "proof.json")
	for what, c := range map[string]struct {
		proof        prove.Proof
		err          error
		args         []string
		code         int
		says, sayNot string
	}{
		"all is found":      {proof: prove.Proof{Trials: []prove.Trial{found}}, code: 0, says: "killed     ecs-one: ECS-IMP-GET"},
		"in short":          {proof: prove.Proof{Trials: []prove.Trial{found}}, args: []string{"--quiet"}, code: 0, says: "PROVEN", sayNot: "ecs-one"},
		"something is not":  {proof: prove.Proof{Trials: []prove.Trial{found, missed}}, args: []string{"--quiet"}, code: 1, says: "declared and not red: ECS-IMP-GET", sayNot: "ecs-one"},
		"a rule without":    {proof: prove.Proof{Unproven: []string{"ECS-IMP-JSON"}}, code: 1, says: "ECS-IMP-JSON"},
		"a rule that pass":  {proof: prove.Proof{Constants: []prove.Constant{{Server: "200 OK", Passed: []string{"ECS-IMP-XML"}, Specs: 1}}}, code: 1, says: "PASSED: ECS-IMP-XML"},
		"a bad control":     {proof: prove.Proof{Controls: []prove.Control{{Bad: []string{"ECS-IMP-GET"}}}}, code: 1, says: "NOT GREEN: ECS-IMP-GET"},
		"interrupted":       {err: errors.New("interrupted"), code: 3, says: "interrupted"},
		"an unknown defect": {args: []string{"--defect", "ecs-none"}, code: 2, says: `there is no defect "ecs-none" (kpspec prove --list lists them)`},
		"a folder":          {args: []string{"--json", t.TempDir()}, code: 2, says: "is a folder"},
		"an argument":       {args: []string{"ecs-name-max-129"}, code: 2, says: "takes flags only"},
		"as JSON":           {proof: prove.Proof{Trials: []prove.Trial{found}}, args: []string{"--json", file}, code: 0},
	} {
		t.Run(what, func(t *testing.T) {
			g := NewWithT(t)
			code, stdout, stderr := kpspec(context.Background(), &fake{proof: c.proof, executeErr: c.err}, append([]string{"prove"}, c.args...)...)
			g.Expect(code).To(Equal(c.code), stdout+stderr)
			g.Expect(stdout + stderr).To(ContainSubstring(c.says))
			if c.sayNot != "" {
				g.Expect(stdout).NotTo(ContainSubstring(c.sayNot))
			}
			if what == "as JSON" {
				text, err := os.ReadFile(file)
				g.Expect(err).NotTo(HaveOccurred())
				var proof prove.Proof
				g.Expect(json.Unmarshal(text, &proof)).To(Succeed())
				g.Expect(proof).To(Equal(c.proof))
			}
		})
	}
}

func TestProveSelects(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	f := &fake{}
	all := defect.All()
	code, _, _ := kpspec(context.Background(), f, "prove")
	g.Expect(code).To(BeZero())
	g.Expect(f.prove.Defects).To(HaveLen(len(all)))
	g.Expect(f.prove.Others).To(BeTrue())
	_, _, _ = kpspec(context.Background(), f, "prove", "--defect", all[1].ID, "--defect", all[0].ID, "--defect", all[1].ID, "--whole")
	g.Expect(f.prove.Defects).To(HaveLen(2))
	g.Expect(f.prove.Others).To(BeFalse())
	g.Expect(f.prove.Whole).To(BeTrue())
	_, stdout, _ := kpspec(context.Background(), f, "prove", "--list")
	g.Expect(stdout).To(ContainSubstring(all[0].Sentence))
	page := filepath.Join(t.TempDir(), "defects.md")
	code, _, _ = kpspec(context.Background(), f, "prove", "--page", page)
	g.Expect(code).To(BeZero())
	g.Expect(os.ReadFile(page)).To(ContainSubstring(all[0].ID))
}
