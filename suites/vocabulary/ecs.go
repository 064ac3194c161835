package vocabulary

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/ledger"
	"github.com/kpspec/kpspec/harness/wire"
)

// ECSVersion is the version of the ECS API that all requests name.
const ECSVersion = "2014-05-26"

// ECS sends ECS requests in the name of one account. Whatever it creates is in
// the ledger before the request leaves.
type ECS struct {
	kit     *Kit
	account world.Account
	sdk     *wire.SDK
	client  *wire.Client
	ledger  *ledger.Ledger
}

func newECS(k *Kit, account world.Account, options []wire.Option) (*ECS, error) {
	id := account.Identities[0]
	sdk, err := wire.NewSDK(k.Place.ECS, id, options...)
	if err != nil {
		return nil, err
	}
	client, err := wire.NewClient(k.Place.ECS, id, options...)
	if err != nil {
		return nil, err
	}
	return &ECS{kit: k, account: account, sdk: sdk, client: client, ledger: &k.ledger}, nil
}

// Stock is the same actor with a ledger of its own: what it creates outlives a
// spec, until [ECS.Clear].
func (e *ECS) Stock() *ECS {
	stock := *e
	stock.ledger = &ledger.Ledger{}
	return &stock
}

// Clear removes everything this actor's ledger holds.
func (e *ECS) Clear(ctx context.Context) { e.kit.remove(ctx, e.ledger) }

// Import is a well-formed ImportKeyPair request into the region the specs work
// in. A spec changes it with [wire.Call.With] and [wire.Call.Without].
func (k *Kit) Import(name, publicKey string) wire.Call {
	return wire.Call{
		Action:  "ImportKeyPair",
		Version: ECSVersion,
		Params: []wire.Param{
			{Name: "RegionId", Value: k.Region()},
			{Name: "KeyPairName", Value: name},
			{Name: "PublicKeyBody", Value: publicKey},
		},
	}
}

// Send sends the request as it is, in the shape it asks for.
func (e *ECS) Send(ctx context.Context, call wire.Call) *wire.Answer {
	GinkgoHelper()
	return e.track(call, func() *wire.Answer { return e.client.Do(ctx, call) })
}

// ImportKeyPair sends a well-formed request through the official SDK.
func (e *ECS) ImportKeyPair(ctx context.Context, call wire.Call) *wire.Answer {
	GinkgoHelper()
	request, err := typed(call)
	if err != nil {
		undone("%v", err)
	}
	return e.track(call, func() *wire.Answer {
		_, answer := e.sdk.ImportKeyPair(ctx, request)
		return answer
	})
}

// CreateKeyPair lets the target generate a key pair.
func (e *ECS) CreateKeyPair(ctx context.Context, name string) *wire.Answer {
	GinkgoHelper()
	return e.Send(ctx, wire.Call{
		Action:  "CreateKeyPair",
		Version: ECSVersion,
		Params:  []wire.Param{{Name: "RegionId", Value: e.kit.Region()}, {Name: "KeyPairName", Value: name}},
	})
}

// DeleteKeyPair removes one key pair from the region the specs work in.
func (e *ECS) DeleteKeyPair(ctx context.Context, name string) *wire.Answer {
	GinkgoHelper()
	answer := e.Send(ctx, deletion(e.kit.Region(), []string{name}))
	if answer.Status == 200 {
		e.ledger.Strike(e.entry(e.kit.Region(), name))
	}
	return answer
}

// track notes what the request may create before it leaves, and strikes it
// when the target has refused it. A spec whose request gets no answer at all
// cannot go on.
func (e *ECS) track(call wire.Call, send func() *wire.Answer) *wire.Answer {
	GinkgoHelper()
	var made []ledger.Entry
	if call.Action != "DescribeKeyPairs" && call.Action != "DeleteKeyPairs" {
		for _, p := range call.Params {
			if p.Name == "KeyPairName" && p.Value != "" {
				made = append(made, e.entry(Value(call, "RegionId"), p.Value))
			}
		}
	}
	var fresh []ledger.Entry
	for _, m := range made {
		if e.ledger.Note(m) {
			fresh = append(fresh, m)
		}
	}
	answer := send()
	if answer.Status == 0 {
		undone("%s got no answer: %v", call.Action, answer.Err)
	}
	if answer.Status >= 400 && answer.Status < 500 {
		for _, m := range fresh {
			e.ledger.Strike(m)
		}
	}
	return answer
}

func (e *ECS) entry(region, name string) ledger.Entry {
	if region == "" {
		region = e.kit.Region()
	}
	return ledger.Entry{Product: "ECS", Account: e.account.ID, Region: region, Name: name}
}

// Pair is a key pair as DescribeKeyPairs lists it.
type Pair struct {
	Region        string
	Name          string
	Fingerprint   string // as printed
	ResourceGroup string
	PublicKey     string // only where it was asked for
	Tags          map[string]string
	Members       map[string]any // the listed element as it came
}

// Find is the key pair of this name in the region the specs work in, or nil.
func (e *ECS) Find(ctx context.Context, name string) *Pair {
	GinkgoHelper()
	return e.FindIn(ctx, e.kit.Region(), name)
}

// FindIn is the key pair of this name in a region, or nil. Further filters
// narrow the search.
func (e *ECS) FindIn(ctx context.Context, region, name string, filters ...wire.Param) *Pair {
	GinkgoHelper()
	for _, p := range e.List(ctx, region, append(filters, wire.Param{Name: "KeyPairName", Value: name})...) {
		if p.Name == name {
			return &p
		}
	}
	return nil
}

// List is every key pair of a region that the filters let through, over all
// pages. A spec that cannot read the list cannot go on.
func (e *ECS) List(ctx context.Context, region string, filters ...wire.Param) []Pair {
	GinkgoHelper()
	pairs, err := e.list(ctx, region, filters)
	if err != nil {
		undone("%v", err)
	}
	return pairs
}

// page is the largest page DescribeKeyPairs gives.
const page = 50

func (e *ECS) list(ctx context.Context, region string, filters []wire.Param) ([]Pair, error) {
	var pairs []Pair
	seen := map[string]bool{}
	for number := 1; number <= 100; number++ {
		call := wire.Call{Action: "DescribeKeyPairs", Version: ECSVersion, Params: append([]wire.Param{
			{Name: "RegionId", Value: region},
			{Name: "PageNumber", Value: strconv.Itoa(number)},
			{Name: "PageSize", Value: strconv.Itoa(page)},
		}, filters...)}
		answer := e.client.Do(ctx, call)
		found, total, err := described(answer, region)
		if err != nil {
			return nil, fmt.Errorf("cannot read the key pairs of %s: DescribeKeyPairs: %w", region, err)
		}
		before := len(pairs)
		for _, p := range found {
			if !seen[p.Name] {
				seen[p.Name] = true
				pairs = append(pairs, p)
			}
		}
		// A target that pages in its own way is read until nothing new comes.
		if len(pairs) == before || len(pairs) >= total && len(found) < page {
			break
		}
	}
	return pairs, nil
}

// described reads the answer of DescribeKeyPairs. Numbers and strings are
// taken for each other: the listing is a means here, not what is under test.
func described(answer *wire.Answer, region string) ([]Pair, int, error) {
	if answer.Err != nil {
		return nil, 0, answer.Err
	}
	if answer.Status != 200 {
		return nil, 0, fmt.Errorf("got %s", answer)
	}
	body, err := answer.Object()
	if err != nil {
		return nil, 0, err
	}
	wrapper, ok := body["KeyPairs"].(map[string]any)
	if !ok {
		return nil, 0, fmt.Errorf("the answer has no KeyPairs member: %s", answer)
	}
	elements, ok := wrapper["KeyPair"].([]any)
	if !ok && wrapper["KeyPair"] != nil {
		return nil, 0, fmt.Errorf("KeyPairs.KeyPair is no list: %s", answer)
	}
	total, _ := strconv.Atoi(text(body["TotalCount"]))
	var pairs []Pair
	for _, element := range elements {
		m, ok := element.(map[string]any)
		if !ok {
			return nil, 0, fmt.Errorf("an element of KeyPairs.KeyPair is no object: %s", answer)
		}
		pairs = append(pairs, Pair{
			Region:        region,
			Name:          text(m["KeyPairName"]),
			Fingerprint:   text(m["KeyPairFingerPrint"]),
			ResourceGroup: text(m["ResourceGroupId"]),
			PublicKey:     text(m["PublicKey"]),
			Tags:          tags(m["Tags"]),
			Members:       m,
		})
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

// ListedRegions are the regions of the world that DescribeRegions lists. The
// run stays out of regions that its world does not name. Where the target has no
// DescribeRegions, or lists none of them, they are the world's.
func (e *ECS) ListedRegions(ctx context.Context) []string {
	GinkgoHelper()
	answer := e.Send(ctx, wire.Call{Action: "DescribeRegions", Version: ECSVersion})
	body, err := answer.Object()
	if answer.Status != 200 || err != nil {
		return e.kit.Place.World.Regions
	}
	wrapper, _ := body["Regions"].(map[string]any)
	elements, _ := wrapper["Region"].([]any)
	var listed []string
	for _, element := range elements {
		m, _ := element.(map[string]any)
		if id := text(m["RegionId"]); slices.Contains(e.kit.Place.World.Regions, id) {
			listed = append(listed, id)
		}
	}
	if len(listed) == 0 {
		return e.kit.Place.World.Regions
	}
	return listed
}

// delete removes the entries, all of one account and region. A target that
// refuses to delete the lot is asked for each pair that is still listed.
func (e *ECS) delete(ctx context.Context, entries []ledger.Entry) error {
	region := entries[0].Region
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name
	}
	answer := e.client.Do(ctx, deletion(region, names))
	if answer.Status == 200 {
		return nil
	}
	listed, err := e.list(ctx, region, nil)
	if err != nil {
		return fmt.Errorf("%d key pairs may be left in %s: %w", len(names), region, err)
	}
	for _, p := range listed {
		if !slices.Contains(names, p.Name) {
			continue
		}
		if answer := e.client.Do(ctx, deletion(region, []string{p.Name})); answer.Status != 200 {
			return fmt.Errorf("key pair %q is left in %s: DeleteKeyPairs: %s", p.Name, region, answer)
		}
	}
	return nil
}

func deletion(region string, names []string) wire.Call {
	list, err := json.Marshal(names)
	if err != nil {
		// A slice of strings always has a JSON form.
		list = []byte("[]")
	}
	return wire.Call{Action: "DeleteKeyPairs", Version: ECSVersion, Params: []wire.Param{
		{Name: "RegionId", Value: region},
		{Name: "KeyPairNames", Value: string(list)},
	}}
}

// Value is the value of a parameter, or "" where the request has none.
func Value(call wire.Call, name string) string {
	for _, p := range call.Params {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}

// Any is the name of one key pair that this actor has made and not removed, or "".
func (e *ECS) Any() string {
	for _, entry := range e.ledger.Open() {
		return entry.Name
	}
	return ""
}
