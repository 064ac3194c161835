package keypair

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// What a refusal of tags wraps.
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

// Check returns nil for tags that follow the rule. Otherwise the error wraps [ErrTagCount], [ErrTagKey], [ErrTagValue]
// or [ErrTagDuplicate]; with several faults it names the first in that order of the first tag that has one, duplicates
// last. It never repeats the text of a tag.
func (r TagRule) Check(tags []Tag) error {
	if len(tags) > r.Max {
		return fmt.Errorf("%w: %d, allowed are %d", ErrTagCount, len(tags), r.Max)
	}
	for i, tag := range tags {
		if tag.Key == "" {
			return fmt.Errorf("%w: tag %d has no key", ErrTagKey, i+1)
		}
		if fault := r.fault(tag.Key, r.KeyMax, r.KeyPrefixes); fault != "" {
			return fmt.Errorf("%w: the key of tag %d %s", ErrTagKey, i+1, fault)
		}
		if fault := r.fault(tag.Value, r.ValueMax, r.ValuePrefixes); fault != "" {
			return fmt.Errorf("%w: the value of tag %d %s", ErrTagValue, i+1, fault)
		}
	}
	if r.Unique {
		for i, tag := range tags {
			for j := range i {
				if tags[j].Key == tag.Key {
					return fmt.Errorf("%w: tags %d and %d have the same key", ErrTagDuplicate, j+1, i+1)
				}
			}
		}
	}
	return nil
}

// fault says what is wrong with one key or value, or nothing.
func (r TagRule) fault(text string, longest int, prefixes []string) string {
	if !utf8.ValidString(text) {
		return "is not UTF-8"
	}
	if count := utf8.RuneCountInString(text); count > longest {
		return fmt.Sprintf("has %d characters, allowed are %d", count, longest)
	}
	for _, prefix := range prefixes {
		if strings.HasPrefix(text, prefix) {
			return "starts with " + prefix
		}
	}
	for _, part := range r.Forbidden {
		if strings.Contains(text, part) {
			return "contains " + part
		}
	}
	return ""
}
