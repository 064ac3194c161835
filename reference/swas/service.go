package swas

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/reference/idempotence"
	"github.com/kpspec/kpspec/reference/keypair"
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

// Service has the operations and the key pairs they work on. Made by [New].
type Service struct {
	rules   Rules
	reasons map[error]*rpc.Error // of failed results, by cause
	unknown Unknown
	scope   TokenScope
	regions []string
	servers map[keypair.Scope][]world.Server
	server  map[serverKey]world.Server
	keys    keypair.Source
	store   *keypair.Store
	memory  *idempotence.Memory

	operations []operation // a copy of its own, in which a step can be replaced
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
		rules:   c.Rules,
		reasons: map[error]*rpc.Error{},
		unknown: c.Unknown,
		scope:   c.TokenScope,
		regions: slices.Clone(c.World.Regions),
		servers: map[keypair.Scope][]world.Server{},
		server:  map[serverKey]world.Server{},
		keys:    c.Keys,
		store:   keypair.NewStore(c.Rules.Quota),
		memory:  memory,
	}
	for _, cause := range []error{ErrServer, ErrSystem, ErrState, ErrNotBound} {
		row, ok := errors.AsType[*rpc.Error](c.Rules.Errors.Of(cause))
		if !ok {
			return nil, fmt.Errorf("the error table has no row for %q, which results need", cause)
		}
		s.reasons[cause] = row
	}
	for _, a := range c.World.Accounts {
		for _, server := range a.Servers {
			in := keypair.Scope{Account: a.ID, Region: server.Region}
			s.servers[in] = append(s.servers[in], server)
			s.server[serverKey{in, server.ID}] = server
		}
	}
	for _, o := range []operation{
		listRegions, listInstances, createKeyPair, importKeyPair, listKeyPairs, deleteKeyPairs,
		attachKeyPair, detachKeyPair, describeInstanceKeyPair,
	} {
		o.checks, o.effects = slices.Clone(o.checks), slices.Clone(o.effects)
		s.operations = append(s.operations, o)
	}
	return s, nil
}

// Operations are what the gateway is given to serve.
func (s *Service) Operations() []rpc.Operation {
	var out []rpc.Operation
	for _, o := range s.operations {
		out = append(out, rpc.Operation{
			Product: Product, Version: Version, Action: o.action, Permission: o.permission(),
			Handle: func(ctx context.Context, rc *rpc.Call) (any, error) { return s.do(ctx, o, rc) },
		})
	}
	return out
}

// permission is what the caller needs: the action of the operation's name, on all resources unless the operation says
// which.
func (o operation) permission() *rpc.Permission {
	if o.open {
		return nil
	}
	p := &rpc.Permission{Action: ramCode + ":" + o.action}
	if o.on != nil {
		p.Resources = func(c *rpc.Call) []ram.Resource { return []ram.Resource{o.on(c)} }
	}
	return p
}

// do leads a call through the checks of an operation and, unless the call was made before, through its effects, to the
// first step that refuses it or to the answer.
func (s *Service) do(ctx context.Context, o operation, rc *rpc.Call) (any, error) {
	c := &call{Call: rc}
	answer, err := s.checked(ctx, o, c)
	if err != nil {
		return nil, s.rules.Errors.Of(err)
	}
	return answer, nil
}

func (s *Service) checked(ctx context.Context, o operation, c *call) (any, error) {
	if err := s.walk(ctx, o, o.checks, c); err != nil {
		return nil, err
	}
	if c.token == "" || o.same == nil {
		return s.effected(ctx, o, c)
	}
	return s.memory.Do(ctx, s.tokenKey(o, c), digest(o.action, o.same(c)), func() (any, error) { return s.effected(ctx, o, c) })
}

func (s *Service) effected(ctx context.Context, o operation, c *call) (any, error) {
	if err := s.walk(ctx, o, o.effects, c); err != nil {
		return nil, err
	}
	return o.answer(s, c), nil
}

func (s *Service) walk(ctx context.Context, o operation, steps []step, c *call) error {
	for _, st := range steps {
		if err := st.run(s, ctx, c); err != nil {
			return fmt.Errorf("%s, %s: %w", o.action, st.name, err)
		}
	}
	return nil
}
