package vocabulary

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2"

	"github.com/kpspec/kpspec/harness/patience"
	"github.com/kpspec/kpspec/harness/wire"
)

// Pair is a key pair as a target lists it.
type Pair struct {
	Region        string
	Name          string
	Fingerprint   string // as printed; of a product that prints none, that of PublicKey
	ResourceGroup string
	PublicKey     string // of ECS only where it was asked for
	Created       string // the time of creation, as printed
	Tags          map[string]string
	Servers       []string       // the servers it is bound to
	Members       map[string]any // the listed element as it came
}

// Find is the key pair of this name in the region the specs work in, or nil.
func (a *actor) Find(ctx context.Context, name string) *Pair {
	GinkgoHelper()
	return a.FindIn(ctx, a.kit.Region(), name)
}

// FindIn is the key pair of this name in a region, or nil. Further filters
// narrow the search. A target whose listing does not take such a name is asked
// for all of them: what a filter may say is no rule here.
func (a *actor) FindIn(ctx context.Context, region, name string, filters ...wire.Param) *Pair {
	GinkgoHelper()
	pairs, err := a.list(ctx, region, append(filters, wire.Param{Name: "KeyPairName", Value: name}))
	switch {
	case refused(err):
		pairs = a.List(ctx, region, filters...)
	case err != nil:
		undone("%v", err)
	}
	for _, p := range pairs {
		if p.Name == name {
			return &p
		}
	}
	return nil
}

// List is every key pair of a region that the filters let through, over all
// pages. A spec that cannot read the list cannot go on.
func (a *actor) List(ctx context.Context, region string, filters ...wire.Param) []Pair {
	GinkgoHelper()
	pairs, err := a.list(ctx, region, filters)
	if err != nil {
		undone("%v", err)
	}
	return pairs
}

// page is the largest page that the listing operations give, smallPage the
// size of one where nothing is asked for.
const (
	page      = 50
	smallPage = 10
)

// listNow reads all pages of a listing operation as they are. A target that refuses
// large pages is asked for small ones.
func (a *actor) listNow(ctx context.Context, region string, filters []wire.Param) ([]Pair, error) {
	if _, small := a.kit.smallPages.Load(a.product); !small {
		pairs, err := a.pages(ctx, region, page, filters)
		if !refused(err) {
			return pairs, err
		}
		if small, again := a.pages(ctx, region, smallPage, filters); again == nil {
			a.kit.smallPages.Store(a.product, true)
			return small, nil
		}
		return nil, err
	}
	return a.pages(ctx, region, smallPage, filters)
}

// refusedListing is the error of a listing that the target understood and refused.
type refusedListing struct{ error }

func refused(err error) bool { return errors.As(err, &refusedListing{}) }

func (a *actor) pages(ctx context.Context, region string, size int, filters []wire.Param) ([]Pair, error) {
	var pairs []Pair
	seen := map[string]bool{}
	for number := 1; number <= 1000; number++ {
		call := wire.Call{Action: a.listing, Version: a.version, Shape: a.kit.Place.Shape, Params: append([]wire.Param{
			{Name: "RegionId", Value: region},
			{Name: "PageNumber", Value: strconv.Itoa(number)},
			{Name: "PageSize", Value: strconv.Itoa(size)},
		}, filters...)}
		answer := a.do(ctx, call)
		if refusal, err := answer.Refusal(); err == nil && answer.Status == 404 && len(filters) > 0 && strings.Contains(refusal.Code, "KeyPair") {
			return pairs, nil // a target may say so where it finds nothing
		}
		if answer.Kind == patience.Refused {
			return nil, fmt.Errorf("cannot read the key pairs of %s: %s: met %s in %s", region, a.listing, answer.What, times(answer.Tries, "try"))
		}
		found, total, err := listed(answer.Answer, region)
		if err != nil {
			return nil, fmt.Errorf("cannot read the key pairs of %s: %s: %w", region, a.listing, err)
		}
		before := len(pairs)
		for _, p := range found {
			if !seen[p.Name] {
				seen[p.Name] = true
				pairs = append(pairs, p)
			}
		}
		// A target may page in its own way, or count the page for the total: it
		// is read until nothing new comes, unless its count tells that all is there.
		all := len(pairs) >= total
		if len(pairs) == before || all && (len(found) < smallPage || total > len(found)) {
			break
		}
	}
	return pairs, nil
}

// listed reads the answer of a listing operation: ECS wraps its lists, SWAS
// does not. Numbers and strings are taken for each other: the listing is a means
// here, not what is under test.
func listed(answer *wire.Answer, region string) ([]Pair, int, error) {
	if answer.Err != nil {
		return nil, 0, answer.Err
	}
	if answer.Status != 200 {
		err := fmt.Errorf("got %s", inShort(answer))
		if answer.Status >= 400 && answer.Status < 500 {
			err = refusedListing{err}
		}
		return nil, 0, err
	}
	body, err := answer.Object()
	if err != nil {
		return nil, 0, err
	}
	list, given := body["KeyPairs"]
	if wrapper, wrapped := list.(map[string]any); wrapped {
		list = wrapper["KeyPair"]
	}
	elements, isList := list.([]any)
	none := text(body["TotalCount"]) == "0" // some encoders leave an empty list out
	if !given && !none || !isList && list != nil {
		return nil, 0, fmt.Errorf("the answer has no list of key pairs: %s", answer)
	}
	total, _ := strconv.Atoi(text(body["TotalCount"]))
	var pairs []Pair
	for _, element := range elements {
		m, ok := element.(map[string]any)
		if !ok {
			return nil, 0, fmt.Errorf("an element of the list of key pairs is no object: %s", answer)
		}
		p := Pair{
			Region:        region,
			Name:          text(m["KeyPairName"]),
			Fingerprint:   text(m["KeyPairFingerPrint"]),
			ResourceGroup: text(m["ResourceGroupId"]),
			PublicKey:     text(m["PublicKey"]),
			Created:       text(m["CreationTime"]),
			Tags:          tags(m["Tags"]),
			Members:       m,
		}
		if p.Fingerprint == "" {
			p.Fingerprint = FingerprintOf(p.PublicKey)
		}
		bound, _ := m["InstanceIds"].([]any)
		for _, id := range bound {
			p.Servers = append(p.Servers, text(id))
		}
		pairs = append(pairs, p)
	}
	return pairs, total, nil
}

// tags are the tags of a listed element, without those that a service sets
// itself: their keys begin as no caller's may.
func tags(v any) map[string]string {
	wrapper, _ := v.(map[string]any)
	elements, _ := wrapper["Tag"].([]any)
	read := map[string]string{}
	for _, element := range elements {
		m, _ := element.(map[string]any)
		key := text(m["TagKey"])
		if !strings.HasPrefix(key, "acs:") && !strings.HasPrefix(key, "aliyun") {
			read[key] = text(m["TagValue"])
		}
	}
	return read
}

// text is a scalar of a JSON answer as text; anything else is "".
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// ListedRegions are the regions of the world that the target lists. The run
// stays out of regions that its world does not name. Where the target lists no
// regions, or none of those, they are the world's.
func (a *actor) ListedRegions(ctx context.Context) []string {
	GinkgoHelper()
	answer := a.Send(ctx, wire.Call{Action: a.regions, Version: a.version, Shape: a.kit.Place.Shape})
	body, err := answer.Object()
	if answer.Status != 200 || err != nil {
		return a.kit.Place.World.Regions
	}
	list := body["Regions"]
	if wrapper, wrapped := list.(map[string]any); wrapped {
		list = wrapper["Region"]
	}
	elements, _ := list.([]any)
	var known []string
	for _, element := range elements {
		m, _ := element.(map[string]any)
		if id := text(m["RegionId"]); slices.Contains(a.kit.Place.World.Regions, id) {
			known = append(known, id)
		}
	}
	if len(known) == 0 {
		return a.kit.Place.World.Regions
	}
	return known
}
