package ecs

import (
	"strings"
	"unicode/utf8"

	. "github.com/onsi/ginkgo/v2"

	"github.com/kpspec/kpspec/fixtures/sshkeys"
	"github.com/kpspec/kpspec/harness/wire"
	. "github.com/kpspec/kpspec/suites/vocabulary"
)

// key is about PublicKeyBody: which keys are taken, in which form, and what
// becomes of them.
func key(k *Kit) {
	rule := k.Rule

	accepts := func(ctx SpecContext, body string) {
		GinkgoHelper()
		k.ECS.Accepts(ctx, k.Import(k.Name(), body))
	}
	refuses := func(ctx SpecContext, body string, as Row) {
		GinkgoHelper()
		good := k.Import(k.Name(), FreshKey())
		k.ECS.Refuses(ctx, good.With("PublicKeyBody", body), good, as)
	}
	looks := func(ctx SpecContext, what, body string) *wire.Answer {
		GinkgoHelper()
		Given(k.ECS.Send(ctx, k.Import(k.Name(), FreshKey()))).To(BeAccepted())
		got := k.ECS.Send(ctx, k.Import(k.Name(), body))
		Expect(got).To(BeAnAnswer())
		ObserveAnswer(what, got)
		return got
	}
	records := func(ctx SpecContext, what, body string) {
		GinkgoHelper()
		got := looks(ctx, what, body)
		if members, err := got.Object(); err == nil && got.Status == 200 {
			printed, _ := members["KeyPairFingerPrint"].(string)
			Observe("gives a fingerprint for "+what, printed != "")
		}
	}

	It("refuses a request without PublicKeyBody and names it", rule("ECS-IMP-KEY-REQ"), func(ctx SpecContext) {
		good := k.Import(k.Name(), FreshKey())
		k.ECS.Refuses(ctx, good.Without("PublicKeyBody"), good, Row{Status: keyMissing.Status, Code: keyMissing.Code, Naming: "PublicKeyBody"})
	})
	It("refuses an empty PublicKeyBody", rule("ECS-IMP-KEY-EMPTY"), func(ctx SpecContext) { refuses(ctx, "", Row{Status: 400}) })
	It("has a code for an empty PublicKeyBody", rule("ECS-IMP-KEY-EMPTY.code"), func(ctx SpecContext) { records(ctx, "an empty PublicKeyBody", "") })

	Describe("of a kind", func() {
		DescribeTable("takes", func(ctx SpecContext, key sshkeys.Key) { accepts(ctx, key.Bare()) },
			Entry("ssh-rsa of 2048 bits", rule("ECS-IMP-KEY-SSHRSA"), sshkeys.RSA2048),
			Entry("ssh-rsa of 4096 bits", rule("ECS-IMP-KEY-SSHRSA"), sshkeys.RSA4096),
			Entry("ssh-rsa of 1024 bits", rule("ECS-IMP-KEY-SSHRSA.other-sizes"), sshkeys.RSA1024),
			Entry("ssh-rsa of 3072 bits", rule("ECS-IMP-KEY-SSHRSA.other-sizes"), sshkeys.RSA3072),
			Entry("ssh-dss", rule("ECS-IMP-KEY-SSHDSS"), sshkeys.DSA1024),
			Entry("ecdsa on the curve P-256", rule("ECS-IMP-KEY-ECDSA"), sshkeys.ECDSA256),
			Entry("ecdsa on the curve P-384", rule("ECS-IMP-KEY-ECDSA"), sshkeys.ECDSA384),
			Entry("ecdsa on the curve P-521", rule("ECS-IMP-KEY-ECDSA"), sshkeys.ECDSA521),
			Entry("an RSA certificate v00", rule("ECS-IMP-KEY-CERT-RSA-V00"), sshkeys.CertRSAV00),
			Entry("a DSA certificate v00", rule("ECS-IMP-KEY-CERT-DSS-V00"), sshkeys.CertDSSV00),
			Entry("an RSA certificate v01", rule("ECS-IMP-KEY-CERT-RSA-V01"), sshkeys.CertRSAV01),
			Entry("a DSA certificate v01", rule("ECS-IMP-KEY-CERT-DSS-V01"), sshkeys.CertDSSV01),
			Entry("a certificate v01 for P-256", rule("ECS-IMP-KEY-CERT-ECDSA256-V01"), sshkeys.CertECDSA256V01),
			Entry("a certificate v01 for P-384", rule("ECS-IMP-KEY-CERT-ECDSA384-V01"), sshkeys.CertECDSA384V01),
			Entry("a certificate v01 for P-521", rule("ECS-IMP-KEY-CERT-ECDSA521-V01"), sshkeys.CertECDSA521V01),
			Entry("what ssh-keygen made", rule("ECS-IMP-SUMMARY"), sshkeys.RSA2048B),
		)
		rsa, dsa := sshkeys.RSA2048.Bare(), sshkeys.DSA1024.Bare()
		DescribeTable("may take a body that begins with the bare word", func(ctx SpecContext, word, body string) {
			records(ctx, "a body that begins with "+word, body)
		},
			Entry("rsa", rule("ECS-IMP-KEY-RSA"), "rsa", strings.TrimPrefix(rsa, "ssh-")),
			Entry("dsa", rule("ECS-IMP-KEY-DSA"), "dsa", "dsa"+strings.TrimPrefix(dsa, "ssh-dss")),
		)
		It("refuses ed25519", rule("ECS-IMP-KEY-ED25519"), func(ctx SpecContext) {
			ObserveAnswer("ed25519", k.ECS.Send(ctx, k.Import(k.Name(), sshkeys.Ed25519.Line)))
			refuses(ctx, sshkeys.Ed25519.Line, keyMalformed.Bare())
		})
		DescribeTable("refuses", func(ctx SpecContext, body string) { refuses(ctx, body, keyMalformed.Bare()) },
			Entry("ed25519 on a security key", rule("ECS-IMP-KEY-OTHERALG"), sshkeys.SKEd25519.Line),
			Entry("ecdsa on a security key", rule("ECS-IMP-KEY-OTHERALG"), sshkeys.SKECDSA.Line),
			Entry("ed448", rule("ECS-IMP-KEY-OTHERALG"), sshkeys.Ed448.Line),
			Entry("a kind nobody knows", rule("ECS-IMP-KEY-OTHERALG"), sshkeys.UnknownAlgorithm.Line),
			Entry("another word that only begins like a known kind", rule("ECS-IMP-KEY-OTHERALG"), strings.Replace(sshkeys.ECDSA256.Bare(), "nistp256 ", "nistp256x ", 1)),
			Entry("a word that only begins like a known kind", rule("ECS-IMP-KEY-OTHERALG"), strings.Replace(sshkeys.RSA2048.Bare(), "ssh-rsa ", "ssh-rsax ", 1)),
		)
	})

	Describe("in a form", func() {
		var garbage, damaged []any
		for _, m := range sshkeys.Malformed {
			if !utf8.ValidString(m.Body) || len(m.Body) > 4096 {
				continue // a request is UTF-8 and fits a server's limits: that would be two faults
			}
			if m.Prefixed {
				damaged = append(damaged, Entry(m.Name, rule("ECS-IMP-KEY-TRUNC"), m.Name, m.Body))
			} else {
				garbage = append(garbage, Entry(m.Name, rule("ECS-IMP-KEY-GARBAGE"), m.Body))
			}
		}
		garbage = append(garbage, Entry("a key behind other text", rule("ECS-IMP-KEY-GARBAGE"), "my key: "+sshkeys.RSA2048.Bare()))
		DescribeTable("refuses what is no key:",
			append([]any{func(ctx SpecContext, body string) { refuses(ctx, body, keyMalformed.Bare()) }}, garbage...)...)
		DescribeTable("refuses a private key", func(ctx SpecContext, body string) { refuses(ctx, body, keyMalformed.Bare()) },
			Entry("in PKCS#1", rule("ECS-IMP-KEY-PRIVATE"), sshkeys.PrivatePKCS1),
			Entry("in PKCS#8", rule("ECS-IMP-KEY-PRIVATE"), sshkeys.PrivatePKCS8),
			Entry("in OpenSSH's own format", rule("ECS-IMP-KEY-PRIVATE"), sshkeys.PrivateOpenSSH),
		)
		DescribeTable("may take", func(ctx SpecContext, what, body string) { records(ctx, what, body) },
			Entry("a PEM public key", rule("ECS-IMP-KEY-SPKI"), "a PEM public key", sshkeys.SPKI),
			Entry("an RFC 4716 public key", rule("ECS-IMP-KEY-SPKI"), "an RFC 4716 public key", sshkeys.RFC4716),
			Entry("the documents' own example value", rule("ECS-IMP-KEY-EXAMPLE"), "the example value ABC1234567", "ABC1234567"),
		)
		DescribeTable("may take a damaged key with the right first word:",
			append([]any{func(ctx SpecContext, what, body string) { records(ctx, "the damaged key "+what, body) }}, damaged...)...)

		rsa, ecdsa, dsa := sshkeys.RSA2048.Bare(), sshkeys.ECDSA256.Bare(), sshkeys.DSA1024.Bare()
		probes := []any{func(ctx SpecContext, what, body string) { looks(ctx, what, body) }}
		for _, probe := range []struct{ what, body string }{
			{"a key without the padding of its base64", strings.TrimRight(ecdsa, "=")},
			{"a key with padding that it does not need", rsa + "="},
			{"a key behind login options", "no-pty " + rsa},
			{"a key with white space in front", " \t" + rsa},
			{"a key with a tab behind its first word", strings.Replace(rsa, " ", "\t", 1)},
			{"a key with two blanks behind its first word", strings.Replace(rsa, " ", "  ", 1)},
			{"a key with a control character in its comment", rsa + " a\x1bb"},
			{"a key with a tab in its comment", rsa + " a\tb"},
			{"a key with a comment in Chinese", rsa + " 密钥"},
			{"a key cut off in the middle of its base64", ecdsa[:len(ecdsa)/2]},
			{"a DSA key with another first word", "ssh-rsa" + strings.TrimPrefix(dsa, "ssh-dss")},
			{"an RSA key of 512 bits", KeyOf(512, 65537, false)},
			{"an RSA key of 1000 bits", KeyOf(1000, 65537, false)},
			{"an RSA key of 8192 bits", KeyOf(8192, 65537, false)},
			{"an RSA key with the exponent 3", KeyOf(2048, 3, false)},
			{"an RSA key with the exponent 1", KeyOf(2048, 1, false)},
			{"an RSA key with a leading zero too many", KeyOf(2048, 65537, true)},
			{"a second word of 15 base64 characters", "ssh-rsa AAAAB3NzaC1yc2E"[:23]},
			{"a second word of 16 base64 characters", "ssh-rsa AAAAB3NzaC1yc2EA"},
			{"a second word with three characters of padding", "ssh-rsa AAAAB3Nza12345678qwertyuudsfsg==="},
			{"a key in capitals", "SSH-RSA" + strings.TrimPrefix(rsa, "ssh-rsa")},
		} {
			probes = append(probes, Entry(probe.what, rule("ECS-IMP-KEY-TRUNC"), probe.what, probe.body))
		}
		DescribeTable("may look closely at", probes...)

		// The same key in every dress: it is taken and its fingerprint stays.
		DescribeTable("takes a key", func(ctx SpecContext, dress func(string) string) {
			body, name := FreshKey(), k.Name()
			bare := k.Import(k.Name(), body)
			Given(k.ECS.Send(ctx, bare)).To(BeAccepted())
			first := k.ECS.Find(ctx, bare.Value("KeyPairName"))
			Given(k.ECS.Delete(ctx, bare.Value("KeyPairName"))).To(BeAccepted())
			k.ECS.SendsToo(ctx, k.Import(name, dress(body)))
			Expect(k.ECS.Find(ctx, name)).To(HaveTheFingerprintOf(first))
		},
			Entry("without a comment, twice the same", rule("ECS-IMP-KEY-COMMENT"), func(key string) string { return key }),
			Entry("with a comment of one word", rule("ECS-IMP-KEY-COMMENT"), func(key string) string { return key + " me@host" }),
			Entry("with a comment of several words", rule("ECS-IMP-KEY-COMMENT.spaces"), func(key string) string { return key + " me at my host" }),
			Entry("with a line feed at the end", rule("ECS-IMP-KEY-EOL"), func(key string) string { return key + " me@host\n" }),
			Entry("with carriage return and line feed at the end", rule("ECS-IMP-KEY-EOL"), func(key string) string { return key + " me@host\r\n" }),
		)
	})

	It("takes one key under two names", rule("ECS-IMP-KEY-DUP"), func(ctx SpecContext) {
		body, first, second := FreshKey(), k.Name(), k.Name()
		Given(k.ECS.Call(ctx, k.Import(first, body))).To(BeAccepted())
		k.ECS.AcceptsToo(ctx, k.Import(second, body))
		Expect(k.ECS.Find(ctx, second)).To(HaveTheFingerprintOf(k.ECS.Find(ctx, first)))
	})

	withPublicKey := wire.Param{Name: "IncludePublicKey", Value: "true"}
	DescribeTable("keeps the public key:", func(ctx SpecContext, key sshkeys.Key) {
		name := k.Name()
		Given(k.ECS.Call(ctx, k.Import(name, key.Bare()))).To(BeAccepted())
		Expect(k.ECS.FindIn(ctx, k.Region(), name, withPublicKey)).To(HoldKey(key.Line))
	},
		Entry("RSA", rule("ECS-IMP-KEY-STORED"), sshkeys.RSA2048),
		Entry("DSA", rule("ECS-IMP-KEY-STORED"), sshkeys.DSA1024),
		Entry("ECDSA", rule("ECS-IMP-KEY-STORED"), sshkeys.ECDSA256),
	)
	It("keeps the public key of each key pair apart", rule("ECS-IMP-KEY-STORED"), func(ctx SpecContext) {
		name, key := k.Name(), FreshKey()
		Given(k.ECS.Call(ctx, k.Import(name, key+" me at\tmy host"))).To(BeAccepted())
		Given(k.ECS.Call(ctx, k.Import(k.Name(), FreshKey()))).To(BeAccepted())
		made := k.ECS.FindIn(ctx, k.Region(), name, withPublicKey)
		Expect(made).To(HoldKey(key))
		Observe("keeps the comment", strings.HasSuffix(made.PublicKey, " me at\tmy host"))
	})
	It("never gives out a private key", rule("ECS-IMP-KEY-NOPRIVATE"), func(ctx SpecContext) {
		call := k.Import(k.Name(), FreshKey())
		imported := k.ECS.Send(ctx, call)
		Expect(imported).To(BeAccepted())
		Expect(imported).To(HoldNoPrivateKey())
		Expect(k.ECS.FindIn(ctx, k.Region(), call.Value("KeyPairName"), withPublicKey)).To(ListNoPrivateKey())
	})
}
