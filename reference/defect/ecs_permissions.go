package defect

import (
	"context"
	"strings"

	"github.com/kpspec/kpspec/reference/operation"
	"github.com/kpspec/kpspec/reference/ram"
	"github.com/kpspec/kpspec/reference/rpc"
)

// needing changes what permission the caller of an operation needs.
func needing(p *parts, product, action string, change func(*rpc.Permission)) {
	o := find(p, product, action)
	need := *o.Permission
	change(&need)
	o.Permission = &need
}

// worked changes the resources that an operation works on.
func worked(p *parts, product, action string, as func(ram.Resource) ram.Resource) {
	needing(p, product, action, func(need *rpc.Permission) {
		was := need.Resources
		need.Resources = func(c *rpc.Call) []ram.Resource {
			var all []ram.Resource
			for _, r := range was(c) {
				all = append(all, as(r))
			}
			return all
		}
	})
}

// deciding lets a function decide what the policies have decided about an action.
func deciding(p *parts, action string, do func(ram.Rights, ram.Request, ram.Decision) ram.Decision) {
	p.Gateway().Decide = func(rights ram.Rights, q ram.Request) ram.Decision {
		decision := rights.Decide(q)
		if strings.EqualFold(q.Action, action) {
			return do(rights, q, decision)
		}
		return decision
	}
}

// allowing allows an action that is denied in this way.
func allowing(p *parts, action string, denied ram.Outcome) {
	deciding(p, action, func(_ ram.Rights, _ ram.Request, d ram.Decision) ram.Decision {
		if d.Outcome == denied {
			return ram.Decision{Outcome: ram.Allowed}
		}
		return d
	})
}

// elsewhere allows an action that is allowed on one of some other resources.
func elsewhere(p *parts, action string, others func(ram.Resource) []ram.Resource) {
	deciding(p, action, func(rights ram.Rights, q ram.Request, d ram.Decision) ram.Decision {
		if len(q.Resources) == 0 {
			return d
		}
		for _, other := range others(q.Resources[0]) {
			if d.Outcome != ram.ImplicitDeny {
				break
			}
			q.Resources = []ram.Resource{other}
			d = rights.Decide(q)
		}
		return d
	})
}

// dependent demands the permission for another action too.
func dependent(p *parts, action, other string) {
	deciding(p, action, func(rights ram.Rights, q ram.Request, d ram.Decision) ram.Decision {
		if d.Outcome != ram.Allowed {
			return d
		}
		q.Action = other
		return rights.Decide(q)
	})
}

// ownersOnly denies an action to everybody but the owner of the account.
func ownersOnly(p *parts, action string) {
	deciding(p, action, func(rights ram.Rights, _ ram.Request, d ram.Decision) ram.Decision {
		if rights.Owner() {
			return d
		}
		return ram.Decision{Outcome: ram.ImplicitDeny, By: ram.IdentityPolicy}
	})
}

// deniedLate asks for the caller's permission only when everything is done.
func deniedLate(p *parts, product, action string) {
	o := find(p, product, action)
	need := o.Permission
	o.Permission = nil
	identities := p.Gateway().Identities
	o.Effects = append(o.Effects, operation.Step{Name: "permission at last", Run: func(_ context.Context, c *operation.Call) error {
		wanted := ram.Request{Action: need.Action}
		if need.Resources != nil {
			wanted.Resources = need.Resources(c.Call)
		}
		for _, id := range identities {
			if id.AccessKeyID == c.Identity.AccessKeyID && id.Rights.Decide(wanted).Outcome != ram.Allowed {
				return &rpc.Error{Status: 403, Code: "NoPermission", Message: "You are not allowed to do that."}
			}
		}
		return nil
	}})
}

// ecsPermissions are wrong ideas of what a policy allows.
func ecsPermissions() []Defect {
	const action = "ecs:ImportKeyPair"
	return []Defect{
		bug("ecs-ram-unchecked", "ImportKeyPair needs no permission.", "ECS-IMP-RAM-ACTION ECS-IMP-RAM-RESOURCE ECS-IMP-RAM-DEFS", func(p *parts) { find(p, onECS, importKeyPair).Permission = nil }).atGateway(),
		bug("ecs-ram-other-action", "ImportKeyPair needs the permission for CreateKeyPair.", "ECS-IMP-RAM-ACTION ECS-IMP-RAM-RESOURCE ECS-IMP-RAM-COND", func(p *parts) {
			needing(p, onECS, importKeyPair, func(need *rpc.Permission) { need.Action = "ecs:CreateKeyPair" })
		}).atGateway(),
		bug("ecs-ram-checked-late", "A missing permission for ImportKeyPair is told when all is done.", "ECS-IMP-RAM-ACTION ECS-IMP-RAM-RESOURCE ECS-IMP-RAM-DEFS", func(p *parts) {
			deniedLate(p, onECS, importKeyPair)
		}).atGateway(),
		bug("ecs-ram-deny-ignored", "A denial in a policy is passed over.", "ECS-IMP-RAM-ACTION", func(p *parts) {
			allowing(p, action, ram.ExplicitDeny)
		}).atGateway(),
		bug("ecs-ram-default-allow", "What no policy allows is allowed.", "ECS-IMP-RAM-ACTION ECS-IMP-RAM-RESOURCE ECS-IMP-RAM-DEFS", func(p *parts) {
			allowing(p, action, ram.ImplicitDeny)
		}).atGateway(),
		bug("ecs-ram-resource-ignored", "The resource of a policy is not looked at.", "ECS-IMP-RAM-RESOURCE ECS-IMP-RAM-DEFS", func(p *parts) {
			accounts := []string{p.World.Accounts[0].ID, "1999999999999999", p.World.Accounts[len(p.World.Accounts)-1].ID}
			elsewhere(p, action, func(ram.Resource) (all []ram.Resource) {
				for _, id := range []string{"keypair/*", "instance/*"} {
					for _, region := range append(p.ECS().Regions, "*") {
						for _, account := range accounts {
							all = append(all, ram.Resource{Service: "ecs", Region: region, Account: account, ID: id})
						}
					}
				}
				return all
			})
		}).atGateway(),
		bug("ecs-ram-region-ignored", "The region of a policy's resource is not looked at.", "ECS-IMP-RAM-RESOURCE", func(p *parts) {
			elsewhere(p, action, func(r ram.Resource) (all []ram.Resource) {
				for _, region := range p.World.Regions {
					r.Region = region
					all = append(all, r)
				}
				return all
			})
		}).atGateway(),
		bug("ecs-ram-account-ignored", "The account of a policy's resource is not looked at.", "ECS-IMP-RAM-RESOURCE", func(p *parts) {
			elsewhere(p, action, func(r ram.Resource) (all []ram.Resource) {
				for _, account := range p.World.Accounts {
					r.Account = account.ID
					all = append(all, r)
				}
				return all
			})
		}).atGateway(),
		bug("ecs-ram-no-resource-level", "ImportKeyPair has no resource-level permissions.", "ECS-IMP-RAM-RESOURCE ECS-IMP-RAM-COND", func(p *parts) {
			needing(p, onECS, importKeyPair, func(need *rpc.Permission) { need.Resources = nil })
		}).atGateway(),
		bug("ecs-ram-wrong-type", "The resource of ImportKeyPair is an instance.", "ECS-IMP-RAM-RESOURCE ECS-IMP-RAM-COND ECS-IMP-RAM-DEFS", func(p *parts) {
			worked(p, onECS, importKeyPair, func(r ram.Resource) ram.Resource { r.ID = "instance/x"; return r })
		}).atGateway(),
		bug("ecs-ram-dependent", "ImportKeyPair needs the permission for DescribeKeyPairs too.", "ECS-IMP-RAM-ACTION ECS-IMP-RAM-RESOURCE ECS-IMP-RAM-COND", func(p *parts) {
			dependent(p, action, "ecs:DescribeKeyPairs")
		}).atGateway(),
		bug("ecs-ram-400", "A denied call is told with the status 400.", "ECS-IMP-RAM-ACTION ECS-IMP-RAM-RESOURCE ECS-IMP-RAM-DEFS", func(p *parts) {
			p.Gateway().Products[0].Errors[rpc.FaultDenied] = rpc.Row{Status: 400, Code: "Forbidden.RAM", Message: "Denied."}
		}).atGateway(),
		bug("ecs-ram-owner-denied", "RAM users are always denied.", "ECS-IMP-RAM-ACTION ECS-IMP-RAM-RESOURCE ECS-IMP-RAM-COND", func(p *parts) {
			ownersOnly(p, action)
		}).atGateway(),
	}
}
