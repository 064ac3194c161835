package suites

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/extensions/globals"
	"github.com/onsi/ginkgo/v2/formatter"
	"github.com/onsi/ginkgo/v2/types"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/evidence"
	"github.com/kpspec/kpspec/harness/guard"
	"github.com/kpspec/kpspec/harness/ledger"
	"github.com/kpspec/kpspec/harness/patience"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/verdict"
	"github.com/kpspec/kpspec/suites/ecs"
	"github.com/kpspec/kpspec/suites/swas"
	"github.com/kpspec/kpspec/suites/vocabulary"
)

// Config says what to run against what.
type Config struct {
	Target  target.Target                               // what is under test
	Place   target.Place                                // where it is, for [Execute]; [Run] starts the target itself
	Edition catalogue.Edition                           // zero is the newest
	Rules   []string                                    // patterns over rule ids; none selects every rule
	Strict  bool                                        // a SHOULD that is not met fails
	Version string                                      // of kpspec, for the report and the User-Agent
	Timeout time.Duration                               // of one request; zero is the client's default
	Seed    int64                                       // of the order of the specs; zero keeps the order of the files
	Wire    http.RoundTripper                           // carries the requests; nil is a transport of the run's own
	Begin   func(context.Context, vocabulary.Spec) bool // is told of a spec before it runs, and says whether it shall; nil runs all
	End     func()                                      // is told that it has ended and cleaned up; may be nil
	Company *vocabulary.Company                         // the other processes of the run; nil: there are none
	Census  *Census                                     // of the specs, where [Count] has made it and the target has both products; nil counts them
	Ledger  string                                      // file in which everything is written down before it is made; empty is none, but see [Run]

	Watch *vocabulary.Watch // is told of the assertions; nil is nobody
	Bare  bool              // only verdicts and places are wanted: no evidence is kept

	Tell       func(Progress) // is told of every spec when it begins and when it has ended; nil is nobody
	Deviations verdict.List   // what the target is known to break

	leave func() // says that this process runs no spec any more; may be nil

	Report func(report.Report) // is given the report of [Run], unless only some specs were asked for by ginkgo's flags; nil for nobody
}

// Execute runs the selected specs in this process against a target that is up,
// and returns what came of them. It neither starts nor stops the target. When
// ctx ends, the specs that have not run become could-not-run and what the run
// created is still removed. The error is one of the configuration: an unknown
// edition, a pattern that matches no rule, a selection without any spec, a ledger
// that cannot be written.
func Execute(ctx context.Context, cfg Config) (report.Report, error) {
	run, err := execute(ctx, cfg)
	if err != nil {
		return report.Report{}, err
	}
	return run.report(ctx, run.share()), nil
}

// Share is what came of those specs of a run that one process has run.
type Share struct {
	Results []report.SpecResult
	Left    []vocabulary.Leftover // what could not be removed
	Kept    []string              // what is to be said of the ledger
	Met     patience.Met          // the bad weather
}

// Collect is [Execute] for a process that runs a share of the specs, those to which
// cfg.Begin says yes. [Merge] makes the report of all shares.
func Collect(ctx context.Context, cfg Config) (Share, error) {
	run, err := execute(ctx, cfg)
	if err != nil {
		return Share{}, err
	}
	share := run.share()
	share.Results = slices.DeleteFunc(share.Results, func(r report.SpecResult) bool { return !run.began[r.Text] })
	return share, nil
}

// Merge makes the report of a run from the shares of all its processes. A spec that
// no share has a result of is could-not-run because of the cause, one line.
func Merge(ctx context.Context, cfg Config, started time.Time, cause string, shares ...Share) (report.Report, error) {
	globals.Reset()
	run, err := prepare(ctx, cfg)
	globals.Reset()
	if err != nil {
		return report.Report{}, err
	}
	run.started, run.cause = started, cause
	var all Share
	for _, share := range shares {
		all.Results = append(all.Results, share.Results...)
		all.Left = append(all.Left, share.Left...)
		all.Kept = append(all.Kept, share.Kept...)
		all.Met.Add(share.Met)
	}
	if cfg.Place.Patience != nil {
		all.Met.Add(cfg.Place.Patience.Total()) // before there were processes
	}
	return run.report(ctx, all), nil
}

// Room is how many more key pairs of SWAS the region that the specs work in has
// room for, as far as its list tells.
func Room(ctx context.Context, cfg Config) (int, error) {
	kit, err := vocabulary.NewKit(vocabulary.Options{Edition: cfg.Edition, Place: cfg.Place, Timeout: cfg.Timeout})
	if err != nil {
		return 0, err
	}
	return kit.Room(ctx), nil
}

// Products are the products that the selected rules are about.
func Products(cfg Config) ([]string, error) {
	rules, err := catalogue.Load()
	if err != nil {
		return nil, err
	}
	selected, err := rules.Match(cfg.Rules...)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, rule := range selected {
		if !slices.Contains(out, rule.Product) {
			out = append(out, rule.Product)
		}
	}
	return out, nil
}

// execute runs the specs and keeps what Ginkgo made of it.
func execute(ctx context.Context, cfg Config) (*run, error) {
	globals.Reset()
	if cfg.Place.Shape == "" && len(cfg.Place.World.Accounts) > 0 {
		cfg.Place.Shape = target.ShapeOf(ctx, cfg.Place)
	}
	run, err := prepare(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if run.count() == 0 {
		return nil, errors.New("no spec covers the selected rules: nothing would be tested")
	}
	journal, err := run.journal()
	if err != nil {
		return nil, err
	}
	suite, reporter := GinkgoConfiguration()
	suite.LabelFilter = run.filter()
	if cfg.Seed != 0 {
		suite.RandomSeed, suite.RandomizeAllSpecs = cfg.Seed, true
	}
	// The command prints its own summary.
	reporter.Succinct, reporter.NoColor, reporter.SilenceSkips = true, true, true
	console := formatter.ColorableStdOut
	formatter.ColorableStdOut = io.Discard
	defer func() { formatter.ColorableStdOut = console }()
	RunSpecs(silent{}, "kpspec", suite, reporter)
	globals.Reset()
	run.kept = finish(journal)
	return run, nil
}

// silent takes the place of a Go test: the report says what failed.
type silent struct{}

func (silent) Fail() {}

// Run starts the target, runs the selected specs as part of the Go test t
// (with the ginkgo flags of the test binary), fails t unless the target
// conforms, and stops the target. Without a target it tests the embedded
// reference. What is made on an endpoint is written down in a ledger, in a file of
// [ledger.NewFile] unless one is named.
func Run(t *testing.T, cfg Config) {
	t.Helper()
	if cfg.Target == nil {
		embedded, err := target.New(target.Config{}, cfg.Edition)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Target = embedded
	}
	ctx := t.Context()
	place, err := cfg.Target.Start(ctx)
	t.Cleanup(func() {
		if err := cfg.Target.Stop(context.WithoutCancel(ctx)); err != nil {
			t.Error(err)
		}
	})
	if err == nil {
		err = cfg.announce(ctx, t, place)
	}
	if err == nil {
		err = target.Preflight(ctx, place)
	}
	if err != nil {
		t.Fatalf("%s: %v", cfg.Target.Name(), err)
	}
	cfg.Place = place
	cfg.Place.Shape = target.ShapeOf(ctx, place)
	cfg.takeTurns()
	run, err := prepare(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	ReportAfterSuite("the verdict", func(types.Report) {
		if run.asked() {
			return // a developer runs some specs by ginkgo's own flags
		}
		r := run.report(ctx, run.share())
		if cfg.Report != nil {
			cfg.Report(r)
		}
		if r.ExitCode != verdict.ExitConformant {
			var text strings.Builder
			if err := report.Summary(&text, r, report.View{}); err != nil {
				Fail(err.Error())
			}
			Fail(text.String())
		}
	})
	if run.cfg.Ledger == "" && cfg.Target.Kind() == target.Endpoint {
		if run.cfg.Ledger, err = ledger.NewFile(time.Now()); err != nil {
			t.Fatal(err)
		}
		t.Log("kpspec: ledger: " + run.cfg.Ledger)
	}
	journal, err := run.journal()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		for _, left := range finish(journal) {
			t.Error(left)
		}
	}()
	suite, reporter := GinkgoConfiguration()
	if len(cfg.Rules) > 0 {
		suite.LabelFilter = run.filter()
	}
	RunSpecs(t, "kpspec", suite, reporter)
}

// announce logs what the run will make on an endpoint elsewhere, the first of parallel
// processes for all of them. Counting takes the specs of the process away, so that it
// is left out where somebody else runs specs beside these.
func (cfg *Config) announce(ctx context.Context, t *testing.T, place target.Place) error {
	t.Helper()
	suite, _ := GinkgoConfiguration()
	if cfg.Target.Kind() != target.Endpoint || suite.ParallelProcess > 1 {
		return nil
	}
	servers := !place.SpareServers
	of := target.Config{
		Target: target.Endpoint, Edition: cfg.Edition, Endpoints: target.Endpoints{ECS: place.ECS, SWAS: place.SWAS},
		World: &place.World, Lacks: place.Lacks, Quota: &place.Quota, Servers: &servers,
	}
	if len(of.Away()) == 0 {
		return nil
	}
	execute := Execute
	if suite.ParallelTotal > 1 || len(PreviewSpecs("kpspec").SpecReports) > 0 {
		execute = nil
	}
	lines, err := Announce(ctx, of, cfg.Rules, execute)
	if err != nil {
		return err
	}
	if place.Gate != nil {
		lines = append(lines, "limits: "+place.Gate.Limits().String())
	}
	for _, line := range lines {
		t.Log("kpspec: " + line)
	}
	return nil
}

// journal is the file of the run's ledger, nil where there is none.
func (r *run) journal() (*ledger.Journal, error) {
	if r.cfg.Ledger == "" {
		return nil, nil
	}
	journal, err := ledger.Create(r.cfg.Ledger)
	if err != nil {
		return nil, err
	}
	r.kit.Record(journal)
	return journal, nil
}

// finish closes the ledger, and says where it is when something is left.
func finish(journal *ledger.Journal) (said []string) {
	kept, err := journal.Finish()
	if kept != "" {
		said = append(said, fmt.Sprintf("what may be left stands in %s: kpspec sweep --config FILE --ledger %s --yes removes it", kept, kept))
	}
	if err != nil {
		said = append(said, err.Error())
	}
	return said
}

// Census is what specs there are in an edition.
type Census struct {
	Specs    map[string]int // how many are about each rule, by its id
	sections vocabulary.Sections
}

// Count makes the census of an edition without running a spec.
func Count(edition catalogue.Edition) (*Census, error) {
	globals.Reset()
	run, err := prepare(context.Background(), everything(edition))
	if err != nil {
		return nil, err
	}
	return &Census{run.specs, run.kit.Sections()}, nil
}

// Coverage is the number of specs per rule id in an edition, counted without
// running any.
func Coverage(edition catalogue.Edition) (map[string]int, error) {
	census, err := Count(edition)
	if err != nil {
		return nil, err
	}
	return census.Specs, nil
}

// Spec is one spec of the suites.
type Spec struct {
	Rule     string          `json:"rule"`             // id
	Clause   string          `json:"clause,omitempty"` // key of the rule's clause, "" for the rule itself
	Level    catalogue.Level `json:"level"`            // in the edition asked for
	Text     string          `json:"text"`
	Location string          `json:"location"` // file:line, relative to the module
}

// Specs are the specs of an edition, in the order of the files, without running
// any. A spec that stands for several rules is listed for the last of them.
func Specs(edition catalogue.Edition) ([]Spec, error) {
	globals.Reset()
	run, err := prepare(context.Background(), everything(edition))
	if err != nil {
		return nil, err
	}
	var all []Spec
	for _, s := range run.tree {
		rule, clause, ok := run.about(s)
		if !ok {
			continue
		}
		all = append(all, Spec{rule.ID, clause, rule.LevelOf(clause, run.cfg.Edition), s.FullText(), vocabulary.Relative(s.LeafNodeLocation)})
	}
	return all, nil
}

// everything asks for all specs of an edition, with nothing behind them.
func everything(edition catalogue.Edition) Config {
	return Config{Edition: edition, Place: target.Place{ECS: "http://127.0.0.1", SWAS: "http://127.0.0.1", World: world.Default()}}
}

// run is one run of the suite in this process.
type run struct {
	cfg       Config
	kit       *vocabulary.Kit
	kept      []string // what is to be said of the ledger at the end
	catalogue *catalogue.Catalogue
	selected  []string          // rule ids
	specs     map[string]int    // rule id → number of specs
	tree      types.SpecReports // all specs, where they have been counted
	started   time.Time
	began     map[string]bool // text of a spec → what Begin has said to it, where there is one
	cause     string          // why specs have no result; empty is unknown
	ran       types.Report    // what Ginkgo made of it
}

// prepare builds the tree of specs.
func prepare(ctx context.Context, cfg Config) (*run, error) {
	rules, err := catalogue.Load()
	if err != nil {
		return nil, err
	}
	if cfg.Edition == "" {
		cfg.Edition = catalogue.Edition202606
	}
	selected, err := rules.Match(cfg.Rules...)
	if err != nil {
		return nil, err
	}
	began, begin := map[string]bool{}, cfg.Begin
	if begin != nil {
		begin = func(ctx context.Context, spec vocabulary.Spec) bool {
			began[spec.Text] = cfg.Begin(ctx, spec)
			return began[spec.Text]
		}
	}
	var ids []string
	wanted := map[string]bool{}
	for _, rule := range selected {
		ids, wanted[rule.ID] = append(ids, rule.ID), true
	}
	var known vocabulary.Sections
	if cfg.Census != nil {
		known = cfg.Census.sections
	}
	kit, err := vocabulary.NewKit(vocabulary.Options{
		Edition: cfg.Edition,
		Place:   cfg.Place,
		Timeout: cfg.Timeout,
		Known:   known,
		Wanted:  func(id string) bool { return wanted[id] },
		Done:    ctx.Done(),
		Wire:    cfg.Wire,
		Begin:   begin,
		End:     cfg.End,
		Company: cfg.Company,
		Watch:   cfg.Watch,
		Bare:    cfg.Bare,
	})
	if err != nil {
		return nil, err
	}
	r := &run{cfg: cfg, kit: kit, began: began, catalogue: rules, selected: ids, started: time.Now()}
	ecs.ImportKeyPair(kit)
	swas.KeyPairs(kit)
	AfterSuite(func(ctx SpecContext) {
		kit.Close(ctx)
		if cfg.leave != nil {
			cfg.leave()
		}
	})
	ReportAfterSuite("the specs' outcomes", func(ran types.Report) { r.ran = ran })
	if cfg.Census != nil {
		r.specs = cfg.Census.Specs
	} else if err := r.countSpecs(); err != nil {
		return nil, err
	}
	if cfg.Tell != nil {
		r.tellProgress()
	}
	return r, nil
}

// countSpecs counts the specs of every rule without running any, and looks whether
// they are sound.
func (r *run) countSpecs() error {
	r.tree = PreviewSpecs("kpspec").SpecReports
	r.specs = map[string]int{}
	for _, spec := range r.tree {
		if rule, _, ok := r.about(spec); ok {
			r.specs[rule.ID]++
		}
	}
	return r.sound(r.tree)
}

// sound reports what is wrong with the tree of specs: one that is about no rule
// or has the text of another one, and a rule that no spec is about. Specs that
// somebody else runs beside these are none of its business.
func (r *run) sound(tree types.SpecReports) error {
	var problems []string
	first := map[string]string{} // text → where it stands
	for _, spec := range tree {
		where := vocabulary.Relative(spec.LeafNodeLocation)
		if spec.LeafNodeType != types.NodeTypeIt || !strings.HasPrefix(where, "suites/") {
			continue
		}
		text := spec.FullText()
		if _, _, ok := r.about(spec); !ok {
			problems = append(problems, fmt.Sprintf("%s: the spec %q is about no rule; give it one by Kit.Rule", where, text))
		}
		if before, twice := first[text]; twice {
			problems = append(problems, fmt.Sprintf("%s: the spec %q has the text of the one at %s; say what differs", where, text, before))
		}
		first[text] = where
	}
	for _, rule := range r.catalogue.Rules() {
		if rule.InEdition(cmp.Or(r.cfg.Edition, catalogue.Edition202606)) && rule.Excluded == "" && r.specs[rule.ID] == 0 {
			problems = append(problems, fmt.Sprintf("no spec is about %s; write one or exclude the rule with a reason", rule.ID))
		}
	}
	if len(problems) > 0 {
		return fmt.Errorf("the tree of specs is not sound:\n%s", strings.Join(problems, "\n"))
	}
	return nil
}

// count is the number of specs of the selected rules.
func (r *run) count() int {
	n := 0
	for _, id := range r.selected {
		n += r.specs[id]
	}
	return n
}

// filter is a Ginkgo label filter for the selected rules.
func (r *run) filter() string { return strings.Join(r.selected, " || ") }

// asked reports whether somebody chose specs by the test binary's own flags.
func (r *run) asked() bool {
	c := r.ran.SuiteConfig
	return len(c.FocusStrings)+len(c.SkipStrings)+len(c.FocusFiles)+len(c.SkipFiles) > 0 ||
		c.LabelFilter != "" && c.LabelFilter != r.filter()
}

// about is the rule and the clause that a spec is about, by its labels.
func (r *run) about(spec types.SpecReport) (rule catalogue.Rule, clause string, ok bool) {
	if spec.LeafNodeType != types.NodeTypeIt {
		return rule, "", false
	}
	for _, label := range spec.Labels() {
		id, key, _ := strings.Cut(label, ".")
		if found, known := r.catalogue.Rule(id); known {
			rule, ok = found, true
			clause = cmp.Or(key, clause)
		}
	}
	return rule, clause, ok
}

// share is what came of what Ginkgo ran.
func (r *run) share() Share {
	s, secrets := Share{Kept: r.kept}, r.cfg.Place.World.Secrets()
	for _, spec := range r.ran.SpecReports {
		for _, name := range []string{vocabulary.WeatherEntry, vocabulary.BetweenEntry} {
			for _, met := range entries[patience.Met](spec, name) {
				s.Met.Add(met)
			}
		}
		s.Left = append(s.Left, entries[vocabulary.Leftover](spec, vocabulary.CleanupEntry)...)
		if rule, clause, ok := r.about(spec); ok {
			res := result(spec, rule, clause, r.cfg.Edition)
			if yes, asked := r.began[res.Text]; asked && !yes {
				res.Outcome, res.Failure = verdict.NotApplicableHere, "the spec was not asked for"
			}
			if !r.cfg.Bare {
				hide(&res, secrets)
			}
			s.Results = append(s.Results, res)
		}
	}
	return s
}

// report makes the report of what the processes of the run have done.
func (r *run) report(ctx context.Context, s Share) report.Report {
	in := report.Input{
		Catalogue:  r.catalogue,
		Edition:    r.cfg.Edition,
		Strict:     r.cfg.Strict,
		Version:    r.cfg.Version,
		Selected:   r.selected,
		Specs:      r.specs,
		Deviations: r.cfg.Deviations,
		Started:    r.started,
		Duration:   time.Since(r.started),
		Results:    s.Results,
		Cause:      r.cause,
	}
	if r.cfg.Target != nil {
		in.Target = report.Target{Kind: string(r.cfg.Target.Kind()), Name: r.cfg.Target.Name(), Defect: target.DefectOf(r.cfg.Target)}
	}
	if ctx.Err() != nil {
		in.Cause = "the run was interrupted"
	}
	for i := range in.Results {
		if in.Results[i].Outcome == verdict.Undone && in.Results[i].Failure == "" {
			in.Results[i].Failure = cmp.Or(in.Cause, "the spec did not run")
		}
	}
	in.CleanupErrors = append(grouped(s.Left), s.Kept...)
	made := report.Build(in)
	made.Limits = limits(r.cfg.Place.Gate)
	made.Weather = weather(s.Met)
	if made.ExitCode == verdict.ExitConformant && (ctx.Err() != nil || len(made.CleanupErrors) > 0) {
		// What a run may have left behind is no reason for a green one.
		made = made.Interrupted()
	}
	return made
}

// limits are what the requests of the run were held to, nil where nothing was.
func limits(g *guard.Gate) *report.Limits {
	if g == nil {
		return nil
	}
	l := g.Limits()
	return &report.Limits{Requests: l.Requests, Reserve: l.Reserve(), PerSecond: l.Rate, Sent: g.Sent()}
}

// weather is what the report says of the bad weather, nil where none was met.
func weather(m patience.Met) *report.Weather {
	if m.Nothing() {
		return nil
	}
	w := &report.Weather{Requests: m.Requests, Specs: m.Specs, WaitedMS: m.Waited.Milliseconds()}
	if m.Lags > 0 {
		w.Lag = &report.Lag{Reads: m.Lags, InVain: m.InVain, WaitedMS: m.Lagged.Milliseconds(), LongestMS: m.Longest.Milliseconds()}
	}
	return w
}

// result is what a spec has told in its report entries, or else what Ginkgo
// says of it.
func result(spec types.SpecReport, rule catalogue.Rule, clause string, edition catalogue.Edition) report.SpecResult {
	res := report.SpecResult{
		Rule:       rule.ID,
		Clause:     clause,
		Level:      rule.LevelOf(clause, edition),
		Text:       spec.FullText(),
		Location:   vocabulary.Relative(spec.LeafNodeLocation),
		DurationMS: float64(spec.RunTime.Microseconds()) / 1000,
	}
	for _, met := range entries[patience.Met](spec, vocabulary.WeatherEntry) {
		res.Weather = weather(met)
	}
	spec = lastAttempt(spec)
	res.Observations = entries[report.Observation](spec, vocabulary.ObservationEntry)
	for _, exchanges := range entries[[]evidence.Exchange](spec, vocabulary.ExchangesEntry) {
		res.Exchanges = append(res.Exchanges, exchanges...)
	}
	told := entries[vocabulary.Outcome](spec, vocabulary.OutcomeEntry)
	switch {
	case len(told) > 0:
		last := told[len(told)-1] // a later one tells why an earlier one says nothing
		res.Outcome, res.Failure, res.Mismatches = last.Outcome, last.Message, last.Mismatches
		if last.Location != "" {
			res.Location = last.Location
		}
	case spec.State == types.SpecStatePassed:
		res.Outcome = verdict.Met
	default:
		// The spec itself broke, or never began: that says nothing of the target.
		res.Outcome = verdict.Undone
		if spec.Failure.Message != "" {
			res.Failure = fmt.Sprintf("the spec %s: %s", spec.State, spec.Failure.Message)
		}
	}
	if observed(rule, clause) && len(res.Observations) == 0 && (res.Outcome == verdict.Met || res.Outcome == verdict.NotMet) {
		// Asserted in one edition and observed in another: whether the sentence of
		// the spec is true is a fact in both.
		sentence := strings.TrimPrefix(res.Text, rule.Product+" "+rule.Operation+" ")
		res.Observations = append(res.Observations, report.Observation{Name: sentence, Value: res.Outcome == verdict.Met})
	}
	return res
}

// lastAttempt is what the last attempt of a spec has told: what came of those before
// it was not settled.
func lastAttempt(spec types.SpecReport) types.SpecReport {
	for i, entry := range slices.Backward(spec.ReportEntries) {
		if entry.Name == vocabulary.AgainEntry {
			spec.ReportEntries = spec.ReportEntries[i+1:]
			break
		}
	}
	return spec
}

// hide takes the secrets out of what a spec tells, which a broken target may have
// put there.
func hide(res *report.SpecResult, secrets []string) {
	res.Failure = evidence.Without(res.Failure, secrets...)
	for i := range res.Mismatches {
		m := &res.Mismatches[i]
		m.Path, m.Expected, m.Got = evidence.Value(m.Path, secrets...), evidence.Value(m.Expected, secrets...), evidence.Value(m.Got, secrets...)
	}
	for i, o := range res.Observations {
		if text, ok := o.Value.(string); ok {
			res.Observations[i].Value = evidence.Without(text, secrets...)
		}
	}
}

// grouped says each cause for which something is left on the target once, with a
// few of the names.
func grouped(left []vocabulary.Leftover) []string {
	const few = 3
	named := map[string][]string{}
	var causes, said []string
	for _, l := range left {
		if _, known := named[l.Cause]; !known {
			causes, named[l.Cause] = append(causes, l.Cause), nil
		}
		for _, name := range l.What {
			if !slices.Contains(named[l.Cause], name) { // what one sweep cannot remove, the next one cannot either
				named[l.Cause] = append(named[l.Cause], name)
			}
		}
	}
	for _, cause := range causes {
		names := named[cause]
		switch {
		case len(names) > few:
			cause = fmt.Sprintf("%s: %d of them, among them %q", cause, len(names), names[:few])
		case len(names) > 0:
			cause = fmt.Sprintf("%s: %q", cause, names)
		}
		said = append(said, cause)
	}
	return said
}

// observed reports whether a rule, or its clause, is of level OBSERVE in any edition.
func observed(rule catalogue.Rule, clause string) bool {
	level, levels := rule.Level, rule.Levels
	for _, c := range rule.Clauses {
		if c.Key == clause {
			level, levels = c.Level, c.Levels
		}
	}
	return level == catalogue.Observe || slices.Contains(slices.Collect(maps.Values(levels)), catalogue.Observe)
}

// entries are the values of a spec's report entries of one name. What another
// of Ginkgo's processes has reported arrives as plain JSON values.
func entries[T any](spec types.SpecReport, name string) []T {
	var all []T
	for _, entry := range spec.ReportEntries {
		if entry.Name != name {
			continue
		}
		v, here := entry.GetRawValue().(T)
		if !here {
			plain, err := json.Marshal(entry.GetRawValue())
			if err != nil || json.Unmarshal(plain, &v) != nil {
				continue
			}
		}
		all = append(all, v)
	}
	return all
}
