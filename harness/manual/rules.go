package manual

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/reference/defect"
	"github.com/kpspec/kpspec/suites"
)

// rules is the catalogue, with what is there for each rule.
func (p *page) rules() error {
	all, err := catalogue.Load()
	if err != nil {
		return err
	}
	specs := map[catalogue.Edition]map[string]int{}
	for _, e := range []catalogue.Edition{catalogue.Edition202606, catalogue.Edition202011} {
		if specs[e], err = suites.Coverage(e); err != nil {
			return err
		}
	}
	defects := map[string]int{}
	for _, d := range defect.All() {
		for _, id := range d.Rules {
			defects[id]++
		}
	}

	p.line("## Rules")
	p.line(fmt.Sprintf("%d rules. A line whose id ends in a word after a period is a part of the rule above it, with a level of its own. *Specs* try the\n"+
		"rule, [defects](../reference/defect/DEFECTS.md) of the reference break it. Where the editions differ, each is named.", len(all.Rules())))
	var about string
	for _, r := range all.Rules() {
		if operation := r.Product + " " + r.Operation; operation != about {
			if about != "" {
				p.WriteString("\n")
			}
			about = operation
			p.line("### " + operation)
			p.head("rule", "level", "what an implementation must do", "documents", "specs", "defects")
		}
		editions := heldIn(all, r)
		statement := plain(r.Statement)
		if r.Excluded != "" {
			statement += " *Not tested: " + plain(r.Excluded) + "*"
		}
		p.row(r.ID,
			each(editions, len(all.Editions(r.Product)), func(e catalogue.Edition) string { return string(r.LevelIn(e)) }),
			statement, strings.Join(r.Documents, ", "),
			each(editions, len(all.Editions(r.Product)), func(e catalogue.Edition) string {
				return strconv.Itoa(specs[cmp.Or(e, catalogue.Edition202606)][r.ID])
			}),
			strconv.Itoa(defects[r.ID]))
		for _, part := range r.Clauses {
			p.row(r.ID+"."+part.Key,
				each(editions, len(all.Editions(r.Product)), func(e catalogue.Edition) string { return string(part.LevelIn(e)) }),
				plain(part.Statement), "", "", "")
		}
	}
	p.WriteString("\n")
	p.documents(all)
	return nil
}

// heldIn are the editions that a rule holds in, the newest first; of a product
// without editions the one without a name.
func heldIn(all *catalogue.Catalogue, r catalogue.Rule) []catalogue.Edition {
	var held []catalogue.Edition
	for _, e := range slices.Backward(all.Editions(r.Product)) {
		if r.InEdition(e) {
			held = append(held, e)
		}
	}
	if held == nil {
		return []catalogue.Edition{""}
	}
	return held
}

// each is a value where it is the same in all editions, and else one for each.
func each(held []catalogue.Edition, editions int, value func(catalogue.Edition) string) string {
	var named, values []string
	for _, e := range held {
		values = append(values, value(e))
		named = append(named, fmt.Sprintf("%s (%s)", value(e), e))
	}
	if len(slices.Compact(values)) == 1 && len(held) >= editions {
		return values[0]
	}
	return strings.Join(named, ", ")
}

func (p *page) documents(all *catalogue.Catalogue) {
	p.line("### Documents")
	p.head("document", "page", "of")
	for _, d := range all.Documents() {
		page := plain(cmp.Or(d.Page, d.Title))
		if d.URL != "" {
			page = fmt.Sprintf("[%s](%s)", page, d.URL)
		}
		p.row(d.ID, page, d.Date)
	}
	p.WriteString("\n")
}
