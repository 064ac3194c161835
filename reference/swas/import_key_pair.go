package swas

import (
	"strings"

	"github.com/kpspec/kpspec/reference/operation"
)

// importKeyPair stores the public half of a pair whose private half the caller has.
func (s *Service) importKeyPair() *operation.Operation {
	const action = "ImportKeyPair"
	return &operation.Operation{
		Action:     action,
		Permission: permission(action, nil),
		Checks: []operation.Step{
			operation.Required("RegionId", "KeyPairName", "PublicKeyBody"),
			s.token(),
			s.region(),
			s.name(),
			operation.PublicKey(&s.Rules.Keys),
		},
		Effects: []operation.Step{operation.Keep(s.Store)},
		Same:    func(c *operation.Call) []string { return []string{c.Scope.Region, c.Pair.Name, c.Pair.PublicKey} },
		Answer: func(c *operation.Call) any {
			return &importKeyPairAnswer{KeyPairName: strings.Clone(c.Pair.Name)}
		},
	}
}

type importKeyPairAnswer struct {
	KeyPairName string `json:"KeyPairName" xml:"KeyPairName"`
}
