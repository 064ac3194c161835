package vocabulary

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/evidence"
	"github.com/kpspec/kpspec/harness/guard"
	"github.com/kpspec/kpspec/harness/ledger"
	"github.com/kpspec/kpspec/harness/names"
	"github.com/kpspec/kpspec/harness/patience"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/wire"
)

// Kit is what the specs of one run work with.
type Kit struct {
	Edition catalogue.Edition
	Place   target.Place

	ECS  *ECS  // acts for the account under test; nil where the target has no ECS
	SWAS *SWAS // the same of SWAS; nil where the target has no SWAS

	otherECS  *ECS  // acts for another account; nil where the world has none
	otherSWAS *SWAS // likewise
	options   []wire.Option

	catalogue *catalogue.Catalogue
	recorder  *evidence.Recorder
	ledger    ledger.Ledger
	journal   *ledger.Journal // of a target that outlives the run, and that others may use too; or nil
	names     *names.Source
	done      <-chan struct{} // closed when the run is interrupted
	deadline  deadline        // of cleaning up then
	begin     func(context.Context, Spec) bool
	end       func()
	company   *Company
	parallel  bool // this is one of the processes of `ginkgo -p`
	known     Sections
	wanted    func(rule string) bool
	section   []string // that are being built, the outermost first
	built     Sections
	patience  *patience.Patience
	beliefs   *beliefs
	wrote     sync.Map // product and account → true, where something may have been made
	claims    claims
	// smallPages has the products whose listing refuses large pages.
	smallPages sync.Map
	stocks     stocks

	// Of the spec that runs now: whether it fills a region on purpose, and the
	// regions where SWAS has refused to make a key pair, with the actor that asked.
	filling    atomic.Bool
	turnedAway sync.Map
}

// Options are the parts of a [Kit] that a caller chooses.
type Options struct {
	Edition catalogue.Edition
	Place   target.Place
	Timeout time.Duration                    // of one request; zero is the client's default
	Agent   string                           // the User-Agent of every request; empty is the client's default
	Done    <-chan struct{}                  // closed when the run is interrupted; nil is never
	Wire    http.RoundTripper                // carries the requests; nil is a transport of the kit's own
	Begin   func(context.Context, Spec) bool // is told of a spec before it runs, and says whether it shall; nil runs all
	End     func()                           // is told that it has ended and cleaned up; may be nil
	Company *Company                         // the other processes of the run; nil: there are none
	Known   Sections                         // what sections there are, where that is known; nil builds all
	Wanted  func(rule string) bool           // with Known: whether specs about a rule shall be built
	Watch   *Watch                           // is told of the assertions; nil is nobody
	Bare    bool                             // nobody reads why a spec ended: no evidence is kept, and Ginkgo itself is told of no failure
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
		names:     names.New(),
		done:      o.Done,
		begin:     o.Begin,
		end:       o.End,
		company:   o.Company,
		known:     o.Known,
		wanted:    o.Wanted,
		built:     Sections{},
		patience:  o.Place.Patience,
	}
	suite, _ := GinkgoConfiguration() // while it builds the tree, Ginkgo says something else
	k.parallel = suite.ParallelTotal > 1
	if k.patience == nil {
		k.patience = patience.New(patience.Limits{})
	}
	k.beliefs = newBeliefs(k.patience.Limits().Consistency)
	watch.Store(o.Watch)
	bare.Store(o.Bare)
	k.recorder.Hide(o.Place.World.Secrets()...)
	var transport http.RoundTripper = k.recorder
	if o.Bare {
		transport = o.Wire
	}
	options := []wire.Option{wire.WithTransport(transport), wire.WithGate(o.Place.Gate)}
	if o.Timeout > 0 {
		options = append(options, wire.WithTimeout(o.Timeout))
	}
	if o.Agent != "" {
		options = append(options, wire.WithUserAgent(o.Agent))
	}
	k.options = options
	accounts := o.Place.World.Accounts
	if k.ECS, k.SWAS, err = k.actors(accounts[0], accounts[0].Identities[0]); err != nil {
		return nil, err
	}
	if len(accounts) > 1 {
		if k.otherECS, k.otherSWAS, err = k.actors(accounts[1], accounts[1].Identities[0]); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// Record keeps what the run makes in a journal too, before it is made. It is
// called before any spec runs.
func (k *Kit) Record(j *ledger.Journal) {
	j.Run, j.Endpoints = k.names.Run(), map[string]string{"ECS": k.Place.ECS, "SWAS": k.Place.SWAS}
	k.journal, k.ledger.Journal, k.stocks.journal = j, j, j
}

// Sent is what the spec has sent until now, for others that are about it too.
func (k *Kit) Sent() evidence.Kept { return k.recorder.Keep() }

// Recall adds what another spec has sent to the evidence of this one, which is
// about its answer too.
func (k *Kit) Recall(sent evidence.Kept) { k.recorder.Recall(sent) }

// Region is the region the specs work in.
func (k *Kit) Region() string { return k.Place.World.Regions[0] }

// QuotaRegion is the region that the specs about the quota of ECS fill: one
// that no other spec fills where the world has it, so that a quota that does not
// recover spoils nothing else.
func (k *Kit) QuotaRegion() string {
	regions := k.Place.World.Regions
	if len(regions) < 3 {
		return regions[0]
	}
	return regions[len(regions)-1]
}

// OtherRegion is a second region of the world. A spec that needs one is not
// applicable where the world has only one.
func (k *Kit) OtherRegion() string {
	GinkgoHelper()
	if len(k.Place.World.Regions) < 2 {
		NotApplicable("the world names only one region")
	}
	return k.Place.World.Regions[1]
}

// actors are the actors of an identity, of each product that the target has.
func (k *Kit) actors(account world.Account, id world.Identity) (ecs *ECS, swas *SWAS, err error) {
	if k.Place.ECS != "" {
		if ecs, err = newECS(k, account, id, k.options); err != nil {
			return nil, nil, err
		}
	}
	if k.Place.SWAS != "" {
		if swas, err = newSWAS(k, account, id, k.options); err != nil {
			return nil, nil, err
		}
	}
	return ecs, swas, nil
}

// OtherECS acts for a second account. A spec that needs one is not applicable
// where the world has only one.
func (k *Kit) OtherECS() *ECS {
	GinkgoHelper()
	k.needAccount()
	return k.otherECS
}

// OtherSWAS acts for a second account, see [Kit.OtherECS].
func (k *Kit) OtherSWAS() *SWAS {
	GinkgoHelper()
	k.needAccount()
	return k.otherSWAS
}

func (k *Kit) needAccount() {
	GinkgoHelper()
	if len(k.Place.World.Accounts) < 2 {
		NotApplicable("the world names only one account")
	}
}

// ECSAs acts as a RAM user of the account under test. A spec about what such a
// user may do is not applicable where the world does not name it.
func (k *Kit) ECSAs(name string) *ECS {
	GinkgoHelper()
	ecs, _ := k.as(name)
	return ecs
}

// SWASAs acts as a RAM user, see [Kit.ECSAs].
func (k *Kit) SWASAs(name string) *SWAS {
	GinkgoHelper()
	_, swas := k.as(name)
	return swas
}

// HasIdentity reports whether the world names an identity of the account under test.
func (k *Kit) HasIdentity(name string) bool {
	_, known := k.Place.World.Accounts[0].Identity(name)
	return known
}

func (k *Kit) as(name string) (*ECS, *SWAS) {
	GinkgoHelper()
	account := k.Place.World.Accounts[0]
	id, known := account.Identity(name)
	if !known {
		NotApplicable("the world names no identity " + name)
	}
	ecs, swas, err := k.actors(account, id)
	if err != nil {
		undone("%v", err)
	}
	return ecs, swas
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

// NeedQuota says that a spec fills a quota: that a region is full is then no
// accident. It ends the spec where such specs were not asked for.
func (k *Kit) NeedQuota() {
	GinkgoHelper()
	if !k.Place.Quota {
		NotApplicable("rules that fill a quota were not asked for")
	}
	k.filling.Store(true)
}

// needServers ends a spec that binds key pairs to servers where such specs were
// not asked for.
func (k *Kit) needServers() {
	GinkgoHelper()
	if k.Place.SpareServers {
		NotApplicable("rules that bind key pairs to servers were not asked for")
	}
}

// stocks are the ledgers of what outlives the spec that has made it.
type stocks struct {
	journal *ledger.Journal

	mu  sync.Mutex
	all []*ledger.Ledger
}

func (s *stocks) open() *ledger.Ledger {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &ledger.Ledger{Journal: s.journal}
	s.all = append(s.all, l)
	return l
}

// hold reports whether one of them has e.
func (s *stocks) hold(e ledger.Entry) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.all, func(l *ledger.Ledger) bool { return l.Holds(e) })
}

// ledgers are all of them.
func (s *stocks) ledgers() []*ledger.Ledger {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all)
}

// held is what they have now.
func (s *stocks) held() map[ledger.Entry]bool {
	held := map[ledger.Entry]bool{}
	for _, l := range s.ledgers() {
		for _, e := range l.Open() {
			held[e] = true
		}
	}
	return held
}

// Name is a key pair name that no other spec and no other run uses. It has
// lower-case ASCII letters only, so that nothing but a rule about names can
// make a target refuse it.
func (k *Kit) Name() string { return k.names.Next() }

// NameOf is a unique name of exactly length ASCII letters; for lengths too
// short to be unique it is drawn at random.
func (k *Kit) NameOf(length int) string {
	name := k.Name()
	if length < len(name) {
		return names.Letters(length)
	}
	return name + strings.Repeat("a", length-len(name))
}

// Han is a text of n Chinese characters that is not likely to be drawn twice
// when n is two or more.
func Han(n int) string {
	var b strings.Builder
	for range n {
		b.WriteRune(0x4E00 + rune(names.Below(0x9FA5-0x4E00+1)))
	}
	return b.String()
}

// spent is the error of a request that never left because the budget is used up.
func spent(answer *wire.Answer) error {
	if e := (*guard.SpentError)(nil); errors.As(answer.Err, &e) {
		return e
	}
	return nil
}

// Close removes what the run may have left: what is still in the ledger, and
// whatever bears a name that only this run makes, in every region and account of
// the world. It reports what stays.
func (k *Kit) Close(ctx context.Context) {
	ctx, end := k.afterwards(guard.Cleanup(ctx))
	defer end()
	defer k.tellWeather(BetweenEntry)
	k.patience.Forgive() // once more: the target may be back
	var open []ledger.Entry
	for _, l := range append([]*ledger.Ledger{&k.ledger}, k.stocks.ledgers()...) {
		k.remove(ctx, l)
		open = append(open, l.Open()...)
	}
	if k.patience.Silent() || ctx.Err() != nil {
		k.tellOpen(ctx, open)
		return
	}
	for _, a := range k.makers() {
		for _, region := range k.Place.World.Regions {
			left := k.sweep(ctx, a, region)
			if ctx.Err() != nil {
				tell(k.unknown(ctx, nil))
				return
			}
			if left != nil {
				tell(left)
			}
		}
	}
}

// tellOpen tells, at once, of all that the ledgers hold when the target does not
// answer any more.
func (k *Kit) tellOpen(ctx context.Context, open []ledger.Entry) {
	if len(open) == 0 {
		return
	}
	var names []string
	for _, e := range open {
		names = append(names, e.Name)
	}
	tell(k.unknown(ctx, names))
}

// unknown is what is to be said of a target that has not been asked what is left.
func (k *Kit) unknown(ctx context.Context, names []string) *Leftover {
	if k.Place.Fleeting {
		return &Leftover{Cause: "nothing is left: " + silence(ctx) + ", and what the run had made there is gone with it"}
	}
	return &Leftover{"key pairs may be left: " + silence(ctx), names}
}

// tell writes down what is left on the target. Rules do not change by it, but
// the run is not green.
func tell(left *Leftover) {
	AddReportEntry(CleanupEntry, *left, ReportEntryVisibilityAlways)
}

// sweep deletes the key pairs of this run that a region still lists.
func (k *Kit) sweep(ctx context.Context, a *actor, region string) *Leftover {
	ours := k.names.Made
	listed, err := a.list(ctx, region, nil)
	if err != nil {
		return &Leftover{Cause: fmt.Sprintf("key pairs of %s may be left: %v", a.product, err)}
	}
	if !slices.ContainsFunc(listed, func(p Pair) bool { return ours(p.Name) }) {
		return nil
	}
	for _, p := range listed {
		if ours(p.Name) { // under a name that nobody has asked for, perhaps
			k.ledger.Note(a.entry(region, p.Name))
		}
	}
	if left := a.eraseOf(ctx, region, listed, ours); left != nil {
		return left
	}
	if listed, err = a.list(ctx, region, nil); err != nil {
		return &Leftover{Cause: fmt.Sprintf("key pairs of %s may be left: %v", a.product, err)}
	}
	left := &Leftover{Cause: fmt.Sprintf("key pairs of %s are left in %s although their deletion was accepted", a.product, region)}
	for _, p := range listed {
		if ours(p.Name) {
			left.What = append(left.What, p.Name)
		}
	}
	for _, e := range k.ledger.Open() {
		if e.Product == a.product && e.Account == a.account.ID && e.Region == region && !slices.Contains(left.What, e.Name) && ours(e.Name) {
			k.ledger.Strike(e)
		}
	}
	if len(left.What) == 0 {
		return nil
	}
	return left
}

// makers are the actors that may have made something in their account.
func (k *Kit) makers() []*actor {
	return slices.DeleteFunc(k.owners(), func(a *actor) bool {
		_, wrote := k.wrote.Load(a.product + " " + a.account.ID)
		return !wrote
	})
}

// remove undoes what l holds, the newest first, and strikes it: bindings are
// taken off, key pairs are deleted. What cannot be undone stays in the ledger and
// is reported; it changes no rule's verdict, but the run is not green.
func (k *Kit) remove(ctx context.Context, l *ledger.Ledger) { k.removeFrom(ctx, l, l.Open()) }

// removeFrom does the same with some of what l holds.
func (k *Kit) removeFrom(ctx context.Context, l *ledger.Ledger, entries []ledger.Entry) {
	if k.patience.Gone() {
		return // it stays in the ledger until the end of the run
	}
	ctx = guard.Cleanup(ctx)
	for _, batch := range k.batches(entries) {
		owner, undo := k.actorOf(batch[0]), (*actor).erase
		if batch[0].Server != "" {
			undo = (*actor).unbind
		}
		left := undo(owner, ctx, batch)
		if ctx.Err() != nil || left != nil && k.patience.Silent() {
			return // likewise
		}
		if left != nil {
			tell(left)
			continue
		}
		for _, e := range batch {
			l.Strike(e)
		}
	}
}

// batches groups entries that one call can undo: bindings of one key pair, or
// key pairs of one account and region. All bindings come before the key pairs.
func (k *Kit) batches(entries []ledger.Entry) [][]ledger.Entry {
	var bindings, pairs [][]ledger.Entry
	last := map[ledger.Entry]int{} // what a batch has in common → index of the one being filled
	for _, e := range entries {
		into, common, most := &pairs, e, k.actorOf(e).batch
		if e.Server != "" {
			into, most = &bindings, 50
			common.Server = "any"
		} else {
			common.Name = ""
		}
		i, begun := last[common]
		if !begun || len((*into)[i]) == most {
			i = len(*into)
			*into = append(*into, nil)
			last[common] = i
		}
		(*into)[i] = append((*into)[i], e)
	}
	return append(bindings, pairs...)
}

// actorOf is the actor in whose account e was made.
func (k *Kit) actorOf(e ledger.Entry) *actor {
	other := e.Account != k.Place.World.Accounts[0].ID
	switch {
	case e.Product == "SWAS" && other:
		return &k.otherSWAS.actor
	case e.Product == "SWAS":
		return &k.SWAS.actor
	case other:
		return &k.otherECS.actor
	}
	return &k.ECS.actor
}

// Finder finds a key pair by its name.
type Finder interface {
	Find(ctx context.Context, name string) *Pair
}

// FreeName is a name of length letters that is too short to be unique, chosen
// so that no key pair of the region has it.
func (k *Kit) FreeName(ctx context.Context, in Finder, length int) string {
	GinkgoHelper()
	for range 20 {
		if name := names.Letters(length); in.Find(ctx, name) == nil {
			return name
		}
	}
	undone("found no free name of %d letters in %s", length, k.Region())
	return ""
}
