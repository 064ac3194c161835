package patience

import (
	"context"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/kpspec/kpspec/harness/guard"
	"github.com/kpspec/kpspec/harness/wire"
)

// What a run is held to beside its [Limits].
const (
	Tries     = 6 // most times that one request is sent
	SpecTries = 8 // most times that one spec runs

	// usedUp is how many requests, or requests for one operation, or specs, may use up their tries one after the other. The
	// next ones have but one, until one ends well.
	usedUp = 3
	// specs is what they are called among the operations.
	specs = "(specs)"
	// silence is how much may come to nothing in a row before a target is given up: a request whose connection is reset counts
	// one, any other that gets no answer counts two.
	silence = 6
	// longestWait bounds one wait before something is tried again.
	longestWait = 10 * time.Second
)

// Limits are how long a run waits for better weather. The zero value does not.
type Limits struct {
	Retry       time.Duration // most that all waits before requests are sent again, or specs run again, take together; 0: neither happens
	First       time.Duration // about how long the first of these waits is; each further one is twice as long
	Consistency time.Duration // how long after a change a read may wait for it to show; 0: not at all
}

// Patience waits for better weather in one run, and counts what it met. It is safe for concurrent use.
type Patience struct {
	limits Limits
	now    func() time.Time
	sleep  func(context.Context, time.Duration) error
	share  func(time.Duration) bool // of a budget that is elsewhere; nil: this one

	mu     sync.Mutex
	spent  time.Duration
	total  Met
	lately Met
	worn   map[string]int // operation, or specs → how many have used up their tries in a row
	down   int            // the same of requests, whatever they were for
	silent int            // see silence
	lag    time.Duration  // the longest that was seen
	vain   int            // waits in a row that were in vain
	young  time.Duration  // the least age of a change when it was looked whether it shows, since Begin; 0: none was
}

// New is the patience of a run.
func New(l Limits) *Patience {
	return &Patience{limits: l, now: time.Now, sleep: guard.Sleep, worn: map[string]int{}}
}

// Sharing is a patience that asks whether it may wait so long: the budget of the limits is that of several processes.
func Sharing(l Limits, may func(time.Duration) bool) *Patience {
	p := New(l)
	p.share = may
	return p
}

// Limits are those of the run, the zero ones where there is no patience.
func (p *Patience) Limits() Limits {
	if p == nil {
		return Limits{}
	}
	return p.limits
}

// Reply is the answer to a request that may have been sent several times.
type Reply struct {
	*wire.Answer        // the last one
	Kind         Kind   // of the weather that it met; Fair is evidence
	What         string // it was; of a fair answer what was met before it, or ""
	Tries        int    // how often it was sent
	Once         bool   // it must not be sent more often
}

// Ask sends a request, and again after growing waits, none shorter than the target asks for in Retry-After, while the weather
// is in the way of it, its tries last and the budget does. One whose answer is lost is sent again only if it is safe: if it
// reads, or whoever asks looks what became of it. Once means not to send it again in any case.
func (p *Patience) Ask(ctx context.Context, call wire.Call, safe, once bool, send func() *wire.Answer) Reply {
	waits := p.waits()
	r := Reply{Once: once}
	for {
		r.Answer = send()
		r.Tries++
		kind, what := Of(call, r.Answer)
		r.Kind = kind
		p.hear(r.Answer, what)
		if kind == Fair {
			p.rest(call.Action)
			return r
		}
		r.What = what
		again := kind == Refused || kind == Lost && (safe || Reads(call))
		switch {
		case once || !again || p.Gone() || p.limits.Retry == 0 || p.tired(call.Action):
			return r
		case r.Tries == Tries:
			p.tire(call.Action)
			return r
		case !p.wait(ctx, max(waits.NextBackOff(), advised(r.Answer, p.now()))):
			return r
		}
		p.count(func(m *Met) { m.again(what, 1) })
	}
}

// Again waits before a spec runs again that has run so many times, and reports whether it may.
func (p *Patience) Again(ctx context.Context, tries int) bool {
	switch {
	case p.limits.Retry == 0 || p.Gone() || p.tired(specs):
		return false
	case tries >= SpecTries:
		p.tire(specs)
		return false
	}
	waits := p.waits()
	for range tries - 1 {
		waits.NextBackOff()
	}
	if !p.wait(ctx, waits.NextBackOff()) {
		return false
	}
	p.count(func(m *Met) { m.Specs++ })
	return true
}

// Recovered tells that a spec has ended well after it had met bad weather.
func (p *Patience) Recovered() { p.rest(specs) }

// waits are the waits before something is tried again.
func (p *Patience) waits() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.Multiplier, b.MaxInterval = p.limits.First, 2, longestWait
	return b
}

// wait waits, if the budget has as much, and reports whether it did to the end.
func (p *Patience) wait(ctx context.Context, d time.Duration) bool {
	if !p.Spend(d) || p.sleep(ctx, d) != nil {
		return false
	}
	p.count(func(m *Met) { m.Waited += d })
	return true
}

// Spend takes so much from the budget of waiting, and reports whether it had it.
func (p *Patience) Spend(d time.Duration) bool {
	if p.share != nil {
		return p.share(d)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.spent+d > p.limits.Retry {
		return false
	}
	p.spent += d
	return true
}

func (p *Patience) tired(operation string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.worn[operation] >= usedUp || p.down >= usedUp
}

func (p *Patience) tire(operation string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.worn[operation]++
	if operation != specs {
		p.down++
	}
}

func (p *Patience) rest(operation string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.worn, operation)
	if operation != specs {
		p.down = 0
	}
}

// hear counts the requests in a row that got no answer.
func (p *Patience) hear(a *wire.Answer, what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case a.Status != 0:
		p.silent = 0
	case !a.Lost(): // it did not leave
	case p.limits.Retry > 0 && what == resetText:
		p.silent++
	default:
		p.silent += 2
	}
}

// Gone reports whether the target has stopped answering.
func (p *Patience) Gone() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.silent >= silence
}

// Silent reports whether the last request got no answer.
func (p *Patience) Silent() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.silent > 0
}

// Forgive asks a target once more that has stopped answering: it may be back.
func (p *Patience) Forgive() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.silent = 0
}

// count adds to what was met.
func (p *Patience) count(add func(*Met)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	add(&p.total)
	add(&p.lately)
}

// Total is what was met in all.
func (p *Patience) Total() (m Met) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m.Add(p.total)
	return m
}

// Lately is what was met since it was asked for last.
func (p *Patience) Lately() Met {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.lately
	p.lately = Met{}
	return m
}
