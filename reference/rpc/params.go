package rpc

import (
	"cmp"
	"log/slog"
	"slices"
	"strconv"
	"strings"
)

// Params holds the decoded parameters of one request, business and common
// ones, of the query and the form body together. It does not change and may be
// read by several goroutines. Printed or logged it shows only how many there are, for
// some are secret.
type Params struct {
	sorted []pair // by name, names are unique
}

// pair is one decoded parameter.
type pair struct{ name, value string }

// ParamsOf makes Params of the given values; it serves tests of operations.
func ParamsOf(values map[string]string) *Params {
	p := &Params{sorted: make([]pair, 0, len(values))}
	for name, value := range values {
		p.sorted = append(p.sorted, pair{name, value})
	}
	slices.SortFunc(p.sorted, byName)
	return p
}

// Get returns the value of the parameter and whether it was sent at all: a
// parameter sent as "Name=" is present and empty.
func (p *Params) Get(name string) (value string, present bool) {
	i, found := p.find(name)
	if !found {
		return "", false
	}
	return p.sorted[i].value, true
}

// Has tells whether the parameter was sent, be it empty.
func (p *Params) Has(name string) bool {
	_, found := p.find(name)
	return found
}

// Names returns the names of all parameters, sorted bytewise.
func (p *Params) Names() []string {
	names := make([]string, len(p.sorted))
	for i, one := range p.sorted {
		names[i] = one.name
	}
	return names
}

// Item is one member of a list of objects, such as Tag.N.
type Item struct {
	N      int               // as sent: lists may start at 0 and have gaps
	Fields map[string]string // by field name, such as "Key" and "Value"; absent and empty differ
}

// Objects returns the members of the list of objects that arrives as
// prefix.N.Field, such as Tag.1.Key, ordered by N. N is a decimal number below 2^31, far above
// every documented limit, without sign or leading zero; a parameter with anything else there, or without a
// field, belongs to no list and is ignored like any unknown parameter.
func (p *Params) Objects(prefix string) []Item {
	var items []Item
	index := make(map[int]int) // N to its place in items
	for _, one := range p.under(prefix) {
		number, field, _ := strings.Cut(one.name[len(prefix)+1:], ".")
		n, ok := listNumber(number)
		if !ok || field == "" {
			continue
		}
		at, known := index[n]
		if !known {
			at = len(items)
			index[n] = at
			items = append(items, Item{N: n, Fields: make(map[string]string, 2)})
		}
		items[at].Fields[field] = one.value
	}
	slices.SortFunc(items, func(a, b Item) int { return cmp.Compare(a.N, b.N) })
	return items
}

// Element is one member of a list of strings, such as InstanceIds.N.
type Element struct {
	N     int // as sent: lists may start at 0 and have gaps
	Value string
}

// Repeat returns the members of the list of strings that arrives as prefix.N,
// such as InstanceIds.1, ordered by N. N is read as in Objects.
func (p *Params) Repeat(prefix string) []Element {
	var elements []Element
	for _, one := range p.under(prefix) {
		if n, ok := listNumber(one.name[len(prefix)+1:]); ok {
			elements = append(elements, Element{N: n, Value: one.value})
		}
	}
	slices.SortFunc(elements, func(a, b Element) int { return cmp.Compare(a.N, b.N) })
	return elements
}

// String hides the values.
func (p *Params) String() string { return strconv.Itoa(len(p.sorted)) + " parameters" }

// GoString hides the values from %#v.
func (p *Params) GoString() string { return p.String() }

// LogValue hides the values.
func (p *Params) LogValue() slog.Value { return slog.StringValue(p.String()) }

// find returns the parameter's place.
func (p *Params) find(name string) (int, bool) {
	return slices.BinarySearchFunc(p.sorted, name, func(one pair, name string) int { return strings.Compare(one.name, name) })
}

// under returns the parameters whose name begins with prefix and a dot.
func (p *Params) under(prefix string) []pair {
	from, _ := p.find(prefix + ".")
	to, _ := p.find(prefix + "/") // '/' follows '.' in ASCII
	return p.sorted[from:to]
}

// listNumber reads the N of a list.
func listNumber(s string) (int, bool) {
	n, _ := strconv.ParseUint(s, 10, 31) // what is no such number is not written so again
	return int(n), s == strconv.FormatUint(n, 10)
}

// byName orders parameters as both signatures want them: bytewise.
func byName(a, b pair) int { return strings.Compare(a.name, b.name) }
