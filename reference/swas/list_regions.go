package swas

import (
	"context"
	"slices"

	"github.com/kpspec/kpspec/reference/operation"
	names "github.com/kpspec/kpspec/reference/regions"
)

// listRegions lists the regions of the world, in its order.
func (s *Service) listRegions() *operation.Operation {
	return &operation.Operation{
		Action: "ListRegions", // needs no permission
		Checks: []operation.Step{{Name: "language", Run: language}},
		Answer: s.regionList,
	}
}

// languages are the values of AcceptLanguage.
var languages = []string{"zh-CN", "en-US"}

type listRegionsAnswer struct {
	Regions []region `json:"Regions" xml:"Regions"`
}

type region struct {
	RegionID       string `json:"RegionId" xml:"RegionId"`
	RegionEndpoint string `json:"RegionEndpoint" xml:"RegionEndpoint"`
	LocalName      string `json:"LocalName" xml:"LocalName"`
}

// regionList gives every region the endpoint that the server was called at: a client that follows one must not end up at
// the real service.
func (s *Service) regionList(c *operation.Call) any {
	in := names.Chinese
	if c.Text("AcceptLanguage") == "en-US" {
		in = names.English
	}
	answer := &listRegionsAnswer{Regions: make([]region, 0, len(s.Regions))}
	for _, id := range s.Regions {
		answer.Regions = append(answer.Regions, region{RegionID: id, RegionEndpoint: c.Host, LocalName: names.Name(id, in)})
	}
	return answer
}

func language(_ context.Context, c *operation.Call) error {
	if text := c.Text("AcceptLanguage"); text != "" && !slices.Contains(languages, text) {
		return ErrLanguage
	}
	return nil
}
