package defect

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/operation"
	"github.com/kpspec/kpspec/reference/rpc"
	"github.com/kpspec/kpspec/reference/swas"
)

// The other two operations under test, and one that shows what they have done.
const (
	createKeyPair = "CreateKeyPair"
	attachKeyPair = "AttachKeyPair"
	listKeyPairs  = "ListKeyPairs"
)

// swasAction is an operation of SWAS that has defects.
type swasAction struct {
	id     string // what the ids of its defects begin with, behind the product
	action string
	rules  string // what the ids of its rules begin with
}

var (
	swasImport  = swasAction{"import", importKeyPair, "SWAS-IMP-"}
	swasCreate  = swasAction{"create", createKeyPair, "SWAS-CRE-"}
	swasAttach  = swasAction{"attach", attachKeyPair, "SWAS-ATT-"}
	swasMakers  = []swasAction{swasImport, swasCreate}
	swasActions = []swasAction{swasImport, swasCreate, swasAttach}
)

// bug makes a defect of the operation. The sentence goes on from its name; rules are ids, those of the operation without
// what all of them begin with.
func (a swasAction) bug(id, does, rules string, change func(*parts)) Defect {
	return bug("swas-"+a.id+"-"+id, onSWAS+" "+a.action+" "+does, a.ids(rules), change)
}

func (a swasAction) ids(rules string) string {
	all := strings.Fields(rules)
	for i := range all {
		if !strings.HasPrefix(all[i], onSWAS) {
			all[i] = a.rules + all[i]
		}
	}
	return strings.Join(all, " ")
}

// only is further rules that a defect of several operations breaks in one of them.
func (a swasAction) only(b swasAction, rules string) string {
	if a == b {
		return " " + rules
	}
	return ""
}

// named changes the rule for the names of the operation alone.
func (a swasAction) named(change func(*keypair.NameRule)) func(*parts) {
	return func(p *parts) {
		rule := p.SWAS().Rules.Names
		change(&rule)
		find(p, onSWAS, a.action).Step("name").Run = operation.Name(&rule).Run
	}
}

// renaming makes other names of those that were sent.
func (a swasAction) renaming(as func(name string) string) func(*parts) {
	return func(p *parts) {
		wrap(p, onSWAS, a.action, "name", func(operation.Run) operation.Run {
			return func(_ context.Context, c *operation.Call) error {
				c.Pair.Name = as(c.Text("KeyPairName"))
				return p.SWAS().Rules.Names.Check(c.Pair.Name)
			}
		})
	}
}

// swasNames are wrong ideas of what a key pair of SWAS may be called.
func swasNames() []Defect {
	var all []Defect
	for _, a := range swasMakers {
		refuse := func(bad func(string) bool) func(*parts) {
			return func(p *parts) { refusing(p, onSWAS, a.action, bad) }
		}
		take := func(good func(string) bool) func(*parts) {
			return func(p *parts) { taking(p, onSWAS, a.action, good) }
		}
		all = append(all,
			a.bug("name-min-1", "takes a name of one character.", "NAME-LEN-MIN NAME-LEN-CHARS", a.named(func(r *keypair.NameRule) { r.Min = 1 })),
			a.bug("name-min-3", "refuses a name of two characters.", "NAME-LEN-MIN NAME-LEN-CHARS", a.named(func(r *keypair.NameRule) { r.Min = 3 })),
			a.bug("name-max-63", "refuses a name of 64 characters.", "NAME-LEN-MAX NAME-LEN-CHARS", a.named(func(r *keypair.NameRule) { r.Max = 63 })),
			a.bug("name-max-65", "takes a name of 65 characters.", "NAME-LEN-MAX NAME-LEN-CHARS", a.named(func(r *keypair.NameRule) { r.Max = 65 })),
			a.bug("name-bytes", "counts the longest name in bytes.", "NAME-LEN-CHARS", func(p *parts) {
				counting(p, onSWAS, a.action, func(name string) string { return name })
			}),
			a.bug("name-min-bytes", "counts the shortest name in bytes.", "NAME-LEN-CHARS", take(func(name string) bool {
				return len(name) == 3 && len([]rune(name)) == 1
			})),
			a.bug("name-unlimited-chinese", "has a greatest length only for names of ASCII.", "NAME-LEN-CHARS", take(func(name string) bool {
				return !isASCII(name) && len([]rune(name)) > 64
			})),
			a.bug("name-first-upper-refused", "refuses a name that begins with a capital letter.", "NAME-FIRST", refuse(func(name string) bool { return unicode.IsUpper(first(name)) })),
			a.bug("name-first-chinese-refused", "refuses a name that begins with a Chinese character.", "NAME-LEN-CHARS NAME-FIRST", refuse(func(name string) bool {
				return first(name) > unicode.MaxASCII
			})),
			a.bug("name-first-digit", "takes a name that begins with a digit.", "NAME-FIRST-BAD", a.named(func(r *keypair.NameRule) { r.First.Extra += "0123456789" })),
			a.bug("name-first-colon", "takes a name that begins with a colon.", "NAME-FIRST-BAD", a.named(func(r *keypair.NameRule) { r.First.Extra += ":" })),
			a.bug("name-first-underscore", "takes a name that begins with an underscore.", "NAME-FIRST-BAD", a.named(func(r *keypair.NameRule) { r.First.Extra += "_" })),
			a.bug("name-first-hyphen", "takes a name that begins with a hyphen.", "NAME-FIRST-BAD", a.named(func(r *keypair.NameRule) { r.First.Extra += "-" })),
			a.bug("name-http-start", "takes a name that begins with http://.", "NAME-NOHTTP", take(func(name string) bool { return strings.HasPrefix(name, "http://") })),
			a.bug("name-https-start", "takes a name that begins with https://.", "NAME-NOHTTP", take(func(name string) bool { return strings.HasPrefix(name, "https://") })),
			a.bug("name-http-refused", "refuses a name that begins with http, whatever follows.", "NAME-NOHTTP", refuse(func(name string) bool {
				return strings.HasPrefix(name, "http") && !strings.HasPrefix(name, "https")
			})),
			a.bug("name-https-refused", "refuses a name that begins with https, whatever follows.", "NAME-NOHTTP", refuse(func(name string) bool { return strings.HasPrefix(name, "https") })),
			a.bug("name-digits-refused", "refuses a name with the digit nine.", "NAME-DIGIT", refuse(func(name string) bool { return strings.Contains(name, "9") })),
			a.bug("name-colon-refused", "refuses a name with a colon.", "NAME-NOHTTP NAME-COLON"+a.only(swasImport, "RESP-NAME"), refuse(func(name string) bool { return strings.Contains(name, ":") })),
			a.bug("name-underscore-refused", "refuses a name with an underscore.", "NAME-UNDERSCORE", refuse(func(name string) bool { return strings.Contains(name, "_") })),
			a.bug("name-hyphen-refused", "refuses a name with a hyphen.", "NAME-HYPHEN", refuse(func(name string) bool { return strings.Contains(name, "-") })),
			a.bug("name-period-taken", "takes a name with a period, as ECS does.", "NAME-PERIOD", a.named(func(r *keypair.NameRule) { r.Inside.Extra += "." })),
			a.bug("name-fullwidth", "takes full-width signs for the signs of ASCII in a name.", "NAME-OTHER", take(func(name string) bool { return strings.ContainsAny(name, "：＿．") })),
			a.bug("name-emoji", "takes signs outside ASCII in a name.", "NAME-OTHER", take(func(name string) bool {
				return strings.IndexFunc(name, func(r rune) bool { return r > 0xffff && !unicode.IsLetter(r) }) > 0
			})),
			a.bug("name-trimmed", "drops white space around a name.", "NAME-OTHER", a.renaming(strings.TrimSpace)),
			a.bug("name-cut-at-nul", "ends a name at a NUL.", "NAME-OTHER", a.renaming(func(name string) string { name, _, _ = strings.Cut(name, "\x00"); return name })),
			a.bug("name-missing-made-up", "makes up a name where none is sent.", "NAME-REQ", func(p *parts) {
				optional(p, onSWAS, a.action, "KeyPairName", func(c *operation.Call) { c.Pair.Name = "pair-" + c.RequestID }, "name", false)
			}),
			a.bug("name-empty-made-up", "makes up a name where an empty one is sent.", "NAME-REQ", func(p *parts) {
				optional(p, onSWAS, a.action, "KeyPairName", func(c *operation.Call) { c.Pair.Name = "pair-" + c.RequestID }, "name", true)
			}),
			a.bug("name-missing-500", "answers a call without a name with an internal error.", "NAME-REQ", func(p *parts) { a.breaks(p, "KeyPairName") }),
			a.bug("name-unchecked", "does not check the form of a name.",
				"NAME-LEN-MIN NAME-LEN-MAX NAME-LEN-CHARS NAME-FIRST-BAD NAME-NOHTTP NAME-PERIOD NAME-OTHER", func(p *parts) {
					after(p, onSWAS, a.action, "name", func(*operation.Call, error) error { return nil })
				}),
			a.bug("name-checked-late", "tells of a malformed name when the pair is stored.",
				"NAME-LEN-MIN NAME-LEN-MAX NAME-LEN-CHARS NAME-FIRST-BAD NAME-NOHTTP NAME-PERIOD NAME-OTHER", func(p *parts) { late(p, onSWAS, a.action, "name") }),
		)
		for _, sign := range foreignSigns[:4] {
			all = append(all, a.bug("name-"+sign.name, "takes a name with "+sign.words+" in it.", "NAME-OTHER", a.named(func(r *keypair.NameRule) { r.Inside.Extra += sign.sign })))
		}
	}
	all = append(all,
		swasImport.bug("name-inside-upper-refused", "refuses capital letters behind the first character of a name.", "NAME-LETTERS-INSIDE RESP-NAME", func(p *parts) {
			refusing(p, onSWAS, importKeyPair, func(name string) bool { return strings.IndexFunc(name, unicode.IsUpper) > 0 })
		}),
		swasImport.bug("name-inside-chinese-refused", "takes a Chinese character only at the start of a name.", "NAME-LEN-CHARS NAME-LETTERS-INSIDE RESP-NAME", func(p *parts) {
			refusing(p, onSWAS, importKeyPair, func(name string) bool {
				return strings.LastIndexFunc(name, func(r rune) bool { return unicode.Is(unicode.Han, r) }) > 0
			})
		}),
		swasImport.bug("name-lower", "keeps and answers a name in small letters.", "NAME-FIRST NAME-LETTERS-INSIDE RESP-NAME", swasImport.renaming(strings.ToLower)),
		swasCreate.bug("name-first-lower", "keeps and answers a name with a small first letter.", "NAME-FIRST", swasCreate.renaming(func(name string) string {
			_, size := utf8.DecodeRuneInString(name)
			return strings.ToLower(name[:size]) + name[size:]
		})),
	)
	return append(all, swasAttachNames()...)
}

// breaks answers a call without a parameter with an internal error.
func (a swasAction) breaks(p *parts, parameter string) {
	wrap(p, onSWAS, a.action, "required parameters", func(was operation.Run) operation.Run {
		return func(ctx context.Context, c *operation.Call) error {
			if !c.Params.Has(parameter) {
				return errBroken
			}
			return was(ctx, c)
		}
	})
}

// swasAttachNames are wrong ideas of which names AttachKeyPair takes.
func swasAttachNames() []Defect {
	a := swasAttach
	// told lets the results tell of names that should be refused at once.
	told := func(bad func(string) bool) func(*parts) {
		return func(p *parts) {
			taking(p, onSWAS, a.action, bad)
			after(p, onSWAS, a.action, "bind", func(c *operation.Call, err error) error {
				if err == nil || !bad(c.Pair.Name) {
					return err
				}
				c.Failed = map[string]*rpc.Error{}
				for _, id := range c.Servers {
					c.Failed[id] = &rpc.Error{Status: 404, Message: "The specified KeyPairName does not exist."}
				}
				return nil
			})
		}
	}
	refuse := func(bad func(string) bool) func(*parts) {
		return func(p *parts) { refusing(p, onSWAS, a.action, bad) }
	}
	return []Defect{
		a.bug("name-first-chinese-refused", "refuses a name that begins with a Chinese character.", "NAME-RULE", refuse(func(name string) bool { return first(name) > unicode.MaxASCII })),
		a.bug("name-min-3", "refuses a name of two characters.", "NAME-RULE", a.named(func(r *keypair.NameRule) { r.Min = 3 })),
		a.bug("name-max-63", "refuses a name of 64 characters.", "NAME-RULE", a.named(func(r *keypair.NameRule) { r.Max = 63 })),
		a.bug("name-signs-refused", "refuses a name with a colon.", "NAME-RULE", refuse(func(name string) bool { return strings.Contains(name, ":") })),
		a.bug("name-digits-refused", "refuses a name with the digit nine.", "NAME-RULE", refuse(func(name string) bool { return strings.Contains(name, "9") })),
		a.bug("name-max-65", "tells of a name of 65 characters in the results.", "NAME-RULE", told(func(name string) bool { return len(name) == 65 })),
		a.bug("name-min-1", "tells of a name of one character in the results.", "NAME-RULE", told(func(name string) bool { return len(name) == 1 })),
		a.bug("name-first-digit", "tells of a name that begins with a digit in the results.", "NAME-RULE", told(func(name string) bool { return unicode.IsDigit(first(name)) })),
		a.bug("name-unchecked-success", "does nothing for a malformed name and answers that it has.", "NAME-RULE", func(p *parts) {
			taking(p, onSWAS, a.action, func(string) bool { return true })
			after(p, onSWAS, a.action, "bind", func(c *operation.Call, err error) error {
				if p.SWAS().Rules.Names.Check(c.Pair.Name) != nil {
					return nil
				}
				return err
			})
		}),
		a.bug("name-missing-results", "answers a call without a name with failed results.", "NAME-REQ", func(p *parts) {
			optional(p, onSWAS, a.action, "KeyPairName", func(*operation.Call) {}, "name", false)
			after(p, onSWAS, a.action, "bind", func(c *operation.Call, err error) error {
				if c.Pair.Name != "" {
					return err
				}
				c.Failed = map[string]*rpc.Error{}
				for _, id := range c.Servers {
					c.Failed[id] = &rpc.Error{Status: 404, Message: "The specified KeyPairName does not exist."}
				}
				return nil
			})
		}),
		a.bug("name-missing-any", "binds some pair of the caller's where no name is sent.", "NAME-REQ", func(p *parts) {
			optional(p, onSWAS, a.action, "KeyPairName", func(*operation.Call) {}, "name", false)
			before(p, onSWAS, a.action, "bind", func(c *operation.Call) {
				if c.Pair.Name == "" {
					page, total := p.SWAS().Store.Find(c.Scope, keypair.Filter{}, 0, 100)
					c.Pair = page[total-1]
				}
			})
		}),
		a.bug("name-missing-500", "answers a call without a name with an internal error.", "NAME-REQ", func(p *parts) { a.breaks(p, "KeyPairName") }),
		a.bug("name-prefix", "finds a pair by the beginning of its name.", "NAME-UNKNOWN", func(p *parts) {
			before(p, onSWAS, a.action, "bind", func(c *operation.Call) {
				if !named(p.SWAS().Store, c.Scope, c.Pair.Name) {
					page, _ := p.SWAS().Store.Find(c.Scope, keypair.Filter{Name: keypair.Pattern(c.Pair.Name[:min(len(c.Pair.Name), 6)] + "*")}, 0, 1)
					if len(page) == 1 {
						c.Pair = page[0]
					}
				}
			})
		}),
		a.bug("name-unknown-success", "does nothing for a pair that does not exist and answers that it has.", "NAME-UNKNOWN", func(p *parts) {
			after(p, onSWAS, a.action, "bind", func(*operation.Call, error) error { return nil })
		}),
		a.bug("name-unknown-empty", "answers without any results for a pair that does not exist.", "NAME-UNKNOWN", func(p *parts) {
			after(p, onSWAS, a.action, "bind", func(c *operation.Call, err error) error {
				if err != nil {
					c.Servers, c.Failed = nil, nil
				}
				return nil
			})
		}),
		a.bug("name-unknown-frees", "takes the pairs from the servers before it looks for the new one.", "NAME-UNKNOWN", func(p *parts) {
			before(p, onSWAS, a.action, "bind", func(c *operation.Call) {
				for _, id := range swas.Left(c) {
					if bound, ok := p.SWAS().Store.Of(c.Scope, id); ok && !named(p.SWAS().Store, c.Scope, c.Pair.Name) {
						_, _ = p.SWAS().Store.Unbind(c.Scope, bound.Name, id) // it is bound
					}
				}
			})
		}),
		a.bug("name-unknown-500", "answers a call for a pair that does not exist with an internal error.", "NAME-UNKNOWN", func(p *parts) {
			after(p, onSWAS, a.action, "bind", func(_ *operation.Call, err error) error {
				if err != nil {
					return errBroken
				}
				return nil
			})
		}),
		a.bug("name-of-other-region", "finds pairs of other regions and binds nothing.", "NAME-UNKNOWN", func(p *parts) {
			foundElsewhere(p, func(in keypair.Scope) (all []keypair.Scope) {
				for _, region := range p.World.Regions {
					all = append(all, keypair.Scope{Account: in.Account, Region: region})
				}
				return all
			})
		}),
		a.bug("name-of-other-account", "finds pairs of other accounts and binds nothing.", "NAME-UNKNOWN", func(p *parts) {
			foundElsewhere(p, func(in keypair.Scope) (all []keypair.Scope) {
				for _, account := range p.World.Accounts {
					all = append(all, keypair.Scope{Account: account.ID, Region: in.Region})
				}
				return all
			})
		}),
	}
}

// foundElsewhere lets AttachKeyPair succeed for a pair that is in one of the scopes.
func foundElsewhere(p *parts, scopes func(keypair.Scope) []keypair.Scope) {
	after(p, onSWAS, attachKeyPair, "bind", func(c *operation.Call, err error) error {
		for _, in := range scopes(c.Scope) {
			if named(p.SWAS().Store, in, c.Pair.Name) {
				return nil
			}
		}
		return err
	})
}
