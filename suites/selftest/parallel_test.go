package selftest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/verdict"
	"github.com/kpspec/kpspec/suites"
)

// told is what a report says of its specs, without times.
func told(r report.Report) []string {
	var out []string
	for _, rule := range r.Rules {
		for _, spec := range rule.Specs {
			out = append(out, fmt.Sprint(rule.ID, " ", spec.Text, ": ", spec.Verdict, " ", spec.Observations))
		}
	}
	return out
}

// The processes of ginkgo share one server here, its quotas and its servers.
func TestGinkgosProcessesShareAnEndpoint(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	described, err := os.ReadFile(filepath.Join(root, "fixtures/world/default.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for name, without := range map[string]string{"three regions": "", "two regions, of which one is filled and used": "  - cn-beijing\n"} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			ref, err := target.New(target.Config{}, "")
			g.Expect(err).NotTo(HaveOccurred())
			place, err := ref.Start(t.Context())
			g.Expect(err).NotTo(HaveOccurred())
			t.Cleanup(func() { _ = ref.Stop(context.Background()) })

			folder := t.TempDir()
			text := fmt.Sprintf("target: endpoint\nendpoints: {ecs: %s, swas: %s}\nquota: true\nworld:\n  %s", place.ECS, place.SWAS,
				strings.ReplaceAll(strings.Replace(string(described), without, "", 1), "\n", "\n  "))
			config, made := filepath.Join(folder, "kpspec.yaml"), filepath.Join(folder, "report.json")
			g.Expect(os.WriteFile(config, []byte(text), 0o600)).To(Succeed())

			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			ginkgo := exec.CommandContext(ctx, "go", "run", "github.com/onsi/ginkgo/v2/ginkgo", "--procs=3", "--randomize-all", "--succinct", "./suites")
			ginkgo.Dir, ginkgo.Env = root, append(os.Environ(), "KPSPEC_CONFIG="+config, "KPSPEC_REPORT="+made, "XDG_STATE_HOME="+folder)
			said, err := ginkgo.CombinedOutput()
			g.Expect(err).NotTo(HaveOccurred(), "%s", said)

			file, err := os.Open(made)
			g.Expect(err).NotTo(HaveOccurred())
			defer func() { _ = file.Close() }()
			r, err := report.Read(file)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(r.ExitCode).To(Equal(verdict.ExitConformant))
			read, err := target.ReadConfig(strings.NewReader(text), config)
			g.Expect(err).NotTo(HaveOccurred())
			alike, err := target.New(read, "")
			g.Expect(err).NotTo(HaveOccurred())
			there, err := alike.Start(t.Context())
			g.Expect(err).NotTo(HaveOccurred())
			alone, err := suites.Execute(t.Context(), suites.Config{Target: alike, Place: there})
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(told(r)).To(Equal(told(alone)))
			g.Expect(filepath.Glob(filepath.Join(folder, "kpspec", "*"))).To(BeEmpty(), "ledgers")
		})
	}
}
