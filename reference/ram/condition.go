package ram

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Context is what conditions are about.
type Context struct {
	Time     time.Time  // acs:CurrentTime
	SourceIP netip.Addr // acs:SourceIp; the zero Addr when it is not known
	Secure   bool       // acs:SecureTransport
}

// value gives the text that a key, in lower case, has in the request.
func (c Context) value(key string) (text string, known bool) {
	switch key {
	case "acs:currenttime":
		return c.Time.UTC().Format(time.RFC3339Nano), true
	case "acs:sourceip":
		return c.SourceIP.String(), c.SourceIP.IsValid()
	case "acs:securetransport":
		return strconv.FormatBool(c.Secure), true
	case "acs:mfapresent":
		return "false", true // an access key never comes with a second factor
	}
	return "", false
}

// condition is one key of one operator.
type condition struct {
	key     string // in lower case
	negated bool
	tests   []test // one for each value
}

// test tells whether what the request has, in text, matches a pattern, or a value of a condition.
type test func(have string) bool

// hold tells whether the condition is met.
func (c condition) hold(in Context) bool {
	have, known := in.value(c.key)
	if !known {
		return false
	}
	for _, matches := range c.tests {
		if matches(have) {
			return !c.negated
		}
	}
	return c.negated
}

// operator is a condition operator: how it makes a test of a value, and whether it is met when no value matches.
type operator struct {
	test    func(value string) (test, error)
	negated bool
}

// operators are those of the policy language.
var operators = map[string]operator{
	"StringEquals":              {test: equal},
	"StringNotEquals":           {test: equal, negated: true},
	"StringEqualsIgnoreCase":    {test: equalFold},
	"StringNotEqualsIgnoreCase": {test: equalFold, negated: true},
	"StringLike":                {test: like},
	"StringNotLike":             {test: like, negated: true},
	"NumericEquals":             {test: numeric(func(c int) bool { return c == 0 })},
	"NumericNotEquals":          {test: numeric(func(c int) bool { return c == 0 }), negated: true},
	"NumericLessThan":           {test: numeric(func(c int) bool { return c < 0 })},
	"NumericLessThanEquals":     {test: numeric(func(c int) bool { return c <= 0 })},
	"NumericGreaterThan":        {test: numeric(func(c int) bool { return c > 0 })},
	"NumericGreaterThanEquals":  {test: numeric(func(c int) bool { return c >= 0 })},
	"DateEquals":                {test: date(func(c int) bool { return c == 0 })},
	"DateNotEquals":             {test: date(func(c int) bool { return c == 0 }), negated: true},
	"DateLessThan":              {test: date(func(c int) bool { return c < 0 })},
	"DateLessThanEquals":        {test: date(func(c int) bool { return c <= 0 })},
	"DateGreaterThan":           {test: date(func(c int) bool { return c > 0 })},
	"DateGreaterThanEquals":     {test: date(func(c int) bool { return c >= 0 })},
	"Bool":                      {test: boolean},
	"IpAddress":                 {test: address},
	"NotIpAddress":              {test: address, negated: true},
}

func compileCondition(name, key string, values []string) (condition, error) {
	op, known := operators[name]
	if !known {
		return condition{}, fmt.Errorf("the condition operator %q is unknown", name)
	}
	if len(values) == 0 {
		return condition{}, fmt.Errorf("%s: the key %s has no value", name, key)
	}
	c := condition{key: strings.ToLower(key), negated: op.negated}
	for _, value := range values {
		matches, err := op.test(value)
		if err != nil {
			return condition{}, fmt.Errorf("%s: %w", name, err)
		}
		c.tests = append(c.tests, matches)
	}
	return c, nil
}

func equal(value string) (test, error) {
	return func(have string) bool { return have == value }, nil
}

func equalFold(value string) (test, error) {
	return func(have string) bool { return strings.EqualFold(have, value) }, nil
}

func like(value string) (test, error) {
	return wild(value), nil
}

// numeric makes the tests of an operator that compares numbers; holds is told how what the request has compares with the value.
func numeric(holds func(int) bool) func(string) (test, error) {
	return func(value string) (test, error) {
		want, err := strconv.ParseFloat(value, 64)
		if err != nil || math.IsNaN(want) || math.IsInf(want, 0) {
			return nil, fmt.Errorf("%q is not a number", value)
		}
		return func(have string) bool {
			got, err := strconv.ParseFloat(have, 64)
			switch {
			case err != nil:
				return false
			case got < want:
				return holds(-1)
			case got > want:
				return holds(1)
			}
			return holds(0)
		}, nil
	}
}

// date makes the tests of an operator that compares times.
func date(holds func(int) bool) func(string) (test, error) {
	return func(value string) (test, error) {
		want, err := time.Parse(time.RFC3339, value)
		if err != nil {
			return nil, fmt.Errorf("%q is not a time such as 2026-01-02T15:04:05Z", value)
		}
		return func(have string) bool {
			got, err := time.Parse(time.RFC3339, have)
			return err == nil && holds(got.Compare(want))
		}, nil
	}
}

func boolean(value string) (test, error) {
	if value != "true" && value != "false" {
		return nil, fmt.Errorf("%q is neither true nor false", value)
	}
	return equal(value)
}

func address(value string) (test, error) {
	prefix, err := netip.ParsePrefix(value)
	if err != nil {
		single, errSingle := netip.ParseAddr(value)
		if errSingle != nil || single.Zone() != "" {
			return nil, fmt.Errorf("%q is neither an address nor a range such as 192.0.2.0/24", value)
		}
		prefix = netip.PrefixFrom(single, single.BitLen())
	}
	return func(have string) bool {
		got, err := netip.ParseAddr(have)
		return err == nil && prefix.Contains(got)
	}, nil
}
