package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/sshkeys"
	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/names"
	"github.com/kpspec/kpspec/harness/wire"
)

// shared is a reference that holds key pairs of somebody else, and a proxy before
// it that counts the requests of a run and may kill it.
type shared struct {
	t       *testing.T
	address string // of the reference
	proxy   string // what the runs know
	config  string
	foreign []string // what there was before, see list
	wire    *http.Transport

	mu     sync.Mutex
	seen   int
	judge  func(request *http.Request, nth int) bool // whether a request is the last one that the run sends
	victim *exec.Cmd
	dead   bool // the victim: what it has sent and nobody has read yet is lost

	underway int // requests
	idle     *sync.Cond
}

const keyPairsOfOthers = 50

func share(t *testing.T, extra string) *shared {
	t.Helper()
	s := &shared{t: t, address: serveReference(t), wire: wire.NewTransport()}
	s.idle = sync.NewCond(&s.mu)
	t.Cleanup(s.wire.CloseIdleConnections)
	behind, err := url.Parse(s.address)
	if err != nil {
		t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = behind.Scheme, behind.Host
		r.Out.Host = r.In.Host // the signature covers it
	}}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer s.done()
		if s.pass(r) {
			// It arrives whatever becomes of the run, and before the test goes on. A context that could not end at all
			// would make the proxy ask whether the run is still there.
			ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
			defer cancel()
			forward.ServeHTTP(w, r.WithContext(ctx))
		}
	}))
	t.Cleanup(front.Close)
	s.proxy = front.URL
	text, err := os.ReadFile(endpointConfig(t, s.proxy, nil))
	if err != nil {
		t.Fatal(err)
	}
	s.config = write(t, string(text)+extra)
	s.populate()
	s.foreign = s.list()
	if len(s.foreign) != keyPairsOfOthers {
		t.Fatalf("%d key pairs of others", len(s.foreign))
	}
	return s
}

// pass counts a request, and reports whether the reference shall see it. The
// last one of a run that is killed may arrive or not, as it happens.
func (s *shared) pass(r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.underway++
	if s.dead && ofASpec(r) {
		return false
	}
	s.seen++
	if s.judge == nil || !s.judge(r, s.seen) {
		return true
	}
	s.judge, s.dead = nil, true
	if err := s.victim.Process.Kill(); err != nil {
		s.t.Error(err)
	}
	return s.seen%2 == 0
}

func (s *shared) done() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.underway--
	s.idle.Broadcast()
}

// ofASpec reports whether a request was sent for a rule, which it then names.
func ofASpec(r *http.Request) bool { return strings.Contains(r.UserAgent(), " ") }

// run runs the suites and returns how many requests they sent. With a judge it
// kills the run on its word.
func (s *shared) run(judge func(*http.Request, int) bool, args ...string) (code, requests int, said string) {
	s.t.Helper()
	var out bytes.Buffer
	s.mu.Lock()
	s.seen, s.judge, s.dead = 0, judge, false
	s.victim = exec.CommandContext(s.t.Context(), kpspec, append([]string{"run", "--config", s.config, "--procs", "1"}, args...)...)
	s.victim.Stdout, s.victim.Stderr = &out, &out
	if err := s.victim.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.mu.Unlock()
	_ = s.victim.Wait() // the exit code says it all
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.underway > 0 {
		s.idle.Wait()
	}
	return s.victim.ProcessState.ExitCode(), s.seen, out.String()
}

// populate makes what others have: key pairs with names much like those of runs,
// and one that is bound to a server.
func (s *shared) populate() {
	s.t.Helper()
	name := names.New().Next()
	changed := []byte(name)
	changed[len(changed)-1] = 'a' + (changed[len(changed)-1]-'a'+1)%26
	alike := []string{"kpspec", "kpspec-old", "kpspecs", "kpspecabcdefghijkl", "KPSPECabcdefghijkl", "x" + name, name + "-copy", name + "b", string(changed), "ab", "zz", "密钥"}
	w := world.Default()
	for i, n := range alike {
		s.make("ECS", w.Regions[i%2], n)
	}
	for i := range keyPairsOfOthers - len(alike) - 3 {
		s.make("ECS", w.Regions[i%3], fmt.Sprintf("kpspec-team-%d", i))
	}
	s.make("SWAS", w.Regions[0], name+"-copy")
	s.make("SWAS", w.Regions[0], "bound")
	s.make("SWAS", w.Regions[1], "kpspecabcdefghijkl")
	for _, server := range w.Accounts[0].Servers {
		if server.Region == w.Regions[0] && server.OS == "linux" && server.Status == "Running" {
			s.call("SWAS", "AttachKeyPair", "RegionId", server.Region, "KeyPairName", "bound", "InstanceIds.1", server.ID)
			return
		}
	}
}

func (s *shared) make(product, region, name string) {
	s.t.Helper()
	s.call(product, "ImportKeyPair", "RegionId", region, "KeyPairName", name, "PublicKeyBody", sshkeys.RSA2048.Line)
}

// call asks the reference, past the proxy.
func (s *shared) call(product, action string, params ...string) map[string]any {
	s.t.Helper()
	return s.callAs(0, product, action, params...)
}

func (s *shared) callAs(account int, product, action string, params ...string) map[string]any {
	s.t.Helper()
	client, err := wire.NewClient(s.address, world.Default().Accounts[account].Identities[0], wire.WithTransport(s.wire))
	if err != nil {
		s.t.Fatal(err)
	}
	call := wire.Call{Action: action, Version: map[string]string{"ECS": "2014-05-26", "SWAS": "2020-06-01"}[product]}
	for pair := range slices.Chunk(params, 2) {
		call = call.With(pair[0], pair[1])
	}
	answer := client.Do(s.t.Context(), call)
	object, err := answer.Object()
	if err != nil || answer.Status != http.StatusOK {
		s.t.Fatalf("%s: %s", action, answer)
	}
	return object
}

// list is everything that the reference holds, with its bindings, a line each.
func (s *shared) list() (all []string) {
	s.t.Helper()
	w := world.Default()
	for account := range w.Accounts {
		for _, region := range w.Regions {
			for product, action := range map[string]string{"ECS": "DescribeKeyPairs", "SWAS": "ListKeyPairs"} {
				for page := 1; ; page++ {
					answer := s.callAs(account, product, action, "RegionId", region, "PageSize", "50", "PageNumber", strconv.Itoa(page))
					pairs := answer["KeyPairs"]
					if wrapped, ok := pairs.(map[string]any); ok {
						pairs = wrapped["KeyPair"]
					}
					listed, _ := pairs.([]any)
					for _, pair := range listed {
						text, err := json.Marshal(pair)
						if err != nil {
							s.t.Fatal(err)
						}
						all = append(all, fmt.Sprintf("%d %s %s %s", account, product, region, text))
					}
					if len(listed) < 50 {
						break
					}
				}
			}
		}
	}
	slices.Sort(all)
	return all
}

// sweep runs kpspec sweep against the same configuration.
func (s *shared) sweep(args ...string) (code int, stdout, stderr string) {
	s.t.Helper()
	return run(s.t, append([]string{"sweep", "--config", s.config}, args...)...)
}

// A run that is killed, wherever it was, leaves nothing that a sweep does not
// remove, and a sweep removes nothing else.
func TestKilledRunsAreSweptAway(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := share(t, "")
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	modes := [][]string{{"--quota=false"}, {"--quota=false", "--rule", "SWAS-*"}, {"--quota=true", "--rule", "ECS-IMP-QUOTA*"}}
	totals := make([]int, len(modes))
	for i, mode := range modes {
		book := filepath.Join(t.TempDir(), "ledger")
		code, requests, said := s.run(nil, append(mode, "--ledger", book)...)
		g.Expect(code).To(BeZero(), said)
		g.Expect(book).NotTo(BeAnExistingFile(), "a run that ended well needs no ledger")
		g.Expect(s.list()).To(Equal(s.foreign))
		totals[i] = requests
	}
	left := 0
	for i := range 20 {
		mode, book := i%len(modes), filepath.Join(t.TempDir(), "ledger")
		last := 1 + random.IntN(totals[mode])
		where := fmt.Sprintf("seed %d, kill %d, %s at request %d of %d", seed, i, modes[mode], last, totals[mode])
		code, _, said := s.run(func(_ *http.Request, nth int) bool { return nth == last }, append(modes[mode], "--ledger", book)...)
		g.Expect(code).To(Equal(-1), where+" was not killed\n"+said)
		now := s.list()
		left += len(now) - len(s.foreign)
		if _, err := os.Stat(book); err != nil {
			g.Expect(now).To(Equal(s.foreign), where+": left without a ledger")
			continue
		}
		text, err := os.ReadFile(book)
		g.Expect(err).NotTo(HaveOccurred())
		for _, account := range world.Default().Accounts {
			g.Expect(string(text)).NotTo(ContainSubstring(account.Identities[0].AccessKeySecret))
		}

		code, stdout, stderr := s.sweep("--ledger", book)
		g.Expect(code).To(Equal(map[bool]int{true: 3, false: 0}[len(now) > len(s.foreign)]), where+"\n"+stdout+stderr)
		g.Expect(s.list()).To(Equal(now), where+": a dry run removes nothing")
		code, stdout, stderr = s.sweep("--ledger", book, "--yes")
		g.Expect(code).To(BeZero(), where+"\n"+stdout+stderr)
		g.Expect(s.list()).To(Equal(s.foreign), where)
		g.Expect(book).NotTo(BeAnExistingFile(), where)
	}
	g.Expect(left).To(BeNumerically(">", 0), "no kill left anything behind")
	t.Logf("20 kills left %d key pairs", left)
}

// What is bound to servers is taken off before it is deleted, and what others
// have bound stays.
func TestASweepTakesKeyPairsOffServers(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := share(t, "")
	book := filepath.Join(t.TempDir(), "ledger")
	bound := false
	code, _, said := s.run(func(r *http.Request, _ int) bool {
		last := bound
		bound = bound || r.Header.Get("x-acs-action") == "AttachKeyPair"
		return last
	}, "--rule", "SWAS-ATT-IDS-ARRAY", "--ledger", book)
	g.Expect(code).To(Equal(-1), said)
	g.Expect(len(s.list())).To(Equal(keyPairsOfOthers + 1))
	code, stdout, stderr := s.sweep("--ledger", book, "--yes")
	g.Expect(code).To(BeZero(), stdout+stderr)
	g.Expect(stdout).To(MatchRegexp(`^(removed  SWAS  cn-hangzhou  account 1000000000000001  "kpspec[a-z]{12}" from server [0-9a-f]{32}\n)+removed  SWAS  cn-hangzhou  account 1000000000000001  "kpspec[a-z]{12}"\n\d found, \d removed\n$`))
	g.Expect(s.list()).To(Equal(s.foreign))
}

// Without a ledger the names tell, and the age.
func TestASweepByNames(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := share(t, "")
	book := filepath.Join(t.TempDir(), "ledger")
	code, _, said := s.run(func(_ *http.Request, nth int) bool { return nth == 200 }, "--rule", "ECS-IMP-QUOTA", "--ledger", book)
	g.Expect(code).To(Equal(-1), said)
	now := s.list()
	left := len(now) - len(s.foreign)
	g.Expect(left).To(BeNumerically(">", 100))

	code, stdout, stderr := s.sweep("--yes")
	g.Expect(stdout).To(Equal("0 found, 0 removed\n"))
	g.Expect(stderr).To(ContainSubstring("%d key pairs of runs are younger than 2h0m0s and stay", left))
	g.Expect(code).To(Equal(3), "there are names that only a ledger can tell")
	g.Expect(stderr).To(MatchRegexp(`ECS in cn-\w+: "kpspec[a-z]{12}-copy" contains a name of a run but is none`))
	g.Expect(s.list()).To(Equal(now))
	_, stdout, _ = s.sweep("--older-than", "0s")
	g.Expect(stdout).To(HaveSuffix(fmt.Sprintf("%d found, 0 removed; --yes removes them\n", left)))
	g.Expect(s.list()).To(Equal(now))
	_, stdout, _ = s.sweep("--older-than", "0s", "--yes")
	g.Expect(stdout).To(HaveSuffix(fmt.Sprintf("%d found, %d removed\n", left, left)))
	g.Expect(s.list()).To(Equal(s.foreign))

	// The ledger still holds them; now they are gone.
	code, stdout, stderr = s.sweep("--ledger", book, "--yes")
	g.Expect(code).To(BeZero(), stdout+stderr)
	g.Expect(stdout).To(Equal("0 found, 0 removed\n"))
	g.Expect(book).NotTo(BeAnExistingFile())
}

// A run that cannot clean up says where it stands what is left.
func TestWhatCannotBeRemovedStaysInTheLedger(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := share(t, "")
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("x-acs-action") == "DeleteKeyPairs" {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"Code":"Forbidden.RAM","Message":"no","RequestId":"x"}`)
			return
		}
		behind, _ := url.Parse(s.address) // it has been parsed before
		(&httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host, p.Out.Host = behind.Scheme, behind.Host, p.In.Host
		}}).ServeHTTP(w, r)
	}))
	defer refusing.Close()
	config := endpointConfig(t, refusing.URL, nil)
	name := filepath.Join(t.TempDir(), "report.json")
	code, stdout, stderr := run(t, "run", "--config", config, "--rule", "ECS-IMP-NAME-LEN-MIN", "--report", name)
	g.Expect(code).To(Equal(3), stdout+stderr)
	r, _ := readReport(t, name)
	said := r.CleanupErrors[len(r.CleanupErrors)-1]
	g.Expect(said).To(MatchRegexp(`^what may be left stands in \S+\.jsonl: kpspec sweep --config FILE --ledger \S+ --yes removes it$`))
	g.Expect(strings.Join(strings.Fields(stdout), " ")).To(ContainSubstring("what may be left stands in"))
	_, book, _ := strings.Cut(strings.TrimSuffix(said, " --yes removes it"), "--ledger ")
	g.Expect(len(s.list())).To(BeNumerically(">", keyPairsOfOthers))

	code, _, stderr = run(t, "sweep", "--config", config)
	g.Expect(code).To(Equal(3))
	g.Expect(stderr).To(ContainSubstring("open in its ledger: --ledger " + book))
	code, stdout, stderr = run(t, "sweep", "--config", config, "--ledger", book, "--yes")
	g.Expect(code).To(Equal(3), "it is still refused")
	g.Expect(stdout).To(MatchRegexp(`\d found, 0 removed\n$`))
	g.Expect(stderr).To(ContainSubstring("DeleteKeyPairs"))
	g.Expect(book).To(BeAnExistingFile())
	code, _, stderr = s.sweep("--ledger", book, "--yes")
	g.Expect(code).To(Equal(2), "another endpoint")
	g.Expect(stderr).To(ContainSubstring("the ledger is about ECS at " + refusing.URL))
}

func TestRequestsBeyondTheBudgetAreNotSent(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := share(t, "requests: 300\nrate: 1000000\n")
	name := filepath.Join(t.TempDir(), "report.json")
	code, sent, said := s.run(nil, "--report", name)
	g.Expect(code).To(Equal(3), said)
	g.Expect(said).To(HavePrefix("kpspec: limits: 300 requests at most, and 100 more to clean up, 1e+06 per second\n"))
	g.Expect(said).To(ContainSubstring("the budget of 300 requests is used up"))
	g.Expect(said).To(ContainSubstring("limits   300 requests, and 100 to clean up; 1e+06 requests per second; %d sent\n", sent))
	g.Expect(sent).To(And(BeNumerically(">=", 300), BeNumerically("<=", 400)))
	r, _ := readReport(t, name)
	g.Expect(r.Limits.Sent).To(Equal(sent))
	g.Expect(r.Limits.Requests).To(Equal(300))
	g.Expect(s.list()).To(Equal(s.foreign), "it cleans up all the same")

	code, sent, said = s.run(nil, "--rule", "ECS-IMP-NAME-LEN-*")
	g.Expect(code).To(BeZero(), said)
	g.Expect(sent).To(BeNumerically("<", 300))
}

func TestAnEndpointElsewhereIsRefused(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	for _, args := range [][]string{{"run"}, {"sweep"}} {
		code, stdout, stderr := run(t, append(args, "--config", endpointConfig(t, "http://emulator.example", nil))...)
		g.Expect(code).To(Equal(2))
		g.Expect(stdout).To(BeEmpty())
		g.Expect(stderr).To(HavePrefix(`kpspec: http://emulator.example is not on this machine; to test it all the same, write "guard: {account: "1000000000000001", region: cn-hangzhou}"`))
	}
	text, err := os.ReadFile(endpointConfig(t, "https://ecs.cn-hangzhou.aliyuncs.com", nil))
	g.Expect(err).NotTo(HaveOccurred())
	code, _, stderr := run(t, "run", "--rule", "ECS-IMP-NAME-LEN-*", "--config", write(t, string(text)+"guard: {account: \"1000000000000001\", region: cn-hangzhou}\n"))
	g.Expect(code).To(Equal(2))
	g.Expect(stderr).To(And(
		ContainSubstring("costs: kpspec knows no prices"), MatchRegexp(`ECS in cn-hangzhou: about \d+ key pairs`),
		ContainSubstring("names: kpspec and 12 lower-case letters"), ContainSubstring(`write "costs: accepted" under "guard:"`)))
}
