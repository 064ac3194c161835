// Package rpc is the gateway of the reference: the part of an RPC-style
// Alibaba Cloud endpoint that stands in front of every operation. It knows
// HTTP, parameters, signatures and envelopes; it knows no operation.
//
// # A request's way
//
// [Gateway.ServeHTTP] leads each request through an ordered list of named
// checks, see [Checks]; the first that finds a fault ends the request with
// that fault:
//
//	method → path → body → parameters → format →
//	common parameters → operation → signature method → timestamp →
//	access key → security token → signed headers → payload hash →
//	signature → nonce → permission
//
// and then calls the [Operation] and encodes its result. Which code, message
// and HTTP status a fault has is data: a [Product] maps each [Fault] to a
// [Row], because ECS has a table of common errors of its own beside the one of
// the shared gateway.
//
// # Where parameters travel
//
// By GET or POST, in the query, in an application/x-www-form-urlencoded body,
// or split between them; '+' is a space, names are case sensitive, unknown ones
// are ignored. A name that stands in both places counts once, with the value of
// the body: that is how the signers of the official SDKs merge the two. A name
// that stands twice in one place is refused, because a signature covers only
// one of the values.
//
// Two signatures are known. V1 (HMAC-SHA1, SignatureVersion 1.0) has its common
// parameters among the others; x-acs-action and x-acs-version headers that come
// along are ignored. V3 (ACS3-HMAC-SHA256) has them in headers, and there
// parameters named Action or Version are ignored. A request that carries neither
// is refused like one without AccessKeyId.
//
// # Permissions
//
// An [Operation] states the action that its caller needs and what it works on, and package ram decides by the
// caller's policies, before the operation sees the call: a denied call changes nothing. The denial's
// AccessDeniedDetail says which action, whose policies and why; it has no EncodedDiagnosticMessage, since there is
// nobody to decode it. For conditions, the source address is that of the connection, whatever a header says.
//
// # Answers
//
// JSON or XML. The Format parameter decides, in any case of letters; without
// it, V3 goes by Accept (the first media type named that is JSON or XML; JSON
// when there is none), and V1 by [Product.Format]. Success is
// one JSON object, or the XML element <Action>Response, with RequestId as its
// first member; an error has RequestId, HostId, Code, Message, Recommend and
// perhaps AccessDeniedDetail, in XML within <Error>. The header
// x-acs-request-id repeats the RequestId, an upper-case UUID.
//
// # Secrets
//
// No message and no log line holds an access key secret, a right signature or a
// security token, and no log line the value of a parameter. The message of a
// wrong signature repeats what the caller had signed, so that the two sides can be
// compared: the legacy Go SDK splits a V1 message behind "server string to sign is:". A
// security token in it is hidden in V3; in V1, where a comparison could then only
// mislead, the whole string is left out.
package rpc
