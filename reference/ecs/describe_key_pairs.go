package ecs

import (
	"context"
	"math"
	"strconv"
	"strings"

	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/refusal"
)

// describeKeyPairs lists the caller's pairs in a region, oldest first.
var describeKeyPairs = operation{
	action: "DescribeKeyPairs",
	on:     pairsToDescribe,
	steps: []step{
		required("RegionId"),
		regionStep,
		{"paging", (*Service).paging},
		{"public keys", (*Service).includePublicKey},
		{"filter", (*Service).chooseBy},
		{"tag filter", (*Service).chooseByTags},
		{"find", (*Service).find},
	},
	answer: (*Service).described,
}

// list is what DescribeKeyPairs is asked for, and what it found.
type list struct {
	number, size int  // which page, counted from 1, and how many pairs it has
	public       bool // whether to show public keys
	filter       keypair.Filter
	nothing      bool // the filter can choose nothing

	found []keypair.Pair
	total int
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

func (s *Service) described(c *call) any {
	answer := &describeKeyPairsAnswer{
		TotalCount: c.list.total, PageNumber: c.list.number, PageSize: c.list.size,
		KeyPairs: keyPairs{KeyPair: make([]keyPair, 0, len(c.list.found))},
	}
	for _, p := range c.list.found {
		answer.KeyPairs.KeyPair = append(answer.KeyPairs.KeyPair, s.element(p, c.list.public))
	}
	return answer
}

func (s *Service) element(p keypair.Pair, public bool) keyPair {
	e := keyPair{
		KeyPairName:        p.Name,
		KeyPairFingerPrint: s.print(p.Fingerprint),
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

func (s *Service) paging(_ context.Context, c *call) (err error) {
	if c.list.number, err = c.number("PageNumber", 1, math.MaxInt32); err != nil {
		return err
	}
	c.list.size, err = c.number("PageSize", s.rules.PageSize, s.rules.PageSizeMax)
	return err
}

// number reads a parameter that is a number from 1 to greatest, or returns usual when it is not there.
func (c *call) number(name string, usual, greatest int) (int, error) {
	text := c.text(name)
	if text == "" {
		return usual, nil
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil || n < 1 || n > uint64(greatest) { // #nosec G115 -- greatest is positive
		return 0, refusal.About(name, ErrInvalid)
	}
	return int(n), nil
}

func (s *Service) includePublicKey(_ context.Context, c *call) error {
	switch strings.ToLower(c.text("IncludePublicKey")) {
	case "true":
		c.list.public = true
	case "false", "":
	default:
		return refusal.About("IncludePublicKey", ErrInvalid)
	}
	return nil
}

func (s *Service) chooseBy(_ context.Context, c *call) error {
	c.list.filter.Name = keypair.Pattern(c.text("KeyPairName"))
	c.list.filter.ResourceGroup = c.text("ResourceGroupId")
	if text := c.text("KeyPairFingerPrint"); text != "" {
		fingerprint, ok := keypair.ParseFingerprint(text)
		c.list.filter.Fingerprint, c.list.nothing = &fingerprint, !ok
	}
	return nil
}

func (s *Service) chooseByTags(_ context.Context, c *call) error {
	for _, item := range c.Params.Objects("Tag") {
		key, hasKey := item.Fields["Key"]
		value, hasValue := item.Fields["Value"]
		if !hasKey && !hasValue {
			continue
		}
		if key == "" {
			return keypair.ErrTagKey
		}
		c.list.filter.Tags = append(c.list.filter.Tags, keypair.TagFilter{Key: key, Value: value, AnyValue: !hasValue})
	}
	if len(c.list.filter.Tags) > s.rules.Tags.Max {
		return keypair.ErrTagCount
	}
	return nil
}

func (s *Service) find(_ context.Context, c *call) error {
	if c.list.nothing {
		return nil
	}
	offset := int(min(int64(c.list.number-1)*int64(c.list.size), math.MaxInt32))
	c.list.found, c.list.total = s.store.Find(c.scope, c.list.filter, offset, c.list.size)
	return nil
}
