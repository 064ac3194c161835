package ecs

import (
	"context"
	"slices"
)

// describeRegions lists the regions of the world, in its order. What may be filtered by is checked, and changes nothing:
// a region has everything.
var describeRegions = operation{
	action: "DescribeRegions",
	steps: []step{
		oneOf("InstanceChargeType", ErrChargeType, "PrePaid", "PostPaid", "SpotWithPriceLimit", "SpotAsPriceGo"),
		oneOf("ResourceType", ErrResourceType, "instance", "disk", "reservedinstance", "scu"),
		oneOf("AcceptLanguage", ErrAcceptLanguage, "zh-CN", "zh-TW", "en-US", "ja", "fr", "de", "ko"),
	},
	answer: (*Service).regionList,
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

// localNames are the regions' names in Chinese, the usual language, and English, which every other gets. A region
// without a name goes by its id.
var localNames = map[string][2]string{
	"cn-beijing":     {"华北2（北京）", "China (Beijing)"},
	"cn-hangzhou":    {"华东1（杭州）", "China (Hangzhou)"},
	"cn-shanghai":    {"华东2（上海）", "China (Shanghai)"},
	"cn-shenzhen":    {"华南1（深圳）", "China (Shenzhen)"},
	"cn-hongkong":    {"中国香港", "China (Hong Kong)"},
	"ap-southeast-1": {"新加坡", "Singapore"},
	"us-west-1":      {"美国（硅谷）", "US (Silicon Valley)"},
	"eu-central-1":   {"德国（法兰克福）", "Germany (Frankfurt)"},
}

func (s *Service) regionList(c *call) any {
	language := 0
	if l := c.text("AcceptLanguage"); l != "" && l != "zh-CN" && l != "zh-TW" {
		language = 1
	}
	answer := &describeRegionsAnswer{Regions: regions{Region: make([]region, 0, len(s.regions))}}
	for _, id := range s.regions {
		name := localNames[id][language]
		if name == "" {
			name = id
		}
		answer.Regions.Region = append(answer.Regions.Region, region{
			RegionID: id, RegionEndpoint: c.Host, LocalName: name, Status: "available",
		})
	}
	return answer
}

// oneOf refuses a call whose parameter has a value other than these. The parameter is optional.
func oneOf(parameter string, refusal error, values ...string) step {
	return step{parameter, func(_ *Service, _ context.Context, c *call) error {
		if text := c.text(parameter); text != "" && !slices.Contains(values, text) {
			return refusal
		}
		return nil
	}}
}
