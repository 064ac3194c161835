package ecs

import (
	"context"
	"crypto/rand"
	"strings"
)

// createKeyPair makes a pair, stores its public half and hands out the private one, here and never again.
var createKeyPair = operation{
	action: "CreateKeyPair",
	on:     anyPair,
	steps: []step{
		required("RegionId", "KeyPairName"),
		regionStep,
		nameStep,
		tagsStep,
		groupStep,
		{"room", (*Service).room},
		{"generate", (*Service).generate},
		storeStep,
	},
	answer: (*Service).created,
}

type createKeyPairAnswer struct {
	KeyPairID          string `json:"KeyPairId" xml:"KeyPairId"`
	KeyPairName        string `json:"KeyPairName" xml:"KeyPairName"`
	KeyPairFingerPrint string `json:"KeyPairFingerPrint" xml:"KeyPairFingerPrint"`
	PrivateKeyBody     string `json:"PrivateKeyBody" xml:"PrivateKeyBody"`
}

func (s *Service) created(c *call) any {
	return &createKeyPairAnswer{
		// The id is in no other answer of these operations, so nothing keeps it.
		KeyPairID:          "ssh-" + strings.ToLower(rand.Text())[:17],
		KeyPairName:        c.pair.Name,
		KeyPairFingerPrint: s.print(c.pair.Fingerprint),
		PrivateKeyBody:     c.private,
	}
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
