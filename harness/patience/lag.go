package patience

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	// firstLook and longestLook are the first and the longest wait before a list is read again.
	firstLook, longestLook = 10 * time.Millisecond, 500 * time.Millisecond
	// inVain is how many waits in a row may be in vain, before a lag was ever seen, until none is made any more: what the target
	// lists does not lag behind, it is wrong.
	inVain = 3
)

// awaits tells whether reads wait at all. The lock is held.
func (p *Patience) awaits() bool {
	return p.limits.Consistency > 0 && (p.lag > 0 || p.vain < inVain)
}

// Awaits tells whether reads wait for changes to show.
func (p *Patience) Awaits() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.awaits()
}

// Await reads, and again after growing waits until what was read agrees with what was changed, or the limit is over. Read
// tells when the newest change was made that does not show. Vain tells that one still does not: then that is evidence.
func (p *Patience) Await(ctx context.Context, read func() (changed time.Time, agrees bool)) (vain bool) {
	changed, agrees := read()
	if agrees || !p.Awaits() {
		return false
	}
	if p.now().Sub(changed) >= p.limits.Consistency {
		return true
	}
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval, waits.RandomizationFactor, waits.MaxInterval = firstLook, 0, longestLook
	waited := time.Duration(0)
	defer func() {
		p.count(func(m *Met) { m.Lags++; m.Lagged += waited })
	}()
	for {
		d := min(waits.NextBackOff(), p.limits.Consistency-p.now().Sub(changed))
		if d <= 0 {
			p.count(func(m *Met) { m.InVain++ })
			p.mu.Lock()
			defer p.mu.Unlock()
			p.vain++
			return true
		}
		if p.sleep(ctx, d) != nil {
			return false
		}
		waited += d
		was := changed
		if changed, agrees = read(); agrees {
			p.saw(p.now().Sub(was))
			return false
		}
	}
}

// saw notes a lag.
func (p *Patience) saw(lag time.Duration) {
	p.count(func(m *Met) { m.Longest = max(m.Longest, lag) })
	p.mu.Lock()
	defer p.mu.Unlock()
	p.vain, p.lag = 0, max(p.lag, lag)
}

// Settle waits, before a read that shows what is not there, until a change that was made at a time would show: three times
// as long as the longest lag that was seen, for the next one may be longer. So no lag hides what should not be there.
func (p *Patience) Settle(ctx context.Context, changed time.Time) {
	p.mu.Lock()
	enough := min(3*p.lag, p.limits.Consistency)
	p.mu.Unlock()
	if d := enough - p.now().Sub(changed); d > 0 {
		if p.sleep(ctx, d) != nil {
			return
		}
		p.count(func(m *Met) { m.Lags++; m.Lagged += d })
	}
	age := max(p.now().Sub(changed), 1)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.awaits() && (p.young == 0 || age < p.young) {
		p.young = age
	}
}

// Begin begins to look whether reads are made too soon.
func (p *Patience) Begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.young = 0
}

// Hasty reports whether, since [Patience.Begin], a read was made too soon after a change for the lag that is known now.
func (p *Patience) Hasty() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.young > 0 && p.young < min(p.lag, p.limits.Consistency)
}
