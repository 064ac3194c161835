package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/kpspec/kpspec/harness/plain"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/verdict"
	"github.com/kpspec/kpspec/harness/wire"
)

func (p *Program) doctorCommand(code *int) *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Say whether a target can be tested, and if not, why",
		Long: `Ask a target what every run asks first, and tell one cause from the other: its
name, the connection, TLS, whether it is this API, the clocks, the signature, the
permission, the regions, and the other identities of the world. Nothing is made.

Exit codes: 0 it can be tested, 2 wrong usage or configuration, 3 it cannot.`,
		Example: `  kpspec doctor --config kpspec.yaml`,
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := f.configuration(c)
			if err != nil {
				return err
			}
			return p.doctor(c.Context(), cfg, code)
		},
	}
	f.targetFlags(c)
	return c
}

// doctor does the work of `kpspec doctor`.
func (p *Program) doctor(ctx context.Context, cfg target.Config, code *int) (err error) {
	t, err := p.NewTarget(cfg, cfg.Edition)
	if err != nil {
		return usage("%w", err)
	}
	defer func() { err = errors.Join(err, t.Stop(context.WithoutCancel(ctx))) }()
	ctx = wire.WithRule(ctx, "doctor")
	place, err := t.Start(ctx)
	if err != nil {
		return incomplete("the target cannot be tested: %s", plain.Line(err.Error()))
	}
	var told error
	tell := func(format string, args ...any) {
		_, err := fmt.Fprintf(p.Stdout, format+"\n", args...)
		told = errors.Join(told, err)
	}
	tell("target  %s", t.Name())
	bad := 0
	for _, e := range target.Examine(ctx, place) {
		tell("\n%s  %s", e.Product, e.URL)
		for _, c := range e.Checks {
			tell("  %-10s  %-7s  %s", c.Name, c.State, c.Found)
			if c.State == target.Failed {
				bad++
				if c.Remedy != "" {
					tell("  %-10s  %-7s  %s", "", "", c.Remedy)
				}
			}
		}
	}
	if bad > 0 {
		tell("\nIt cannot be tested as it is: %d of the checks failed.", bad)
		*code = verdict.ExitIncomplete
	} else {
		tell("\nIt can be tested.")
	}
	return broken(told)
}
