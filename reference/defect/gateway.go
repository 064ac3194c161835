package defect

import (
	"net/http"
	"reflect"
	"slices"

	"github.com/kpspec/kpspec/reference/rpc"
)

func valueOf(v any) reflect.Value { return reflect.ValueOf(v) }

// form is how the gateway writes the answers of a product.
func form(p *parts, product string) *rpc.Form {
	if product == onECS {
		return &p.Gateway().Products[0].Form
	}
	return &p.Gateway().Products[1].Form
}

// unchecked forgets a check of the gateway.
func unchecked(p *parts, name string) {
	checks := slices.DeleteFunc(rpc.Checks(), func(c rpc.Check) bool { return c.Name == name })
	p.Gateway().Checks = checks
}

// checked adds a check behind another.
func checked(p *parts, behind, name string, refuse func(*http.Request, *rpc.Params) rpc.Fault) {
	checks := rpc.Checks()
	i := slices.IndexFunc(checks, func(c rpc.Check) bool { return c.Name == behind })
	p.Gateway().Checks = slices.Insert(checks, i+1, rpc.NewCheck(name, refuse))
}
