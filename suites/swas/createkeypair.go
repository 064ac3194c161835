package swas

import (
	"context"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/wire"
	. "github.com/kpspec/kpspec/suites/vocabulary"
)

// createKeyPair builds the specs of SWAS CreateKeyPair.
func createKeyPair(k *Kit, shared *created) {
	m := newMaker(k, "SWAS-CRE-", k.SWASCreate)
	m.exemplars = newExemplars(k)
	m.proven = shared.proven
	m.plainly = func(ctx context.Context) {
		GinkgoHelper()
		if shared.answer == nil {
			k.SWAS.Accepts(ctx, m.call(k.Name()))
			return
		}
		shared.proven(ctx)
		Expect(shared.answer).To(BeAccepted())
	}
	tokened := &created{k: k, calls: m.withTokens}
	m.tokened = func(ctx context.Context) *created {
		GinkgoHelper()
		tokened.proven(ctx)
		return tokened
	}
	Describe("SWAS CreateKeyPair", k.Together("SWAS CreateKeyPair", SWASRoom), createLast, func() {
		k.Section("SWAS CreateKeyPair token", func() {
			Describe("with a client token", k.InOrder(), func() {
				AfterAll(func(ctx SpecContext) { tokened.clear(ctx) })
				m.token()
				createToken(m)
			})
		})
		k.Section("SWAS CreateKeyPair taken name", func() { createName(m) })
		k.Section("SWAS CreateKeyPair permission", func() { createPermission(m) })
		k.Section("SWAS CreateKeyPair key", func() { createdKey(m, shared) })
		k.Section("SWAS CreateKeyPair region", func() { m.region() })
		k.Section("SWAS CreateKeyPair name", func() { m.name() })
	})
	Describe("SWAS CreateKeyPair with the quota nearly used up", k.Together("SWAS quota", SWASFull), Ordered, ContinueOnFailure, createQuotaFirst, func() { createQuota(m) })
}

func createToken(m maker) {
	k, rule := m.k, m.rule
	It("gives the same private key again for a repeated request with the same token", rule("TOKEN-IDEMP.same-key"), func(ctx SpecContext) {
		first := m.tokened(ctx)
		key := first.key(ctx)
		Given(key).To(BeReadable())
		again := k.SWAS.Send(ctx, first.request)
		Expect(again).To(BeAccepted())
		Expect(ReadPrivateKey(again)).To(BeTheKey(key))
	})
	It("gives the same private key to all requests with the same token that come at once", rule("TOKEN-IDEMP.same-key"), func(ctx SpecContext) {
		if m.simultaneous.answers == nil {
			m.simultaneous.of(ctx, m)
		}
		k.Recall(m.simultaneous.sent)
		var keys []PrivateKey
		for _, answer := range m.simultaneous.answers {
			if answer.Status == 200 { // else told to wait, or a matter of another rule
				keys = append(keys, ReadPrivateKey(answer))
			}
		}
		readable := func(key PrivateKey) bool { good, _ := BeReadable().Match(key); return good }
		one := slices.IndexFunc(keys, readable)
		Given(one).To(gomega.BeNumerically(">=", 0), "the first answer with a private key that can be read")
		for _, key := range keys {
			Expect(key).To(BeTheKey(keys[one]))
		}
	})
}

func createName(m maker) {
	k, rule := m.k, m.rule
	taken := func(ctx SpecContext, first func(string) wire.Call, as Row) {
		GinkgoHelper()
		m.proven(ctx)
		name := k.Name()
		Given(k.SWAS.Send(ctx, first(name))).To(BeAccepted())
		made := k.SWAS.Find(ctx, name)
		Given(made).To(BePresent())
		Expect(k.SWAS.Send(ctx, m.call(name))).To(BeRefused(as))
		Expect(k.SWAS.Find(ctx, name)).To(HaveFingerprint(made.Fingerprint))
	}
	It("lets one of two requests win that ask for one name at once, and refuses a third", rule("EXIST"), func(ctx SpecContext) {
		m.proven(ctx)
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
		k.NeedQuota()
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
	// oneLimit is how many there are then: ten in all, or ten generated ones beside
	// the imported ones, which are nine or ten, where those do not count.
	oneLimit := gomega.Or(gomega.Equal(most), gomega.Equal(most-1+most), gomega.Equal(most+most))
	in := func(by *SWAS) occasion { return occasion{by, by, k.QuotaRegion()} }
	It("takes the tenth key pair of a region and refuses the next", rule("QUOTA"), func(ctx SpecContext) {
		stock.fill(ctx, most-1)
		m.takes(ctx, m.twoChinese, in(stock.as()))
		Expect(full(ctx)).To(BeRefused(AnyRefusal))
		Expect(len(stock.pairs(ctx))).To(oneLimit, "key pairs in the full region")
	})
	It("has a code for a full region", rule("QUOTA.code"), func(ctx SpecContext) {
		refused := full(ctx)
		Expect(refused).To(BeRefused(AnyRefusal))
		ObserveAnswer("CreateKeyPair in a full region", refused)
	})
	It("has room in another region", rule("QUOTA-REGION"), func(ctx SpecContext) {
		there := k.OtherRegion()
		Given(full(ctx)).To(BeRefused(AnyRefusal))
		m.takes(ctx, m.rich, occasion{k.SWAS, k.SWAS, there})
	})
	It("has room for another account", rule("QUOTA-ACCOUNT"), func(ctx SpecContext) {
		other := k.OtherSWAS()
		Given(full(ctx)).To(BeRefused(AnyRefusal))
		m.takes(ctx, m.least, in(other))
	})
	It("has room again after one was deleted", rule("QUOTA-FREED"), func(ctx SpecContext) {
		Given(full(ctx)).To(BeRefused(AnyRefusal))
		Given(len(stock.pairs(ctx))).To(oneLimit, "key pairs in the full region")
		Given(stock.as().DeleteIn(ctx, k.QuotaRegion(), stock.as().AnyOf(stock.pairs(ctx)))).To(BeAccepted())
		m.takes(ctx, m.chinese, in(stock.as()))
	})
	It("gives the last place to one of two requests that come at once", rule("QUOTA"), func(ctx SpecContext) {
		Given(full(ctx)).To(BeRefused(AnyRefusal))
		Given(stock.as().DeleteIn(ctx, k.QuotaRegion(), stock.as().AnyOf(stock.pairs(ctx)))).To(BeAccepted())
		stock.lastPlace(ctx, m)
	})
}

func createPermission(m maker) {
	k, rule := m.k, m.rule
	It("lets a user create who may do nothing else", rule("RAM"), func(ctx SpecContext) {
		m.takes(ctx, m.https, occasion{k.SWASAs("swas-create-only"), k.SWAS, k.Region()})
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

	// readable is a private key that could be read. That it can be is a rule of its own.
	readable := func(ctx SpecContext) PrivateKey {
		GinkgoHelper()
		key := shared.key(ctx)
		Given(key).To(BeReadable())
		return key
	}
	It("answers with RequestId, KeyPairName and PrivateKeyBody", rule("RESP"), func(ctx SpecContext) {
		shared.proven(ctx)
		Expect(shared.answer).To(BeReadBySDK())
		for _, name := range []string{"RequestId", "KeyPairName"} {
			Expect(shared.answer).To(HaveMember(name, BeNonEmptyText()))
		}
		Expect(shared.answer).To(HaveMember("KeyPairName", gomega.Equal(shared.name())))
		Expect(shared.answer).To(HaveMember("PrivateKeyBody", gomega.BeAssignableToTypeOf(""))) // what it holds is another rule
	})
	DescribeTable("answers with the name as it was sent,", func(ctx SpecContext, e *exemplar, first string) {
		if m.try(ctx, e, m.here()); e.answer == nil {
			call := m.call(first + k.Name())
			answer := k.SWAS.Send(ctx, call)
			Given(answer).To(BeAccepted())
			Given(k.SWAS.Find(ctx, call.Value("KeyPairName"))).To(BePresent())
			Expect(answer).To(HaveMember("KeyPairName", gomega.Equal(call.Value("KeyPairName"))))
			return
		}
		k.Recall(e.sent)
		Expect(e.answer).To(HaveMember("KeyPairName", gomega.Equal(e.call.Value("KeyPairName"))))
	},
		Entry("with a capital letter", rule("RESP"), m.least, "A"),
		Entry("in Chinese", rule("RESP"), m.chinese, "密"),
	)
	It("gives out a private key", rule("PRIV-PRESENT"), func(ctx SpecContext) {
		shared.proven(ctx)
		Expect(shared.answer).To(HaveMember("PrivateKeyBody", BeNonEmptyText()))
	})
	It("gives out a private key that can be read", rule("PRIV-PEM"), func(ctx SpecContext) {
		key := shared.key(ctx)
		Given(key).To(BeUnencrypted())
		Expect(key).To(BeReadable())
	})
	It("gives out a private key in PEM armour", rule("PRIV-PEM.armour"), func(ctx SpecContext) {
		key := shared.key(ctx)
		Observe("private key in PEM armour", key.Armoured())
		Expect(key).To(BeArmoured())
	})
	It("gives out a private key in PKCS#8", rule("PRIV-PKCS8"), func(ctx SpecContext) {
		key := readable(ctx)
		Observe("private key form", key.Form())
		Expect(key).To(BePKCS8())
	})
	It("gives out a private key without a passphrase", rule("PRIV-PLAIN"), func(ctx SpecContext) {
		key := shared.key(ctx)
		if !key.Encrypted() {
			Given(key).To(BeReadable())
		}
		Expect(key).To(BeUnencrypted())
	})
	It("generates RSA of 2048 bits", rule("RSA2048"), func(ctx SpecContext) {
		Expect(readable(ctx)).To(BeRSA(2048))
	})
	It("lists the public key that belongs to the private key", rule("PRIV-MATCH"), func(ctx SpecContext) {
		key := readable(ctx)
		Expect(k.SWAS.Find(ctx, shared.name())).To(ListPublicKeyOf(key))
	})
	It("generates another key each time", rule("PRIV-FRESH"), func(ctx SpecContext) {
		keys := []PrivateKey{readable(ctx)}
		var others []*wire.Answer
		for _, e := range m.taken() {
			k.Recall(e.sent)
			others = append(others, e.answer)
		}
		if len(others) == 0 {
			others = append(others, k.SWAS.Send(ctx, m.call(k.Name())))
		}
		for _, answer := range others {
			Given(answer).To(BeAccepted())
			another := ReadPrivateKey(answer)
			Given(another).To(BeReadable())
			for _, key := range keys {
				Expect(another).NotTo(BeTheKey(key))
			}
			keys = append(keys, another)
		}
	})
	It("never gives out a private key again", rule("PRIV-ONCE"), Needs(Servers), func(ctx SpecContext) {
		shared.proven(ctx)
		server := k.Servers(ctx, 1)[0]
		Expect(k.SWAS.Find(ctx, shared.name())).To(ListNoPrivateKey())
		attached := k.SWAS.Send(ctx, k.SWASAttach(shared.name(), server))
		Given(attached).To(BeAccepted())
		Expect(attached).To(HoldNoPrivateKey())
		Expect(k.SWAS.DescribeServer(ctx, server)).To(HoldNoPrivateKey())
		Expect(k.SWAS.Send(ctx, m.call(shared.name()))).To(HoldNoPrivateKey())
		for _, p := range k.SWAS.List(ctx, k.Region()) {
			Expect(&p).To(ListNoPrivateKey())
		}
	})
	It("lists the key pair with the time of its creation in UTC", rule("LISTED"), func(ctx SpecContext) {
		shared.proven(ctx)
		Expect(k.SWAS.Find(ctx, shared.name())).To(BeCreatedWithin(time.Hour))
	})
	It("makes key pairs for Linux servers only", rule("LINUX"), Needs(Servers), func(ctx SpecContext) {
		shared.proven(ctx)
		windows, linux := k.WindowsServer(ctx), k.Servers(ctx, 1)[0]
		Given(k.SWAS.Send(ctx, k.SWASAttach(shared.name(), linux))).To(BeAccepted())
		Given(k.SWAS.Bound(ctx, linux)).To(gomega.ConsistOf(shared.name()))
		k.SWAS.Send(ctx, k.SWASAttach(shared.name(), windows))
		Expect(k.SWAS.Bound(ctx, windows)).To(gomega.BeEmpty())
	})
}
