package vocabulary

import (
	"context"
	"crypto/rand"
	"math/big"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/evidence"
	"github.com/kpspec/kpspec/harness/ledger"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/wire"
)

// Kit is what the specs of one run work with.
type Kit struct {
	Edition catalogue.Edition
	Place   target.Place

	ECS   *ECS // acts for the account under test
	Other *ECS // acts for another account; nil where the world has none

	catalogue *catalogue.Catalogue
	recorder  *evidence.Recorder
	ledger    ledger.Ledger
	run       string          // letters that no other run has
	done      <-chan struct{} // closed when the run is interrupted
	names     atomic.Int64
}

// Options are the parts of a [Kit] that a caller chooses.
type Options struct {
	Edition catalogue.Edition
	Place   target.Place
	Timeout time.Duration     // of one request; zero is the client's default
	Agent   string            // the User-Agent of every request; empty is the client's default
	Done    <-chan struct{}   // closed when the run is interrupted; nil is never
	Wire    http.RoundTripper // carries the requests; nil is a transport of the kit's own
}

// NewKit prepares the actors for a target that is up. It sends nothing. The
// error is one of the catalogue or of the world.
func NewKit(o Options) (*Kit, error) {
	rules, err := catalogue.Load()
	if err != nil {
		return nil, err
	}
	if o.Wire == nil {
		o.Wire = wire.NewTransport()
	}
	k := &Kit{
		Edition:   o.Edition,
		Place:     o.Place,
		catalogue: rules,
		recorder:  evidence.NewRecorder(o.Wire),
		run:       letters(8),
		done:      o.Done,
	}
	for _, account := range o.Place.World.Accounts {
		for _, id := range account.Identities {
			k.recorder.Hide(id.AccessKeySecret, id.SecurityToken)
		}
	}
	options := []wire.Option{wire.WithTransport(k.recorder)}
	if o.Timeout > 0 {
		options = append(options, wire.WithTimeout(o.Timeout))
	}
	if o.Agent != "" {
		options = append(options, wire.WithUserAgent(o.Agent))
	}
	accounts := o.Place.World.Accounts
	if k.ECS, err = newECS(k, accounts[0], options); err != nil {
		return nil, err
	}
	if len(accounts) > 1 {
		if k.Other, err = newECS(k, accounts[1], options); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// Region is the region the specs work in.
func (k *Kit) Region() string { return k.Place.World.Regions[0] }

// OtherRegion is a second region of the world. A spec that needs one is not
// applicable where the world has only one.
func (k *Kit) OtherRegion() string {
	GinkgoHelper()
	if len(k.Place.World.Regions) < 2 {
		NotApplicable("the world names only one region")
	}
	return k.Place.World.Regions[1]
}

// OtherAccount acts for a second account. A spec that needs one is not
// applicable where the world has only one.
func (k *Kit) OtherAccount() *ECS {
	GinkgoHelper()
	if k.Other == nil {
		NotApplicable("the world names only one account")
	}
	return k.Other
}

// ResourceGroup is a resource group of the account under test, beside its
// default one. A spec that needs one is not applicable where the world names none.
func (k *Kit) ResourceGroup() string {
	GinkgoHelper()
	groups := k.Place.World.Accounts[0].ResourceGroups
	if len(groups) == 0 {
		NotApplicable("the world names no resource group")
	}
	return groups[0]
}

// NeedQuota ends a spec that fills a quota where such specs were not asked for.
func (k *Kit) NeedQuota() {
	GinkgoHelper()
	if !k.Place.Quota {
		NotApplicable("rules that fill a quota were not asked for")
	}
}

// Name is a key pair name that no other spec and no other run uses. It has
// lower-case ASCII letters only, so that nothing but a rule about names can
// make a target refuse it.
func (k *Kit) Name() string {
	n := k.names.Add(1) - 1
	serial := make([]byte, 4)
	for i := len(serial) - 1; i >= 0; i-- {
		serial[i] = byte('a' + n%26)
		n /= 26
	}
	return "kpspec" + k.run + string(serial)
}

// NameOf is a unique name of exactly length ASCII letters; for lengths too
// short to be unique it is drawn at random.
func (k *Kit) NameOf(length int) string {
	name := k.Name()
	if length < len(name) {
		return letters(length)
	}
	return name + strings.Repeat("a", length-len(name))
}

// Han is a text of n Chinese characters that is not likely to be drawn twice
// when n is two or more.
func Han(n int) string {
	var b strings.Builder
	for range n {
		b.WriteRune(0x4E00 + rune(below(0x9FA5-0x4E00+1)))
	}
	return b.String()
}

// letters is a text of n random lower-case letters.
func letters(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + below(26))
	}
	return string(b)
}

// below is a random number in [0, n).
func below(n int64) int64 {
	v, err := rand.Int(rand.Reader, big.NewInt(n))
	if err != nil {
		// crypto/rand never fails on a platform that Go supports.
		return 0
	}
	return v.Int64()
}

// remove deletes what l holds, the newest first, and strikes it. What cannot
// be removed stays in the ledger and is reported; it changes no rule's verdict,
// but the run is not green.
func (k *Kit) remove(ctx context.Context, l *ledger.Ledger) {
	for _, batch := range batches(l.Open()) {
		if err := k.actorOf(batch[0]).delete(ctx, batch); err != nil {
			AddReportEntry(CleanupEntry, err.Error(), ReportEntryVisibilityAlways)
			continue
		}
		for _, e := range batch {
			l.Strike(e)
		}
	}
}

// batches groups entries by account and region, at most as many together as
// one DeleteKeyPairs call may name.
func batches(entries []ledger.Entry) [][]ledger.Entry {
	const most = 100
	var all [][]ledger.Entry
	last := map[ledger.Entry]int{} // account and region → index of the batch being filled
	for _, e := range entries {
		place := ledger.Entry{Product: e.Product, Account: e.Account, Region: e.Region}
		i, begun := last[place]
		if !begun || len(all[i]) == most {
			i = len(all)
			all = append(all, nil)
			last[place] = i
		}
		all[i] = append(all[i], e)
	}
	return all
}

// actorOf is the actor in whose account e was made.
func (k *Kit) actorOf(e ledger.Entry) *ECS {
	if k.Other != nil && k.Other.account.ID == e.Account {
		return k.Other
	}
	return k.ECS
}

// FreeName is a name of length letters that is too short to be unique, chosen
// so that no key pair of the region has it.
func (k *Kit) FreeName(ctx context.Context, length int) string {
	GinkgoHelper()
	for range 20 {
		if name := letters(length); k.ECS.Find(ctx, name) == nil {
			return name
		}
	}
	undone("found no free name of %d letters in %s", length, k.Region())
	return ""
}
