package swas

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/reference/idempotence"
	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/operation"
	"github.com/kpspec/kpspec/reference/ram"
	"github.com/kpspec/kpspec/reference/rpc"
)

// What the gateway knows the operations by.
const (
	Product = "SWAS-OPEN"
	Version = "2020-06-01"
)

// ramCode is the code of the product in actions and resources.
const ramCode = "swas-open"

// Unknown is what AttachKeyPair and DetachKeyPair do about servers that do not exist for the caller. When none of the servers of
// a call exists, the call is refused in any case.
type Unknown string

// The documents have an error of the whole call, and results for each server.
const (
	UnknownCallError   Unknown = "call-error"   // the whole call is refused and nothing is bound
	UnknownPerInstance Unknown = "per-instance" // the server's result has failed, the others are bound
)

// TokenScope is how far a ClientToken reaches: within it a token means one call.
type TokenScope string

// The documents say only that a token is unique.
const (
	TokenPerOperation TokenScope = "operation" // another operation or region is another call
	TokenPerAccount   TokenScope = "account"   // used anywhere else in the account it is the same token with other parameters
)

// Config is what a service is made of.
type Config struct {
	World         world.World // its regions, accounts and servers
	Rules         Rules
	Unknown       Unknown
	TokenScope    TokenScope
	TokenLifetime time.Duration    // 0 = idempotence.DefaultLifetime
	Clock         func() time.Time // for the lifetime of tokens; nil = time.Now
	Keys          keypair.Source   // where CreateKeyPair has its keys from
}

// Service has the operations and the key pairs they work on. Made by [New]. Rules and Product may be changed until the
// operations are served.
type Service struct {
	Rules   Rules
	Product operation.Product
	Store   *keypair.Store
	Regions []string

	unknown Unknown
	scope   TokenScope
	servers map[keypair.Scope][]world.Server
	byID    map[serverKey]world.Server
	keys    keypair.Source
	memory  *idempotence.Memory
}

// serverKey finds a server of an account in a region.
type serverKey struct {
	in keypair.Scope
	id string
}

// New makes a service without any key pairs. The error names a choice that does not exist.
func New(c Config) (*Service, error) {
	if c.Unknown != UnknownCallError && c.Unknown != UnknownPerInstance {
		return nil, fmt.Errorf("attach unknown %q is unknown; there are %q and %q", c.Unknown, UnknownCallError, UnknownPerInstance)
	}
	if c.TokenScope != TokenPerOperation && c.TokenScope != TokenPerAccount {
		return nil, fmt.Errorf("token scope %q is unknown; there are %q and %q", c.TokenScope, TokenPerOperation, TokenPerAccount)
	}
	if c.TokenLifetime < 0 {
		return nil, fmt.Errorf("token lifetime %v is negative", c.TokenLifetime)
	}
	memory, err := idempotence.New(idempotence.Config{Lifetime: c.TokenLifetime, Clock: c.Clock})
	if err != nil {
		return nil, err
	}
	s := &Service{
		Rules:   c.Rules,
		Store:   keypair.NewStore(c.Rules.Quota),
		Regions: slices.Clone(c.World.Regions),
		unknown: c.Unknown,
		scope:   c.TokenScope,
		servers: map[keypair.Scope][]world.Server{},
		byID:    map[serverKey]world.Server{},
		keys:    c.Keys,
		memory:  memory,
	}
	for _, cause := range []error{ErrServer, ErrSystem, ErrState, ErrNotBound} {
		if _, ok := errors.AsType[*rpc.Error](c.Rules.Errors.Of(cause)); !ok {
			return nil, fmt.Errorf("the error table has no row for %q, which results need", cause)
		}
	}
	for _, a := range c.World.Accounts {
		for _, server := range a.Servers {
			in := keypair.Scope{Account: a.ID, Region: server.Region}
			s.servers[in] = append(s.servers[in], server)
			s.byID[serverKey{in, server.ID}] = server
		}
	}
	s.Product = operation.Product{
		Name: Product, Version: Version, Errors: &s.Rules.Errors, Once: s.once,
		Operations: []*operation.Operation{
			s.listRegions(), s.listInstances(), s.createKeyPair(), s.importKeyPair(), s.listKeyPairs(), s.deleteKeyPairs(),
			s.attachKeyPair(), s.detachKeyPair(), s.describeInstanceKeyPair(),
		},
	}
	return s, nil
}

// Operations are what the gateway is given to serve.
func (s *Service) Operations() []rpc.Operation { return s.Product.Serve() }

// permission is what the caller of an operation needs: the action of the operation's name, on what the call works on. nil:
// there are no resource-level permissions, and all resources are needed.
func permission(action string, on func(*rpc.Call) ram.Resource) *rpc.Permission {
	p := &rpc.Permission{Action: ramCode + ":" + action}
	if on != nil {
		p.Resources = func(c *rpc.Call) []ram.Resource { return []ram.Resource{on(c)} }
	}
	return p
}
