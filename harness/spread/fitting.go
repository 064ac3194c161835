package spread

import (
	"context"
	"math"
	"time"

	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/suites"
)

// How many processes fit by themselves. Starting one takes about 50 ms of
// processor time, so that a target which answers at once is tested sooner by one.
const (
	atOnce = 5 * time.Millisecond  // the target's answer is worth no second process
	slow   = 20 * time.Millisecond // it is worth as many as help
	some   = 4
	many   = 8
)

// Fitting is how many processes to spread a run over that nobody has set a number
// for: by how long the target takes to answer, and by how many requests per second
// may leave at all.
func Fitting(ctx context.Context, cfg suites.Config) int {
	if cfg.Target.Kind() == target.Reference {
		return 1
	}
	latency := time.Duration(math.MaxInt64)
	for range 2 { // the first one may have to connect
		started := time.Now()
		if _, err := suites.Room(ctx, cfg); err != nil {
			return 1
		}
		latency = min(latency, time.Since(started))
	}
	return fitting(latency, cfg.Place.Gate.Limits().Rate)
}

func fitting(latency time.Duration, perSecond float64) int {
	n := 1
	switch {
	case latency >= slow:
		n = many
	case latency >= atOnce:
		n = some
	}
	if perSecond > 0 {
		n = min(n, 1+int(perSecond*latency.Seconds()))
	}
	return n
}
