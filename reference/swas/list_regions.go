package swas

import (
	"context"
	"slices"

	names "github.com/kpspec/kpspec/reference/regions"
)

// listRegions lists the regions of the world, in its order.
var listRegions = operation{
	action: "ListRegions",
	open:   true,
	checks: []step{
		{"language", (*Service).language},
	},
	answer: (*Service).regionList,
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
func (s *Service) regionList(c *call) any {
	language := names.Chinese
	if c.text("AcceptLanguage") == "en-US" {
		language = names.English
	}
	answer := &listRegionsAnswer{Regions: make([]region, 0, len(s.regions))}
	for _, id := range s.regions {
		answer.Regions = append(answer.Regions, region{RegionID: id, RegionEndpoint: c.Host, LocalName: names.Name(id, language)})
	}
	return answer
}

func (s *Service) language(_ context.Context, c *call) error {
	if text := c.text("AcceptLanguage"); text != "" && !slices.Contains(languages, text) {
		return ErrLanguage
	}
	return nil
}
