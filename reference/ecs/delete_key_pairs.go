package ecs

import (
	"context"
	"fmt"
	"slices"

	"github.com/kpspec/kpspec/reference/operation"
	"github.com/kpspec/kpspec/reference/rpc"
)

// deleteKeyPairs removes pairs by name. Names that no pair has are passed over.
func (s *Service) deleteKeyPairs() *operation.Operation {
	const action = "DeleteKeyPairs"
	return &operation.Operation{
		Action:     action,
		Permission: permission(action, pairsToDelete),
		Checks: []operation.Step{
			operation.Required("RegionId", "KeyPairNames"),
			s.region(),
			{Name: "names", Run: s.namesToDelete},
		},
		Effects: []operation.Step{operation.Delete(s.Store)},
		Answer:  func(*operation.Call) any { return &deleteKeyPairsAnswer{} },
	}
}

// deleteKeyPairsAnswer has no member of its own.
type deleteKeyPairsAnswer struct{}

func (s *Service) namesToDelete(_ context.Context, c *operation.Call) error {
	names, err := rpc.StringArray(c.Text("KeyPairNames"))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNames, err)
	}
	switch {
	case len(names) == 0, slices.Contains(names, ""):
		return fmt.Errorf("%w: a name is empty, or there is none", ErrNames)
	case len(names) > s.Rules.DeleteMax:
		return fmt.Errorf("%w: %d, allowed are %d", ErrTooManyNames, len(names), s.Rules.DeleteMax)
	}
	c.Names = names
	return nil
}
