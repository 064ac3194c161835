package swas

import (
	"context"

	"github.com/kpspec/kpspec/reference/operation"
)

// detachKeyPair frees servers from a pair.
func (s *Service) detachKeyPair() *operation.Operation {
	const action = "DetachKeyPair"
	return &operation.Operation{
		Action:     action,
		Permission: permission(action, nil),
		Checks: []operation.Step{
			operation.Required("RegionId", "KeyPairName"),
			s.serversOfCall(),
			s.token(),
			s.region(),
			s.name(),
		},
		Effects: []operation.Step{
			s.knownServers(),
			{Name: "unbind", Run: s.unbind},
		},
		Same:   pairAndServers,
		Answer: results,
	}
}

func (s *Service) unbind(_ context.Context, c *operation.Call) error {
	others, err := s.Store.Unbind(c.Scope, c.Pair.Name, Left(c)...)
	for _, id := range others {
		s.fail(c, id, ErrNotBound)
	}
	return err
}
