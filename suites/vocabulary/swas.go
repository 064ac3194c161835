package vocabulary

import (
	"context"
	"fmt"
	"slices"

	. "github.com/onsi/ginkgo/v2"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/wire"
)

// SWASVersion is the version of the SWAS-OPEN API that all requests name.
const SWASVersion = "2020-06-01"

// SWAS sends requests of the Simple Application Server.
type SWAS struct{ actor }

func newSWAS(k *Kit, account world.Account, id world.Identity, options []wire.Option) (*SWAS, error) {
	options = append(slices.Clip(options), wire.WithSender("SWAS", account.ID))
	client, err := wire.NewClient(k.Place.SWAS, id, options...)
	if err != nil {
		return nil, err
	}
	sdk, err := wire.NewSWASSDK(k.Place.SWAS, id, options...)
	if err != nil {
		return nil, err
	}
	return &SWAS{actor{
		kit: k, product: "SWAS", version: SWASVersion, account: account, client: client, ledger: &k.ledger,
		listing: "ListKeyPairs",
		regions: "ListRegions",
		names: func(names []string) []wire.Param {
			var params []wire.Param
			for i, name := range names {
				params = append(params, wire.Param{Name: fmt.Sprintf("KeyPairNames.%d", i+1), Value: name})
			}
			return params
		},
		batch:    50,
		official: func(ctx context.Context, call wire.Call) (*wire.Answer, error) { return swasCall(ctx, sdk, call) },
	}}, nil
}

// Stock is the same actor with a ledger of its own: what it creates outlives a
// spec, until Clear.
func (s *SWAS) Stock() *SWAS {
	stock := *s
	stock.ledger = s.kit.stocks.open()
	return &stock
}

// Keep hands a key pair that the spec has made in the region the specs work in
// over to a stock, where it outlives the spec.
func (s *SWAS) Keep(name string, stock *SWAS) {
	e := s.entry(s.kit.Region(), name)
	stock.ledger.Note(e)
	s.ledger.Strike(e)
	keeps(e)
}

// SWASQuota is how many key pairs an account may have in one region of SWAS.
const SWASQuota = 10

// Room is every key pair of the region the specs work in. It ends the spec where
// they leave no room for another one: whatever the target refuses then may be
// refused for that.
func (s *SWAS) Room(ctx context.Context) []Pair {
	GinkgoHelper()
	listed := s.List(ctx, s.kit.Region())
	if len(listed) >= SWASQuota {
		undone("%s", full(s.kit.Region(), len(listed)))
	}
	return listed
}

// SWASRoomOfGroup is for how many key pairs at once specs need room that hold [SWASRoom].
const SWASRoomOfGroup = 3

// Room is how many more key pairs of SWAS the region that the specs work in has
// room for; all of it where the target does not tell.
func (k *Kit) Room(ctx context.Context) int {
	if k.SWAS == nil {
		return SWASQuota
	}
	listed, _ := k.SWAS.list(ctx, k.Region(), nil)
	return SWASQuota - len(listed)
}

func full(region string, n int) string {
	return fmt.Sprintf("region %s is full: it lists %d key pairs of SWAS, of which an account may have %d, and leaves no room to try the rule", region, n, SWASQuota)
}

// crowded tells of a region that was full when SWAS refused to make a key pair
// there, or is "". No document says how such a refusal looks.
func (k *Kit) crowded(ctx context.Context) (cause string) {
	if k.patience.Gone() {
		return ""
	}
	k.turnedAway.Range(func(region, by any) bool {
		a, _ := by.(*actor)
		owner := k.SWAS // the one that asked may be a user who must not list
		if a.account.ID != owner.account.ID {
			owner = k.otherSWAS
		}
		if listed, err := owner.list(ctx, region.(string), nil); err == nil && len(listed) >= SWASQuota {
			cause = full(region.(string), len(listed))
		}
		return cause == ""
	})
	return cause
}

// SWASImport is a well-formed ImportKeyPair request of SWAS.
func (k *Kit) SWASImport(name, publicKey string) wire.Call {
	return k.swas("ImportKeyPair", wire.Param{Name: "KeyPairName", Value: name}, wire.Param{Name: "PublicKeyBody", Value: publicKey})
}

// SWASCreate is a well-formed CreateKeyPair request of SWAS.
func (k *Kit) SWASCreate(name string) wire.Call {
	return k.swas("CreateKeyPair", wire.Param{Name: "KeyPairName", Value: name})
}

// SWASAttach is a well-formed AttachKeyPair request of SWAS.
func (k *Kit) SWASAttach(name string, servers ...string) wire.Call {
	call := k.swas("AttachKeyPair", wire.Param{Name: "KeyPairName", Value: name})
	for i, server := range servers {
		call = call.With(fmt.Sprintf("InstanceIds.%d", i+1), server)
	}
	return call
}

func (k *Kit) swas(action string, params ...wire.Param) wire.Call {
	return wire.Call{
		Action:  action,
		Version: SWASVersion,
		Shape:   k.Place.Shape,
		Params:  append([]wire.Param{{Name: "RegionId", Value: k.Region()}}, params...),
	}
}

// Bound are the names of the key pairs that are bound to a server, as
// ListKeyPairs tells it.
func (s *SWAS) Bound(ctx context.Context, server string) []string {
	GinkgoHelper()
	names := []string{}
	for _, p := range s.List(ctx, s.kit.Region()) {
		if slices.Contains(p.Servers, server) {
			names = append(names, p.Name)
		}
	}
	return names
}

// Servers are n Linux servers of the account under test that are running and
// to which nothing is bound that the run has not made: it overwrites nobody's
// key pair.
func (k *Kit) Servers(ctx context.Context, n int) []string {
	GinkgoHelper()
	return k.servers(ctx, n, "running Linux servers", func(s world.Server) bool { return s.OS == "linux" && s.Status == "Running" })
}

// LinuxServer is one free Linux server in a state.
func (k *Kit) LinuxServer(ctx context.Context, status string) string {
	GinkgoHelper()
	return k.servers(ctx, 1, "Linux server that is "+status, func(s world.Server) bool { return s.OS == "linux" && s.Status == status })[0]
}

// BusyServer is one free Linux server that is neither running nor stopped.
func (k *Kit) BusyServer(ctx context.Context) string {
	GinkgoHelper()
	return k.servers(ctx, 1, "Linux server in transition", func(s world.Server) bool {
		return s.OS == "linux" && s.Status != "Running" && s.Status != "Stopped"
	})[0]
}

// WindowsServer is one Windows server.
func (k *Kit) WindowsServer(ctx context.Context) string {
	GinkgoHelper()
	return k.servers(ctx, 1, "Windows server", func(s world.Server) bool { return s.OS == "windows" })[0]
}

func (k *Kit) servers(ctx context.Context, n int, what string, fits func(world.Server) bool) []string {
	GinkgoHelper()
	k.needServers()
	k.uses(Servers)
	taken := map[string]bool{}
	for _, p := range k.SWAS.List(ctx, k.Region()) {
		for _, server := range p.Servers {
			taken[server] = true
		}
	}
	var free []string
	for _, s := range k.Place.World.Accounts[0].Servers {
		if s.Region == k.Region() && fits(s) && !taken[s.ID] && len(free) < n {
			free = append(free, s.ID)
		}
	}
	if len(free) < n {
		NotApplicable(fmt.Sprintf("the world has %d of %d %s that nothing is bound to", len(free), n, what))
	}
	return free
}

// ForeignServer is a server that the account under test does not have in the
// region the specs work in: one of another region, or of another account. Were
// it bound all the same, nobody's key pair is overwritten either.
func (k *Kit) ForeignServer(ctx context.Context, account int) string {
	GinkgoHelper()
	k.needServers()
	k.uses(Servers)
	if account < len(k.Place.World.Accounts) {
		for _, s := range k.Place.World.Accounts[account].Servers {
			if (account > 0 || s.Region != k.Region()) && k.nobodys(ctx, account, s) {
				return s.ID
			}
		}
	}
	NotApplicable("the world has no server in another region or account that nothing is bound to")
	return ""
}

// nobodys reports whether nothing is bound to a server of the first or the second
// account. Only where the target is used by others too is there anybody to ask for.
func (k *Kit) nobodys(ctx context.Context, account int, s world.Server) bool {
	GinkgoHelper()
	if k.journal == nil {
		return true
	}
	by := k.SWAS
	if account > 0 {
		by = k.otherSWAS
	}
	return !slices.ContainsFunc(by.List(ctx, s.Region), func(p Pair) bool { return slices.Contains(p.Servers, s.ID) })
}

// DescribeServer asks which key pair a server has.
func (s *SWAS) DescribeServer(ctx context.Context, server string) *wire.Answer {
	GinkgoHelper()
	return s.Send(ctx, s.kit.swas("DescribeInstanceKeyPair", wire.Param{Name: "InstanceId", Value: server}))
}
