package ecs

import "context"

// importKeyPair stores the public half of a pair whose private half the caller has.
var importKeyPair = operation{
	action: "ImportKeyPair",
	on:     anyPair,
	steps: []step{
		required("RegionId", "KeyPairName", "PublicKeyBody"),
		regionStep,
		nameStep,
		{"public key", (*Service).publicKey},
		tagsStep,
		groupStep,
		storeStep,
	},
	answer: (*Service).imported,
}

type importKeyPairAnswer struct {
	KeyPairName        string `json:"KeyPairName" xml:"KeyPairName"`
	KeyPairFingerPrint string `json:"KeyPairFingerPrint" xml:"KeyPairFingerPrint"`
}

func (s *Service) imported(c *call) any {
	return &importKeyPairAnswer{KeyPairName: c.pair.Name, KeyPairFingerPrint: s.print(c.pair.Fingerprint)}
}

func (s *Service) publicKey(_ context.Context, c *call) error {
	key, err := s.rules.Keys.Parse(c.text("PublicKeyBody"))
	c.pair.PublicKey, c.pair.Fingerprint = key.Line, key.Fingerprint
	return err
}
