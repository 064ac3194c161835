package swas

import (
	"context"
	"slices"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/reference/refusal"
	"github.com/kpspec/kpspec/reference/rpc"
)

// listInstances lists the caller's servers in a region, as far as it matters to key pairs.
var listInstances = operation{
	action: "ListInstances",
	checks: []step{
		required("RegionId"),
		regionStep,
		pagingStep,
		{"ids", (*Service).idsToList},
	},
	effects: []step{
		{"find", (*Service).findInstances},
	},
	answer: (*Service).instances,
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

func (s *Service) instances(c *call) any {
	return &listInstancesAnswer{
		TotalCount: c.page.total, PageNumber: c.page.number, PageSize: c.page.size, Instances: c.list,
	}
}

// idsToList reads the filter by ids, which is a JSON array in this operation.
func (s *Service) idsToList(_ context.Context, c *call) error {
	text := c.text("InstanceIds")
	if text == "" {
		return nil
	}
	ids, err := rpc.StringArray(text)
	if err != nil {
		return refusal.About("InstanceIds", ErrInvalid)
	}
	if len(ids) > s.rules.ListMax {
		return refusal.About("InstanceIds", ErrTooMany)
	}
	c.servers = ids
	return nil
}

func (s *Service) findInstances(_ context.Context, c *call) error {
	found := s.servers[c.scope]
	if c.servers != nil {
		found = slices.DeleteFunc(slices.Clone(found), func(server world.Server) bool { return !slices.Contains(c.servers, server.ID) })
	}
	c.page.total = len(found)
	found = found[min(c.page.offset(), len(found)):]
	c.list = make([]instance, 0, c.page.size)
	for _, server := range found[:min(c.page.size, len(found))] {
		c.list = append(c.list, instance{
			InstanceID: server.ID, RegionID: server.Region, Status: server.Status, Image: image{OsType: server.OS},
		})
	}
	return nil
}
