package suites_test

import (
	"errors"
	"os"
	"testing"

	_ "github.com/onsi/ginkgo/v2" // tells the ginkgo command that its flags have a taker here

	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/suites"
)

// TestSuites runs the specs: against the embedded reference, or against the
// target of the configuration file that KPSPEC_CONFIG names. The report goes to
// the file that KPSPEC_REPORT names.
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
	if name := os.Getenv("KPSPEC_REPORT"); name != "" {
		cfg.Report = func(r report.Report) {
			file, err := os.Create(name)
			if err == nil {
				err = errors.Join(r.Write(file), file.Close())
			}
			if err != nil {
				t.Error(err)
			}
		}
	}
	suites.Run(t, cfg)
}
