package operation

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/refusal"
	"github.com/kpspec/kpspec/reference/rpc"
)

// What the steps of this package refuse a call for.
var (
	ErrMissing = errors.New("mandatory parameter is missing") // of a parameter
	ErrInvalid = errors.New("parameter is not valid")         // of a parameter
	ErrRegion  = errors.New("region does not exist")
)

// Call is a call on its way through the steps, with what they found out so far.
type Call struct {
	*rpc.Call
	Scope   keypair.Scope
	Token   string                // ClientToken
	Pair    keypair.Pair          // its name, and what is to be stored
	Private string                // CreateKeyPair: the private key
	Names   []string              // DeleteKeyPairs: what is to be deleted
	Servers []string              // of a call about servers: those it asks for
	Failed  map[string]*rpc.Error // of these servers, why they were left alone
	Page    Page                  // of a list
	Filter  *keypair.Filter       // of a list of pairs; nil chooses nothing
	Public  bool                  // whether a list of pairs shows public keys
	Pairs   []keypair.Pair        // what a list of pairs shows
	Listed  []world.Server        // what a list of servers shows
}

// Page is which part of a list is asked for: the Number-th of Size elements each, counted from 1. Total is how many there are.
type Page struct{ Number, Size, Total int }

// Offset is how many elements come before the page.
func (p Page) Offset() int { return int(min(int64(p.Number-1)*int64(p.Size), math.MaxInt32)) }

// Text returns the value of a parameter; one that is empty and one that was not sent are the same.
func (c *Call) Text(name string) string {
	value, _ := c.Params.Get(name)
	return value
}

// Number reads a parameter that is a number from 1 to greatest, or returns usual when it is not there.
func (c *Call) Number(name string, usual, greatest int) (int, error) {
	text := c.Text(name)
	if text == "" {
		return usual, nil
	}
	n, _ := strconv.ParseUint(text, 10, 32)    // nought for what is no number, and the greatest for what is greater
	if n != min(max(n, 1), uint64(greatest)) { // #nosec G115 -- greatest is positive
		return 0, refusal.About(name, ErrInvalid)
	}
	return int(n), nil
}

// ReadPage reads which page of a list is asked for, with usual elements when the call does not say how many, and at most
// greatest.
func (c *Call) ReadPage(usual, greatest int) (err error) {
	if c.Page.Number, err = c.Number("PageNumber", 1, math.MaxInt32); err != nil {
		return err
	}
	c.Page.Size, err = c.Number("PageSize", usual, greatest)
	return err
}

// Required refuses a call without one of the parameters; the first that is missing is named.
func Required(names ...string) Step {
	return Step{"required parameters", func(_ context.Context, c *Call) error {
		for _, name := range names {
			if c.Text(name) == "" {
				return refusal.About(name, ErrMissing)
			}
		}
		return nil
	}}
}

// Region finds out the scope of a call, whose region must be one of these.
func Region(regions []string) Step {
	return Step{"region", func(_ context.Context, c *Call) error {
		i := slices.Index(regions, c.Text("RegionId"))
		if i < 0 {
			return ErrRegion
		}
		c.Scope = keypair.Scope{Account: c.Identity.AccountID, Region: regions[i]}
		return nil
	}}
}

// Name reads the name of the pair that a call is about.
func Name(rule *keypair.NameRule) Step {
	return Step{"name", func(_ context.Context, c *Call) error {
		c.Pair.Name = c.Text("KeyPairName")
		return rule.Check(c.Pair.Name)
	}}
}

// PublicKey reads the public key of the pair that a call is about.
func PublicKey(rule *keypair.KeyRule) Step {
	return Step{"public key", func(_ context.Context, c *Call) error {
		key, err := rule.Parse(c.Text("PublicKeyBody"))
		c.Pair.PublicKey, c.Pair.Fingerprint = key.Line, key.Fingerprint
		return err
	}}
}

// Room refuses early what the store would refuse, before a key is made for nothing.
func Room(store *keypair.Store) Step {
	return Step{"room", func(_ context.Context, c *Call) error { return store.Room(c.Scope, c.Pair.Name) }}
}

// Generate makes the keys of the pair that a call is about.
func Generate(keys keypair.Source) Step {
	return Step{"generate", func(ctx context.Context, c *Call) error {
		made, err := keys.Get(ctx)
		c.Pair.PublicKey, c.Pair.Fingerprint, c.Private = made.Public.Line, made.Public.Fingerprint, made.PrivateKey
		return err
	}}
}

// Keep puts the pair into the store.
func Keep(store *keypair.Store) Step {
	return Step{"store", func(_ context.Context, c *Call) error {
		c.Pair.Created = c.Time
		return store.Add(c.Scope, c.Pair)
	}}
}

// Find finds the pairs that a call asks for.
func Find(store *keypair.Store) Step {
	return Step{"find", func(_ context.Context, c *Call) error {
		if c.Filter != nil {
			c.Pairs, c.Page.Total = store.Find(c.Scope, *c.Filter, c.Page.Offset(), c.Page.Size)
		}
		return nil
	}}
}

// Delete removes the pairs that a call names from the store.
func Delete(store *keypair.Store) Step {
	return Step{"delete", func(_ context.Context, c *Call) error { return store.Delete(c.Scope, c.Names...) }}
}
