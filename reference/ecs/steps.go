package ecs

import (
	"context"
	"fmt"
	"slices"

	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/operation"
)

// The steps that several operations share.

func (s *Service) region() operation.Step { return operation.Region(s.Regions) }
func (s *Service) name() operation.Step   { return operation.Name(&s.Rules.Names) }
func (s *Service) tags() operation.Step   { return operation.Step{Name: "tags", Run: s.readTags} }
func (s *Service) group() operation.Step {
	return operation.Step{Name: "resource group", Run: s.chooseGroup}
}

func (s *Service) readTags(_ context.Context, c *operation.Call) error {
	for _, item := range c.Params.Objects("Tag") {
		key, hasKey := item.Fields["Key"]
		value, hasValue := item.Fields["Value"]
		switch {
		case !hasKey && !hasValue: // some other parameter, which is ignored
			continue
		case item.N < 1:
			return fmt.Errorf("%w: tags are counted from 1", keypair.ErrTagKey)
		case item.N > s.Rules.Tags.Max:
			return fmt.Errorf("%w: there is a tag %d", keypair.ErrTagCount, item.N)
		}
		c.Pair.Tags = append(c.Pair.Tags, keypair.Tag{Key: key, Value: value})
	}
	return s.Rules.Tags.Check(c.Pair.Tags)
}

func (s *Service) chooseGroup(_ context.Context, c *operation.Call) error {
	groups := s.groups[c.Identity.AccountID]
	wanted := c.Text("ResourceGroupId")
	if wanted == "" {
		c.Pair.ResourceGroup = groups[0]
		return nil
	}
	i := slices.Index(groups, wanted)
	if i < 0 {
		return ErrResourceGroup
	}
	c.Pair.ResourceGroup = groups[i]
	return nil
}
