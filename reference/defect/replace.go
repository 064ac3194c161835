package defect

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/kpspec/kpspec/reference/operation"
	"github.com/kpspec/kpspec/reference/refusal"
)

// The two products by the names that the rule ids have.
const (
	onECS  = "ECS"
	onSWAS = "SWAS"
)

// productOf returns a product of the server.
func productOf(p *parts, name string) *operation.Product {
	if name == onECS {
		return &p.ECS().Product
	}
	return &p.SWAS().Product
}

// find returns an operation of the server. A defect of an operation that does not exist is a mistake in this package,
// which its tests find.
func find(p *parts, name, action string) *operation.Operation {
	o := productOf(p, name).Operation(action)
	if o == nil {
		panic(fmt.Sprintf("%s has no operation %s", name, action))
	}
	return o
}

// wrap puts another step in the place of one, made from the one that was there.
func wrap(p *parts, name, action, step string, with func(was operation.Run) operation.Run) {
	found := find(p, name, action).Step(step)
	if found == nil {
		panic(fmt.Sprintf("%s %s has no step %q", name, action, step))
	}
	found.Run = with(found.Run)
}

// before lets a function look at a call, and change it, before a step does.
func before(p *parts, name, action, step string, do func(*operation.Call)) {
	wrap(p, name, action, step, func(was operation.Run) operation.Run {
		return func(ctx context.Context, c *operation.Call) error {
			do(c)
			return was(ctx, c)
		}
	})
}

// after lets a function decide what a step has decided.
func after(p *parts, name, action, step string, do func(*operation.Call, error) error) {
	wrap(p, name, action, step, func(was operation.Run) operation.Run {
		return func(ctx context.Context, c *operation.Call) error { return do(c, was(ctx, c)) }
	})
}

// without forgets a step.
func without(p *parts, name, action, step string) {
	wrap(p, name, action, step, func(operation.Run) operation.Run {
		return func(context.Context, *operation.Call) error { return nil }
	})
}

// row changes the row of a cause in a product's error table.
func row(p *parts, name string, cause error, change func(*refusal.Row)) {
	table := *productOf(p, name).Errors
	for i := range table {
		if table[i].Cause == cause { //nolint:errorlint // the row itself is meant, not what wraps its cause
			table = slices.Clone(table)
			change(&table[i])
			*productOf(p, name).Errors = table
			return
		}
	}
	panic(fmt.Sprintf("%s has no row for %q", name, cause))
}

// field is a member of an answer as it is going to be written.
type field struct {
	name  string
	value reflect.Value
}

// members passes the members of an operation's answer through a function that may change, drop or add some.
func members(p *parts, name, action string, change func(*operation.Call, []field) []field) {
	o := find(p, name, action)
	was := o.Answer
	o.Answer = func(c *operation.Call) any { return object(change(c, fields(was(c)))) }
}

// fields takes an answer apart.
func fields(answer any) []field {
	v := reflect.ValueOf(answer).Elem()
	var out []field
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		out = append(out, field{name, v.Field(i)})
	}
	return out
}

// elements passes the members of each element of a list through a function.
func elements(list reflect.Value, change func(i int, members []field) []field) []any {
	out := []any{}
	for i := range list.Len() {
		out = append(out, object(change(i, fields(list.Index(i).Addr().Interface()))))
	}
	return out
}

// object puts an answer together: a pointer to a struct whose members have these names in JSON and XML.
func object(fields []field) any {
	var types []reflect.StructField
	for i, f := range fields {
		types = append(types, reflect.StructField{
			Name: fmt.Sprintf("F%d", i), Type: f.value.Type(), Tag: reflect.StructTag(fmt.Sprintf(`json:%q xml:%q`, f.name, f.name)),
		})
	}
	v := reflect.New(reflect.StructOf(types))
	for i, f := range fields {
		v.Elem().Field(i).Set(f.value)
	}
	return v.Interface()
}

// dropped, renamed and retyped are what can be wrong with a member of an answer.
func dropped(member string) func(*operation.Call, []field) []field {
	return func(_ *operation.Call, all []field) []field {
		return slices.DeleteFunc(all, func(f field) bool { return f.name == member })
	}
}

func renamed(member, to string) func(*operation.Call, []field) []field {
	return altered(member, func(_ *operation.Call, f *field) { f.name = to })
}

// retyped makes a list of a text, a text of a number and an object of a list.
func retyped(member string) func(*operation.Call, []field) []field {
	return altered(member, func(_ *operation.Call, f *field) {
		switch f.value.Kind() {
		case reflect.String:
			f.value = reflect.ValueOf([]string{f.value.String()})
		case reflect.Slice:
			f.value = reflect.ValueOf(object([]field{{cmp.Or(strings.TrimSuffix(member, "s"), member), f.value}}))
		default:
			f.value = reflect.ValueOf(fmt.Sprint(f.value.Interface()))
		}
	})
}

// valued gives a member another value.
func valued(member string, value func(*operation.Call) any) func(*operation.Call, []field) []field {
	return altered(member, func(c *operation.Call, f *field) { f.value = reflect.ValueOf(value(c)) })
}

func altered(member string, change func(*operation.Call, *field)) func(*operation.Call, []field) []field {
	return func(c *operation.Call, all []field) []field {
		for i := range all {
			if all[i].name == member {
				change(c, &all[i])
			}
		}
		return all
	}
}
