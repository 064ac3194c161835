package weather

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/kpspec/kpspec/reference"
)

// Header of an answer names the kinds of weather that had a hand in it, joined by ", ".
const Header = "Kpref-Weather"

// Weather makes the weather of one server. Its methods may be called at the same time. Made by [New].
type Weather struct {
	clock  func() time.Time
	sleep  func(context.Context, time.Duration)
	log    *slog.Logger
	season atomic.Pointer[season]
}

// season is the time from one forecast to the next.
type season struct {
	Forecast
	requests atomic.Uint64 // that came so far
}

// Config is what a Weather is made of.
type Config struct {
	Clock  func() time.Time                     // nil = time.Now
	Sleep  func(context.Context, time.Duration) // waits, or until the context is over; nil = it really does
	Logger *slog.Logger                         // nil = no logs; a line at level Info for each request that meets any weather
}

// New makes the weather of a forecast.
func New(f Forecast, c Config) *Weather {
	w := &Weather{clock: c.Clock, sleep: c.Sleep, log: c.Logger}
	if w.clock == nil {
		w.clock = time.Now
	}
	if w.sleep == nil {
		w.sleep = sleep
	}
	if w.log == nil {
		w.log = slog.New(slog.DiscardHandler)
	}
	w.Set(f)
	return w
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Forecast is the one in force.
func (w *Weather) Forecast() Forecast { return w.season.Load().Forecast }

// Set puts another forecast in force, for requests that come from now on; the next one is the first of its sequence.
func (w *Weather) Set(f Forecast) { w.season.Store(&season{Forecast: f}) }

// Now is what the server's clock shows.
func (w *Weather) Now() time.Time {
	return w.clock().Add(time.Duration(w.season.Load().ClockSkew))
}

// turn is the weather that one request meets.
type turn struct {
	latency, slowBody  time.Duration
	unavailable, reset bool
	served             bool // a request whose connection is reset is carried out before
	throttling         int  // which of the faults of throttling, counted from 1; 0 = none

	header http.Header // of the answer
	met    []string    // the kinds that had a hand in it
}

// The dice of a request: one per decision.
const (
	dieLatency = iota
	dieThrottling
	dieThrottlingRow
	dieUnavailable
	dieReset
	dieServed
	dieSlowBody
	dice
)

// next is the weather of the next request.
func (s *season) next() *turn {
	n := s.requests.Add(1)
	roll := func(die uint64) float64 { return rand.New(rand.NewPCG(s.Seed, n*dice+die)).Float64() }
	hit := func(die uint64, p Percent) bool { return roll(die)*100 < float64(p) }
	t := &turn{
		latency: s.Latency.at(roll(dieLatency)), slowBody: s.SlowBody.at(roll(dieSlowBody)),
		unavailable: hit(dieUnavailable, s.Unavailable), reset: hit(dieReset, s.Reset), served: roll(dieServed) < 0.5,
	}
	if hit(dieThrottling, s.Throttling) {
		t.throttling = 1 + int(roll(dieThrottlingRow)*float64(len(throttled)))
	}
	return t
}

// turnKey finds the turn of a request in its context.
type turnKey struct{}

// turnOf is the weather of a request, nil when it is fair.
func turnOf(ctx context.Context) *turn {
	t, _ := ctx.Value(turnKey{}).(*turn)
	return t
}

// meet notes that a kind had a hand in the answer, and marks it.
func (t *turn) meet(kind string) {
	t.met = append(t.met, kind)
	t.header.Set(Header, strings.Join(t.met, ", "))
}

// Before stands before a server. Questions for its health meet no weather.
func (w *Weather) Before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		s := w.season.Load()
		if s.Fair() || r.URL.Path == reference.HealthPath {
			next.ServeHTTP(rw, r)
			return
		}
		t := s.next()
		t.header = rw.Header()
		r = r.WithContext(context.WithValue(r.Context(), turnKey{}, t))
		defer func() {
			if len(t.met) > 0 {
				w.log.LogAttrs(r.Context(), slog.LevelInfo, "weather", slog.String("kinds", strings.Join(t.met, ", ")),
					slog.String("requestId", t.header.Get("X-Acs-Request-Id")))
			}
		}()
		if s.ClockSkew != 0 {
			t.meet("clock-skew")
			t.header.Set("Date", w.Now().UTC().Format(http.TimeFormat))
		}
		w.serve(rw, r, t, next)
	})
}

// answerTime is how long an answer may take beside what the weather takes: as long as without any.
const answerTime = 30 * time.Second

func (w *Weather) serve(rw http.ResponseWriter, r *http.Request, t *turn, next http.Handler) {
	if wait := t.latency + t.slowBody; wait > 0 {
		control := http.NewResponseController(rw)
		deadline := time.Now().Add(wait + answerTime)
		_ = control.SetReadDeadline(deadline) // a server without deadlines needs no other ones
		_ = control.SetWriteDeadline(deadline)
	}
	if t.latency > 0 {
		t.meet("latency")
		w.sleep(r.Context(), t.latency)
	}
	if t.reset {
		t.meet("reset")
		if t.served {
			next.ServeHTTP(lost{http.Header{}}, r)
		}
		reset(rw)
		return
	}
	if t.slowBody > 0 {
		t.meet("slow-body")
		rw = &slowly{ResponseWriter: rw, wait: func(d time.Duration) { w.sleep(r.Context(), d) }, span: t.slowBody}
	}
	next.ServeHTTP(rw, r)
}
