package keypair

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"
)

// What tags are refused for.
var (
	ErrTagKey       = errors.New("tag key is not valid")
	ErrTagValue     = errors.New("tag value is not valid")
	ErrTagDuplicate = errors.New("tag keys must differ")
	ErrTagCount     = errors.New("too many tags")
)

// Tag is one tag of a key pair.
type Tag struct{ Key, Value string }

// TagRule says which tags a key pair may have. Lengths are in characters (Unicode code points); prefixes and other
// text are compared exactly, so "Aliyun" is not "aliyun".
type TagRule struct {
	Max              int      // greatest number of tags
	KeyMax, ValueMax int      // greatest length of a key and of a value; a key has at least one character
	KeyPrefixes      []string // what a key must not start with
	ValuePrefixes    []string // what a value must not start with
	Forbidden        []string // what neither key nor value may contain anywhere
	Unique           bool     // whether two tags with one key are refused
}

// Check returns nil for tags that follow the rule. Otherwise the error is [ErrTagCount], [ErrTagKey], [ErrTagValue] or
// [ErrTagDuplicate]; with several faults it is the first in that order of the first tag that has one, duplicates last.
func (r TagRule) Check(tags []Tag) error {
	if len(tags) > r.Max {
		return ErrTagCount
	}
	for _, tag := range tags {
		if tag.Key == "" || !r.allows(tag.Key, r.KeyMax, r.KeyPrefixes) {
			return ErrTagKey
		}
		if !r.allows(tag.Value, r.ValueMax, r.ValuePrefixes) {
			return ErrTagValue
		}
	}
	if r.Unique {
		for i, tag := range tags {
			for j := range i {
				if tags[j].Key == tag.Key {
					return ErrTagDuplicate
				}
			}
		}
	}
	return nil
}

// allows tells whether one key or value may be used.
func (r TagRule) allows(text string, longest int, prefixes []string) bool {
	return utf8.ValidString(text) && utf8.RuneCountInString(text) <= longest &&
		!slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(text, prefix) }) &&
		!slices.ContainsFunc(r.Forbidden, func(part string) bool { return strings.Contains(text, part) })
}
