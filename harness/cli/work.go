package cli

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/kpspec/kpspec/harness/spread"
)

// workCommand is the command of the processes that a run is spread over.
const workCommand = "work"

// workCommand is for `kpspec run --procs` alone: nobody else speaks what it speaks.
func (p *Program) workCommand() *cobra.Command {
	return &cobra.Command{
		Use:    workCommand,
		Short:  "Run a share of the specs of a run (started by kpspec run --procs)",
		Hidden: true,
		Args:   noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := spread.Work(c.Context(), os.Stdin, os.Stdout); err != nil {
				return incomplete("%w", err)
			}
			return nil
		},
	}
}
