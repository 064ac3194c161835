package swas

import (
	"context"
	"slices"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/reference/operation"
	"github.com/kpspec/kpspec/reference/refusal"
	"github.com/kpspec/kpspec/reference/rpc"
)

// listInstances lists the caller's servers in a region, as far as it matters to key pairs.
func (s *Service) listInstances() *operation.Operation {
	const action = "ListInstances"
	return &operation.Operation{
		Action:     action,
		Permission: permission(action, nil),
		Checks: []operation.Step{
			operation.Required("RegionId"),
			s.region(),
			s.paging(),
			{Name: "ids", Run: s.idsToList},
		},
		Effects: []operation.Step{{Name: "find", Run: s.findInstances}},
		Answer:  instances,
	}
}

type listInstancesAnswer struct {
	TotalCount int        `json:"TotalCount" xml:"TotalCount"`
	PageNumber int        `json:"PageNumber" xml:"PageNumber"`
	PageSize   int        `json:"PageSize" xml:"PageSize"`
	Instances  []instance `json:"Instances" xml:"Instances"`
}

type instance struct {
	InstanceID string `json:"InstanceId" xml:"InstanceId"`
	RegionID   string `json:"RegionId" xml:"RegionId"`
	Status     string `json:"Status" xml:"Status"`
	Image      image  `json:"Image" xml:"Image"`
}

type image struct {
	OsType string `json:"OsType" xml:"OsType"`
}

func instances(c *operation.Call) any {
	answer := &listInstancesAnswer{
		TotalCount: c.Page.Total, PageNumber: c.Page.Number, PageSize: c.Page.Size, Instances: make([]instance, 0, len(c.Listed)),
	}
	for _, server := range c.Listed {
		answer.Instances = append(answer.Instances, instance{
			InstanceID: server.ID, RegionID: server.Region, Status: server.Status, Image: image{OsType: server.OS},
		})
	}
	return answer
}

// idsToList reads the filter by ids, which is a JSON array in this operation.
func (s *Service) idsToList(_ context.Context, c *operation.Call) error {
	text := c.Text("InstanceIds")
	if text == "" {
		return nil
	}
	ids, err := rpc.StringArray(text)
	if err != nil {
		return refusal.About("InstanceIds", operation.ErrInvalid)
	}
	if len(ids) > s.Rules.ListMax {
		return refusal.About("InstanceIds", ErrTooMany)
	}
	c.Servers = ids
	return nil
}

func (s *Service) findInstances(_ context.Context, c *operation.Call) error {
	found := s.servers[c.Scope]
	if c.Servers != nil {
		found = slices.DeleteFunc(slices.Clone(found), func(server world.Server) bool { return !slices.Contains(c.Servers, server.ID) })
	}
	c.Page.Total = len(found)
	found = found[min(c.Page.Offset(), len(found)):]
	c.Listed = found[:min(c.Page.Size, len(found))]
	return nil
}
