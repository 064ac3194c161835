package suites

import (
	"context"
	"fmt"
	"time"

	"github.com/kpspec/kpspec/harness/ledger"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/suites/vocabulary"
)

// SweepConfig says what a sweep looks for, and where.
type SweepConfig struct {
	Place   target.Place
	Ledger  string        // file that tells what a run has left; empty: everything named as a run names it
	Older   time.Duration // without a ledger: what was created so long ago at least
	Remove  bool          // remove what is found
	Timeout time.Duration // of one request; zero is the client's default
}

// Sweep looks for what crashed runs have left on an endpoint, and removes it where
// it shall. What is gone is struck from the ledger, and a ledger with nothing left
// in it is removed. The error is one of the configuration: a ledger that is damaged
// or about another place; then nothing was sent.
func Sweep(ctx context.Context, cfg SweepConfig) (swept vocabulary.Swept, err error) {
	var record *ledger.Record
	if cfg.Ledger != "" {
		read, err := ledger.Read(cfg.Ledger)
		if err != nil {
			return swept, err
		}
		record = &read
	}
	kit, err := vocabulary.NewKit(vocabulary.Options{Place: cfg.Place, Timeout: cfg.Timeout, Done: ctx.Done()})
	if err != nil {
		return swept, err
	}
	if err := kit.Fits(record); err != nil {
		return swept, err
	}
	if err := target.Preflight(ctx, cfg.Place); err != nil {
		return vocabulary.Swept{Errors: []string{"the target cannot be asked: " + err.Error()}}, nil
	}
	kit.Place.Shape = target.ShapeOf(ctx, cfg.Place)
	swept = kit.Sweep(ctx, vocabulary.SweepOptions{Of: record, Before: time.Now().Add(-cfg.Older), Remove: cfg.Remove})
	if record == nil || !cfg.Remove {
		return swept, nil
	}
	if err := ledger.Settle(cfg.Ledger, append(swept.Gone, swept.Removed...)); err != nil {
		swept.Errors = append(swept.Errors, fmt.Sprintf("the ledger is out of date: %v", err))
	}
	return swept, nil
}
