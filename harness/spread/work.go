package spread

import (
	"context"
	"fmt"
	"io"
	"net/rpc"
	"net/rpc/jsonrpc"
	"strings"
	"time"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/guard"
	"github.com/kpspec/kpspec/harness/patience"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/wire"
	"github.com/kpspec/kpspec/suites"
	"github.com/kpspec/kpspec/suites/vocabulary"
)

// Work runs the share of a run that is told to this process over the connection,
// and returns when it has handed over the results. When the connection breaks, or
// ctx ends, the run is over: what this process has made is removed.
func Work(ctx context.Context, from io.Reader, to io.WriteCloser) error {
	client := jsonrpc.NewClient(duplex{from, to})
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var job Job
	if err := client.Call("Run.Job", Nothing{}, &job); err != nil {
		return fmt.Errorf("no run to work for: %w", err)
	}
	cfg, err := job.config(client)
	if err != nil {
		return err
	}
	over := client.Go("Run.Over", Nothing{}, &Nothing{}, make(chan *rpc.Call, 1))
	go func() {
		select {
		case <-over.Done: // interrupted, or whoever started this process is gone
			cancel()
		case <-ctx.Done():
		}
	}()
	cfg.Begin = func(s vocabulary.Spec) bool {
		var yes bool
		return client.Call("Run.Begin", s, &yes) == nil && yes
	}
	cfg.End = func() { _ = client.Call("Run.End", Nothing{}, &Nothing{}) } // the end of the connection ends the run
	cfg.Company = &vocabulary.Company{
		Use: func(name string) { _ = client.Call("Run.Name", name, &Nothing{}) },
		Others: func(name string) bool {
			var yes bool
			return client.Call("Run.Others", name, &yes) == nil && yes
		},
	}
	share, err := suites.Collect(ctx, cfg)
	if err != nil {
		return err
	}
	if err := client.Call("Run.Deliver", share, &Nothing{}); err != nil {
		return fmt.Errorf("the results cannot be handed over: %w", err)
	}
	return nil
}

// duplex is the connection as a process sees it.
type duplex struct {
	io.Reader
	io.WriteCloser
}

func (j Job) config(client *rpc.Client) (suites.Config, error) {
	w, err := world.Decode(strings.NewReader(j.World), "the world of the run")
	if err != nil {
		return suites.Config{}, err
	}
	place := target.Place{
		ECS: j.ECS, SWAS: j.SWAS, World: w, Shape: wire.Shape(j.Shape), Quota: j.Quota, SpareServers: j.SpareServers, Lacks: j.Lacks,
	}
	place.Patience = patience.Sharing(j.Waits, func(d time.Duration) bool {
		var yes bool
		return client.Call("Run.Wait", d, &yes) == nil && yes
	})
	if j.Limited {
		place.Gate = guard.AskGate(func(cleaning bool) error {
			var passed Passed
			if err := client.Call("Run.Pass", cleaning, &passed); err != nil {
				return err
			}
			if passed.Spent {
				return &guard.SpentError{Requests: passed.Budget}
			}
			return nil
		})
	}
	return suites.Config{
		Place: place, Edition: catalogue.Edition(j.Edition), Rules: j.Rules, Version: j.Version, Timeout: j.Timeout, Seed: j.Seed,
		Ledger: j.Ledger,
	}, nil
}
