package selftest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// Nobody listens there, which is by its text not on this machine.
const elsewhere = "http://0.0.0.0:1"

func TestAGoTestTellsWhatItWouldMakeElsewhere(t *testing.T) {
	g := NewWithT(t)
	described, err := os.ReadFile("../../fixtures/world/default.yaml")
	g.Expect(err).NotTo(HaveOccurred())
	config := filepath.Join(t.TempDir(), "kpspec.yaml")
	g.Expect(os.WriteFile(config, []byte("target: endpoint\nendpoints: {ecs: \""+elsewhere+"\"}\nguard: {account: \"1000000000000001\", region: cn-hangzhou}\nworld:\n  "+
		strings.ReplaceAll(string(described), "\n", "\n  ")), 0o600)).To(Succeed())
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	test := exec.CommandContext(ctx, "go", "test", "-count=1", "-run=^TestSuites$", ".")
	test.Dir, test.Env = "..", append(os.Environ(), "KPSPEC_CONFIG="+config)
	out, err := test.CombinedOutput()
	g.Expect(err).To(HaveOccurred())
	said := string(out)
	g.Expect(said).To(MatchRegexp(`kpspec: ` + elsewhere + `: not on this machine; the run would send about \d\d+ requests, as account 1000000000000001\n`))
	g.Expect(said).To(MatchRegexp(`kpspec:   ECS in cn-hangzhou: about \d\d+ key pairs\n`))
	g.Expect(said).NotTo(ContainSubstring("SWAS in"), "it has no address")
	g.Expect(said).To(ContainSubstring("kpspec: limits: any number of requests, 10 per second\n"))
	g.Expect(said).To(ContainSubstring("unreachable: the connection is refused"))
}
