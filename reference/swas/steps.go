package swas

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/ram"
	"github.com/kpspec/kpspec/reference/refusal"
	"github.com/kpspec/kpspec/reference/rpc"
)

// operation is an API operation: the steps that a call is led through, and the answer to a call that passed them all.
type operation struct {
	action  string
	open    bool                         // needs no permission
	on      func(*rpc.Call) ram.Resource // what permission is needed for; nil: there are no resource-level permissions
	checks  []step                       // look at the call alone, and are made for a repeated call too
	effects []step                       // look at what there is, and the last one changes it
	same    func(*call) []string         // what must not change when a call is repeated with its token; nil: it is never remembered
	answer  func(*Service, *call) any    // a pointer to a struct, as the gateway wants it
}

// step is one thing that an operation does. Its error is a sentinel that [Rules.Errors] has a row for, wrapped or not.
type step struct {
	name string
	run  func(*Service, context.Context, *call) error
}

// call is a call on its way through the steps, with what they found out so far.
type call struct {
	*rpc.Call
	scope   keypair.Scope
	token   string
	pair    keypair.Pair          // its name, and what is to be stored
	private string                // CreateKeyPair: the private key
	names   []string              // DeleteKeyPairs: what is to be deleted
	servers []string              // AttachKeyPair and DetachKeyPair: what was asked for
	failed  map[string]*rpc.Error // of these servers, why they were left alone
	page    page                  // of a list
	pairs   []keypair.Pair
	list    []instance
}

// page is which part of a list is asked for: the number-th of size elements each, counted from 1.
type page struct{ number, size, total int }

// offset is how many elements come before the page.
func (p page) offset() int { return int(min(int64(p.number-1)*int64(p.size), math.MaxInt32)) }

// text returns the value of a parameter; one that is empty and one that was not sent are the same.
func (c *call) text(name string) string {
	value, _ := c.Params.Get(name)
	return value
}

// strings returns the elements of a list parameter, each one once, of which there are 1 to most.
func (c *call) strings(name string, most int) ([]string, error) {
	elements := c.Params.Repeat(name)
	var out []string
	switch text := c.text(name); {
	case text != "" && elements != nil:
		return nil, refusal.About(name, ErrInvalid)
	case text != "":
		list, err := rpc.StringArray(text)
		if err != nil || len(list) == 0 {
			return nil, refusal.About(name, ErrInvalid)
		}
		out = list
	case elements == nil:
		return nil, refusal.About(name, ErrMissing)
	case elements[0].N < 1:
		return nil, refusal.About(name, ErrInvalid)
	case elements[len(elements)-1].N > most:
		return nil, refusal.About(name, ErrTooMany)
	}
	for _, e := range elements {
		out = append(out, e.Value)
	}
	if len(out) > most {
		return nil, refusal.About(name, ErrTooMany)
	}
	if slices.Contains(out, "") {
		return nil, refusal.About(name, ErrInvalid)
	}
	return unique(out), nil
}

// unique drops what stands in a list before. The elements are copied, so that they do not hold on to a whole request.
func unique(list []string) []string {
	seen := make(map[string]bool, len(list))
	out := make([]string, 0, len(list))
	for _, element := range list {
		if !seen[element] {
			seen[element] = true
			out = append(out, strings.Clone(element))
		}
	}
	return out
}

// number reads a parameter that is a number from 1 to greatest, or returns usual when it is not there.
func (c *call) number(name string, usual, greatest int) (int, error) {
	text := c.text(name)
	if text == "" {
		return usual, nil
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil || n < 1 || n > uint64(greatest) { // #nosec G115 -- greatest is positive
		return 0, refusal.About(name, ErrInvalid)
	}
	return int(n), nil
}

// required refuses a call without one of the parameters; the first that is missing is named.
func required(names ...string) step {
	return step{"required parameters", func(_ *Service, _ context.Context, c *call) error {
		for _, name := range names {
			if c.text(name) == "" {
				return refusal.About(name, ErrMissing)
			}
		}
		return nil
	}}
}

// The steps that several operations share.
var (
	tokenStep   = step{"client token", (*Service).clientToken}
	regionStep  = step{"region", (*Service).region}
	nameStep    = step{"name", (*Service).name}
	pagingStep  = step{"paging", (*Service).paging}
	serversStep = step{"servers", (*Service).serversOfCall}
	knownStep   = step{"known servers", (*Service).knownServers}
	storeStep   = step{"store", (*Service).add}
)

func (s *Service) region(_ context.Context, c *call) error {
	i := slices.Index(s.regions, c.text("RegionId"))
	if i < 0 {
		return ErrRegion
	}
	c.scope = keypair.Scope{Account: c.Identity.AccountID, Region: s.regions[i]}
	return nil
}

func (s *Service) name(_ context.Context, c *call) error {
	c.pair.Name = c.text("KeyPairName")
	return s.rules.Names.Check(c.pair.Name)
}

func (s *Service) paging(_ context.Context, c *call) (err error) {
	if c.page.number, err = c.number("PageNumber", 1, math.MaxInt32); err != nil {
		return err
	}
	c.page.size, err = c.number("PageSize", s.rules.PageSize, s.rules.PageSizeMax)
	return err
}

func (s *Service) add(_ context.Context, c *call) error {
	c.pair.Created = c.Time
	return s.store.Add(c.scope, c.pair)
}
