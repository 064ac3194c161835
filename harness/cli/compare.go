package cli

import (
	"github.com/spf13/cobra"

	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/verdict"
)

func (p *Program) compareCommand(code *int) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "compare A.json B.json",
		Short: "Say what differs between two reports, and what got worse",
		Long: `Say what differs between two reports: rules that got worse from A to B, rules that
got better, what was observed differently, and what only one of them has. Rules
that only one of them has are no loss: the editions or the selections differ.

Exit codes: 0 nothing got worse, 1 something got worse, 2 a file is no report.`,
		Example: `  kpspec compare old.json new.json
  kpspec compare --json emulator.json service.json`,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage("kpspec compare takes two reports, not %d", len(args))
			}
			a, err := readReport(args[0])
			if err != nil {
				return err
			}
			b, err := readReport(args[1])
			if err != nil {
				return err
			}
			made := report.Compare(a, b)
			if len(made.Worse) > 0 {
				*code = verdict.ExitNotConformant
			}
			if asJSON {
				return broken(writeJSON(p.Stdout, "  ", made))
			}
			return broken(made.Summary(p.Stdout, p.Color))
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
