package ecs

import (
	"strings"

	"github.com/kpspec/kpspec/reference/ram"
	"github.com/kpspec/kpspec/reference/rpc"
)

// service is the code of ECS in actions and resources.
const service = "ecs"

// permission is what the caller of an operation needs: the action of the operation's name, on pairs of the account in the
// region that the call names, whether there is such a region or not.
func (s *Service) permission(o operation) *rpc.Permission {
	if o.on == nil {
		return nil
	}
	return &rpc.Permission{
		Action: service + ":" + o.action,
		Resources: func(c *rpc.Call) []ram.Resource {
			region, _ := c.Params.Get("RegionId")
			var out []ram.Resource
			for _, name := range o.on(s, c) {
				out = append(out, ram.Resource{Service: service, Region: region, Account: c.Identity.AccountID, ID: "keypair/" + name})
			}
			return out
		},
	}
}

// anyPair is the pair of an operation that makes one: its name is not asked about.
func anyPair(*Service, *rpc.Call) []string { return []string{"*"} }

// pairsToDelete are the pairs of DeleteKeyPairs. A list that the operation will refuse is a question about any pair.
func pairsToDelete(s *Service, c *rpc.Call) []string {
	text, _ := c.Params.Get("KeyPairNames")
	names, err := rpc.StringArray(text)
	if err != nil || len(names) == 0 || len(names) > s.rules.DeleteMax {
		return anyPair(s, c)
	}
	return names
}

// pairsToDescribe are the pairs of DescribeKeyPairs: the one that is asked for by its full name, or else any.
func pairsToDescribe(s *Service, c *rpc.Call) []string {
	name, _ := c.Params.Get("KeyPairName")
	if name == "" || strings.Contains(name, "*") {
		return anyPair(s, c)
	}
	return []string{name}
}
