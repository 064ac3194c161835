package swas

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/wire"
	. "github.com/kpspec/kpspec/suites/vocabulary"
)

// CreateKeyPair builds the specs of SWAS CreateKeyPair.
//
// A generated key pair costs the target a tenth of a second of work, so the
// specs that only look at one share one, and the refusals share the proof that
// a well-formed request succeeds.
func CreateKeyPair(k *Kit) {
	shared := &created{k: k}
	m := newMaker(k, "SWAS-CRE-", k.SWASCreate)
	m.proven, m.sparing = shared.proven, true
	Describe("SWAS CreateKeyPair", Serial, createLast, func() {
		m.region()
		m.name()
		m.token()
		createToken(m)
		createName(m)
		createPermission(m)
		Describe("having made a key pair", Ordered, ContinueOnFailure, func() {
			AfterAll(func(ctx SpecContext) { shared.clear(ctx) })
			createdKey(m, shared)
		})
	})
	Describe("SWAS CreateKeyPair with the quota nearly used up", Serial, Ordered, ContinueOnFailure, createQuotaFirst, func() { createQuota(m) })
}

// created is one key pair that the target has generated, made when the first
// spec needs it.
type created struct {
	k      *Kit
	stock  *SWAS
	name   string
	answer *wire.Answer
}

// proven shows that a well-formed request succeeds.
func (c *created) proven(ctx context.Context) {
	GinkgoHelper()
	if c.answer == nil {
		c.stock, c.name = c.k.SWAS.Stock(), c.k.Name()+"Zz"
		answer := c.stock.Call(ctx, c.k.SWASCreate(c.name))
		Given(answer).To(BeAccepted())
		Given(c.k.SWAS.Find(ctx, c.name)).To(BePresent())
		c.answer = answer
	}
}

// key is the private key of the shared key pair, as far as it can be read.
func (c *created) key(ctx context.Context) PrivateKey {
	GinkgoHelper()
	c.proven(ctx)
	return ReadPrivateKey(c.answer)
}

func (c *created) clear(ctx context.Context) {
	if c.stock != nil {
		c.stock.Clear(ctx)
	}
	c.answer = nil
}

func createToken(m maker) {
	k, rule := m.k, m.rule
	It("gives the same private key again for a repeated request with the same token", rule("TOKEN-IDEMP.same-key"), func(ctx SpecContext) {
		call := m.call(k.Name()).With("ClientToken", k.Name())
		first := k.SWAS.Call(ctx, call)
		Given(first).To(BeAccepted())
		second := k.SWAS.Call(ctx, call)
		Expect(second).To(BeAccepted())
		Expect(ReadPrivateKey(first)).To(BeReadable())
		Expect(ReadPrivateKey(second)).To(BeTheKey(ReadPrivateKey(first)))
	})
}

func createName(m maker) {
	k, rule := m.k, m.rule
	taken := func(ctx SpecContext, first func(string) wire.Call, as Row) {
		GinkgoHelper()
		name := k.Name()
		Given(k.SWAS.Send(ctx, first(name))).To(BeAccepted())
		made := k.SWAS.Find(ctx, name)
		Given(made).To(BePresent())
		Expect(k.SWAS.Send(ctx, m.call(name))).To(BeRefused(as))
		Expect(k.SWAS.Find(ctx, name)).To(HaveFingerprint(made.Fingerprint))
	}
	It("lets one of two requests win that ask for one name at once, and refuses a third", rule("EXIST"), func(ctx SpecContext) {
		name := k.Name()
		m.oneWins(ctx, []wire.Call{m.call(name), m.call(name)})
		made := k.SWAS.Find(ctx, name)
		Expect(made).To(BePresent())
		Expect(k.SWAS.Send(ctx, m.call(name))).To(BeRefused(alreadyExists.Bare()))
		Expect(k.SWAS.Find(ctx, name)).To(BeUnchanged(made))
	})
	imported := func(name string) wire.Call { return k.SWASImport(name, FreshKey()) }
	It("refuses a name that is taken with the one documented error", rule("ERR"), func(ctx SpecContext) {
		taken(ctx, imported, alreadyExists.Bare())
	})
	It("refuses a name that is taken in the documented words", rule("ERR.message"), func(ctx SpecContext) {
		taken(ctx, imported, alreadyExists)
	})
}

// createQuota is about the quota of ten. The region is filled with imported key
// pairs, which cost nothing. A target that does not count those is given
// generated ones until it refuses, at most to the documented number: whether
// imported ones count is another rule.
func createQuota(m maker) {
	k, rule := m.k, m.rule
	stock := &stock{k: k}
	AfterAll(func(ctx SpecContext) { stock.clear(ctx) })

	// full fills the region until CreateKeyPair is refused.
	full := func(ctx SpecContext) *wire.Answer {
		GinkgoHelper()
		if len(stock.pairs(ctx)) < most {
			stock.fill(ctx, most)
		}
		var last *wire.Answer
		for range most + 1 {
			call := stock.in(m.call(k.Name()))
			if last = stock.as().Send(ctx, call); last.Status != 200 {
				break
			}
		}
		return last
	}
	It("takes the tenth key pair of a region and refuses the next", rule("QUOTA"), func(ctx SpecContext) {
		stock.fill(ctx, most-1)
		tenth := stock.in(m.call(k.Name()))
		Expect(stock.as().Send(ctx, tenth)).To(BeAccepted())
		Expect(k.SWAS.FindIn(ctx, k.QuotaRegion(), Value(tenth, "KeyPairName"))).To(BePresent())
		Expect(full(ctx)).To(BeRefused(AnyRefusal))
		// Ten in all, or ten generated ones where imported ones do not count.
		pairs := len(stock.pairs(ctx))
		Expect(pairs).To(gomega.Or(gomega.Equal(most), gomega.Equal(most-1+most)), "key pairs in the full region")
	})
	It("has a code for a full region", rule("QUOTA.code"), func(ctx SpecContext) {
		refused := full(ctx)
		Expect(refused).To(BeRefused(AnyRefusal))
		ObserveAnswer("CreateKeyPair in a full region", refused)
	})
	It("has room in another region", rule("QUOTA-REGION"), func(ctx SpecContext) {
		there := k.OtherRegion()
		if k.QuotaRegion() != k.Region() {
			there = k.Region()
		}
		Given(full(ctx)).To(BeRefused(AnyRefusal))
		m.accepts(ctx, m.call(k.Name()).With("RegionId", there))
	})
	It("has room for another account", rule("QUOTA-ACCOUNT"), func(ctx SpecContext) {
		other := k.OtherSWAS()
		Given(full(ctx)).To(BeRefused(AnyRefusal))
		other.Accepts(ctx, stock.in(m.call(k.Name())))
	})
	It("has room again after one was deleted", rule("QUOTA-FREED"), func(ctx SpecContext) {
		Given(full(ctx)).To(BeRefused(AnyRefusal))
		Given(stock.as().DeleteIn(ctx, k.QuotaRegion(), stock.as().Any())).To(BeAccepted())
		call := stock.in(m.call(k.Name()))
		Expect(stock.as().Send(ctx, call)).To(BeAccepted())
		Expect(k.SWAS.FindIn(ctx, k.QuotaRegion(), Value(call, "KeyPairName"))).To(BePresent())
	})
}

func createPermission(m maker) {
	k, rule := m.k, m.rule
	It("lets a user create who may do nothing else", rule("RAM"), func(ctx SpecContext) {
		call := m.call(k.Name())
		Expect(k.SWASAs("swas-create-only").Send(ctx, call)).To(BeAccepted())
		Expect(k.SWAS.Find(ctx, Value(call, "KeyPairName"))).To(BePresent())
	})
	DescribeTable("does not let a user create", func(ctx SpecContext, user string) {
		call := m.call(k.Name())
		Expect(k.SWASAs(user).Send(ctx, call)).To(BeRefused(denied))
		k.SWAS.HasNothingOf(ctx, call)
		m.proven(ctx)
	},
		Entry("who may do everything else", rule("RAM"), "swas-no-create"),
		Entry("whose policy names one resource, which the operation does not know", rule("RAM"), "swas-arn-only"),
	)
}

// createdKey looks at one generated key pair from all sides.
func createdKey(m maker, shared *created) {
	k, rule := m.k, m.rule

	It("answers with RequestId, KeyPairName and PrivateKeyBody as strings", rule("RESP"), func(ctx SpecContext) {
		shared.proven(ctx)
		for _, name := range []string{"RequestId", "KeyPairName", "PrivateKeyBody"} {
			Expect(shared.answer).To(HaveMember(name, BeNonEmptyText()))
		}
		Expect(shared.answer).To(HaveMember("KeyPairName", gomega.Equal(shared.name)))
	})
	It("gives out a private key", rule("PRIV-PRESENT"), func(ctx SpecContext) {
		shared.proven(ctx)
		Expect(shared.answer).To(HaveMember("PrivateKeyBody", BeNonEmptyText()))
	})
	It("gives out a private key that can be read", rule("PRIV-PEM"), func(ctx SpecContext) {
		Expect(shared.key(ctx)).To(BeReadable())
	})
	It("gives out a private key in PEM armour", rule("PRIV-PEM.armour"), func(ctx SpecContext) {
		key := shared.key(ctx)
		Observe("private key in PEM armour", key.Armoured())
		Expect(key).To(BeArmoured())
	})
	It("gives out a private key in PKCS#8", rule("PRIV-PKCS8"), func(ctx SpecContext) {
		key := shared.key(ctx)
		Observe("private key form", key.Form())
		Expect(key).To(BePKCS8())
	})
	It("gives out a private key without a passphrase", rule("PRIV-PLAIN"), func(ctx SpecContext) {
		Expect(shared.key(ctx)).To(BeUnencrypted())
	})
	It("generates RSA of 2048 bits", rule("RSA2048"), func(ctx SpecContext) {
		Expect(shared.key(ctx)).To(BeRSA(2048))
	})
	It("lists the public key that belongs to the private key", rule("PRIV-MATCH"), func(ctx SpecContext) {
		key := shared.key(ctx)
		Expect(key).To(BeReadable())
		Expect(k.SWAS.Find(ctx, shared.name)).To(ListPublicKeyOf(key))
	})
	It("generates another key each time", rule("PRIV-FRESH"), func(ctx SpecContext) {
		another := k.SWAS.Call(ctx, m.call(k.Name()))
		Given(another).To(BeAccepted())
		Expect(ReadPrivateKey(another)).To(BeReadable())
		Expect(ReadPrivateKey(another)).NotTo(BeTheKey(shared.key(ctx)))
	})
	It("never gives out a private key again", rule("PRIV-ONCE"), func(ctx SpecContext) {
		shared.proven(ctx)
		server := k.Servers(ctx, 1)[0]
		Expect(k.SWAS.Find(ctx, shared.name)).To(ListNoPrivateKey())
		attached := k.SWAS.Send(ctx, k.SWASAttach(shared.name, server))
		Given(attached).To(BeAccepted())
		Expect(attached).To(HoldNoPrivateKey())
		Expect(k.SWAS.DescribeServer(ctx, server)).To(HoldNoPrivateKey())
		Expect(k.SWAS.Send(ctx, m.call(shared.name))).To(HoldNoPrivateKey())
		for _, p := range k.SWAS.List(ctx, k.Region()) {
			Expect(&p).To(ListNoPrivateKey())
		}
	})
	It("lists the key pair with the time of its creation in UTC", rule("LISTED"), func(ctx SpecContext) {
		shared.proven(ctx)
		listed := k.SWAS.Find(ctx, shared.name)
		Expect(listed).To(BePresent())
		Expect(listed).To(BeCreatedWithin(time.Hour))
	})
	It("makes key pairs for Linux servers only", rule("LINUX"), func(ctx SpecContext) {
		shared.proven(ctx)
		windows, linux := k.WindowsServer(ctx), k.Servers(ctx, 1)[0]
		Given(k.SWAS.Send(ctx, k.SWASAttach(shared.name, linux))).To(BeAccepted())
		Given(k.SWAS.Bound(ctx, linux)).To(gomega.ConsistOf(shared.name))
		k.SWAS.Send(ctx, k.SWASAttach(shared.name, windows))
		Expect(k.SWAS.Bound(ctx, windows)).To(gomega.BeEmpty())
	})
}
