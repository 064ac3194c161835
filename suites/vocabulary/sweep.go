package vocabulary

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kpspec/kpspec/harness/guard"
	"github.com/kpspec/kpspec/harness/ledger"
	"github.com/kpspec/kpspec/harness/names"
)

// SweepOptions say what a sweep looks for.
type SweepOptions struct {
	// Of is a ledger file: exactly what it holds open is looked for. Without one
	// it is everything whose name is one that a run makes.
	Of *ledger.Record
	// Before leaves out, where there is no ledger, what was created later.
	Before time.Time
	// Remove says to remove what is found, not only to tell of it.
	Remove bool
}

// Swept is what a sweep has found, and what came of it.
type Swept struct {
	Found   []ledger.Entry // what a run has left there, in the order in which it is removed: bindings, then key pairs, the newest first
	Removed []ledger.Entry // what of it is not there any more
	Gone    []ledger.Entry // what the ledger held that was not there
	Young   int            // key pairs of a run that were created too late
	Apart   []string       // key pairs that only contain a name of a run, or whose age cannot be told, and why they stay
	Errors  []string       // what could not be asked or removed
}

// Left reports whether something of a run stays there, or may.
func (s Swept) Left() bool {
	return len(s.Found) > len(s.Removed) || len(s.Apart)+len(s.Errors) > 0
}

// Sweep looks for what crashed runs have left, and removes it if it shall. Of
// what it finds in SWAS the bindings to servers are taken off first. A ledger must
// be one that [Kit.Fits].
func (k *Kit) Sweep(ctx context.Context, o SweepOptions) Swept {
	ctx = guard.Cleanup(ctx)
	if o.Of == nil {
		return k.sweepNames(ctx, o)
	}
	return k.sweepLedger(ctx, o)
}

// Fits refuses a ledger of another endpoint or account than this kit acts for.
func (k *Kit) Fits(r *ledger.Record) error {
	if r == nil {
		return nil
	}
	here := map[string]string{"ECS": k.Place.ECS, "SWAS": k.Place.SWAS}
	for _, product := range slices.Sorted(maps.Keys(r.Endpoints)) {
		if r.Endpoints[product] != here[product] || here[product] == "" {
			return fmt.Errorf("the ledger is about %s at %s, the configuration about %q; name the configuration of that run", product, r.Endpoints[product], here[product])
		}
	}
	accounts := k.Place.World.Accounts
	for _, e := range r.Open {
		if e.Account != accounts[0].ID && (len(accounts) < 2 || e.Account != accounts[1].ID) {
			return fmt.Errorf("the ledger is about the account %s, which is neither the first nor the second of the configuration's world", e.Account)
		}
	}
	return nil
}

// A corner is where key pairs can be listed in one go.
type corner struct{ product, account, region string }

func cornerOf(e ledger.Entry) corner { return corner{e.Product, e.Account, e.Region} }

func (c corner) String() string { return c.product + " in " + c.region }

func (c corner) pair(name string) ledger.Entry {
	return ledger.Entry{Product: c.product, Account: c.account, Region: c.region, Name: name}
}

func (c corner) binding(name, server string) ledger.Entry {
	e := c.pair(name)
	e.Server = server
	return e
}

// look lists a corner. A region that the target does not know has nothing in it.
func (k *Kit) look(ctx context.Context, c corner) ([]Pair, error) {
	listed, err := k.actorOf(c.pair("")).list(ctx, c.region, nil)
	if refused(err) && !slices.Contains(k.Place.World.Regions, c.region) {
		return nil, nil
	}
	return listed, err
}

// sweepLedger looks for what a ledger holds.
func (k *Kit) sweepLedger(ctx context.Context, o SweepOptions) (s Swept) {
	there := k.whatIs(ctx, o.Of.Open, &s)
	var bindings, pairs []ledger.Entry
	for _, e := range o.Of.Open {
		here := there[cornerOf(e)]
		switch {
		case here == nil: // it could not be asked for
		case !here[e]:
			s.Gone = append(s.Gone, e)
		case e.Server != "":
			bindings = append(bindings, e)
		default:
			pairs = append(pairs, e)
			for bound := range here {
				if bound.Name == e.Name && bound.Server != "" && !slices.Contains(o.Of.Open, bound) {
					bindings = append(bindings, bound)
				}
			}
		}
	}
	s.Found = append(bindings, pairs...)
	if o.Remove {
		k.takeAway(ctx, &s)
	}
	return s
}

// whatIs is what there is in the corners of the entries; nil of a corner that
// could not be asked.
func (k *Kit) whatIs(ctx context.Context, entries []ledger.Entry, s *Swept) map[corner]map[ledger.Entry]bool {
	there := map[corner]map[ledger.Entry]bool{}
	for _, e := range entries {
		c := cornerOf(e)
		if _, looked := there[c]; looked {
			continue
		}
		listed, err := k.look(ctx, c)
		if err != nil {
			there[c] = nil
			s.Errors = append(s.Errors, err.Error())
			continue
		}
		there[c] = entriesOf(c, listed)
	}
	return there
}

// entriesOf are the key pairs of a list and their bindings.
func entriesOf(c corner, listed []Pair) map[ledger.Entry]bool {
	all := map[ledger.Entry]bool{}
	for _, p := range listed {
		all[c.pair(p.Name)] = true
		for _, server := range p.Servers {
			all[c.binding(p.Name, server)] = true
		}
	}
	return all
}

// sweepNames looks for key pairs whose names are those of some run, in every
// region and account of the world that a run works in.
func (k *Kit) sweepNames(ctx context.Context, o SweepOptions) (s Swept) {
	var bindings, pairs []ledger.Entry
	for _, a := range k.owners() {
		for _, region := range k.Place.World.Regions {
			c := corner{a.product, a.account.ID, region}
			listed, err := k.look(ctx, c)
			if err != nil {
				s.Errors = append(s.Errors, err.Error())
			}
			var found []aged
			for _, p := range listed {
				if age, ours := s.judge(c, p, o.Before); ours {
					found = append(found, aged{p, age})
				}
			}
			slices.SortStableFunc(found, func(a, b aged) int { return b.created.Compare(a.created) })
			for _, p := range found {
				for _, server := range p.Servers {
					bindings = append(bindings, c.binding(p.Name, server))
				}
				pairs = append(pairs, c.pair(p.Name))
			}
		}
	}
	s.Found = append(bindings, pairs...)
	if o.Remove {
		k.takeAway(ctx, &s)
	}
	return s
}

// aged is a key pair and when it was created.
type aged struct {
	Pair
	created time.Time
}

// judge reports whether a key pair is one that a run has made before a time, and
// when it was made.
func (s *Swept) judge(c corner, p Pair, before time.Time) (created time.Time, ours bool) {
	if !names.Are(p.Name) {
		if names.Within(p.Name) {
			s.Apart = append(s.Apart, fmt.Sprintf("%s: %q contains a name of a run but is none; only the ledger of that run can tell whose it is", c, p.Name))
		}
		return time.Time{}, false
	}
	created, err := creation(p.Created)
	switch {
	case err != nil:
		s.Apart = append(s.Apart, fmt.Sprintf("%s: %q has no readable CreationTime, so that its age is not known", c, p.Name))
		return time.Time{}, false
	case created.After(before):
		s.Young++
		return time.Time{}, false
	}
	return created, true
}

// creation reads a CreationTime, which the documents show with and without seconds.
func creation(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, errors.New("not a time")
}

// owners are the actors of the accounts that a run works in.
func (k *Kit) owners() []*actor {
	var all []*actor
	for _, e := range []*ECS{k.ECS, k.otherECS} {
		if e != nil {
			all = append(all, &e.actor)
		}
	}
	for _, s := range []*SWAS{k.SWAS, k.otherSWAS} {
		if s != nil {
			all = append(all, &s.actor)
		}
	}
	return all
}

// takeAway removes what was found, goes on after an error, and looks at the end
// what is really gone.
func (k *Kit) takeAway(ctx context.Context, s *Swept) {
	for _, batch := range k.batches(s.Found) {
		undo := (*actor).erase
		if batch[0].Server != "" {
			undo = (*actor).unbind
		}
		if left := undo(k.actorOf(batch[0]), ctx, batch); left != nil {
			s.Errors = append(s.Errors, left.Error())
		}
	}
	there := k.whatIs(ctx, s.Found, s)
	stay := map[corner][]string{}
	for _, e := range s.Found {
		c := cornerOf(e)
		switch {
		case there[c] == nil:
		case there[c][e]:
			stay[c] = append(stay[c], fmt.Sprintf("%q", e.Name))
		default:
			s.Removed = append(s.Removed, e)
		}
	}
	for c, names := range stay {
		s.Errors = append(s.Errors, fmt.Sprintf("%s still lists %s", c, strings.Join(slices.Compact(names), ", ")))
	}
}
