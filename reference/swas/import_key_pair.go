package swas

import (
	"context"
	"strings"
)

// importKeyPair stores the public half of a pair whose private half the caller has.
var importKeyPair = operation{
	action: "ImportKeyPair",
	checks: []step{
		required("RegionId", "KeyPairName", "PublicKeyBody"),
		tokenStep,
		regionStep,
		nameStep,
		{"public key", (*Service).publicKey},
	},
	effects: []step{
		storeStep,
	},
	same:   func(c *call) []string { return []string{c.scope.Region, c.pair.Name, c.pair.PublicKey} },
	answer: (*Service).imported,
}

type importKeyPairAnswer struct {
	KeyPairName string `json:"KeyPairName" xml:"KeyPairName"`
}

func (s *Service) imported(c *call) any {
	return &importKeyPairAnswer{KeyPairName: strings.Clone(c.pair.Name)}
}

func (s *Service) publicKey(_ context.Context, c *call) error {
	key, err := s.rules.Keys.Parse(c.text("PublicKeyBody"))
	c.pair.PublicKey, c.pair.Fingerprint = key.Line, key.Fingerprint
	return err
}
