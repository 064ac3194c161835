package reference_test

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/kpspec/kpspec/fixtures/sshkeys"
)

var soakTime = flag.Duration("soak", 0, "for how long TestSoak runs kpref at full load; 0 leaves it out")

const (
	soakConnections = 8
	soakRounds      = 40               // about that many samples
	longestRound    = 15 * time.Second // what one access key may send in it is far from the limit of nonces
	// After each round the server's clock is put forward so far that all nonces are forgotten. What is then left in memory is
	// what the server keeps for good, and the soak lives through days.
	soakLeap = 63 * time.Minute
	// warmUp is the part of the samples, at the start, that do not count.
	warmUp = 0.25

	// Less growth than this, from the first sample that counts to the last, is flat.
	flatHeap = 1 << 20
	flatRSS  = 8 << 20
	flatPart = 0.1 // of the mean, where that is more
)

// TestSoak runs kpref, as built, at full load, and wants no errors and memory that does not grow. `make soak` runs it.
func TestSoak(t *testing.T) {
	if *soakTime <= 0 {
		t.Skip("no -soak DURATION was given; see make soak")
	}
	k := startKpref(t)
	length := min(max(*soakTime/soakRounds, time.Second), longestRound)
	var s soak
	started, begun := time.Now(), k.sample(t)
	fmt.Printf("  before: heap %5.1f MiB, rss %5.1f MiB\n", mib(begun.HeapBytes), mib(begun.rss))
	for round := 0; time.Since(started) < *soakTime; round++ {
		s.round(k, round, length)
		k.leap(t, &s, fmt.Sprint("leap-", round))
		sample := k.sample(t)
		s.samples = append(s.samples, sample)
		fmt.Printf("%8s: heap %5.1f MiB, rss %5.1f MiB, %3d goroutines, %9d requests, %6.0f/s, %d errors\n", time.Since(started).Round(time.Second),
			mib(sample.HeapBytes), mib(sample.rss), sample.Goroutines, s.requests, float64(s.requests)/time.Since(started).Seconds(), len(s.errors))
		if len(s.errors) > 0 {
			break
		}
	}
	for _, err := range s.errors[:min(3, len(s.errors))] {
		t.Errorf("an error of a request: %v", err)
	}
	s.flat(t, "heap", flatHeap, func(m sample) float64 { return m.HeapBytes })
	s.flat(t, "rss", flatRSS, func(m sample) float64 { return m.rss })
}

func mib(bytes float64) float64 { return bytes / (1 << 20) }

const (
	ecsVersion  = "2014-05-26"
	swasVersion = "2020-06-01"
)

// soak is what came of all rounds so far.
type soak struct {
	mu       sync.Mutex
	requests int
	errors   []error
	samples  []sample
}

// sample is what the process holds on to, in bytes.
type sample struct {
	HeapBytes  float64
	Goroutines int
	rss        float64 // 0 where the system does not tell
}

// round lets all connections work at the same time. Each leaves nothing behind that it made.
func (s *soak) round(k *soaked, number int, length time.Duration) {
	var wg sync.WaitGroup
	end := time.Now().Add(length)
	for i := range soakConnections {
		wg.Go(func() {
			w, sign := k.dial(k.t), k.signer(fmt.Sprint(number, "-", i))
			defer w.connection.Close()
			name := fmt.Sprint("soak-", i)
			for turn := 0; time.Now().Before(end); turn++ {
				if !s.turn(w, sign, name, fmt.Sprint(sign.nonces, "-", turn), turn%500 == 499) {
					return
				}
			}
		})
	}
	wg.Wait()
}

// turn makes a pair of each product, looks at it and deletes it. It returns false after an error.
func (s *soak) turn(w *worker, sign signer, name, token string, create bool) bool {
	in := func(more map[string]string) map[string]string {
		more["RegionId"] = "cn-hangzhou"
		return more
	}
	steps := []struct {
		version, action string
		params          map[string]string
	}{
		{ecsVersion, "ImportKeyPair", in(map[string]string{"KeyPairName": name, "PublicKeyBody": sshkeys.RSA2048.Line, "Tag.1.Key": "soak"})},
		{ecsVersion, "DescribeKeyPairs", in(map[string]string{"KeyPairName": name})},
		{ecsVersion, "DeleteKeyPairs", in(map[string]string{"KeyPairNames": `["` + name + `"]`})},
		{swasVersion, "ImportKeyPair", in(map[string]string{"KeyPairName": name, "PublicKeyBody": sshkeys.RSA2048.Line, "ClientToken": token})},
		{swasVersion, "ListKeyPairs", in(map[string]string{})},
		{swasVersion, "DeleteKeyPairs", in(map[string]string{"KeyPairNames": `["` + name + `"]`})},
		{ecsVersion, "CreateKeyPair", in(map[string]string{"KeyPairName": name})},
		{ecsVersion, "DeleteKeyPairs", in(map[string]string{"KeyPairNames": `["` + name + `"]`})},
	}
	if !create {
		steps = steps[:6]
	}
	for i, step := range steps {
		sign.nonces = fmt.Sprint(token, "-", i)
		if !s.request(w, sign, step.version, step.action, step.params) {
			return false
		}
	}
	return true
}

// request sends one request and wants a success.
func (s *soak) request(w *worker, sign signer, version, action string, params map[string]string) bool {
	w.requests = [][]byte{sign.sign(w.tb, version, action, params)}
	err := w.run()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	if err != nil {
		s.errors = append(s.errors, fmt.Errorf("%s: %w", action, err))
	}
	return err == nil
}

// flat fails the test when a measure of memory grows, by the line of least squares through its samples.
func (s *soak) flat(t *testing.T, what string, least float64, of func(sample) float64) {
	t.Helper()
	counted := s.samples[int(warmUp*float64(len(s.samples))):]
	n := float64(len(counted))
	if n < 5 {
		t.Errorf("%s: %d samples after the warm-up are too few to say anything; give -soak more time", what, len(counted))
		return
	}
	var mean, covariance, variance float64
	for _, m := range counted {
		mean += of(m) / n
	}
	for i, m := range counted {
		x := float64(i) - (n-1)/2
		covariance += x * (of(m) - mean)
		variance += x * x
	}
	growth, allowed := covariance/variance*(n-1), max(least, flatPart*mean)
	verdict := "flat"
	if growth > allowed {
		verdict = "NOT FLAT"
		t.Errorf("%s is not flat", what)
	}
	fmt.Printf("%8s: %s, mean %.1f MiB, growth %+.2f MiB in %d samples (limit %.2f MiB)\n", what, verdict, mib(mean), mib(growth), len(counted), mib(allowed))
}

// soaked is a running kpref.
type soaked struct {
	t            testing.TB
	pid          int
	address, adm string
	ahead        time.Duration // of its clock
}

// startKpref builds kpref and runs it until the end of the test.
func startKpref(t *testing.T) *soaked {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "kpref")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "./cmd/kpref").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	command := exec.Command(binary, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")
	command.Stderr = os.Stderr
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		if err := command.Wait(); err != nil {
			t.Errorf("kpref did not end well: %v", err)
		}
	})
	k := &soaked{t: t, pid: command.Process.Pid}
	lines := bufio.NewScanner(stdout)
	for _, target := range []*string{&k.address, &k.adm} {
		if !lines.Scan() {
			t.Fatal("kpref does not say where it listens")
		}
		_, *target, _ = strings.Cut(lines.Text(), "http://")
	}
	return k
}

func (k *soaked) dial(tb testing.TB) *worker {
	tb.Helper()
	return dial(tb, k.address)
}

func (k *soaked) signer(nonces string) signer {
	return signer{host: k.address, nonces: nonces, ahead: k.ahead}
}

// leap puts the clock of kpref forward, and makes it look at the clock.
func (k *soaked) leap(t *testing.T, s *soak, nonce string) {
	t.Helper()
	k.ahead += soakLeap
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://"+k.adm+"/weather", strings.NewReader(fmt.Sprintf(`{"clock-skew":%q}`, k.ahead)))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("kpref does not put its clock forward: %s", res.Status)
	}
	w := k.dial(t)
	defer w.connection.Close()
	s.request(w, k.signer(nonce), ecsVersion, "DescribeKeyPairs", map[string]string{"RegionId": "cn-hangzhou"})
}

func (k *soaked) sample(t *testing.T) (m sample) {
	t.Helper()
	res, err := http.Get("http://" + k.adm + "/memory")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&m); err != nil {
		t.Fatal(err)
	}
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", k.pid)) // there is none on other systems than Linux
	for line := range strings.Lines(string(status)) {
		if kib, found := strings.CutPrefix(line, "VmRSS:"); found {
			m.rss, _ = strconv.ParseFloat(strings.Fields(kib)[0], 64)
			m.rss *= 1024
		}
	}
	return m
}
