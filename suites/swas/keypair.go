package swas

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"
	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

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

// maker is one of the two operations that make a key pair.
type maker struct {
	k      *Kit
	prefix string                      // of its rule ids
	call   func(name string) wire.Call // a well-formed request
	// proven shows that a well-formed request succeeds, where Refuses would
	// otherwise send one per refusal.
	proven func(context.Context)
	// sparing shows several allowed things by one request, see exemplar: rich
	// has most of them, least is as short as can be.
	sparing     bool
	rich, least *exemplar
}

func newMaker(k *Kit, prefix string, call func(string) wire.Call) maker {
	return maker{
		k: k, prefix: prefix, call: call,
		rich: &exemplar{
			name:  func() string { return "http:0123456789_-" + k.NameOf(64-len("http:0123456789_-")) },
			token: func() string { return k.NameOf(64) },
		},
		least: &exemplar{
			name:  func() string { return strings.ToUpper(k.NameOf(1)) + k.NameOf(1) },
			token: uuid.NewString,
		},
	}
}

// exemplar is one request with many features, each of which a rule allows. Where
// the target takes it, it takes each feature; only where it does not is each
// feature tried alone. A generated key pair costs the target a tenth of a second.
type exemplar struct {
	name, token func() string
	tried       bool
	taken       bool
}

// shows shows that the target takes a feature of the exemplar; alone is a
// request with that feature only.
func (m maker) shows(ctx context.Context, e *exemplar, alone wire.Call) {
	GinkgoHelper()
	if m.sparing && !e.tried {
		e.tried = true
		call := m.call(e.name()).With("ClientToken", e.token())
		e.taken = m.k.SWAS.Call(ctx, call).Status == 200 && m.k.SWAS.Find(ctx, Value(call, "KeyPairName")) != nil
	}
	if e.taken {
		Expect(e.taken).To(gomega.BeTrue())
		return
	}
	m.accepts(ctx, alone)
}

func (m maker) rule(ref string) []any { return m.k.Rule(m.prefix + ref) }

func (m maker) accepts(ctx context.Context, call wire.Call) {
	GinkgoHelper()
	m.k.SWAS.Accepts(ctx, call)
}

// refuses shows that bad is refused and leaves nothing, and that a well-formed
// request succeeds.
func (m maker) refuses(ctx context.Context, bad wire.Call, as Row) {
	GinkgoHelper()
	before := m.k.SWAS.List(ctx, m.k.Region())
	Expect(m.k.SWAS.Send(ctx, bad)).To(BeRefused(as))
	m.k.SWAS.HasNothingOf(ctx, bad)
	Expect(m.k.SWAS.List(ctx, m.k.Region())).To(BeTheSamePairsAs(before))
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
	It("takes every region of the world that ListRegions lists", m.rule("REGION-KNOWN"), func(ctx SpecContext) {
		m.proven(ctx) // in the region the specs work in
		for _, region := range m.k.SWAS.ListedRegions(ctx) {
			if region != m.k.Region() {
				m.accepts(ctx, m.call(m.k.Name()).With("RegionId", region))
			}
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
	chinese := &exemplar{name: func() string { return Han(64) }, token: uuid.NewString}
	DescribeTable("takes a name", func(ctx SpecContext, e *exemplar, alone func(context.Context) string) {
		m.shows(ctx, e, m.call(alone(ctx)))
	},
		Entry("of two characters, the least", rule("NAME-LEN-MIN"), m.least, func(ctx context.Context) string { return k.FreeName(ctx, k.SWAS, 2) }),
		Entry("of 64 characters, the most", rule("NAME-LEN-MAX"), m.rich, func(context.Context) string { return k.NameOf(64) }),
		Entry("of 64 Chinese characters", rule("NAME-LEN-CHARS"), chinese, func(context.Context) string { return Han(64) }),
		Entry("of two Chinese characters", rule("NAME-LEN-CHARS"), &exemplar{name: func() string { return Han(2) }, token: uuid.NewString}, func(context.Context) string { return Han(2) }),
		Entry("that begins with a lower-case letter", rule("NAME-FIRST"), m.rich, func(context.Context) string { return "a" + k.Name() }),
		Entry("that begins with an upper-case letter", rule("NAME-FIRST"), m.least, func(context.Context) string { return "A" + k.Name() + "Z" }),
		Entry("that begins with a Chinese character", rule("NAME-FIRST"), chinese, func(context.Context) string { return "密" + k.Name() }),
		Entry("that begins with https: and no slashes", rule("NAME-NOHTTP"), &exemplar{
			name: func() string { return "https:" + k.Name() }, token: uuid.NewString,
		}, func(context.Context) string { return "https:" + k.Name() }),
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
	if k.ECS != nil && !m.sparing {
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

	It("needs no client token", rule("TOKEN-OPT"), func(ctx SpecContext) { m.accepts(ctx, m.call(k.Name())) })
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

	It("answers a repeated request with the same token like the first one, and makes one key pair", rule("TOKEN-IDEMP"), func(ctx SpecContext) {
		call := with(k.Name())
		before := k.SWAS.List(ctx, k.Region())
		first := k.SWAS.Call(ctx, call)
		Expect(first).To(BeAccepted())
		second := k.SWAS.Call(ctx, call)
		Expect(second).To(BeAccepted())
		Expect(second).To(HaveMember("KeyPairName", gomega.Equal(Value(call, "KeyPairName"))))
		Expect(k.SWAS.List(ctx, k.Region())).To(HoldOneMoreThan(before))
	})
	It("makes one key pair when several requests with the same token come at once", rule("TOKEN-IDEMP"), func(ctx SpecContext) {
		call := with(k.Name())
		before := k.SWAS.List(ctx, k.Region())
		answers := atOnce(crowd, func(int) *wire.Answer { return k.SWAS.Send(ctx, call) })
		for _, answer := range answers {
			// The one that comes second may be told to wait for the first.
			Expect(answer).To(BeAnAnswer())
		}
		Expect(k.SWAS.Send(ctx, call)).To(BeAccepted())
		Expect(k.SWAS.Find(ctx, Value(call, "KeyPairName"))).To(BePresent())
		Expect(k.SWAS.List(ctx, k.Region())).To(HoldOneMoreThan(before))
	})
	It("takes for a new request, and refuses, the same name with another token", rule("TOKEN-UNIQUE"), func(ctx SpecContext) {
		token := k.NameOf(64)
		call := m.call(k.Name()).With("ClientToken", token)
		Given(k.SWAS.Send(ctx, call)).To(BeAccepted())
		made := k.SWAS.Find(ctx, Value(call, "KeyPairName"))
		Given(made).To(BePresent())
		for _, other := range []string{k.Name(), token[:63] + "B"} { // the last of 64 characters tells tokens apart
			Expect(k.SWAS.Send(ctx, call.With("ClientToken", other))).To(BeRefused(alreadyExists.Bare()))
		}
		Expect(k.SWAS.Find(ctx, made.Name)).To(BeUnchanged(made))
	})
	It("refuses the same token with another name and makes nothing", rule("TOKEN-MISMATCH"), func(ctx SpecContext) {
		call := with(k.Name())
		Given(k.SWAS.Send(ctx, call)).To(BeAccepted())
		other := call.With("KeyPairName", k.Name())
		Expect(k.SWAS.Send(ctx, other)).To(BeRefused(tokenMismatch))
		Expect(k.SWAS.Find(ctx, Value(other, "KeyPairName"))).To(BeAbsent())
		Expect(k.SWAS.Find(ctx, Value(call, "KeyPairName"))).To(BePresent())
	})
}

// crowd is how many requests come at once where a race might be lost.
const crowd = 8

// atOnce makes n calls at the same time and returns their answers in order.
func atOnce(n int, call func(i int) *wire.Answer) []*wire.Answer {
	answers := make([]*wire.Answer, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			defer GinkgoRecover()
			<-start
			answers[i] = call(i)
		})
	}
	close(start)
	wg.Wait()
	if slices.Contains(answers, nil) {
		Fail("a request got no answer") // which one and why is written down already
	}
	return answers
}

// oneWins lets several requests for one name come at once, and shows that
// exactly one is taken, and which.
func (m maker) oneWins(ctx context.Context, contenders []wire.Call) (winner wire.Call) {
	GinkgoHelper()
	won := 0
	for i, answer := range atOnce(len(contenders), func(i int) *wire.Answer { return m.k.SWAS.Send(ctx, contenders[i]) }) {
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
const most = 10

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
