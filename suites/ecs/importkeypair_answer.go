package ecs

import (
	"cmp"
	"maps"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/fixtures/sshkeys"
	"github.com/kpspec/kpspec/harness/wire"
	. "github.com/kpspec/kpspec/suites/vocabulary"
)

// answer is about what comes back: the members of a success, the fingerprint,
// the two encodings, and the rows of the table of errors.
func answer(k *Kit) {
	rule := k.Rule

	// imported sends the request as it is and returns the members of the answer.
	imported := func(ctx SpecContext, call wire.Call) map[string]any {
		GinkgoHelper()
		got := k.ECS.Send(ctx, call)
		Given(got).To(BeAccepted())
		Given(k.ECS.Find(ctx, call.Value("KeyPairName"))).To(BePresent())
		members, err := got.Object()
		Given(err).To(gomega.BeNil())
		return members
	}
	// fingerprint is the member KeyPairFingerPrint. That there is one is a rule
	// of its own.
	fingerprint := func(members map[string]any) string {
		GinkgoHelper()
		Given(members).To(HoldMember("KeyPairFingerPrint", BeNonEmptyText()))
		return members["KeyPairFingerPrint"].(string)
	}
	plain := func() wire.Call { return k.Import(k.Name(), FreshKey()) }

	Describe("answers", func() {
		It("200 with RequestId, KeyPairName and KeyPairFingerPrint as strings", rule("ECS-IMP-RESP-200"), func(ctx SpecContext) {
			call := plain()
			got := k.ECS.Send(ctx, call)
			Expect(got).To(BeAccepted())
			Expect(got.Status).To(gomega.Equal(200), "the status")
			Expect(k.ECS.Find(ctx, call.Value("KeyPairName"))).To(BePresent())
			for _, name := range documented {
				Expect(got).To(HaveMember(name, gomega.BeAssignableToTypeOf("")), name)
			}
		})
		It("and may have further members", rule("ECS-IMP-RESP-200.extra"), func(ctx SpecContext) {
			extra := []string{}
			for _, name := range slices.Sorted(maps.Keys(imported(ctx, plain()))) {
				if !slices.Contains(documented, name) {
					extra = append(extra, name)
				}
			}
			Observe("members beside the documented ones", extra)
		})
		It("with scalars that are strings", rule("ECS-IMP-TYPES"), func(ctx SpecContext) {
			answer := k.ECS.Call(ctx, plain())
			Given(answer).To(BeAccepted())
			Expect(answer).To(BeReadBySDK())
			members := imported(ctx, plain())
			for _, name := range documented {
				Expect(members[name]).To(gomega.BeAssignableToTypeOf(""), name)
			}
		})
		It("with a RequestId that is not empty", rule("ECS-IMP-RESP-REQID"), func(ctx SpecContext) {
			Expect(imported(ctx, plain())).To(HoldMember("RequestId", BeNonEmptyText()))
		})
		It("with a RequestId in the form of an upper-case UUID", rule("ECS-IMP-RESP-REQID.uuid"), func(ctx SpecContext) {
			id := imported(ctx, plain())["RequestId"]
			uuid := gomega.MatchRegexp(`^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$`)
			matches, _ := uuid.Match(id)
			Observe("RequestId is an upper-case UUID", matches)
			Expect(id).To(uuid)
		})
		It("with another RequestId each time", rule("ECS-IMP-RESP-REQID.differs"), func(ctx SpecContext) {
			first, second := imported(ctx, plain())["RequestId"], imported(ctx, plain())["RequestId"]
			Expect(second).NotTo(gomega.Equal(first))
		})
		echoes := []any{
			func(ctx SpecContext, rest string) {
				call := k.Import(k.Name()+rest, FreshKey())
				Expect(imported(ctx, call)["KeyPairName"]).To(gomega.Equal(call.Value("KeyPairName")))
			},
			Entry("in letters", rule("ECS-IMP-RESP-NAME"), ""),
			Entry("in both letter cases", rule("ECS-IMP-RESP-NAME"), "aBcD"),
			Entry("with a colon", rule("ECS-IMP-RESP-NAME"), "a:b"),
		}
		if k.Edition != catalogue.Edition202011 {
			echoes = append(echoes, Entry("in Chinese", rule("ECS-IMP-RESP-NAME"), "密钥对"))
		}
		DescribeTable("with the name as it was sent,", echoes...)
	})

	Describe("gives a fingerprint", func() {
		It("that is a string and not empty", rule("ECS-IMP-RESP-FP-PRESENT"), func(ctx SpecContext) {
			Expect(imported(ctx, plain())).To(HoldMember("KeyPairFingerPrint", BeNonEmptyText()))
		})
		DescribeTable("that is the MD5 sum ssh-keygen prints for", func(ctx SpecContext, key sshkeys.Key) {
			Expect(fingerprint(imported(ctx, k.Import(k.Name(), key.Line)))).To(BeFingerprint(key.Fingerprint))
		},
			Entry("RSA of 2048 bits", rule("ECS-IMP-RESP-FP-MD5"), sshkeys.RSA2048),
			Entry("RSA of 4096 bits", rule("ECS-IMP-RESP-FP-MD5"), sshkeys.RSA4096),
			Entry("DSA", rule("ECS-IMP-RESP-FP-MD5"), sshkeys.DSA1024),
			Entry("ECDSA on P-256", rule("ECS-IMP-RESP-FP-MD5"), sshkeys.ECDSA256),
			Entry("ECDSA on P-384", rule("ECS-IMP-RESP-FP-MD5"), sshkeys.ECDSA384),
			Entry("ECDSA on P-521", rule("ECS-IMP-RESP-FP-MD5"), sshkeys.ECDSA521),
		)
		It("that may be that of the key in a certificate", rule("ECS-IMP-RESP-FP-MD5.certificate"), func(ctx SpecContext) {
			Given(k.ECS.Send(ctx, plain())).To(BeAccepted())
			got := k.ECS.Send(ctx, k.Import(k.Name(), sshkeys.CertRSAV01.Line))
			Expect(got).To(BeAnAnswer())
			ObserveAnswer("an RSA certificate", got)
			if members, err := got.Object(); err == nil && got.Status == 200 {
				inner, _ := BeFingerprint(sshkeys.CertRSAV01.Fingerprint).Match(members["KeyPairFingerPrint"])
				Observe("fingerprint of a certificate is that of the key inside", inner)
			}
		})
		It("printed as 16 lower-case octets with colons", rule("ECS-IMP-RESP-FP-FORM"), func(ctx SpecContext) {
			printed := fingerprint(imported(ctx, plain()))
			Observe("fingerprint form", FingerprintForm(printed))
			Expect(printed).To(gomega.MatchRegexp(`^([0-9a-f]{2}:){15}[0-9a-f]{2}$`))
		})
		It("that depends on the key alone", rule("ECS-IMP-RESP-FP-STABLE"), func(ctx SpecContext) {
			key := FreshKey()
			calls := []wire.Call{
				k.Import(k.Name(), key),
				k.Import(k.Name(), key+" me@host"),
				k.Import(k.Name(), key).With("Tag.1.Key", "k").With("Tag.1.Value", "v"),
			}
			if regions := k.Place.World.Regions; len(regions) > 1 {
				calls = append(calls, k.Import(k.Name(), key).With("RegionId", regions[1]))
			}
			first := ""
			for _, call := range calls {
				got := k.ECS.Send(ctx, call)
				Given(got).To(BeAccepted())
				Given(k.ECS.FindIn(ctx, call.Value("RegionId"), call.Value("KeyPairName"))).To(BePresent())
				members, err := got.Object()
				Given(err).To(gomega.BeNil())
				printed := fingerprint(members)
				if first == "" {
					first = printed
				}
				Expect(printed).To(gomega.Equal(first))
				// That one key may have two names is another rule.
				Given(k.ECS.DeleteIn(ctx, call.Value("RegionId"), call.Value("KeyPairName"))).To(BeAccepted())
			}
		})
		It("that DescribeKeyPairs lists and searches by", rule("ECS-IMP-RESP-FP-DESCRIBE"), func(ctx SpecContext) {
			call, another := plain(), plain()
			Given(k.ECS.Send(ctx, another)).To(BeAccepted())
			printed := fingerprint(imported(ctx, call))
			Expect(k.ECS.Find(ctx, call.Value("KeyPairName")).Fingerprint).To(gomega.Equal(printed), "the listed fingerprint")
			var found []string
			for _, p := range k.ECS.List(ctx, k.Region(), wire.Param{Name: "KeyPairFingerPrint", Value: printed}) {
				found = append(found, p.Name)
			}
			Expect(slices.Contains(found, call.Value("KeyPairName"))).To(gomega.BeTrue(), "the filter by its fingerprint finds the key pair")
			Expect(slices.Contains(found, another.Value("KeyPairName"))).To(gomega.BeFalse(), "the filter by its fingerprint finds another key pair too")
		})
	})

	Describe("speaks", func() {
		It("JSON: one flat object", rule("ECS-IMP-JSON"), func(ctx SpecContext) {
			call := plain()
			got := k.ECS.Send(ctx, call)
			Expect(got).To(BeAccepted())
			Expect(k.ECS.Find(ctx, call.Value("KeyPairName"))).To(BePresent())
			members, _ := got.Object() // that it is one has been seen
			Expect(members).To(BeFlat(documented...))
		})
		DescribeTable("refuses in the format that was asked for,", func(ctx SpecContext, format string, shape wire.Shape) {
			good := plain()
			Given(k.ECS.Send(ctx, good)).To(BeAccepted())
			Given(k.ECS.Find(ctx, good.Value("KeyPairName"))).To(BePresent())
			bad := plain().With("PublicKeyBody", "not a key")
			bad.Format, bad.Shape = format, cmp.Or(shape, bad.Shape)
			got := k.ECS.Send(ctx, bad)
			Given(got.Status).To(gomega.BeNumerically(">=", 400), "the status for what is no key")
			Expect(got).To(BeRefusedIn(format))
		},
			Entry("JSON", rule("ECS-IMP-JSON"), "JSON", wire.Shape("")),
			Entry("XML", rule("ECS-IMP-XML"), "XML", wire.V1Get),
		)
		It("may speak JSON or XML to who asks for neither", rule("ECS-IMP-JSON.default"), func(ctx SpecContext) {
			call := plain()
			call.Shape, call.OmitFormat = wire.V1Get, true
			got := k.ECS.Send(ctx, call)
			Expect(got.Status).To(gomega.Equal(200))
			format := "neither JSON nor XML"
			if _, err := got.Object(); err == nil {
				format = "JSON"
			} else if _, err := got.XML(); err == nil {
				format = "XML"
			}
			Observe("format where none is asked for", format)
		})
		xml := []any{func(ctx SpecContext, rest string) {
			key, name := FreshKey(), k.Name()+rest
			printed := fingerprint(imported(ctx, k.Import(name, key)))
			Given(k.ECS.Delete(ctx, name)).To(BeAccepted())

			call := k.Import(k.Name()+rest, key)
			call.Format, call.Shape = "XML", wire.V1Get // as the documents' own sample asks for it
			got := k.ECS.Send(ctx, call)
			Expect(got.Status).To(gomega.Equal(200))
			Expect(k.ECS.Find(ctx, call.Value("KeyPairName"))).To(BePresent())
			root, err := got.XML()
			Expect(err).To(gomega.BeNil())
			Expect(root.Name).To(gomega.Equal("ImportKeyPairResponse"))
			elements := map[string]any{}
			for _, child := range root.Children {
				elements[child.Name] = child.Text
			}
			Expect(elements).To(HoldMember("RequestId", BeNonEmptyText()))
			Expect(elements).To(HoldMember("KeyPairName", gomega.Equal(call.Value("KeyPairName"))))
			Expect(elements).To(HoldMember("KeyPairFingerPrint", gomega.Equal(printed)))
		}, Entry("for a plain name", rule("ECS-IMP-XML"), "")}
		if k.Edition != catalogue.Edition202011 {
			xml = append(xml, Entry("for a Chinese name", rule("ECS-IMP-XML"), "密钥"))
		}
		DescribeTable("XML: ImportKeyPairResponse with the same three elements,", xml...)
	})

	Describe("explains", func() {
		malformed := func(ctx SpecContext, as Row) {
			good := plain()
			k.ECS.Refuses(ctx, good.With("KeyPairName", k.Name()+" "+"x"), good, as)
		}
		notAKey := func(ctx SpecContext, as Row) {
			good := plain()
			k.ECS.Refuses(ctx, good.With("PublicKeyBody", "not a key"), good, as)
		}
		noKey := func(ctx SpecContext, as Row) {
			good := plain()
			k.ECS.Refuses(ctx, good.Without("PublicKeyBody"), good, as)
		}
		taken := func(ctx SpecContext, as Row) {
			call := plain()
			Given(k.ECS.Send(ctx, call)).To(BeAccepted())
			before := k.ECS.Find(ctx, call.Value("KeyPairName"))
			Given(before).To(BePresent())
			Expect(k.ECS.Send(ctx, call.With("PublicKeyBody", FreshKey()))).To(BeRefused(as))
			Expect(k.ECS.Find(ctx, call.Value("KeyPairName"))).To(BeUnchanged(before))
		}
		DescribeTable("with the documented status and code", func(ctx SpecContext, refused func(SpecContext, Row), as Row) {
			refused(ctx, as.Bare())
		},
			Entry("a malformed name", rule("ECS-IMP-ERR-NAME"), malformed, nameMalformed),
			Entry("a key in no known format", rule("ECS-IMP-ERR-KEY"), notAKey, keyMalformed),
			Entry("a missing key", rule("ECS-IMP-ERR-MISSING"), noKey, keyMissing),
			Entry("a name that is taken", rule("ECS-IMP-ERR-EXIST"), taken, alreadyExists),
		)
		DescribeTable("with the documented message", func(ctx SpecContext, refused func(SpecContext, Row), as Row) {
			refused(ctx, as)
		},
			Entry("a malformed name", rule("ECS-IMP-ERR-NAME.message"), malformed, nameMalformed),
			Entry("a key in no known format", rule("ECS-IMP-ERR-KEY.message"), notAKey, keyMalformed),
			Entry("a missing key", rule("ECS-IMP-ERR-MISSING.message"), noKey, keyMissing),
			Entry("a name that is taken", rule("ECS-IMP-ERR-EXIST.message"), taken, alreadyExists),
		)
		// The documents give no order of checks: which of two faults is told?
		badName := func(c wire.Call) wire.Call { return c.With("KeyPairName", c.Value("KeyPairName")+" x") }
		badKey := func(c wire.Call) wire.Call { return c.With("PublicKeyBody", "not a key") }
		noKeyAtAll := func(c wire.Call) wire.Call { return c.Without("PublicKeyBody") }
		noGroup := func(c wire.Call) wire.Call { return c.With("ResourceGroupId", "rg-doesnotexist") }
		DescribeTable("one of two faults:", func(ctx SpecContext, faults ...func(wire.Call) wire.Call) {
			call := plain() // its name is taken by the time the faults are in it
			Given(k.ECS.Send(ctx, call)).To(BeAccepted())
			for _, fault := range faults {
				call = fault(call)
			}
			got := k.ECS.Send(ctx, call)
			Expect(got).To(BeRefused(AnyRefusal))
			Observe("of "+CurrentSpecReport().LeafNodeText+" tells", Told(got))
		},
			Entry("a malformed name and a missing key", rule("ECS-IMP-ERR-MISSING.order"), badName, noKeyAtAll),
			Entry("a taken name and a missing key", rule("ECS-IMP-ERR-MISSING.order"), noKeyAtAll),
			Entry("a malformed name and a malformed key", rule("ECS-IMP-ERR-KEY.order"), badName, badKey),
			Entry("a taken name and a malformed key", rule("ECS-IMP-ERR-EXIST.order"), badKey),
			Entry("a taken name and an unknown resource group", rule("ECS-IMP-ERR-EXIST.order"), noGroup),
		)
	})
}

// documented are the members of a success, in the order of the documents.
var documented = []string{"RequestId", "KeyPairName", "KeyPairFingerPrint"}
