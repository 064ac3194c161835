package swas

import (
	"context"
	"strings"
)

// createKeyPair makes a pair, stores its public half and hands out the private one, here and never again but to the same
// call with the same token.
var createKeyPair = operation{
	action: "CreateKeyPair",
	checks: []step{
		required("RegionId", "KeyPairName"),
		tokenStep,
		regionStep,
		nameStep,
	},
	effects: []step{
		{"room", (*Service).room},
		{"generate", (*Service).generate},
		storeStep,
	},
	same:   func(c *call) []string { return []string{c.scope.Region, c.pair.Name} },
	answer: (*Service).created,
}

type createKeyPairAnswer struct {
	KeyPairName    string `json:"KeyPairName" xml:"KeyPairName"`
	PrivateKeyBody string `json:"PrivateKeyBody" xml:"PrivateKeyBody"`
}

func (s *Service) created(c *call) any {
	return &createKeyPairAnswer{KeyPairName: strings.Clone(c.pair.Name), PrivateKeyBody: c.private}
}

// room refuses early what the store would refuse, before a key is made for nothing.
func (s *Service) room(_ context.Context, c *call) error {
	return s.store.Room(c.scope, c.pair.Name)
}

func (s *Service) generate(ctx context.Context, c *call) error {
	made, err := s.keys.Get(ctx)
	c.pair.PublicKey, c.pair.Fingerprint, c.private = made.Public.Line, made.Public.Fingerprint, made.PrivateKey
	return err
}
