package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/plain"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/reference/defect"
	"github.com/kpspec/kpspec/suites"
)

func (p *Program) explainCommand() *cobra.Command {
	var file string
	var edition catalogue.Edition
	c := &cobra.Command{
		Use:   "explain RULE",
		Short: "Say what a rule asks for, where it stands, and how it is tested",
		Long: `Say what a rule asks for, the documents that it stands in, why it reads so, the
specs that test it, and the declared defects of the reference that break it; with
--report also what a report says of it.`,
		Example: `  kpspec explain ECS-IMP-NAME-LEN-MAX
  kpspec explain ECS-IMP-NAME-LEN-MAX --report report.json`,
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return ruleIDs(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("kpspec explain takes the id of one rule")
			}
			if c.Flags().Changed("report") && file == "" {
				return usage("--report: no file is named")
			}
			return p.explain(args[0], file, edition)
		},
	}
	flags := c.Flags()
	flags.SortFlags = false
	editions := editionChoice(&edition)
	flags.StringVar(&file, "report", "", "say what `REPORT.json` says of the rule")
	flags.Var(editions, "edition", "edition of the documents (default that of the report, or the newest that has the rule)")
	complete(c, "edition", editions.words)
	return c
}

// explain does the work of `kpspec explain`.
func (p *Program) explain(ref, file string, edition catalogue.Edition) error {
	rules, err := catalogue.Load()
	if err != nil {
		return incomplete("the embedded catalogue: %w", err)
	}
	id, key, dotted := strings.Cut(ref, ".")
	if id = strings.ToUpper(id); dotted {
		id += "." + key
	}
	rule, _, err := rules.Resolve(id)
	if err != nil {
		return usage("%w", err)
	}
	var r report.Report
	if file != "" {
		if r, err = readReport(file); err != nil {
			return err
		}
	}
	edition = cmp.Or(edition, r.Edition, newest(rule))
	specs, err := p.Specs(edition)
	if err != nil {
		return incomplete("the suites: %w", err)
	}
	var out page
	out.rule(rule, rules, edition)
	out.specs(rule, specs, edition)
	out.defects(rule)
	if file != "" {
		if err := out.reported(r, file, rule.ID, p.Color); err != nil {
			return broken(err)
		}
	}
	_, err = fmt.Fprint(p.Stdout, out.String())
	return broken(err)
}

// newest is the newest edition that has the rule.
func newest(rule catalogue.Rule) catalogue.Edition {
	if rule.InEdition(catalogue.Edition202606) {
		return catalogue.Edition202606
	}
	return catalogue.Edition202011
}

// page is the text about one rule.
type page struct{ strings.Builder }

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// text is a paragraph, wrapped.
func (p *page) text(indent, s string) {
	const width = 100
	line := indent
	for word := range strings.FieldsSeq(s) {
		if len(line) > len(indent) && len(line)+1+len(word) > width {
			p.line("%s", line)
			line = indent
		}
		if len(line) > len(indent) {
			line += " "
		}
		line += word
	}
	p.line("%s", line)
}

func (p *page) rule(rule catalogue.Rule, rules *catalogue.Catalogue, edition catalogue.Edition) {
	p.line("%s  %s  %s %s", rule.ID, levels(rule.Level, rule.Levels), rule.Product, rule.Operation)
	p.text("  ", rule.Statement)
	p.line("\nstands in")
	for _, id := range rule.Documents {
		d, _ := rules.Document(id)
		p.line("  %s", cmp.Or(d.Title, id))
		if d.Date != "" {
			p.line("    %s", strings.TrimSpace(fmt.Sprintf("%s, of %s %s", d.Page, d.Date, d.URL)))
		}
	}
	if len(rule.Documents) == 0 {
		p.line("  no document; see why")
	}
	if !rule.InEdition(edition) {
		p.line("  It is no rule of the %s edition.", edition)
	}
	if rule.Since != "" {
		p.line("  It holds since the %s edition.", rule.Since)
	}
	if rule.Until != "" {
		p.line("  It holds until the %s edition.", rule.Until)
	}
	if rule.Why != "" {
		p.line("\nwhy")
		p.text("  ", rule.Why)
	}
	if len(rule.Clauses) > 0 {
		p.line("\nclauses")
	}
	for _, c := range rule.Clauses {
		p.line("  .%s  %s", c.Key, levels(c.Level, c.Levels))
		p.text("    ", c.Statement)
		if c.Why != "" {
			p.text("    ", c.Why)
		}
	}
}

// levels is a level and those of the editions that have another one.
func levels(level catalogue.Level, by map[catalogue.Edition]catalogue.Level) string {
	said := string(level)
	for _, e := range []catalogue.Edition{catalogue.Edition202011, catalogue.Edition202606} {
		if l, ok := by[e]; ok && l != level {
			said += fmt.Sprintf(" (%s: %s)", e, l)
		}
	}
	return said
}

func (p *page) specs(rule catalogue.Rule, all []suites.Spec, edition catalogue.Edition) {
	specs := slices.DeleteFunc(all, func(s suites.Spec) bool { return s.Rule != rule.ID })
	switch {
	case rule.Excluded != "":
		p.line("\nnot tested")
		p.text("  ", rule.Excluded)
		return
	case len(specs) == 0:
		p.line("\nnot tested in the %s edition", edition)
		return
	}
	p.line("\ntested by, in the %s edition", edition)
	for _, s := range specs {
		clause := ""
		if s.Clause != "" {
			clause = fmt.Sprintf(" (.%s, %s)", s.Clause, s.Level)
		}
		p.line("  %s%s", s.Text, clause)
		p.line("    %s", s.Location)
	}
}

func (p *page) defects(rule catalogue.Rule) {
	const few = 12
	n := 0
	for _, d := range defect.All() {
		if !slices.Contains(d.Rules, rule.ID) {
			continue
		}
		if n++; n == 1 {
			p.line("\nbroken by the declared defects (kpspec run --reference-defect ID)")
		}
		if n <= few {
			p.line("  %s", d.ID)
			p.text("    ", d.Sentence)
		}
	}
	if n > few {
		p.line("  and %d more; kpspec prove --list has all", n-few)
	}
}

// reported says what a report says of the rule.
func (p *page) reported(r report.Report, file, id string, color bool) error {
	p.line("\nin %s, of %s, edition %s", plain.Line(file), plain.Line(r.Target.Name), r.Edition)
	for _, rule := range r.Rules {
		if rule.ID != id {
			continue
		}
		return report.Explain(p, rule, "kpspec replay "+file+" "+id, color)
	}
	for _, n := range r.NotCovered {
		if n.ID == id {
			p.line("  not covered: %s", plain.Line(n.Reason))
			return nil
		}
	}
	p.line("  not selected")
	return nil
}
