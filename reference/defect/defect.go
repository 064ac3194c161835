package defect

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/reference"
)

// Defect is a fault of the reference that can be switched on.
type Defect struct {
	ID       string
	Sentence string   // what the server does, in one sentence
	Rules    []string // the ids of the rules that it breaks, in the order of the catalogue's files
	Edition  string   // the edition of the ECS documents whose rules they are; "" = the newest
	// Gateway is set where the fault lies in front of the operations: in what is made of a request before one of them
	// sees it, or of its answer afterwards.
	Gateway bool
	// Race is set where the fault shows only when two requests are under way at the same time.
	Race bool

	change func(*reference.Parts)
}

// In returns the options of a server that has the defect and is else as o says.
func (d Defect) In(o reference.Options) reference.Options {
	if d.Edition != "" {
		o.Edition = d.Edition
	}
	before := o.Change
	o.Change = func(p *reference.Parts) {
		if before != nil {
			before(p)
		}
		d.change(p)
	}
	return o
}

// parts is a shorter name for what defects change.
type parts = reference.Parts

// bug makes a defect; rules are ids with spaces between them.
func bug(id, sentence, rules string, change func(*parts)) Defect {
	return Defect{ID: id, Sentence: sentence, Rules: strings.Fields(rules), change: change}
}

func (d Defect) atGateway() Defect { d.Gateway = true; return d }

func (d Defect) racing() Defect { d.Race = true; return d }

func (d Defect) inEdition(edition string) Defect { d.Edition = edition; return d }

// All returns every defect.
func All() []Defect {
	return slices.Concat(ecsNames(), ecsKeys(), ecsTags(), ecsStore(), ecsAnswers(), ecsErrors(), ecsPermissions(), ecsRequests(),
		swasNames(), swasKeys(), swasTokens(), swasCreated(), swasStore(), swasAttached(), swasAnswers(), swasErrors(), swasPermissions())
}

// IDs returns the ids of every defect.
func IDs() []string {
	var ids []string
	for _, d := range All() {
		ids = append(ids, d.ID)
	}
	return ids
}

// Find returns the defect of that id. The error says that there is none, and what may have been meant.
func Find(id string) (Defect, error) {
	for _, d := range All() {
		if d.ID == id {
			return d, nil
		}
	}
	return Defect{}, fmt.Errorf("there is no defect %q%s", id, catalogue.DidYouMean(id, IDs()))
}
