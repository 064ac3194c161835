package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/patience"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/verdict"
	"github.com/kpspec/kpspec/reference"
	"github.com/kpspec/kpspec/reference/defect"
	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/weather"
	"github.com/kpspec/kpspec/suites"
)

// share is how many of the requests meet the weather, in percent.
const share = 5

// kind is a kind of weather.
type kind struct {
	name     string
	forecast weather.Forecast
	// every is set where the forecast itself says how many requests it meets; of delayed visibility it is all lists. Else
	// the storm chooses them.
	every bool
	share float64      // of the requests that the storm chooses, in percent; 0 = share
	skew  weather.Skew // of the clock, for requests that the storm chooses
}

// The times are short, for a run sends thousands of requests.
var kinds = []kind{
	{name: "latency", forecast: weather.Forecast{Latency: span(20, 50)}},
	{name: "throttling", forecast: weather.Forecast{Throttling: share}, every: true},
	{name: "unavailable", forecast: weather.Forecast{Unavailable: share}, every: true},
	{name: "reset", forecast: weather.Forecast{Reset: share}, every: true},
	{name: "slow-body", forecast: weather.Forecast{SlowBody: span(20, 50)}},
	{name: "visibility", forecast: weather.Forecast{Visibility: weather.Delay(8 * time.Millisecond)}, every: true},
	{name: "clock-skew", skew: weather.Skew(-20 * time.Minute)},
	{name: "all", share: 20, forecast: weather.Forecast{Latency: span(1, 5), Throttling: 25, Unavailable: 25, Reset: 25}, skew: weather.Skew(20 * time.Minute)},
}

func span(from, to time.Duration) weather.Span {
	return weather.Span{From: from * time.Millisecond, To: to * time.Millisecond}
}

// defects are some that weather could hide, or be taken for: what is kept that was refused, what is lost, what comes late,
// what is made twice, and a server error.
var defects = []string{
	"ecs-name-checked-late", "ecs-duplicate-replaces", "ecs-name-reserved-forever", "ecs-quota-499", "ecs-region-first-lists-all", "ecs-race-same-name",
}

// limits are those that a run on this machine has.
var limits = target.Near

// storm runs the specs in bad weather.
type storm struct {
	servers []string // ids of defects; "" is none
	fair    map[string]report.Report
	rules   map[string][]string // that a defect breaks, and must not pass; without one, those that are run
	census  *suites.Census
	keys    *keys
}

// newStorm runs the specs, all or those of some rules only, in fair weather first.
func newStorm(ctx context.Context, defects []string, only ...string) (*storm, error) {
	s := &storm{servers: append([]string{""}, defects...), fair: map[string]report.Report{}, rules: map[string][]string{"": only}, keys: &keys{}}
	var err error
	if s.census, err = suites.Count(catalogue.Edition202606); err != nil {
		return nil, err
	}
	for _, d := range s.servers {
		r, _, err := s.specs(ctx, d, kind{name: "fair", every: true}, 0)
		if err != nil {
			return nil, err
		}
		if r.Weather != nil {
			return nil, fmt.Errorf("%s: bad weather was met where there was none: %s", cmp.Or(d, "the reference"), r.Weather)
		}
		s.fair[d] = r
	}
	return s, nil
}

// outcome is what came of a run.
type outcome struct {
	wrong  []string // what should not be
	undone []string // rules that could not be run, and why
	report report.Report
	took   time.Duration
}

// raceTries is how often a run is made once more that does not show a race: on a busy machine two requests may miss each other.
const raceTries = 4

// run runs the specs against a server in a kind of weather.
func (s *storm) run(ctx context.Context, id string, k kind, seed uint64) (outcome, error) {
	came, err := s.once(ctx, id, k, seed)
	if id == "" || err != nil {
		return came, err
	}
	d, err := defect.Find(id)
	for again := 0; again < raceTries && err == nil && d.Race && len(came.wrong) > 0; again++ {
		came, err = s.once(ctx, id, k, seed)
	}
	return came, err
}

func (s *storm) once(ctx context.Context, d string, k kind, seed uint64) (outcome, error) {
	r, took, err := s.specs(ctx, d, k, seed)
	if err != nil {
		return outcome{}, err
	}
	came := outcome{report: r, took: took, wrong: different(s.fair[d], r)}
	for _, rule := range r.Rules {
		if rule.Verdict == verdict.CouldNotRun {
			came.undone = append(came.undone, rule.ID+" could not be run: "+failures(rule))
		}
	}
	for _, left := range r.CleanupErrors {
		came.wrong = append(came.wrong, "left: "+left)
	}
	if w := r.Weather; w != nil {
		if waited := time.Duration(w.WaitedMS) * time.Millisecond; waited > limits.Retry {
			came.wrong = append(came.wrong, fmt.Sprintf("waited %s, and may wait %s", waited, limits.Retry))
		}
	}
	return came, nil
}

// different is what the report of a run says otherwise than it should: verdicts and facts, unless they could not be found.
func different(fair, r report.Report) (wrong []string) {
	want, facts := map[string]verdict.Verdict{}, map[string][]report.Observation{}
	for _, rule := range fair.Rules {
		want[rule.ID] = rule.Verdict
		for _, spec := range rule.Specs {
			facts[rule.ID+spec.Text] = spec.Observations
		}
	}
	for _, rule := range r.Rules {
		for _, spec := range rule.Specs {
			if spec.Verdict != verdict.CouldNotRun && !reflect.DeepEqual(spec.Observations, facts[rule.ID+spec.Text]) {
				wrong = append(wrong, fmt.Sprintf("%s %s: observed %v instead of %v", rule.ID, spec.Text, spec.Observations, facts[rule.ID+spec.Text]))
			}
		}
		if rule.Verdict != want[rule.ID] && rule.Verdict != verdict.CouldNotRun {
			wrong = append(wrong, fmt.Sprintf("%s is %s instead of %s: %s", rule.ID, rule.Verdict, want[rule.ID], failures(rule)))
		}
	}
	return wrong
}

// failures says why specs of a rule did not pass, the first of them.
func failures(rule report.Rule) string {
	for _, spec := range rule.Specs {
		if spec.Failure != "" && (spec.Verdict == rule.Verdict) {
			return spec.Text + ": " + spec.Failure
		}
	}
	return rule.Reason
}

// specs runs all specs.
func (s *storm) specs(ctx context.Context, id string, k kind, seed uint64) (report.Report, time.Duration, error) {
	k.forecast.Seed = seed
	front := &front{
		kind:    k,
		weather: weather.New(k.forecast, weather.Config{}),
		clock:   weather.New(weather.Forecast{}, weather.Config{}),
		dice:    rand.New(rand.NewPCG(seed, 1)),
	}
	options := reference.Options{Keys: s.keys.start(), Clock: front.clock.Now, Change: front.weather.Into}
	if id != "" {
		d, err := defect.Find(id)
		if err != nil {
			return report.Report{}, 0, err
		}
		options, s.rules[id] = d.In(options), d.Rules
	}
	api, err := reference.New(world.Default(), options)
	if err != nil {
		return report.Report{}, 0, err
	}
	defer func() { _ = api.Close() }() // it has no keys of its own
	front.api, front.stormy, front.skewed = api, front.weather.Before(api), front.clock.Before(api)
	server := httptest.NewServer(front)
	defer server.Close()
	place := target.Place{ECS: server.URL, SWAS: server.URL, World: world.Default(), Quota: true, Patience: patience.New(limits)}
	started := time.Now()
	if err := target.Preflight(ctx, place); err != nil {
		return report.Report{}, 0, err
	}
	cfg := suites.Config{Place: place, Census: s.census, Rules: s.rules[id]}
	r, err := suites.Execute(ctx, cfg)
	if err == nil {
		err = ctx.Err()
	}
	return r, time.Since(started), err
}

// front stands before a reference and chooses which requests meet bad weather.
type front struct {
	kind                kind
	api, stormy, skewed http.Handler
	weather, clock      *weather.Weather

	alone sync.RWMutex // held by a request whose clock is wrong: the clock is the server's
	mu    sync.Mutex
	dice  *rand.Rand
}

func (f *front) hit(percent float64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dice.Float64()*100 < percent
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.kind.skew != 0 && f.hit(share) {
		f.alone.Lock()
		defer f.alone.Unlock()
		f.clock.Set(weather.Forecast{ClockSkew: f.kind.skew})
		defer f.clock.Set(weather.Forecast{})
		f.skewed.ServeHTTP(w, r)
		return
	}
	f.alone.RLock()
	defer f.alone.RUnlock()
	if f.kind.every || f.hit(cmp.Or(f.kind.share, share)) {
		f.stormy.ServeHTTP(w, r)
		return
	}
	f.api.ServeHTTP(w, r)
}

// keys gives every server the same generated keys, so that each is made once; none twice to one server.
type keys struct {
	mu   sync.Mutex
	made []keypair.Generated
}

func (k *keys) start() keypair.Source { return &keysOf{all: k} }

type keysOf struct {
	all  *keys
	next int
}

// Get gives the next key.
func (k *keysOf) Get(context.Context) (keypair.Generated, error) {
	k.all.mu.Lock()
	defer k.all.mu.Unlock()
	if k.next == len(k.all.made) {
		made, err := keypair.Generate()
		if err != nil {
			return made, err
		}
		k.all.made = append(k.all.made, made)
	}
	k.next++
	return k.all.made[k.next-1], nil
}

// tally is what came of the runs in a kind of weather.
type tally struct {
	kind                     kind
	runs, wrong, undone      int
	requests, specs, lagging int
	longest                  time.Duration
	took                     []time.Duration
}

const heading = "kind         runs  wrong  could-not-run  requests again  specs again  reads that waited  longest wait of a run  median run  budget"

// add adds a run; whole is one of all specs.
func (t *tally) add(o outcome, whole bool) {
	t.wrong += len(o.wrong)
	t.undone += len(o.undone)
	if whole {
		t.runs++
		t.took = append(t.took, o.took)
	}
	w := o.report.Weather
	if w == nil {
		return
	}
	for _, n := range maps.All(w.Requests) {
		t.requests += n
	}
	t.specs += w.Specs
	waited := time.Duration(w.WaitedMS) * time.Millisecond
	if w.Lag != nil {
		t.lagging += w.Lag.Reads
		waited += time.Duration(w.Lag.WaitedMS) * time.Millisecond
	}
	t.longest = max(t.longest, waited)
}

// String is a line of the table.
func (t tally) String() string {
	slices.Sort(t.took)
	return fmt.Sprintf("%-11s  %4d  %5d  %13d  %14d  %11d  %17d  %21s  %10s  %6s", t.kind.name, t.runs, t.wrong, t.undone, t.requests, t.specs, t.lagging,
		t.longest.Round(10*time.Millisecond), t.took[len(t.took)/2].Round(10*time.Millisecond), limits.Retry)
}
