package vocabulary

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync"

	. "github.com/onsi/ginkgo/v2"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/ledger"
	"github.com/kpspec/kpspec/harness/patience"
	"github.com/kpspec/kpspec/harness/wire"
)

// actor sends the requests of one product in the name of one identity.
// Whatever it creates is in the ledger before the request leaves.
type actor struct {
	kit     *Kit
	product string // as the catalogue names it
	version string // of the product's API
	listing string // the operation that lists key pairs
	regions string // the operation that lists regions
	account world.Account
	client  *wire.Client
	ledger  *ledger.Ledger

	// official sends a well-formed request through the official SDK.
	official func(context.Context, wire.Call) (*wire.Answer, error)
	// names are the parameters that tell DeleteKeyPairs what to delete.
	names func([]string) []wire.Param
	// batch is how many key pairs one DeleteKeyPairs call may name.
	batch int
}

// Send sends the request as it is, in the shape it asks for.
func (a *actor) Send(ctx context.Context, call wire.Call) *wire.Answer {
	GinkgoHelper()
	return a.conclude(call, a.track(ctx, call, func() *wire.Answer { return a.client.Do(ctx, call) }))
}

// do sends a request of which whoever asks looks what became of it: one that reads or
// cleans up.
func (a *actor) do(ctx context.Context, call wire.Call) patience.Reply {
	return a.kit.patience.Ask(ctx, call, true, false, func() *wire.Answer { return a.client.Do(ctx, call) })
}

// Call sends a well-formed request through the official SDK, unless the target
// does not take what the SDK sends. What the SDK cannot say is an error of the
// spec: such a request belongs to Send.
func (a *actor) Call(ctx context.Context, call wire.Call) *wire.Answer {
	GinkgoHelper()
	if call.Shape != "" && call.Shape != wire.V3Query {
		return a.Send(ctx, call)
	}
	return a.conclude(call, a.track(ctx, call, func() *wire.Answer {
		answer, err := a.official(ctx, call)
		if err != nil {
			undone("%v", err)
		}
		return answer
	}))
}

// Supply sends n requests, several at a time, and returns the first that is not a
// success, or nil. Where answers got lost it is open what was made: the list tells.
func (a *actor) Supply(ctx context.Context, n int, next func() wire.Call) (refused *wire.Answer, lost bool) {
	GinkgoHelper()
	const hands = 8 // requests under way at once: the target's round trip is what costs
	var mu sync.Mutex
	wanted := make(chan struct{}, n)
	for range n {
		wanted <- struct{}{}
	}
	close(wanted)
	together(hands, func(int) {
		for range wanted {
			mu.Lock()
			stop := refused != nil
			mu.Unlock()
			if stop {
				return
			}
			call := next()
			reply := a.track(ctx, call, func() *wire.Answer { return a.client.Do(ctx, call) })
			if reply.Kind == patience.Lost && a.kit.patience.Limits().Retry > 0 && !a.kit.patience.Gone() {
				doubt(reply.What)
				mu.Lock()
				lost = true
				mu.Unlock()
				continue
			}
			if reply.Kind == patience.Fair && reply.Status == 200 {
				continue
			}
			if answer := a.conclude(call, reply); answer.Status != 200 {
				mu.Lock()
				refused = answer
				mu.Unlock()
			}
		}
	})
	return refused, lost
}

// AtOnce makes n calls at the same time and returns their answers in order. None of
// them is sent again: it would come late.
func AtOnce(n int, call func(i int) *wire.Answer) []*wire.Answer {
	GinkgoHelper()
	answers := make([]*wire.Answer, n)
	start := make(chan struct{})
	var ready sync.WaitGroup
	ready.Add(n)
	go func() { ready.Wait(); close(start) }()
	atOnce.Store(true)
	defer atOnce.Store(false)
	together(n, func(i int) {
		ready.Done()
		<-start
		answers[i] = call(i)
	})
	return answers
}

// together does n things at the same time. Where one of them ends the spec, it ends
// when all are done.
func together(n int, do func(i int)) {
	ends := make([]any, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			defer func() { ends[i] = recover() }()
			do(i)
		})
	}
	wg.Wait()
	var end any
	for _, r := range ends {
		if _, held := end.(stop); end == nil || held && r != nil {
			end = r // what Ginkgo was told of goes first
		}
	}
	if end != nil {
		panic(end)
	}
}

// makesPairs reports whether a request of the action may create a key pair of
// the name it is given. Words that only resemble an operation's count too: a
// broken target might obey.
func makesPairs(action string) bool {
	return !slices.Contains([]string{"DescribeKeyPairs", "ListKeyPairs", "DeleteKeyPairs", "AttachKeyPair", "DetachKeyPair"}, action)
}

// track notes what the request may create before it leaves, and strikes it when the
// target has refused it.
func (a *actor) track(ctx context.Context, call wire.Call, send func() *wire.Answer) patience.Reply {
	GinkgoHelper()
	var made []ledger.Entry
	name := call.Value("KeyPairName")
	if makesPairs(call.Action) {
		if region := call.Value("RegionId"); region == a.kit.QuotaRegion() && region != a.kit.Region() {
			a.kit.uses(map[string]string{"ECS": ECSFull, "SWAS": SWASFull}[a.product])
		}
		a.kit.wrote.Store(a.product+" "+a.account.ID, true)
	}
	switch {
	case name == "":
	case makesPairs(call.Action):
		made = append(made, a.entry(call.Value("RegionId"), name))
	case call.Action == "AttachKeyPair":
		for _, server := range attached(call) {
			bound := a.entry(call.Value("RegionId"), name)
			bound.Server = server
			made = append(made, bound)
		}
	}
	// What outlives the spec stays where it is, whoever asks for it again.
	made = slices.DeleteFunc(made, a.kit.stocks.hold)
	for _, e := range made {
		if a.kit.company != nil && e.Server == "" && !a.kit.names.Made(e.Name) {
			a.kit.company.Use(e.Name)
		}
		a.needFree(ctx, e)
	}
	for _, e := range made {
		a.kit.claims.begin(a.ledger, e)
	}
	unwritten := a.kit.journal.Commit()
	reply := patience.Reply{Answer: &wire.Answer{}}
	if unwritten == nil {
		once := atOnce.Load() || call.Nonce != "" // which is used up by what was met
		reply = a.kit.patience.Ask(ctx, call, false, once, send)
	}
	for _, e := range made {
		refused := reply.Kind == patience.Fair && reply.Tries == 1 && reply.Status >= 400 && reply.Status < 500
		a.kit.claims.end(a.ledger, e, unwritten != nil || spent(reply.Answer) != nil || refused)
	}
	if err := cmp.Or(unwritten, spent(reply.Answer)); err != nil {
		undone("%v", err)
	}
	a.changed(call, reply)
	return reply
}

// conclude is the answer to a request. A spec whose request gets none that says
// anything of a rule cannot go on.
func (a *actor) conclude(call wire.Call, reply patience.Reply) *wire.Answer {
	GinkgoHelper()
	switch reply.Kind {
	case patience.Fair:
		if !patience.Reads(call) {
			met(reply)
		}
	case patience.Refused:
		if reply.Once {
			met(reply)
		}
		undone("the target cannot answer for the moment: %s, in %s", reply.What, times(reply.Tries, "try"))
	case patience.Lost:
		met(reply)
	}
	if reply.Status == 0 || reply.Kind == patience.Lost {
		if reply.Err == nil {
			undone("%s met %s", call.Action, reply.What)
		}
		undone("%s got no answer: %v", call.Action, reply.Err)
	}
	if reply.Status >= 400 {
		if refusal, err := reply.Refusal(); err == nil {
			a.crowd(call, refusal)
		}
	}
	return reply.Answer
}

// needFree ends the spec where a key pair has the name already that the run is
// about to make. Names made for the run cannot be taken; one of two characters
// can, and what has it then must not be taken for the run's own and deleted.
func (a *actor) needFree(ctx context.Context, e ledger.Entry) {
	GinkgoHelper()
	k := a.kit
	if k.journal == nil || e.Server != "" || k.names.Made(e.Name) || a.ledger.Holds(e) || !slices.Contains(k.Place.World.Regions, e.Region) {
		return
	}
	if k.actorOf(e).FindIn(ctx, e.Region, e.Name) != nil && !a.ledger.Holds(e) { // unless another request has just made it
		undone("region %s has a key pair of the name %q already, which the run has not made", e.Region, e.Name)
	}
}

// crowd ends the spec where a refusal says nothing of any rule, because the region is
// full of what the run has not made. SWAS documents no code for that: there the
// listing tells, see [Kit.crowded].
func (a *actor) crowd(call wire.Call, refusal wire.Refusal) {
	GinkgoHelper()
	region := call.Value("RegionId")
	switch {
	case region == "" || !makesPairs(call.Action) || a.kit.filling.Load():
	case refusal.Code == "QuotaExceed.KeyPair":
		undone("region %s is full: no room to try the rule", region)
	case a.product == "SWAS" && refusal.Status < 500 && slices.Contains(a.kit.Place.World.Regions, region):
		a.kit.turnedAway.Store(region, a)
	}
}

// claims tells who has made what where several requests for one name are under
// way at once: the one that loses must not strike what the other one has made.
type claims struct {
	mu    sync.Mutex
	under map[claim]*standing
}

// claim is an entry of one ledger.
type claim struct {
	in    *ledger.Ledger
	entry ledger.Entry
}

type standing struct {
	requests int  // under way
	made     bool // one of them was not refused, or it was there before
}

// begin notes what a request may make.
func (c *claims) begin(in *ledger.Ledger, e ledger.Entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.under[claim{in, e}]
	if s == nil {
		if c.under == nil {
			c.under = map[claim]*standing{}
		}
		s = &standing{made: !in.Note(e)}
		c.under[claim{in, e}] = s
	}
	s.requests++
}

// end strikes it when the last of the requests is back and none has made it.
func (c *claims) end(in *ledger.Ledger, e ledger.Entry, refused bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.under[claim{in, e}]
	s.requests--
	s.made = s.made || !refused
	if s.requests > 0 {
		return
	}
	delete(c.under, claim{in, e})
	if !s.made {
		in.Strike(e)
	}
}

func (a *actor) entry(region, name string) ledger.Entry {
	if region == "" {
		region = a.kit.Region()
	}
	return ledger.Entry{Product: a.product, Account: a.account.ID, Region: region, Name: name}
}

// Delete removes one key pair from the region the specs work in.
func (a *actor) Delete(ctx context.Context, name string) *wire.Answer {
	GinkgoHelper()
	return a.DeleteIn(ctx, a.kit.Region(), name)
}

// DeleteIn removes one key pair from a region.
func (a *actor) DeleteIn(ctx context.Context, region, name string) *wire.Answer {
	GinkgoHelper()
	a.going(region, name)
	answer := a.Send(ctx, a.deletion(region, []string{name}))
	if answer.Status == 200 {
		a.ledger.Strike(a.entry(region, name))
		a.gone(region, name)
	}
	return answer
}

func (a *actor) deletion(region string, names []string) wire.Call {
	return wire.Call{
		Action:  "DeleteKeyPairs",
		Version: a.version,
		Shape:   a.kit.Place.Shape,
		Params:  append([]wire.Param{{Name: "RegionId", Value: region}}, a.names(names)...),
	}
}

// Leftover is what a run could not remove, and why. The causes of many are alike.
type Leftover struct {
	Cause string
	What  []string
}

func (l *Leftover) Error() string { return fmt.Sprintf("%s: %q", l.Cause, l.What) }

// erase removes key pairs, all of one region. A target that refuses to delete
// the lot is asked for each pair that is still listed.
func (a *actor) erase(ctx context.Context, entries []ledger.Entry) *Leftover {
	region := entries[0].Region
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name
	}
	a.going(region, names...)
	if answer := a.do(ctx, a.deletion(region, names)); answer.Status == 200 {
		a.gone(region, names...)
		return nil
	}
	left, err := a.kit.look(ctx, cornerOf(entries[0]))
	if err != nil {
		return &Leftover{fmt.Sprintf("key pairs of %s may be left in %s: %v", a.product, region, err), names}
	}
	return a.eraseOf(ctx, region, left, func(name string) bool { return slices.Contains(names, name) })
}

// eraseOf removes one by one those of the listed key pairs that are the run's.
func (a *actor) eraseOf(ctx context.Context, region string, listed []Pair, ours func(name string) bool) *Leftover {
	left := &Leftover{}
	for _, p := range listed {
		if !ours(p.Name) {
			continue
		}
		a.going(region, p.Name)
		answer := a.do(ctx, a.deletion(region, []string{p.Name}))
		if answer.Status == 200 {
			a.gone(region, p.Name)
			continue
		}
		left.Cause = fmt.Sprintf("key pairs of %s are left in %s: DeleteKeyPairs: %s", a.product, region, inShort(answer.Answer))
		left.What = append(left.What, p.Name)
	}
	if len(left.What) == 0 {
		return nil
	}
	return left
}

// unbind takes the key pair of the entries off their servers. A target that refuses
// the lot, perhaps because nothing is bound to one of them, is asked for each server
// that is still listed.
func (a *actor) unbind(ctx context.Context, entries []ledger.Entry) *Leftover {
	name := entries[0].Name
	var servers []string
	for _, e := range entries {
		servers = append(servers, e.Server)
	}
	if answer := a.detach(ctx, entries[0].Region, name, servers...); answer.Status == 200 {
		return nil
	}
	listed, err := a.kit.look(ctx, cornerOf(entries[0]))
	if err != nil {
		return &Leftover{fmt.Sprintf("key pairs may be left on servers: %v", err), []string{name}}
	}
	for _, p := range listed {
		for _, server := range p.Servers {
			if p.Name != name || !slices.Contains(servers, server) {
				continue
			}
			if answer := a.detach(ctx, entries[0].Region, name, server); answer.Status != 200 {
				return &Leftover{"key pairs are left on servers: DetachKeyPair: " + inShort(answer.Answer), []string{name}}
			}
		}
	}
	return nil
}

// detach takes a key pair off servers.
func (a *actor) detach(ctx context.Context, region, name string, servers ...string) patience.Reply {
	call := wire.Call{Action: "DetachKeyPair", Version: a.version, Shape: a.kit.Place.Shape, Params: []wire.Param{
		{Name: "RegionId", Value: region},
		{Name: "KeyPairName", Value: name},
	}}
	for i, server := range servers {
		call = call.With(fmt.Sprintf("InstanceIds.%d", i+1), server)
	}
	reply := a.do(ctx, call)
	a.changed(call, reply)
	return reply
}

// attached are the servers that a request names, as a repeated parameter or as
// JSON text.
func attached(call wire.Call) []string {
	servers := Repeated(call, "InstanceIds")
	var listed []string
	if json.Unmarshal([]byte(call.Value("InstanceIds")), &listed) == nil {
		servers = append(servers, listed...)
	}
	return servers
}

// Repeated are the values of a repeated parameter, Name.1, Name.2 and so on.
func Repeated(call wire.Call, name string) []string {
	var values []string
	for i := 1; ; i++ {
		value := call.Value(name + "." + strconv.Itoa(i))
		if value == "" {
			return values
		}
		values = append(values, value)
	}
}

// AnyOf is the name of one key pair that this actor has made and not removed, or "":
// one of a list, if there is one. Of what got lost on its way nobody knows whether
// it is there.
func (a *actor) AnyOf(listed []Pair) string {
	var names []string
	for _, entry := range a.ledger.Open() {
		if slices.ContainsFunc(listed, func(p Pair) bool { return p.Name == entry.Name }) {
			return entry.Name
		}
		names = append(names, entry.Name)
	}
	if len(names) == 0 {
		return ""
	}
	return names[0]
}

// Clear removes everything this actor's ledger holds.
func (a *actor) Clear(ctx context.Context) {
	ctx, end := a.kit.afterwards(ctx)
	defer end()
	a.kit.remove(ctx, a.ledger)
}

// Refuses shows that the target refuses bad as the row says and changes
// nothing, and that it takes good, which differs from bad in one fault only. It
// returns the refusal.
//
// The faulty request goes first and under the same name wherever the name is
// not the fault: were anything of it kept, the good one would trip over it.
func (a *actor) Refuses(ctx context.Context, bad, good wire.Call, as Row) *wire.Answer {
	GinkgoHelper()
	refused := a.Send(ctx, bad)
	Expect(refused).To(BeRefused(as))
	a.HasNothingOf(ctx, bad)
	Given(a.Send(ctx, good)).To(BeAccepted())
	Given(a.FindIn(ctx, good.Value("RegionId"), good.Value("KeyPairName"))).To(BePresent())
	return refused
}

// HasNothingOf asserts that neither the name nor the key of a request is
// listed where the request may have left it. It returns what the last of these
// regions lists.
func (a *actor) HasNothingOf(ctx context.Context, call wire.Call) (listed []Pair) {
	GinkgoHelper()
	name, fingerprint := call.Value("KeyPairName"), FingerprintOf(call.Value("PublicKeyBody"))
	for _, region := range a.regionsOf(call) {
		var kept *Pair
		listed = a.List(ctx, region)
		for _, p := range listed {
			if p.Name == name || fingerprint != "" && plain(p.Fingerprint) == fingerprint {
				a.ledger.Note(a.entry(region, p.Name))
				kept = &p
			}
		}
		Expect(kept).To(BeAbsent())
	}
	return listed
}

// regionsOf is where a request may have left something: the region it names,
// or every region where it names none that the world knows, the one that the
// specs work in last.
func (a *actor) regionsOf(call wire.Call) []string {
	regions := slices.Clone(a.kit.Place.World.Regions)
	if region := call.Value("RegionId"); slices.Contains(regions, region) {
		return []string{region}
	}
	slices.Reverse(regions)
	return regions
}

// Accepts shows that the target takes the request, sent through the official
// SDK, and lists the key pair afterwards.
func (a *actor) Accepts(ctx context.Context, call wire.Call) {
	GinkgoHelper()
	Expect(a.Call(ctx, call)).To(BeAccepted())
	Expect(a.FindIn(ctx, call.Value("RegionId"), call.Value("KeyPairName"))).To(BePresent())
}

// AcceptsToo is Accepts for a request that differs from a plain one in
// something that a rule allows. Where the target does not even take the plain
// one, or does not list it, the rule could not be tried: what a plain request
// must do is another rule.
func (a *actor) AcceptsToo(ctx context.Context, call wire.Call) {
	GinkgoHelper()
	a.acceptsToo(ctx, call, a.Call)
}

// SendsToo is AcceptsToo for a request that the SDK might touch up: it goes out
// as it is.
func (a *actor) SendsToo(ctx context.Context, call wire.Call) {
	GinkgoHelper()
	a.acceptsToo(ctx, call, a.Send)
}

func (a *actor) acceptsToo(ctx context.Context, call wire.Call, send func(context.Context, wire.Call) *wire.Answer) {
	GinkgoHelper()
	answer := send(ctx, call)
	a.needPlain(ctx, call, answer)
	Expect(answer).To(BeAccepted())
	made := a.FindIn(ctx, call.Value("RegionId"), call.Value("KeyPairName"))
	if made == nil {
		a.needPlain(ctx, call, nil)
	}
	Expect(made).To(BePresent())
}

// needPlain ends the spec if answer is not a good one and the target refuses
// or loses a plain request of the same action too.
func (a *actor) needPlain(ctx context.Context, call wire.Call, answer *wire.Answer) {
	GinkgoHelper()
	if answer != nil {
		if good, _ := BeAccepted().Match(answer); good {
			return
		}
	}
	plain := call
	plain.Params = nil
	for _, name := range []string{"RegionId", "KeyPairName", "PublicKeyBody"} {
		if call.Value(name) != "" {
			plain = plain.With(name, call.Value(name))
		}
	}
	plain = plain.With("KeyPairName", a.kit.Name())
	if call.Value("PublicKeyBody") != "" {
		plain = plain.With("PublicKeyBody", FreshKey())
	}
	Given(a.Send(ctx, plain)).To(BeAccepted(), "a plain request is refused too")
	Given(a.FindIn(ctx, plain.Value("RegionId"), plain.Value("KeyPairName"))).To(BePresent(), "what a plain request makes")
}
