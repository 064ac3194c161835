package ecs

import (
	"cmp"

	"github.com/kpspec/kpspec/reference/ram"
	"github.com/kpspec/kpspec/reference/rpc"
)

// service is the code of ECS in actions and resources.
const service = "ecs"

// permission is what the caller of an operation needs: the action of the operation's name, on pairs of the account in the
// region that the call names, whether there is such a region or not. on says which, by name.
func permission(action string, on func(*rpc.Call) []string) *rpc.Permission {
	return &rpc.Permission{
		Action: service + ":" + action,
		Resources: func(c *rpc.Call) []ram.Resource {
			region, _ := c.Params.Get("RegionId")
			var out []ram.Resource
			for _, name := range on(c) {
				out = append(out, ram.Resource{Service: service, Region: region, Account: c.Identity.AccountID, ID: "keypair/" + name})
			}
			return out
		},
	}
}

// anyPair is the pair of an operation that makes one: its name is not asked about.
func anyPair(*rpc.Call) []string { return []string{"*"} }

// pairsToDelete are the pairs of DeleteKeyPairs. A list that cannot be read is a question about all resources.
func pairsToDelete(c *rpc.Call) []string {
	text, _ := c.Params.Get("KeyPairNames")
	names, _ := rpc.StringArray(text)
	return names
}

// pairsToDescribe are the pairs of DescribeKeyPairs: those of the name, or the pattern, that is asked for, or else any.
func pairsToDescribe(c *rpc.Call) []string {
	name, _ := c.Params.Get("KeyPairName")
	return []string{cmp.Or(name, "*")}
}
