package defect

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/operation"
	"github.com/kpspec/kpspec/reference/refusal"
	"github.com/kpspec/kpspec/reference/rpc"
	"github.com/kpspec/kpspec/reference/swas"
)

// bound lets a function bind in place of the step that does; left are the servers that nothing speaks against.
func bound(p *parts, do func(c *operation.Call, left []string, bind operation.Run) error) {
	wrap(p, onSWAS, attachKeyPair, "bind", func(was operation.Run) operation.Run {
		return func(_ context.Context, c *operation.Call) error { return do(c, swas.Left(c), was) }
	})
}

// fitting lets a function decide which servers a pair can be bound to: it may call the step for some of them alone.
func fitting(p *parts, do func(c *operation.Call, fit func(ids []string) error) error) {
	wrap(p, onSWAS, attachKeyPair, "fit servers", func(was operation.Run) operation.Run {
		return func(ctx context.Context, c *operation.Call) error {
			return do(c, func(ids []string) error {
				all := c.Servers
				defer func() { c.Servers = all }()
				c.Servers = ids
				return was(ctx, c)
			})
		}
	})
}

// server finds a server of the world.
func server(p *parts, id string) (found world.Server, account string) {
	for _, a := range p.World.Accounts {
		for _, s := range a.Servers {
			if s.ID == id {
				return s, a.ID
			}
		}
	}
	return world.Server{}, ""
}

// unknownTo tells whether the caller has no such server in the region of the call.
func unknownTo(p *parts) func(*operation.Call, string) bool {
	return func(c *operation.Call, id string) bool {
		s, account := server(p, id)
		return account != c.Scope.Account || s.Region != c.Scope.Region
	}
}

// knowing lets AttachKeyPair know some servers more, whatever their system and state.
func knowing(p *parts, more func(c *operation.Call, id string) bool) {
	wrap(p, onSWAS, attachKeyPair, "known servers", func(was operation.Run) operation.Run {
		return func(ctx context.Context, c *operation.Call) error {
			all := c.Servers
			defer func() { c.Servers = all }()
			c.Servers = slices.DeleteFunc(slices.Clone(all), func(id string) bool { return more(c, id) })
			if len(c.Servers) == 0 {
				return nil
			}
			return was(ctx, c)
		}
	})
	fitting(p, func(c *operation.Call, fit func([]string) error) error {
		return fit(slices.DeleteFunc(slices.Clone(c.Servers), func(id string) bool { return more(c, id) }))
	})
}

// fail leaves servers alone for a reason.
func fail(c *operation.Call, status int, message string, ids ...string) {
	if c.Failed == nil {
		c.Failed = map[string]*rpc.Error{}
	}
	for _, id := range ids {
		c.Failed[id] = &rpc.Error{Status: status, Code: "IncorrectInstanceStatus", Message: message}
	}
}

// swasAttached are wrong ideas of servers and of what binding does.
func swasAttached() []Defect {
	a := swasAttach
	return []Defect{
		a.bug("ids-missing-success", "answers a call without servers with a success.", "IDS-REQ", func(p *parts) {
			after(p, onSWAS, attachKeyPair, "servers", func(c *operation.Call, err error) error {
				if !c.Params.Has("InstanceIds.1") && !c.Params.Has("InstanceIds") {
					return nil
				}
				return err
			})
			after(p, onSWAS, attachKeyPair, "known servers", func(c *operation.Call, err error) error {
				if len(c.Servers) == 0 {
					return nil
				}
				return err
			})
		}),
		a.bug("ids-missing-all", "binds to all servers where none is named.", "IDS-REQ", func(p *parts) {
			after(p, onSWAS, attachKeyPair, "region", func(c *operation.Call, err error) error {
				if c.Servers == nil {
					for _, s := range p.World.Accounts[0].Servers {
						if s.Region == c.Scope.Region && s.OS == world.Linux {
							c.Servers = append(c.Servers, s.ID)
						}
					}
				}
				return err
			})
			after(p, onSWAS, attachKeyPair, "servers", func(c *operation.Call, err error) error {
				if !c.Params.Has("InstanceIds.1") && !c.Params.Has("InstanceIds") {
					return nil
				}
				return err
			})
		}),
		a.bug("ids-missing-500", "answers a call without servers with an internal error.", "IDS-REQ", func(p *parts) {
			after(p, onSWAS, attachKeyPair, "servers", func(c *operation.Call, err error) error {
				if !c.Params.Has("InstanceIds.1") && !c.Params.Has("InstanceIds") {
					return errBroken
				}
				return err
			})
		}),
		a.bug("ids-max-49", "refuses a call for 50 servers.", "IDS-MAX", func(p *parts) { p.SWAS().Rules.ServersMax = 49 }),
		a.bug("ids-max-51", "takes a call for 51 servers.", "IDS-MAX", func(p *parts) { p.SWAS().Rules.ServersMax = 51 }),
		a.bug("ids-cut-at-50", "binds to the first 50 of 51 servers and passes over the last.", "IDS-MAX", func(p *parts) {
			max := p.SWAS().Rules.ServersMax
			p.SWAS().Rules.ServersMax++
			after(p, onSWAS, attachKeyPair, "servers", func(c *operation.Call, err error) error {
				c.Servers = c.Servers[:min(len(c.Servers), max)]
				return err
			})
		}),
		a.bug("ids-max-results", "binds to 50 of 51 servers and fails the last in the results.", "IDS-MAX", func(p *parts) {
			max := p.SWAS().Rules.ServersMax
			p.SWAS().Rules.ServersMax++
			before(p, onSWAS, attachKeyPair, "bind", func(c *operation.Call) {
				if len(c.Servers) > max {
					fail(c, 400, "There are too many servers.", c.Servers[max:]...)
				}
			})
		}),
		a.bug("ids-checked-late", "tells of 51 servers when all are bound.", "IDS-MAX", func(p *parts) {
			p.SWAS().Rules.ServersMax++
			bound(p, func(c *operation.Call, _ []string, bind operation.Run) error {
				if err := bind(context.Background(), c); err != nil {
					return err
				}
				if len(c.Servers) == p.SWAS().Rules.ServersMax {
					return swas.ErrTooMany
				}
				return nil
			})
		}),
		a.bug("ids-first-only", "reads only the first of several servers.", "IDS-ARRAY IDS-MAX MIXED RES-SUCCESS", func(p *parts) {
			after(p, onSWAS, attachKeyPair, "servers", func(c *operation.Call, err error) error {
				c.Servers = c.Servers[:min(len(c.Servers), 1)]
				return err
			})
		}),
		a.bug("two-refused", "refuses a call for more than one server.", "IDS-ARRAY IDS-MAX", func(p *parts) {
			after(p, onSWAS, attachKeyPair, "servers", func(c *operation.Call, err error) error {
				if err == nil && len(c.Servers) > 1 {
					return refusal.About("InstanceIds", swas.ErrTooMany)
				}
				return err
			})
		}),
		a.bug("binds-first-only", "binds to the first of several servers and answers a success for all.", "IDS-ARRAY IDS-MAX", func(p *parts) {
			bound(p, func(c *operation.Call, left []string, _ operation.Run) error {
				return p.SWAS().Store.Bind(c.Scope, c.Pair.Name, left[:1]...)
			})
		}),
		a.bug("binds-but-last", "binds to all of several servers but the last.", "IDS-ARRAY IDS-MAX", func(p *parts) {
			bound(p, func(c *operation.Call, left []string, _ operation.Run) error {
				return p.SWAS().Store.Bind(c.Scope, c.Pair.Name, left[:max(1, len(left)-1)]...)
			})
		}),
		a.bug("binds-ten", "binds to the first ten of many servers.", "IDS-MAX", func(p *parts) {
			bound(p, func(c *operation.Call, left []string, _ operation.Run) error {
				return p.SWAS().Store.Bind(c.Scope, c.Pair.Name, left[:min(10, len(left))]...)
			})
		}),
		a.bug("one-server-per-pair", "takes a pair from its servers before it binds it to others.", "MANY", func(p *parts) {
			bound(p, func(c *operation.Call, _ []string, bind operation.Run) error {
				if found, _ := p.SWAS().Store.Find(c.Scope, keypair.Filter{Name: keypair.Pattern(c.Pair.Name)}, 0, 1); len(found) == 1 {
					_, _ = p.SWAS().Store.Unbind(c.Scope, c.Pair.Name, found[0].Servers...) // they are bound
				}
				return bind(context.Background(), c)
			})
		}),
		a.bug("bound-pair-refused", "refuses a pair that is bound to a server already.", "MANY REATTACH", func(p *parts) {
			bound(p, func(c *operation.Call, _ []string, bind operation.Run) error {
				if found, _ := p.SWAS().Store.Find(c.Scope, keypair.Filter{Name: keypair.Pattern(c.Pair.Name)}, 0, 1); len(found) == 1 && len(found[0].Servers) > 0 {
					return keypair.ErrBound
				}
				return bind(context.Background(), c)
			})
		}),
		a.bug("bound-server-refused", "refuses a server that has another pair.", "OVERWRITE", func(p *parts) {
			bound(p, func(c *operation.Call, left []string, bind operation.Run) error {
				for _, id := range left {
					if other, ok := p.SWAS().Store.Of(c.Scope, id); ok && other.Name != c.Pair.Name && named(p.SWAS().Store, c.Scope, c.Pair.Name) {
						return keypair.ErrBound
					}
				}
				return bind(context.Background(), c)
			})
		}),
		a.bug("bound-server-failed", "fails a server that has another pair, in the results.", "OVERWRITE", func(p *parts) {
			bound(p, func(c *operation.Call, left []string, bind operation.Run) error {
				for _, id := range left {
					if other, ok := p.SWAS().Store.Of(c.Scope, id); ok && other.Name != c.Pair.Name && named(p.SWAS().Store, c.Scope, c.Pair.Name) {
						fail(c, 409, "The server has a key pair.", id)
					}
				}
				return bind(context.Background(), c)
			})
		}),
		a.bug("does-not-overwrite", "leaves the pair that a server has and answers a success.", "OVERWRITE", func(p *parts) {
			bound(p, func(c *operation.Call, left []string, _ operation.Run) error {
				return p.SWAS().Store.Bind(c.Scope, c.Pair.Name, slices.DeleteFunc(left, func(id string) bool {
					_, taken := p.SWAS().Store.Of(c.Scope, id)
					return taken
				})...)
			})
		}),
		a.bug("overwrite-frees-all", "takes the pair that a server had from its other servers too.", "OVERWRITE", func(p *parts) {
			bound(p, func(c *operation.Call, left []string, bind operation.Run) error {
				for _, id := range left {
					if other, ok := p.SWAS().Store.Of(c.Scope, id); ok && other.Name != c.Pair.Name && named(p.SWAS().Store, c.Scope, c.Pair.Name) {
						_, _ = p.SWAS().Store.Unbind(c.Scope, other.Name, other.Servers...) // they are bound
					}
				}
				return bind(context.Background(), c)
			})
		}),
		a.bug("overwrite-still-bound", "lets nobody delete a pair that was bound to a server that has another now.", "OVERWRITE", func(p *parts) {
			had := outlived(p)
			wrap(p, onSWAS, "DeleteKeyPairs", "delete", func(was operation.Run) operation.Run {
				return func(ctx context.Context, c *operation.Call) error {
					for _, name := range c.Names {
						if len(had(c.Scope, name)) > 0 {
							return keypair.ErrBound
						}
					}
					return was(ctx, c)
				}
			})
		}),
		a.bug("overwrite-deletion-frees", "lets a deleted pair take the next one from the servers that it was bound to.", "OVERWRITE", func(p *parts) {
			had := outlived(p)
			wrap(p, onSWAS, "DeleteKeyPairs", "delete", func(was operation.Run) operation.Run {
				return func(ctx context.Context, c *operation.Call) error {
					for _, name := range c.Names {
						for _, id := range had(c.Scope, name) {
							if next, ok := p.SWAS().Store.Of(c.Scope, id); ok {
								_, _ = p.SWAS().Store.Unbind(c.Scope, next.Name, id) // it is bound
							}
						}
					}
					return was(ctx, c)
				}
			})
		}),
		a.bug("two-pairs", "adds a pair to the one that a server has.", "OVERWRITE", func(p *parts) { twoPairs(p) }),
		a.bug("reattach-refused", "refuses a pair that the server has.", "REATTACH", func(p *parts) {
			bound(p, func(c *operation.Call, left []string, bind operation.Run) error {
				for _, id := range left {
					if other, ok := p.SWAS().Store.Of(c.Scope, id); ok && other.Name == c.Pair.Name {
						return keypair.ErrBound
					}
				}
				return bind(context.Background(), c)
			})
		}),
		a.bug("reattach-binds-none", "does nothing where one of the servers has the pair already.", "REATTACH", func(p *parts) {
			bound(p, func(c *operation.Call, left []string, bind operation.Run) error {
				for _, id := range left {
					if other, ok := p.SWAS().Store.Of(c.Scope, id); ok && other.Name == c.Pair.Name {
						return nil
					}
				}
				return bind(context.Background(), c)
			})
		}),
		a.bug("reattach-frees", "takes a pair away from a server that has it.", "REATTACH", func(p *parts) {
			bound(p, func(c *operation.Call, left []string, bind operation.Run) error {
				var again []string
				for _, id := range left {
					if other, ok := p.SWAS().Store.Of(c.Scope, id); ok && other.Name == c.Pair.Name {
						again = append(again, id)
					}
				}
				if len(again) == 0 {
					return bind(context.Background(), c)
				}
				_, err := p.SWAS().Store.Unbind(c.Scope, c.Pair.Name, again...)
				return err
			})
		}),
		a.bug("windows-bound", "binds to Windows servers.", "LINUX SWAS-CRE-LINUX", func(p *parts) { p.SWAS().Rules.Systems = append(p.SWAS().Rules.Systems, world.Windows) }),
		a.bug("windows-success", "does nothing for a Windows server and answers a success.", "LINUX", func(p *parts) {
			lied(p, func(s world.Server) bool { return s.OS == world.Windows })
		}),
		a.bug("windows-500", "answers a Windows server with an internal error.", "LINUX", func(p *parts) {
			fitting(p, func(c *operation.Call, fit func([]string) error) error {
				for _, id := range c.Servers {
					if s, _ := server(p, id); s.OS == world.Windows {
						return errBroken
					}
				}
				return fit(c.Servers)
			})
		}),
		a.bug("resetting-bound", "binds to servers in any state.", "STATE", func(p *parts) { p.SWAS().Rules.States = append(p.SWAS().Rules.States, world.Resetting) }),
		a.bug("resetting-success", "does nothing for a server in transition and answers a success.", "STATE", func(p *parts) {
			lied(p, func(s world.Server) bool { return s.Status == world.Resetting })
		}),
		a.bug("stopped-refused", "does not bind to stopped servers.", "STATE", func(p *parts) { p.SWAS().Rules.States = []string{world.Running} }),
		a.bug("stopped-bound-later", "binds to stopped servers when they run again, and answers a success.", "STATE", func(p *parts) {
			bound(p, func(c *operation.Call, left []string, _ operation.Run) error {
				return p.SWAS().Store.Bind(c.Scope, c.Pair.Name, slices.DeleteFunc(left, func(id string) bool {
					s, _ := server(p, id)
					return s.Status == world.Stopped
				})...)
			})
		}),
		a.bug("unknown-success", "counts a server that does not exist as a success.", "404 MIXED FOREIGN RES-SUCCESS", func(p *parts) {
			knowing(p, unknownTo(p))
			bound(p, func(c *operation.Call, left []string, _ operation.Run) error {
				return p.SWAS().Store.Bind(c.Scope, c.Pair.Name, slices.DeleteFunc(left, func(id string) bool { return unknownTo(p)(c, id) })...)
			})
		}),
		a.bug("unknown-bound", "binds to servers that do not exist.", "404 MIXED FOREIGN RES-SUCCESS", func(p *parts) {
			knowing(p, unknownTo(p))
		}),
		a.bug("unknown-results", "tells of servers that do not exist in the results alone.", "404 FOREIGN", func(p *parts) {
			wrap(p, onSWAS, attachKeyPair, "known servers", func(operation.Run) operation.Run {
				return func(_ context.Context, c *operation.Call) error {
					for _, id := range c.Servers {
						if unknownTo(p)(c, id) {
							fail(c, 404, "The specified Instance Id does not exist.", id)
						}
					}
					return nil
				}
			})
		}),
		a.bug("unknown-passed-over", "passes over servers that do not exist.", "404 MIXED FOREIGN RES-SUCCESS", func(p *parts) {
			wrap(p, onSWAS, attachKeyPair, "known servers", func(operation.Run) operation.Run {
				return func(_ context.Context, c *operation.Call) error {
					c.Servers = slices.DeleteFunc(slices.Clone(c.Servers), func(id string) bool { return unknownTo(p)(c, id) })
					return nil
				}
			})
		}),
		a.bug("unknown-told-late", "tells of a server that does not exist when the others are bound.", "MIXED", func(p *parts) {
			known := find(p, onSWAS, attachKeyPair).Step("known servers").Run
			knowing(p, unknownTo(p))
			bound(p, func(c *operation.Call, left []string, _ operation.Run) error {
				err := p.SWAS().Store.Bind(c.Scope, c.Pair.Name, slices.DeleteFunc(left, func(id string) bool { return unknownTo(p)(c, id) })...)
				if err != nil {
					return err
				}
				return known(context.Background(), c)
			})
		}),
		a.bug("unknown-uncounted", "fails a server that does not exist in the results and does not count it.", "MIXED", func(p *parts) {
			unknownInResults(p)
			members(p, onSWAS, attachKeyPair, valued("FailCount", func(*operation.Call) any { return 0 }))
		}),
		a.bug("unknown-binds-none", "answers a success for one of two servers when the other does not exist, and binds none.", "MIXED", func(p *parts) {
			unknownInResults(p)
			bound(p, func(c *operation.Call, _ []string, bind operation.Run) error {
				if len(c.Failed) > 0 {
					return nil
				}
				return bind(context.Background(), c)
			})
		}),
		a.bug("unknown-among-500", "answers a call for several servers of which one does not exist with an internal error.", "MIXED RES-SUCCESS", func(p *parts) {
			after(p, onSWAS, attachKeyPair, "known servers", func(c *operation.Call, err error) error {
				if err != nil && len(c.Servers) > 1 {
					return errBroken
				}
				return err
			})
		}),
		a.bug("foreign-region-bound", "binds to servers of other regions.", "FOREIGN", func(p *parts) {
			knowing(p, func(c *operation.Call, id string) bool {
				s, account := server(p, id)
				return account == c.Scope.Account && s.Region != c.Scope.Region
			})
		}),
		a.bug("foreign-account-bound", "binds to servers of other accounts.", "FOREIGN", func(p *parts) {
			knowing(p, func(c *operation.Call, id string) bool {
				_, account := server(p, id)
				return account != "" && account != c.Scope.Account
			})
		}),
		a.bug("foreign-account-403", "refuses a server of another account with the status 403.", "FOREIGN", func(p *parts) {
			after(p, onSWAS, attachKeyPair, "known servers", func(c *operation.Call, err error) error {
				if _, account := server(p, c.Servers[0]); account != "" && account != c.Scope.Account {
					return &rpc.Error{Status: 403, Code: "Forbidden", Message: "The server belongs to another account."}
				}
				return err
			})
		}),
		a.bug("bound-late", "binds when it is called the next time.", "SWAS-IMP-USE REGION-KNOWN TOKEN-OPT TOKEN-LEN IDS-ARRAY IDS-MAX ONE MANY RAM EFFECT", func(p *parts) {
			pending := func() {}
			var mu sync.Mutex
			bound(p, func(c *operation.Call, left []string, _ operation.Run) error {
				mu.Lock()
				defer mu.Unlock()
				pending()
				in, name := c.Scope, strings.Clone(c.Pair.Name)
				if !named(p.SWAS().Store, in, name) {
					return keypair.ErrAbsent
				}
				pending = func() { _ = p.SWAS().Store.Bind(in, name, left...) } // nobody is there to be told
				return nil
			})
		}),
		bug("swas-describe-nothing", "DescribeInstanceKeyPair tells of no pair.", "SWAS-ATT-ONE", func(p *parts) {
			without(p, onSWAS, "DescribeInstanceKeyPair", "bound pair")
		}),
	}
}

// lied answers a success for servers of a kind, to which nothing is bound.
func lied(p *parts, kind func(world.Server) bool) {
	of := func(id string) bool { s, _ := server(p, id); return kind(s) }
	fitting(p, func(c *operation.Call, fit func([]string) error) error {
		return fit(slices.DeleteFunc(slices.Clone(c.Servers), of))
	})
	bound(p, func(c *operation.Call, left []string, _ operation.Run) error {
		return p.SWAS().Store.Bind(c.Scope, c.Pair.Name, slices.DeleteFunc(left, of)...)
	})
}

// unknownInResults is the other choice that the documents leave for servers of which some do not exist.
func unknownInResults(p *parts) {
	wrap(p, onSWAS, attachKeyPair, "known servers", func(was operation.Run) operation.Run {
		return func(ctx context.Context, c *operation.Call) error {
			var known []string
			for _, id := range c.Servers {
				if unknownTo(p)(c, id) {
					fail(c, 404, "The specified Instance Id does not exist.", id)
				} else {
					known = append(known, id)
				}
			}
			if len(known) == 0 {
				return was(ctx, c)
			}
			return nil
		}
	})
}

// twoPairs shows a server under the pairs that it had before, as long as they are there.
func twoPairs(p *parts) {
	had := outlived(p)
	after(p, onSWAS, listKeyPairs, "find", func(c *operation.Call, err error) error {
		for i, pair := range c.Pairs {
			c.Pairs[i].Servers = append(pair.Servers, had(c.Scope, pair.Name)...)
		}
		return err
	})
}

// outlived keeps bindings that others have replaced, until they are taken off. It returns the servers that a pair has so.
func outlived(p *parts) func(in keypair.Scope, name string) []string {
	type place struct {
		in   keypair.Scope
		name string
	}
	had := map[place][]string{}
	var mu sync.Mutex
	bound(p, func(c *operation.Call, left []string, bind operation.Run) error {
		mu.Lock()
		defer mu.Unlock()
		for _, id := range left {
			if other, ok := p.SWAS().Store.Of(c.Scope, id); ok && other.Name != c.Pair.Name && named(p.SWAS().Store, c.Scope, c.Pair.Name) {
				at := place{c.Scope, other.Name}
				had[at] = append(had[at], id)
			}
		}
		return bind(context.Background(), c)
	})
	after(p, onSWAS, "DetachKeyPair", "unbind", func(c *operation.Call, err error) error {
		mu.Lock()
		defer mu.Unlock()
		at := place{c.Scope, c.Pair.Name}
		had[at] = slices.DeleteFunc(had[at], func(id string) bool { return slices.Contains(c.Servers, id) })
		return err
	})
	return func(in keypair.Scope, name string) []string {
		mu.Lock()
		defer mu.Unlock()
		return had[place{in, name}]
	}
}
