package ecs

import (
	"fmt"

	. "github.com/onsi/ginkgo/v2"

	"github.com/kpspec/kpspec/harness/wire"
	. "github.com/kpspec/kpspec/suites/vocabulary"
)

// request is about what every request must say before its parameters matter:
// the action, the version, the signature and the region.
func request(k *Kit) {
	rule := k.Rule

	It("answers to the action ImportKeyPair", rule("ECS-IMP-ACTION"), func(ctx SpecContext) {
		call := k.Import(k.Name(), FreshKey())
		call.Shape = wire.V1Get
		Expect(k.ECS.Send(ctx, call)).To(BeAccepted())
		Expect(k.ECS.Find(ctx, call.Value("KeyPairName"))).To(BePresent())
	})

	wrongAction := func(action string) (bad, good wire.Call) {
		good = k.Import(k.Name(), FreshKey())
		good.Shape = wire.V1Get
		bad = good
		bad.Action = action
		return bad, good
	}
	DescribeTable("refuses", func(ctx SpecContext, action string) {
		bad, good := wrongAction(action)
		k.ECS.Refuses(ctx, bad, good, AnyRefusal)
	},
		Entry("a request without an action", rule("ECS-IMP-ACTION"), ""),
		Entry("an action in other letter case", rule("ECS-IMP-ACTION"), "Importkeypair"),
		Entry("an action with one letter more", rule("ECS-IMP-ACTION"), "ImportKeyPairs"),
		Entry("an action that does not exist", rule("ECS-IMP-ACTION"), "NoSuchAction"),
	)
	DescribeTable("has a code of its own for", func(ctx SpecContext, action string) {
		bad, good := wrongAction(action)
		Given(k.ECS.Send(ctx, good)).To(BeAccepted())
		refused := k.ECS.Send(ctx, bad)
		Expect(refused).To(BeRefused(AnyRefusal))
		ObserveAnswer(fmt.Sprintf("the action %q", action), refused)
	},
		Entry("a request without an action", rule("ECS-IMP-ACTION.code"), ""),
		Entry("an action that does not exist", rule("ECS-IMP-ACTION.code"), "NoSuchAction"),
	)

	It("refuses a version of the API that does not exist", rule("ECS-IMP-VERSION"), func(ctx SpecContext) {
		good := k.Import(k.Name(), FreshKey())
		bad := good
		bad.Version = "1999-01-01"
		k.ECS.Refuses(ctx, bad, good, AnyRefusal)
	})

	DescribeTable("takes", func(ctx SpecContext, shape wire.Shape) {
		call := k.Import(k.Name(), FreshKey())
		call.Shape = shape
		Expect(k.ECS.Send(ctx, call)).To(BeAccepted())
		Expect(k.ECS.Find(ctx, call.Value("KeyPairName"))).To(BePresent())
	},
		Entry("GET with everything in the query", rule("ECS-IMP-GET"), wire.V1Get),
		Entry("POST with everything in the query", rule("ECS-IMP-GET.post"), wire.V1Query),
		Entry("POST with everything in a form", rule("ECS-IMP-GET.post"), wire.V1Form),
		Entry("POST with common parameters in the query and the others in a form", rule("ECS-IMP-GET.post"), wire.V1Split),
		Entry("POST with parameters in the query and a signature in the headers", rule("ECS-IMP-GET.post"), wire.V3Query),
		Entry("POST with parameters in a form and a signature in the headers", rule("ECS-IMP-GET.post"), wire.V3Form),
	)

	for _, shape := range wire.Shapes {
		refusals := []any{func(ctx SpecContext, broken wire.Break) {
			good := k.Import(k.Name(), FreshKey())
			good.Shape = shape
			bad := good
			bad.Break, bad.Tamper = broken, wire.Param{Name: "PublicKeyBody", Value: FreshKey()}
			if probe := good.With("KeyPairName", k.Name()).With("PublicKeyBody", FreshKey()); k.ECS.Send(ctx, probe).Status != 200 {
				Given(k.ECS.Send(ctx, k.Import(k.Name(), FreshKey()))).To(BeAccepted())
				NotApplicable("the target does not take requests sent as " + shape.Description())
			}
			refused := k.ECS.Refuses(ctx, bad, good, AnyRefusal)
			Observe(fmt.Sprintf("refuses, as %s, %s with", shape.Description(), broken), Told(refused))
		},
			Entry("a request without a signature", rule("ECS-IMP-COMMON"), wire.Unsigned),
			Entry("a request without any credentials", rule("ECS-IMP-COMMON"), wire.Anonymous),
			Entry("a request with a wrong signature", rule("ECS-IMP-COMMON"), wire.BadSignature),
			Entry("a request signed with another secret", rule("ECS-IMP-COMMON"), wire.WrongSecret),
			Entry("a request of an access key that nobody has", rule("ECS-IMP-COMMON"), wire.UnknownAccessKey),
			Entry("a request changed after it was signed", rule("ECS-IMP-COMMON"), wire.TamperedParam),
		}
		if wire.WrongContentHash.Applies(shape, false) {
			refusals = append(refusals, Entry("a request with the hash of another body", rule("ECS-IMP-COMMON"), wire.WrongContentHash))
		}
		DescribeTable("refuses, as "+shape.Description()+",", refusals...)
	}

	DescribeTable("may refuse", func(ctx SpecContext, what string, broken wire.Break) {
		call := k.Import(k.Name(), FreshKey())
		call.Nonce = k.Name()
		Given(k.ECS.Send(ctx, call)).To(BeAccepted())
		again := k.Import(k.Name(), FreshKey())
		again.Break, again.Nonce = broken, call.Nonce
		if broken != wire.ReplayedNonce {
			again.Nonce = ""
		}
		got := k.ECS.Send(ctx, again)
		Expect(got).To(BeAnAnswer())
		ObserveAnswer(what, got)
	},
		Entry("a request of twenty minutes ago", rule("ECS-IMP-COMMON.freshness"), "a request of 20 minutes ago", wire.StaleClock),
		Entry("a request without a nonce", rule("ECS-IMP-COMMON.freshness"), "a request without a nonce", wire.NoNonce),
		Entry("a nonce that was used before", rule("ECS-IMP-COMMON.freshness"), "a nonce used before", wire.ReplayedNonce),
	)

	It("may ask a temporary identity for its token", rule("ECS-IMP-COMMON.token"), func(ctx SpecContext) {
		got := k.ECS.Send(ctx, k.Import(k.Name(), FreshKey()))
		if !k.HasIdentity("session") { // the rest of the rule has been tried all the same
			Expect(got).To(BeAnAnswer())
			Observe("a temporary identity", "the world has none")
			return
		}
		Given(got).To(BeAccepted())
		session := k.ECSAs("session")
		for _, c := range []struct {
			what   string
			broken wire.Break
		}{
			{"a call of a temporary identity", ""},
			{"a call of a temporary identity without its token", wire.NoToken},
			{"a call of a temporary identity with another token", wire.WrongToken},
		} {
			call := k.Import(k.Name(), FreshKey())
			call.Break = c.broken
			got := session.Send(ctx, call)
			Expect(got).To(BeAnAnswer())
			ObserveAnswer(c.what, got)
		}
	})

	It("refuses a request without RegionId", rule("ECS-IMP-REGION-REQ"), func(ctx SpecContext) {
		good := k.Import(k.Name(), FreshKey())
		k.ECS.Refuses(ctx, good.Without("RegionId"), good, AnyRefusal)
	})
	It("names RegionId when it is missing", rule("ECS-IMP-REGION-REQ.code"), func(ctx SpecContext) {
		good := k.Import(k.Name(), FreshKey())
		k.ECS.Refuses(ctx, good.Without("RegionId"), good, missing("RegionId"))
	})
	It("takes an empty RegionId for a missing one", rule("ECS-IMP-REGION-EMPTY"), func(ctx SpecContext) {
		good := k.Import(k.Name(), FreshKey())
		k.ECS.Refuses(ctx, good.With("RegionId", ""), good, AnyRefusal)
	})

	It("imports into every region of the world that DescribeRegions lists", rule("ECS-IMP-REGION-KNOWN"), Needs(ECSFull), func(ctx SpecContext) {
		for _, region := range k.ECS.ListedRegions(ctx) {
			k.ECS.Accepts(ctx, k.Import(k.Name(), FreshKey()).With("RegionId", region))
		}
	})
	It("refuses a region that does not exist", rule("ECS-IMP-REGION-KNOWN"), func(ctx SpecContext) {
		good := k.Import(k.Name(), FreshKey())
		k.ECS.Refuses(ctx, good.With("RegionId", "xx-nowhere-9"), good, AnyRefusal)
	})
	It("says that a region does not exist", rule("ECS-IMP-REGION-KNOWN.code"), func(ctx SpecContext) {
		good := k.Import(k.Name(), FreshKey())
		k.ECS.Refuses(ctx, good.With("RegionId", "xx-nowhere-9"), good, regionNotFound)
	})

	It("keeps a key pair in the region it was imported into", rule("ECS-IMP-REGION-SCOPE"), func(ctx SpecContext) {
		here, there := k.Region(), k.OtherRegion()
		first, second := k.Import(k.Name(), FreshKey()), k.Import(k.Name(), FreshKey()).With("RegionId", there)
		k.ECS.Accepts(ctx, first)
		k.ECS.Accepts(ctx, second)
		Expect(k.ECS.FindIn(ctx, there, first.Value("KeyPairName"))).To(BeAbsent())
		Expect(k.ECS.FindIn(ctx, here, second.Value("KeyPairName"))).To(BeAbsent())
	})
}
