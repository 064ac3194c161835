package vocabulary

import (
	"context"
	"encoding/json"
	"slices"

	. "github.com/onsi/ginkgo/v2"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/wire"
)

// ECSVersion is the version of the ECS API that all requests name.
const ECSVersion = "2014-05-26"

// ECS sends ECS requests.
type ECS struct{ actor }

func newECS(k *Kit, account world.Account, id world.Identity, options []wire.Option) (*ECS, error) {
	options = append(slices.Clip(options), wire.WithSender("ECS", account.ID))
	client, err := wire.NewClient(k.Place.ECS, id, options...)
	if err != nil {
		return nil, err
	}
	sdk, err := wire.NewSDK(k.Place.ECS, id, options...)
	if err != nil {
		return nil, err
	}
	return &ECS{actor{
		kit: k, product: "ECS", version: ECSVersion, account: account, client: client, ledger: &k.ledger,
		listing: "DescribeKeyPairs",
		regions: "DescribeRegions",
		names: func(names []string) []wire.Param {
			list, err := json.Marshal(names)
			if err != nil {
				// A slice of strings always has a JSON form.
				list = []byte("[]")
			}
			return []wire.Param{{Name: "KeyPairNames", Value: string(list)}}
		},
		batch: 100,
		official: func(ctx context.Context, call wire.Call) (*wire.Answer, error) {
			request, err := ecsImport(call)
			if err != nil {
				return nil, err
			}
			_, answer := sdk.ImportKeyPair(ctx, request)
			return answer, nil
		},
	}}, nil
}

// Stock is the same actor with a ledger of its own: what it creates outlives a
// spec, until Clear.
func (e *ECS) Stock() *ECS {
	stock := *e
	stock.ledger = e.kit.stocks.open()
	return &stock
}

// Import is a well-formed ImportKeyPair request into the region the specs work
// in. A spec changes it with [wire.Call.With] and [wire.Call.Without].
func (k *Kit) Import(name, publicKey string) wire.Call {
	return wire.Call{
		Action:  "ImportKeyPair",
		Version: ECSVersion,
		Shape:   k.Place.Shape,
		Params: []wire.Param{
			{Name: "RegionId", Value: k.Region()},
			{Name: "KeyPairName", Value: name},
			{Name: "PublicKeyBody", Value: publicKey},
		},
	}
}

// Create lets the target generate a key pair. A spec that needs that is not
// applicable where the target declares that it cannot.
func (e *ECS) Create(ctx context.Context, region, name string) *wire.Answer {
	GinkgoHelper()
	const action = "CreateKeyPair"
	if slices.Contains(e.kit.Place.Lacks, action) {
		NotApplicable("the target declares that it lacks " + action)
	}
	return e.Send(ctx, wire.Call{
		Action:  action,
		Version: ECSVersion,
		Shape:   e.kit.Place.Shape,
		Params:  []wire.Param{{Name: "RegionId", Value: region}, {Name: "KeyPairName", Value: name}},
	})
}
