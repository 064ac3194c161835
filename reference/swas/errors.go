package swas

import (
	"errors"
	"net/http"

	"github.com/kpspec/kpspec/reference/idempotence"
	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/operation"
	"github.com/kpspec/kpspec/reference/refusal"
)

// What a step refuses a call or a server for, beside the sentinels of the packages operation, keypair
// and idempotence.
var (
	ErrTooMany  = errors.New("parameter has too many elements") // of a parameter
	ErrToken    = errors.New("client token is not valid")
	ErrServer   = errors.New("server does not exist")           // not of this account in this region
	ErrSystem   = errors.New("server cannot have key pairs")    // Windows
	ErrState    = errors.New("server is in the wrong state")    // neither running nor stopped
	ErrNotBound = errors.New("key pair is not bound to server") // another one, or none
	ErrLanguage = errors.New("language of names is not known")
)

// documented are the rows that the documents have.
func documented() refusal.Table {
	row := refusal.For
	return refusal.Table{
		row(keypair.ErrExists, http.StatusBadRequest, "KeyPairNameAlreadyExist", "The keyPair name already exist."),
		row(keypair.ErrBound, http.StatusBadRequest, "InvalidParameter.KeypairAlreadyAttachedInstance",
			"The specified keyPair attached to instances can not be deleted."),
		row(ErrServer, http.StatusNotFound, "InvalidInstanceId.NotFound", "The specified Instance Id does not exist."),
	}
}

// Choice is the reference's choice where no document of these operations has a code. Neither a suite nor a client can
// rely on any of it. The codes follow the patterns of other operations of the service, and those about tokens the pages
// about idempotence. The status codes of [ErrSystem], [ErrState] and [ErrNotBound] are seen in results.
func Choice() refusal.Table {
	const bad, forbidden, absent = http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound
	row := refusal.For
	return refusal.Table{
		row(operation.ErrMissing, bad, "Missing{name}", "{name} is mandatory for this action."),
		row(operation.ErrInvalid, bad, "Invalid{name}.ValueNotSupported", "The specified parameter {name} is invalid."),
		row(ErrTooMany, bad, "Invalid{name}.ValueNotSupported", "The specified parameter {name} has too many elements."),
		row(operation.ErrRegion, absent, "InvalidRegionId.NotFound", "The specified RegionId does not exist."),
		row(ErrToken, bad, "InvalidClientToken.ValueNotSupported", "The ClientToken provided is invalid."),
		row(idempotence.ErrMismatch, bad, "IdempotentParameterMismatch", "The request is retried with updated parameters."),
		row(idempotence.ErrProcessing, forbidden, "IdempotentProcessing",
			"The previous idempotent request(s) is still processing."),
		row(keypair.ErrName, bad, "InvalidKeyPairName.ValueNotSupported", "The specified parameter KeyPairName is invalid."),
		row(keypair.ErrKey, bad, "InvalidPublicKeyBody.ValueNotSupported", "The specified parameter PublicKeyBody is invalid."),
		row(keypair.ErrQuota, forbidden, "KeyPairLimitExceed", "The maximum number of key pairs is exceeded."),
		row(keypair.ErrAbsent, absent, "InvalidKeyPairName.NotFound", "The specified KeyPairName does not exist."),
		row(ErrSystem, forbidden, "DependencyViolation.WindowsInstance", "The instance is windows, cannot use ssh key pair to login."),
		row(ErrState, forbidden, "IncorrectInstanceStatus", "The state of the current instance does not support this operation."),
		row(ErrNotBound, bad, "InvalidInstanceId.NotBound", "The specified key pair is not bound to the instance."),
		row(ErrLanguage, absent, "InvalidAcceptLanguage.NotFound", "The specified AcceptLanguage does not exist."),
	}
}
