package swas

import (
	"context"

	"github.com/kpspec/kpspec/reference/operation"
	"github.com/kpspec/kpspec/reference/ram"
	"github.com/kpspec/kpspec/reference/rpc"
)

// describeInstanceKeyPair tells which pair is bound to a server.
func (s *Service) describeInstanceKeyPair() *operation.Operation {
	const action = "DescribeInstanceKeyPair"
	return &operation.Operation{
		Action:     action,
		Permission: permission(action, oneServer),
		Checks: []operation.Step{
			operation.Required("RegionId", "InstanceId"),
			s.token(),
			s.region(),
		},
		Effects: []operation.Step{{Name: "bound pair", Run: s.boundPair}},
		Answer:  describedInstance,
	}
}

// oneServer is the server that a call names, whether there is such a server or not.
func oneServer(c *rpc.Call) ram.Resource {
	region, _ := c.Params.Get("RegionId")
	id, _ := c.Params.Get("InstanceId")
	return ram.Resource{Service: ramCode, Region: region, Account: c.Identity.AccountID, ID: "instance/" + id}
}

type describeInstanceKeyPairAnswer struct {
	KeyPairName string `json:"KeyPairName" xml:"KeyPairName"`
	Fingerprint string `json:"Fingerprint" xml:"Fingerprint"`
}

func describedInstance(c *operation.Call) any {
	answer := &describeInstanceKeyPairAnswer{}
	for _, bound := range c.Pairs { // at most one
		answer.KeyPairName, answer.Fingerprint = bound.Name, bound.Fingerprint.Colons()
	}
	return answer
}

func (s *Service) boundPair(_ context.Context, c *operation.Call) error {
	id := c.Text("InstanceId")
	if _, known := s.server(c, id); !known {
		return ErrServer
	}
	if bound, is := s.Store.Of(c.Scope, id); is {
		c.Pairs = append(c.Pairs, bound)
	}
	return nil
}
