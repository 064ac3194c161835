package keypair

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrName is wrapped by every refusal of a name.
var ErrName = errors.New("key pair name is not valid")

// Class is a set of characters: those in one of the Unicode tables, and those in Extra.
type Class struct {
	Tables []*unicode.RangeTable
	Extra  string
}

// Has tells whether the class contains r.
func (c Class) Has(r rune) bool {
	return unicode.In(r, c.Tables...) || strings.ContainsRune(c.Extra, r)
}

// NameRule says which names a key pair may have. Lengths are counted in characters, by which is meant Unicode code
// points: neither bytes nor UTF-16 units.
//
// A combining mark (Unicode category M) is a character of its own and no letter, so a class of letters does not have
// it: "é" written as one code point is one letter, written as "e" and U+0301 it is a letter and a foreign character.
type NameRule struct {
	Min, Max          int      // least and greatest number of characters
	First             Class    // what the first character may be
	Inside            Class    // what every later character may be
	ForbiddenPrefixes []string // what a name must not start with, compared exactly
}

// Check returns nil for a name that follows the rule, and otherwise an error that wraps [ErrName]. Text that is not
// UTF-8 follows no rule.
func (n NameRule) Check(name string) error {
	if !utf8.ValidString(name) {
		return fmt.Errorf("%w: it is not UTF-8", ErrName)
	}
	if count := utf8.RuneCountInString(name); count < n.Min || count > n.Max {
		return fmt.Errorf("%w: it has %d characters, allowed are %d to %d", ErrName, count, n.Min, n.Max)
	}
	for _, prefix := range n.ForbiddenPrefixes {
		if strings.HasPrefix(name, prefix) {
			return fmt.Errorf("%w: it must not start with %s", ErrName, prefix)
		}
	}
	for at, r := range name {
		class := n.Inside
		if at == 0 {
			class = n.First
		}
		if !class.Has(r) {
			return fmt.Errorf("%w: it must not have %U at byte %d", ErrName, r, at)
		}
	}
	return nil
}
