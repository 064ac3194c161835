package cli

import (
	"fmt"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/suites"
)

func (p *Program) listCommand() *cobra.Command {
	var f runFlags
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List the specs that run would run",
		Long: `List the specs that kpspec run would run with the same flags, in their order, each
with its rule, its level, its sentence and where it stands. Which of them do not
apply to a target for want of something in its world shows only when they run.
kpspec rules lists the rules instead, also those without specs.`,
		Example: `  kpspec list --rule 'ECS-IMP-NAME-*'
  kpspec list --rerun-failed report.json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := f.configuration(c)
			if err != nil {
				return err
			}
			specs, err := p.wouldRun(cfg, f.rules)
			if err != nil {
				return err
			}
			if asJSON {
				return broken(writeJSON(p.Stdout, "  ", specs))
			}
			return broken(p.writeSpecs(specs))
		},
	}
	f.targetFlags(c)
	f.selectionFlags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON list")
	return c
}

// wouldRun are the specs that a run with this configuration and these patterns
// would run.
func (p *Program) wouldRun(cfg target.Config, patterns []string) ([]suites.Spec, error) {
	rules, err := catalogue.Load()
	if err != nil {
		return nil, incomplete("the embedded catalogue: %w", err)
	}
	selected, _, err := p.selection(rules, cfg.Edition, patterns)
	if err != nil {
		return nil, err
	}
	all, err := p.Specs(cfg.Edition)
	if err != nil {
		return nil, incomplete("the suites: %w", err)
	}
	return slices.DeleteFunc(all, func(s suites.Spec) bool {
		rule, _ := rules.Rule(s.Rule)
		lacks := cfg.Target == target.Endpoint &&
			(rule.Product == "ECS" && cfg.Endpoints.ECS == "" || rule.Product == "SWAS" && cfg.Endpoints.SWAS == "")
		return lacks || !slices.Contains(selected, s.Rule)
	}), nil
}

func (p *Program) writeSpecs(specs []suites.Spec) error {
	w := tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0)
	ids := map[string]bool{}
	_, _ = fmt.Fprintln(w, "RULE\tLEVEL\tSPEC\tPLACE")
	for _, s := range specs {
		ids[s.Rule] = true
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", specRule(s), s.Level, s.Text, s.Location)
	}
	_, _ = fmt.Fprintf(w, "\nspecs: %d, of rules: %d\n", len(specs), len(ids))
	return w.Flush() // a tabwriter keeps all of it until now
}

// specRule is the rule of a spec, with its clause.
func specRule(s suites.Spec) string {
	if s.Clause == "" {
		return s.Rule
	}
	return s.Rule + "." + s.Clause
}
