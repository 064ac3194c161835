package swas

import (
	"context"
	"maps"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/sshkeys"
	"github.com/kpspec/kpspec/harness/wire"
	. "github.com/kpspec/kpspec/suites/vocabulary"
)

// importKeyPair builds the specs of SWAS ImportKeyPair.
func importKeyPair(k *Kit, generated *created) {
	m := newMaker(k, "SWAS-IMP-", func(name string) wire.Call { return k.SWASImport(name, FreshKey()) })
	proven := false
	m.proven = func(ctx context.Context) {
		GinkgoHelper()
		if proven {
			return
		}
		good := m.call(k.Name())
		Given(k.SWAS.Send(ctx, good)).To(BeAccepted())
		Given(k.SWAS.Find(ctx, good.Value("KeyPairName"))).To(BePresent())
		proven = true
	}
	Describe("SWAS ImportKeyPair", k.Together("SWAS ImportKeyPair", SWASRoom), func() {
		k.Section("SWAS ImportKeyPair token", func() { importToken(m); m.token() })
		k.Section("SWAS ImportKeyPair taken name", func() { importName(m, generated) })
		k.Section("SWAS ImportKeyPair key", func() { importKey(m) })
		k.Section("SWAS ImportKeyPair answer", func() { importAnswer(m) })
		k.Section("SWAS ImportKeyPair permission", func() { importPermission(m) })
		k.Section("SWAS ImportKeyPair region", func() { m.region() })
		k.Section("SWAS ImportKeyPair name", func() { m.name() })
	})
	Describe("SWAS ImportKeyPair with the quota used up", k.Together("SWAS quota", SWASFull), Ordered, ContinueOnFailure, importQuotaNext, func() { importQuota(m) })
}

func importToken(m maker) {
	k, rule := m.k, m.rule
	with := func(token string) wire.Call { return m.call(k.Name()).With("ClientToken", token) }

	DescribeTable("takes a client token of", func(ctx SpecContext, rest string) { m.accepts(ctx, with(k.Name()+rest)) },
		Entry("printable ASCII, the first half", rule("TOKEN-ASCII"), " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKL"),
		Entry("printable ASCII, the second half", rule("TOKEN-ASCII"), "MNOPQRSTUVWXYZ[\\]^_`{|}~"),
	)
	It("refuses a client token in Cyrillic", rule("TOKEN-ASCII"), func(ctx SpecContext) {
		m.refuses(ctx, with("ключ"+k.Name()), AnyRefusal)
		ObserveAnswer("a client token with a control character", k.SWAS.Send(ctx, with(k.Name()+"\x7f")))
	})
	It("takes for a new request, and refuses, the same name without a token", rule("TOKEN-UNIQUE"), func(ctx SpecContext) {
		m.proven(ctx)
		call := with(k.Name())
		Given(k.SWAS.Send(ctx, call)).To(BeAccepted())
		Expect(k.SWAS.Send(ctx, call.Without("ClientToken"))).To(BeRefused(alreadyExists.Bare()))
		Expect(k.SWAS.Find(ctx, call.Value("KeyPairName"))).To(BePresent())
	})
	It("refuses the same token with another key and keeps the first", rule("TOKEN-MISMATCH"), func(ctx SpecContext) {
		first := m.tokened(ctx)
		Expect(k.SWAS.Send(ctx, first.request.With("PublicKeyBody", FreshKey()))).To(BeRefused(tokenMismatch))
		Expect(k.SWAS.Find(ctx, first.name())).To(BeUnchanged(first.listed))
	})
	It("tells tokens apart by letter case", rule("TOKEN-CASE"), func(ctx SpecContext) {
		token := k.Name()
		Given(k.SWAS.Send(ctx, with(token+"a"))).To(BeAccepted())
		m.accepts(ctx, with(token+"A"))
	})
	DescribeTable("may tell tokens apart by", func(ctx SpecContext, what string, again func(SpecContext, string) *wire.Answer) {
		token := k.Name()
		Given(k.SWAS.Send(ctx, with(token))).To(BeAccepted())
		got := again(ctx, token)
		Expect(got).To(BeAnAnswer())
		ObserveAnswer(what, got)
	},
		Entry("region", rule("TOKEN-SCOPE"), "the same token in another region", func(ctx SpecContext, token string) *wire.Answer {
			return k.SWAS.Send(ctx, with(token).With("RegionId", k.OtherRegion()))
		}),
		Entry("operation", rule("TOKEN-SCOPE"), Needs(Servers), "the same token in AttachKeyPair", func(ctx SpecContext, token string) *wire.Answer {
			call := m.call(k.Name())
			Given(k.SWAS.Send(ctx, call)).To(BeAccepted())
			return k.SWAS.Send(ctx, k.SWASAttach(call.Value("KeyPairName"), k.Servers(ctx, 1)[0]).With("ClientToken", token))
		}),
		Entry("account", rule("TOKEN-SCOPE"), "the same token of another account", func(ctx SpecContext, token string) *wire.Answer {
			return k.OtherSWAS().Send(ctx, with(token))
		}),
	)
	It("may take the token of a request that failed", rule("TOKEN-FAILED"), func(ctx SpecContext) {
		name := k.Name()
		Given(k.SWAS.Send(ctx, m.call(name))).To(BeAccepted())
		call := with(k.Name()).With("KeyPairName", name)
		Given(k.SWAS.Send(ctx, call)).To(BeRefused(AnyRefusal))
		Given(k.SWAS.Delete(ctx, name)).To(BeAccepted())
		got := k.SWAS.Send(ctx, call)
		Expect(got).To(BeAnAnswer())
		ObserveAnswer("the same request after the cause is gone", got)
	})
}

func importName(m maker, generated *created) {
	k, rule := m.k, m.rule
	It("takes letters of every kind behind the first", rule("NAME-LETTERS-INSIDE"), func(ctx SpecContext) {
		m.accepts(ctx, m.call(k.Name()+"abcDEF"))
	})
	It("takes Chinese characters behind the first", rule("NAME-LETTERS-INSIDE"), func(ctx SpecContext) {
		m.accepts(ctx, m.call(k.Name()+"密b"))
	})
	taken := func(ctx SpecContext, first, second wire.Call, as Row) {
		GinkgoHelper()
		Given(k.SWAS.Send(ctx, first)).To(BeAccepted())
		made := k.SWAS.Find(ctx, first.Value("KeyPairName"))
		Given(made).To(BePresent())
		Expect(k.SWAS.Send(ctx, second)).To(BeRefused(as))
		Expect(k.SWAS.Find(ctx, made.Name)).To(HaveFingerprint(made.Fingerprint))
	}
	It("refuses a name that an imported key pair has", rule("NAME-EXIST"), func(ctx SpecContext) {
		name := k.Name()
		taken(ctx, m.call(name), m.call(name), alreadyExists.Bare())
	})
	It("refuses a name that a generated key pair has", rule("NAME-EXIST"), func(ctx SpecContext) {
		m.proven(ctx)
		generated.proven(ctx)
		made := *generated
		refused := k.SWAS.Send(ctx, m.call(made.name()))
		after := k.SWAS.Find(ctx, made.name())
		if same, _ := BeUnchanged(made.listed).Match(after); !same {
			generated.clear(ctx) // it is not what the other specs want to look at
		}
		Expect(refused).To(BeRefused(alreadyExists.Bare()))
		Expect(after).To(BeUnchanged(made.listed))
	})
	It("does not let a generated key pair take an imported one's name", rule("NAME-EXIST"), func(ctx SpecContext) {
		generated.proven(ctx) // so that a refusal is one of the name
		name := k.Name()
		taken(ctx, m.call(name), k.SWASCreate(name), alreadyExists.Bare())
	})
	It("says so in the documented words", rule("NAME-EXIST.message"), func(ctx SpecContext) {
		name := k.Name()
		taken(ctx, m.call(name), m.call(name), alreadyExists)
	})
	It("lets one of several requests win that ask for one name at once", rule("NAME-EXIST"), func(ctx SpecContext) {
		m.proven(ctx)
		name := k.Name()
		var contenders []wire.Call
		for range crowd {
			contenders = append(contenders, m.call(name))
		}
		winner := m.oneWins(ctx, contenders)
		made := k.SWAS.Find(ctx, name)
		Expect(made).To(BePresent())
		// How a key is listed is another rule; it must not be that of one that was refused.
		for _, loser := range contenders {
			if key := loser.Value("PublicKeyBody"); key != winner.Value("PublicKeyBody") {
				Expect(made).NotTo(HaveFingerprint(FingerprintOf(key)))
			}
		}
	})
}

func importKey(m maker) {
	k, rule := m.k, m.rule
	of := func(body string) wire.Call { return k.SWASImport(k.Name(), body) }

	DescribeTable("refuses", func(ctx SpecContext, change func(wire.Call) wire.Call) {
		m.refuses(ctx, change(m.call(k.Name())), AnyRefusal)
	},
		Entry("a request without PublicKeyBody", rule("KEY-REQ"), func(c wire.Call) wire.Call { return c.Without("PublicKeyBody") }),
		Entry("an empty PublicKeyBody", rule("KEY-REQ"), func(c wire.Call) wire.Call { return c.With("PublicKeyBody", "") }),
	)
	It("has a code for a missing PublicKeyBody", rule("KEY-REQ.code"), func(ctx SpecContext) {
		m.records(ctx, "a request without PublicKeyBody", m.call(k.Name()).Without("PublicKeyBody"))
	})
	DescribeTable("takes", func(ctx SpecContext, body, line string) {
		m.proven(ctx)
		call := of(body)
		Expect(k.SWAS.Call(ctx, call)).To(BeAccepted())
		Expect(k.SWAS.Find(ctx, call.Value("KeyPairName"))).To(HoldKey(line))
	},
		Entry("an RSA key without a comment, as in the documents", rule("KEY-EXAMPLE-FORM"), sshkeys.RSA2048.Bare(), sshkeys.RSA2048.Line),
		Entry("ssh-rsa", rule("KEY-METHOD"), sshkeys.RSA2048B.Line, sshkeys.RSA2048B.Line),
		Entry("ssh-dss", rule("KEY-METHOD"), sshkeys.DSA1024.Line, sshkeys.DSA1024.Line),
		Entry("ecdsa on the curve P-256", rule("KEY-METHOD"), sshkeys.ECDSA256.Line, sshkeys.ECDSA256.Line),
		Entry("ecdsa on the curve P-384", rule("KEY-METHOD"), sshkeys.ECDSA384.Line, sshkeys.ECDSA384.Line),
		Entry("ecdsa on the curve P-521", rule("KEY-METHOD"), sshkeys.ECDSA521.Line, sshkeys.ECDSA521.Line),
	)
	It("refuses ed25519", rule("KEY-METHOD.ed25519"), func(ctx SpecContext) {
		ObserveAnswer("ed25519", k.SWAS.Send(ctx, of(sshkeys.Ed25519.Line)))
		m.refuses(ctx, of(sshkeys.Ed25519.Line), AnyRefusal)
	})
	DescribeTable("may take a certificate", func(ctx SpecContext, key sshkeys.Key) { m.records(ctx, key.Algorithm, of(key.Line)) },
		Entry("for RSA, v01", rule("KEY-METHOD.certificates"), sshkeys.CertRSAV01),
		Entry("for RSA, v00", rule("KEY-METHOD.certificates"), sshkeys.CertRSAV00),
		Entry("for DSA, v00", rule("KEY-METHOD.certificates"), sshkeys.CertDSSV00),
		Entry("for DSA, v01", rule("KEY-METHOD.certificates"), sshkeys.CertDSSV01),
		Entry("for ECDSA on P-256", rule("KEY-METHOD.certificates"), sshkeys.CertECDSA256V01),
		Entry("for ECDSA on P-384", rule("KEY-METHOD.certificates"), sshkeys.CertECDSA384V01),
		Entry("for ECDSA on P-521", rule("KEY-METHOD.certificates"), sshkeys.CertECDSA521V01),
	)
	DescribeTable("refuses what is no key:", func(ctx SpecContext, body string) { m.refuses(ctx, of(body), AnyRefusal) },
		Entry("plain text", rule("KEY-BAD"), "not a key"),
		Entry("a row of dashes", rule("KEY-BAD"), "-----"),
		Entry("JSON", rule("KEY-BAD"), "{}"),
	)
	It("has a code for what is no key", rule("KEY-BAD.code"), func(ctx SpecContext) { m.records(ctx, "a text that is no key", of("not a key")) })
	It("makes a key pair that can be bound to a server", rule("USE"), Needs(Servers), func(ctx SpecContext) {
		call, server := m.call(k.Name()), k.Servers(ctx, 1)[0]
		Given(k.SWAS.Call(ctx, call)).To(BeAccepted())
		Expect(k.SWAS.Call(ctx, k.SWASAttach(call.Value("KeyPairName"), server))).To(BeAccepted())
		Expect(k.SWAS.Bound(ctx, server)).To(gomega.ConsistOf(call.Value("KeyPairName")))
	})
}

func importAnswer(m maker) {
	k, rule := m.k, m.rule
	imported := func(ctx SpecContext, call wire.Call) map[string]any {
		GinkgoHelper()
		m.proven(ctx)
		got := k.SWAS.Send(ctx, call)
		Expect(got).To(BeAccepted())
		Expect(k.SWAS.Find(ctx, call.Value("KeyPairName"))).To(BePresent())
		members, _ := got.Object() // that it is one has been seen
		return members
	}
	It("answers with RequestId and KeyPairName as strings", rule("RESP"), func(ctx SpecContext) {
		m.proven(ctx)
		answer := k.SWAS.Call(ctx, m.call(k.Name()))
		Expect(answer).To(BeReadBySDK())
		for _, name := range []string{"RequestId", "KeyPairName"} {
			Expect(answer).To(HaveMember(name, gomega.BeAssignableToTypeOf("")), name)
		}
	})
	It("and may have further members", rule("RESP.extra"), func(ctx SpecContext) {
		members := imported(ctx, m.call(k.Name()))
		delete(members, "RequestId")
		delete(members, "KeyPairName")
		Observe("members beside the documented ones", append([]string{}, slices.Sorted(maps.Keys(members))...))
	})
	DescribeTable("answers with the name as it was sent,", func(ctx SpecContext, rest string) {
		call := m.call(k.Name() + rest)
		Expect(imported(ctx, call)["KeyPairName"]).To(gomega.Equal(call.Value("KeyPairName")))
	},
		Entry("in letters", rule("RESP-NAME"), "aB"),
		Entry("with a colon", rule("RESP-NAME"), ":b"),
		Entry("in Chinese", rule("RESP-NAME"), "密钥"),
	)
	It("answers with a RequestId that is not empty", rule("RESP-REQID"), func(ctx SpecContext) {
		Expect(imported(ctx, m.call(k.Name()))["RequestId"]).To(gomega.And(gomega.BeAssignableToTypeOf(""), gomega.Not(gomega.BeEmpty())))
	})
	It("answers in JSON with one flat object", rule("JSON"), func(ctx SpecContext) {
		Expect(imported(ctx, m.call(k.Name()))).To(BeFlat("RequestId", "KeyPairName"))
	})
	It("refuses in JSON", rule("JSON"), func(ctx SpecContext) {
		m.proven(ctx)
		got := k.SWAS.Send(ctx, m.call(k.Name()).With("PublicKeyBody", "not a key"))
		Given(got.Status).To(gomega.BeNumerically(">=", 400), "the status for what is no key")
		Expect(got).To(BeRefusedIn("JSON"))
	})
}

func importPermission(m maker) {
	k, rule := m.k, m.rule
	It("lets a user import who may do nothing else", rule("RAM"), func(ctx SpecContext) {
		call := m.call(k.Name())
		Expect(k.SWASAs("swas-import-only").Send(ctx, call)).To(BeAccepted())
		Expect(k.SWAS.Find(ctx, call.Value("KeyPairName"))).To(BePresent())
	})
	DescribeTable("does not let a user import", func(ctx SpecContext, user string) {
		call := m.call(k.Name())
		Expect(k.SWASAs(user).Send(ctx, call)).To(BeRefused(denied))
		k.SWAS.HasNothingOf(ctx, call)
		Given(k.SWAS.Send(ctx, call)).To(BeAccepted())
	},
		Entry("who may do everything else", rule("RAM"), "swas-no-import"),
		Entry("whose policy names one resource, which the operation does not know", rule("RAM"), "swas-arn-only"),
	)
}

func importQuota(m maker) {
	k := m.k
	stock := &stock{k: k}
	AfterAll(func(ctx SpecContext) { stock.clear(ctx) })
	It("counts imported key pairs: it takes the tenth of a region and refuses the next", m.rule("QUOTA"), func(ctx SpecContext) {
		stock.fill(ctx, most-1)
		Expect(stock.as().Send(ctx, stock.in(m.call(k.Name())))).To(BeAccepted())
		over := stock.in(m.call(k.Name()))
		Expect(k.SWAS.Send(ctx, over)).To(BeRefused(AnyRefusal))
		k.SWAS.HasNothingOf(ctx, over)
		// What becomes of a refused creation is another rule.
		Expect(k.SWAS.Send(ctx, stock.in(k.SWASCreate(k.Name())))).To(BeRefused(AnyRefusal))
	})
	It("gives the last place to one of two requests that come at once", m.rule("QUOTA"), func(ctx SpecContext) {
		stock.clear(ctx)
		stock.fill(ctx, most-1)
		stock.lastPlace(ctx, m)
	})
}
