package wire

import (
	"slices"
)

// Shape is one of the ways in which real clients send a call. It says how the
// call is signed and where the parameters travel.
type Shape string

// The shapes.
const (
	// V3Query is what the official SDKs send by default: signature
	// ACS3-HMAC-SHA256 in the Authorization header, Action and Version in
	// headers, POST with the parameters in the query and no body.
	V3Query Shape = "W1"
	// V1Query is POST with everything in the query and an empty body, signed
	// with HMAC-SHA1.
	V1Query Shape = "W2"
	// V1Split is POST with the common parameters in the query and the others
	// in a form body, as the Terraform provider does it.
	V1Split Shape = "W3"
	// V1Get is GET with everything in the query.
	V1Get Shape = "W4"
	// V1Form is POST with everything in a form body, the signature included.
	V1Form Shape = "W5"
	// V3Form is what the official SDKs send for operations that have a body:
	// signed as [V3Query], with the parameters in a form body.
	V3Form Shape = "W6"
)

// Shapes are all shapes.
var Shapes = []Shape{V3Query, V1Query, V1Split, V1Get, V1Form, V3Form}

// Description says in a few words how the shape is signed and where the
// parameters travel; "" for a shape that does not exist.
func (s Shape) Description() string {
	switch s {
	case V3Query:
		return "POST signed with ACS3-HMAC-SHA256, parameters in the query"
	case V1Query:
		return "POST signed with HMAC-SHA1, everything in the query"
	case V1Split:
		return "POST signed with HMAC-SHA1, common parameters in the query, the others in a form body"
	case V1Get:
		return "GET signed with HMAC-SHA1, everything in the query"
	case V1Form:
		return "POST signed with HMAC-SHA1, everything in a form body"
	case V3Form:
		return "POST signed with ACS3-HMAC-SHA256, parameters in a form body"
	}
	return ""
}

// Headers reports whether the shape is signed in the headers, with the hash of
// the body.
func (s Shape) Headers() bool { return s == V3Query || s == V3Form }

// Param is one parameter. Name and value are not encoded.
type Param struct{ Name, Value string }

// Call is one request to an operation.
type Call struct {
	// Action and Version name the operation. Empty, they are not sent.
	Action, Version string
	// Params are the parameters of the operation, sent in this order. A name
	// may repeat (the first value is signed); an empty value is sent as "Name=".
	Params []Param
	// Shape is how the call is sent; the zero value is [V3Query].
	Shape Shape
	// Format is the format asked for; the zero value is "JSON". It travels as
	// the parameter Format, in [V3Query] and [V3Form] as the header Accept:
	// application/json, application/xml or, for any other, "application/" and
	// the format in lower case.
	Format string
	// OmitFormat asks for no format at all.
	OmitFormat bool
	// Break is the one fault of the call; the zero value is none.
	Break Break
	// Nonce is the signature nonce; empty, a new one is made.
	Nonce string
	// Tamper is the parameter that [TamperedParam] sends in place of what was
	// signed; without a name it is one that no operation knows.
	Tamper Param
}

// With returns a copy of the call in which the parameter has the value and no
// other: it replaces the first parameter of that name and drops further ones, or
// is appended.
func (c Call) With(name, value string) Call {
	params := make([]Param, 0, len(c.Params)+1)
	done := false
	for _, p := range c.Params {
		if p.Name == name {
			if done {
				continue
			}
			p.Value, done = value, true
		}
		params = append(params, p)
	}
	if !done {
		params = append(params, Param{name, value})
	}
	c.Params = params
	return c
}

// Without returns a copy of the call that has no parameter of that name.
func (c Call) Without(name string) Call {
	c.Params = slices.DeleteFunc(slices.Clone(c.Params), func(p Param) bool { return p.Name == name })
	return c
}

// Value is the first value of a parameter, or "" where the call has none.
func (c Call) Value(name string) string {
	for _, p := range c.Params {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}

// Break is one fault of a call. Everything but the fault is as in a well-formed
// call: a call with a wrong clock is signed correctly over that clock.
type Break string

// The faults.
const (
	// BadSignature changes one character of the signature.
	BadSignature Break = "bad-signature"
	// Unsigned leaves out the signature alone: the parameter Signature, in
	// [V3Query] and [V3Form] the field Signature of the Authorization header.
	Unsigned Break = "unsigned"
	// Anonymous leaves out all that says who calls and proves it: access key
	// id, token, signature and, in [V3Query] and [V3Form], the whole Authorization header.
	Anonymous Break = "anonymous"
	// WrongSecret signs with another access key secret.
	WrongSecret Break = "wrong-secret"
	// NoAccessKey leaves out the access key id.
	NoAccessKey Break = "no-access-key"
	// UnknownAccessKey names an access key id that nobody has.
	UnknownAccessKey Break = "unknown-access-key"
	// NoNonce leaves out the signature nonce.
	NoNonce Break = "no-nonce"
	// ReplayedNonce sends the nonce of [Call.Nonce] or, where that is empty,
	// of the last call of the same client that was answered with 2xx.
	ReplayedNonce Break = "replayed-nonce"
	// NoTimestamp leaves out the time.
	NoTimestamp Break = "no-timestamp"
	// StaleClock sends a time 20 minutes ago.
	StaleClock Break = "stale-clock"
	// FutureClock sends a time in 20 minutes.
	FutureClock Break = "future-clock"
	// WrongMethodSigned signs for GET where POST is sent, or the reverse.
	WrongMethodSigned Break = "wrong-method-signed"
	// TamperedParam sends one parameter with another value than was signed,
	// see [Call.Tamper].
	TamperedParam Break = "tampered-param"
	// WrongContentHash sends, and signs, an x-acs-content-sha256 that is not
	// the hash of the body. Only [V3Query] and [V3Form] have it.
	WrongContentHash Break = "wrong-content-hash"
	// WrongToken sends, and signs, another security token. Only an STS
	// identity has one.
	WrongToken Break = "wrong-token"
	// NoToken leaves out the security token. Only an STS identity has one.
	NoToken Break = "no-token"
)

// Breaks are all faults.
var Breaks = []Break{
	BadSignature, Unsigned, Anonymous, WrongSecret, NoAccessKey, UnknownAccessKey,
	NoNonce, ReplayedNonce, NoTimestamp, StaleClock, FutureClock,
	WrongMethodSigned, TamperedParam, WrongContentHash, WrongToken, NoToken,
}

// Applies reports whether the fault has a meaning for a call of that shape, by
// an STS identity or by another one.
func (b Break) Applies(s Shape, sts bool) bool {
	switch b {
	case WrongContentHash:
		return s == "" || s.Headers()
	case WrongToken, NoToken:
		return sts
	}
	return b == "" || slices.Contains(Breaks, b)
}
