package ecs

import (
	"context"
	"fmt"
	"slices"

	"github.com/kpspec/kpspec/reference/rpc"
)

// deleteKeyPairs removes pairs by name. Names that no pair has are passed over.
var deleteKeyPairs = operation{
	action: "DeleteKeyPairs",
	on:     pairsToDelete,
	steps: []step{
		required("RegionId", "KeyPairNames"),
		regionStep,
		{"names", (*Service).namesToDelete},
		{"delete", (*Service).remove},
	},
	answer: (*Service).deleted,
}

// deleteKeyPairsAnswer has no member of its own.
type deleteKeyPairsAnswer struct{}

func (s *Service) deleted(*call) any { return &deleteKeyPairsAnswer{} }

func (s *Service) namesToDelete(_ context.Context, c *call) error {
	names, err := rpc.StringArray(c.text("KeyPairNames"))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNames, err)
	}
	if len(names) == 0 || slices.Contains(names, "") {
		return fmt.Errorf("%w: a name is empty, or there is none", ErrNames)
	}
	if len(names) > s.rules.DeleteMax {
		return fmt.Errorf("%w: %d, allowed are %d", ErrTooManyNames, len(names), s.rules.DeleteMax)
	}
	c.names = names
	return nil
}

func (s *Service) remove(_ context.Context, c *call) error {
	return s.store.Delete(c.scope, c.names...)
}
