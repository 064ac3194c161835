package replay

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kpspec/kpspec/harness/evidence"
	"github.com/kpspec/kpspec/harness/ledger"
	"github.com/kpspec/kpspec/harness/plain"
	"github.com/kpspec/kpspec/harness/wire"
)

// allows refuses what a replay must not send: what is not about key pairs, and
// what would delete or replace something that the replay has not made.
func (p *player) allows(s *step) error {
	action := s.call.Action
	reads := slices.Contains([]string{"DescribeRegions", "ListRegions", "ListInstances"}, action)
	if action != "" && !reads && !strings.Contains(strings.ToLower(action), "keypair") {
		return errors.New("it is not about key pairs")
	}
	if p.Place == nil {
		return nil
	}
	for _, e := range p.touched(s) {
		there, err := p.wasThere(e)
		switch {
		case err != nil:
			return err
		case !there:
		case destroys(action) && e.Server == "":
			return fmt.Errorf("it would delete the key pair %s, which this replay has not made", plain.Text(e.Name))
		case destroys(action):
			return fmt.Errorf("it would change the server %s, to which a key pair is bound that this replay has not made", plain.Text(e.Server))
		}
	}
	return nil
}

// makes reports whether a request of the action may create a key pair. Words that
// only resemble an operation's count too: a broken target might obey.
func makes(action string) bool {
	return !slices.Contains([]string{"DescribeKeyPairs", "ListKeyPairs", "DescribeInstanceKeyPair", "DescribeRegions", "ListRegions", "ListInstances"}, action) &&
		!destroys(action)
}

// destroys reports whether a request of the action may undo or replace what is there.
func destroys(action string) bool {
	lower := strings.ToLower(action)
	return strings.HasPrefix(lower, "delete") || strings.HasPrefix(lower, "detach") || strings.HasPrefix(lower, "attach")
}

// touched are the key pairs, or the servers of bindings, that a request may
// create, delete or change.
func (p *player) touched(s *step) []ledger.Entry {
	region := cmp.Or(s.call.Value("RegionId"), p.World.Regions[0])
	entry := ledger.Entry{Product: s.Product, Account: s.Account, Region: region}
	var all []ledger.Entry
	add := func(name, server string) {
		e := entry
		e.Name, e.Server = name, server
		all = append(all, e)
	}
	lower := strings.ToLower(s.call.Action)
	switch {
	case strings.HasPrefix(lower, "attach"), strings.HasPrefix(lower, "detach"):
		for _, server := range listed(s.call, "InstanceIds") {
			add(s.call.Value("KeyPairName"), server)
		}
	case strings.HasPrefix(lower, "delete"):
		for _, name := range append(listed(s.call, "KeyPairNames"), listed(s.call, "KeyPairName")...) {
			add(name, "")
		}
	case makes(s.call.Action) && s.call.Value("KeyPairName") != "":
		add(s.call.Value("KeyPairName"), "")
	}
	return all
}

// listed are the values of a parameter that is repeated with numbers, or is a
// JSON list, or is one value.
func listed(call wire.Call, name string) []string {
	var values []string
	for _, q := range call.Params {
		var list []string
		switch {
		case q.Name == name && json.Unmarshal([]byte(q.Value), &list) == nil:
			values = append(values, list...)
		case q.Name == name, strings.HasPrefix(q.Name, name+"."):
			values = append(values, q.Value)
		}
	}
	return values
}

// wasThere reports whether a key pair was there before this replay, or whether
// one is bound to the server that this replay has not bound. What the replay has
// made was not there.
func (p *player) wasThere(e ledger.Entry) (bool, error) {
	if p.ledger.Holds(e) {
		return false, nil
	}
	key := e
	if e.Server != "" {
		key.Name = "" // whichever is bound
	}
	if there, known := p.there[key]; known {
		return there, nil
	}
	pairs, err := p.list(e)
	if err != nil {
		return false, fmt.Errorf("cannot look whether it would change what is there already: %w", err)
	}
	there := slices.ContainsFunc(pairs, func(q pair) bool {
		ours := e
		ours.Name = q.Name
		return e.Server == "" && q.Name == e.Name || e.Server != "" && slices.Contains(q.InstanceIDs, e.Server) && !p.ledger.Holds(ours)
	})
	p.there[key] = there
	return there, nil
}

// note writes down what the request may make, before it is sent, and returns it.
func (p *player) note(s *step) []ledger.Entry {
	var made []ledger.Entry
	for _, e := range p.touched(s) {
		attaches := e.Server != "" && strings.HasPrefix(strings.ToLower(s.call.Action), "attach")
		if (makes(s.call.Action) && !p.there[e] || attaches) && p.ledger.Note(e) {
			made = append(made, e)
		}
	}
	return made
}

// strike takes off the list what the requests of a group have not made: each of
// them that could have was refused.
func (p *player) strike(made []ledger.Entry, steps []*step) {
	for _, e := range made {
		refused := true
		for _, s := range steps {
			if s.answer != nil && slices.Contains(p.touched(s), e) {
				refused = refused && s.answer.Status >= 400 && s.answer.Status < 500
			}
		}
		if refused {
			p.ledger.Strike(e)
		}
	}
}

func refused(a *wire.Answer) bool { return a.Err == nil && a.Status >= 400 && a.Status < 500 }

// pair is what is read of a listed key pair.
type pair struct {
	Name        string   `json:"KeyPairName"`
	InstanceIDs []string `json:"InstanceIds"`
}

// owner sends a request of the replay's own as the first identity of an account.
func (p *player) owner(product, account string, call wire.Call) (*wire.Answer, error) {
	a, ok := p.account(account)
	if !ok {
		return nil, fmt.Errorf("the world has no account %s", plain.Text(account))
	}
	x := evidence.Exchange{Origin: evidence.Origin{Product: product, Account: account, Identity: a.Identities[0].Name}}
	client, err := p.client(p.address(product), x)
	if err != nil {
		return nil, err
	}
	call.Shape, call.Version = p.Place.Shape, "2014-05-26"
	if product == "SWAS" {
		call.Version = "2020-06-01"
	}
	return client.Do(context.WithoutCancel(p.ctx), call), nil
}

// list is the first page of the key pairs of an entry's region: of ECS those of
// its name, of SWAS, which has no more than ten, all of them. A target that does
// not take such a name in its listing is asked for all.
func (p *player) list(e ledger.Entry) ([]pair, error) {
	call := wire.Call{Action: "DescribeKeyPairs", Params: []wire.Param{
		{Name: "RegionId", Value: e.Region}, {Name: "PageSize", Value: "50"}, {Name: "KeyPairName", Value: e.Name},
	}}
	if e.Product == "SWAS" {
		call.Action = "ListKeyPairs"
		call = call.Without("KeyPairName")
	}
	answer, err := p.owner(e.Product, e.Account, call)
	if err == nil && refused(answer) && call.Value("KeyPairName") != "" {
		answer, err = p.owner(e.Product, e.Account, call.Without("KeyPairName"))
	}
	if err != nil {
		return nil, err
	}
	if refused(answer) && !slices.Contains(p.World.Regions, e.Region) {
		return nil, nil // no such region: nothing is there
	}
	if answer.Err != nil || answer.Status != 200 {
		return nil, fmt.Errorf("%s: %s", call.Action, answer)
	}
	var flat struct{ KeyPairs []pair }
	var wrapped struct {
		KeyPairs struct{ KeyPair []pair }
	}
	if json.Unmarshal(answer.Body, &flat) == nil {
		return flat.KeyPairs, nil
	}
	if err := json.Unmarshal(answer.Body, &wrapped); err != nil {
		return nil, fmt.Errorf("%s: the list of key pairs cannot be read", call.Action)
	}
	return wrapped.KeyPairs.KeyPair, nil
}

// clear removes what the replay has made, bindings first. The error names what
// is left.
func (p *player) clear() error {
	if p.Place == nil {
		return nil
	}
	open := p.ledger.Open()
	slices.SortStableFunc(open, func(a, b ledger.Entry) int { return -cmp.Compare(min(len(a.Server), 1), min(len(b.Server), 1)) })
	var left []error
	for _, e := range open {
		if err := p.remove(e); err != nil {
			left = append(left, err)
			continue
		}
		p.ledger.Strike(e)
	}
	if done := len(open) - len(left); done > 0 {
		p.tell("\nremoved what this replay has made, or may have made: %d", done)
	}
	if err := errors.Join(left...); err != nil {
		return errors.New(evidence.Without(err.Error(), p.World.Secrets()...))
	}
	return nil
}

// remove undoes one entry. One that is not there any more is gone.
func (p *player) remove(e ledger.Entry) error {
	call := wire.Call{Action: "DeleteKeyPairs", Params: []wire.Param{{Name: "RegionId", Value: e.Region}}}
	what := fmt.Sprintf("the key pair %s of %s", plain.Text(e.Name), e.Product)
	names, err := json.Marshal([]string{e.Name})
	switch {
	case err != nil:
		return err
	case e.Server != "":
		call.Action = "DetachKeyPair"
		call = call.With("KeyPairName", e.Name).With("InstanceIds.1", e.Server)
		what = fmt.Sprintf("%s on server %s", what, plain.Text(e.Server))
	case e.Product == "SWAS":
		call = call.With("KeyPairNames.1", e.Name)
	default:
		call = call.With("KeyPairNames", string(names))
	}
	answer, err := p.owner(e.Product, e.Account, call)
	if err != nil {
		return fmt.Errorf("%s may be left in %s: %w", what, e.Region, err)
	}
	if answer.Status == 200 {
		return nil
	}
	pairs, err := p.list(e)
	gone := !slices.ContainsFunc(pairs, func(q pair) bool {
		return q.Name == e.Name && (e.Server == "" || slices.Contains(q.InstanceIDs, e.Server))
	})
	if err == nil && gone {
		return nil
	}
	return fmt.Errorf("%s may be left in %s: %s: %s", what, e.Region, call.Action, answer)
}
