package suites

import (
	"context"
	"fmt"
	"net"

	. "github.com/onsi/ginkgo/v2"

	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/turns"
	"github.com/kpspec/kpspec/suites/vocabulary"
)

// takeTurns makes the processes of `ginkgo -p`, of which this is one, take turns at
// what there is only one of on the endpoint that all of them test. Of another target
// each has its own. The first process, which ends as the last one, serves all.
func (cfg *Config) takeTurns() {
	suite, _ := GinkgoConfiguration()
	if suite.ParallelTotal < 2 || cfg.Target.Kind() != target.Endpoint {
		return
	}
	client, place := &turns.Client{}, cfg.Place
	if suite.ParallelProcess > 1 {
		cfg.Place.Gate = client.Gate(place.Gate.Limits(), suite.ParallelTotal)
		cfg.Place.Patience = client.Patience(place.Patience.Limits())
	}
	cfg.Begin = func(ctx context.Context, s vocabulary.Spec) bool {
		GinkgoHelper()
		yes, err := client.Begin(ctx, s)
		if err != nil {
			Fail(fmt.Sprintf("the first of the parallel processes, which says when a spec may run, did not: %v", err))
		}
		return yes
	}
	cfg.End, cfg.Company, cfg.leave = client.End, client.Company(), client.Leave
	SynchronizedBeforeSuite(func(ctx SpecContext) []byte {
		room, err := Room(ctx, *cfg)
		if err != nil {
			Fail(err.Error())
		}
		listener, err := turns.NewRun(place, room, nil).Listen()
		if err != nil {
			Fail(fmt.Sprintf("the parallel processes have no way to take turns: %v", err))
		}
		DeferCleanup(listener.Close) // when the others have ended
		return []byte(listener.Addr().String())
	}, func(ctx SpecContext, address []byte) {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", string(address))
		if err != nil {
			Fail(fmt.Sprintf("the first of the parallel processes cannot be reached: %v", err))
		}
		client.Connect(conn)
	})
}
