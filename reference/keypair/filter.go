package keypair

import (
	"slices"
	"strings"
)

// Filter chooses pairs. Every part that is set must hold; the zero Filter chooses all.
type Filter struct {
	Name          Pattern
	Fingerprint   *Fingerprint // nil = any
	ResourceGroup string       // "" = any
	Tags          []TagFilter
}

// TagFilter chooses the pairs that have the tag Key, with the value Value unless AnyValue.
type TagFilter struct {
	Key, Value string
	AnyValue   bool
}

// Match tells whether the filter chooses p.
func (f Filter) Match(p *Pair) bool {
	if !f.Name.Match(p.Name) {
		return false
	}
	if f.Fingerprint != nil && *f.Fingerprint != p.Fingerprint {
		return false
	}
	if f.ResourceGroup != "" && f.ResourceGroup != p.ResourceGroup {
		return false
	}
	for _, want := range f.Tags {
		if !slices.ContainsFunc(p.Tags, func(t Tag) bool {
			return t.Key == want.Key && (want.AnyValue || t.Value == want.Value)
		}) {
			return false
		}
	}
	return true
}

// Pattern chooses names: "x" that name, "x*" those that start with x, "*x" those that end with it, "*x*" those that
// contain it, "*" and "" all. A star elsewhere stands for itself, and no name has one.
type Pattern string

// Match tells whether the pattern chooses the name.
func (p Pattern) Match(name string) bool {
	text, front := strings.CutPrefix(string(p), "*")
	text, back := strings.CutSuffix(text, "*")
	switch {
	case p == "":
		return true
	case front && back:
		return strings.Contains(name, text)
	case front:
		return strings.HasSuffix(name, text)
	case back:
		return strings.HasPrefix(name, text)
	default:
		return name == text
	}
}

// exact gives the one name that the pattern can choose, if there is only one.
func (p Pattern) exact() (name string, ok bool) {
	return string(p), p != "" && !strings.HasPrefix(string(p), "*") && !strings.HasSuffix(string(p), "*")
}
