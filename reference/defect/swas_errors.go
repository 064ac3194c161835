package defect

import (
	"errors"
	"net/http"
	"slices"

	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/operation"
	"github.com/kpspec/kpspec/reference/rpc"
	"github.com/kpspec/kpspec/reference/swas"
)

// refused changes how the operation alone tells of a cause.
func (a swasAction) refused(cause error, change func(*rpc.Error)) func(*parts) {
	return func(p *parts) {
		o := find(p, onSWAS, a.action)
		for i := range o.Effects {
			after(p, onSWAS, a.action, o.Effects[i].Name, func(_ *operation.Call, err error) error {
				if !errors.Is(err, cause) {
					return err
				}
				told, _ := errors.AsType[*rpc.Error](p.SWAS().Rules.Errors.Of(cause))
				change(told)
				return told
			})
		}
	}
}

// swasErrors are wrong refusals.
func swasErrors() []Defect {
	const (
		exists  = "SWAS-IMP-TOKEN-UNIQUE SWAS-IMP-NAME-EXIST SWAS-CRE-TOKEN-UNIQUE SWAS-CRE-EXIST SWAS-CRE-ERR"
		message = "SWAS-IMP-NAME-EXIST SWAS-CRE-ERR"
		unknown = "SWAS-ATT-404 SWAS-ATT-FOREIGN"
	)
	all := slices.Concat(
		rowBugs(onSWAS, "swas-error-exists", "A name in use with SWAS", keypair.ErrExists, broken{exists, exists, message, exists}),
		rowBugs(onSWAS, "swas-error-server", "A server that does not exist in SWAS", swas.ErrServer, broken{unknown, unknown, "SWAS-ATT-404", unknown + " SWAS-ATT-MIXED SWAS-ATT-RES-SUCCESS"}),
	)
	for _, a := range swasMakers {
		same, words := a.duplicates(), a.rule(swasImport, "NAME-EXIST")+a.rule(swasCreate, "ERR")
		all = append(all,
			a.bug("error-exists-ecs", "tells of a name in use with the code of ECS.", same, a.refused(keypair.ErrExists, func(e *rpc.Error) { e.Code = "KeyPair.AlreadyExist" })),
			a.bug("error-exists-409", "tells of a name in use with the status 409.", same, a.refused(keypair.ErrExists, func(e *rpc.Error) { e.Status = http.StatusConflict })),
			a.bug("error-exists-500", "tells of a name in use with an internal error.", same, a.refused(keypair.ErrExists, func(e *rpc.Error) { e.Status, e.Code = 500, "InternalError" })),
			a.bug("error-exists-message", "tells of a name in use in better English.", words, a.refused(keypair.ErrExists, func(e *rpc.Error) { e.Message = "The key pair name already exists." })),
			a.bug("error-quota-500", "tells of a used-up quota with an internal error.", "SWAS-IMP-QUOTA"+a.only(swasCreate, "QUOTA"), a.refused(keypair.ErrQuota, func(e *rpc.Error) { e.Status, e.Code = 500, "InternalError" })),
		)
	}
	a := swasAttach
	return append(all,
		a.bug("error-server-403", "tells of a server that does not exist with the status 403.", "404 FOREIGN", a.refused(swas.ErrServer, func(e *rpc.Error) { e.Status = http.StatusForbidden })),
	)
}
