package serve

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	. "github.com/onsi/gomega"
)

// environment is a lookup in made-up variables.
func environment(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := vars[name]
		return value, ok
	}
}

// safeBuffer is a buffer that the program and the test may use at the same time.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// program is a running kpref.
type program struct {
	url    string
	admin  string // where it is administered, when it was asked for
	stderr *safeBuffer
	end    context.CancelFunc
	code   chan int
}

func run(t *testing.T, vars map[string]string, args ...string) program {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	reader, writer := io.Pipe()
	p := program{stderr: &safeBuffer{}, end: cancel, code: make(chan int, 1)}
	go func() {
		p.code <- Main(ctx, args, environment(vars), writer, p.stderr)
		writer.Close()
	}()
	stdout := bufio.NewReader(reader)
	line := func(begin string) string {
		line, err := stdout.ReadString('\n')
		if err != nil {
			t.Fatalf("%v; stderr: %s", err, p.stderr)
		}
		url, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), begin)
		if !ok {
			t.Fatalf("%q does not begin with %q", line, begin)
		}
		return url
	}
	p.url = line("kpref listening on ")
	if slices.Contains(args, "--admin") {
		p.admin = line("kpref admin on ")
	}
	go io.Copy(io.Discard, stdout)
	return p
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

func TestServesAndEnds(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	p := run(t, map[string]string{"KPREF_LOG_LEVEL": "info", "KPREF_EDITION": "nonsense"}, "--listen", "127.0.0.1:0", "--edition=2020-11")
	g.Expect(p.url).To(MatchRegexp(`^http://127\.0\.0\.1:[1-9]\d*$`))
	status, body := get(t, p.url+"/healthz")
	g.Expect(status).To(Equal(200))
	g.Expect(body).To(Equal("ok\n"))
	status, body = get(t, p.url+"/?Action=DescribeRegions&Version=2014-05-26&Format=JSON&AccessKeyId=a-key-id")
	g.Expect(status).To(BeNumerically(">=", 400))
	g.Expect(body).To(ContainSubstring(`"RequestId"`))

	p.end()
	g.Expect(<-p.code).To(Equal(0))
	g.Expect(p.stderr.String()).To(ContainSubstring(`"msg":"started","edition":"2020-11"`))
	g.Expect(p.stderr.String()).To(ContainSubstring(`"msg":"stopped"`))
	g.Expect(p.stderr.String()).NotTo(ContainSubstring("a-key-id"))
	_, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	g.Expect(err).To(HaveOccurred())
}

const someWorld = `
regions: [xx-made-up]
accounts:
  - id: "1"
    identities: [{name: owner, accessKeyId: some-id, accessKeySecret: "env:SOME_SECRET"}]
`

// badPolicy has an action that is none, in its seventh line.
const badPolicy = `
regions: [xx-made-up]
accounts:
  - id: "1"
    identities:
      - {name: user, accessKeyId: some-id, accessKeySecret: some-secret, policies: [
        {Version: "1", Statement: [{Effect: Allow, Action: ImportKeyPair, Resource: "*"}]}
        ]}
`

// A server with a defect says so in its first line, and knows the edition whose rules that breaks.
func TestDefect(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"ecs-name-max-129", "ecs-tag-value-acs-taken"} {
		g := NewWithT(t)
		ctx, cancel := context.WithCancel(t.Context())
		reader, writer := io.Pipe()
		code := make(chan int, 1)
		go func() {
			code <- Main(ctx, []string{"--listen", "127.0.0.1:0"}, environment(map[string]string{"KPREF_DEFECT": id}), writer, io.Discard)
		}()
		line, err := bufio.NewReader(reader).ReadString('\n')
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(line).To(HavePrefix("kpref with the defect " + id + " listening on http://127.0.0.1:"))
		cancel()
		g.Expect(<-code).To(Equal(0))
	}
}

func TestWorldFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "world.yaml")
	if err := os.WriteFile(file, []byte(someWorld), 0o600); err != nil {
		t.Fatal(err)
	}
	p := run(t, map[string]string{"KPREF_LISTEN": "127.0.0.1:0", "KPREF_WORLD": file, "SOME_SECRET": "hush"})
	p.end()
	NewWithT(t).Expect(<-p.code).To(Equal(0))

	var stderr safeBuffer
	code := Main(t.Context(), []string{"--world", file}, environment(nil), io.Discard, &stderr)
	NewWithT(t).Expect(code).To(Equal(2))
	NewWithT(t).Expect(stderr.String()).To(ContainSubstring("SOME_SECRET"))
}

// Whatever is wrong is one line that names it, and nothing is served.
func TestWrongUsage(t *testing.T) {
	t.Parallel()
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("regions: []\nacounts: []\nregion: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	policy := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(policy, []byte(badPolicy), 0o600); err != nil {
		t.Fatal(err)
	}
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	for name, c := range map[string]struct {
		args []string
		vars map[string]string
		says string
		code int
	}{
		"unknown flag":        {[]string{"--nope"}, nil, "--nope", 2},
		"argument":            {[]string{"nope"}, nil, "nope", 2},
		"defect":              {[]string{"--defect", "ecs-name-max-12"}, nil, `there is no defect "ecs-name-max-12"; did you mean ecs-name-max-127`, 2},
		"defect by variable":  {nil, map[string]string{"KPREF_DEFECT": "none"}, `"none"`, 2},
		"defect and edition":  {[]string{"--defect", "ecs-tag-value-acs-taken", "--edition", "2026-06"}, nil, "breaks rules of the 2020-11 edition, not of 2026-06", 2},
		"edition":             {[]string{"--edition", "2019"}, nil, `"2019"`, 2},
		"edition by variable": {nil, map[string]string{"KPREF_EDITION": "2019"}, `"2019"`, 2},
		"fingerprint":         {[]string{"--fingerprint", "sha"}, nil, `"sha"`, 2},
		"key check":           {[]string{"--key-check", "deep"}, nil, `"deep"`, 2},
		"private key":         {[]string{"--private-key", "der"}, nil, `"der"`, 2},
		"attach unknown":      {nil, map[string]string{"KPREF_ATTACH_UNKNOWN": "ignore"}, `"ignore"`, 2},
		"token scope":         {nil, map[string]string{"KPREF_TOKEN_SCOPE": "world"}, `"world"`, 2},
		"token lifetime":      {[]string{"--token-lifetime", "0s"}, nil, "token lifetime 0s", 2},
		"no token lifetime":   {nil, map[string]string{"KPREF_TOKEN_LIFETIME": "long"}, "KPREF_TOKEN_LIFETIME", 2},
		"pool size":           {[]string{"--pool-size", "-1"}, nil, "pool size -1", 2},
		"bad policy":          {[]string{"--world", policy}, nil, "policy.yaml:7", 2},
		"log level":           {nil, map[string]string{"KPREF_LOG_LEVEL": "loud"}, `"loud"`, 2},
		"no such world":       {[]string{"--world", bad + "x"}, nil, "bad.yamlx", 2},
		"bad world":           {[]string{"--world", bad}, nil, "bad.yaml:2", 2},
		"address":             {[]string{"--listen", "nowhere"}, nil, "nowhere", 2},
		"weather":             {[]string{"--weather", "rain"}, nil, `weather "rain" is unknown`, 2},
		"weather by variable": {nil, map[string]string{"KPREF_WEATHER": "reset=5"}, `KPREF_WEATHER: invalid argument "reset=5"`, 2},
		"weather seed":        {[]string{"--weather-seed", "x"}, nil, "weather-seed", 2},
		"admin address":       {[]string{"--admin", "nowhere"}, nil, "admin: address nowhere", 2},
		"busy admin address":  {[]string{"--listen", "127.0.0.1:0", "--admin", busy.Addr().String()}, nil, busy.Addr().String(), 1},
		"busy address":        {[]string{"--listen", busy.Addr().String()}, nil, busy.Addr().String(), 1},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			var stdout, stderr safeBuffer
			code := Main(t.Context(), c.args, environment(c.vars), &stdout, &stderr)
			g.Expect(code).To(Equal(c.code))
			g.Expect(stdout.String()).To(BeEmpty())
			g.Expect(stderr.String()).To(MatchRegexp(`^kpref: [^\n]*\n$`))
			g.Expect(stderr.String()).To(ContainSubstring(c.says))
		})
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	var stdout, stderr safeBuffer
	NewWithT(t).Expect(Main(t.Context(), []string{"--help"}, environment(nil), &stdout, &stderr)).To(Equal(0))
	NewWithT(t).Expect(stderr.String()).To(BeEmpty())
	for _, flag := range []string{"--listen", "--world", "--edition", "--fingerprint", "--key-check", "--log-level", "--private-key",
		"--attach-unknown", "--token-scope", "--token-lifetime", "--pool-size",
		"--weather", "--weather-seed", "--admin"} {
		NewWithT(t).Expect(stdout.String()).To(ContainSubstring(flag))
	}
}
