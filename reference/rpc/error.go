package rpc

import "slices"

// Error is a refusal as the caller sees it. An operation returns it; every
// other error becomes the product's FaultInternal.
type Error struct {
	Status  int    // HTTP status, 400 to 599
	Code    string // such as "KeyPair.AlreadyExist"
	Message string // for people; no secrets

	// AccessDeniedDetail explains a denied authorization; nil leaves the member out
	// of the answer. Its keys must be XML names.
	AccessDeniedDetail map[string]string
}

// Error returns "Code: Message".
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// isRefusal tells whether e can be sent: an operation that makes an error without
// a code or with the status of a success has a defect.
func (e *Error) isRefusal() bool {
	if e.Code == "" {
		return false
	}
	return slices.Contains([]int{4, 5}, e.Status/100)
}
