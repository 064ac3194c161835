package ram

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kpspec/kpspec/fixtures/world"
)

// Outcome is how a decision ends.
type Outcome string

// The outcomes. The names of the denials are those of AccessDeniedDetail.NoPermissionType.
const (
	Allowed      Outcome = "Allowed"
	ImplicitDeny Outcome = "ImplicitDeny" // nothing allows it
	ExplicitDeny Outcome = "ExplicitDeny" // a Deny matches
)

// PolicyType is a layer of policies, by its name in AccessDeniedDetail.PolicyType.
type PolicyType string

// The layers that there are here.
const (
	SessionPolicy  PolicyType = "SessionPolicy"
	IdentityPolicy PolicyType = "AccountLevelIdentityBasedPolicy"
)

// Request is what a caller wants to do.
type Request struct {
	Action    string     // such as "ecs:ImportKeyPair"
	Resources []Resource // all of them are needed; none is the same as the zero Resource alone: all resources
	Context   Context
}

// Decision is the answer to a [Request]. Of a denial it names the layer.
type Decision struct {
	Outcome Outcome
	By      PolicyType // "" when allowed
}

// Rights are what an identity may do. The zero Rights are those of an account's owner: everything. They do not change and
// may be used by several goroutines. Made by [Compile].
type Rights struct{ layers []layer }

// Owner tells whether they are the rights of an account's owner, whom nothing is denied.
func (r Rights) Owner() bool { return len(r.layers) == 0 }

// layer is one of the sets of policies that must all allow a request.
type layer struct {
	kind       PolicyType
	statements []statement
}

// statement is a compiled statement.
type statement struct {
	deny       bool
	actions    []test // of actions in lower case
	resources  []resourcePattern
	conditions []condition
}

// Compile makes Rights of the policies attached to an identity, none of which make an owner, and the session policy that
// an STS identity may have, or nil. The error says in one line which statement cannot be understood: nothing is ever
// passed over.
func Compile(attached []world.Policy, session *world.Policy) (Rights, error) {
	var r Rights
	if session != nil {
		if err := r.add(SessionPolicy, *session); err != nil {
			return Rights{}, fmt.Errorf("session policy: %w", err)
		}
	}
	if len(attached) > 0 {
		if err := r.add(IdentityPolicy, attached...); err != nil {
			return Rights{}, err
		}
	}
	return r, nil
}

func (r *Rights) add(kind PolicyType, policies ...world.Policy) error {
	l := layer{kind: kind}
	for i, p := range policies {
		if p.Version != world.PolicyVersion {
			return fmt.Errorf("policy %d: its version is %q; there is only %q", i+1, p.Version, world.PolicyVersion)
		}
		for j, s := range p.Statement {
			compiled, err := compileStatement(s)
			if err != nil {
				return fmt.Errorf("policy %d, statement %d: %w", i+1, j+1, err)
			}
			l.statements = append(l.statements, compiled)
		}
	}
	r.layers = append(r.layers, l)
	return nil
}

func compileStatement(s world.Statement) (statement, error) {
	out := statement{deny: s.Effect == world.Deny}
	if s.Effect != world.Allow && s.Effect != world.Deny {
		return out, fmt.Errorf("its effect is %q; there are %s and %s", s.Effect, world.Allow, world.Deny)
	}
	if min(len(s.Action), len(s.Resource)) == 0 {
		return out, errors.New("it needs an action and a resource")
	}
	for _, action := range s.Action {
		out.actions = append(out.actions, wild(strings.ToLower(action)))
	}
	for _, resource := range s.Resource {
		pattern, err := compileResource(resource)
		if err != nil {
			return out, err
		}
		out.resources = append(out.resources, pattern)
	}
	for _, operator := range slices.Sorted(maps.Keys(s.Condition)) {
		keys := s.Condition[operator]
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			c, err := compileCondition(operator, key, keys[key])
			if err != nil {
				return out, err
			}
			out.conditions = append(out.conditions, c)
		}
	}
	return out, nil
}

// Decide tells whether the request may be carried out.
func (r Rights) Decide(q Request) Decision {
	if r.Owner() {
		return Decision{Outcome: Allowed}
	}
	if len(q.Resources) == 0 {
		q.Resources = []Resource{{}}
	}
	q.Action = strings.ToLower(q.Action)
	for _, l := range r.layers {
		if outcome := l.decide(q); outcome != Allowed {
			return Decision{Outcome: outcome, By: l.kind}
		}
	}
	return Decision{Outcome: Allowed}
}

// decide looks at one layer. A Deny on any of the resources is told before another resource that nothing allows.
func (l layer) decide(q Request) Outcome {
	var relevant []statement // those whose action and conditions match
	for _, s := range l.statements {
		if s.about(q) {
			relevant = append(relevant, s)
		}
	}
	outcome := Allowed
	for _, resource := range q.Resources {
		switch decideOne(relevant, resource) {
		case ExplicitDeny:
			return ExplicitDeny
		case ImplicitDeny:
			outcome = ImplicitDeny
		}
	}
	return outcome
}

func decideOne(relevant []statement, r Resource) Outcome {
	outcome := ImplicitDeny
	for _, s := range relevant {
		switch about := slices.ContainsFunc(s.resources, func(p resourcePattern) bool { return p.match(r) }); {
		case about && s.deny:
			return ExplicitDeny
		case about:
			outcome = Allowed
		}
	}
	return outcome
}

func (s statement) about(q Request) bool {
	if !slices.ContainsFunc(s.actions, func(about test) bool { return about(q.Action) }) {
		return false
	}
	for _, c := range s.conditions {
		if !c.hold(q.Context) {
			return false
		}
	}
	return true
}
