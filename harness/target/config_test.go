package target_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/guard"
	"github.com/kpspec/kpspec/harness/target"
)

const full = `# every key there is
target: endpoint
edition: "2020-11"
strict: true
quota: true
servers: true
timeout: 5s
requests: 5000
rate: 2.5
retryFor: 90s
consistency: 0s
guard: {account: "1", region: r-1, costs: accepted}
reference:
  fingerprint: plain
  keyCheck: shallow
  privateKey: pkcs1
  attachUnknown: per-instance
  tokenScope: account
  tokenLifetime: 1h
container:
  image: registry.example/emulator:1
  port: 9000
  env: {A: b, SECRET: env:KPSPEC_TEST_SECRET}
  wait: /up
  startTimeout: 90s
endpoints:
  ecs: https://ecs.example/
  swas: https://swas.example/
lacks: [CreateKeyPair]
world:
  regions: [r-1, r-2]
  accounts:
    - id: "1"
      resourceGroups: [rg-1]
      identities:
        - {name: owner, accessKeyId: key-1, accessKeySecret: hush-1, securityToken: hush-2}
        - name: user
          accessKeyId: key-2
          accessKeySecret: hush-3
          policies:
            - Version: "1"
              Statement:
                - {Effect: Allow, Action: "ecs:*", Resource: "*", Condition: {IpAddress: {"acs:SourceIp": 192.0.2.0/24}}}
      servers:
        - {id: s-1, region: r-1, os: linux, status: Running}
`

func TestReadConfigTakesEveryKey(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	c, err := target.ReadConfig(strings.NewReader(full), "kpspec.yaml")
	g.Expect(err).NotTo(HaveOccurred())
	yes, requests, rate, retry, strict := true, 5000, 2.5, 90*time.Second, time.Duration(0)
	g.Expect(c).To(Equal(target.Config{
		Target: target.Endpoint, Edition: catalogue.Edition202011, Strict: true, Quota: &yes, Servers: &yes, Timeout: 5 * time.Second,
		Requests: &requests, Rate: &rate, RetryFor: &retry, Consistency: &strict, Guard: &guard.Consent{Account: "1", Region: "r-1", Costs: "accepted"},
		Reference: target.ReferenceConfig{Fingerprint: "plain", KeyCheck: "shallow", PrivateKey: "pkcs1",
			AttachUnknown: "per-instance", TokenScope: "account", TokenLifetime: time.Hour},
		Container: target.ContainerConfig{
			Image: "registry.example/emulator:1", Port: 9000, Wait: "/up", StartTimeout: 90 * time.Second,
			Env: map[string]string{"A": "b", "SECRET": "env:KPSPEC_TEST_SECRET"},
		},
		Endpoints: target.Endpoints{ECS: "https://ecs.example/", SWAS: "https://swas.example/"},
		Lacks:     []string{"CreateKeyPair"},
		World: &world.World{Regions: []string{"r-1", "r-2"}, Accounts: []world.Account{{
			ID: "1", ResourceGroups: []string{"rg-1"},
			Identities: []world.Identity{
				{Name: "owner", AccessKeyID: "key-1", AccessKeySecret: "hush-1", SecurityToken: "hush-2"},
				{Name: "user", AccessKeyID: "key-2", AccessKeySecret: "hush-3", Policies: []world.Policy{{Version: "1", Statement: []world.Statement{{
					Effect: "Allow", Action: world.List{"ecs:*"}, Resource: world.List{"*"},
					Condition: map[string]map[string]world.List{"IpAddress": {"acs:SourceIp": {"192.0.2.0/24"}}},
				}}}}},
			},
			Servers: []world.Server{{ID: "s-1", Region: "r-1", OS: "linux", Status: "Running"}},
		}}},
	}))
}

// start is a world up to the keys of its first identity.
const start = `world:
  regions: [r]
  accounts:
  - id: a
    identities:
    - name: n
      accessKeyId: k
      accessKeySecret: hush
      securityToken: hush
`

func TestReadConfigRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ yaml, want string }{
		"nothing":            {"", "c.yaml:1: the file is empty; it must describe a target"},
		"only a comment":     {"# later\n", "c.yaml:1: the file is empty; it must describe a target"},
		"two documents":      {"strict: true\n---\nstrict: false\n", "c.yaml:2: more than one YAML document; a file describes one target"},
		"dedented":           {"  strict: true\nquota: true\n", "c.yaml:1: did not find expected <document start>"},
		"no YAML":            {"target: [", "c.yaml:1: "},
		"a list":             {"- target\n", "c.yaml:1: expected keys with values"},
		"unknown key":        {"target: reference\nstrikt: true\n", `c.yaml:2: unknown key "strikt"; did you mean strict?`},
		"case of a key":      {"Target: reference\n", `c.yaml:1: unknown key "Target"; did you mean target?`},
		"key far from any":   {"endpoints:\n  compute: http://h\n", `c.yaml:2: unknown key "compute"; known here: ecs, swas`},
		"key of another":     {"container:\n  prot: 1\n", `c.yaml:2: unknown key "prot"; did you mean port?`},
		"key of an identity": {"world:\n  regions: [r]\n  accounts:\n  - id: a\n    identities:\n    - {name: n, accessKey: k}\n", `c.yaml:6: unknown key "accessKey"`},
		"key of a server":    {start + "    servers:\n    - {id: s, zone: r}\n", `c.yaml:11: unknown key "zone"; known here: id, region, os, status`},
		"key of a policy":    {start + "      policies: [{version: \"1\"}]\n", `c.yaml:10: unknown key "version"; did you mean Version?`},
		"key of a statement": {start + "      policies:\n      - Statement: [{Efect: Allow}]\n", `c.yaml:11: unknown key "Efect"; did you mean Effect?`},
		"policies, nothing":  {start + "      policies:\n", "c.yaml:10: world.accounts[0].identities[0].policies: has no value; leave the key out or give one"},
		"session policy, nothing, by an alias": {
			"container: {env: {A: &none ~}}\n" + start + "      sessionPolicy: *none\n",
			"c.yaml:11: world.accounts[0].identities[0].sessionPolicy: has no value; leave the key out or give one"},
		"condition, nothing": {start + "      policies:\n      - Version: \"1\"\n        Statement:\n        - {Effect: Allow, Action: \"*\", Resource: \"*\", Condition: }\n",
			"c.yaml:13: world.accounts[0].identities[0].policies[0].Statement[0].Condition: has no value; leave the key out or give one"},
		"no policy":         {start + "      policies: []\n", "c.yaml:10: world.accounts[0].identities[0].policies: no policy given; list at least one"},
		"bad effect":        {start + "      policies: [{Version: \"1\", Statement: [{Effect: No, Action: \"*\", Resource: \"*\"}]}]\n", "c.yaml:10: world.accounts[0].identities[0].policies[0].Statement[0].Effect: the effect is "},
		"server":            {start + "    servers:\n    - {id: s, region: q, os: linux, status: Running}\n", `c.yaml:11: world.accounts[0].servers[0].region: the region "q" is not one of the regions of the world`},
		"world, nothing":    {"world:\n", "c.yaml:1: world: has no value; leave the key out or describe a world"},
		"lacks":             {"lacks: [ImportKeyPair]\n", `c.yaml:1: lacks[0]: "ImportKeyPair" is not known; it must be CreateKeyPair`},
		"lacks nothing":     {"lacks:\n- CreateKeyPair\n- \"\"\n", `c.yaml:3: lacks[1]: names no operation`},
		"no requests":       {"requests: 0\n", "c.yaml:1: requests: must be a number greater than zero"},
		"no rate":           {"strict: true\nrate: -1\n", "c.yaml:2: rate: must be a number greater than zero"},
		"rate, no number":   {"rate: .nan\n", "c.yaml:1: rate: must be a number greater than zero"},
		"rate, endless":     {"rate: .inf\n", "c.yaml:1: rate: must be a number greater than zero"},
		"retryFor":          {"retryFor: -1s\n", "c.yaml:1: retryFor: must not be negative; write a duration such as 5s, or 0s for no wait at all"},
		"consistency":       {"consistency: soon\n", "c.yaml:1: expected a duration with its unit, such as 30s or 2m"},
		"rate, a text":      {"rate: slow\n", "c.yaml:1: expected a number"},
		"key of the guard":  {"guard: {acount: a}\n", `c.yaml:1: unknown key "acount"; did you mean account?`},
		"costs":             {"guard:\n  account: a\n  costs: yes please\n", `c.yaml:3: guard.costs: "yes please" is not known; it must be accepted`},
		"lacks a text":      {"lacks: CreateKeyPair\n", "c.yaml:1: expected a list"},
		"private key":       {"reference: {privateKey: pem}\n", `c.yaml:1: reference.privateKey: "pem" is not known; it must be pkcs8 or pkcs1`},
		"attach unknown":    {"reference: {attachUnknown: never}\n", `c.yaml:1: reference.attachUnknown: "never" is not known; it must be call-error or per-instance`},
		"token scope":       {"reference: {tokenScope: world}\n", `c.yaml:1: reference.tokenScope: "world" is not known; it must be operation or account`},
		"token lifetime":    {"reference: {tokenLifetime: -1h}\n", "c.yaml:1: reference.tokenLifetime: too short; write a duration such as 30s or 2m"},
		"URL of SWAS":       {"endpoints:\n  ecs: http://h\n  swas: h:80\n", `c.yaml:3: endpoints.swas: "h:80" is neither an http nor an https URL`},
		"key twice":         {"strict: true\nstrict: true\n", `c.yaml:2: mapping key "strict" already defined at line 1`},
		"target":            {"\ntarget: docker\n", `c.yaml:2: target: "docker" is not known; it must be reference or container or endpoint`},
		"edition":           {"edition: 2026\n", `c.yaml:1: edition: "2026" is not known; it must be 2026-06 or 2020-11`},
		"fingerprint":       {"reference:\n  fingerprint: sha256\n", `c.yaml:2: reference.fingerprint: "sha256" is not known; it must be rfc4716 or plain`},
		"key check":         {"reference: {keyCheck: none}\n", `c.yaml:1: reference.keyCheck: "none" is not known; it must be strict or shallow`},
		"strict":            {"strict: maybe\n", "c.yaml:1: expected true or false"},
		"port":              {"container:\n  image: i\n  port: 70000\n", "c.yaml:3: container.port: 70000 is not a port"},
		"port in words":     {"container:\n  port: http\n", "c.yaml:2: expected a whole number"},
		"env":               {"container:\n  env: [A=b]\n", "c.yaml:2: expected keys with values"},
		"wait":              {"container:\n  wait: healthz\n", `c.yaml:2: container.wait: "healthz" is not a path; it must begin with /`},
		"start timeout":     {"container:\n  startTimeout: 30\n", "c.yaml:2: expected a duration with its unit, such as 30s or 2m"},
		"negative timeout":  {"timeout: -1s\n", "c.yaml:1: timeout: too short; write a duration such as 30s or 2m"},
		"timeout in words":  {"timeout: soon\n", "c.yaml:1: expected a duration with its unit, such as 30s or 2m"},
		"URL":               {"endpoints:\n  ecs: localhost:8080\n", `c.yaml:2: endpoints.ecs: "localhost:8080" is neither an http nor an https URL; write http://HOST:PORT or https://HOST`},
		"URL with password": {"endpoints:\n  ecs: http://me:hush@host\n", "c.yaml:2: endpoints.ecs: a URL with a user or password in it; identities belong into world.accounts"},
		"bad URL":           {"endpoints:\n  ecs: \"http://me:hush@ho st\"\n", "c.yaml:2: endpoints.ecs: not a URL: "},
		"URL with path":     {"endpoints: {ecs: http://host/ecs}\n", `c.yaml:1: endpoints.ecs: "http://host/ecs" has a path; the API is always served at /`},
		"URL with query":    {"endpoints: {ecs: \"http://host?a=b\"}\n", `c.yaml:1: endpoints.ecs: "http://host?a=b" has a query or a fragment`},
		"URL without host":  {"endpoints: {ecs: \"http://:80\"}\n", `c.yaml:1: endpoints.ecs: "http://:80" names no host`},
		"world":             {"strict: true\nworld:\n  regions: []\n  accounts: []\n", "c.yaml:3: world.regions: no region given; list at least one region id\nc.yaml:4: world.accounts: no account given"},
		"secret": {"world:\n  regions: [r]\n  accounts:\n  - id: a\n    identities:\n    - name: n\n      accessKeyId: key\n      accessKeySecret: hush hush\n",
			"c.yaml:8: world.accounts[0].identities[0].accessKeySecret: has white space in it"},
		"tiny start timeout": {"container:\n  startTimeout: 30us\n", "c.yaml:2: container.startTimeout: too short; write a duration such as 30s or 2m"},
		"secret is a list":   {"world:\n  regions: [r]\n  accounts:\n  - id: a\n    identities:\n    - name: n\n      accessKeySecret: [hush]\n", "c.yaml:7: expected a text"},
		"no secret":          {"world:\n  regions: [r]\n  accounts:\n  - id: a\n    identities:\n    - name: n\n      accessKeyId: key\n", "c.yaml:6: world.accounts[0].identities[0].accessKeySecret: is empty; give the value or env:NAME"},
		"two findings":       {"target: docker\nedition: new\n", "c.yaml:1: target: \"docker\" is not known; it must be reference or container or endpoint\nc.yaml:2: edition: "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			c, err := target.ReadConfig(strings.NewReader(tt.yaml), "c.yaml")
			g.Expect(err).To(MatchError(HavePrefix(tt.want)))
			g.Expect(err.Error()).NotTo(ContainSubstring("hush"))
			g.Expect(c).To(BeZero())
		})
	}

	_, err := target.ReadConfig(iotest.ErrReader(errors.New("is a directory")), "c.yaml")
	NewWithT(t).Expect(err).To(MatchError("c.yaml: cannot be read: is a directory"))
}

func TestNew(t *testing.T) {
	w := func() *world.World {
		w := world.Default()
		w.Accounts[0].Identities[0].AccessKeySecret = "env:KPSPEC_TEST_SECRET"
		return &w
	}
	t.Setenv("KPSPEC_TEST_SECRET", "from-the-environment")
	t.Setenv("KPSPEC_TEST_URL", "http://host:1/")
	consent := &guard.Consent{Account: w().Accounts[0].ID, Region: w().Regions[0]}

	t.Run("endpoint", func(t *testing.T) {
		g := NewWithT(t)
		tg, err := target.New(target.Config{Target: target.Endpoint, World: w(), Endpoints: target.Endpoints{ECS: "env:KPSPEC_TEST_URL"}, Guard: consent}, "")
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(tg.Kind()).To(Equal(target.Endpoint))
		g.Expect(tg.Name()).To(Equal("http://host:1"))
		place, err := tg.Start(t.Context())
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(place.ECS).To(Equal("http://host:1"))
		g.Expect(place.Quota).To(BeFalse())
		g.Expect(place.World.Accounts[0].Identities[0].AccessKeySecret).To(Equal("from-the-environment"))
		g.Expect(tg.Stop(t.Context())).To(Succeed())
		g.Expect(tg.Logs(t.Context())).To(BeEmpty())

		g.Expect(place.SWAS).To(BeEmpty())
		g.Expect(place.Lacks).To(BeEmpty())

		for _, tt := range []struct {
			endpoints       target.Endpoints
			ecs, swas, name string
		}{
			{target.Endpoints{SWAS: "env:KPSPEC_TEST_URL"}, "", "http://host:1", "http://host:1"},
			{target.Endpoints{ECS: "http://h", SWAS: "http://h/"}, "http://h", "http://h", "http://h"},
			{target.Endpoints{ECS: "http://e", SWAS: "http://s"}, "http://e", "http://s", "http://e and http://s"},
		} {
			tg, err := target.New(target.Config{Target: target.Endpoint, World: w(), Endpoints: tt.endpoints, Lacks: []string{"CreateKeyPair"}, Guard: consent}, "")
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(tg.Name()).To(Equal(tt.name))
			g.Expect(tg.Start(t.Context())).To(And(
				HaveField("ECS", tt.ecs), HaveField("SWAS", tt.swas), HaveField("Lacks", []string{"CreateKeyPair"})))
		}

		yes := true
		tg, err = target.New(target.Config{Target: target.Endpoint, World: w(), Endpoints: target.Endpoints{ECS: "https://h"}, Quota: &yes, Guard: consent}, "")
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(tg.Start(t.Context())).To(HaveField("Quota", true))
	})

	tests := map[string]struct {
		config  target.Config
		edition catalogue.Edition
		want    string
	}{
		"endpoint without anything": {target.Config{Target: target.Endpoint}, "",
			`target "endpoint": no URL is configured; write "endpoints: {ecs: http://HOST:PORT, swas: http://HOST:PORT}", or one of the two, and a "world:" into a file and name it with --config`},
		"endpoint without a world": {target.Config{Target: target.Endpoint, Endpoints: target.Endpoints{ECS: "http://h"}}, "",
			`target "endpoint": no world is configured; add "world:" with the regions`},
		"endpoint with a bad URL": {target.Config{Target: target.Endpoint, Endpoints: target.Endpoints{ECS: "ftp://h"}, World: w()}, "",
			`endpoints.ecs: "ftp://h" is neither an http nor an https URL`},
		"variable of the URL not set": {target.Config{Target: target.Endpoint, Endpoints: target.Endpoints{ECS: "env:KPSPEC_TEST_UNSET"}, World: w()}, "",
			"endpoints.ecs: the environment variable KPSPEC_TEST_UNSET is not set"},
		"variable of the URL of SWAS not set": {target.Config{Target: target.Endpoint, Endpoints: target.Endpoints{ECS: "http://h", SWAS: "env:KPSPEC_TEST_UNSET"}, World: w()}, "",
			"endpoints.swas: the environment variable KPSPEC_TEST_UNSET is not set"},
		"unknown helper":  {target.Config{Lacks: []string{"DeleteKeyPairs"}}, "", `lacks: "DeleteKeyPairs" is not known; it must be CreateKeyPair`},
		"unknown target":  {target.Config{Target: "docker"}, "", `target: "docker" is not known; it must be reference or container or endpoint`},
		"unknown edition": {target.Config{}, "2021", `edition: "2021" is not known; it must be 2026-06 or 2020-11`},
		"variable of a container not set": {target.Config{Target: target.Container, Container: target.ContainerConfig{Env: map[string]string{"A": "env:KPSPEC_TEST_UNSET"}}}, "",
			"container.env.A: the environment variable KPSPEC_TEST_UNSET is not set"},
		"variable of the world not set": {target.Config{World: &world.World{Regions: []string{"env:KPSPEC_TEST_UNSET"}, Accounts: []world.Account{{ID: "env:KPSPEC_TEST_UNSET"}}}}, "",
			"world: regions[0]: the environment variable KPSPEC_TEST_UNSET is not set; accounts[0].id: the environment variable KPSPEC_TEST_UNSET is not set"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			tg, err := target.New(tt.config, tt.edition)
			g.Expect(err).To(MatchError(HavePrefix(tt.want)))
			g.Expect(err.Error()).NotTo(ContainSubstring("\n"))
			g.Expect(tg).To(BeNil())
		})
	}
}

func TestEmbeddedReference(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	no := false
	tg, err := target.New(target.Config{Quota: &no, Lacks: []string{"CreateKeyPair"}}, catalogue.Edition202606)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(tg.Kind()).To(Equal(target.Reference))
	g.Expect(tg.Name()).To(Equal("embedded reference"))
	g.Expect(tg.Stop(t.Context())).To(Succeed(), "before it is started")

	place, err := tg.Start(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(place.ECS).To(HavePrefix("http://127.0.0.1:"))
	g.Expect(place.SWAS).To(Equal(place.ECS))
	g.Expect(place.World).To(Equal(world.Default()))
	g.Expect(place.Quota).To(BeFalse())
	g.Expect(place.Lacks).To(Equal([]string{"CreateKeyPair"}))
	g.Expect(target.Preflight(t.Context(), place)).To(Succeed())
	_, err = tg.Start(t.Context())
	g.Expect(err).To(MatchError("embedded reference: started twice"))
	g.Expect(tg.Logs(t.Context())).To(BeEmpty())

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	g.Expect(tg.Stop(ctx)).To(Succeed())
	g.Expect(tg.Stop(ctx)).To(Succeed())
	g.Expect(target.Preflight(t.Context(), place)).To(MatchError(
		"ECS at " + place.ECS + ": unreachable: the connection is refused; check that the target runs and listens there"))
}

func TestEmbeddedReferenceRefusesItsOptions(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	tg, err := target.New(target.Config{Reference: target.ReferenceConfig{KeyCheck: "none"}}, "")
	g.Expect(err).NotTo(HaveOccurred())
	_, err = tg.Start(t.Context())
	g.Expect(err).To(MatchError(And(HavePrefix("embedded reference: "), ContainSubstring("none"))))
	g.Expect(tg.Stop(t.Context())).To(Succeed())
}
