package defect

import (
	"errors"
	"net/http"
	"strings"

	"github.com/kpspec/kpspec/reference/operation"
	"github.com/kpspec/kpspec/reference/rpc"
)

// errBroken is an error that nobody has thought of, which the gateway answers as an internal one.
var errBroken = errors.New("something unexpected happened")

// isECS tells whether a request is addressed to the version of ECS.
func isECS(r *http.Request, params *rpc.Params) bool {
	version, _ := params.Get("Version")
	return strings.HasPrefix(r.Header.Get("X-Acs-Version")+version, "2014")
}

// also serves an operation under one more action.
func also(p *parts, product, action, as string) {
	found := *find(p, product, action)
	found.Action = as
	all := productOf(p, product)
	all.Operations = append(all.Operations, &found)
}

// ecsRequests are wrong ideas of how a call of ImportKeyPair is sent.
func ecsRequests() []Defect {
	return []Defect{
		bug("ecs-action-any-case", "The Action is compared without regard to case.", "ECS-IMP-ACTION", func(p *parts) { also(p, onECS, importKeyPair, "Importkeypair") }).atGateway(),
		bug("ecs-action-unknown", "A call of an action that does not exist is a success.", "ECS-IMP-ACTION", func(p *parts) {
			all := productOf(p, onECS)
			all.Operations = append(all.Operations, &operation.Operation{Action: "NoSuchAction", Answer: func(*operation.Call) any { return &struct{}{} }})
		}).atGateway(),
		bug("ecs-version-any", "Another version is served too.", "ECS-IMP-VERSION", func(p *parts) {
			for _, o := range p.ECS().Operations() {
				o.Version = "1999-01-01"
				o.Product = "ECS of old"
				p.Gateway().Operations = append(p.Gateway().Operations, o)
			}
		}).atGateway(),
		bug("ecs-get-refused", "GET is refused.", "ECS-IMP-ACTION ECS-IMP-GET ECS-IMP-XML", func(p *parts) {
			checked(p, "parameters", "post only", func(r *http.Request, params *rpc.Params) rpc.Fault {
				if action, _ := params.Get("Action"); r.Method == http.MethodGet && action+r.Header.Get("X-Acs-Action") == importKeyPair && isECS(r, params) {
					return rpc.FaultMethod
				}
				return ""
			})
		}).atGateway(),
		bug("ecs-form-refused", "Parameters in the body are refused.", "ECS-IMP-GET", func(p *parts) {
			checked(p, "parameters", "no body", func(r *http.Request, params *rpc.Params) rpc.Fault {
				if r.ContentLength > 0 && isECS(r, params) {
					return rpc.FaultBodyUnread
				}
				return ""
			})
		}).atGateway(),
		bug("ecs-form-v3-refused", "Parameters in the body are refused where the headers are signed.", "ECS-IMP-GET", func(p *parts) {
			checked(p, "parameters", "no signed body", func(r *http.Request, params *rpc.Params) rpc.Fault {
				if r.ContentLength > 0 && r.Header.Get("Authorization") != "" && isECS(r, params) {
					return rpc.FaultBodyUnread
				}
				return ""
			})
		}).atGateway(),
		bug("ecs-payload-hash-unchecked", "The hash of the body is not checked.", "ECS-IMP-COMMON", func(p *parts) { unchecked(p, "payload hash") }).atGateway(),
		bug("ecs-signature-unchecked", "The signature is not checked.", "ECS-IMP-COMMON", func(p *parts) { unchecked(p, "signature") }).atGateway(),
	}
}
