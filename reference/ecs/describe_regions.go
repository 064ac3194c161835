package ecs

import (
	"context"
	"slices"

	"github.com/kpspec/kpspec/reference/operation"
	names "github.com/kpspec/kpspec/reference/regions"
)

// describeRegions lists the regions of the world, in its order. What may be filtered by is checked, and changes nothing:
// a region has everything.
func (s *Service) describeRegions() *operation.Operation {
	return &operation.Operation{
		Action: "DescribeRegions",
		Checks: []operation.Step{
			oneOf("InstanceChargeType", ErrChargeType, "PrePaid", "PostPaid", "SpotWithPriceLimit", "SpotAsPriceGo"),
			oneOf("ResourceType", ErrResourceType, "instance", "disk", "reservedinstance", "scu"),
			oneOf("AcceptLanguage", ErrAcceptLanguage, "zh-CN", "zh-TW", "en-US", "ja", "fr", "de", "ko"),
		},
		Answer: s.regionList,
	}
}

type describeRegionsAnswer struct {
	Regions regions `json:"Regions" xml:"Regions"`
}

type regions struct {
	Region []region `json:"Region" xml:"Region"`
}

type region struct {
	RegionID       string `json:"RegionId" xml:"RegionId"`
	RegionEndpoint string `json:"RegionEndpoint" xml:"RegionEndpoint"`
	LocalName      string `json:"LocalName" xml:"LocalName"`
	Status         string `json:"Status" xml:"Status"`
}

func (s *Service) regionList(c *operation.Call) any {
	language := names.Chinese // the usual language; of the others, which have no names here, English
	if l := c.Text("AcceptLanguage"); l != "" && l != "zh-CN" && l != "zh-TW" {
		language = names.English
	}
	answer := &describeRegionsAnswer{Regions: regions{Region: make([]region, 0, len(s.Regions))}}
	for _, id := range s.Regions {
		answer.Regions.Region = append(answer.Regions.Region, region{
			RegionID: id, RegionEndpoint: c.Host, LocalName: names.Name(id, language), Status: "available",
		})
	}
	return answer
}

// oneOf refuses a call whose parameter has a value other than these. The parameter is optional.
func oneOf(parameter string, refusal error, values ...string) operation.Step {
	return operation.Step{Name: parameter, Run: func(_ context.Context, c *operation.Call) error {
		if text := c.Text(parameter); text != "" && !slices.Contains(values, text) {
			return refusal
		}
		return nil
	}}
}
