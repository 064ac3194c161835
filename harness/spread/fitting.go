package spread

import (
	"context"
	"math"
	"time"

	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/suites"
)

// Starting a process takes about 50 ms of processor time: a target that answers
// sooner than this is tested sooner by one.
const slow = 20 * time.Millisecond

// many is how many processes help where the target is slow: the specs of the two
// products run beside each other, those of SWAS in four groups.
const many = 8

// Fitting is how many processes to spread a run over that nobody has set a number
// for: by how long the target takes to answer, and by how many requests per second
// may leave at all.
func Fitting(ctx context.Context, cfg suites.Config) int {
	if cfg.Target.Kind() == target.Reference {
		return 1
	}
	latency := time.Duration(math.MaxInt64)
	for range 5 { // a machine that is busy answers late now and then
		started := time.Now()
		if _, err := suites.Room(ctx, cfg); err != nil {
			return 1
		}
		latency = min(latency, time.Since(started))
	}
	return fitting(latency, cfg.Place.Gate.Limits().Rate)
}

func fitting(latency time.Duration, perSecond float64) int {
	switch {
	case latency < slow:
		return 1
	case perSecond > 0:
		return min(many, 1+int(perSecond*latency.Seconds()))
	}
	return many
}
