package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/kpspec/kpspec/harness/guard"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/suites"
)

// announce tells on standard error what a run would make on an endpoint that is
// not on this machine, and what that may cost, before anything is sent there.
// refused is why the target may not be tested, or nil: where only the word about
// costs is missing, this is what the word is about.
func (p *Program) announce(ctx context.Context, cfg target.Config, rules []string, refused error) error {
	if costs := (*guard.CostsError)(nil); refused != nil && !errors.As(refused, &costs) {
		return nil
	}
	lines, err := suites.Announce(ctx, cfg, rules, func(ctx context.Context, c suites.Config) (report.Report, error) {
		return p.Execute(ctx, c, 1)
	})
	if err != nil {
		return incomplete("%w", err)
	}
	for _, line := range lines {
		p.tell("%s", line)
	}
	return nil
}

// tellLimits says what the requests are held to, where they are, and where
// everything is written down that is made on somebody else's machine.
func (p *Program) tellLimits(cfg target.Config, place target.Place, book string) {
	if place.Gate != nil {
		p.tell("limits: %s", place.Gate.Limits())
	}
	if len(cfg.Away()) > 0 {
		p.tell("ledger: %s", book)
	}
}

func (p *Program) tell(format string, args ...any) {
	_, _ = fmt.Fprintf(p.Stderr, "kpspec: "+format+"\n", args...) // what cannot be told is no reason to stop
}
