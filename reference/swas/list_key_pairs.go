package swas

import (
	"context"
	"strings"

	"github.com/kpspec/kpspec/reference/keypair"
)

// listKeyPairs lists the caller's pairs in a region, oldest first, and what they are bound to.
var listKeyPairs = operation{
	action: "ListKeyPairs",
	checks: []step{
		required("RegionId"),
		tokenStep,
		regionStep,
		pagingStep,
	},
	effects: []step{
		{"find", (*Service).findPairs},
	},
	answer: (*Service).listed,
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

func (s *Service) listed(c *call) any {
	answer := &listKeyPairsAnswer{
		TotalCount: c.page.total, PageNumber: c.page.number, PageSize: c.page.size,
		KeyPairs: make([]keyPair, 0, len(c.pairs)),
	}
	for _, p := range c.pairs {
		servers := p.Servers[:min(len(p.Servers), s.rules.ServersMax)]
		answer.KeyPairs = append(answer.KeyPairs, keyPair{
			KeyPairName: p.Name, PublicKey: p.PublicKey, CreationTime: p.Created.UTC().Format(creationTime),
			InstanceIds: append([]string{}, servers...),
		})
	}
	return answer
}

func (s *Service) findPairs(_ context.Context, c *call) error {
	name := c.text("KeyPairName")
	if strings.Contains(name, "*") { // which stands for more than itself in a filter, and in no name
		return nil
	}
	c.pairs, c.page.total = s.store.Find(c.scope, keypair.Filter{Name: keypair.Pattern(name)}, c.page.offset(), c.page.size)
	return nil
}
