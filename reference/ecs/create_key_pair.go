package ecs

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"

	"github.com/kpspec/kpspec/reference/operation"
)

// createKeyPair makes a pair, stores its public half and hands out the private one, here and never again.
func (s *Service) createKeyPair() *operation.Operation {
	const action = "CreateKeyPair"
	return &operation.Operation{
		Action:     action,
		Permission: permission(action, anyPair),
		Checks: []operation.Step{
			operation.Required("RegionId", "KeyPairName"),
			s.region(),
			s.name(),
			s.tags(),
			s.group(),
		},
		Effects: []operation.Step{operation.Room(s.Store), operation.Generate(s.keys), operation.Keep(s.Store)},
		Answer:  s.created,
	}
}

type createKeyPairAnswer struct {
	KeyPairID          string `json:"KeyPairId" xml:"KeyPairId"`
	KeyPairName        string `json:"KeyPairName" xml:"KeyPairName"`
	KeyPairFingerPrint string `json:"KeyPairFingerPrint" xml:"KeyPairFingerPrint"`
	PrivateKeyBody     string `json:"PrivateKeyBody" xml:"PrivateKeyBody"`
}

func (s *Service) created(c *operation.Call) any {
	// The id is in no other answer of these operations, so nothing keeps it; it is as unique as the request's.
	sum := sha256.Sum256([]byte(c.RequestID))
	return &createKeyPairAnswer{
		KeyPairID:          "ssh-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:17],
		KeyPairName:        c.Pair.Name,
		KeyPairFingerPrint: s.Print(c.Pair.Fingerprint),
		PrivateKeyBody:     c.Private,
	}
}
