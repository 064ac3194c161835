package swas

import (
	"context"

	"github.com/kpspec/kpspec/reference/ram"
	"github.com/kpspec/kpspec/reference/rpc"
)

// describeInstanceKeyPair tells which pair is bound to a server.
var describeInstanceKeyPair = operation{
	action: "DescribeInstanceKeyPair",
	on:     oneServer,
	checks: []step{
		required("RegionId", "InstanceId"),
		tokenStep,
		regionStep,
	},
	effects: []step{
		{"bound pair", (*Service).boundPair},
	},
	answer: (*Service).described,
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

func (s *Service) described(c *call) any {
	answer := &describeInstanceKeyPairAnswer{KeyPairName: c.pair.Name}
	if c.pair.Name != "" {
		answer.Fingerprint = c.pair.Fingerprint.Colons()
	}
	return answer
}

func (s *Service) boundPair(_ context.Context, c *call) error {
	id := c.text("InstanceId")
	if _, known := s.server[serverKey{c.scope, id}]; !known {
		return ErrServer
	}
	c.pair, _ = s.store.Of(c.scope, id)
	return nil
}
