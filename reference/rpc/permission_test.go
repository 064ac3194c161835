package rpc

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/reference/ram"
)

// rightsOf are those of an identity with one policy of one statement, and a session policy if there is one.
func rightsOf(t testing.TB, statement world.Statement, session ...world.Statement) ram.Rights {
	t.Helper()
	policy := func(s ...world.Statement) world.Policy {
		return world.Policy{Version: world.PolicyVersion, Statement: s}
	}
	var narrowed *world.Policy
	if len(session) > 0 {
		p := policy(session...)
		narrowed = &p
	}
	rights, err := ram.Compile([]world.Policy{policy(statement)}, narrowed)
	if err != nil {
		t.Fatal(err)
	}
	return rights
}

// guarded is a gateway with an operation of each of two products that needs a permission, and counts its calls.
func guarded(t testing.TB, calls *int, as Credential) *Gateway {
	return newGateway(t, func(c *Config) {
		c.Identities = []Credential{as}
		handle := func(context.Context, *Call) (any, error) {
			*calls++
			return nil, nil
		}
		c.Operations = []Operation{
			{Product: "ECS", Version: testVersion, Action: "Guarded", Handle: handle, Permission: &Permission{
				Action: "ecs:Guarded",
				Resources: func(call *Call) []ram.Resource {
					name, _ := call.Params.Get("KeyPairName")
					return []ram.Resource{{Service: "ecs", Region: "r", Account: call.Identity.AccountID, ID: "keypair/" + name}}
				},
			}},
			{Product: "SWAS-OPEN", Version: "2020-06-01", Action: "Guarded", Handle: handle, Permission: &Permission{Action: "swas-open:Guarded"}},
		}
	})
}

func TestDenials(t *testing.T) {
	t.Parallel()
	mine := world.Statement{Effect: world.Allow, Action: world.List{"ecs:Guarded"}, Resource: world.List{"acs:ecs:r:1:keypair/mine-*"}}
	everything := world.Statement{Effect: world.Allow, Action: world.List{"*"}, Resource: world.List{"*"}}
	taken := world.Statement{Effect: world.Deny, Action: world.List{"*"}, Resource: world.List{"*"}}
	for _, c := range []struct {
		name      string
		as        Credential
		rights    ram.Rights
		detail    map[string]string // of the denial for another's pair
		principal string
	}{
		{"a user", owner, rightsOf(t, mine), map[string]string{"NoPermissionType": "ImplicitDeny", "PolicyType": "AccountLevelIdentityBasedPolicy"}, "SubUser"},
		{"a denied user", owner, rightsOf(t, taken), map[string]string{"NoPermissionType": "ExplicitDeny", "PolicyType": "AccountLevelIdentityBasedPolicy"}, "SubUser"},
		{"a session", session, rightsOf(t, everything, mine), map[string]string{"NoPermissionType": "ImplicitDeny", "PolicyType": "SessionPolicy"}, "AssumedRoleUser"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := NewWithT(t)
			calls := 0
			c.as.Rights = c.rights
			gateway := guarded(t, &calls, c.as)
			for i, s := range shapes {
				d := newDraft(s, "Guarded", string(rune('a'+i)), map[string]string{"KeyPairName": "mine-1"}).from(c.as).sign()
				if a := send(t, gateway, d.request()); c.detail["NoPermissionType"] == "ImplicitDeny" {
					g.Expect(a.status).To(Equal(http.StatusOK), a.body)
				}
				before := calls
				d = newDraft(s, "Guarded", string(rune('A'+i)), map[string]string{"KeyPairName": "other"}).from(c.as).sign()
				a := send(t, gateway, d.request())
				expectRefusal(g, a, 403, "Forbidden.RAM",
					"User not authorized to operate on the specified resource, or this API doesn't support RAM.")
				var body struct{ AccessDeniedDetail map[string]string }
				g.Expect(json.Unmarshal([]byte(a.body), &body)).To(Succeed())
				g.Expect(body.AccessDeniedDetail).To(Equal(map[string]string{
					"AuthAction": "ecs:Guarded", "AuthPrincipalType": c.principal, "AuthPrincipalOwnerId": "1",
					"AuthPrincipalDisplayName": c.as.Name, "NoPermissionType": c.detail["NoPermissionType"], "PolicyType": c.detail["PolicyType"],
				}))
				g.Expect(calls).To(Equal(before), "the operation does not see a denied call")
			}
		})
	}
}

func TestDenialsOfOtherProductsAndInXML(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	calls := 0
	as := owner
	as.Rights = rightsOf(t, world.Statement{Effect: world.Allow, Action: world.List{"swas-open:*"}, Resource: world.List{"acs:swas-open:*:1:*"}})
	d := newDraft(v1Query, "Guarded", "n1", map[string]string{})
	d.query["Version"], d.query["Format"] = "2020-06-01", "XML"
	a := send(t, guarded(t, &calls, as), d.sign().request())
	g.Expect([]any{a.status, a.Code, a.Message, calls}).To(HaveExactElements(403, "NoPermission", "You are not authorized to do this action.", 0))
	var body struct {
		AccessDeniedDetail struct{ AuthAction, PolicyType, NoPermissionType string }
	}
	g.Expect(xml.Unmarshal([]byte(a.body), &body)).To(Succeed())
	g.Expect(body.AccessDeniedDetail.AuthAction).To(Equal("swas-open:Guarded"))
	g.Expect(body.AccessDeniedDetail.NoPermissionType).To(Equal("ImplicitDeny"))
}

// Conditions are about the connection, not about what a header says.
func TestWhatConditionsSee(t *testing.T) {
	t.Parallel()
	when := func(operator, key, value string) Credential {
		as := owner
		as.Rights = rightsOf(t, world.Statement{
			Effect: world.Allow, Action: world.List{"*"}, Resource: world.List{"*"},
			Condition: map[string]map[string]world.List{operator: {key: {value}}},
		})
		return as
	}
	for name, c := range map[string]struct {
		as     Credential
		from   string
		secure bool
		status int
	}{
		"address":       {when("IpAddress", "acs:SourceIp", "198.51.100.0/24"), "198.51.100.7:1", false, 200},
		"other address": {when("IpAddress", "acs:SourceIp", "198.51.100.0/24"), "203.0.113.7:1", false, 403},
		"IPv6":          {when("IpAddress", "acs:SourceIp", "2001:db8::/32"), "[2001:db8::1%eth0]:1", false, 200},
		"IPv4 in IPv6":  {when("IpAddress", "acs:SourceIp", "198.51.100.0/24"), "[::ffff:198.51.100.7]:1", false, 200},
		"no address":    {when("IpAddress", "acs:SourceIp", "198.51.100.0/24"), "@", false, 403},
		"secure":        {when("Bool", "acs:SecureTransport", "true"), "198.51.100.7:1", true, 200},
		"not secure":    {when("Bool", "acs:SecureTransport", "true"), "198.51.100.7:1", false, 403},
		"in time":       {when("DateLessThan", "acs:CurrentTime", "2024-01-02T03:04:06Z"), "198.51.100.7:1", false, 200},
		"too late":      {when("DateLessThan", "acs:CurrentTime", "2024-01-02T03:04:05Z"), "198.51.100.7:1", false, 403},
	} {
		calls := 0
		d := newDraft(v3Query, "Guarded", "n1", map[string]string{"KeyPairName": "x"})
		d.header.Set("X-Forwarded-For", "198.51.100.7")
		d.header.Set("X-Forwarded-Proto", "https")
		r := d.sign().request()
		r.RemoteAddr = c.from
		if c.secure {
			r.TLS = &tls.ConnectionState{}
		}
		NewWithT(t).Expect(send(t, guarded(t, &calls, c.as), r).status).To(Equal(c.status), name)
	}
}

// A wrong signature is told before a missing permission, and a denied call uses its nonce up like any other.
func TestDenialsComeAfterAuthentication(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	calls := 0
	as := owner
	as.Rights = rightsOf(t, world.Statement{Effect: world.Deny, Action: world.List{"*"}, Resource: world.List{"*"}})
	gateway := guarded(t, &calls, as)
	d := newDraft(v1Get, "Guarded", "n1", nil).sign()
	g.Expect(send(t, gateway, d.request()).Code).To(Equal("Forbidden.RAM"))
	g.Expect(send(t, gateway, d.request()).Code).To(Equal("SignatureNonceUsed"))
	d.query["Signature"] = "AAAAAAAAAAAAAAAAAAAAAAAAAAA="
	g.Expect(send(t, gateway, d.request()).Code).To(Equal("SignatureDoesNotMatch"))
}

func TestPermissionsNeedAnAction(t *testing.T) {
	t.Parallel()
	handle := func(context.Context, *Call) (any, error) { return nil, nil }
	o := Operation{Product: "ECS", Version: "1", Action: "A", Handle: handle, Permission: &Permission{}}
	_, err := New(Config{Operations: []Operation{o}})
	NewWithT(t).Expect(err).To(MatchError(ContainSubstring("operation A: a permission needs an action")))
}
