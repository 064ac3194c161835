package spread

import (
	"context"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"syscall"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/turns"
	"github.com/kpspec/kpspec/harness/wire"
	"github.com/kpspec/kpspec/suites"
	"github.com/kpspec/kpspec/suites/vocabulary"
)

// Work runs the share of a run that is told to this process over the connection,
// and returns when it has handed over the results. When the connection breaks, or
// ctx ends, the run is over: what this process has made is removed.
func Work(ctx context.Context, from io.Reader, to io.WriteCloser) error {
	// The connection may be the standard output, and then a word to a run that is gone
	// would end this process with all it has made.
	signal.Ignore(syscall.SIGPIPE)
	client := &turns.Client{}
	client.Connect(duplex{from, to})
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var job Job
	if err := client.Call(ctx, "Job", turns.Nothing{}, &job); err != nil {
		return fmt.Errorf("no run to work for: %w", err)
	}
	cfg, err := job.config(client)
	if err != nil {
		return err
	}
	go func() {
		defer cancel() // interrupted, or whoever started this process is gone
		_ = client.Call(ctx, "Over", turns.Nothing{}, &turns.Nothing{})
	}()
	cfg.Begin = func(ctx context.Context, s vocabulary.Spec) bool {
		yes, err := client.Begin(ctx, s)
		return err == nil && yes
	}
	cfg.End = client.End
	cfg.Company = client.Company()
	share, err := suites.Collect(ctx, cfg)
	if err != nil {
		return err
	}
	if err := client.Call(context.WithoutCancel(ctx), "Deliver", share, &turns.Nothing{}); err != nil {
		return fmt.Errorf("the results cannot be handed over: %w", err)
	}
	return nil
}

// duplex is the connection as a process sees it.
type duplex struct {
	io.Reader
	io.WriteCloser
}

func (j Job) config(client *turns.Client) (suites.Config, error) {
	w, err := world.Decode(strings.NewReader(j.World), "the world of the run")
	if err != nil {
		return suites.Config{}, err
	}
	place := target.Place{
		ECS: j.ECS, SWAS: j.SWAS, World: w, Shape: wire.Shape(j.Shape), Quota: j.Quota, Fleeting: j.Fleeting, SpareServers: j.SpareServers, Lacks: j.Lacks,
	}
	place.Gate, place.Patience = client.Gate(j.Limits, j.Processes), client.Patience(j.Waits)
	return suites.Config{
		Place: place, Edition: catalogue.Edition(j.Edition), Rules: j.Rules, Version: j.Version, Timeout: j.Timeout, Seed: j.Seed,
		Ledger: j.Ledger,
	}, nil
}
