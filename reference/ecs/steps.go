package ecs

import (
	"context"
	"fmt"
	"slices"

	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/refusal"
	"github.com/kpspec/kpspec/reference/rpc"
)

// operation is an API operation: the steps that a call is led through, and the answer to a call that passed them all.
type operation struct {
	action string
	on     func(*Service, *rpc.Call) []string // the pairs that the caller needs permission for, by name; nil: none is needed
	steps  []step
	answer func(*Service, *call) any // a pointer to a struct, as the gateway wants it
}

// step is one thing that an operation does. Its error is a sentinel that [Rules.Errors] has a row for, wrapped or not.
type step struct {
	name string
	run  func(*Service, context.Context, *call) error
}

// call is a call on its way through the steps, with what they found out so far.
type call struct {
	*rpc.Call
	scope   keypair.Scope
	pair    keypair.Pair // ImportKeyPair and CreateKeyPair: what is to be stored
	private string       // CreateKeyPair: the private key
	list    list         // DescribeKeyPairs
	names   []string     // DeleteKeyPairs: what is to be deleted
}

// text returns the value of a parameter; one that is empty and one that was not sent are the same.
func (c *call) text(name string) string {
	value, _ := c.Params.Get(name)
	return value
}

// required refuses a call without one of the parameters; the first that is missing is named.
func required(names ...string) step {
	return step{"required parameters", func(_ *Service, _ context.Context, c *call) error {
		for _, name := range names {
			if c.text(name) == "" {
				return refusal.About(name, ErrMissing)
			}
		}
		return nil
	}}
}

// The steps that several operations share.
var (
	regionStep = step{"region", (*Service).region}
	nameStep   = step{"name", (*Service).name}
	tagsStep   = step{"tags", (*Service).tags}
	groupStep  = step{"resource group", (*Service).resourceGroup}
	storeStep  = step{"store", (*Service).add}
)

func (s *Service) region(_ context.Context, c *call) error {
	i := slices.Index(s.regions, c.text("RegionId"))
	if i < 0 {
		return ErrRegion
	}
	c.scope = keypair.Scope{Account: c.Identity.AccountID, Region: s.regions[i]}
	return nil
}

func (s *Service) name(_ context.Context, c *call) error {
	c.pair.Name = c.text("KeyPairName")
	return s.rules.Names.Check(c.pair.Name)
}

func (s *Service) tags(_ context.Context, c *call) error {
	for _, item := range c.Params.Objects("Tag") {
		key, hasKey := item.Fields["Key"]
		value, hasValue := item.Fields["Value"]
		switch {
		case !hasKey && !hasValue: // some other parameter, which is ignored
			continue
		case item.N < 1:
			return fmt.Errorf("%w: tags are counted from 1", keypair.ErrTagKey)
		case item.N > s.rules.Tags.Max:
			return fmt.Errorf("%w: there is a tag %d", keypair.ErrTagCount, item.N)
		}
		c.pair.Tags = append(c.pair.Tags, keypair.Tag{Key: key, Value: value})
	}
	return s.rules.Tags.Check(c.pair.Tags)
}

func (s *Service) resourceGroup(_ context.Context, c *call) error {
	groups := s.groups[c.Identity.AccountID]
	wanted := c.text("ResourceGroupId")
	if wanted == "" && len(groups) > 0 {
		c.pair.ResourceGroup = groups[0]
		return nil
	}
	i := slices.Index(groups, wanted)
	if i < 0 {
		return ErrResourceGroup
	}
	c.pair.ResourceGroup = groups[i]
	return nil
}

func (s *Service) add(_ context.Context, c *call) error {
	c.pair.Created = c.Time
	return s.store.Add(c.scope, c.pair)
}
