package defect

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/operation"
)

// ofFirstRegion is the scope of a call as if it were for the first region.
func ofFirstRegion(p *parts) func(*operation.Call) {
	return func(c *operation.Call) {
		c.Scope = keypair.Scope{Account: c.Identity.AccountID, Region: p.SWAS().Regions[0]}
	}
}

// regioned lets a function decide about the region of an operation.
func (a swasAction) regioned(do func(p *parts, c *operation.Call, err error) error) func(*parts) {
	return func(p *parts) {
		after(p, onSWAS, a.action, "region", func(c *operation.Call, err error) error { return do(p, c, err) })
	}
}

// swasStore are wrong ideas of regions, accounts, unique names and the quota.
func swasStore() []Defect {
	var all []Defect
	for _, a := range swasActions {
		all = append(all,
			a.bug("region-missing-default", "works in the first region where none is sent.", "REGION-REQ", func(p *parts) {
				optional(p, onSWAS, a.action, "RegionId", ofFirstRegion(p), "region", false)
			}),
			a.bug("region-missing-500", "answers a call without a region with an internal error.", "REGION-REQ", func(p *parts) { a.breaks(p, "RegionId") }),
			a.bug("region-unknown-default", "works in the first region in place of one that does not exist.", "REGION-KNOWN", a.regioned(func(p *parts, c *operation.Call, err error) error {
				if err != nil {
					ofFirstRegion(p)(c)
				}
				return nil
			})),
			a.bug("region-checked-late", "tells of a region that does not exist when all is done in the first.", "REGION-KNOWN", func(p *parts) {
				last := &find(p, onSWAS, a.action).Effects
				check := find(p, onSWAS, a.action).Step("region").Run
				a.regioned(func(p *parts, c *operation.Call, err error) error {
					if err != nil {
						ofFirstRegion(p)(c)
					}
					return nil
				})(p)
				*last = append(*last, operation.Step{Name: "region at last", Run: check})
			}),
		)
	}
	for _, a := range swasMakers {
		all = append(all,
			a.bug("region-unknown-taken", "makes pairs in a region that does not exist.", "REGION-KNOWN", a.regioned(func(_ *parts, c *operation.Call, err error) error {
				if err != nil {
					c.Scope = keypair.Scope{Account: c.Identity.AccountID, Region: c.Text("RegionId")}
				}
				return nil
			})),
			a.bug("region-one-refused", "does not know the second region.", "REGION-KNOWN NAME-REGION"+a.only(swasCreate, "QUOTA-REGION"), a.regioned(func(p *parts, c *operation.Call, err error) error {
				if c.Scope.Region == p.SWAS().Regions[1] {
					return operation.ErrRegion
				}
				return err
			})),
			a.bug("name-unique-in-all-regions", "refuses a name that a pair of another region has.", "NAME-REGION", func(p *parts) {
				storing(p, onSWAS, a.action, func(store *keypair.Store, c *operation.Call) error {
					return unused(store, c, inRegions(c, p.SWAS().Regions))
				})
			}),
			a.bug("name-moves-from-region", "takes a name away from the pair of another region that has it.", "NAME-REGION", func(p *parts) {
				storing(p, onSWAS, a.action, func(store *keypair.Store, c *operation.Call) error {
					return moved(store, c, inRegions(c, p.SWAS().Regions))
				})
			}),
			a.bug("duplicate-replaces", "puts a pair in the place of another with its name.", a.duplicates(), func(p *parts) { a.stored(p, func(c *operation.Call) error { return replaced(p, c) }) }),
			a.bug("duplicate-passed-over", "answers a success for a name in use and makes nothing.", a.duplicates()+a.only(swasCreate, "PRIV-ONCE"), func(p *parts) {
				a.stored(p, func(c *operation.Call) error {
					if err := p.SWAS().Store.Add(c.Scope, c.Pair); err != keypair.ErrExists { //nolint:errorlint // the store returns it as it is
						return err
					}
					return nil
				})
			}),
			a.bug("duplicate-changes-key", "refuses a name in use and puts its key in place of the first.", strings.TrimPrefix(a.duplicates(), "SWAS-IMP-TOKEN-UNIQUE "), func(p *parts) {
				a.stored(p, func(c *operation.Call) error {
					err := p.SWAS().Store.Add(c.Scope, c.Pair)
					if err == keypair.ErrExists { //nolint:errorlint // the store returns it as it is
						_ = replaced(p, c) // it is refused all the same
					}
					return err
				})
			}),
			a.bug("duplicate-removes", "refuses a name in use and removes the pair that has it.", a.duplicates(), func(p *parts) {
				a.stored(p, func(c *operation.Call) error {
					err := p.SWAS().Store.Add(c.Scope, c.Pair)
					if err == keypair.ErrExists { //nolint:errorlint // the store returns it as it is
						_ = p.SWAS().Store.Delete(c.Scope, c.Pair.Name) // it is refused all the same
					}
					return err
				})
			}),
			a.bug("race-loser-removes", "removes the pair of the call that was first when two come at once and refuses the other.", a.rule(swasImport, "NAME-EXIST")+a.rule(swasCreate, "EXIST"), a.undone).racing(),
			a.bug("race-same-name", "makes two pairs of one name when two calls come at once.", a.rule(swasImport, "NAME-EXIST")+a.rule(swasCreate, "EXIST"), func(p *parts) { raced(p, onSWAS, a.action) }).racing(),
			a.bug("quota-uncounted", "does not look at the quota.", "SWAS-IMP-QUOTA"+a.only(swasCreate, "QUOTA"), func(p *parts) {
				a.limited(p, func(*operation.Call) int { return 0 })
			}),
			a.bug("quota-told-late", "refuses a pair above the quota and keeps it.", "QUOTA", func(p *parts) {
				limits(p, counts{swasMakersBut(a): pairsOf(p)})
				after(p, onSWAS, a.action, "store", func(c *operation.Call, err error) error {
					if err == nil && count(p.SWAS().Store, c.Scope) > p.SWAS().Rules.Quota {
						return keypair.ErrQuota
					}
					return err
				})
			}),
			a.bug("quota-race", "takes two pairs for the last place of the quota when they come at once.", "QUOTA", func(p *parts) {
				limits(p, counts{swasMakersBut(a): pairsOf(p)})
				var m meet
				storing(p, onSWAS, a.action, func(store *keypair.Store, c *operation.Call) error {
					switch pairs := count(store, c.Scope); {
					case named(store, c.Scope, c.Pair.Name):
					case pairs >= p.SWAS().Rules.Quota:
						return keypair.ErrQuota
					case pairs == p.SWAS().Rules.Quota-1:
						m.wait()
					}
					return nil
				})
			}).racing(),
		)
	}
	return append(all,
		swasImport.bug("duplicate-of-created-taken", "takes the name of a generated pair.", "NAME-EXIST", func(p *parts) {
			swasImport.stored(p, func(c *operation.Call) error {
				if origin(p, c) == createKeyPair {
					return replaced(p, c)
				}
				return p.SWAS().Store.Add(c.Scope, c.Pair)
			})
			marked(p)
		}),
		swasCreate.bug("duplicate-under-way-only", "refuses a name in use only as long as the call that takes it is under way.", swasCreate.duplicates(), func(p *parts) {
			var m meet
			var mu sync.Mutex
			busy := map[string]bool{}
			swasCreate.stored(p, func(c *operation.Call) error { return replaced(p, c) })
			wrap(p, onSWAS, createKeyPair, "store", func(was operation.Run) operation.Run {
				return func(ctx context.Context, c *operation.Call) error {
					mu.Lock()
					taken := busy[c.Pair.Name]
					busy[c.Pair.Name] = true
					mu.Unlock()
					m.wait()
					if taken {
						return keypair.ErrExists
					}
					defer func() {
						mu.Lock()
						defer mu.Unlock()
						delete(busy, c.Pair.Name)
					}()
					return was(ctx, c)
				}
			})
		}).racing(),
		swasCreate.bug("duplicate-of-imported-taken", "takes the name of an imported pair.", "SWAS-IMP-NAME-EXIST ERR", func(p *parts) {
			swasCreate.stored(p, func(c *operation.Call) error {
				if origin(p, c) == importKeyPair {
					return replaced(p, c)
				}
				return p.SWAS().Store.Add(c.Scope, c.Pair)
			})
			marked(p)
		}),
		swasImport.bug("duplicate-same-key-taken", "answers a success for a name in use when the key is the same.", "TOKEN-UNIQUE", func(p *parts) {
			after(p, onSWAS, importKeyPair, "store", func(c *operation.Call, err error) error {
				found, _ := p.SWAS().Store.Find(c.Scope, keypair.Filter{Name: keypair.Pattern(c.Pair.Name)}, 0, 1)
				if err != nil && len(found) == 1 && found[0].Fingerprint == c.Pair.Fingerprint {
					return nil
				}
				return err
			})
		}),
		swasImport.bug("name-unique-with-ecs", "refuses a name that a pair of ECS has.", "NAME-REGION", func(p *parts) {
			others := p.ECS().Store
			storing(p, onSWAS, importKeyPair, func(_ *keypair.Store, c *operation.Call) error {
				if named(others, c.Scope, c.Pair.Name) {
					return keypair.ErrExists
				}
				return nil
			})
		}),
		swasCreate.bug("quota-of-all-regions", "counts the pairs of all regions for the quota.", "QUOTA QUOTA-REGION QUOTA-FREED", func(p *parts) {
			swasCreate.limited(p, func(c *operation.Call) (total int) {
				for _, region := range p.SWAS().Regions {
					total += count(p.SWAS().Store, keypair.Scope{Account: c.Scope.Account, Region: region})
				}
				return total
			})
		}),
		bug("swas-region-ignored", "All regions of SWAS share their pairs.",
			"SWAS-IMP-NAME-REGION SWAS-CRE-NAME-REGION SWAS-CRE-QUOTA-REGION SWAS-ATT-NAME-UNKNOWN", func(p *parts) { scoped(p, onSWAS, func(s *keypair.Scope) { s.Region = p.SWAS().Regions[0] }) }),
		bug("swas-quota-9", "SWAS has room for 9 pairs.", "SWAS-IMP-QUOTA SWAS-CRE-QUOTA", func(p *parts) { p.SWAS().Store.Quota = 9 }),
		bug("swas-quota-11", "SWAS has room for 11 pairs.", "SWAS-IMP-QUOTA SWAS-CRE-QUOTA", func(p *parts) { p.SWAS().Store.Quota = 11 }),
		bug("swas-quota-500", "SWAS has room for 500 pairs, as ECS has.", "SWAS-IMP-QUOTA SWAS-CRE-QUOTA", func(p *parts) { p.SWAS().Store.Quota = 500 }),
		bug("swas-quota-imported-uncounted", "Imported pairs do not count for the quota of SWAS.", "SWAS-IMP-QUOTA", func(p *parts) { countedOnly(p, createKeyPair) }),
		bug("swas-quota-created-uncounted", "Generated pairs do not count for the quota of SWAS.", "SWAS-IMP-QUOTA SWAS-CRE-QUOTA", func(p *parts) { countedOnly(p, importKeyPair) }),
		bug("swas-quota-of-all-accounts", "The quota of SWAS counts the pairs of all accounts.", "SWAS-CRE-QUOTA-ACCOUNT", func(p *parts) {
			all := func(c *operation.Call) (total int) {
				for _, account := range p.World.Accounts {
					total += count(p.SWAS().Store, keypair.Scope{Account: account.ID, Region: c.Scope.Region})
				}
				return total
			}
			limits(p, counts{swasImport: all, swasCreate: all})
		}),
		bug("swas-quota-never-freed", "A region of SWAS that was full once stays full.", "SWAS-CRE-QUOTA-FREED", func(p *parts) {
			full := map[keypair.Scope]bool{}
			var mu sync.Mutex
			still := func(c *operation.Call) int {
				mu.Lock()
				defer mu.Unlock()
				pairs := count(p.SWAS().Store, c.Scope)
				if full[c.Scope] = full[c.Scope] || pairs >= p.SWAS().Rules.Quota; full[c.Scope] {
					return p.SWAS().Rules.Quota
				}
				return pairs
			}
			limits(p, counts{swasImport: still, swasCreate: still})
		}),
	)
}

// duplicates are the rules that are broken where the operation does not refuse a name in use as it should.
func (a swasAction) duplicates() string {
	if a == swasImport {
		return "SWAS-IMP-TOKEN-UNIQUE SWAS-IMP-NAME-EXIST"
	}
	return "SWAS-IMP-NAME-EXIST SWAS-CRE-TOKEN-UNIQUE SWAS-CRE-EXIST SWAS-CRE-ERR"
}

// rule is a rule of one operation alone.
func (a swasAction) rule(of swasAction, rules string) string {
	return strings.TrimSpace(a.only(of, rules))
}

// swasMakersBut is the other one of the operations that make pairs.
func swasMakersBut(a swasAction) swasAction {
	return swasMakers[1-slices.Index(swasMakers, a)]
}

// stored is another way to put a pair into the store, which looks for room by itself.
func (a swasAction) stored(p *parts, do func(*operation.Call) error) {
	if o := find(p, onSWAS, a.action); o.Step("room") != nil {
		without(p, onSWAS, a.action, "room")
	}
	var mu sync.Mutex
	wrap(p, onSWAS, a.action, "store", func(operation.Run) operation.Run {
		return func(_ context.Context, c *operation.Call) error {
			mu.Lock()
			defer mu.Unlock()
			c.Pair.Created = c.Time
			return do(c)
		}
	})
}

// undone lets a call that looks whether a name is free, and finds it taken when it stores the pair, undo what it has not done.
func (a swasAction) undone(p *parts) {
	type place struct {
		in   keypair.Scope
		name string
	}
	var m meet
	var mu sync.Mutex
	undone := map[place]bool{}
	wrap(p, onSWAS, a.action, "store", func(was operation.Run) operation.Run {
		return func(ctx context.Context, c *operation.Call) error {
			if err := p.SWAS().Store.Room(c.Scope, c.Pair.Name); err != nil {
				return err
			}
			m.wait()
			mu.Lock()
			defer mu.Unlock()
			at := place{c.Scope, c.Pair.Name}
			if undone[at] { // only one call is told that it has succeeded
				return keypair.ErrExists
			}
			err := was(ctx, c)
			if err == keypair.ErrExists { //nolint:errorlint // the store returns it as it is
				_ = p.SWAS().Store.Delete(c.Scope, c.Pair.Name) // it is refused all the same
				undone[place{c.Scope, strings.Clone(c.Pair.Name)}] = true
			}
			return err
		}
	})
}

// marked notes of each pair which operation has made it, in a place that SWAS has no use for.
func marked(p *parts) {
	for _, a := range swasMakers {
		before(p, onSWAS, a.action, "store", func(c *operation.Call) { c.Pair.ResourceGroup = a.action })
	}
}

// origin is the operation that has made the pair of a call's name; "" when there is none. Both operations must be marked.
func origin(p *parts, c *operation.Call) string {
	found, _ := p.SWAS().Store.Find(c.Scope, keypair.Filter{Name: keypair.Pattern(c.Pair.Name)}, 0, 1)
	if len(found) == 0 {
		return ""
	}
	return found[0].ResourceGroup
}

// counts are how operations count the pairs of an account before they make one more.
type counts map[swasAction]func(*operation.Call) int

// pairsOf counts them as the store does.
func pairsOf(p *parts) func(*operation.Call) int {
	return func(c *operation.Call) int { return count(p.SWAS().Store, c.Scope) }
}

// limited lets the operation count in another way, and the other one as the store does.
func (a swasAction) limited(p *parts, counted func(*operation.Call) int) {
	limits(p, counts{a: counted, swasMakersBut(a): pairsOf(p)})
}

// limits lets operations count in other ways. One that is not there has no limit.
func limits(p *parts, of counts) {
	p.SWAS().Store.Quota = 1 << 30
	var mu sync.Mutex // two calls for the last place are no part of the fault
	for a, counted := range of {
		wrap(p, onSWAS, a.action, "store", func(was operation.Run) operation.Run {
			return func(ctx context.Context, c *operation.Call) error {
				mu.Lock()
				defer mu.Unlock()
				if !named(p.SWAS().Store, c.Scope, c.Pair.Name) && counted(c) >= p.SWAS().Rules.Quota {
					return keypair.ErrQuota
				}
				return was(ctx, c)
			}
		})
	}
}

// countedOnly counts only the pairs that one of the operations has made, and limits only that one.
func countedOnly(p *parts, action string) {
	p.SWAS().Store.Quota = 1 << 30
	marked(p)
	storing(p, onSWAS, action, func(store *keypair.Store, c *operation.Call) error {
		_, made := store.Find(c.Scope, keypair.Filter{ResourceGroup: action}, 0, 0)
		if made >= p.SWAS().Rules.Quota && !named(store, c.Scope, c.Pair.Name) {
			return keypair.ErrQuota
		}
		return nil
	})
}
