package vocabulary

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// cleanupTime is how long a run that was interrupted goes on to clean up, all specs
// together: a reader waits, and the target may be one that does not answer.
const cleanupTime = 5 * time.Second

// interrupted is why a spec has no verdict after an interrupt.
const interrupted = "the run was interrupted"

// silenced is why a spec has no verdict once the target was given up.
const silenced = "the target stopped answering"

// deadline is when an interrupted run stops cleaning up.
type deadline struct {
	once sync.Once
	at   time.Time
}

func (d *deadline) left() time.Duration {
	d.once.Do(func() { d.at = time.Now().Add(cleanupTime) })
	return time.Until(d.at)
}

// over reports whether the run was interrupted.
func (k *Kit) over() bool {
	select {
	case <-k.done:
		return true
	default:
		return false
	}
}

// obstacle is why the end of a spec that did not go well says nothing of the target, ""
// if it does: an interrupt cuts the request under way.
func (k *Kit) obstacle(ctx context.Context) string {
	if k.over() {
		return interrupted
	}
	return k.crowded(ctx)
}

// afterwards is a context for what is done after a spec. It does not end with that of
// the spec, but [cleanupTime] after an interrupt.
func (k *Kit) afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		select {
		case <-ctx.Done():
			return
		case <-k.done:
		}
		timer := time.NewTimer(k.deadline.left())
		defer timer.Stop()
		select {
		case <-ctx.Done():
		case <-timer.C:
			cancel()
		}
	}()
	return ctx, cancel
}

// silence says why a target that did not answer may hold something.
func silence(ctx context.Context) string {
	if ctx.Err() != nil {
		return fmt.Sprintf("%s, and the target did not answer within %s", interrupted, cleanupTime)
	}
	return silenced
}
