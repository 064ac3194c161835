package swas

import "context"

// deleteKeyPairs removes pairs by name, all of them or, when one is bound to a server, none.
var deleteKeyPairs = operation{
	action: "DeleteKeyPairs",
	checks: []step{
		required("RegionId"),
		{"names", (*Service).namesToDelete},
		tokenStep,
		regionStep,
	},
	effects: []step{
		{"delete", (*Service).remove},
	},
	same:   func(c *call) []string { return append([]string{c.scope.Region}, c.names...) },
	answer: (*Service).deleted,
}

// deleteKeyPairsAnswer has no member of its own.
type deleteKeyPairsAnswer struct{}

func (s *Service) deleted(*call) any { return &deleteKeyPairsAnswer{} }

func (s *Service) namesToDelete(_ context.Context, c *call) (err error) {
	c.names, err = c.strings("KeyPairNames", s.rules.DeleteMax)
	return err
}

func (s *Service) remove(_ context.Context, c *call) error {
	return s.store.Delete(c.scope, c.names...)
}
