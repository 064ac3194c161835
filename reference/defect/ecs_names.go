package defect

import (
	"context"
	"strings"
	"unicode"

	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/operation"
)

const importKeyPair = "ImportKeyPair"

// refusing lets a name rule refuse some names more.
func refusing(p *parts, product, action string, bad func(name string) bool) {
	after(p, product, action, "name", func(c *operation.Call, err error) error {
		if err == nil && bad(c.Pair.Name) {
			return keypair.ErrName
		}
		return err
	})
}

// taking lets a name rule take some names more.
func taking(p *parts, product, action string, good func(name string) bool) {
	after(p, product, action, "name", func(c *operation.Call, err error) error {
		if good(c.Pair.Name) {
			return nil
		}
		return err
	})
}

// namesOf is a product's rule for names.
func namesOf(p *parts, product string) keypair.NameRule {
	if product == onECS {
		return p.ECS().Rules.Names
	}
	return p.SWAS().Rules.Names
}

// counting checks names after they were changed in a way that changes their length.
func counting(p *parts, product, action string, as func(name string) string) {
	wrap(p, product, action, "name", func(was operation.Run) operation.Run {
		return func(ctx context.Context, c *operation.Call) error {
			if err := was(ctx, c); err != nil {
				return err
			}
			rule := namesOf(p, product)
			if n := len(as(c.Pair.Name)); n < rule.Min || n > rule.Max {
				return keypair.ErrName
			}
			return nil
		}
	})
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}

func first(name string) rune {
	for _, r := range name {
		return r
	}
	return 0
}

// ecsNames are wrong ideas of what a key pair of ECS may be called.
func ecsNames() []Defect {
	refuse := func(bad func(string) bool) func(*parts) {
		return func(p *parts) { refusing(p, onECS, importKeyPair, bad) }
	}
	take := func(good func(string) bool) func(*parts) {
		return func(p *parts) { taking(p, onECS, importKeyPair, good) }
	}
	inside := func(name, sign string) bool { return strings.Contains(name, sign) }
	all := []Defect{
		bug("ecs-name-min-1", "A name of one character is taken.", "ECS-IMP-NAME-LEN-MIN ECS-IMP-NAME-LEN-CHARS", func(p *parts) { p.ECS().Rules.Names.Min = 1 }),
		bug("ecs-name-min-3", "A name of two characters is refused.", "ECS-IMP-NAME-LEN-MIN ECS-IMP-NAME-LEN-CHARS", func(p *parts) { p.ECS().Rules.Names.Min = 3 }),
		bug("ecs-name-max-127", "A name of 128 characters is refused.", "ECS-IMP-NAME-LEN-MAX ECS-IMP-NAME-LEN-CHARS", func(p *parts) { p.ECS().Rules.Names.Max = 127 }),
		bug("ecs-name-max-129", "A name of 129 characters is taken.", "ECS-IMP-NAME-LEN-MAX ECS-IMP-NAME-LEN-CHARS", func(p *parts) { p.ECS().Rules.Names.Max = 129 }),
		bug("ecs-name-max-64", "Names end at 64 characters, the limit of the other product.", "ECS-IMP-NAME-LEN-MAX ECS-IMP-NAME-LEN-CHARS ECS-IMP-NAME-LETTERS", func(p *parts) { p.ECS().Rules.Names.Max = 64 }),
		bug("ecs-name-compared-127", "Names that differ only in the last of 128 characters are taken for one.", "ECS-IMP-NAME-LEN-MAX", func(p *parts) {
			storing(p, onECS, importKeyPair, func(store *keypair.Store, c *operation.Call) error {
				if isASCII(c.Pair.Name) && len(c.Pair.Name) == 128 && named(store, c.Scope, c.Pair.Name[:127]+"*") {
					return keypair.ErrExists
				}
				return nil
			})
		}),
		bug("ecs-name-bytes", "The longest name is counted in bytes.", "ECS-IMP-NAME-LEN-CHARS", func(p *parts) {
			counting(p, onECS, importKeyPair, func(name string) string { return name })
		}),
		bug("ecs-name-min-bytes", "The shortest name is counted in bytes: one Chinese character is taken.", "ECS-IMP-NAME-LEN-CHARS", take(func(name string) bool {
			return len(name) == 3 && len([]rune(name)) == 1
		})),
		bug("ecs-name-unlimited-chinese", "Only names of ASCII have a greatest length.", "ECS-IMP-NAME-LEN-CHARS", take(func(name string) bool {
			return !isASCII(name) && len([]rune(name)) > 128
		})),
		bug("ecs-name-first-upper-refused", "A name must begin with a small letter.", "ECS-IMP-NAME-FIRST-ASCII", refuse(func(name string) bool { return unicode.IsUpper(first(name)) })),
		bug("ecs-name-first-lower-refused", "A name must not begin with z.", "ECS-IMP-NAME-FIRST-ASCII", refuse(func(name string) bool { return first(name) == 'z' })),
		bug("ecs-name-first-chinese-refused", "A name must begin with a letter of ASCII.", "ECS-IMP-NAME-LEN-CHARS ECS-IMP-NAME-FIRST-CJK", refuse(func(name string) bool { return first(name) > unicode.MaxASCII })),
		bug("ecs-name-first-chinese-edge", "The last of the common Chinese characters may not begin a name.", "ECS-IMP-NAME-FIRST-CJK", refuse(func(name string) bool { return first(name) == 0x9fa5 })),
		bug("ecs-name-first-digit", "A name may begin with a digit.", "ECS-IMP-NAME-FIRST-DIGIT", func(p *parts) { p.ECS().Rules.Names.First.Extra += "0123456789" }),
		bug("ecs-name-first-unicode-digit", "A name may begin with a digit of another script.", "ECS-IMP-NAME-FIRST-DIGIT", take(func(name string) bool {
			return first(name) > unicode.MaxASCII && unicode.IsDigit(first(name))
		})),
		bug("ecs-name-letters-refused", "Capital letters are refused behind the first character.", "ECS-IMP-NAME-LETTERS", refuse(func(name string) bool {
			return strings.ContainsAny(strings.TrimLeft(name, string(first(name))), "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
		})),
		bug("ecs-name-uniletter-refused", "Letters of other scripts than Latin and Chinese are refused.", "ECS-IMP-NAME-UNILETTER", refuse(func(name string) bool {
			return strings.IndexFunc(name, func(r rune) bool { return r > unicode.MaxASCII && !unicode.Is(unicode.Han, r) }) > 0
		})),
		bug("ecs-name-digits-refused", "The digit nine is refused.", "ECS-IMP-NAME-DIGITS", refuse(func(name string) bool { return inside(name, "9") })),
		bug("ecs-name-period-last-refused", "A name may not end with a period.", "ECS-IMP-NAME-PERIOD", refuse(func(name string) bool { return strings.HasSuffix(name, ".") })),
		bug("ecs-name-colon-last-refused", "A name may not end with a colon.", "ECS-IMP-NAME-COLON", refuse(func(name string) bool { return strings.HasSuffix(name, ":") })),
		bug("ecs-name-http-start", "A name may begin with http://.", "ECS-IMP-NAME-NOHTTP", take(func(name string) bool { return strings.HasPrefix(name, "http://") })),
		bug("ecs-name-https-start", "A name may begin with https://.", "ECS-IMP-NAME-NOHTTPS", take(func(name string) bool { return strings.HasPrefix(name, "https://") })),
		bug("ecs-name-http-refused", "A name may not begin with http, whatever follows.", "ECS-IMP-NAME-NOHTTP", refuse(func(name string) bool {
			return strings.HasPrefix(name, "http") && !strings.HasPrefix(name, "https")
		})),
		bug("ecs-name-https-refused", "A name may not begin with https, whatever follows.", "ECS-IMP-NAME-NOHTTP ECS-IMP-NAME-NOHTTPS", refuse(func(name string) bool { return strings.HasPrefix(name, "https") })),
		bug("ecs-name-trimmed", "White space around a name is dropped.", "ECS-IMP-NAME-OTHERCHARS", func(p *parts) {
			wrap(p, onECS, importKeyPair, "name", func(operation.Run) operation.Run {
				return func(_ context.Context, c *operation.Call) error {
					c.Pair.Name = strings.TrimSpace(c.Text("KeyPairName"))
					return p.ECS().Rules.Names.Check(c.Pair.Name)
				}
			})
		}),
		bug("ecs-name-cut-at-nul", "A name ends at a NUL.", "ECS-IMP-NAME-OTHERCHARS", func(p *parts) {
			wrap(p, onECS, importKeyPair, "name", func(operation.Run) operation.Run {
				return func(_ context.Context, c *operation.Call) error {
					c.Pair.Name, _, _ = strings.Cut(c.Text("KeyPairName"), "\x00")
					return p.ECS().Rules.Names.Check(c.Pair.Name)
				}
			})
		}),
		bug("ecs-name-fullwidth", "Full-width signs are taken for the signs of ASCII.", "ECS-IMP-NAME-OTHERCHARS", take(func(name string) bool { return strings.ContainsAny(name, "：＿．") })),
		bug("ecs-name-emoji", "Signs outside ASCII are taken.", "ECS-IMP-NAME-OTHERCHARS", take(func(name string) bool {
			return strings.IndexFunc(name, func(r rune) bool { return r > 0xffff && !unicode.IsLetter(r) }) > 0
		})),
		bug("ecs-name-format-characters", "Invisible characters are taken.", "ECS-IMP-NAME-OTHERCHARS", take(func(name string) bool { return strings.ContainsRune(name, '\u200b') })),
		bug("ecs-name-any-first", "The rule for the first character is forgotten.", "ECS-IMP-NAME-FIRST-DIGIT ECS-IMP-NAME-FIRST-PUNCT", func(p *parts) {
			p.ECS().Rules.Names.First = p.ECS().Rules.Names.Inside
		}),
		bug("ecs-name-unchecked", "The form of a name is not checked.", "ECS-IMP-NAME-LEN-MIN ECS-IMP-NAME-LEN-MAX ECS-IMP-NAME-LEN-CHARS ECS-IMP-NAME-FIRST-DIGIT ECS-IMP-NAME-FIRST-PUNCT ECS-IMP-NAME-NOHTTP ECS-IMP-NAME-NOHTTPS ECS-IMP-NAME-OTHERCHARS ECS-IMP-ERR-NAME", func(p *parts) {
			after(p, onECS, importKeyPair, "name", func(*operation.Call, error) error { return nil })
		}),
		bug("ecs-name-checked-late", "A bad name is told after the pair was stored.", "ECS-IMP-NAME-LEN-MIN ECS-IMP-NAME-LEN-MAX ECS-IMP-NAME-LEN-CHARS ECS-IMP-NAME-FIRST-DIGIT ECS-IMP-NAME-FIRST-PUNCT ECS-IMP-NAME-NOHTTP ECS-IMP-NAME-NOHTTPS ECS-IMP-NAME-OTHERCHARS ECS-IMP-ERR-NAME", func(p *parts) {
			late(p, onECS, importKeyPair, "name")
		}),
	}
	for _, sign := range []struct{ name, sign, rules string }{
		{"colon", ":", "ECS-IMP-NAME-NOHTTP ECS-IMP-NAME-NOHTTPS ECS-IMP-NAME-COLON"},
		{"underscore", "_", "ECS-IMP-NAME-UNDERSCORE"},
		{"hyphen", "-", "ECS-IMP-NAME-NOHTTP ECS-IMP-NAME-HYPHEN"},
		{"period", ".", "ECS-IMP-NAME-PERIOD"},
	} {
		all = append(all,
			bug("ecs-name-"+sign.name+"-refused", "A name with "+sign.sign+" is refused.", sign.rules, refuse(func(name string) bool { return inside(name, sign.sign) })),
			bug("ecs-name-first-"+sign.name, "A name may begin with "+sign.sign+".", "ECS-IMP-NAME-FIRST-PUNCT", func(p *parts) { p.ECS().Rules.Names.First.Extra += sign.sign }))
	}
	for _, sign := range foreignSigns {
		rules := "ECS-IMP-NAME-OTHERCHARS"
		switch sign.sign {
		case " ":
			rules += " ECS-IMP-ERR-NAME" // whose example has a space
		case "/":
			rules = "ECS-IMP-NAME-NOHTTPS " + rules // a capital HTTP:// is no other prefix
		}
		all = append(all, bug("ecs-name-"+sign.name, "A name may have "+sign.words+" in it.", rules, func(p *parts) {
			p.ECS().Rules.Names.Inside.Extra += sign.sign
		}))
	}
	return all
}

// foreignSigns are the characters of ASCII that no name may have.
var foreignSigns = func() (all []struct{ name, sign, words string }) {
	for _, s := range [][2]string{
		{" ", "space"}, {"\t", "tab"}, {"\n", "line-feed"}, {"/", "slash"}, {"\\", "backslash"}, {"@", "at"}, {"#", "hash"},
		{"$", "dollar"}, {"%", "percent"}, {"^", "caret"}, {"&", "ampersand"}, {"*", "asterisk"}, {"+", "plus"}, {"=", "equals"},
		{",", "comma"}, {";", "semicolon"}, {"!", "exclamation"}, {"?", "question"}, {"'", "apostrophe"}, {"\"", "quote"},
		{"(", "parenthesis"}, {"[", "bracket"}, {"{", "brace"}, {"<", "less"}, {">", "greater"}, {"|", "bar"}, {"~", "tilde"}, {"`", "backtick"},
	} {
		all = append(all, struct{ name, sign, words string }{s[1], s[0], "the character " + strings.ReplaceAll(s[1], "-", " ")})
	}
	return all
}()

// late makes a check only when everything is done.
func late(p *parts, product, action, step string) {
	o := find(p, product, action)
	check := o.Step(step).Run
	last := &o.Effects[len(o.Effects)-1]
	act := last.Run
	after(p, product, action, step, func(*operation.Call, error) error { return nil })
	last.Run = func(ctx context.Context, c *operation.Call) error {
		if err := act(ctx, c); err != nil {
			return err
		}
		return check(ctx, c)
	}
}
