package reference_test

import (
	"errors"
	"slices"
	"testing"

	sdk "github.com/alibabacloud-go/ecs-20140526/v4/client"
	swassdk "github.com/alibabacloud-go/swas-open-20200601/v3/client"
	"github.com/alibabacloud-go/tea/tea"
	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/sshkeys"
	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/reference"
)

func ecsCreate(name string) *sdk.CreateKeyPairRequest {
	return &sdk.CreateKeyPairRequest{RegionId: region, KeyPairName: tea.String(name)}
}

// actions are what an identity can try, by action; each is refused for nothing but a missing permission.
var actions = map[string]func(*sdk.Client, *swassdk.Client) error{
	"ecs:ImportKeyPair": func(c *sdk.Client, _ *swassdk.Client) error {
		_, err := c.ImportKeyPair(importRequest("ab", sshkeys.RSA2048.Line))
		return err
	},
	"ecs:CreateKeyPair": func(c *sdk.Client, _ *swassdk.Client) error {
		_, err := c.CreateKeyPair(ecsCreate("cd"))
		return err
	},
	"ecs:DescribeKeyPairs": func(c *sdk.Client, _ *swassdk.Client) error {
		_, err := c.DescribeKeyPairs(&sdk.DescribeKeyPairsRequest{RegionId: region})
		return err
	},
	"ecs:DeleteKeyPairs": func(c *sdk.Client, _ *swassdk.Client) error {
		_, err := c.DeleteKeyPairs(&sdk.DeleteKeyPairsRequest{RegionId: region, KeyPairNames: tea.String(`["x"]`)})
		return err
	},
	"ecs:DescribeRegions": func(c *sdk.Client, _ *swassdk.Client) error {
		_, err := c.DescribeRegions(&sdk.DescribeRegionsRequest{})
		return err
	},
	"swas-open:ImportKeyPair": func(_ *sdk.Client, c *swassdk.Client) error {
		_, err := c.ImportKeyPair(swasImport("ab"))
		return err
	},
	"swas-open:CreateKeyPair": func(_ *sdk.Client, c *swassdk.Client) error {
		_, err := c.CreateKeyPair(swasCreate("cd"))
		return err
	},
	"swas-open:AttachKeyPair": func(_ *sdk.Client, c *swassdk.Client) error {
		_, err := c.AttachKeyPair(&swassdk.AttachKeyPairRequest{RegionId: region, KeyPairName: tea.String("there"), InstanceIds: aServer()})
		return err
	},
	"swas-open:DetachKeyPair": func(_ *sdk.Client, c *swassdk.Client) error {
		_, err := c.DetachKeyPair(&swassdk.DetachKeyPairRequest{RegionId: region, KeyPairName: tea.String("there"), InstanceIds: aServer()})
		return err
	},
	"swas-open:DeleteKeyPairs": func(_ *sdk.Client, c *swassdk.Client) error {
		_, err := c.DeleteKeyPairs(&swassdk.DeleteKeyPairsRequest{RegionId: region, KeyPairNames: tea.StringSlice([]string{"x"})})
		return err
	},
	"swas-open:ListKeyPairs": func(_ *sdk.Client, c *swassdk.Client) error {
		_, err := c.ListKeyPairs(&swassdk.ListKeyPairsRequest{RegionId: region})
		return err
	},
	"swas-open:DescribeInstanceKeyPair": func(_ *sdk.Client, c *swassdk.Client) error {
		_, err := c.DescribeInstanceKeyPair(&swassdk.DescribeInstanceKeyPairRequest{RegionId: region, InstanceId: aServer()[0]})
		return err
	},
	"swas-open:ListInstances": func(_ *sdk.Client, c *swassdk.Client) error {
		_, err := c.ListInstances(&swassdk.ListInstancesRequest{RegionId: region})
		return err
	},
	"swas-open:ListRegions": func(_ *sdk.Client, c *swassdk.Client) error {
		_, err := c.ListRegions(&swassdk.ListRegionsRequest{})
		return err
	},
}

func aServer() []*string {
	return tea.StringSlice([]string{world.Default().Accounts[0].Servers[0].ID})
}

// Each identity of the default world may do what its name says, and nothing changes when it may not.
func TestPermissionsOfTheDefaultWorld(t *testing.T) {
	t.Parallel()
	open := []string{"ecs:DescribeRegions", "swas-open:ListRegions"}
	var all, swasKeys []string
	for action := range actions {
		all = append(all, action)
		if action[:4] == "swas" {
			swasKeys = append(swasKeys, action)
		}
	}
	but := func(list []string, action string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(a string) bool { return a == action })
	}
	for name, may := range map[string][]string{
		"owner":             all,
		"session":           all,
		"ecs-import-only":   {"ecs:ImportKeyPair"},
		"ecs-import-any":    {"ecs:ImportKeyPair"},
		"ecs-no-import":     {"ecs:CreateKeyPair", "ecs:DescribeKeyPairs", "ecs:DeleteKeyPairs"},
		"ecs-other-region":  nil,
		"ecs-other-account": nil,
		"ecs-instance-only": nil,
		"ecs-import-denied": {"ecs:CreateKeyPair", "ecs:DescribeKeyPairs", "ecs:DeleteKeyPairs"},
		"swas-import-only":  {"swas-open:ImportKeyPair"},
		"swas-create-only":  {"swas-open:CreateKeyPair"},
		"swas-attach-only":  {"swas-open:AttachKeyPair"},
		"swas-no-import":    but(swasKeys, "swas-open:ImportKeyPair"),
		"swas-no-create":    but(swasKeys, "swas-open:CreateKeyPair"),
		"swas-no-attach":    but(swasKeys, "swas-open:AttachKeyPair"),
		"swas-arn-only":     nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id, ok := world.Default().Accounts[0].Identity(name)
			if !ok {
				t.Fatal("no such identity")
			}
			url := start(t, reference.Options{})
			boss := swasClient(t, url, owner(), "")
			if _, err := boss.ImportKeyPair(swasImport("there")); err != nil {
				t.Fatal(err)
			}
			for action, try := range actions {
				g := NewWithT(t)
				err := try(client(t, url, id, ""), swasClient(t, url, id, ""))
				if slices.Contains(may, action) || slices.Contains(open, action) {
					g.Expect(err).NotTo(HaveOccurred(), action)
					continue
				}
				want, kind := "NoPermission", "ImplicitDeny"
				if action[:4] == "ecs:" {
					want = "Forbidden.RAM"
				}
				if name == "ecs-import-denied" && action == "ecs:ImportKeyPair" {
					kind = "ExplicitDeny"
				}
				g.Expect(code(err)).To(Equal(want), "%s: %v", action, err)
				var refused *tea.SDKError
				g.Expect(errors.As(err, &refused)).To(BeTrue())
				g.Expect(tea.IntValue(refused.StatusCode)).To(Equal(403))
				g.Expect(refused.AccessDeniedDetail).To(HaveKeyWithValue("AuthAction", action))
				g.Expect(refused.AccessDeniedDetail).To(HaveKeyWithValue("AuthPrincipalDisplayName", name))
				g.Expect(refused.AccessDeniedDetail).To(HaveKeyWithValue("NoPermissionType", kind))
			}
			listed, err := boss.ListKeyPairs(&swassdk.ListKeyPairsRequest{RegionId: region})
			NewWithT(t).Expect(err).NotTo(HaveOccurred())
			made := 1
			for _, action := range []string{"swas-open:ImportKeyPair", "swas-open:CreateKeyPair"} {
				if slices.Contains(may, action) {
					made++
				}
			}
			NewWithT(t).Expect(listed.Body.KeyPairs).To(HaveLen(made), "a denied call changes nothing")
		})
	}
}

// A policy that cannot be understood is no policy at all: the server does not start.
func TestBadPolicy(t *testing.T) {
	t.Parallel()
	w := world.Default()
	w.Accounts[0].Identities[0].Policies = []world.Policy{{Version: "1", Statement: []world.Statement{{Effect: "Maybe"}}}}
	_, err := reference.New(w, reference.Options{})
	NewWithT(t).Expect(err).To(MatchError(ContainSubstring(`identities[0].policies[0].Statement[0].Effect: the effect is "Maybe"`)))
}
