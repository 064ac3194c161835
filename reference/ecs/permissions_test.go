package ecs

import (
	"fmt"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/reference/rpc"
)

func TestPermissions(t *testing.T) {
	t.Parallel()
	f := newFixture(t, Edition202606)
	const all = "acs:ecs:cn-hangzhou:1000000000000001:keypair/"
	for _, c := range []struct {
		action string
		p      params
		want   []string
	}{
		{"ImportKeyPair", valid["ImportKeyPair"], []string{all + "*"}},
		{"CreateKeyPair", valid["CreateKeyPair"], []string{all + "*"}},
		{"CreateKeyPair", params{"RegionId": "x:1:y"}, []string{"acs:ecs:x:1:y:1000000000000001:keypair/*"}},
		{"CreateKeyPair", params{}, []string{"acs:ecs::1000000000000001:keypair/*"}},
		{"DescribeKeyPairs", valid["DescribeKeyPairs"], []string{all + "*"}},
		{"DescribeKeyPairs", valid["DescribeKeyPairs"].with("KeyPairName", "密:a"), []string{all + "密:a"}},
		{"DescribeKeyPairs", valid["DescribeKeyPairs"].with("KeyPairName", "a*"), []string{all + "a*"}},
		{"DeleteKeyPairs", valid["DeleteKeyPairs"].with("KeyPairNames", `["a","b"]`), []string{all + "a", all + "b"}},
		{"DeleteKeyPairs", valid["DeleteKeyPairs"].with("KeyPairNames", "a"), []string{}},
		{"DeleteKeyPairs", valid["DeleteKeyPairs"].with("KeyPairNames", "[]"), []string{}},
		{"DescribeRegions", params{}, nil},
	} {
		for _, o := range f.Operations() {
			if o.Action != c.action {
				continue
			}
			g := NewWithT(t)
			if c.want == nil {
				g.Expect(o.Permission).To(BeNil())
				continue
			}
			g.Expect(o.Permission.Action).To(Equal("ecs:" + c.action))
			got := []string{}
			for _, r := range o.Permission.Resources(&rpc.Call{Params: rpc.ParamsOf(c.p), Identity: rpc.Identity{AccountID: account}}) {
				got = append(got, fmt.Sprint(r))
			}
			g.Expect(got).To(Equal(c.want), "%s %v", c.action, c.p)
		}
	}
}
