package suites_test

import (
	"os"
	"testing"

	_ "github.com/onsi/ginkgo/v2" // tells the ginkgo command that its flags have a taker here

	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/suites"
)

// TestSuites runs the specs: against the embedded reference, or against the
// target of the configuration file that KPSPEC_CONFIG names.
func TestSuites(t *testing.T) {
	cfg := suites.Config{}
	if name := os.Getenv("KPSPEC_CONFIG"); name != "" {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		read, err := target.ReadConfig(file, name)
		if err != nil {
			t.Fatal(err)
		}
		if cfg.Target, err = target.New(read, read.Edition); err != nil {
			t.Fatal(err)
		}
		cfg.Edition, cfg.Strict, cfg.Timeout = read.Edition, read.Strict, read.Timeout
	}
	suites.Run(t, cfg)
}
