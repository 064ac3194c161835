package ecs

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"slices"
	"strings"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/operation"
	"github.com/kpspec/kpspec/reference/rpc"
)

// What the gateway knows the operations by.
const (
	Product = "ECS"
	Version = "2014-05-26"
)

// Print is the form in which fingerprints are printed.
type Print string

// The documents say RFC 4716, which is with colons; clients of the live service were seen to expect none. Filters take
// both, whichever is printed.
const (
	PrintRFC4716 Print = "rfc4716" // 16 octets joined by colons
	PrintPlain   Print = "plain"   // 32 digits
)

// Config is what a service is made of.
type Config struct {
	World world.World // its regions, accounts and resource groups
	Rules Rules
	Print Print
	Keys  keypair.Source // where CreateKeyPair has its keys from
}

// Service has the operations and the key pairs they work on. Made by [New]. Rules, Product and Print may be changed until
// the operations are served.
type Service struct {
	Rules   Rules
	Product operation.Product
	Store   *keypair.Store
	Print   func(keypair.Fingerprint) string
	Regions []string

	groups map[string][]string // the resource groups of each account, its default group first
	keys   keypair.Source
}

// New makes a service without any key pairs. The error names a form of fingerprints that does not exist.
func New(c Config) (*Service, error) {
	s := &Service{
		Rules:   c.Rules,
		Store:   keypair.NewStore(c.Rules.Quota),
		Regions: slices.Clone(c.World.Regions),
		groups:  make(map[string][]string, len(c.World.Accounts)),
		keys:    c.Keys,
	}
	switch c.Print {
	case PrintRFC4716:
		s.Print = keypair.Fingerprint.Colons
	case PrintPlain:
		s.Print = keypair.Fingerprint.Hex
	default:
		return nil, fmt.Errorf("fingerprint form %q is unknown; there are %q and %q", c.Print, PrintRFC4716, PrintPlain)
	}
	for _, a := range c.World.Accounts {
		s.groups[a.ID] = append([]string{DefaultResourceGroup(a.ID)}, a.ResourceGroups...)
	}
	s.Product = operation.Product{
		Name: Product, Version: Version, Errors: &s.Rules.Errors,
		Operations: []*operation.Operation{
			s.describeRegions(), s.importKeyPair(), s.createKeyPair(), s.describeKeyPairs(), s.deleteKeyPairs(),
		},
	}
	return s, nil
}

// DefaultResourceGroup is the id of the resource group that a key pair of the account is in when no other is asked for:
// "rg-acfm", with which the ids of default groups begin, and eleven letters and digits made from the account id.
func DefaultResourceGroup(accountID string) string {
	sum := sha256.Sum256([]byte(accountID))
	return "rg-acfm" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:11]
}

// Operations are what the gateway is given to serve.
func (s *Service) Operations() []rpc.Operation { return s.Product.Serve() }
