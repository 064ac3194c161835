package defect

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/operation"
)

// scoped changes in which scope the operations of a product work.
func scoped(p *parts, product string, scope func(*keypair.Scope)) {
	for _, o := range productOf(p, product).Operations {
		if step := o.Step("region"); step != nil {
			was := step.Run
			step.Run = func(ctx context.Context, c *operation.Call) error {
				err := was(ctx, c)
				scope(&c.Scope)
				return err
			}
		}
	}
}

// storeOf returns the pairs of a product.
func storeOf(p *parts, product string) *keypair.Store {
	if product == onECS {
		return p.ECS().Store
	}
	return p.SWAS().Store
}

// storing lets a function decide about a pair that is about to be stored, in ImportKeyPair and CreateKeyPair.
func storing(p *parts, product, action string, do func(store *keypair.Store, c *operation.Call) error) {
	store := storeOf(p, product)
	wrap(p, product, action, "store", func(was operation.Run) operation.Run {
		return func(ctx context.Context, c *operation.Call) error {
			if err := do(store, c); err != nil {
				return err
			}
			return was(ctx, c)
		}
	})
}

// count is how many pairs of a scope there are.
func count(store *keypair.Store, in keypair.Scope) int {
	_, n := store.Find(in, keypair.Filter{Name: keypair.Pattern("*")}, 0, 0)
	return n
}

// named tells whether there is a pair of that name in a scope.
func named(store *keypair.Store, in keypair.Scope, name string) bool {
	_, n := store.Find(in, keypair.Filter{Name: keypair.Pattern(name)}, 0, 0)
	return n > 0
}

// meet lets two requests that come at once be at the same place at the same time, so that the window of a race is open
// long enough. A request that nobody meets goes on after a moment, and after many such requests at once.
type meet struct {
	mu     sync.Mutex
	other  chan struct{}
	lonely int
}

func (m *meet) wait() {
	const moment, patience = 5 * time.Millisecond, 50
	m.mu.Lock()
	if m.other != nil {
		close(m.other)
		m.other = nil
		m.mu.Unlock()
		return
	}
	if m.lonely >= patience {
		m.mu.Unlock()
		return
	}
	here := make(chan struct{})
	m.other = here
	m.mu.Unlock()
	select {
	case <-here:
	case <-time.After(moment):
		m.mu.Lock()
		if m.other == here {
			m.other = nil
			m.lonely++
		}
		m.mu.Unlock()
	}
}

// raced is a store step that looks first and stores later, with other requests in between.
func raced(p *parts, product string, actions ...string) {
	var m meet
	store := storeOf(p, product)
	for _, action := range actions {
		wrap(p, product, action, "store", func(was operation.Run) operation.Run {
			return func(ctx context.Context, c *operation.Call) error {
				if err := store.Room(c.Scope, c.Pair.Name); err != nil {
					return err
				}
				m.wait()
				if named(store, c.Scope, c.Pair.Name) {
					if err := store.Delete(c.Scope, c.Pair.Name); err != nil {
						return err
					}
				}
				return was(ctx, c)
			}
		})
	}
}

// inRegions and inAccounts are the scopes that differ from that of a call in the region, or in the account, and its own.
func inRegions(c *operation.Call, regions []string) (all []keypair.Scope) {
	for _, region := range regions {
		all = append(all, keypair.Scope{Account: c.Scope.Account, Region: region})
	}
	return all
}

func inAccounts(p *parts, c *operation.Call) (all []keypair.Scope) {
	for _, account := range p.World.Accounts {
		all = append(all, keypair.Scope{Account: account.ID, Region: c.Scope.Region})
	}
	return all
}

// unused refuses a name that a pair of one of the scopes has.
func unused(store *keypair.Store, c *operation.Call, scopes []keypair.Scope) error {
	for _, in := range scopes {
		if named(store, in, c.Pair.Name) {
			return keypair.ErrExists
		}
	}
	return nil
}

// moved deletes the pairs that have the name of a call in other scopes than its own.
func moved(store *keypair.Store, c *operation.Call, scopes []keypair.Scope) error {
	for _, in := range scopes {
		if in == c.Scope {
			continue
		}
		if err := store.Delete(in, c.Pair.Name); err != nil {
			return err
		}
	}
	return nil
}

// reviving lets a function give an imported pair something of a deleted one that had its name.
func reviving(what func(pair *keypair.Pair, deleted keypair.Pair)) func(*parts) {
	return func(p *parts) {
		type place struct {
			in   keypair.Scope
			name string
		}
		deleted := map[place]keypair.Pair{}
		var mu sync.Mutex
		before(p, onECS, "DeleteKeyPairs", "delete", func(c *operation.Call) {
			mu.Lock()
			defer mu.Unlock()
			for _, name := range c.Names {
				if found, _ := p.ECS().Store.Find(c.Scope, keypair.Filter{Name: keypair.Pattern(name)}, 0, 1); len(found) == 1 {
					deleted[place{c.Scope, found[0].Name}] = found[0]
				}
			}
		})
		before(p, onECS, importKeyPair, "store", func(c *operation.Call) {
			mu.Lock()
			defer mu.Unlock()
			if was, ok := deleted[place{c.Scope, c.Pair.Name}]; ok {
				what(&c.Pair, was)
			}
		})
	}
}

// ecsStore are wrong ideas of regions, accounts, unique names and the quota.
func ecsStore() []Defect {
	regions := func(p *parts) []string { return p.ECS().Regions }
	return []Defect{
		bug("ecs-region-unknown-taken", "A region that does not exist is taken.", "ECS-IMP-REGION-KNOWN", func(p *parts) {
			after(p, onECS, importKeyPair, "region", func(c *operation.Call, err error) error {
				if err != nil {
					c.Scope = keypair.Scope{Account: c.Identity.AccountID, Region: c.Text("RegionId")}
				}
				return nil
			})
		}),
		bug("ecs-region-unknown-default", "In place of a region that does not exist the first one is used.", "ECS-IMP-REGION-KNOWN", func(p *parts) {
			after(p, onECS, importKeyPair, "region", func(c *operation.Call, err error) error {
				if err != nil {
					c.Scope = keypair.Scope{Account: c.Identity.AccountID, Region: regions(p)[0]}
				}
				return nil
			})
		}),
		bug("ecs-region-checked-late", "A region that does not exist is told after the pair was stored.", "ECS-IMP-REGION-KNOWN", func(p *parts) {
			store := p.ECS().Store
			after(p, onECS, importKeyPair, "region", func(c *operation.Call, err error) error {
				if err != nil {
					pair := keypair.Pair{Name: c.Text("KeyPairName")}
					_ = store.Add(keypair.Scope{Account: c.Identity.AccountID, Region: regions(p)[0]}, pair) // it may be there already
				}
				return err
			})
		}),
		bug("ecs-region-one-refused", "One of the regions is not known to ImportKeyPair.", "ECS-IMP-REGION-KNOWN ECS-IMP-QUOTA", func(p *parts) {
			after(p, onECS, importKeyPair, "region", func(c *operation.Call, err error) error {
				if c.Scope.Region == regions(p)[2] {
					return operation.ErrRegion
				}
				return err
			})
		}),
		bug("ecs-region-second-refused", "The second region is not known to ImportKeyPair.", "ECS-IMP-REGION-KNOWN ECS-IMP-REGION-SCOPE ECS-IMP-NAME-UNIQUE-REGION", func(p *parts) {
			after(p, onECS, importKeyPair, "region", func(c *operation.Call, err error) error {
				if c.Scope.Region == regions(p)[1] {
					return operation.ErrRegion
				}
				return err
			})
		}),
		bug("ecs-region-first-lists-all", "DescribeKeyPairs shows the pairs of all regions in the first one.", "ECS-IMP-REGION-SCOPE", func(p *parts) {
			wrap(p, onECS, "DescribeKeyPairs", "find", func(was operation.Run) operation.Run {
				return func(ctx context.Context, c *operation.Call) error {
					err := was(ctx, c)
					if c.Scope.Region == regions(p)[0] && c.Filter != nil {
						for _, region := range regions(p)[1:] {
							others, n := p.ECS().Store.Find(keypair.Scope{Account: c.Scope.Account, Region: region}, *c.Filter, c.Page.Offset(), c.Page.Size)
							c.Pairs, c.Page.Total = append(c.Pairs, others...), c.Page.Total+n
						}
					}
					return err
				}
			})
		}),
		bug("ecs-region-ignored", "All regions share their pairs.", "ECS-IMP-REGION-SCOPE ECS-IMP-NAME-UNIQUE-REGION", func(p *parts) {
			scoped(p, onECS, func(s *keypair.Scope) { s.Region = "" })
		}),
		bug("ecs-name-unique-in-all-regions", "A name must be unique in all regions.", "ECS-IMP-NAME-UNIQUE-REGION", func(p *parts) {
			storing(p, onECS, importKeyPair, func(store *keypair.Store, c *operation.Call) error {
				return unused(store, c, inRegions(c, regions(p)))
			})
		}),
		bug("ecs-name-unique-in-all-accounts", "A name must be unique in all accounts.", "ECS-IMP-NAME-UNIQUE-ACCOUNT", func(p *parts) {
			storing(p, onECS, importKeyPair, func(store *keypair.Store, c *operation.Call) error {
				return unused(store, c, inAccounts(p, c))
			})
		}),
		bug("ecs-name-moves-from-region", "A name is taken away from the pair of another region that has it.", "ECS-IMP-NAME-UNIQUE-REGION", func(p *parts) {
			storing(p, onECS, importKeyPair, func(store *keypair.Store, c *operation.Call) error {
				return moved(store, c, inRegions(c, regions(p)))
			})
		}),
		bug("ecs-name-moves-from-account", "A name is taken away from the pair of another account that has it.", "ECS-IMP-NAME-UNIQUE-ACCOUNT", func(p *parts) {
			storing(p, onECS, importKeyPair, func(store *keypair.Store, c *operation.Call) error {
				return moved(store, c, inAccounts(p, c))
			})
		}),
		bug("ecs-key-of-other-account", "A pair gets the key that a pair of another account has under its name.", "ECS-IMP-NAME-UNIQUE-ACCOUNT", func(p *parts) {
			storing(p, onECS, importKeyPair, func(store *keypair.Store, c *operation.Call) error {
				for _, in := range inAccounts(p, c) {
					if found, _ := store.Find(in, keypair.Filter{Name: keypair.Pattern(c.Pair.Name)}, 0, 1); len(found) == 1 && in != c.Scope {
						c.Pair.PublicKey, c.Pair.Fingerprint = found[0].PublicKey, found[0].Fingerprint
					}
				}
				return nil
			})
		}),
		bug("ecs-accounts-ignored", "All accounts share their pairs.", "ECS-IMP-NAME-UNIQUE-ACCOUNT ECS-IMP-QUOTA", func(p *parts) {
			scoped(p, onECS, func(s *keypair.Scope) { s.Account = "" })
		}),
		bug("ecs-duplicate-replaces", "A pair with the name of another takes its place.", "ECS-IMP-NAME-UNIQUE ECS-IMP-NAME-UNIQUE-CREATE ECS-IMP-ERR-EXIST", func(p *parts) {
			storing(p, onECS, importKeyPair, func(store *keypair.Store, c *operation.Call) error { return store.Delete(c.Scope, c.Pair.Name) })
		}),
		bug("ecs-duplicate-passed-over", "A pair with the name of another is passed over, and the answer is that of a success.", "ECS-IMP-NAME-UNIQUE ECS-IMP-NAME-UNIQUE-CREATE ECS-IMP-ERR-EXIST", func(p *parts) {
			after(p, onECS, importKeyPair, "store", func(_ *operation.Call, err error) error {
				if err == keypair.ErrExists { //nolint:errorlint // the store returns it as it is
					return nil
				}
				return err
			})
		}),
		bug("ecs-duplicate-same-key-taken", "A pair is imported again when name and key are those of the first.", "ECS-IMP-NAME-UNIQUE", func(p *parts) {
			after(p, onECS, importKeyPair, "store", func(c *operation.Call, err error) error {
				found, _ := p.ECS().Store.Find(c.Scope, keypair.Filter{Name: keypair.Pattern(c.Pair.Name)}, 0, 1)
				if err != nil && len(found) == 1 && found[0].Fingerprint == c.Pair.Fingerprint {
					return nil
				}
				return err
			})
		}),
		bug("ecs-duplicate-changes-key", "A refused duplicate replaces the key of the pair.", "ECS-IMP-NAME-UNIQUE ECS-IMP-NAME-UNIQUE-CREATE ECS-IMP-ERR-EXIST", func(p *parts) {
			after(p, onECS, importKeyPair, "store", func(c *operation.Call, err error) error {
				if err == keypair.ErrExists { //nolint:errorlint // the store returns it as it is
					_ = p.ECS().Store.Delete(c.Scope, c.Pair.Name)
					_ = p.ECS().Store.Add(c.Scope, c.Pair)
				}
				return err
			})
		}),
		bug("ecs-duplicate-of-created-taken", "The names of created and of imported pairs are two lists.", "ECS-IMP-NAME-UNIQUE-CREATE", func(p *parts) {
			made := map[keypair.Scope][]string{}
			var mu sync.Mutex
			before(p, onECS, "CreateKeyPair", "store", func(c *operation.Call) {
				mu.Lock()
				defer mu.Unlock()
				made[c.Scope] = append(made[c.Scope], strings.Clone(c.Pair.Name))
			})
			storing(p, onECS, importKeyPair, func(store *keypair.Store, c *operation.Call) error {
				mu.Lock()
				defer mu.Unlock()
				if slices.Contains(made[c.Scope], c.Pair.Name) {
					return store.Delete(c.Scope, c.Pair.Name)
				}
				return nil
			})
		}),
		bug("ecs-create-over-imported", "CreateKeyPair takes the name of an imported pair.", "ECS-IMP-NAME-UNIQUE-CREATE", func(p *parts) {
			without(p, onECS, "CreateKeyPair", "room")
			storing(p, onECS, "CreateKeyPair", func(store *keypair.Store, c *operation.Call) error { return store.Delete(c.Scope, c.Pair.Name) })
		}),
		bug("ecs-create-refused-changes-key", "CreateKeyPair refuses the name of an imported pair and puts its key in place of the first.", "ECS-IMP-NAME-UNIQUE-CREATE", func(p *parts) {
			without(p, onECS, "CreateKeyPair", "room")
			after(p, onECS, "CreateKeyPair", "store", func(c *operation.Call, err error) error {
				if err == keypair.ErrExists { //nolint:errorlint // the store returns it as it is
					_ = p.ECS().Store.Delete(c.Scope, c.Pair.Name)
					_ = p.ECS().Store.Add(c.Scope, c.Pair)
				}
				return err
			})
		}),
		bug("ecs-name-reuse-key", "A pair with the name of a deleted one gets the key of that.", "ECS-IMP-NAME-REUSE", reviving(func(pair *keypair.Pair, deleted keypair.Pair) {
			pair.PublicKey, pair.Fingerprint = deleted.PublicKey, deleted.Fingerprint
		})),
		bug("ecs-name-reuse-tags", "A pair with the name of a deleted one gets the tags of that.", "ECS-IMP-NAME-REUSE", reviving(func(pair *keypair.Pair, deleted keypair.Pair) {
			pair.Tags = append(pair.Tags, deleted.Tags...)
		})),
		bug("ecs-name-reserved-forever", "The name of a deleted pair stays in use.", "ECS-IMP-NAME-REUSE", func(p *parts) {
			used := map[keypair.Scope]map[string]bool{}
			var mu sync.Mutex
			storing(p, onECS, importKeyPair, func(_ *keypair.Store, c *operation.Call) error {
				mu.Lock()
				defer mu.Unlock()
				if used[c.Scope] == nil {
					used[c.Scope] = map[string]bool{}
				}
				if used[c.Scope][c.Pair.Name] {
					return keypair.ErrExists
				}
				used[c.Scope][strings.Clone(c.Pair.Name)] = true
				return nil
			})
		}),
		bug("ecs-race-same-name", "Two simultaneous imports of one name both succeed.", "ECS-IMP-NAME-UNIQUE", func(p *parts) { raced(p, onECS, importKeyPair) }).racing(),
		bug("ecs-race-last-place-kept", "Of two simultaneous imports for the last place of the quota one is refused and kept.", "ECS-IMP-QUOTA", func(p *parts) {
			p.ECS().Store.Quota = 1 << 30
			var m meet
			var mu sync.Mutex
			wrap(p, onECS, importKeyPair, "store", func(was operation.Run) operation.Run {
				return func(ctx context.Context, c *operation.Call) error {
					switch pairs := count(p.ECS().Store, c.Scope); {
					case pairs >= p.ECS().Rules.Quota && !named(p.ECS().Store, c.Scope, c.Pair.Name):
						return keypair.ErrQuota
					case pairs == p.ECS().Rules.Quota-1:
						m.wait()
					}
					mu.Lock()
					defer mu.Unlock()
					err := was(ctx, c)
					if err == nil && count(p.ECS().Store, c.Scope) > p.ECS().Rules.Quota {
						return keypair.ErrQuota
					}
					return err
				}
			})
		}).racing(),
		bug("ecs-quota-499", "There is room for 499 pairs.", "ECS-IMP-QUOTA", func(p *parts) { p.ECS().Store.Quota = 499 }),
		bug("ecs-quota-501", "There is room for 501 pairs.", "ECS-IMP-QUOTA ECS-IMP-QUOTA-SHARED ECS-IMP-ERR-QUOTA", func(p *parts) { p.ECS().Store.Quota = 501 }),
		bug("ecs-quota-none", "There is no quota.", "ECS-IMP-QUOTA ECS-IMP-QUOTA-SHARED ECS-IMP-ERR-QUOTA", func(p *parts) { p.ECS().Store.Quota = 1 << 30 }),
		bug("ecs-quota-10", "There is room for 10 pairs, as in the other product.", "ECS-IMP-QUOTA", func(p *parts) { p.ECS().Store.Quota = 10 }),
		bug("ecs-quota-imported-only", "Created pairs do not count for the quota.", "ECS-IMP-QUOTA-SHARED", func(p *parts) {
			made := map[keypair.Scope]int{}
			var mu sync.Mutex
			after(p, onECS, "CreateKeyPair", "store", func(c *operation.Call, err error) error {
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					made[c.Scope]++
				}
				return err
			})
			p.ECS().Store.Quota = 1 << 30
			storing(p, onECS, importKeyPair, func(store *keypair.Store, c *operation.Call) error {
				mu.Lock()
				defer mu.Unlock()
				if count(store, c.Scope)-made[c.Scope] >= p.ECS().Rules.Quota && !named(store, c.Scope, c.Pair.Name) {
					return keypair.ErrQuota
				}
				return nil
			})
		}),
		bug("ecs-quota-of-all-regions", "The quota counts the pairs of all regions.", "ECS-IMP-QUOTA-REGION", func(p *parts) {
			storing(p, onECS, importKeyPair, func(store *keypair.Store, c *operation.Call) error {
				total := 0
				for _, in := range inRegions(c, regions(p)) {
					total += count(store, in)
				}
				if total >= p.ECS().Rules.Quota && !named(store, c.Scope, c.Pair.Name) {
					return keypair.ErrQuota
				}
				return nil
			})
		}),
		bug("ecs-quota-of-all-accounts", "The quota counts the pairs of all accounts.", "ECS-IMP-QUOTA", func(p *parts) {
			storing(p, onECS, importKeyPair, func(store *keypair.Store, c *operation.Call) error {
				total := 0
				for _, in := range inAccounts(p, c) {
					total += count(store, in)
				}
				if total >= p.ECS().Rules.Quota && !named(store, c.Scope, c.Pair.Name) {
					return keypair.ErrQuota
				}
				return nil
			})
		}),
		bug("ecs-quota-never-freed", "A deleted pair still counts for the quota.", "ECS-IMP-QUOTA-FREED", func(p *parts) {
			made := map[keypair.Scope]int{}
			var mu sync.Mutex
			storing(p, onECS, importKeyPair, func(store *keypair.Store, c *operation.Call) error {
				mu.Lock()
				defer mu.Unlock()
				if made[c.Scope] >= p.ECS().Rules.Quota && c.Scope.Region == regions(p)[len(regions(p))-1] && !named(store, c.Scope, c.Pair.Name) {
					return keypair.ErrQuota
				}
				made[c.Scope]++
				return nil
			})
		}),
		bug("ecs-quota-told-late", "A pair above the quota is refused and kept.", "ECS-IMP-QUOTA ECS-IMP-QUOTA-SHARED ECS-IMP-QUOTA-FREED ECS-IMP-ERR-QUOTA", func(p *parts) {
			p.ECS().Store.Quota = 1 << 30
			after(p, onECS, importKeyPair, "store", func(c *operation.Call, err error) error {
				if err == nil && count(p.ECS().Store, c.Scope) > p.ECS().Rules.Quota {
					return keypair.ErrQuota
				}
				return err
			})
		}),
		bug("ecs-imported-not-listed", "Imported pairs are not listed.", "ECS-IMP-ACTION ECS-IMP-GET ECS-IMP-REGION-KNOWN ECS-IMP-REGION-SCOPE ECS-IMP-NAME-UNIQUE ECS-IMP-NAME-UNIQUE-CREATE ECS-IMP-NAME-UNIQUE-REGION ECS-IMP-KEY-SSHRSA ECS-IMP-KEY-SSHDSS ECS-IMP-KEY-ECDSA ECS-IMP-KEY-STORED ECS-IMP-KEY-NOPRIVATE ECS-IMP-RG-OPT ECS-IMP-TAG-OPT ECS-IMP-TAG-WIRE ECS-IMP-QUOTA ECS-IMP-QUOTA-SHARED ECS-IMP-QUOTA-FREED ECS-IMP-RESP-200 ECS-IMP-JSON ECS-IMP-ERR-QUOTA ECS-IMP-RAM-ACTION ECS-IMP-RAM-RESOURCE ECS-IMP-RAM-COND ECS-IMP-TYPES ECS-IMP-SUMMARY SWAS-IMP-NAME-REGION", func(p *parts) {
			without(p, onECS, importKeyPair, "store")
		}),
	}
}
