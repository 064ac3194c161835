package report

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/kpspec/kpspec/harness/verdict"
)

// alike are specs that are not met for one cause: the same differences, or the same
// text, apart from what any two runs have in another form.
type alike struct {
	cause string // one line
	specs []unmet
}

// unmet is a spec that is not met, and its rule.
type unmet struct {
	rule Rule
	spec Spec
}

func (u unmet) ref() string { return clean(ruleRef(u.rule, u.spec)) }

// ids are the rules of the specs.
func (a alike) ids() []string {
	var c causes
	for _, u := range a.specs {
		c.add("", u.rule.ID)
	}
	return c[0].IDs
}

// unmetBy are the specs of a verdict, by cause, in the order in which each cause was
// first met.
func (r Report) unmetBy(v verdict.Verdict) []alike {
	var all []alike
	at := map[string]int{}
	for _, rule := range r.Rules {
		for _, s := range rule.Specs {
			if s.Verdict != v {
				continue
			}
			key := s.likeness()
			i, known := at[key]
			if !known {
				i = len(all)
				at[key] = i
				all = append(all, alike{cause: oneLine(s.cause())})
			}
			all[i].specs = append(all[i].specs, unmet{rule, s})
		}
	}
	return all
}

// cause says in full why a spec is not met.
func (s Spec) cause() string {
	var said []string
	for _, m := range s.Mismatches {
		said = append(said, fmt.Sprintf("%s: expected %s, got %s", m.Path, m.Expected, m.Got))
	}
	return cmp.Or(strings.Join(said, "; "), s.Failure, "no cause recorded")
}

// likeness is the same for two specs that fail for one cause.
func (s Spec) likeness() string { return verdict.Normal(s.cause()) }
