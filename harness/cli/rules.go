package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/kpspec/kpspec/fixtures/catalogue"
)

// listed is a rule as `kpspec rules --json` shows it.
type listed struct {
	ID        string              `json:"id"`
	Product   string              `json:"product"`
	Operation string              `json:"operation"`
	Level     catalogue.Level     `json:"level"`    // in the edition asked for
	Editions  []catalogue.Edition `json:"editions"` // in which the rule stands, oldest first; none where the product has one only
	Specs     int                 `json:"specs"`    // in the edition asked for
	Excluded  string              `json:"excluded,omitempty"`
	Statement string              `json:"statement"`
}

func (p *Program) rulesCommand() *cobra.Command {
	var (
		asJSON   bool
		patterns []string
		edition  = catalogue.Edition202606
	)
	c := &cobra.Command{
		Use:   "rules",
		Short: "List the rules of the catalogue and how many specs each has",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			rules, err := p.listRules(edition, patterns)
			if err != nil {
				return err
			}
			if asJSON {
				return broken(writeJSON(p.Stdout, "  ", rules))
			}
			return broken(p.writeTable(rules))
		},
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.BoolVar(&asJSON, "json", false, "print a JSON list")
	flags.StringArrayVar(&patterns, "rule", nil, "list the rules that match `ID|pattern` (* ? [...]); may be repeated (default all)")
	editions := editionChoice(&edition)
	flags.Var(editions, "edition", "edition of the documents that levels and specs are of (default 2026-06)")
	complete(c, "rule", ruleIDs)
	complete(c, "edition", editions.words)
	return c
}

func (p *Program) listRules(edition catalogue.Edition, patterns []string) ([]listed, error) {
	rules, err := catalogue.Load()
	if err != nil {
		return nil, incomplete("the embedded catalogue: %w", err)
	}
	matched, err := rules.Match(patterns...)
	if err != nil {
		return nil, usage("--rule: %w", err)
	}
	specs, err := p.Coverage(edition)
	if err != nil {
		return nil, incomplete("the suites: %w", err)
	}
	var list []listed
	for _, rule := range matched {
		l := listed{
			ID: rule.ID, Product: rule.Product, Operation: rule.Operation, Level: rule.LevelIn(edition),
			Editions: []catalogue.Edition{}, Specs: specs[rule.ID], Excluded: rule.Excluded, Statement: rule.Statement,
		}
		for _, e := range rules.Editions(rule.Product) {
			if rule.InEdition(e) {
				l.Editions = append(l.Editions, e)
			}
		}
		list = append(list, l)
	}
	return list, nil
}

// writeJSON writes v with < and > as they are.
func writeJSON(w io.Writer, indent string, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	return enc.Encode(v)
}

func (p *Program) writeTable(rules []listed) error {
	w := tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0)
	var covered, excluded int
	_, _ = fmt.Fprintln(w, "RULE\tOPERATION\tLEVEL\tEDITIONS\tSPECS\tSTATEMENT")
	for _, r := range rules {
		var editions []string
		for _, e := range r.Editions {
			editions = append(editions, string(e))
		}
		statement := r.Statement
		switch {
		case r.Excluded != "":
			excluded++
			statement += " (excluded: " + r.Excluded + ")"
		case r.Specs > 0:
			covered++
		}
		_, _ = fmt.Fprintf(w, "%s\t%s %s\t%s\t%s\t%d\t%s\n",
			r.ID, r.Product, r.Operation, r.Level, cmp.Or(strings.Join(editions, " "), "-"), r.Specs, statement)
	}
	_, _ = fmt.Fprintf(w, "\n%d rules: %d with specs, %d excluded, %d without specs yet\n",
		len(rules), covered, excluded, len(rules)-covered-excluded)
	return w.Flush() // a tabwriter keeps all of it until now
}
