package vocabulary

import (
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"

	"github.com/kpspec/kpspec/harness/names"
)

// Spec is one spec, as those see it who share the specs of a run out among
// several processes.
type Spec struct {
	Text    string
	Product string   // of the rule it is about
	Group   string   // see [Kit.Together]
	Holds   []string // see [Kit.Together]
	Needs   []string // see [Needs]
}

// What specs use up or change that there is only one of, or little of.
const (
	Servers  = "servers"            // of the account under test
	SWASRoom = "room in SWAS"       // for a few key pairs in the region that the specs work in
	ECSFull  = "a full ECS region"  // the region that the specs about the quota of ECS fill
	SWASFull = "a full SWAS region" // the same of SWAS
)

// The beginnings of the labels by which specs say what they use.
const (
	togetherLabel = "together="
	holdsLabel    = "holds="
	needsLabel    = "needs="
)

// Together is a decorator of a container: its specs share what they have made, so
// one process runs all of them. What they hold nobody else uses from the first to the
// last.
func (k *Kit) Together(group string, holds ...string) []any {
	labels := Label(togetherLabel + group)
	for _, what := range holds {
		labels = append(labels, holdsLabel+what)
	}
	if k.parallel {
		return []any{labels, Ordered, ContinueOnFailure} // Ginkgo gives these to one process
	}
	return []any{labels}
}

// InOrder is a decorator of a container within one of [Kit.Together]: its specs run one
// after the other, as they stand.
func (k *Kit) InOrder() []any {
	if k.parallel {
		return []any{Ordered} // the outer one goes on after a failure
	}
	return []any{Ordered, ContinueOnFailure}
}

// Needs is a decorator: a spec uses this, and no other spec must do so meanwhile.
func Needs(what ...string) Labels {
	var labels Labels
	for _, w := range what {
		labels = append(labels, needsLabel+w)
	}
	return labels
}

// Company are the other processes of a run.
type Company struct {
	Use    func(name string)      // tells them that a key pair of this name is about to be made
	Others func(name string) bool // whether one of them is about to make, or has made, one of this name
}

// Apart is a list without the key pairs that other runs make, or other processes
// of this one, meanwhile: what is compared with it was listed before.
func (k *Kit) Apart(listed []Pair) []Pair {
	return slices.DeleteFunc(slices.Clone(listed), func(p Pair) bool {
		return names.Within(p.Name) && !k.names.Made(p.Name) || k.company != nil && k.company.Others(p.Name)
	})
}

// specOf is what there is to know of a spec of Ginkgo's; product is that of its rule.
func specOf(report types.SpecReport, product string) Spec {
	s := Spec{Text: report.FullText(), Product: product}
	for _, label := range report.Labels() {
		if group, ok := strings.CutPrefix(label, togetherLabel); ok {
			s.Group = group
		}
		if what, ok := strings.CutPrefix(label, holdsLabel); ok {
			s.Holds = append(s.Holds, what)
		}
		if what, ok := strings.CutPrefix(label, needsLabel); ok {
			s.Needs = append(s.Needs, what)
		}
	}
	return s
}

// uses stops a spec that uses what it has not said it does: beside another process
// its verdict would be a matter of luck.
func (k *Kit) uses(what string) {
	GinkgoHelper()
	if spec := specOf(CurrentSpecReport(), ""); !slices.Contains(append(spec.Holds, spec.Needs...), what) {
		Fail("this spec uses " + what + " and must say so, by Needs or Together")
	}
}
