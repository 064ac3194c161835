package defect

import (
	"github.com/kpspec/kpspec/reference/operation"
	"github.com/kpspec/kpspec/reference/ram"
	"github.com/kpspec/kpspec/reference/rpc"
)

// swasPermissions are wrong ideas of what a policy allows.
func swasPermissions() []Defect {
	var all []Defect
	others := map[swasAction]swasAction{swasImport: swasCreate, swasCreate: swasImport, swasAttach: swasImport}
	for _, a := range swasActions {
		action, other := "swas-open:"+a.action, others[a]
		all = append(all,
			a.bug("ram-unchecked", "needs no permission.", "RAM", func(p *parts) { find(p, onSWAS, a.action).Permission = nil }).atGateway(),
			a.bug("ram-other-action", "needs the permission for "+other.action+".", "RAM", func(p *parts) {
				needing(p, onSWAS, a.action, func(need *rpc.Permission) { need.Action = "swas-open:" + other.action })
			}).atGateway(),
			a.bug("ram-checked-late", "tells of a missing permission when all is done.", "RAM", func(p *parts) { deniedLate(p, onSWAS, a.action) }).atGateway(),
			a.bug("ram-default-allow", "is allowed where no policy allows it.", "RAM", func(p *parts) {
				allowing(p, action, ram.ImplicitDeny)
			}).atGateway(),
			a.bug("ram-resource-level", "has resource-level permissions.", "RAM", func(p *parts) {
				needing(p, onSWAS, a.action, func(need *rpc.Permission) {
					need.Resources = func(c *rpc.Call) []ram.Resource {
						region, _ := c.Params.Get("RegionId")
						name, _ := c.Params.Get("KeyPairName")
						return []ram.Resource{{Service: "swas-open", Region: region, Account: c.Identity.AccountID, ID: "keypair/" + name}}
					}
				})
			}).atGateway(),
			a.bug("ram-dependent", "needs the permission for ListKeyPairs too.", "RAM", func(p *parts) {
				dependent(p, action, "swas-open:ListKeyPairs")
			}).atGateway(),
			a.bug("ram-users-denied", "is denied to all users but the owner of the account.", "RAM", func(p *parts) {
				ownersOnly(p, action)
			}).atGateway(),
		)
	}
	for _, a := range swasMakers {
		all = append(all, a.bug("ram-pairs-of-user", "keeps the pairs of a user apart from those of the account.", "RAM", func(p *parts) {
			before(p, onSWAS, a.action, "store", func(c *operation.Call) {
				for _, id := range p.Gateway().Identities {
					if id.AccessKeyID == c.Identity.AccessKeyID && !id.Rights.Owner() {
						c.Scope.Account += "/" + id.Name
					}
				}
			})
		}))
	}
	return append(all, bug("swas-ram-400", "A denied call of SWAS is told with the status 400.", "SWAS-IMP-RAM SWAS-CRE-RAM SWAS-ATT-RAM", func(p *parts) {
		p.Gateway().Products[1].Errors[rpc.FaultDenied] = rpc.Row{Status: 400, Code: "NoPermission", Message: "Denied."}
	}).atGateway())
}
