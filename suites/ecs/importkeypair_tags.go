package ecs

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"

	"github.com/kpspec/kpspec/harness/wire"
	. "github.com/kpspec/kpspec/suites/vocabulary"
)

// groupAndTags is about the two optional parameters, ResourceGroupId and Tag.
func groupAndTags(k *Kit) {
	rule := k.Rule
	plain := func() wire.Call { return k.Import(k.Name(), FreshKey()) }

	Describe("with a resource group", func() {
		It("may have none", rule("ECS-IMP-RG-OPT"), func(ctx SpecContext) { k.ECS.Accepts(ctx, plain()) })
		It("puts the key pair into the group it names", rule("ECS-IMP-RG-USE"), func(ctx SpecContext) {
			group := k.ResourceGroup()
			in := plain().With("ResourceGroupId", group)
			k.ECS.AcceptsToo(ctx, in)
			Expect(k.ECS.Find(ctx, in.Value("KeyPairName"))).To(BelongToGroup(group))
			Expect(k.ECS.FindIn(ctx, k.Region(), in.Value("KeyPairName"), wire.Param{Name: "ResourceGroupId", Value: group})).To(BePresent())
		})
		It("puts the key pair into the default group where that is named", rule("ECS-IMP-RG-USE"), func(ctx SpecContext) {
			out := plain()
			Given(k.ECS.Send(ctx, out)).To(BeAccepted())
			listed := k.ECS.Find(ctx, out.Value("KeyPairName"))
			Given(listed).To(BePresent())
			if listed.ResourceGroup == "" {
				NotApplicable("the target lists no default resource group")
			}
			in := plain().With("ResourceGroupId", listed.ResourceGroup)
			k.ECS.AcceptsToo(ctx, in)
			Expect(k.ECS.Find(ctx, in.Value("KeyPairName"))).To(BelongToGroup(listed.ResourceGroup))
		})
		It("stays out of a group that the request does not name", rule("ECS-IMP-RG-OPT"), func(ctx SpecContext) {
			group, out := k.ResourceGroup(), plain()
			Given(k.ECS.Call(ctx, out)).To(BeAccepted())
			Given(k.ECS.Find(ctx, out.Value("KeyPairName"))).To(BePresent())
			Expect(k.ECS.Find(ctx, out.Value("KeyPairName"))).NotTo(BelongToGroup(group))
		})
		DescribeTable("refuses a group that does not exist", func(ctx SpecContext) {
			good := plain()
			k.ECS.Refuses(ctx, good.With("ResourceGroupId", "rg-doesnotexist"), good, groupNotFound)
		},
			Entry("and makes no key pair", rule("ECS-IMP-RG-404")),
			Entry("with the documented status, code and message", rule("ECS-IMP-ERR-RG")),
		)
		It("may take an empty group", rule("ECS-IMP-RG-EMPTY"), func(ctx SpecContext) {
			Given(k.ECS.Send(ctx, plain())).To(BeAccepted())
			got := k.ECS.Send(ctx, plain().With("ResourceGroupId", ""))
			Expect(got).To(BeAnAnswer())
			ObserveAnswer("an empty ResourceGroupId", got)
		})
	})

	Describe("with tags", func() {
		// tagged is a request with one tag; a nil value is not sent at all.
		tagged := func(key string, value *string) wire.Call {
			call := plain().With("Tag.1.Key", key)
			if value != nil {
				call = call.With("Tag.1.Value", *value)
			}
			return call
		}
		keeps := func(ctx SpecContext, key, value string) {
			GinkgoHelper()
			call := tagged(key, &value).With("Tag.2.Key", "control").With("Tag.2.Value", "v")
			k.ECS.AcceptsToo(ctx, call)
			made := k.ECS.Find(ctx, call.Value("KeyPairName"))
			// A target that keeps no tags at all breaks another rule.
			Given(made).To(HaveTag("control", "v"))
			Expect(made).To(HaveTag(key, value))
		}
		refuses := func(ctx SpecContext, key, value string, as Row) {
			GinkgoHelper()
			good := plain()
			k.ECS.Refuses(ctx, good.With("Tag.1.Key", key).With("Tag.1.Value", value), good, as)
		}
		records := func(ctx SpecContext, what string, call wire.Call) {
			GinkgoHelper()
			Given(k.ECS.Send(ctx, plain())).To(BeAccepted())
			got := k.ECS.Send(ctx, call)
			Expect(got).To(BeAnAnswer())
			ObserveAnswer(what, got)
		}

		It("may have none", rule("ECS-IMP-TAG-OPT"), func(ctx SpecContext) {
			call := plain()
			Expect(k.ECS.Call(ctx, call)).To(BeAccepted())
			Expect(k.ECS.Find(ctx, call.Value("KeyPairName"))).To(HaveTags(map[string]string{}))
		})
		It("takes them as Tag.N.Key and Tag.N.Value", rule("ECS-IMP-TAG-WIRE"), func(ctx SpecContext) {
			call := plain().With("Tag.1.Key", "TestKey").With("Tag.1.Value", "TestValue")
			Expect(k.ECS.Send(ctx, call)).To(BeAccepted())
			Expect(k.ECS.Find(ctx, call.Value("KeyPairName"))).To(HaveTags(map[string]string{"TestKey": "TestValue"}))
		})
		It("keeps the characters of keys and values", rule("ECS-IMP-TAG-WIRE"), func(ctx SpecContext) {
			call := plain().With("Tag.1.Key", "Cost center/2026").With("Tag.1.Value", "a+b & c=d 100% 密 é ~*'\"")
			Expect(k.ECS.Send(ctx, call)).To(BeAccepted())
			Expect(k.ECS.Find(ctx, call.Value("KeyPairName"))).To(HaveTag("Cost center/2026", "a+b & c=d 100% 密 é ~*'\""))
		})
		It("takes an array of objects", rule("ECS-IMP-TYPES"), func(ctx SpecContext) {
			call := plain().With("Tag.1.Key", "first").With("Tag.1.Value", "a").With("Tag.2.Key", "second").With("Tag.2.Value", "b")
			Expect(k.ECS.Call(ctx, call)).To(BeAccepted())
			Expect(k.ECS.Find(ctx, call.Value("KeyPairName"))).To(HaveTags(map[string]string{"first": "a", "second": "b"}))
		})

		many := func(n int) (wire.Call, map[string]string) {
			call, tags := plain(), map[string]string{}
			for i := 1; i <= n; i++ {
				key, value := fmt.Sprintf("key%d", i), fmt.Sprintf("value%d", i)
				call = call.With(fmt.Sprintf("Tag.%d.Key", i), key).With(fmt.Sprintf("Tag.%d.Value", i), value)
				tags[key] = value
			}
			return call, tags
		}
		It("takes 20 tags, the most", rule("ECS-IMP-TAG-N-MAX"), func(ctx SpecContext) {
			call, tags := many(20)
			k.ECS.AcceptsToo(ctx, call)
			Given(k.ECS.Find(ctx, call.Value("KeyPairName"))).To(HaveTag("key1", "value1"))
			Expect(k.ECS.Find(ctx, call.Value("KeyPairName"))).To(HaveTags(tags))
		})
		DescribeTable("refuses 21 tags", func(ctx SpecContext, as Row) {
			bad, _ := many(21)
			k.ECS.Refuses(ctx, bad, bad.Without("Tag.21.Key").Without("Tag.21.Value"), as)
		},
			Entry("and makes no key pair", rule("ECS-IMP-TAG-N-MAX"), AnyRefusal),
			Entry("with the code of the sister operation", rule("ECS-IMP-TAG-N-MAX.code"), tagsExceeded),
		)
		DescribeTable("may count", func(ctx SpecContext, numbers ...int) {
			call := plain()
			for _, n := range numbers {
				call = call.With(fmt.Sprintf("Tag.%d.Key", n), fmt.Sprintf("key%d", n)).With(fmt.Sprintf("Tag.%d.Value", n), "v")
			}
			records(ctx, fmt.Sprintf("tags numbered %v", numbers), call)
		},
			Entry("from 0", rule("ECS-IMP-TAG-N-MIN"), 0),
			Entry("with a gap", rule("ECS-IMP-TAG-N-MIN"), 1, 3),
		)
		It("may take what only looks like a tag for one", rule("ECS-IMP-TAG-N-MIN"), func(ctx SpecContext) {
			records(ctx, "a Tag.1 that is neither key nor value", plain().With("Tag.1", "v"))
			call := plain().With("Tag.3.Key", "key3").With("Tag.3.Value", "v")
			for _, number := range []string{"01", "+2", "x"} {
				call = call.With("Tag."+number+".Key", "key"+number).With("Tag."+number+".Value", "v")
			}
			records(ctx, "tags numbered 01, +2, 3 and x", call)
			if made := k.ECS.Find(ctx, call.Value("KeyPairName")); made != nil {
				Observe("keeps of tags numbered 01, +2, 3 and x", append([]string{}, slices.Sorted(maps.Keys(made.Tags))...))
			}
		})

		DescribeTable("refuses an empty tag key", func(ctx SpecContext, as Row) { refuses(ctx, "", "v", as) },
			Entry("and makes no key pair", rule("ECS-IMP-TAG-KEY-NONEMPTY"), AnyRefusal),
			Entry("with the code of the sister operation", rule("ECS-IMP-TAG-KEY-NONEMPTY.code"), tagKeyInvalid),
		)
		It("refuses a value without a key", rule("ECS-IMP-TAG-KEY-MISSING"), func(ctx SpecContext) {
			good := plain()
			k.ECS.Refuses(ctx, good.With("Tag.1.Value", "v"), good, AnyRefusal)
		})

		DescribeTable("takes a tag key", func(ctx SpecContext, key string) { keeps(ctx, key, "v") },
			Entry("of 128 characters, the most", rule("ECS-IMP-TAG-KEY-LEN"), strings.Repeat("k", 128)),
			Entry("of 128 Chinese characters", rule("ECS-IMP-TAG-KEY-LEN.chinese"), strings.Repeat("密", 128)),
			Entry("with aliyun behind another letter", rule("ECS-IMP-TAG-KEY-ALIYUN"), "xaliyun"),
			Entry("that is acs", rule("ECS-IMP-TAG-KEY-ACS"), "acs"),
			Entry("that begins with acs but has no colon", rule("ECS-IMP-TAG-KEY-ACS"), "acsx"),
			Entry("with acs: behind other characters", rule("ECS-IMP-TAG-KEY-ACS"), "x-acs:"),
			Entry("that is http", rule("ECS-IMP-TAG-KEY-HTTP"), "http"),
			Entry("with http:/ and one slash only", rule("ECS-IMP-TAG-KEY-HTTP"), "http:/x"),
		)
		DescribeTable("refuses a tag key", func(ctx SpecContext, key string, as Row) { refuses(ctx, key, "v", as) },
			Entry("of 129 characters", rule("ECS-IMP-TAG-KEY-LEN"), strings.Repeat("k", 129), AnyRefusal),
			Entry("of 129 characters, with the code of the sister operation", rule("ECS-IMP-TAG-KEY-LEN.code"), strings.Repeat("k", 129), tagKeyInvalid),
			Entry("that is aliyun", rule("ECS-IMP-TAG-KEY-ALIYUN"), "aliyun", AnyRefusal),
			Entry("that begins with aliyun", rule("ECS-IMP-TAG-KEY-ALIYUN"), "aliyunx", AnyRefusal),
			Entry("that begins with acs:", rule("ECS-IMP-TAG-KEY-ACS"), "acs:x", AnyRefusal),
			Entry("that begins with http://", rule("ECS-IMP-TAG-KEY-HTTP"), "http://x", AnyRefusal),
			Entry("with http:// inside", rule("ECS-IMP-TAG-KEY-HTTP"), "xhttp://y", AnyRefusal),
			Entry("that begins with https://", rule("ECS-IMP-TAG-KEY-HTTP"), "https://x", AnyRefusal),
			Entry("that ends in https://", rule("ECS-IMP-TAG-KEY-HTTP"), "x https://", AnyRefusal),
		)
		DescribeTable("may take the tag key", func(ctx SpecContext, key string) {
			value := "v"
			records(ctx, "the tag key "+key, tagged(key, &value))
		},
			Entry("Aliyun", rule("ECS-IMP-TAG-KEY-ALIYUN.case"), "Aliyun"),
			Entry("ALIYUN", rule("ECS-IMP-TAG-KEY-ALIYUN.case"), "ALIYUN"),
			Entry("ACS:x", rule("ECS-IMP-TAG-KEY-ACS.case"), "ACS:x"),
		)

		It("takes a tag without a value", rule("ECS-IMP-TAG-VAL-OMIT"), func(ctx SpecContext) {
			call := tagged("k", nil).With("Tag.2.Key", "control").With("Tag.2.Value", "v")
			k.ECS.AcceptsToo(ctx, call)
			made := k.ECS.Find(ctx, call.Value("KeyPairName"))
			Given(made).To(HaveTag("control", "v"))
			Expect(made).To(HaveTag("k", ""))
		})
		DescribeTable("takes a tag value", func(ctx SpecContext, value string) { keeps(ctx, "k", value) },
			Entry("that is empty", rule("ECS-IMP-TAG-VAL-EMPTY"), ""),
			Entry("of 128 characters, the most", rule("ECS-IMP-TAG-VAL-LEN"), strings.Repeat("v", 128)),
			Entry("of 128 Chinese characters", rule("ECS-IMP-TAG-VAL-LEN.chinese"), strings.Repeat("密", 128)),
			Entry("with http:/ and one slash only", rule("ECS-IMP-TAG-VAL-HTTP"), "http:/"),
			Entry("that is https", rule("ECS-IMP-TAG-VAL-HTTP"), "https"),
			Entry("with acs: behind another letter", rule("ECS-IMP-TAG-VAL-ACS.elsewhere"), "xacs:"),
			Entry("that is aliyun", rule("ECS-IMP-TAG-VAL-ALIYUN"), "aliyun"),
			Entry("that begins with aliyun", rule("ECS-IMP-TAG-VAL-ALIYUN"), "aliyunx"),
		)
		DescribeTable("refuses a tag value", func(ctx SpecContext, value string, as Row) { refuses(ctx, "k", value, as) },
			Entry("of 129 characters", rule("ECS-IMP-TAG-VAL-LEN"), strings.Repeat("v", 129), AnyRefusal),
			Entry("of 129 characters, with the code of the sister operation", rule("ECS-IMP-TAG-VAL-LEN.code"), strings.Repeat("v", 129), tagValInvalid),
			Entry("that begins with http://", rule("ECS-IMP-TAG-VAL-HTTP"), "http://x", AnyRefusal),
			Entry("with https:// inside", rule("ECS-IMP-TAG-VAL-HTTP"), "a https://x", AnyRefusal),
			Entry("that ends in http://", rule("ECS-IMP-TAG-VAL-HTTP"), "xhttp://", AnyRefusal),
			Entry("that begins with acs:", rule("ECS-IMP-TAG-VAL-ACS"), "acs:v", AnyRefusal),
		)

		DescribeTable("refuses a tag key that stands twice", func(ctx SpecContext, as Row) {
			good := plain().With("Tag.1.Key", "k").With("Tag.1.Value", "a")
			k.ECS.Refuses(ctx, good.With("Tag.2.Key", "k").With("Tag.2.Value", "b"), good, as)
		},
			Entry("and makes no key pair", rule("ECS-IMP-TAG-DUP"), AnyRefusal),
			Entry("with the code of the sister operation", rule("ECS-IMP-TAG-DUP.code"), tagDuplicate),
		)
		DescribeTable("makes no key pair when, behind a good tag, there is", func(ctx SpecContext, key, value string) {
			good := plain().With("Tag.1.Key", "good").With("Tag.1.Value", "v")
			k.ECS.Refuses(ctx, good.With("Tag.2.Key", key).With("Tag.2.Value", value), good, AnyRefusal)
			Expect(k.ECS.Find(ctx, good.Value("KeyPairName"))).To(HaveTags(map[string]string{"good": "v"}))
		},
			Entry("one with an empty key", rule("ECS-IMP-TAG-ATOMIC"), "", "v"),
			Entry("one with a key too long", rule("ECS-IMP-TAG-ATOMIC"), strings.Repeat("k", 129), "v"),
			Entry("one with a reserved key", rule("ECS-IMP-TAG-ATOMIC"), "aliyun", "v"),
			Entry("one with a value too long", rule("ECS-IMP-TAG-ATOMIC"), "k", strings.Repeat("v", 129)),
			Entry("one with a URL for a value", rule("ECS-IMP-TAG-ATOMIC"), "k", "http://x"),
		)
	})
}
