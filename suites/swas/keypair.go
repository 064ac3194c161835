package swas

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/evidence"
	"github.com/kpspec/kpspec/harness/wire"
	. "github.com/kpspec/kpspec/suites/vocabulary"
)

// The one row of each table of errors, and rows of the page about idempotence.
var (
	alreadyExists  = Row{Status: 400, Code: "KeyPairNameAlreadyExist", Message: "The keyPair name already exist."}
	serverNotFound = Row{Status: 404, Code: "InvalidInstanceId.NotFound", Message: "The specified Instance Id does not exist."}
	tokenMismatch  = Row{Status: 400, Code: "IdempotentParameterMismatch"}
	denied         = Row{Status: 403}
)

// allowed are the ASCII characters that a name may have inside; the period, which
// only the texts of ECS list, is a rule of its own.
const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_-."

// KeyPairs builds the specs of the operations on key pairs.
//
// A generated key pair costs the target a tenth of a second of work, and every
// key pair one of the ten places of a region. So the specs that need nothing but
// some generated key pair share one, refusals share the proof that a well-formed
// request succeeds, and one request shows several allowed things, see exemplar.
//
// Specs of operations that are not wanted are left out. All are built in the order of the files, as those
// of ECS are.
func KeyPairs(k *Kit) {
	shared := &created{k: k, calls: func() []wire.Call { return []wire.Call{k.SWASCreate(k.Name())} }}
	k.Section("SWAS AttachKeyPair", func() { attachKeyPair(k) })
	k.Section("SWAS CreateKeyPair", func() { createKeyPair(k, shared) })
	k.Section("SWAS ImportKeyPair", func() { importKeyPair(k, shared) })
}

// maker is one of the two operations that make a key pair.
type maker struct {
	k      *Kit
	prefix string                      // of its rule ids
	call   func(name string) wire.Call // a well-formed request
	// proven shows that a well-formed request succeeds, for many refusals at once.
	proven func(context.Context)
	// plainly shows that the target takes a well-formed request without anything
	// optional, in the region the specs work in.
	plainly func(context.Context)
	// tokened is a key pair that a request with a client token has made, of 64
	// characters where the target takes so long a one, and simultaneous are the
	// answers to many such requests at once.
	tokened      func(context.Context) *created
	simultaneous *simultaneous
	// exemplars are what allowed things are shown by; without them each is
	// shown by a request of its own.
	exemplars
}

func newMaker(k *Kit, prefix string, call func(name string) wire.Call) maker {
	m := maker{k: k, prefix: prefix, call: call, simultaneous: &simultaneous{}}
	m.plainly = func(ctx context.Context) {
		GinkgoHelper()
		k.SWAS.Accepts(ctx, call(k.Name()))
	}
	m.tokened = func(ctx context.Context) *created {
		GinkgoHelper()
		c := &created{k: k, calls: m.withTokens}
		c.make(ctx)
		return c
	}
	return m
}

// withToken is a well-formed request with a client token that nothing is special about.
func (m maker) withToken() wire.Call { return m.call(m.k.Name()).With("ClientToken", m.k.Name()) }

// withTokens are such requests, the first one with the longest client token. How
// long one may be is another rule than what it does.
func (m maker) withTokens() []wire.Call {
	return []wire.Call{m.withToken().With("ClientToken", m.k.NameOf(64)), m.withToken()}
}

// created is one key pair that is made when the first spec needs it.
type created struct {
	k     *Kit
	calls func() []wire.Call // new requests for it: the first that the target takes will do
	stock *SWAS              // holds it where specs share it

	request wire.Call
	answer  *wire.Answer // nil before it was made
	read    PrivateKey   // of readOf
	readOf  *wire.Answer
	listed  *Pair
	sent    evidence.Kept // what was sent to make it
}

// name is the name of the key pair.
func (c *created) name() string { return c.listed.Name }

// make makes the key pair and ends the spec where it cannot. What could not be
// made properly goes with the spec.
func (c *created) make(ctx context.Context) {
	GinkgoHelper()
	var request wire.Call
	var answer *wire.Answer
	for _, request = range c.calls() {
		answer = c.k.SWAS.Call(ctx, request)
		if good, _ := BeAccepted().Match(answer); good {
			break
		}
	}
	Given(answer).To(BeAccepted())
	listed := c.k.SWAS.Find(ctx, request.Value("KeyPairName"))
	Given(listed).To(BePresent())
	c.request, c.answer, c.listed, c.sent = request, answer, listed, c.k.Sent()
}

// proven shows that a well-formed request succeeds: the key pair is there for
// all specs that need one.
func (c *created) proven(ctx context.Context) {
	GinkgoHelper()
	if c.answer != nil {
		c.k.Recall(c.sent)
		return
	}
	c.make(ctx)
	if c.stock == nil {
		c.stock = c.k.SWAS.Stock()
	}
	c.k.SWAS.Keep(c.name(), c.stock)
}

func (c *created) clear(ctx context.Context) {
	if c.stock != nil {
		c.stock.Clear(ctx)
	}
	c.answer = nil
}

// key is the private key, as far as it can be read. That there is one is a rule
// of its own.
func (c *created) key(ctx context.Context) PrivateKey {
	GinkgoHelper()
	c.proven(ctx)
	Given(c.answer).To(HaveMember("PrivateKeyBody", BeNonEmptyText()))
	if c.readOf != c.answer {
		c.read, c.readOf = ReadPrivateKey(c.answer), c.answer
	}
	return c.read
}

// exemplar is one request with many features, each of which a rule allows. Where
// the target takes it, it takes each feature; only where it does not is each
// feature tried alone.
type exemplar struct {
	name, token func() string

	tried  bool
	call   wire.Call
	answer *wire.Answer // nil unless the target has taken it and lists what it made
	sent   evidence.Kept
}

// exemplars are those of one operation. Each can be sent once, where a spec
// needs a key pair to be made in circumstances of its own.
type exemplars struct{ rich, least, chinese, twoChinese, https *exemplar }

func newExemplars(k *Kit) exemplars {
	return exemplars{
		rich: &exemplar{
			name:  func() string { return "http:0123456789_-" + k.NameOf(64-len("http:0123456789_-")) },
			token: func() string { return k.NameOf(64) },
		},
		least:      &exemplar{name: func() string { return strings.ToUpper(k.NameOf(1)) + k.NameOf(1) }, token: uuid.NewString},
		chinese:    &exemplar{name: func() string { return Han(64) }, token: uuid.NewString},
		twoChinese: &exemplar{name: func() string { return Han(2) }, token: uuid.NewString},
		https:      &exemplar{name: func() string { return "https:" + k.Name() }, token: uuid.NewString},
	}
}

func (e exemplars) all() []*exemplar {
	if e.rich == nil {
		return nil
	}
	return []*exemplar{e.rich, e.least, e.chinese, e.twoChinese, e.https}
}

// taken are those that the target has taken.
func (e exemplars) taken() []*exemplar {
	return slices.DeleteFunc(e.all(), func(e *exemplar) bool { return e.answer == nil })
}

// unsent are those that have not been sent.
func (e exemplars) unsent() []*exemplar {
	return slices.DeleteFunc(e.all(), func(e *exemplar) bool { return e.tried })
}

// occasion is where and in whose name a key pair is made.
type occasion struct {
	by, owner *SWAS // the owner of the account lists what was made
	region    string
}

// here is the plain occasion.
func (m maker) here() occasion { return occasion{m.k.SWAS, m.k.SWAS, m.k.Region()} }

// try sends an exemplar unless it has been sent, and reports whether the target
// has taken it on this occasion.
func (m maker) try(ctx context.Context, e *exemplar, on occasion) bool {
	GinkgoHelper()
	if e == nil || e.tried {
		return false
	}
	call := m.call(e.name()).With("ClientToken", e.token()).With("RegionId", on.region)
	answer := on.by.Send(ctx, call)
	e.tried = true
	name := call.Value("KeyPairName")
	good, _ := BeAccepted().Match(answer)
	if good && on.owner.FindIn(ctx, on.region, name) != nil {
		e.call, e.answer, e.sent = call, answer, m.k.Sent()
		return true
	}
	if good { // it must not stand in the way of what is tried next
		on.owner.DeleteIn(ctx, on.region, name)
	}
	return false
}

// takes shows that the target makes a key pair on this occasion, by an exemplar
// or by a plain request.
func (m maker) takes(ctx context.Context, e *exemplar, on occasion) {
	GinkgoHelper()
	if m.try(ctx, e, on) {
		Expect(e.answer).To(BeAccepted())
		return
	}
	call := m.call(m.k.Name()).With("RegionId", on.region)
	Expect(on.by.Send(ctx, call)).To(BeAccepted())
	Expect(on.owner.FindIn(ctx, on.region, call.Value("KeyPairName"))).To(BePresent())
}

// takesIn shows that the target makes a key pair in a region, unless it has shown that already.
func (m maker) takesIn(ctx context.Context, region string) {
	GinkgoHelper()
	if region == m.k.Region() {
		m.plainly(ctx)
		return
	}
	taken := m.taken()
	in := func(e *exemplar) bool { return e.call.Value("RegionId") == region }
	if i := slices.IndexFunc(taken, in); i >= 0 {
		Expect(taken[i].answer).To(BeAccepted())
		return
	}
	m.takes(ctx, cmp.Or(m.unsent()...), occasion{m.k.SWAS, m.k.SWAS, region})
}

// shows shows that the target takes a feature of the exemplar; alone is a
// request with that feature only.
func (m maker) shows(ctx context.Context, e *exemplar, alone wire.Call) {
	GinkgoHelper()
	m.try(ctx, e, m.here())
	if e != nil && e.answer != nil {
		m.k.Recall(e.sent)
		Expect(e.answer).To(BeAccepted())
		return
	}
	m.accepts(ctx, alone)
}

func (m maker) rule(ref string) []any { return m.k.Rule(m.prefix + ref) }

// plain ends the spec where the target does not even take a plain request: what
// it must do with that is another rule.
func (m maker) plain(ctx context.Context) {
	GinkgoHelper()
	call := m.call(m.k.Name())
	Given(m.k.SWAS.Send(ctx, call)).To(BeAccepted())
	Given(m.k.SWAS.Delete(ctx, call.Value("KeyPairName"))).To(BeAccepted())
}

// accepts shows that the target takes a request that differs from a plain one in
// something that a rule allows, and lists the key pair. What the official client
// makes of an answer with a private key is another rule.
func (m maker) accepts(ctx context.Context, call wire.Call) {
	GinkgoHelper()
	send := m.k.SWAS.Send
	if m.rich == nil {
		send = m.k.SWAS.Call
	}
	answer := send(ctx, call)
	if good, _ := BeAccepted().Match(answer); !good {
		m.plain(ctx)
	}
	Expect(answer).To(BeAccepted())
	Expect(m.k.SWAS.FindIn(ctx, call.Value("RegionId"), call.Value("KeyPairName"))).To(BePresent())
}

// refuses shows that bad is refused and leaves nothing, and that a well-formed
// request succeeds.
func (m maker) refuses(ctx context.Context, bad wire.Call, as Row) {
	GinkgoHelper()
	before := m.k.Apart(m.k.SWAS.Room(ctx))
	Expect(m.k.SWAS.Send(ctx, bad)).To(BeRefused(as))
	Expect(m.k.Apart(m.k.SWAS.HasNothingOf(ctx, bad))).To(BeTheSamePairsAs(before))
	m.proven(ctx)
}

func (m maker) records(ctx context.Context, what string, call wire.Call) {
	GinkgoHelper()
	m.proven(ctx)
	got := m.k.SWAS.Send(ctx, call)
	Expect(got).To(BeAnAnswer())
	ObserveAnswer(what, got)
}

// region is about RegionId.
func (m maker) region() {
	DescribeTable("refuses a request without RegionId", func(ctx SpecContext, record bool) {
		bad := m.call(m.k.Name()).Without("RegionId")
		if record {
			m.records(ctx, "a request without RegionId", bad)
			return
		}
		m.refuses(ctx, bad, AnyRefusal)
	},
		Entry("and makes nothing", m.rule("REGION-REQ"), false),
		Entry("with a code", m.rule("REGION-REQ.code"), true),
	)
	It("takes every region of the world that ListRegions lists", m.rule("REGION-KNOWN"), Needs(SWASFull), func(ctx SpecContext) {
		m.proven(ctx)
		for _, region := range m.k.SWAS.ListedRegions(ctx) {
			m.takesIn(ctx, region)
		}
	})
	DescribeTable("refuses a region that does not exist", func(ctx SpecContext, record bool) {
		bad := m.call(m.k.Name()).With("RegionId", "xx-nowhere-9")
		if record {
			m.records(ctx, "a region that does not exist", bad)
			return
		}
		m.refuses(ctx, bad, AnyRefusal)
	},
		Entry("and makes nothing", m.rule("REGION-KNOWN"), false),
		Entry("with a code", m.rule("REGION-KNOWN.code"), true),
	)
}

// name is about KeyPairName.
func (m maker) name() {
	k, rule := m.k, m.rule
	DescribeTable("refuses", func(ctx SpecContext, change func(wire.Call) wire.Call, record bool) {
		bad := change(m.call(k.Name()))
		if record {
			m.records(ctx, "a request without KeyPairName", bad)
			return
		}
		m.refuses(ctx, bad, AnyRefusal)
	},
		Entry("a request without KeyPairName", rule("NAME-REQ"), func(c wire.Call) wire.Call { return c.Without("KeyPairName") }, false),
		Entry("an empty name", rule("NAME-REQ"), func(c wire.Call) wire.Call { return c.With("KeyPairName", "") }, false),
		Entry("a request without KeyPairName, with a code", rule("NAME-REQ.code"), func(c wire.Call) wire.Call { return c.Without("KeyPairName") }, true),
	)
	DescribeTable("takes a name", func(ctx SpecContext, e *exemplar, alone func(context.Context) string) {
		m.shows(ctx, e, m.call(alone(ctx)))
	},
		Entry("of two characters, the least", rule("NAME-LEN-MIN"), m.least, func(ctx context.Context) string { return k.FreeName(ctx, k.SWAS, 2) }),
		Entry("of 64 characters, the most", rule("NAME-LEN-MAX"), m.rich, func(context.Context) string { return k.NameOf(64) }),
		Entry("of 64 Chinese characters", rule("NAME-LEN-CHARS"), m.chinese, func(context.Context) string { return Han(64) }),
		Entry("of two Chinese characters", rule("NAME-LEN-CHARS"), m.twoChinese, func(context.Context) string { return Han(2) }),
		Entry("that begins with a lower-case letter", rule("NAME-FIRST"), m.rich, func(context.Context) string { return "a" + k.Name() }),
		Entry("that begins with an upper-case letter", rule("NAME-FIRST"), m.least, func(context.Context) string { return "A" + k.Name() + "Z" }),
		Entry("that begins with a Chinese character", rule("NAME-FIRST"), m.chinese, func(context.Context) string { return "密" + k.Name() }),
		Entry("that begins with https: and no slashes", rule("NAME-NOHTTP"), m.https, func(context.Context) string { return "https:" + k.Name() }),
		Entry("that begins with http: and no slashes", rule("NAME-NOHTTP"), m.rich, func(context.Context) string { return "http:" + k.Name() }),
		Entry("with digits", rule("NAME-DIGIT"), m.rich, func(context.Context) string { return k.Name() + "0123456789" }),
		Entry("with a colon", rule("NAME-COLON"), m.rich, func(context.Context) string { return k.Name() + ":b" }),
		Entry("with an underscore", rule("NAME-UNDERSCORE"), m.rich, func(context.Context) string { return k.Name() + "_b" }),
		Entry("with a hyphen", rule("NAME-HYPHEN"), m.rich, func(context.Context) string { return k.Name() + "-b" }),
	)
	bad := []any{
		func(ctx SpecContext, name func() string) { m.refuses(ctx, m.call(name()), AnyRefusal) },
		Entry("of one character", rule("NAME-LEN-MIN"), func() string { return k.NameOf(1) }),
		Entry("of 65 characters", rule("NAME-LEN-MAX"), func() string { return k.NameOf(65) }),
		Entry("of 65 Chinese characters", rule("NAME-LEN-CHARS"), func() string { return Han(65) }),
		Entry("of one Chinese character", rule("NAME-LEN-CHARS"), func() string { return Han(1) }),
		Entry("that begins with a digit", rule("NAME-FIRST-BAD"), func() string { return "1" + k.Name() }),
		Entry("that begins with a colon", rule("NAME-FIRST-BAD"), func() string { return ":" + k.Name() }),
		Entry("that begins with an underscore", rule("NAME-FIRST-BAD"), func() string { return "_" + k.Name() }),
		Entry("that begins with a hyphen", rule("NAME-FIRST-BAD"), func() string { return "-" + k.Name() }),
		Entry("that begins with http://", rule("NAME-NOHTTP"), func() string { return "http://" + k.Name() }),
		Entry("that begins with https://", rule("NAME-NOHTTP"), func() string { return "https://" + k.Name() }),
		Entry("with a period", rule("NAME-PERIOD"), func() string { return k.Name() + ".b" }),
	}
	for c := rune(0); c < 0x80; c++ {
		if strings.ContainsRune(allowed, c) {
			continue
		}
		bad = append(bad, Entry(fmt.Sprintf("with %U %q", c, c), rule("NAME-OTHER"), func() string { return k.Name() + string(c) + "b" }))
	}
	for _, c := range "：＿．–☃🔑😀\u200b" {
		bad = append(bad, Entry(fmt.Sprintf("with %U %q", c, c), rule("NAME-OTHER.non-ascii"), func() string { return k.Name() + string(c) + "b" }))
	}
	bad = append(bad,
		Entry("with a space at the end", rule("NAME-OTHER"), func() string { return k.Name() + " " }),
		Entry("with a line feed at the end", rule("NAME-OTHER"), func() string { return k.Name() + "\n" }),
		Entry("with a space in front", rule("NAME-OTHER"), func() string { return " " + k.Name() }),
		Entry("with a tab in front", rule("NAME-OTHER"), func() string { return "\t" + k.Name() }),
	)
	DescribeTable("refuses a name", bad...)
	It("may take a combining accent", rule("NAME-OTHER.combining"), func(ctx SpecContext) {
		m.records(ctx, "a name with U+0301 inside", m.call(k.Name()+"e\u0301b"))
	})
	It("takes the same name in another region", rule("NAME-REGION"), func(ctx SpecContext) {
		name, there := k.Name(), k.OtherRegion()
		Given(k.SWAS.Send(ctx, k.SWASImport(name, FreshKey()))).To(BeAccepted())
		m.accepts(ctx, m.call(name).With("RegionId", there))
		Expect(k.SWAS.Find(ctx, name)).To(BePresent())
	})
	if k.ECS != nil && m.rich == nil {
		It("takes a name that a key pair of ECS has", rule("NAME-REGION"), func(ctx SpecContext) {
			name := k.Name()
			Given(k.ECS.Send(ctx, k.Import(name, FreshKey()))).To(BeAccepted())
			m.accepts(ctx, m.call(name))
			Expect(k.ECS.Find(ctx, name)).To(BePresent())
		})
	}
}

// token is about ClientToken as far as the two makers share it.
func (m maker) token() {
	k, rule := m.k, m.rule
	with := func(token string) wire.Call { return m.call(k.Name()).With("ClientToken", token) }

	It("needs no client token", rule("TOKEN-OPT"), func(ctx SpecContext) { m.plainly(ctx) })
	It("takes a client token of 64 characters, the most", rule("TOKEN-LEN"), func(ctx SpecContext) {
		m.shows(ctx, m.rich, with(k.NameOf(64)))
	})
	It("refuses a client token of 65 characters", rule("TOKEN-LEN.over"), func(ctx SpecContext) { m.refuses(ctx, with(k.NameOf(65)), AnyRefusal) })
	It("takes a client token in the form of the documents' example", rule("TOKEN-EXAMPLE"), func(ctx SpecContext) {
		m.shows(ctx, m.least, with(uuid.NewString()))
	})
	DescribeTable("refuses a client token with a character beyond ASCII:", func(ctx SpecContext, rest string) {
		m.refuses(ctx, with(k.Name()+rest), AnyRefusal)
	},
		Entry("a Latin letter with an accent", rule("TOKEN-ASCII"), "é"),
	)

	It("answers a repeated request with the same token like the first one, and makes no other key pair", rule("TOKEN-IDEMP"), func(ctx SpecContext) {
		first := m.tokened(ctx)
		before := k.Apart(k.SWAS.List(ctx, k.Region()))
		again := k.SWAS.Send(ctx, first.request)
		Expect(again).To(BeAccepted())
		Expect(again).To(TellTheNameOf(first.answer))
		Expect(k.Apart(k.SWAS.List(ctx, k.Region()))).To(BeTheSamePairsAs(before))
		Expect(k.SWAS.Find(ctx, first.name())).To(BeUnchanged(first.listed))
	})
	It("makes one key pair when several requests with the same token come at once", rule("TOKEN-IDEMP"), func(ctx SpecContext) {
		before := k.Apart(k.SWAS.Room(ctx))
		call, answers := m.simultaneous.of(ctx, m)
		var taken []*wire.Answer
		for _, answer := range answers {
			if good, _ := BeAccepted().Match(answer); good {
				taken = append(taken, answer)
				Expect(answer).To(TellTheNameOf(taken[0]))
				continue
			}
			// The one that comes second may be told to wait for the first.
			Expect(answer).To(BeRefused(AnyRefusal))
			Expect(Code(answer)).To(gomega.BeElementOf(stillProcessing), "the code of a request that came at the same time")
		}
		Expect(taken).NotTo(gomega.BeEmpty(), "what was taken of %d requests with one token", len(answers))
		made := k.SWAS.Find(ctx, call.Value("KeyPairName"))
		Expect(made).To(BePresent())
		Expect(k.SWAS.Send(ctx, call)).To(BeAccepted())
		Expect(k.SWAS.Find(ctx, made.Name)).To(BeUnchanged(made))
		Expect(k.Apart(k.SWAS.List(ctx, k.Region()))).To(HoldOneMoreThan(before))
	})
	It("takes for a new request, and refuses, the same name with another token", rule("TOKEN-UNIQUE"), func(ctx SpecContext) {
		first := m.tokened(ctx)
		before := k.SWAS.Find(ctx, first.name()) // what became of it in another spec is another rule
		token := first.request.Value("ClientToken")
		last := len(token) - 1 // of 64 characters the last one tells tokens apart too
		for _, other := range []string{k.Name(), token[:last] + "B"} {
			Expect(k.SWAS.Send(ctx, first.request.With("ClientToken", other))).To(BeRefused(alreadyExists.Bare()))
		}
		Expect(k.SWAS.Find(ctx, first.name())).To(BeUnchanged(before))
	})
	It("refuses the same token with another name and makes nothing", rule("TOKEN-MISMATCH"), func(ctx SpecContext) {
		first := m.tokened(ctx)
		other := first.request.With("KeyPairName", k.Name())
		Expect(k.SWAS.Send(ctx, other)).To(BeRefused(tokenMismatch))
		Expect(k.SWAS.Find(ctx, other.Value("KeyPairName"))).To(BeAbsent())
		Expect(k.SWAS.Find(ctx, first.name())).To(BePresent())
	})
}

// stillProcessing are the codes that the page about idempotence has for a
// request that comes while the first one with its token is under way.
var stillProcessing = []string{"IdempotentProcessing", "LastTokenProcessing"}

// simultaneous are the answers to equal requests with one token that came at
// once, which several specs look at.
type simultaneous struct {
	answers []*wire.Answer
	sent    evidence.Kept // what they answer
}

// of sends the requests.
func (s *simultaneous) of(ctx context.Context, m maker) (wire.Call, []*wire.Answer) {
	GinkgoHelper()
	call := m.withToken()
	s.answers = AtOnce(crowd, func(int) *wire.Answer { return m.k.SWAS.Send(ctx, call) })
	s.sent = m.k.Sent()
	return call, s.answers
}

// crowd is how many requests come at once where a race might be lost.
const crowd = 8

// oneWins lets several requests for one name come at once, and shows that
// exactly one is taken, and which.
func (m maker) oneWins(ctx context.Context, contenders []wire.Call) (winner wire.Call) {
	GinkgoHelper()
	won := 0
	for i, answer := range AtOnce(len(contenders), func(i int) *wire.Answer { return m.k.SWAS.Send(ctx, contenders[i]) }) {
		if answer.Status == 200 {
			won++
			winner = contenders[i]
			continue
		}
		Expect(answer).To(BeRefused(alreadyExists.Bare()))
	}
	Expect(won).To(gomega.Equal(1), "of %d requests for one name that came at once, so many were taken", len(contenders))
	return winner
}

// most is how many key pairs an account may have in one region.
const most = SWASQuota

// stock is what the specs about the quota have filled a region with.
type stock struct {
	k     *Kit
	actor *SWAS
}

// as is the actor whose key pairs stay until the stock is cleared.
func (s *stock) as() *SWAS {
	if s.actor == nil {
		s.actor = s.k.SWAS.Stock()
	}
	return s.actor
}

// pairs are the key pairs of the region of the quota.
func (s *stock) pairs(ctx context.Context) []Pair {
	GinkgoHelper()
	return s.k.SWAS.List(ctx, s.k.QuotaRegion())
}

// in is the same request for the region of the quota.
func (s *stock) in(call wire.Call) wire.Call { return call.With("RegionId", s.k.QuotaRegion()) }

// fill imports key pairs until the region holds count of them.
func (s *stock) fill(ctx context.Context, count int) {
	GinkgoHelper()
	s.k.NeedQuota()
	for range count - len(s.pairs(ctx)) {
		Given(s.as().Send(ctx, s.in(s.k.SWASImport(s.k.Name(), FreshKey())))).To(BeAccepted())
	}
	Given(len(s.pairs(ctx))).To(gomega.Equal(count), "key pairs in the region")
}

// lastPlace lets two requests for the last place of the region come at once,
// and shows that exactly one gets it.
func (s *stock) lastPlace(ctx context.Context, m maker) {
	GinkgoHelper()
	before := s.pairs(ctx)
	contenders := []wire.Call{s.in(m.call(s.k.Name())), s.in(m.call(s.k.Name()))}
	won := 0
	for _, answer := range AtOnce(len(contenders), func(i int) *wire.Answer { return s.as().Send(ctx, contenders[i]) }) {
		if answer.Status == 200 {
			won++
			continue
		}
		Expect(answer).To(BeRefused(AnyRefusal))
	}
	if won == 0 {
		m.proven(ctx)
	}
	Expect(won).To(gomega.Equal(1), "of two requests for the last place of a region that came at once, so many were taken")
	Expect(s.pairs(ctx)).To(HoldOneMoreThan(before))
}

func (s *stock) clear(ctx context.Context) {
	if s.actor != nil {
		s.actor.Clear(ctx)
	}
}

// The order of the containers: what needs generated key pairs comes late, so
// that a target that generates them ahead of need has had the time, and the
// quota of CreateKeyPair, with the rule that a deletion frees a place, comes
// before anything else has used up the region of the quota.
const (
	createQuotaFirst = SpecPriority(-1)
	importQuotaNext  = SpecPriority(-2)
	createLast       = SpecPriority(-3)
)
