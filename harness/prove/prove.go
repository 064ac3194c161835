package prove

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/verdict"
	"github.com/kpspec/kpspec/reference"
	"github.com/kpspec/kpspec/reference/defect"
	"github.com/kpspec/kpspec/suites"
	"github.com/kpspec/kpspec/suites/vocabulary"
)

// Options say what to prove.
type Options struct {
	Defects []defect.Defect
	Whole   bool        // run all specs against every defect
	Others  bool        // look for rules without a defect too, and try servers that implement nothing
	Tell    func(Trial) // is told of every trial as it ends; may be nil
}

// Ending is how the trial of a defect ended.
type Ending string

// The endings. Only Killed is as it should be.
const (
	Killed    Ending = "killed"     // exactly the declared rules are red
	Survived  Ending = "survived"   // a declared rule is not red
	Blamed    Ending = "over-blame" // the declared rules are red, and others too
	Unreached Ending = "unreached"  // no answer of the suite's requests is other than without the defect
)

// Trial is what came of one defect.
type Trial struct {
	Defect   string            `json:"defect"`
	Sentence string            `json:"sentence"`
	Edition  catalogue.Edition `json:"edition"`
	Declared []string          `json:"declared"` // rule ids
	Red      []string          `json:"red"`      // rules that failed or warned
	Undone   []string          `json:"undone"`   // rules that could not be tried because of the defect
	Ending   Ending            `json:"ending"`
	MS       float64           `json:"ms"`
}

// Missing are the declared rules that are not red.
func (t Trial) Missing() []string { return minus(t.Declared, t.Red) }

// Extra are the red rules that are not declared.
func (t Trial) Extra() []string { return minus(t.Red, t.Declared) }

func minus(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(id string) bool { return slices.Contains(b, id) })
}

// Proof is what came of all of it.
type Proof struct {
	Controls  []Control  `json:"controls"`
	Trials    []Trial    `json:"trials"`
	Unproven  []string   `json:"unproven"`  // rules that ought to have a defect and have none, of all defects
	Idle      []string   `json:"idle"`      // places of assertions about a rule that no defect makes fail, of all defects
	Miscount  []string   `json:"miscount"`  // rules that make more or fewer assertions than the record says, of all defects
	Constants []Constant `json:"constants"` // servers that implement nothing
}

// Control is the run of an edition without defects.
type Control struct {
	Edition  catalogue.Edition `json:"edition"`
	Specs    int               `json:"specs"`
	Requests int               `json:"requests"`
	MS       float64           `json:"ms"`
	Bad      []string          `json:"bad"`      // rules that did not pass
	Asserted map[string]int    `json:"asserted"` // how many assertions the specs of each rule made, by rule id
}

// green tells whether all passes without defects.
func (p Proof) green() bool {
	return !slices.ContainsFunc(p.Controls, func(c Control) bool { return len(c.Bad) > 0 })
}

// Holds tells whether everything is as it should be.
func (p Proof) Holds() bool {
	return p.green() &&
		!slices.ContainsFunc(p.Trials, func(t Trial) bool { return t.Ending != Killed }) &&
		!slices.ContainsFunc(p.Constants, func(r Constant) bool { return !r.Holds() }) &&
		len(p.Unproven)+len(p.Idle)+len(p.Miscount) == 0
}

// control is a control with what is needed to try defects of its edition.
type control struct {
	Control
	stage  *stage
	census *suites.Census
	rules  []*catalogue.Rule
	ruleOf map[string]string // the id of the rule of each spec, by the spec's text
	sent   map[string]int    // how many requests each spec sent, by its text
	// What came of the requests when they were sent again: at the operations, and at the gateway.
	operations, front []outcome
	pairs             map[int]map[spot]bool // that there were before the first request of each spec
}

// raceTries is how often a race is tried once more that did not show: on a busy machine two requests may miss each other.
const raceTries = 4

// errInterrupted is the error of what did not come to its end.
var errInterrupted = errors.New("interrupted")

// Unproven are the rules that ask for something and have specs, and that none of the defects breaks. What only the older
// edition asks for needs a defect of that edition.
func Unproven(defects []defect.Defect) ([]string, error) {
	rules, err := catalogue.Load()
	if err != nil {
		return nil, err
	}
	broken := map[catalogue.Edition]map[string]bool{catalogue.Edition202606: {}, catalogue.Edition202011: {}}
	for _, d := range defects {
		for _, id := range d.Rules {
			broken[editionOf(d.Edition)][id] = true
		}
	}
	var out []string
	for _, rule := range rules.Rules() {
		edition := catalogue.Edition202606
		if !asks(rule, edition) {
			edition = catalogue.Edition202011
		}
		if asks(rule, edition) && !broken[edition][rule.ID] {
			out = append(out, rule.ID)
		}
	}
	return out, nil
}

// asks tells whether a rule can be broken in an edition.
func asks(rule catalogue.Rule, edition catalogue.Edition) bool {
	return rule.Excluded == "" && rule.InEdition(edition) && rule.AsksIn(edition)
}

// garbage is how much garbage there may be before it is collected, in percent of what is in use: a proof makes a lot of
// it and keeps little.
const garbage = 400

// Run proves what the options say. The error is that of a run that could not be made at all, or was interrupted.
func Run(ctx context.Context, o Options) (Proof, error) {
	b := &bites{}
	p, err := defects(ctx, o, b)
	if err != nil || !o.Others {
		return p, err
	}
	record, err := Recorded()
	if err != nil {
		return p, err
	}
	for _, c := range p.Controls {
		p.Miscount = append(p.Miscount, record.against(c.Edition, c.Asserted)...)
	}
	now, err := written()
	if err != nil {
		return p, err
	}
	p.Miscount = append(p.Miscount, differing(record.Written, now, "there are")...)
	if p.green() { // else no defect was tried
		p.Idle = b.idle()
	}
	if p.Unproven, err = Unproven(o.Defects); err != nil {
		return p, err
	}
	p.Constants, err = constantRuns(ctx)
	return p, err
}

// defects tries the defects.
func defects(ctx context.Context, o Options, b *bites) (Proof, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(garbage))
	var p Proof
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // nothing goes on behind the proof
	stock := &stock{}
	go stock.fill(ctx)
	controls := map[catalogue.Edition]*control{}
	for _, d := range o.Defects {
		edition := editionOf(d.Edition)
		if controls[edition] != nil {
			continue
		}
		c, err := newControl(ctx, stock, edition, b)
		if err != nil {
			return p, err
		}
		controls[edition] = c
		p.Controls = append(p.Controls, c.Control)
		if len(c.Bad) > 0 {
			return p, nil // nothing can be shown with it
		}
	}
	// What the next defects touch is found out while the specs run against one.
	ahead := make(chan reach, 4)
	go func() {
		defer close(ahead)
		for _, d := range o.Defects {
			select {
			case ahead <- controls[editionOf(d.Edition)].touched(d, stock):
			case <-ctx.Done():
				return
			}
		}
	}()
	for _, d := range o.Defects {
		c, touched := controls[editionOf(d.Edition)], <-ahead
		t, err := c.try(ctx, d, stock, touched, o.Whole, b)
		for again := 0; again < raceTries && err == nil && d.Race && t.Ending == Survived; again++ {
			t, err = c.try(ctx, d, stock, touched, o.Whole, b)
		}
		if ctx.Err() != nil {
			return p, errInterrupted
		}
		if err != nil {
			return p, fmt.Errorf("defect %s: %w", d.ID, err)
		}
		p.Trials = append(p.Trials, t)
		if o.Tell != nil {
			o.Tell(t)
		}
	}
	// An assertion that fails where requests meet in one way may have missed it.
	for again := 0; again < raceTries && o.Others; again++ {
		for _, d := range o.Defects {
			if !slices.ContainsFunc(d.Rules, b.idleAbout) {
				continue
			}
			c := controls[editionOf(d.Edition)]
			if _, err := c.try(ctx, d, stock, c.touched(d, stock), o.Whole, b); err != nil || ctx.Err() != nil {
				return p, cmp.Or(err, errInterrupted)
			}
		}
	}
	return p, nil
}

func newControl(ctx context.Context, stock *stock, edition catalogue.Edition, b *bites) (*control, error) {
	census, err := suites.Count(edition)
	if err != nil {
		return nil, err
	}
	rules, err := catalogue.Load()
	if err != nil {
		return nil, err
	}
	c := &control{census: census, ruleOf: map[string]string{}, sent: map[string]int{}}
	for _, rule := range rules.Rules() {
		c.rules = append(c.rules, &rule)
	}
	c.Edition = edition
	o := reference.Options{Edition: string(edition)}
	if c.stage, err = newStage(stock, o, true); err != nil {
		return nil, err
	}
	var asserted count
	started := time.Now()
	r, err := suites.Execute(ctx, suites.Config{
		Place: c.stage.place(), Wire: c.stage, Edition: edition, Census: census, Begin: c.stage.begin, Watch: asserted.watch(c.stage.running),
	})
	if err != nil {
		return nil, err
	}
	c.MS = milliseconds(started)
	c.Asserted = b.add(&asserted, r)
	c.Requests = len(c.stage.kept)
	for _, k := range c.stage.kept {
		c.sent[k.spec]++
	}
	for _, rule := range r.Rules {
		c.Specs += len(rule.Specs)
		for _, spec := range rule.Specs {
			c.ruleOf[spec.Text] = rule.ID
		}
		if rule.Verdict != verdict.Passed && rule.Verdict != verdict.Observed {
			c.Bad = append(c.Bad, rule.ID)
		}
	}
	c.operations, c.front = make([]outcome, c.Requests), make([]outcome, c.Requests)
	c.pairs = map[int]map[spot]bool{}
	err = again(c.stage.kept, stock, o, false, func(i int, came outcome) { c.operations[i] = came },
		func(i int, s *shelves) { c.pairs[i] = s.spots() })
	if err != nil {
		return nil, err
	}
	return c, again(c.stage.kept, stock, o, true, func(i int, came outcome) { c.front[i] = came },
		func(int, *shelves) {}) // the same pairs as at the operations
}

// reach is what a defect may change the end of.
type reach struct {
	rules []string        // their ids
	specs map[string]bool // of these rules, by text; the other specs of a rule that is here in whole are not in it
	whole map[string]bool // rules all of whose specs are touched
	err   error
}

// try runs the specs that a defect may touch against a server that has it.
func (c *control) try(ctx context.Context, d defect.Defect, stock *stock, touched reach, whole bool, b *bites) (Trial, error) {
	started := time.Now()
	t := Trial{Defect: d.ID, Sentence: d.Sentence, Edition: c.Edition, Declared: d.Rules, Ending: Unreached}
	if touched.err != nil || len(touched.rules) == 0 {
		return t, touched.err
	}
	s, err := newStage(stock, d.In(reference.Options{}), false)
	if err != nil {
		return t, err
	}
	cfg := suites.Config{Place: s.place(), Wire: s, Edition: c.Edition, Census: c.census, Bare: true, Watch: b.watch()}
	if !whole {
		cfg.Rules = touched.rules
		cfg.Begin = func(_ context.Context, spec vocabulary.Spec) bool {
			return touched.specs[spec.Text] || touched.whole[c.ruleOf[spec.Text]]
		}
	}
	r, err := suites.Execute(ctx, cfg)
	if err != nil {
		return t, err
	}
	t.judge(r)
	t.MS = milliseconds(started)
	return t, nil
}

// touched says which specs a defect may change the end of: those of whose requests one is answered otherwise. Specs of an
// operation of SWAS share key pairs that one of them has made, so where a success is not what it was, all of them are
// touched; likewise those that use up a quota; and so are the rules that a race is said to break, for the requests are
// sent again one after the other.
func (c *control) touched(d defect.Defect, stock *stock) reach {
	out := reach{specs: map[string]bool{}, whole: map[string]bool{}}
	if d.Race {
		out.whole = c.stage.racing()
		for _, id := range d.Rules {
			out.whole[id] = true
		}
	}
	was := c.operations
	if d.Gateway {
		was = c.front
	}
	rules := maps.Clone(out.whole)
	changed := map[string]bool{} // the ids of rules whose specs no longer get a success that they may share
	turned := map[string]bool{}  // the ids of rules in whose specs other key pairs are there than were
	taken := map[string]bool{}   // the specs of which a request that was refused is taken
	differs := false             // in the spec under way
	out.err = again(c.stage.kept, stock, d.In(reference.Options{}), d.Gateway, func(i int, came outcome) {
		if came.equal(was[i]) {
			return
		}
		k := c.stage.kept[i]
		if fills(k.rule) && k.call != nil && makes[k.call.Action] && came.success() && was[i].success() {
			return // that it is taken is all that such a spec wants to know
		}
		differs = true
		out.specs[k.spec], rules[k.rule] = true, true
		if came.success() != was[i].success() || k.call == nil || !makes[k.call.Action] {
			turned[k.rule] = true
		}
		switch {
		case !was[i].success():
			taken[k.spec] = true
		case !taken[k.spec] || k.call != nil && makes[k.call.Action]: // else it is what was taken that is listed
			changed[k.rule] = true
		}
	}, func(i int, s *shelves) {
		if differs { // what the spec would have cleaned up, had it known
			s.keepOnly(c.pairs[i])
			differs = false
		}
	})
	for _, rule := range c.rules {
		if slices.ContainsFunc(c.rules, func(other *catalogue.Rule) bool { return turned[other.ID] && crowds(rule, other) }) {
			rules[rule.ID], out.whole[rule.ID] = true, true
		}
		if slices.ContainsFunc(c.rules, func(other *catalogue.Rule) bool { return changed[other.ID] && shares(rule, other) }) {
			for spec, id := range c.ruleOf {
				if id == rule.ID && c.sent[spec] <= borrowed {
					rules[rule.ID], out.specs[spec] = true, true
				}
			}
		}
	}
	maps.DeleteFunc(rules, func(id string, _ bool) bool { return c.census.Specs[id] == 0 }) // "" is what a run does for itself
	out.rules = slices.Sorted(maps.Keys(rules))
	return out
}

// borrowed is how many requests a spec sends at most whose verdict rests on what another spec has made. One that sends more
// asks for what it needs itself, and could at worst not be run without it.
const borrowed = 2

// makes are the operations whose answers specs share.
var makes = map[string]bool{"CreateKeyPair": true, "ImportKeyPair": true, "AttachKeyPair": true}

// shares tells whether specs of the rule use key pairs that specs of the other one may have made.
func shares(rule, other *catalogue.Rule) bool {
	return rule.Product == "SWAS" && other.Product == "SWAS" &&
		(rule.Operation == other.Operation || rule.ID == "SWAS-IMP-NAME-EXIST" && other.Operation == "CreateKeyPair")
}

// crowds tells whether specs of the other rule use up a quota in which the key pairs of the rule's specs count: in ECS only
// those that are made to use it up, in SWAS, where ten are enough, all.
func crowds(rule, other *catalogue.Rule) bool {
	return rule.Product == other.Product && fills(other.ID) && (fills(rule.ID) || rule.Product == "SWAS")
}

// fills tells whether specs of a rule use up a quota.
func fills(id string) bool { return strings.Contains(id, "-QUOTA") }

// judge compares what came of the rules with what was declared.
func (t *Trial) judge(r report.Report) {
	for _, rule := range r.Rules {
		switch rule.Verdict {
		case verdict.Failed, verdict.Warned:
			t.Red = append(t.Red, rule.ID)
		case verdict.CouldNotRun:
			t.Undone = append(t.Undone, rule.ID)
		}
	}
	switch {
	case len(t.Missing()) > 0:
		t.Ending = Survived
	case len(t.Extra()) > 0:
		t.Ending = Blamed
	default:
		t.Ending = Killed
	}
}

func milliseconds(since time.Time) float64 { return float64(time.Since(since).Microseconds()) / 1000 }
