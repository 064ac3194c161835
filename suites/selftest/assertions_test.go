package selftest

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/extensions/globals"
	"github.com/onsi/ginkgo/v2/types"
	"github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/suites/vocabulary"
)

type quiet struct{}

func (quiet) Fail() {}

// A spec must assert something of its rule: what it stands on does not count, and an observation only where the rule
// asks for nothing else.
func TestASpecThatAssertsNothingIsAnError(t *testing.T) {
	g := gomega.NewWithT(t)
	kit, err := vocabulary.NewKit(vocabulary.Options{
		Edition: catalogue.Edition202606,
		Place:   target.Place{ECS: "http://127.0.0.1", SWAS: "http://127.0.0.1", World: world.Default()},
	})
	g.Expect(err).NotTo(gomega.HaveOccurred())
	const must, observe = "ECS-IMP-JSON", "SWAS-IMP-TOKEN-SCOPE"
	globals.Reset()
	defer globals.Reset()
	It("nothing", kit.Rule(must), func() {})
	It("a ground only", kit.Rule(must), func() { vocabulary.Given(1).To(gomega.Equal(1)) })
	It("an observation only", kit.Rule(must), func() { vocabulary.Observe("a number", 1) })
	It("an observation of its own", kit.Rule(observe), func() { vocabulary.Observe("a number", 1) })
	It("an assertion", kit.Rule(must), func() { vocabulary.Expect(1).To(gomega.Equal(1)) })
	It("a negative one", kit.Rule(must), func() { vocabulary.Expect(1).NotTo(gomega.Equal(2)) })

	told := map[string]string{}
	ReportAfterSuite("the outcomes", func(r types.Report) {
		for _, spec := range r.SpecReports {
			if spec.LeafNodeType == types.NodeTypeIt {
				told[spec.LeafNodeText] = spec.Failure.Message
			}
		}
	})
	suite, reporter := GinkgoConfiguration()
	reporter.Succinct = true
	RunSpecs(quiet{}, "the strictness of specs", suite, reporter)
	const nothing = "this spec asserts nothing of its rule"
	g.Expect(told).To(gomega.Equal(map[string]string{
		"nothing": nothing, "a ground only": nothing, "an observation only": nothing,
		"an observation of its own": "", "an assertion": "", "a negative one": "",
	}))
}
