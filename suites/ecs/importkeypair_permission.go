package ecs

import (
	. "github.com/onsi/ginkgo/v2"

	. "github.com/kpspec/kpspec/suites/vocabulary"
)

// permission is about RAM policies. Each user of the world has the one policy
// that its name says; a world that lacks a user leaves the spec out.
func permission(k *Kit) {
	if !k.Knows("ECS-IMP-RAM-ACTION") {
		return // the older edition says nothing of policies
	}
	rule := k.Rule
	denied := Row{Status: 403}

	DescribeTable("lets a user import", func(ctx SpecContext, user string) {
		call := k.Import(k.Name(), FreshKey())
		Expect(k.ECSAs(user).Send(ctx, call)).To(BeAccepted())
		Expect(k.ECS.Find(ctx, call.Value("KeyPairName"))).To(BePresent())
	},
		Entry("who is allowed the action", rule("ECS-IMP-RAM-ACTION"), "ecs-import-any"),
		Entry("whose policy names the key pairs of this region and account", rule("ECS-IMP-RAM-RESOURCE"), "ecs-import-only"),
		Entry("whose policy names every resource", rule("ECS-IMP-RAM-RESOURCE"), "ecs-import-any"),
		Entry("who is allowed no other action", rule("ECS-IMP-RAM-COND"), "ecs-import-only"),
	)
	DescribeTable("does not let a user import", func(ctx SpecContext, user string) {
		call := k.Import(k.Name(), FreshKey())
		Expect(k.ECSAs(user).Send(ctx, call)).To(BeRefused(denied))
		k.ECS.HasNothingOf(ctx, call)
		Given(k.ECS.Send(ctx, call)).To(BeAccepted())
	},
		Entry("who is allowed other actions only", rule("ECS-IMP-RAM-ACTION"), "ecs-no-import"),
		Entry("to whom the action is denied", rule("ECS-IMP-RAM-ACTION"), "ecs-import-denied"),
		Entry("whose policy names another region", rule("ECS-IMP-RAM-RESOURCE"), "ecs-other-region"),
		Entry("whose policy names another account", rule("ECS-IMP-RAM-RESOURCE"), "ecs-other-account"),
		Entry("whose policy names instances, which the action does not work on", rule("ECS-IMP-RAM-DEFS"), "ecs-instance-only"),
	)
}
