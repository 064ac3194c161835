package rpc

import (
	"net/http"
	"net/netip"

	"github.com/kpspec/kpspec/reference/ram"
)

// Permission is what the caller of an operation needs.
type Permission struct {
	Action string // such as "ecs:ImportKeyPair"
	// Resources are what the call works on, as far as its parameters tell: they are not checked yet. nil: the operation has
	// no resource-level permissions.
	Resources func(call *Call) []ram.Resource
}

// checkPermission comes after everything that tells who calls.
func checkPermission(g *Gateway, q *request) *problem {
	need := q.operation.Permission
	if need == nil {
		return nil
	}
	wanted := ram.Request{Action: need.Action, Context: contextOf(q)}
	if need.Resources != nil {
		wanted.Resources = need.Resources(q.call())
	}
	decision := g.decide(q.caller.Rights, wanted)
	if decision.Outcome == ram.Allowed {
		return nil
	}
	return &problem{fault: FaultDenied, denied: map[string]string{
		"AuthAction":               need.Action,
		"AuthPrincipalType":        principalType(q.caller),
		"AuthPrincipalOwnerId":     q.caller.AccountID,
		"AuthPrincipalDisplayName": q.caller.Name,
		"NoPermissionType":         string(decision.Outcome),
		"PolicyType":               string(decision.By),
	}}
}

// principalType is what kind of identity calls: an owner is never denied anything.
func principalType(c *caller) string {
	if c.SecurityToken != "" {
		return "AssumedRoleUser"
	}
	return "SubUser"
}

// contextOf is what the request tells about itself beside its parameters.
func contextOf(q *request) ram.Context {
	return ram.Context{Time: q.now, SourceIP: sourceOf(q.http), Secure: q.http.TLS != nil}
}

// sourceOf is the address at the other end of the connection, invalid when there is none.
func sourceOf(r *http.Request) netip.Addr {
	from, _ := netip.ParseAddrPort(r.RemoteAddr) // invalid where it cannot be read
	return from.Addr().Unmap().WithZone("")
}
