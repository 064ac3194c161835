package cli_test

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/target"
)

// The block is one that a configuration takes, and is the default world but for
// secrets, policies and the identities that no spec calls as.
func TestWorldBlock(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	code, stdout, stderr := kpspec(t.Context(), &fake{}, "world")
	g.Expect(code).To(BeZero(), stderr)
	c, err := target.ReadConfig(strings.NewReader("target: endpoint\nendpoints: {ecs: http://h}\n"+stdout), "c.yaml")
	g.Expect(err).NotTo(HaveOccurred())

	got, want := *c.World, world.Default()
	g.Expect(got.Regions).To(Equal(want.Regions))
	g.Expect(got.Accounts).To(HaveLen(len(want.Accounts)))
	variables := map[string]bool{}
	for i, a := range want.Accounts {
		g.Expect(got.Accounts[i].ID).To(Equal(a.ID))
		g.Expect(got.Accounts[i].ResourceGroups).To(ConsistOf(a.ResourceGroups))
		g.Expect(got.Accounts[i].Servers).To(ConsistOf(a.Servers))
		var names, wanted []string
		for _, id := range got.Accounts[i].Identities {
			names = append(names, id.Name)
			secrets := []string{id.AccessKeyID, id.AccessKeySecret}
			if id.Name == "session" {
				secrets = append(secrets, id.SecurityToken)
			} else {
				g.Expect(id.SecurityToken).To(BeEmpty())
			}
			for _, secret := range secrets {
				g.Expect(secret).To(MatchRegexp(`^env:[A-Z][A-Z0-9_]*$`))
				g.Expect(variables).NotTo(HaveKey(secret))
				variables[secret] = true
			}
			g.Expect(id.Policies).To(BeEmpty())
		}
		for j, id := range a.Identities {
			if j == 0 || id.Name == "session" || len(id.Policies) > 0 {
				wanted = append(wanted, id.Name)
			}
			g.Expect(stdout).NotTo(ContainSubstring(id.AccessKeyID))
			g.Expect(stdout).NotTo(ContainSubstring(id.AccessKeySecret))
		}
		g.Expect(names).To(Equal(wanted))
	}

	// Each kind of server, with how many there are and what for.
	counts := map[world.Server]int{}
	for _, a := range want.Accounts {
		for _, s := range a.Servers {
			counts[world.Server{ID: a.ID, Region: s.Region, OS: s.OS, Status: s.Status}]++
		}
	}
	said := regexp.MustCompile(`(?m)^ +# \d+ (linux|windows), \w+: .+$`).FindAllString(stdout, -1)
	g.Expect(said).To(HaveLen(len(counts)))
	g.Expect(stdout).To(ContainSubstring("# 58 linux, Running: one call binds 50 at most, and the specs try 51\n"))
}

func TestWorldPolicies(t *testing.T) {
	t.Setenv("KPSPEC_TEST_REGION", "eu-central-1")
	const two = `
target: endpoint
endpoints: {swas: http://h}
world:
  regions: ["env:KPSPEC_TEST_REGION", us-west-1]
  accounts:
    - {id: "42", identities: [{name: o, accessKeyId: k-1, accessKeySecret: "env:KPSPEC_TEST_UNSET"}]}
    - {id: "43", identities: [{name: o, accessKeyId: k-2, accessKeySecret: s}]}
`
	const one = `
target: endpoint
endpoints: {ecs: http://h}
world: {regions: [us-west-1], accounts: [{id: "42", identities: [{name: o, accessKeyId: k, accessKeySecret: s}]}]}
`
	tests := map[string]struct {
		config                                     string // "" = none is named
		region, otherRegion, account, otherAccount string
	}{
		"no configuration":         {"", "<region>", "<otherRegion>", "<account>", "<otherAccount>"},
		"a world":                  {two, "eu-central-1", "us-west-1", "42", "43"},
		"a world with one of each": {one, "us-west-1", "<otherRegion>", "42", "<otherAccount>"},
		"the default world":        {"target: container\n", "cn-hangzhou", "cn-shanghai", "1000000000000001", "1000000000000002"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			args := []string{"world", "--policies"}
			if tt.config != "" {
				args = append(args, "--config", write(t, tt.config))
			}
			code, stdout, stderr := kpspec(t.Context(), &fake{}, args...)
			g.Expect(code).To(BeZero(), stderr)
			var policies map[string]world.Policy
			decoder := json.NewDecoder(strings.NewReader(stdout))
			decoder.DisallowUnknownFields()
			g.Expect(decoder.Decode(&policies)).To(Succeed())

			// What is printed is what the default world has, in these names.
			w := world.Default()
			rename := strings.NewReplacer(w.Regions[0], tt.region, w.Regions[1], tt.otherRegion,
				w.Accounts[0].ID, tt.account, w.Accounts[1].ID, tt.otherAccount)
			want := map[string]world.Policy{}
			at := 0
			for _, id := range w.Accounts[0].Identities {
				if len(id.Policies) == 0 {
					continue
				}
				g.Expect(id.Policies).To(HaveLen(1))
				for i := range id.Policies[0].Statement {
					for j, r := range id.Policies[0].Statement[i].Resource {
						id.Policies[0].Statement[i].Resource[j] = rename.Replace(r)
					}
				}
				want[id.Name] = id.Policies[0]
				next := strings.Index(stdout, `"`+id.Name+`": {`)
				g.Expect(next).To(BeNumerically(">", at), "in the order of the world")
				at = next
			}
			g.Expect(policies).To(Equal(want))
			g.Expect(policies["ecs-other-region"].Statement[0].Resource).To(Equal(world.List{"acs:ecs:" + tt.otherRegion + ":" + tt.account + ":keypair/*"}))
			g.Expect(policies["ecs-other-account"].Statement[0].Resource).To(Equal(world.List{"acs:ecs:*:" + tt.otherAccount + ":keypair/*"}))
			g.Expect(slices.Collect(maps.Keys(policies))).To(HaveLen(14))
		})
	}

	t.Run("a variable that is not set", func(t *testing.T) {
		g := NewWithT(t)
		g.Expect(os.Unsetenv("KPSPEC_TEST_REGION")).To(Succeed())
		config := write(t, two)
		code, stdout, stderr := kpspec(t.Context(), &fake{}, "world", "--policies", "--config", config)
		g.Expect(code).To(Equal(2))
		g.Expect(stdout).To(BeEmpty())
		g.Expect(stderr).To(Equal("kpspec: " + config + ": world: the environment variable KPSPEC_TEST_REGION is not set\n"))
	})
	t.Run("an endpoint without a world", func(t *testing.T) {
		g := NewWithT(t)
		config := write(t, "target: endpoint\n")
		code, _, stderr := kpspec(t.Context(), &fake{}, "world", "--policies", "--config", config)
		g.Expect(code).To(Equal(2))
		g.Expect(stderr).To(Equal("kpspec: " + config + ": no world is configured; `kpspec world` prints one to begin with\n"))
	})
}
