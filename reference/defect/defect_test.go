package defect

import (
	"regexp"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/reference"
)

// What a defect says of itself is true as far as it can be seen without trying it: its rules stand in the catalogue and ask
// for something.
func TestDefectsAreWellDeclared(t *testing.T) {
	t.Parallel()
	rules, err := catalogue.Load()
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	ids, sentences := map[string]bool{}, map[string]string{}
	for _, d := range All() {
		g := NewWithT(t)
		g.Expect(d.ID).To(MatchRegexp(`^(ecs|swas)-[A-Za-z0-9-]+$`))
		g.Expect(ids).NotTo(HaveKey(d.ID))
		ids[d.ID] = true
		g.Expect(d.Sentence).To(MatchRegexp(`^[A-Z].*\.$`), d.ID)
		g.Expect(sentences).NotTo(HaveKey(d.Sentence), "%s says the same as %s", d.ID, sentences[d.Sentence])
		sentences[d.Sentence] = d.ID
		g.Expect(d.Rules).NotTo(BeEmpty(), d.ID)
		edition := catalogue.Edition202606
		if d.Edition != "" {
			edition = catalogue.Edition(d.Edition)
		}
		seen := map[string]bool{}
		for _, id := range d.Rules {
			rule, known := rules.Rule(id)
			g.Expect(known).To(BeTrue(), "%s: %s", d.ID, id)
			g.Expect(seen).NotTo(HaveKey(id), d.ID)
			seen[id] = true
			g.Expect(rule.InEdition(edition)).To(BeTrue(), "%s: %s", d.ID, id)
			g.Expect(rule.AsksIn(edition)).To(BeTrue(), "%s: %s", d.ID, id)
		}
	}
}

// Every defect finds its place in the reference, and asks for the parts that it changes.
func TestDefectsFindTheirPlace(t *testing.T) {
	t.Parallel()
	for _, d := range All() {
		var asked reference.Asked
		o := d.In(reference.Options{PoolSize: -1})
		change := o.Change
		o.Change = func(p *reference.Parts) {
			change(p)
			asked = p.Asked()
		}
		_, err := reference.New(world.Default(), o)
		g := NewWithT(t)
		g.Expect(err).NotTo(HaveOccurred(), d.ID)
		g.Expect(asked).NotTo(BeZero(), d.ID)
		if regexp.MustCompile(`^ecs-`).MatchString(d.ID) {
			g.Expect(asked.SWAS).To(BeFalse(), d.ID)
		} else if d.ID != "swas-import-name-unique-with-ecs" { // which is about both
			g.Expect(asked.ECS).To(BeFalse(), d.ID)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	d, err := Find(All()[0].ID)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(d.ID).To(Equal(All()[0].ID))
	_, err = Find("ecs-none")
	g.Expect(err).To(MatchError(ContainSubstring(`"ecs-none"`)))
}
