package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/verdict"
)

// needEngine skips a test where no container engine answers, but never in CI.
func needEngine(t *testing.T) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "docker", "info").CombinedOutput(); err != nil {
		reason := fmt.Sprintf("no container engine answers: %v\n%s", err, out)
		if os.Getenv("CI") == "true" {
			t.Fatal(reason)
		}
		t.Skip(reason)
	}
}

// mortalImage builds an image of a reference that dies after so many requests.
func mortalImage(t *testing.T, requests int) string {
	t.Helper()
	needEngine(t)
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-ldflags=-s -w", "-o", filepath.Join(dir, "mortal"), "../../target/testdata/mortal")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	dockerfile := fmt.Sprintf("FROM scratch\nCOPY mortal /mortal\nEXPOSE 8080\nENTRYPOINT [\"/mortal\", \"%d\"]\n", requests)
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(dockerfile), 0o600); err != nil {
		t.Fatal(err)
	}
	image := fmt.Sprintf("kpref:mortal-%d", os.Getpid())
	if out, err := exec.CommandContext(t.Context(), "docker", "build", "-q", "-t", image, dir).CombinedOutput(); err != nil {
		t.Fatalf("docker build: %v\n%s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("docker", "rmi", "-f", image).Run() })
	return image
}

// A container that dies in the middle of a run ends it: what was tested keeps its verdict, the rest could not run, the last words
// of the container are in the report, and nothing is left on the engine.
func TestContainerDiesInMidRun(t *testing.T) {
	image := mortalImage(t, 300)
	g := NewWithT(t)
	name := filepath.Join(t.TempDir(), "report.json")
	code, stdout, stderr := run(t, "run", "--target", "container", "--image", image, "--quota=false", "--report", name)
	g.Expect(code).To(Equal(verdict.ExitIncomplete), stdout+stderr)
	g.Expect(stdout).To(ContainSubstring("stopped answering"))
	r, _ := readReport(t, name)
	g.Expect(r.Verdict).To(Equal(report.Incomplete))
	g.Expect(r.TargetLog).To(ContainSubstring("panic: the end of a container\n"))
	g.Expect(r.Counts.Of(verdict.Passed)).To(BeNumerically(">", 0))
	g.Expect(r.Counts.Of(verdict.CouldNotRun)).To(BeNumerically(">", 50))
	g.Expect(r.Counts.Of(verdict.Failed)).To(BeZero(), "a silent target breaks no rule")
	for _, said := range r.CleanupErrors {
		g.Expect(said).To(Equal("nothing is left: the target stopped answering, and what the run had made there is gone with it"))
	}
	left, err := exec.Command("docker", "ps", "-aq", "--filter", "ancestor="+image).CombinedOutput()
	g.Expect(string(left), err).To(BeEmpty())
	t.Logf("the run took %d ms", r.DurationMS)
}
