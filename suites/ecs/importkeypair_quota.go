package ecs

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/wire"
	. "github.com/kpspec/kpspec/suites/vocabulary"
)

// most is how many key pairs an account may have in one region.
const most = 500

// quota is about the number of key pairs in a region. Its specs share one
// region filled to the brim, so they run in order, and each of them leaves the
// region as full as it found it. They come first, so that a target whose quota
// never recovers is caught here before it refuses everything else.
func quota(k *Kit) {
	rule, region := k.Rule, k.QuotaRegion()
	one := func() wire.Call { return k.Import(k.Name(), FreshKey()).With("RegionId", region) }
	found := func(ctx SpecContext, call wire.Call) *Pair {
		GinkgoHelper()
		return k.ECS.FindIn(ctx, region, call.Value("KeyPairName"))
	}

	Describe("ECS ImportKeyPair with the quota nearly used up", SpecPriority(1), k.Together("ECS quota", ECSFull), Ordered, ContinueOnFailure, func() {
		var stock *ECS
		need := func() {
			GinkgoHelper()
			k.NeedQuota()
			if stock == nil {
				stock = k.ECS.Stock()
			}
		}
		AfterAll(func(ctx SpecContext) {
			if stock != nil {
				stock.Clear(ctx)
			}
		})

		// full fills the region with imported key pairs and returns the name of
		// one of them. A spec about something else stands on that.
		full := func(ctx SpecContext) string {
			GinkgoHelper()
			need()
			refused, name := fill(ctx, k, stock, most)
			if refused != nil {
				Given(refused).To(BeAccepted())
			}
			return name
		}

		It("takes the 500th key pair of a region and refuses the next", rule("ECS-IMP-QUOTA"), func(ctx SpecContext) {
			need()
			if refused, _ := fill(ctx, k, stock, most-1); refused != nil {
				Expect(refused).To(BeAccepted())
			}
			last := one()
			Expect(stock.Call(ctx, last)).To(BeAccepted())
			Expect(found(ctx, last)).To(BePresent())
			over := one()
			Expect(k.ECS.Send(ctx, over)).To(BeRefused(quotaExceeded))
			Expect(found(ctx, over)).To(BeAbsent())
		})
		It("refuses with the documented status, code and message", rule("ECS-IMP-ERR-QUOTA"), func(ctx SpecContext) {
			full(ctx)
			over := one()
			Expect(k.ECS.Send(ctx, over)).To(BeRefused(quotaExceeded))
			Expect(found(ctx, over)).To(BeAbsent())
		})
		It("has room in another region", rule("ECS-IMP-QUOTA-REGION"), func(ctx SpecContext) {
			there := k.OtherRegion()
			if region != k.Region() {
				there = k.Region()
			}
			full(ctx)
			Given(len(k.ECS.List(ctx, there))).To(gomega.BeNumerically("<", most), "key pairs in the other region")
			Given(k.ECS.Send(ctx, one())).To(BeRefused(AnyRefusal))
			k.ECS.Accepts(ctx, k.Import(k.Name(), FreshKey()).With("RegionId", there))
		})
		It("has room for another account", rule("ECS-IMP-QUOTA.account"), func(ctx SpecContext) {
			other := k.OtherECS()
			full(ctx)
			Given(k.ECS.Send(ctx, one())).To(BeRefused(AnyRefusal))
			other.Accepts(ctx, one())
		})
		It("may look at the name or at the quota first", rule("ECS-IMP-QUOTA-VS-DUP"), func(ctx SpecContext) {
			name := full(ctx)
			got := k.ECS.Send(ctx, one().With("KeyPairName", name))
			Expect(got).To(BeRefused(AnyRefusal))
			ObserveAnswer("an existing name in a full region", got)
		})
		It("has room again after one was deleted", rule("ECS-IMP-QUOTA-FREED"), func(ctx SpecContext) {
			name := full(ctx)
			Given(stock.DeleteIn(ctx, region, name)).To(BeAccepted())
			call := one()
			Expect(stock.Call(ctx, call)).To(BeAccepted())
			Expect(found(ctx, call)).To(BePresent())
		})
		It("gives the last place to one of two requests that come at once", rule("ECS-IMP-QUOTA"), func(ctx SpecContext) {
			name := full(ctx)
			Given(stock.DeleteIn(ctx, region, name)).To(BeAccepted())
			contenders := []wire.Call{one(), one()}
			won := 0
			for _, answer := range AtOnce(len(contenders), func(i int) *wire.Answer { return k.ECS.Send(ctx, contenders[i]) }) {
				if good, _ := BeAccepted().Match(answer); good {
					won++
					continue
				}
				Expect(answer).To(BeRefused(quotaExceeded.Bare()))
			}
			Expect(won).To(gomega.Equal(1), "of two requests for the last place of a region that came at once, so many were taken")
			Expect(len(k.ECS.List(ctx, region))).To(gomega.Equal(most), "key pairs in the region")
		})
		It("counts a generated key pair like an imported one", rule("ECS-IMP-QUOTA-SHARED"), func(ctx SpecContext) {
			name := full(ctx)
			Given(stock.DeleteIn(ctx, region, name)).To(BeAccepted())
			created := k.Name()
			Given(stock.Create(ctx, region, created)).To(BeAccepted())
			Given(k.ECS.FindIn(ctx, region, created)).To(BePresent())
			over := one()
			Expect(k.ECS.Send(ctx, over)).To(BeRefused(quotaExceeded.Bare()))
			Expect(found(ctx, over)).To(BeAbsent())
		})
	})
}

// fill imports key pairs until the region of the quota has count of them, whoever made the others. It returns the first answer that was not a
// success, or nil, and the name of one key pair of the stock.
func fill(ctx context.Context, k *Kit, stock *ECS, count int) (refused *wire.Answer, name string) {
	GinkgoHelper()
	for lost, looks := true, 0; ; looks++ {
		listed := k.ECS.List(ctx, k.QuotaRegion())
		missing := count - len(listed)
		if missing <= 0 || refused != nil || !lost || looks == 5 {
			return refused, stock.AnyOf(listed)
		}
		refused, lost = stock.Supply(ctx, missing, func() wire.Call {
			return k.Import(k.Name(), FreshKey()).With("RegionId", k.QuotaRegion())
		})
	}
}
