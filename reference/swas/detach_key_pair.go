package swas

import "context"

// detachKeyPair frees servers from a pair.
var detachKeyPair = operation{
	action: "DetachKeyPair",
	checks: []step{
		required("RegionId", "KeyPairName"),
		serversStep,
		tokenStep,
		regionStep,
		nameStep,
	},
	effects: []step{
		knownStep,
		{"unbind", (*Service).unbind},
	},
	same:   pairAndServers,
	answer: (*Service).results,
}

func (s *Service) unbind(_ context.Context, c *call) error {
	others, err := s.store.Unbind(c.scope, c.pair.Name, c.left()...)
	for _, id := range others {
		s.fail(c, id, ErrNotBound)
	}
	return err
}
