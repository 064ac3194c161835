package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/kpspec/kpspec/harness/ledger"
	"github.com/kpspec/kpspec/harness/plain"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/verdict"
	"github.com/kpspec/kpspec/suites"
	"github.com/kpspec/kpspec/suites/vocabulary"
)

// sweepFlags are the flags of `kpspec sweep`.
type sweepFlags struct {
	config, ledger string
	older, timeout time.Duration
	yes            bool
}

// longAgo is how old a key pair must be unless it is said: older than any run takes.
const longAgo = 2 * time.Hour

func (p *Program) sweepCommand(code *int) *cobra.Command {
	var f sweepFlags
	c := &cobra.Command{
		Use:   "sweep",
		Short: "Remove what crashed runs have left on an endpoint",
		Long: `Remove what crashed runs have left on an endpoint. With --ledger that is exactly
what the file holds open. Without, it is every key pair, in the regions and the
first two accounts of the world, whose name has the form of the names that runs
make and that is old enough. Nothing is removed without --yes.

Exit codes: 0 nothing is left, 2 wrong usage or configuration, 3 something is
left, or could not be asked.`,
		Example: `  kpspec sweep --config kpspec.yaml
  kpspec sweep --config kpspec.yaml --ledger ~/.local/state/kpspec/20261122T050349Z-1b9d6bcd.jsonl --yes
  kpspec sweep --config kpspec.yaml --older-than 24h --yes`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := f.configuration(c)
			if err != nil {
				return err
			}
			*code, err = p.sweep(c.Context(), cfg, f)
			return err
		},
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.config, "config", "", "YAML file that describes the endpoint")
	flags.StringVar(&f.ledger, "ledger", "", "`FILE` in which a run has written down what it made")
	flags.DurationVar(&f.older, "older-than", longAgo, "without a ledger: leave alone what was created later than so long ago")
	flags.BoolVar(&f.yes, "yes", false, "remove what is found")
	flags.DurationVar(&f.timeout, "timeout", 0, "longest wait for one answer (default 10s)")
	return c
}

// configuration is the file of --config, which must describe an endpoint.
func (f sweepFlags) configuration(c *cobra.Command) (target.Config, error) {
	given := c.Flags().Changed
	switch {
	case f.config == "":
		return target.Config{}, usage("sweep needs --config FILE, the configuration of the run")
	case given("ledger") && f.ledger == "":
		return target.Config{}, usage("--ledger: no file is named")
	case given("ledger") && given("older-than"):
		return target.Config{}, usage("--older-than is for a sweep without --ledger: a ledger tells exactly what was made")
	case f.older < 0:
		return target.Config{}, usage("--older-than: %s is not a usable duration; write one such as 2h", f.older)
	case given("timeout") && f.timeout <= 0:
		return target.Config{}, usage("--timeout: %s is not a usable duration; write one such as 10s", f.timeout)
	}
	cfg, err := readConfig(f.config)
	if err != nil {
		return cfg, err
	}
	if cfg.Target != target.Endpoint {
		return cfg, usage("%s: target: a sweep is for an endpoint; a container and the reference take everything with them", f.config)
	}
	if given("timeout") {
		cfg.Timeout = f.timeout
	}
	return cfg, nil
}

// sweep does the work of `kpspec sweep` and returns the exit code.
func (p *Program) sweep(ctx context.Context, cfg target.Config, f sweepFlags) (int, error) {
	t, err := p.NewTarget(cfg, cfg.Edition)
	if err != nil {
		return 0, usage("%w", err)
	}
	place, err := t.Start(ctx)
	if err != nil {
		return 0, incomplete("%w", err)
	}
	swept, err := p.Sweep(ctx, suites.SweepConfig{Place: place, Ledger: f.ledger, Older: f.older, Remove: f.yes, Timeout: cfg.Timeout})
	if err != nil {
		return 0, usage("%w", err)
	}
	if err := p.tellSwept(swept, f); err != nil {
		return 0, broken(err)
	}
	if f.ledger == "" {
		p.tellLedgers(place)
	}
	if swept.Left() {
		return verdict.ExitIncomplete, nil
	}
	return verdict.ExitConformant, nil
}

// tellSwept says what was found and what came of it.
func (p *Program) tellSwept(s vocabulary.Swept, f sweepFlags) error {
	removed := map[ledger.Entry]bool{}
	for _, e := range s.Removed {
		removed[e] = true
	}
	for _, e := range s.Found {
		word := "found  "
		if removed[e] {
			word = "removed"
		}
		bound := ""
		if e.Server != "" {
			bound = " from server " + e.Server
		}
		if _, err := fmt.Fprintf(p.Stdout, "%s  %-4s  %s  account %s  %q%s\n", word, e.Product, e.Region, e.Account, e.Name, bound); err != nil {
			return err
		}
	}
	for _, text := range append(s.Apart, s.Errors...) {
		p.tell("%s", plain.Line(text))
	}
	if s.Young > 0 {
		p.tell("%d key pairs of runs are younger than %s and stay", s.Young, f.older)
	}
	said := fmt.Sprintf("%d found, %d removed", len(s.Found), len(s.Removed))
	if !f.yes && len(s.Found) > 0 {
		said += "; --yes removes them"
	}
	_, err := fmt.Fprintln(p.Stdout, said)
	return err
}

// tellLedgers names the ledgers of runs against this place that have not ended
// well, or at all yet: they may know of more than names tell.
func (p *Program) tellLedgers(place target.Place) {
	for _, name := range ledger.Files() {
		r, err := ledger.Read(name)
		about := r.Endpoints["ECS"] == place.ECS && place.ECS != "" || r.Endpoints["SWAS"] == place.SWAS && place.SWAS != ""
		if err == nil && about && len(r.Open) > 0 {
			p.tell("a run that is under way, or has crashed, has %d open in its ledger: --ledger %s", len(r.Open), name)
		}
	}
}
