package ecs

import (
	"context"
	"strings"

	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/operation"
	"github.com/kpspec/kpspec/reference/refusal"
)

// describeKeyPairs lists the caller's pairs in a region, oldest first.
func (s *Service) describeKeyPairs() *operation.Operation {
	const action = "DescribeKeyPairs"
	return &operation.Operation{
		Action:     action,
		Permission: permission(action, pairsToDescribe),
		Checks: []operation.Step{
			operation.Required("RegionId"),
			s.region(),
			{Name: "paging", Run: func(_ context.Context, c *operation.Call) error {
				return c.ReadPage(s.Rules.PageSize, s.Rules.PageSizeMax)
			}},
			{Name: "public keys", Run: includePublicKey},
			{Name: "filter", Run: chooseBy},
			{Name: "tag filter", Run: s.chooseByTags},
			{Name: "fingerprint filter", Run: chooseByFingerprint},
		},
		Effects: []operation.Step{operation.Find(s.Store)},
		Answer:  s.described,
	}
}

// creationTime is ISO 8601 in UTC, to the minute.
const creationTime = "2006-01-02T15:04Z"

type describeKeyPairsAnswer struct {
	TotalCount int      `json:"TotalCount" xml:"TotalCount"`
	PageNumber int      `json:"PageNumber" xml:"PageNumber"`
	PageSize   int      `json:"PageSize" xml:"PageSize"`
	KeyPairs   keyPairs `json:"KeyPairs" xml:"KeyPairs"`
}

type keyPairs struct {
	KeyPair []keyPair `json:"KeyPair" xml:"KeyPair"`
}

type keyPair struct {
	KeyPairName        string `json:"KeyPairName" xml:"KeyPairName"`
	KeyPairFingerPrint string `json:"KeyPairFingerPrint" xml:"KeyPairFingerPrint"`
	CreationTime       string `json:"CreationTime" xml:"CreationTime"`
	ResourceGroupID    string `json:"ResourceGroupId" xml:"ResourceGroupId"`
	PublicKey          string `json:"PublicKey,omitempty" xml:"PublicKey,omitempty"`
	Tags               tags   `json:"Tags" xml:"Tags"` // there without tags too: a client relies on it
}

type tags struct {
	Tag []tag `json:"Tag" xml:"Tag"`
}

type tag struct {
	TagKey   string `json:"TagKey" xml:"TagKey"`
	TagValue string `json:"TagValue" xml:"TagValue"`
}

func (s *Service) described(c *operation.Call) any {
	answer := &describeKeyPairsAnswer{
		TotalCount: c.Page.Total, PageNumber: c.Page.Number, PageSize: c.Page.Size,
		KeyPairs: keyPairs{KeyPair: make([]keyPair, 0, len(c.Pairs))},
	}
	for _, p := range c.Pairs {
		answer.KeyPairs.KeyPair = append(answer.KeyPairs.KeyPair, s.element(p, c.Public))
	}
	return answer
}

func (s *Service) element(p keypair.Pair, public bool) keyPair {
	e := keyPair{
		KeyPairName:        p.Name,
		KeyPairFingerPrint: s.Print(p.Fingerprint),
		CreationTime:       p.Created.UTC().Format(creationTime),
		ResourceGroupID:    p.ResourceGroup,
		Tags:               tags{Tag: make([]tag, 0, len(p.Tags))},
	}
	for _, t := range p.Tags {
		e.Tags.Tag = append(e.Tags.Tag, tag{TagKey: t.Key, TagValue: t.Value})
	}
	if public {
		e.PublicKey = p.PublicKey
	}
	return e
}

func includePublicKey(_ context.Context, c *operation.Call) error {
	switch strings.ToLower(c.Text("IncludePublicKey")) {
	case "true":
		c.Public = true
	case "false", "":
	default:
		return refusal.About("IncludePublicKey", operation.ErrInvalid)
	}
	return nil
}

func chooseBy(_ context.Context, c *operation.Call) error {
	c.Filter = &keypair.Filter{Name: keypair.Pattern(c.Text("KeyPairName")), ResourceGroup: c.Text("ResourceGroupId")}
	return nil
}

func chooseByFingerprint(_ context.Context, c *operation.Call) error {
	text := c.Text("KeyPairFingerPrint")
	if text == "" {
		return nil
	}
	fingerprint, ok := keypair.ParseFingerprint(text)
	if !ok {
		c.Filter = nil // what is no fingerprint is no pair's
		return nil
	}
	c.Filter.Fingerprint = &fingerprint
	return nil
}

func (s *Service) chooseByTags(_ context.Context, c *operation.Call) error {
	for _, item := range c.Params.Objects("Tag") {
		key, hasKey := item.Fields["Key"]
		value, hasValue := item.Fields["Value"]
		if !hasKey && !hasValue {
			continue
		}
		if key == "" {
			return keypair.ErrTagKey
		}
		c.Filter.Tags = append(c.Filter.Tags, keypair.TagFilter{Key: key, Value: value, AnyValue: !hasValue})
	}
	if len(c.Filter.Tags) > s.Rules.Tags.Max {
		return keypair.ErrTagCount
	}
	return nil
}
