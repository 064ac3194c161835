package ecs

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/wire"
	. "github.com/kpspec/kpspec/suites/vocabulary"
)

// allowed are the ASCII characters that a name may have inside. The older
// edition is silent about the period, which is a rule of its own.
const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_-."

// name is about KeyPairName: its length, its characters and its uniqueness.
func name(k *Kit) {
	rule := k.Rule

	accepts := func(ctx SpecContext, name string) {
		GinkgoHelper()
		k.ECS.AcceptsToo(ctx, k.Import(name, FreshKey()))
	}
	refuses := func(ctx SpecContext, name string, as Row) {
		GinkgoHelper()
		good := k.Import(k.Name(), FreshKey())
		k.ECS.Refuses(ctx, good.With("KeyPairName", name), good, as)
	}
	records := func(ctx SpecContext, what, name string) {
		GinkgoHelper()
		Given(k.ECS.Send(ctx, k.Import(k.Name(), FreshKey()))).To(BeAccepted())
		got := k.ECS.Send(ctx, k.Import(name, FreshKey()))
		Expect(got).To(BeAnAnswer())
		ObserveAnswer(what, got)
	}
	malformed := nameMalformed.Bare()

	It("refuses a request without KeyPairName", rule("ECS-IMP-NAME-REQ"), func(ctx SpecContext) {
		good := k.Import(k.Name(), FreshKey())
		k.ECS.Refuses(ctx, good.Without("KeyPairName"), good, AnyRefusal)
	})
	It("names KeyPairName when it is missing", rule("ECS-IMP-NAME-REQ.code"), func(ctx SpecContext) {
		good := k.Import(k.Name(), FreshKey())
		k.ECS.Refuses(ctx, good.Without("KeyPairName"), good, missing("KeyPairName"))
	})
	It("refuses an empty name", rule("ECS-IMP-NAME-EMPTY"), func(ctx SpecContext) {
		refuses(ctx, "", Row{Status: 400})
	})
	It("has a code for an empty name", rule("ECS-IMP-NAME-EMPTY.code"), func(ctx SpecContext) {
		records(ctx, "an empty name", "")
	})

	Describe("of a length", func() {
		It("takes two characters, the least", rule("ECS-IMP-NAME-LEN-MIN"), func(ctx SpecContext) {
			accepts(ctx, k.FreeName(ctx, k.ECS, 2))
		})
		It("refuses one character", rule("ECS-IMP-NAME-LEN-MIN"), func(ctx SpecContext) {
			refuses(ctx, k.NameOf(1), malformed)
		})
		DescribeTable("takes", func(ctx SpecContext, length int) { accepts(ctx, k.NameOf(length)) },
			Entry("127 characters", rule("ECS-IMP-NAME-LEN-MAX"), 127),
			Entry("128 characters, the most", rule("ECS-IMP-NAME-LEN-MAX"), 128),
		)
		It("tells names apart that differ in the last of 128 characters", rule("ECS-IMP-NAME-LEN-MAX"), func(ctx SpecContext) {
			first := k.NameOf(127)
			accepts(ctx, first+"a")
			accepts(ctx, first+"b")
		})
		It("refuses 129 characters", rule("ECS-IMP-NAME-LEN-MAX"), func(ctx SpecContext) {
			refuses(ctx, k.NameOf(129), malformed)
		})

		// The English text of the older edition wants a letter first, so that
		// there the count is shown behind one.
		lead, rest := "", 128
		if k.Edition == catalogue.Edition202011 {
			lead, rest = "a", 127
		}
		It("counts 128 Chinese characters as 128", rule("ECS-IMP-NAME-LEN-CHARS"), func(ctx SpecContext) {
			accepts(ctx, lead+Han(rest))
		})
		It("counts 129 Chinese characters as 129", rule("ECS-IMP-NAME-LEN-CHARS"), func(ctx SpecContext) {
			refuses(ctx, lead+Han(rest+1), malformed)
		})
		if k.Edition != catalogue.Edition202011 {
			It("counts two Chinese characters as two", rule("ECS-IMP-NAME-LEN-CHARS"), func(ctx SpecContext) {
				accepts(ctx, Han(2))
			})
			It("counts one Chinese character as one", rule("ECS-IMP-NAME-LEN-CHARS"), func(ctx SpecContext) {
				refuses(ctx, Han(1), malformed)
			})
		}
		DescribeTable("has a unit for characters beyond the basic plane:", func(ctx SpecContext, count int) {
			records(ctx, fmt.Sprintf("a letter and %d times U+20000", count), "a"+strings.Repeat("\U00020000", count))
		},
			Entry("63 behind a letter", rule("ECS-IMP-NAME-LEN-ASTRAL"), 63),
			Entry("64 behind a letter", rule("ECS-IMP-NAME-LEN-ASTRAL"), 64),
			Entry("127 behind a letter", rule("ECS-IMP-NAME-LEN-ASTRAL"), 127),
			Entry("128 behind a letter", rule("ECS-IMP-NAME-LEN-ASTRAL"), 128),
		)
	})

	Describe("beginning", func() {
		DescribeTable("takes", func(ctx SpecContext, first string) { accepts(ctx, first+k.Name()) },
			Entry("a lower-case letter", rule("ECS-IMP-NAME-FIRST-ASCII"), "a"),
			Entry("an upper-case letter", rule("ECS-IMP-NAME-FIRST-ASCII"), "A"),
			Entry("the last lower-case letter", rule("ECS-IMP-NAME-FIRST-ASCII"), "z"),
			Entry("the last upper-case letter", rule("ECS-IMP-NAME-FIRST-ASCII"), "Z"),
			Entry("Chinese characters", rule("ECS-IMP-NAME-FIRST-CJK"), "密钥"),
			Entry("the Chinese character U+4E00", rule("ECS-IMP-NAME-FIRST-CJK"), "\u4E00"),
			Entry("the Chinese character U+9FA5", rule("ECS-IMP-NAME-FIRST-CJK"), "\u9FA5"),
		)
		DescribeTable("may take", func(ctx SpecContext, first string) { records(ctx, "a name that begins with "+first, first+k.Name()) },
			Entry("a Latin letter with an accent", rule("ECS-IMP-NAME-FIRST-OTHER"), "é"),
			Entry("a Cyrillic letter", rule("ECS-IMP-NAME-FIRST-OTHER"), "Ж"),
			Entry("a Japanese syllable", rule("ECS-IMP-NAME-FIRST-OTHER"), "あ"),
			Entry("a sharp s", rule("ECS-IMP-NAME-FIRST-OTHER"), "ß"),
		)
		DescribeTable("refuses", func(ctx SpecContext, first string) { refuses(ctx, first+k.Name(), malformed) },
			Entry("the digit 0", rule("ECS-IMP-NAME-FIRST-DIGIT"), "0"),
			Entry("the digit 1", rule("ECS-IMP-NAME-FIRST-DIGIT"), "1"),
			Entry("the digit 9", rule("ECS-IMP-NAME-FIRST-DIGIT"), "9"),
			Entry("an Arabic-Indic digit", rule("ECS-IMP-NAME-FIRST-DIGIT.non-ascii"), "٣"),
			Entry("a colon", rule("ECS-IMP-NAME-FIRST-PUNCT"), ":"),
			Entry("an underscore", rule("ECS-IMP-NAME-FIRST-PUNCT"), "_"),
			Entry("a hyphen", rule("ECS-IMP-NAME-FIRST-PUNCT"), "-"),
			Entry("a period", rule("ECS-IMP-NAME-FIRST-PUNCT"), "."),
			Entry("http://", rule("ECS-IMP-NAME-NOHTTP"), "http://"),
			Entry("https://", rule("ECS-IMP-NAME-NOHTTPS"), "https://"),
			Entry("HTTP:// in capitals", rule("ECS-IMP-NAME-NOHTTPS"), "HTTP://"),
		)
		DescribeTable("takes what only resembles a URL:", func(ctx SpecContext, first string) { accepts(ctx, first+k.Name()) },
			Entry("http", rule("ECS-IMP-NAME-NOHTTP"), "http"),
			Entry("http:", rule("ECS-IMP-NAME-NOHTTP"), "http:"),
			Entry("http:-", rule("ECS-IMP-NAME-NOHTTP"), "http:-"),
			Entry("https", rule("ECS-IMP-NAME-NOHTTP"), "https"),
			Entry("httpx", rule("ECS-IMP-NAME-NOHTTP"), "httpx"),
			Entry("https:", rule("ECS-IMP-NAME-NOHTTPS"), "https:"),
		)
	})

	Describe("containing", func() {
		DescribeTable("takes", func(ctx SpecContext, inside string) { accepts(ctx, k.Name()+inside) },
			Entry("every ASCII letter", rule("ECS-IMP-NAME-LETTERS"), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"),
			Entry("every ASCII digit", rule("ECS-IMP-NAME-DIGITS"), "0123456789"),
			Entry("a colon", rule("ECS-IMP-NAME-COLON"), ":b"),
			Entry("a colon at the end", rule("ECS-IMP-NAME-COLON"), ":"),
			Entry("an underscore", rule("ECS-IMP-NAME-UNDERSCORE"), "_b"),
			Entry("an underscore at the end", rule("ECS-IMP-NAME-UNDERSCORE"), "_"),
			Entry("a hyphen", rule("ECS-IMP-NAME-HYPHEN"), "-b"),
			Entry("a hyphen at the end", rule("ECS-IMP-NAME-HYPHEN"), "-"),
			Entry("a period", rule("ECS-IMP-NAME-PERIOD"), ".b"),
			Entry("a period at the end", rule("ECS-IMP-NAME-PERIOD"), "."),
			Entry("a Latin letter with an accent", rule("ECS-IMP-NAME-UNILETTER"), "é"),
			Entry("a Cyrillic letter", rule("ECS-IMP-NAME-UNILETTER"), "Ж"),
			Entry("a Japanese syllable", rule("ECS-IMP-NAME-UNILETTER"), "あ"),
			Entry("a Chinese character", rule("ECS-IMP-NAME-UNILETTER"), "密"),
			Entry("a sharp s", rule("ECS-IMP-NAME-UNILETTER"), "ß"),
			Entry("a Hebrew letter", rule("ECS-IMP-NAME-UNILETTER"), "א"),
			Entry("a letter that has another normal form", rule("ECS-IMP-NAME-UNILETTER"), "\u212B"),
			Entry("a full-width letter", rule("ECS-IMP-NAME-UNILETTER"), "\uFF41"),
		)
		DescribeTable("may take", func(ctx SpecContext, inside string) {
			records(ctx, fmt.Sprintf("a name with %U inside", []rune(inside)[0]), k.Name()+inside+"b")
		},
			Entry("an Arabic-Indic digit", rule("ECS-IMP-NAME-UNIDIGIT"), "٣"),
			Entry("a Devanagari digit", rule("ECS-IMP-NAME-UNIDIGIT"), "३"),
			Entry("a fraction", rule("ECS-IMP-NAME-UNIDIGIT"), "½"),
			Entry("a Roman numeral sign", rule("ECS-IMP-NAME-UNIDIGIT"), "Ⅳ"),
			Entry("a combining accent", rule("ECS-IMP-NAME-OTHERCHARS.combining"), "\u0301"),
		)
		var others []any
		for c := rune(0); c < 0x80; c++ {
			if strings.ContainsRune(allowed, c) {
				continue
			}
			others = append(others, Entry(fmt.Sprintf("%U %q", c, c), rule("ECS-IMP-NAME-OTHERCHARS"), string(c)))
		}
		for _, c := range "：＿．–☃🔑😀\u200b" {
			others = append(others, Entry(fmt.Sprintf("%U %q", c, c), rule("ECS-IMP-NAME-OTHERCHARS.non-ascii"), string(c)))
		}
		DescribeTable("refuses", append([]any{func(ctx SpecContext, inside string) {
			refuses(ctx, k.Name()+inside+"b", malformed)
		}}, others...)...)
		DescribeTable("refuses at the beginning", func(ctx SpecContext, first string) { refuses(ctx, first+k.Name(), malformed) },
			Entry("a space", rule("ECS-IMP-NAME-OTHERCHARS"), " "),
			Entry("a tab", rule("ECS-IMP-NAME-OTHERCHARS"), "\t"),
		)
		DescribeTable("refuses at the end", func(ctx SpecContext, last string) { refuses(ctx, k.Name()+last, malformed) },
			Entry("a space", rule("ECS-IMP-NAME-OTHERCHARS"), " "),
			Entry("a line feed", rule("ECS-IMP-NAME-OTHERCHARS"), "\n"),
		)
	})

	Describe("already taken", func() {
		taken := func(ctx SpecContext, again string) {
			GinkgoHelper()
			name, first := k.Name(), FreshKey()
			as := alreadyExists.Bare()
			if again == "" {
				again, as = first, AnyRefusal // that the key is known, too, may be said first
			}
			Given(k.ECS.Call(ctx, k.Import(name, first))).To(BeAccepted())
			before := k.ECS.Find(ctx, name)
			Given(before).To(BePresent())
			Expect(k.ECS.Send(ctx, k.Import(name, again))).To(BeRefused(as))
			Expect(k.ECS.Find(ctx, name)).To(BeUnchanged(before))
		}
		It("refuses the name with the same key", rule("ECS-IMP-NAME-UNIQUE"), func(ctx SpecContext) { taken(ctx, "") })
		It("refuses the name with another key and keeps the first", rule("ECS-IMP-NAME-UNIQUE"), func(ctx SpecContext) {
			taken(ctx, FreshKey())
		})
		It("gives the name to one of two requests that come at once", rule("ECS-IMP-NAME-UNIQUE"), func(ctx SpecContext) {
			name := k.Name()
			Given(k.ECS.Send(ctx, k.Import(k.Name(), FreshKey()))).To(BeAccepted())
			contenders := []wire.Call{k.Import(name, FreshKey()), k.Import(name, FreshKey())}
			won, lost := 0, wire.Call{}
			for i, answer := range AtOnce(len(contenders), func(i int) *wire.Answer { return k.ECS.Send(ctx, contenders[i]) }) {
				if good, _ := BeAccepted().Match(answer); good {
					won++
					continue
				}
				lost = contenders[i]
				Expect(answer).To(BeRefused(alreadyExists.Bare()))
			}
			Expect(won).To(gomega.Equal(1), "of two requests for one name that came at once, so many were taken")
			listed := k.ECS.Find(ctx, name)
			Given(listed).To(BePresent())
			Expect(listed).NotTo(HaveFingerprint(FingerprintOf(lost.Value("PublicKeyBody"))))
		})
		It("refuses the name of a key pair that the service generated", rule("ECS-IMP-NAME-UNIQUE-CREATE"), func(ctx SpecContext) {
			name := k.Name()
			Given(k.ECS.Create(ctx, k.Region(), name)).To(BeAccepted())
			created := k.ECS.Find(ctx, name)
			Given(created).To(BePresent())
			Expect(k.ECS.Send(ctx, k.Import(name, FreshKey()))).To(BeRefused(alreadyExists.Bare()))
			Expect(k.ECS.Find(ctx, name)).To(BeUnchanged(created))
		})
		It("does not let a generated key pair take an imported one's name", rule("ECS-IMP-NAME-UNIQUE-CREATE"), func(ctx SpecContext) {
			name := k.Name()
			Given(k.ECS.Call(ctx, k.Import(name, FreshKey()))).To(BeAccepted())
			before := k.ECS.Find(ctx, name)
			Given(before).To(BePresent())
			Expect(k.ECS.Create(ctx, k.Region(), name)).To(BeRefused(AnyRefusal))
			Expect(k.ECS.Find(ctx, name)).To(BeUnchanged(before))
		})
		It("takes the same name in another region", rule("ECS-IMP-NAME-UNIQUE-REGION"), func(ctx SpecContext) {
			name, there := k.Name(), k.OtherRegion()
			Given(k.ECS.Call(ctx, k.Import(name, FreshKey()))).To(BeAccepted())
			k.ECS.Accepts(ctx, k.Import(name, FreshKey()).With("RegionId", there))
			Expect(k.ECS.Find(ctx, name)).To(BePresent())
		})
		It("takes the same name from another account", rule("ECS-IMP-NAME-UNIQUE-ACCOUNT"), func(ctx SpecContext) {
			name, other := k.Name(), k.OtherECS()
			Given(k.ECS.Call(ctx, k.Import(name, FreshKey()))).To(BeAccepted())
			mine := k.ECS.Find(ctx, name)
			Given(mine).To(BePresent())
			other.AcceptsToo(ctx, k.Import(name, FreshKey()))
			Expect(k.ECS.Find(ctx, name)).To(BeUnchanged(mine))
			Expect(other.Find(ctx, name)).NotTo(HaveTheFingerprintOf(mine))
		})
		It("may tell names apart by letter case", rule("ECS-IMP-NAME-CASE"), func(ctx SpecContext) {
			lower := k.Name()
			Given(k.ECS.Send(ctx, k.Import(strings.ToUpper(lower[:1])+lower[1:], FreshKey()))).To(BeAccepted())
			got := k.ECS.Send(ctx, k.Import(lower, FreshKey()))
			Expect(got).To(BeAnAnswer())
			ObserveAnswer("the same name in other letter case", got)
		})
		It("takes the name again after the key pair was deleted", rule("ECS-IMP-NAME-REUSE"), func(ctx SpecContext) {
			name := k.Name()
			Given(k.ECS.Call(ctx, k.Import(name, FreshKey()).With("Tag.1.Key", "first").With("Tag.1.Value", "v"))).To(BeAccepted())
			first := k.ECS.Find(ctx, name)
			Given(first).To(BePresent())
			Given(k.ECS.Delete(ctx, name)).To(BeAccepted())
			Given(k.ECS.Find(ctx, name)).To(BeAbsent())
			k.ECS.AcceptsToo(ctx, k.Import(name, FreshKey()))
			Expect(k.ECS.Find(ctx, name)).NotTo(HaveTheFingerprintOf(first))
			Expect(k.ECS.Find(ctx, name)).NotTo(HaveTag("first", "v"), "nothing of the first is left")
		})
	})
}
