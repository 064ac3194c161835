package operation

import (
	"context"
	"fmt"

	"github.com/kpspec/kpspec/reference/refusal"
	"github.com/kpspec/kpspec/reference/rpc"
)

// Operation is an API operation.
type Operation struct {
	Action     string
	Permission *rpc.Permission // that the caller needs; nil: none
	Checks     []Step          // look at the call alone, and are made for a repeated call too
	Effects    []Step          // look at what there is, and the last one changes it
	// Same are the parameters that must not change when a call is repeated with its token. nil: such a call is a new one.
	Same func(*Call) []string
	// Answer makes the result of a call that passed all steps: a pointer to a struct, as the gateway wants it.
	Answer func(*Call) any
}

// Step is one thing that an operation does.
type Step struct {
	Name string
	Run  Run
}

// Run does it. Its error is a sentinel that the product's error table has a row for, wrapped or not.
type Run func(context.Context, *Call) error

// Step finds a step by its name; nil when the operation has none of that name.
func (o *Operation) Step(name string) *Step {
	for _, steps := range [][]Step{o.Checks, o.Effects} {
		for i := range steps {
			if steps[i].Name == name {
				return &steps[i]
			}
		}
	}
	return nil
}

// Product is a product's operations and what its refusals look like.
type Product struct {
	Name, Version string // what the gateway knows it by
	Operations    []*Operation
	Errors        *refusal.Table
	// Once carries out the effects of a call with a token, unless the call was made before; nil: they are always carried out.
	Once func(ctx context.Context, o *Operation, c *Call, effects func() (any, error)) (any, error)
}

// Operation finds an operation by its action; nil when the product has none of that name.
func (p *Product) Operation(action string) *Operation {
	for _, o := range p.Operations {
		if o.Action == action {
			return o
		}
	}
	return nil
}

// Serve is what the gateway is given to serve.
func (p *Product) Serve() []rpc.Operation {
	var out []rpc.Operation
	for _, o := range p.Operations {
		out = append(out, rpc.Operation{
			Product: p.Name, Version: p.Version, Action: o.Action, Permission: o.Permission,
			Handle: func(ctx context.Context, call *rpc.Call) (any, error) {
				answer, err := p.do(ctx, o, &Call{Call: call})
				if err != nil {
					return nil, p.Errors.Of(err)
				}
				return answer, nil
			},
		})
	}
	return out
}

// do leads a call through the steps of an operation, to the first that refuses it or to the answer.
func (p *Product) do(ctx context.Context, o *Operation, c *Call) (any, error) {
	if err := o.walk(ctx, o.Checks, c); err != nil {
		return nil, err
	}
	effects := func() (any, error) {
		if err := o.walk(ctx, o.Effects, c); err != nil {
			return nil, err
		}
		return o.Answer(c), nil
	}
	if c.Token == "" || o.Same == nil || p.Once == nil {
		return effects()
	}
	return p.Once(ctx, o, c, effects)
}

func (o *Operation) walk(ctx context.Context, steps []Step, c *Call) error {
	for _, step := range steps {
		if err := step.Run(ctx, c); err != nil {
			return fmt.Errorf("%s, %s: %w", o.Action, step.Name, err)
		}
	}
	return nil
}
