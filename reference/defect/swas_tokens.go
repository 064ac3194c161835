package defect

import (
	"context"
	"errors"
	"strings"
	"sync"
	"unicode"

	"github.com/kpspec/kpspec/reference/idempotence"
	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/operation"
	"github.com/kpspec/kpspec/reference/refusal"
	"github.com/kpspec/kpspec/reference/rpc"
	"github.com/kpspec/kpspec/reference/swas"
)

// once is how the calls with a token are carried out.
type once = func(ctx context.Context, o *operation.Operation, c *operation.Call, effects func() (any, error)) (any, error)

// remembered changes what becomes of a call with a token.
func (a swasAction) remembered(with func(was once) once) func(*parts) {
	return func(p *parts) {
		was := p.SWAS().Product.Once
		instead := with(was)
		p.SWAS().Product.Once = func(ctx context.Context, o *operation.Operation, c *operation.Call, effects func() (any, error)) (any, error) {
			if o.Action != a.action {
				return was(ctx, o, c, effects)
			}
			return instead(ctx, o, c, effects)
		}
	}
}

// again lets a function decide what a repeated call answers.
func (a swasAction) again(do func(o *operation.Operation, c *operation.Call, first any) (any, error)) func(*parts) {
	return a.remembered(func(was once) once {
		return func(ctx context.Context, o *operation.Operation, c *operation.Call, effects func() (any, error)) (any, error) {
			carried := false
			answer, err := was(ctx, o, c, func() (any, error) { carried = true; return effects() })
			if err != nil || carried {
				return answer, err
			}
			return do(o, c, answer)
		}
	})
}

// tokens changes what a token is taken for.
func (a swasAction) tokens(as func(c *operation.Call) string) func(*parts) {
	return a.remembered(func(was once) once {
		return func(ctx context.Context, o *operation.Operation, c *operation.Call, effects func() (any, error)) (any, error) {
			c.Token = as(c)
			return was(ctx, o, c, effects)
		}
	})
}

// tokenRefused refuses some tokens more, and tokenTaken takes some more.
func (a swasAction) tokenRefused(bad func(token string) bool) func(*parts) {
	return func(p *parts) {
		after(p, onSWAS, a.action, "client token", func(c *operation.Call, err error) error {
			if err == nil && bad(c.Token) {
				return swas.ErrToken
			}
			return err
		})
	}
}

func (a swasAction) tokenTaken(good func(token string) bool) func(*parts) {
	return func(p *parts) {
		after(p, onSWAS, a.action, "client token", func(c *operation.Call, err error) error {
			if good(c.Token) {
				return nil
			}
			return err
		})
	}
}

// swasTokens are wrong ideas of what a client token may be and what it does.
func swasTokens() []Defect {
	var all []Defect
	for _, a := range swasActions {
		all = append(all,
			a.bug("token-required", "refuses a call without a client token.", "TOKEN-OPT"+a.only(swasAttach, "SWAS-IMP-USE ONE"), a.tokenRefused(func(token string) bool { return token == "" })),
			a.bug("token-max-63", "refuses a client token of 64 characters.", "TOKEN-LEN", a.tokenRefused(func(token string) bool { return len(token) > 63 })),
			a.bug("token-max-65", "takes a client token of 65 characters.", "TOKEN-LEN", a.tokenTaken(func(token string) bool { return len(token) == 65 })),
			a.bug("token-cut-at-64", "cuts a client token at 64 characters.", "TOKEN-LEN", func(p *parts) {
				after(p, onSWAS, a.action, "client token", func(c *operation.Call, err error) error {
					if len(c.Token) > 64 && isASCII(c.Token) {
						c.Token = c.Token[:64]
						return nil
					}
					return err
				})
			}),
			a.bug("token-too-long-500", "answers a client token of 65 characters with an internal error.", "TOKEN-LEN", func(p *parts) {
				after(p, onSWAS, a.action, "client token", func(c *operation.Call, err error) error {
					if len(c.Token) > 64 && isASCII(c.Token) {
						return errBroken
					}
					return err
				})
			}),
			a.bug("token-latin", "takes letters with accents in a client token.", "TOKEN-ASCII", a.tokenTaken(func(token string) bool {
				return !isASCII(token) && strings.IndexFunc(token, func(r rune) bool { return r > unicode.MaxLatin1 }) < 0
			})),
			a.bug("token-form-checked-late", "tells of a bad client token when all is done.", "TOKEN-LEN TOKEN-ASCII", func(p *parts) { late(p, onSWAS, a.action, "client token") }),
		)
	}
	for _, a := range swasMakers {
		all = append(all,
			a.bug("token-max-36", "takes client tokens only up to the length of a UUID.", "TOKEN-LEN"+a.only(swasImport, "TOKEN-ASCII"), a.tokenRefused(func(token string) bool { return len(token) > 36 })),
			a.bug("token-uuid-refused", "refuses a client token with hyphens.", "TOKEN-EXAMPLE"+a.only(swasImport, "TOKEN-ASCII"), a.tokenRefused(func(token string) bool { return strings.Contains(token, "-") })),
			a.bug("token-cut-at-32", "looks only at the first 32 characters of a client token.", "TOKEN-UNIQUE", a.tokens(func(c *operation.Call) string { return c.Token[:min(len(c.Token), 32)] })),
			a.bug("token-cut-at-63", "does not look at the last of 64 characters of a client token.", "TOKEN-UNIQUE", a.tokens(func(c *operation.Call) string { return c.Token[:min(len(c.Token), 63)] })),
			a.bug("token-not-remembered", "carries out a call again that comes with the same client token.", "TOKEN-IDEMP TOKEN-MISMATCH", a.remembered(func(once) once {
				return func(_ context.Context, _ *operation.Operation, _ *operation.Call, effects func() (any, error)) (any, error) {
					return effects()
				}
			})),
			a.bug("token-forgotten-after-retry", "forgets a client token when the call was repeated once.", "TOKEN-IDEMP", func(p *parts) {
				used := map[string]int{}
				var mu sync.Mutex
				a.again(func(_ *operation.Operation, c *operation.Call, first any) (any, error) {
					mu.Lock()
					defer mu.Unlock()
					if used[c.Token]++; used[c.Token] > 1 {
						return nil, keypair.ErrExists
					}
					return first, nil
				})(p)
			}),
			a.bug("token-second-pair", "makes a second pair for a repeated call, under another name.", "TOKEN-IDEMP", func(p *parts) {
				a.again(func(_ *operation.Operation, c *operation.Call, first any) (any, error) {
					copied := c.Pair
					copied.Name = "copy-" + copied.Name
					_ = p.SWAS().Store.Add(c.Scope, copied) // there may be one already
					return first, nil
				})(p)
			}),
			a.bug("token-repeated-empty", "answers a repeated call without KeyPairName.", "TOKEN-IDEMP", a.again(func(_ *operation.Operation, _ *operation.Call, first any) (any, error) {
				return object(dropped("KeyPairName")(nil, fields(first))), nil
			})),
			a.bug("token-repeated-409", "refuses a call that comes with the client token of another.", "TOKEN-IDEMP", a.again(func(*operation.Operation, *operation.Call, any) (any, error) {
				return nil, &rpc.Error{Status: 409, Code: "IdempotentProcessed", Message: "The request was carried out before."}
			})),
			a.bug("token-mismatch-first-answer", "answers every call with a known client token like the first.", "TOKEN-MISMATCH", func(p *parts) {
				find(p, onSWAS, a.action).Same = func(*operation.Call) []string { return nil }
			}),
			a.bug("token-mismatch-carried-out", "takes a client token with other parameters for a new one.", "TOKEN-MISMATCH", a.tokens(func(c *operation.Call) string { return c.Token + " " + c.Pair.Name })),
			a.bug("token-mismatch-late", "tells of a client token with other parameters when the call is carried out.", "TOKEN-MISMATCH", a.remembered(func(was once) once {
				return func(ctx context.Context, o *operation.Operation, c *operation.Call, effects func() (any, error)) (any, error) {
					carried := false
					answer, err := was(ctx, o, c, func() (any, error) { carried = true; return effects() })
					if err != nil && !carried {
						_, _ = effects() // it is refused whatever they come to
					}
					return answer, err
				}
			})),
			a.bug("token-mismatch-removes", "refuses a client token with other parameters and removes the pair that was made with it.", "TOKEN-MISMATCH", a.mismatched(func(p *parts, c *operation.Call, first string) {
				_ = p.SWAS().Store.Delete(c.Scope, first)
			})),
			a.bug("token-race-all-wait", "tells all of several simultaneous calls with one client token to wait for the others.", "TOKEN-IDEMP", a.gathered(func(*parts, *operation.Call, bool) error {
				return idempotence.ErrProcessing
			})).racing(),
			a.bug("token-race-wait-forever", "remembers of a call that came while another with its client token was under way that it was told to wait.", "TOKEN-IDEMP", a.gathered(func(_ *parts, _ *operation.Call, carried bool) error {
				if carried {
					return nil
				}
				return idempotence.ErrProcessing
			})).racing(),
			a.bug("token-race-loser-removes", "removes the pair of a client token for a call that came while another with it was under way.", "TOKEN-IDEMP", a.gathered(func(p *parts, c *operation.Call, carried bool) error {
				if carried {
					return nil
				}
				_ = p.SWAS().Store.Delete(c.Scope, c.Pair.Name)
				return idempotence.ErrProcessing
			})).racing(),
			a.bug("token-race-500", "answers an internal error while a call with the same client token is under way.", "TOKEN-IDEMP", func(p *parts) {
				a.crowded(p, func(context.Context) error { return errBroken })
			}).racing(),
			a.bug("token-race-loser-remembered", "remembers the refusal of the losers of several simultaneous calls with one client token.", "TOKEN-IDEMP", a.raceRemembered).racing(),
		)
	}
	all = append(all,
		swasImport.bug("token-spaces-refused", "refuses a client token with a space.", "TOKEN-ASCII", swasImport.tokenRefused(func(token string) bool { return strings.Contains(token, " ") })),
		swasImport.bug("token-tilde-refused", "refuses a client token with a tilde.", "TOKEN-ASCII", swasImport.tokenRefused(func(token string) bool { return strings.Contains(token, "~") })),
		swasImport.bug("token-any-script", "takes client tokens of any script.", "TOKEN-ASCII", swasImport.tokenTaken(func(token string) bool { return !isASCII(token) })),
		swasImport.bug("token-any-case", "compares client tokens without regard to case.", "TOKEN-CASE", swasImport.tokens(func(c *operation.Call) string { return strings.ToLower(c.Token) })),
		swasImport.bug("token-mismatch-name-only", "compares only the name of a call that is repeated with a client token.", "TOKEN-MISMATCH", func(p *parts) {
			find(p, onSWAS, importKeyPair).Same = func(c *operation.Call) []string { return []string{c.Pair.Name} }
		}),
		swasImport.bug("token-mismatch-key-only", "compares only the key of a call that is repeated with a client token.", "TOKEN-MISMATCH", func(p *parts) {
			find(p, onSWAS, importKeyPair).Same = func(c *operation.Call) []string { return []string{c.Pair.PublicKey} }
		}),
		swasImport.bug("token-mismatch-key-replaced", "puts another key in place of the first where a call is repeated with its client token.", "TOKEN-MISMATCH", func(p *parts) {
			find(p, onSWAS, importKeyPair).Same = func(c *operation.Call) []string { return []string{c.Pair.Name} }
			swasImport.again(func(_ *operation.Operation, c *operation.Call, first any) (any, error) { return first, replaced(p, c) })(p)
		}),
		swasImport.bug("token-mismatch-changes-key", "refuses a client token with another key and puts that key in place of the first.", "TOKEN-MISMATCH", swasImport.mismatched(func(p *parts, c *operation.Call, first string) {
			if c.Pair.Name == first {
				_ = replaced(p, c) // it is refused all the same
			}
		})),
		swasImport.bug("token-of-no-token", "takes a call without a client token for a repetition of the last with one.", "TOKEN-UNIQUE", func(p *parts) {
			find(p, onSWAS, importKeyPair).Same = func(c *operation.Call) []string { return []string{c.Pair.Name, c.Pair.PublicKey} }
			var mu sync.Mutex
			last := ""
			after(p, onSWAS, importKeyPair, "client token", func(c *operation.Call, err error) error {
				mu.Lock()
				defer mu.Unlock()
				if c.Token != "" {
					last = c.Token
				} else if found, _ := p.SWAS().Store.Find(keypair.Scope{Account: c.Identity.AccountID, Region: c.Text("RegionId")},
					keypair.Filter{Name: keypair.Pattern(c.Text("KeyPairName"))}, 0, 1); len(found) == 1 && found[0].PublicKey == c.Text("PublicKeyBody") {
					c.Token = last
				}
				return err
			})
		}),

		swasCreate.bug("token-repeated-without-key", "does not remember the private key that it has answered to a call with a client token.", "TOKEN-IDEMP", swasCreate.again(
			func(_ *operation.Operation, _ *operation.Call, first any) (any, error) {
				return object(valued("PrivateKeyBody", func(*operation.Call) any { return "" })(nil, fields(first))), nil
			})),
		swasCreate.bug("token-repeated-other-key", "makes a new key for a repeated call and does not keep it.", "TOKEN-IDEMP", swasCreate.again(
			func(o *operation.Operation, c *operation.Call, _ any) (any, error) {
				err := o.Step("generate").Run(context.Background(), c)
				return o.Answer(c), err
			})),
		swasCreate.bug("token-repeated-key-replaced", "makes a new key for a repeated call and keeps it in place of the first.", "TOKEN-IDEMP", func(p *parts) {
			swasCreate.again(func(o *operation.Operation, c *operation.Call, _ any) (any, error) {
				if err := o.Step("generate").Run(context.Background(), c); err != nil {
					return nil, err
				}
				return o.Answer(c), replaced(p, c)
			})(p)
		}),
		swasCreate.bug("token-race-two-keys", "gives each of several simultaneous calls with one client token a key of its own.", "TOKEN-IDEMP", func(p *parts) {
			without(p, onSWAS, createKeyPair, "room")
			type place struct {
				in   keypair.Scope
				name string
			}
			tokens := map[place]string{}
			var mu sync.Mutex
			wrap(p, onSWAS, createKeyPair, "store", func(operation.Run) operation.Run {
				return func(_ context.Context, c *operation.Call) error {
					mu.Lock()
					defer mu.Unlock()
					at := place{c.Scope, strings.Clone(c.Pair.Name)}
					c.Pair.Created = c.Time
					if c.Token != "" && tokens[at] == c.Token {
						return replaced(p, c)
					}
					err := p.SWAS().Store.Add(c.Scope, c.Pair)
					if err == nil {
						tokens[at] = strings.Clone(c.Token)
					}
					return err
				}
			})
			swasCreate.raceRemembered(p)
		}).racing(),
		swasAttach.bug("token-not-remembered", "carries out a call again that comes with the same client token.", "TOKEN-UNIQUE", swasAttach.remembered(func(once) once {
			return func(_ context.Context, _ *operation.Operation, _ *operation.Call, effects func() (any, error)) (any, error) {
				return effects()
			}
		})),
		swasAttach.bug("token-repeated-binds", "binds again for a repeated call and answers like the first time.", "TOKEN-UNIQUE", func(p *parts) {
			swasAttach.again(func(o *operation.Operation, c *operation.Call, first any) (any, error) {
				return first, o.Step("bind").Run(context.Background(), c)
			})(p)
		}),
		swasAttach.bug("token-repeated-no-results", "answers a repeated call without results.", "TOKEN-UNIQUE", swasAttach.again(
			func(o *operation.Operation, c *operation.Call, _ any) (any, error) {
				c.Servers = nil
				return o.Answer(c), nil
			})),
		swasAttach.bug("token-repeated-failed", "answers a repeated call with failed results.", "TOKEN-UNIQUE", swasAttach.again(
			func(o *operation.Operation, c *operation.Call, _ any) (any, error) {
				c.Failed = map[string]*rpc.Error{}
				for _, id := range c.Servers {
					c.Failed[id] = &rpc.Error{Status: 409, Message: "The key pair is bound already."}
				}
				return o.Answer(c), nil
			})),
		swasAttach.bug("token-repeated-409", "refuses a call that comes with the client token of another.", "TOKEN-UNIQUE", swasAttach.again(func(*operation.Operation, *operation.Call, any) (any, error) {
			return nil, &rpc.Error{Status: 409, Code: "IdempotentProcessed", Message: "The request was carried out before."}
		})),
		swasAttach.bug("token-of-server", "remembers answers by the servers of a call in place of its client token.", "TOKEN-UNIQUE", func(p *parts) {
			find(p, onSWAS, attachKeyPair).Same = func(*operation.Call) []string { return nil }
			swasAttach.tokens(func(c *operation.Call) string { return strings.Join(c.Servers, " ") + c.RequestID })(p)
		}),
	)
	mismatch := "SWAS-IMP-TOKEN-MISMATCH SWAS-CRE-TOKEN-MISMATCH"
	return append(all,
		bug("swas-token-mismatch-code", "A client token with other parameters is told with another code.", mismatch, func(p *parts) {
			row(p, onSWAS, idempotence.ErrMismatch, func(r *refusal.Row) { r.Code = "InvalidClientToken.Mismatch" })
		}),
		bug("swas-token-mismatch-409", "A client token with other parameters is told with the status 409.", mismatch, func(p *parts) {
			row(p, onSWAS, idempotence.ErrMismatch, func(r *refusal.Row) { r.Status = 409 })
		}),
	)
}

// replaced puts the pair of a call in place of the one that has its name.
func replaced(p *parts, c *operation.Call) error {
	if err := p.SWAS().Store.Delete(c.Scope, c.Pair.Name); err != nil {
		return err
	}
	return p.SWAS().Store.Add(c.Scope, c.Pair)
}

// mismatched lets a function do something when a token comes with other parameters; first is the name of the pair that was
// made with it.
func (a swasAction) mismatched(do func(p *parts, c *operation.Call, first string)) func(*parts) {
	return func(p *parts) {
		made := map[string]string{}
		var mu sync.Mutex
		a.remembered(func(was once) once {
			return func(ctx context.Context, o *operation.Operation, c *operation.Call, effects func() (any, error)) (any, error) {
				answer, err := was(ctx, o, c, effects)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					made[c.Token] = strings.Clone(c.Pair.Name)
				case errors.Is(err, idempotence.ErrMismatch):
					do(p, c, made[c.Token])
				}
				return answer, err
			}
		})(p)
	}
}

// gathered lets a function refuse calls with a token that was once in several calls at the same time; carried tells whether
// it was this one that was carried out.
func (a swasAction) gathered(refuse func(p *parts, c *operation.Call, carried bool) error) func(*parts) {
	return func(p *parts) {
		var m meet
		var mu sync.Mutex
		under, several := map[string]int{}, map[string]bool{}
		a.remembered(func(was once) once {
			return func(ctx context.Context, o *operation.Operation, c *operation.Call, effects func() (any, error)) (any, error) {
				mu.Lock()
				under[c.Token]++
				several[c.Token] = several[c.Token] || under[c.Token] > 1
				mu.Unlock()
				m.wait()
				carried := false
				answer, err := was(ctx, o, c, func() (any, error) { carried = true; return effects() })
				mu.Lock()
				defer mu.Unlock()
				under[c.Token]--
				if err == nil && several[c.Token] {
					err = refuse(p, c, carried)
				}
				return answer, err
			}
		})(p)
	}
}

// crowded lets a function refuse a call with a token while another with the same one is under way.
func (a swasAction) crowded(p *parts, refuse func(context.Context) error) {
	var m meet
	busy := map[string]bool{}
	var mu sync.Mutex
	a.remembered(func(was once) once {
		return func(ctx context.Context, o *operation.Operation, c *operation.Call, effects func() (any, error)) (any, error) {
			mu.Lock()
			taken := busy[c.Token]
			busy[c.Token] = true
			mu.Unlock()
			m.wait()
			if taken {
				return nil, refuse(ctx)
			}
			defer func() {
				mu.Lock()
				defer mu.Unlock()
				delete(busy, c.Token)
			}()
			return was(ctx, o, c, effects)
		}
	})(p)
}

// raceRemembered looks for a token first and remembers later what the call came to. A refusal stays.
func (a swasAction) raceRemembered(p *parts) {
	type outcome struct {
		answer any
		err    error
		same   string
	}
	var m meet
	var mu sync.Mutex
	memory := map[string]outcome{}
	a.remembered(func(once) once {
		return func(_ context.Context, o *operation.Operation, c *operation.Call, effects func() (any, error)) (any, error) {
			key, same := c.Scope.Account+c.Scope.Region+c.Token, strings.Join(o.Same(c), "\n")
			mu.Lock()
			known, ok := memory[key]
			mu.Unlock()
			switch {
			case ok && known.same != same:
				return nil, idempotence.ErrMismatch
			case ok:
				return known.answer, known.err
			}
			m.wait()
			answer, err := effects()
			mu.Lock()
			defer mu.Unlock()
			if err != nil || memory[key].err == nil {
				memory[key] = outcome{answer, err, same}
			}
			return answer, err
		}
	})(p)
}
