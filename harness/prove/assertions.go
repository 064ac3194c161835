package prove

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/suites/vocabulary"
)

// Record is how many assertions there are. It is kept beside this code, so that an assertion that somebody takes away is
// missed even where another one finds the same defects.
type Record struct {
	Made    map[catalogue.Edition]map[string]int `json:"made"`    // by the specs of each rule against the reference, by rule id
	Written map[string]int                       `json:"written"` // in the source of the specs, see written
}

//go:embed assertions.json
var recorded []byte

// Recorded is the record beside this code.
func Recorded() (Record, error) {
	var r Record
	if err := json.Unmarshal(recorded, &r); err != nil {
		return r, fmt.Errorf("harness/prove/assertions.json: %w; make it anew with make defects", err)
	}
	return r, nil
}

// Count makes the record of the specs as they are now.
func Count(ctx context.Context) (Record, error) {
	out, stock := Record{Made: map[catalogue.Edition]map[string]int{}}, &stock{}
	for _, edition := range []catalogue.Edition{catalogue.Edition202606, catalogue.Edition202011} {
		c, err := newControl(ctx, stock, edition, &bites{})
		if err != nil {
			return out, err
		}
		if len(c.Bad) > 0 {
			return out, fmt.Errorf("%s: a rule that does not hold makes no count", c.Line())
		}
		out.Made[edition] = c.Asserted
	}
	var err error
	out.Written, err = written()
	return out, err
}

// Write writes the record as JSON, a line per rule.
func (r Record) Write(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(r)
}

// against tells what of an edition is other than in the record.
func (r Record) against(edition catalogue.Edition, counted map[string]int) []string {
	return differing(r.Made[edition], counted, "its specs ("+string(edition)+") make")
}

// differing tells where two counts differ.
func differing(was, is map[string]int, verb string) []string {
	all := map[string]int{}
	maps.Copy(all, is)
	for key := range was {
		if _, known := all[key]; !known {
			all[key] = 0
		}
	}
	var out []string
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if all[key] != was[key] {
			out = append(out, fmt.Sprintf("%s: %s %d assertions, and it was %d; if that is meant, run make defects", key, verb, all[key], was[key]))
		}
	}
	return out
}

// count is what the specs of a control assert.
type count struct {
	mu     sync.Mutex
	made   map[string]int             // text of a spec → how many assertions it makes, those that it stands on included
	places map[string]map[string]bool // place of an assertion about the rule → texts of the specs that make it
}

// watch notes all assertions; spec tells which one runs.
func (c *count) watch(spec func() string) *vocabulary.Watch {
	c.made, c.places = map[string]int{}, map[string]map[string]bool{}
	return &vocabulary.Watch{Failed: func(string) {}, Made: func(where string, ofRule bool) {
		text := spec()
		c.mu.Lock()
		defer c.mu.Unlock()
		c.made[text]++
		if !ofRule {
			return
		}
		if c.places[where] == nil {
			c.places[where] = map[string]bool{}
		}
		c.places[where][text] = true
	}}
}

// bites are the places in the specs at which assertions about a MUST or a SHOULD stand, and those that have failed.
type bites struct {
	mu     sync.Mutex
	about  map[string]map[string]bool // place → ids of rules
	failed map[string]bool
}

// add adds what the specs of a control assert, whose rules and levels its report tells, and returns how many assertions
// those of each rule make.
func (b *bites) add(c *count, r report.Report) map[string]int {
	if b.about == nil {
		b.about, b.failed = map[string]map[string]bool{}, map[string]bool{}
	}
	counted := map[string]int{}
	asks := map[string]string{} // text of a spec → id of the rule that it asks for
	for _, rule := range r.Rules {
		for _, spec := range rule.Specs {
			counted[rule.ID] += c.made[spec.Text]
			if spec.Level != catalogue.Observe {
				asks[spec.Text] = rule.ID
			}
		}
	}
	for where, texts := range c.places {
		for text := range texts {
			if id := asks[text]; id != "" {
				if b.about[where] == nil {
					b.about[where] = map[string]bool{}
				}
				b.about[where][id] = true
			}
		}
	}
	return counted
}

// watch notes which assertions fail.
func (b *bites) watch() *vocabulary.Watch {
	return &vocabulary.Watch{Failed: func(where string) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.failed[where] = true
	}}
}

// idle are the places of the assertions that have not failed, with the rules they are about.
func (b *bites) idle() []string {
	var out []string
	for where, ids := range b.about {
		if !b.failed[where] {
			out = append(out, fmt.Sprintf("%s (%s)", where, strings.Join(slices.Sorted(maps.Keys(ids)), " ")))
		}
	}
	slices.Sort(out)
	return out
}

// idleAbout tells whether an assertion about a rule has not failed.
func (b *bites) idleAbout(id string) bool {
	for where, ids := range b.about {
		if ids[id] && !b.failed[where] {
			return true
		}
	}
	return false
}
