package swas

import (
	"strings"

	"github.com/kpspec/kpspec/reference/operation"
)

// createKeyPair makes a pair, stores its public half and hands out the private one, here and never again but to the same
// call with the same token.
func (s *Service) createKeyPair() *operation.Operation {
	const action = "CreateKeyPair"
	return &operation.Operation{
		Action:     action,
		Permission: permission(action, nil),
		Checks: []operation.Step{
			operation.Required("RegionId", "KeyPairName"),
			s.token(),
			s.region(),
			s.name(),
		},
		Effects: []operation.Step{operation.Room(s.Store), operation.Generate(s.keys), operation.Keep(s.Store)},
		Same:    func(c *operation.Call) []string { return []string{c.Scope.Region, c.Pair.Name} },
		Answer: func(c *operation.Call) any {
			return &createKeyPairAnswer{KeyPairName: strings.Clone(c.Pair.Name), PrivateKeyBody: c.Private}
		},
	}
}

type createKeyPairAnswer struct {
	KeyPairName    string `json:"KeyPairName" xml:"KeyPairName"`
	PrivateKeyBody string `json:"PrivateKeyBody" xml:"PrivateKeyBody"`
}
