package reference_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/reference"
	"github.com/kpspec/kpspec/reference/keypair"
)

// This is the only test of the reference in the copy that gremlins works on: the specs, as a program of their own, try a
// server that runs in this process, so that its coverage is seen.

// patience is the longest time for one run of the specs. They give up a silent server long before.
const patience = 3 * time.Minute

// The runs, the most likely to tell first: the rest is not tried after one has failed. An RSA key takes longer to make than
// a hundred specs, so that all runs but the last have keys that were made for the first mutant.
var runs = []struct {
	name    string
	options reference.Options
	config  string // with the address for %[1]s; the world follows
	labels  string // of the specs to run, all by default; the report of all has what was observed
}{
	{"2026-06", reference.Options{}, "{ecs: %[1]q, swas: %[1]q}\nstrict: true\n", ""},
	{"2020-11", reference.Options{Edition: "2020-11"}, "{ecs: %[1]q}\nedition: 2020-11\nstrict: true\n", ""}, // SWAS has one edition
	{"switches", reference.Options{
		Fingerprint: "plain", KeyCheck: "shallow", PrivateKey: "pkcs1", AttachUnknown: "per-instance", TokenScope: "account",
	}, "{ecs: %[1]q, swas: %[1]q}\n", ""},
	{"new keys", reference.Options{PoolSize: -1}, "{swas: %[1]q}\n", "SWAS-CRE-RSA2048 || SWAS-CRE-PRIV-MATCH || SWAS-CRE-PRIV-FRESH"},
}

func TestConformance(t *testing.T) {
	guardMemory()
	var differences []string
	for _, run := range runs {
		t.Run(run.name, func(t *testing.T) {
			if run.options.PoolSize == 0 {
				run.options.Keys = &madeBefore{pairs: keys(t)}
			}
			server, err := reference.New(world.Default(), run.options)
			if err != nil {
				t.Fatal(err)
			}
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			go func() { _ = http.Serve(listener, server) }() // it ends with the process: a mutant may never finish an answer

			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			specs := exec.CommandContext(ctx, os.Getenv("KPSPEC_SUITES"),
				"-ginkgo.fail-fast", "-ginkgo.succinct", "-ginkgo.no-color", "-ginkgo.label-filter="+run.labels)
			report := filepath.Join(t.TempDir(), "report.json")
			specs.Env = append(os.Environ(), "KPSPEC_REPORT="+report,
				"KPSPEC_CONFIG="+config(t, run.config, "http://"+listener.Addr().String()))
			if out, err := specs.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if run.labels == "" {
				differences = append(differences, compare(t, filepath.Join(os.Getenv("KPSPEC_OBSERVED"), run.name+".json"), report)...)
			}
		})
	}
	if len(differences) > 0 && !t.Failed() { // a verdict says more
		t.Fatalf("%s\n%s", observedDifferently, strings.Join(differences, "\n"))
	}
}

// observedDifferently begins what is printed of a mutant that all verdicts spare and that a recorded fact shows. What stands
// in for the go command looks for it.
const observedDifferently = "observed differently:"

// compare gives the facts of a report that differ from those of the first one, which was of the unchanged reference.
func compare(t *testing.T, first, report string) (differences []string) {
	t.Helper()
	if _, err := os.Stat(first); errors.Is(err, fs.ErrNotExist) {
		if err := os.Rename(report, first); err != nil {
			t.Fatal(err)
		}
		return nil
	}
	out, err := exec.Command(os.Getenv("KPSPEC_COMMAND"), "compare", "--json", first, report).Output()
	if err != nil {
		t.Fatalf("kpspec compare: %v\n%s", err, out)
	}
	var found struct {
		Observed []struct {
			Rule, Name string
			A, B       any
		}
	}
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatal(err)
	}
	for _, d := range found.Observed {
		differences = append(differences, fmt.Sprintf("%s: %s: %v, was %v", d.Rule, d.Name, d.B, d.A))
	}
	return differences
}

func config(t *testing.T, format, address string) string {
	t.Helper()
	served, err := os.ReadFile(filepath.Join("..", "fixtures", "world", "default.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	text := "target: endpoint\nquota: true\ntimeout: 5s\nendpoints: " + fmt.Sprintf(format, address) +
		"world:\n  " + strings.ReplaceAll(string(served), "\n", "\n  ")
	name := filepath.Join(t.TempDir(), "kpspec.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// madeBefore is a source of keys that there are already.
type madeBefore struct {
	mutex sync.Mutex
	pairs []keypair.Generated // that were not given out yet
}

func (m *madeBefore) Get(context.Context) (keypair.Generated, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if len(m.pairs) == 0 {
		return keypair.Generate()
	}
	pair := m.pairs[0]
	m.pairs = m.pairs[1:]
	return pair, nil
}

// enough is more keys than one run of the specs takes.
const enough = 80

// keys reads the keys that were made before, or makes them.
func keys(t *testing.T) (all []keypair.Generated) {
	t.Helper()
	name := os.Getenv("KPSPEC_KEYS")
	text, err := os.ReadFile(name)
	if err == nil {
		if err := json.Unmarshal(text, &all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	for range enough {
		pair, err := keypair.Generate()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, pair)
	}
	if text, err = json.Marshal(all); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return all
}

// guardMemory ends a mutant that grows without end before the machine suffers.
func guardMemory() {
	debug.SetMaxStack(64 << 20)
	go func() {
		heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		for range time.Tick(50 * time.Millisecond) {
			if metrics.Read(heap); heap[0].Value.Uint64() > 1<<30 {
				fmt.Println("more than 1 GiB in use")
				os.Exit(1)
			}
		}
	}()
}
