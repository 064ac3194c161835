package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/verdict"
)

// readDeviations reads the file of --deviations; without one nothing is known.
func readDeviations(name string, rules *catalogue.Catalogue) (verdict.List, error) {
	if name == "" {
		return verdict.List{}, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return verdict.List{}, usage("--deviations: %w", err)
	}
	defer func() { _ = file.Close() }() // read only
	l, err := verdict.ReadList(file, name, rules)
	if err != nil {
		return verdict.List{}, usage("%w", err)
	}
	return l, nil
}

// readReport reads a report that kpspec has written.
func readReport(name string) (report.Report, error) {
	file, err := os.Open(name)
	if err != nil {
		return report.Report{}, usage("%w", err)
	}
	defer func() { _ = file.Close() }() // read only
	r, err := report.Read(file)
	if err != nil {
		return report.Report{}, usage("%s: %w", name, err)
	}
	return r, nil
}

func (p *Program) deviationsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "deviations",
		Short: "Work on a list of known deviations",
		Args:  cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("unknown command %q; there is kpspec deviations write REPORT.json", args[0])
			}
			return usage("no command; there is kpspec deviations write REPORT.json")
		},
	}
	c.AddCommand(p.writeDeviationsCommand())
	return c
}

func (p *Program) writeDeviationsCommand() *cobra.Command {
	var out, reason, link, expires string
	c := &cobra.Command{
		Use:   "write REPORT.json",
		Short: "Make a list of known deviations from the failures of a report",
		Long: `Make a list of known deviations from the failures of a report, for kpspec run
--deviations. What the report calls a deviation stays listed as it was. Each entry
must be given a reason and the last day on which it counts; until then run refuses
the list. Warnings are listed only where the report is of a strict run.`,
		Example: `  kpspec deviations write report.json --out deviations.yaml
  kpspec deviations write report.json --reason 'Known since 1.2.' --expires 2027-01-31 --link https://issues.example/42`,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("kpspec deviations write takes one report, not %d", len(args))
			}
			if _, err := time.Parse(time.DateOnly, expires); expires != "" && err != nil {
				return usage("--expires: %q is no date; write YYYY-MM-DD", expires)
			}
			r, err := readReport(args[0])
			if err != nil {
				return err
			}
			list := r.Deviations(verdict.Entry{Reason: reason, Link: link, Expires: expires})
			comment := []string{
				fmt.Sprintf("Known deviations of %s %q in edition %s, from a report of %s.",
					r.Target.Kind, r.Target.Name, r.Edition, r.Started.Format(time.DateOnly)),
				"Every entry needs a reason and the last day on which it counts (YYYY-MM-DD).",
			}
			if out == "" {
				return broken(list.Write(p.Stdout, comment...))
			}
			return writeNew(out, list, comment)
		},
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.StringVar(&out, "out", "", "write the list to `FILE`, which must not exist (default standard output)")
	flags.StringVar(&reason, "reason", "", "reason of every new entry")
	flags.StringVar(&expires, "expires", "", "last day, as `YYYY-MM-DD`, on which the new entries count")
	flags.StringVar(&link, "link", "", "`URL` where the new entries are dealt with")
	return c
}

// writeNew writes a list to a file that is not there yet: a list that somebody
// has filled in must not be lost to a second call.
func writeNew(name string, list verdict.List, comment []string) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return usage("--out: %s is there already and is not overwritten; name another file", name)
	} else if err != nil {
		return usage("--out: %w", err)
	}
	if err := errors.Join(list.Write(file, comment...), file.Close()); err != nil {
		return incomplete("--out: %w", err)
	}
	return nil
}
