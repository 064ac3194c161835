package defect

import (
	"errors"
	"net/http"
	"slices"

	"github.com/kpspec/kpspec/reference/refusal"
	"github.com/kpspec/kpspec/reference/rpc"
)

// broken are the ids of the rules that a wrong row of an error table breaks.
type broken struct{ code, status, message, success string }

// rowBugs are what can be wrong with the row of an error table: its code, its status, its message, and a refusal that looks
// like a success to whoever looks at the status alone. Those that would break no rule are left out.
func rowBugs(product, id, words string, cause error, rules broken) []Defect {
	change := func(do func(*refusal.Row)) func(*parts) {
		return func(p *parts) { row(p, product, cause, do) }
	}
	all := []Defect{
		bug(id+"-code", words+" is told with another code.", rules.code, change(func(r *refusal.Row) { r.Code = "InvalidParameter.Other" })),
		bug(id+"-status", words+" is told with another status.", rules.status, change(func(r *refusal.Row) {
			if r.Status = http.StatusConflict; r.Code == "" {
				r.Status = http.StatusBadRequest
			}
		})),
		bug(id+"-message", words+" is told in other words.", rules.message, change(func(r *refusal.Row) { r.Message = "Something is wrong." })),
		bug(id+"-200", words+" is told with the status 200.", rules.success, func(p *parts) {
			e, _ := errors.AsType[*rpc.Error](productOf(p, product).Errors.Of(cause))
			was := form(p, product).Status
			form(p, product).Status = func(asked *rpc.Error) int {
				if asked.Code == e.Code {
					return http.StatusOK
				}
				return was(asked)
			}
		}).atGateway(),
	}
	return slices.DeleteFunc(all, func(d Defect) bool { return len(d.Rules) == 0 })
}
