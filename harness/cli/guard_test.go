package cli_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/cli"
	"github.com/kpspec/kpspec/harness/ledger"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/wire"
	"github.com/kpspec/kpspec/suites"
	"github.com/kpspec/kpspec/suites/vocabulary"
)

// outside counts what would leave this machine, and lets nothing do so.
type outside struct{ requests, lookups atomic.Int64 }

func (o *outside) RoundTrip(*http.Request) (*http.Response, error) {
	o.requests.Add(1)
	return nil, errors.New("cut off")
}

// program is the command as it is shipped, with nothing but this outside.
func (o *outside) program(t *testing.T, stderr *bytes.Buffer) *cli.Program {
	t.Helper()
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		o.lookups.Add(1)
		return nil, errors.New("cut off")
	}}
	t.Cleanup(func() { net.DefaultResolver = before })
	p := cli.New()
	p.Stdout, p.Stderr = &bytes.Buffer{}, stderr
	p.Preflight = func(ctx context.Context, place target.Place) error {
		return target.Preflight(ctx, place, wire.WithTransport(o))
	}
	execute := p.Execute
	p.Execute = func(ctx context.Context, cfg suites.Config, _ int) (report.Report, error) {
		if cfg.Wire == nil { // not the rehearsal
			cfg.Wire = o
		}
		return execute(ctx, cfg, 1)
	}
	return p
}

// config writes a configuration of an endpoint with the default world.
func config(t *testing.T, address, extra string) string {
	t.Helper()
	text := fmt.Sprintf("target: endpoint\nendpoints: {ecs: %q}\n%sworld:\n  regions: [cn-hangzhou, cn-shanghai]\n  accounts:\n", address, extra)
	for _, a := range world.Default().Accounts {
		id := a.Identities[0]
		text += fmt.Sprintf("    - id: %q\n      identities: [{name: owner, accessKeyId: %q, accessKeySecret: %q}]\n", a.ID, id.AccessKeyID, id.AccessKeySecret)
	}
	name := filepath.Join(t.TempDir(), "kpspec.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestNothingLeavesBeforeTheWordIsGiven(t *testing.T) {
	const elsewhere, cloud = "http://emulator.example", "https://ecs.cn-hangzhou.aliyuncs.com"
	const word = "guard: {account: \"1000000000000001\", region: cn-hangzhou}\n"
	const accepted = "guard: {account: \"1000000000000001\", region: cn-hangzhou, costs: accepted}\n"
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	for what, tt := range map[string]struct {
		address, extra string
		leaves         bool
		says           string
	}{
		"elsewhere":                  {elsewhere, "", false, "is not on this machine"},
		"elsewhere, another account": {elsewhere, "guard: {account: \"1000000000000002\", region: cn-hangzhou}\n", false, "guard.account"},
		"elsewhere, another region":  {elsewhere, "guard: {account: \"1000000000000001\", region: cn-beijing}\n", false, "guard.region"},
		"elsewhere, with the word":   {elsewhere, word, true, "limits: any number of requests, 10 per second"},
		"cloud":                      {cloud, word, false, "costs: kpspec knows no prices"},
		"cloud, with the word":       {cloud, accepted, true, "costs: kpspec knows no prices"},
		"a number for this machine":  {"http://2130706433", "", false, "is not on this machine"},
	} {
		t.Run(what, func(t *testing.T) {
			g := NewWithT(t)
			var o outside
			var stderr bytes.Buffer
			code := o.program(t, &stderr).Main(t.Context(), []string{"run", "--rule", "ECS-IMP-NAME-LEN-MIN", "--config", config(t, tt.address, tt.extra)})
			g.Expect(stderr.String()).To(ContainSubstring(tt.says))
			g.Expect(stderr.String()).NotTo(ContainSubstring(world.Default().Accounts[0].Identities[0].AccessKeySecret))
			g.Expect(o.lookups.Load()).To(BeZero())
			if tt.leaves {
				g.Expect(code).To(Equal(3))
				g.Expect(o.requests.Load()).To(BeNumerically(">", 0), "this test would see it")
				g.Expect(stderr.String()).To(And(ContainSubstring("ECS in cn-hangzhou: about"), ContainSubstring("ledger: ")))
				return
			}
			g.Expect(code).To(Equal(2))
			g.Expect(o.requests.Load()).To(BeZero())
		})
	}
}

func TestSweepAsksForWhatItWasTold(t *testing.T) {
	g := NewWithT(t)
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	name := config(t, "http://127.0.0.1:1", "")
	pair := ledger.Entry{Product: "ECS", Account: "1", Region: "r", Name: "a\nb"}
	bound := pair
	bound.Server = "s-1"
	for _, tt := range []struct {
		args   []string
		swept  vocabulary.Swept
		err    error
		want   suites.SweepConfig
		code   int
		stdout string
		stderr string
	}{
		{nil, vocabulary.Swept{}, nil, suites.SweepConfig{Older: 2 * time.Hour}, 0, "0 found, 0 removed\n", ""},
		{[]string{"--older-than", "0s"}, vocabulary.Swept{Found: []ledger.Entry{bound, pair}, Young: 2}, nil, suites.SweepConfig{}, 3,
			"found    ECS   r  account 1  \"a\\nb\" from server s-1\nfound    ECS   r  account 1  \"a\\nb\"\n2 found, 0 removed; --yes removes them\n",
			"kpspec: 2 key pairs of runs are younger than 0s and stay\n"},
		{[]string{"--ledger", "L", "--yes", "--timeout", "3s"}, vocabulary.Swept{Found: []ledger.Entry{pair}, Removed: []ledger.Entry{pair}}, nil,
			suites.SweepConfig{Ledger: "L", Older: 2 * time.Hour, Remove: true, Timeout: 3 * time.Second}, 0, "removed  ECS   r  account 1  \"a\\nb\"\n1 found, 1 removed\n", ""},
		{[]string{"--yes"}, vocabulary.Swept{Found: []ledger.Entry{bound, pair}, Removed: []ledger.Entry{bound}, Errors: []string{"one\ntwo"}}, nil,
			suites.SweepConfig{Older: 2 * time.Hour, Remove: true}, 3, "removed  ECS   r  account 1  \"a\\nb\" from server s-1\nfound    ECS   r  account 1  \"a\\nb\"\n2 found, 1 removed\n", "kpspec: one; two\n"},
		{[]string{"--yes"}, vocabulary.Swept{Apart: []string{"odd"}}, nil, suites.SweepConfig{Older: 2 * time.Hour, Remove: true}, 3, "0 found, 0 removed\n", "kpspec: odd\n"},
		{[]string{"--ledger", "L"}, vocabulary.Swept{}, errors.New("L:2: damaged"), suites.SweepConfig{Ledger: "L", Older: 2 * time.Hour}, 2, "", "kpspec: L:2: damaged\n"},
	} {
		var got suites.SweepConfig
		var stdout, stderr bytes.Buffer
		p := cli.New()
		p.Stdout, p.Stderr = &stdout, &stderr
		p.Sweep = func(_ context.Context, cfg suites.SweepConfig) (vocabulary.Swept, error) {
			got = cfg
			return tt.swept, tt.err
		}
		code := p.Main(t.Context(), append([]string{"sweep", "--config", name}, tt.args...))
		g.Expect(code).To(Equal(tt.code), "%v: %s", tt.args, stderr.String())
		g.Expect(stdout.String()).To(Equal(tt.stdout))
		g.Expect(stderr.String()).To(Equal(tt.stderr))
		g.Expect(got.Place.ECS).To(Equal("http://127.0.0.1:1"))
		got.Place = target.Place{}
		g.Expect(got).To(Equal(tt.want))
	}
}

func TestSweepRefusesWhatCannotBeMeant(t *testing.T) {
	here := config(t, "http://127.0.0.1:1", "")
	container := filepath.Join(t.TempDir(), "container.yaml")
	if err := os.WriteFile(container, []byte("target: container\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	damaged := filepath.Join(t.TempDir(), "ledger")
	if err := os.WriteFile(damaged, []byte("{}\n{}\n{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args []string
		says string
	}{
		{[]string{}, "sweep needs --config FILE"},
		{[]string{"--config", container}, "a sweep is for an endpoint"},
		{[]string{"--config", filepath.Join(t.TempDir(), "none")}, "none"},
		{[]string{"--config", config(t, "http://emulator.example", "")}, "is not on this machine"},
		{[]string{"--config", here, "--ledger", "x", "--older-than", "1h"}, "--older-than is for a sweep without --ledger"},
		{[]string{"--config", here, "--ledger", ""}, "--ledger: no file is named"},
		{[]string{"--config", here, "--ledger", filepath.Join(t.TempDir(), "none")}, "the ledger cannot be read"},
		{[]string{"--config", here, "--ledger", damaged}, damaged + ":1: the ledger is damaged"},
		{[]string{"--config", here, "--older-than", "-1h"}, "--older-than: -1h0m0s is not a usable duration"},
		{[]string{"--config", here, "--timeout", "0s"}, "--timeout"},
		{[]string{"--config", here, "all"}, "unexpected argument"},
	} {
		g := NewWithT(t)
		var stderr bytes.Buffer
		p := cli.New()
		p.Stdout, p.Stderr = &bytes.Buffer{}, &stderr
		g.Expect(p.Main(t.Context(), append([]string{"sweep"}, tt.args...))).To(Equal(2), "%v", tt.args)
		g.Expect(stderr.String()).To(And(HavePrefix("kpspec: "), ContainSubstring(tt.says)))
	}
}
