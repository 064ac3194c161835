package ecs

import "github.com/kpspec/kpspec/reference/operation"

// importKeyPair stores the public half of a pair whose private half the caller has.
func (s *Service) importKeyPair() *operation.Operation {
	const action = "ImportKeyPair"
	return &operation.Operation{
		Action:     action,
		Permission: permission(action, anyPair),
		Checks: []operation.Step{
			operation.Required("RegionId", "KeyPairName", "PublicKeyBody"),
			s.region(),
			s.name(),
			operation.PublicKey(&s.Rules.Keys),
			s.tags(),
			s.group(),
		},
		Effects: []operation.Step{operation.Keep(s.Store)},
		Answer:  s.imported,
	}
}

type importKeyPairAnswer struct {
	KeyPairName        string `json:"KeyPairName" xml:"KeyPairName"`
	KeyPairFingerPrint string `json:"KeyPairFingerPrint" xml:"KeyPairFingerPrint"`
}

func (s *Service) imported(c *operation.Call) any {
	return &importKeyPairAnswer{KeyPairName: c.Pair.Name, KeyPairFingerPrint: s.Print(c.Pair.Fingerprint)}
}
