package suites

import (
	"context"
	"strings"
	"testing"

	"github.com/onsi/ginkgo/v2/types"
	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/verdict"
)

// aSpec is a spec of the tree, or one that Ginkgo has run.
func aSpec(text string, labels ...string) types.SpecReport {
	return types.SpecReport{
		LeafNodeType: types.NodeTypeIt, LeafNodeText: text, LeafNodeLabels: labels,
		LeafNodeLocation: types.CodeLocation{FileName: "/somewhere/suites/ecs/answer.go", LineNumber: 7},
	}
}

// wholeTree has a spec for every rule of the newest edition.
func wholeTree(t *testing.T) (*run, types.SpecReports) {
	t.Helper()
	rules, err := catalogue.Load()
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	r := &run{catalogue: rules, specs: map[string]int{}}
	var tree types.SpecReports
	for _, rule := range rules.Rules() {
		if rule.Excluded == "" && rule.InEdition(catalogue.Edition202606) {
			tree = append(tree, aSpec("is about "+rule.ID, rule.ID))
			r.specs[rule.ID]++
		}
	}
	return r, tree
}

func TestATreeOfSpecsMustBeSound(t *testing.T) {
	g := NewWithT(t)
	r, tree := wholeTree(t)
	g.Expect(r.sound(tree)).To(Succeed())

	g.Expect(r.sound(append(tree, aSpec("is about nothing")))).To(MatchError(ContainSubstring(`suites/ecs/answer.go:7: the spec "is about nothing" is about no rule`)))
	g.Expect(r.sound(append(tree, aSpec("is about ECS-IMP-JSON", "ECS-IMP-XML")))).To(MatchError(ContainSubstring(`"is about ECS-IMP-JSON" has the text of the one at`)))
	theirs := aSpec("is somebody else's")
	theirs.LeafNodeLocation.FileName = "/somewhere/theirs_test.go"
	g.Expect(r.sound(append(tree, theirs))).To(Succeed())

	delete(r.specs, "ECS-IMP-JSON")
	err := r.sound(tree)
	g.Expect(err).To(MatchError(ContainSubstring("no spec is about ECS-IMP-JSON;")))
	g.Expect(strings.Count(err.Error(), "\n")).To(Equal(1), "one problem")
}

// A spec that Ginkgo has not begun says nothing of itself: the run has the cause.
func TestASpecThatNeverRanHasTheCauseOfTheRun(t *testing.T) {
	g := NewWithT(t)
	r, tree := wholeTree(t)
	r.cfg.Edition = catalogue.Edition202606
	for i := range tree {
		tree[i].State = types.SpecStateSkipped
	}
	r.ran.SpecReports = tree
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, rule := range r.report(ctx, r.share()).Rules {
		for _, spec := range rule.Specs {
			g.Expect(spec.Verdict).To(Equal(verdict.CouldNotRun))
			g.Expect(spec.Failure).To(Equal("the run was interrupted"))
		}
	}
	for _, rule := range r.report(t.Context(), r.share()).Rules {
		for _, spec := range rule.Specs {
			g.Expect(spec.Failure).To(Equal("the spec did not run"))
		}
	}
}
