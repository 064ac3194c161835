package swas

import (
	"context"
	"strings"

	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/operation"
)

// listKeyPairs lists the caller's pairs in a region, oldest first, and what they are bound to.
func (s *Service) listKeyPairs() *operation.Operation {
	const action = "ListKeyPairs"
	return &operation.Operation{
		Action:     action,
		Permission: permission(action, nil),
		Checks: []operation.Step{
			operation.Required("RegionId"),
			s.token(),
			s.region(),
			s.paging(),
			{Name: "filter", Run: chooseByName},
		},
		Effects: []operation.Step{operation.Find(s.Store)},
		Answer:  s.listed,
	}
}

// creationTime is ISO 8601 in UTC, to the minute.
const creationTime = "2006-01-02T15:04Z"

type listKeyPairsAnswer struct {
	TotalCount int       `json:"TotalCount" xml:"TotalCount"`
	PageNumber int       `json:"PageNumber" xml:"PageNumber"`
	PageSize   int       `json:"PageSize" xml:"PageSize"`
	KeyPairs   []keyPair `json:"KeyPairs" xml:"KeyPairs"`
}

type keyPair struct {
	KeyPairName  string   `json:"KeyPairName" xml:"KeyPairName"`
	PublicKey    string   `json:"PublicKey" xml:"PublicKey"`
	CreationTime string   `json:"CreationTime" xml:"CreationTime"`
	InstanceIds  []string `json:"InstanceIds" xml:"InstanceIds"`
}

func (s *Service) listed(c *operation.Call) any {
	answer := &listKeyPairsAnswer{
		TotalCount: c.Page.Total, PageNumber: c.Page.Number, PageSize: c.Page.Size,
		KeyPairs: make([]keyPair, 0, len(c.Pairs)),
	}
	for _, p := range c.Pairs {
		servers := p.Servers[:min(len(p.Servers), s.Rules.ServersMax)]
		answer.KeyPairs = append(answer.KeyPairs, keyPair{
			KeyPairName: p.Name, PublicKey: p.PublicKey, CreationTime: p.Created.UTC().Format(creationTime),
			InstanceIds: append([]string{}, servers...),
		})
	}
	return answer
}

func chooseByName(_ context.Context, c *operation.Call) error {
	name := c.Text("KeyPairName")
	if strings.Contains(name, "*") { // which stands for more than itself in a filter, and in no name
		return nil
	}
	c.Filter = &keypair.Filter{Name: keypair.Pattern(name)}
	return nil
}
