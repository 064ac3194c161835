package swas

import (
	"context"

	"github.com/kpspec/kpspec/reference/operation"
)

// deleteKeyPairs removes pairs by name, all of them or, when one is bound to a server, none.
func (s *Service) deleteKeyPairs() *operation.Operation {
	const action = "DeleteKeyPairs"
	return &operation.Operation{
		Action:     action,
		Permission: permission(action, nil),
		Checks: []operation.Step{
			operation.Required("RegionId"),
			{Name: "names", Run: s.namesToDelete},
			s.token(),
			s.region(),
		},
		Effects: []operation.Step{operation.Delete(s.Store)},
		Same:    func(c *operation.Call) []string { return append([]string{c.Scope.Region}, c.Names...) },
		Answer:  func(*operation.Call) any { return &deleteKeyPairsAnswer{} },
	}
}

// deleteKeyPairsAnswer has no member of its own.
type deleteKeyPairsAnswer struct{}

func (s *Service) namesToDelete(_ context.Context, c *operation.Call) (err error) {
	c.Names, err = texts(c, "KeyPairNames", s.Rules.DeleteMax)
	return err
}
