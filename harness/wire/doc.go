// Package wire talks to a target the way real clients do, and in ways they
// never would.
//
// There are two clients. Both send every request through one
// [net/http.RoundTripper], so that a recorder sees all of it; neither retries,
// follows a redirect, uses a proxy or contacts anything but its endpoint.
//
// A [Client] sends a [Call] in any of the six shapes that real clients use,
// well formed or with exactly one fault:
//
//	client, err := wire.NewClient("http://127.0.0.1:8080", identity)
//	call := wire.Call{Action: "ImportKeyPair", Version: "2014-05-26", Shape: wire.V1Split}.
//		With("RegionId", "cn-hangzhou").
//		With("KeyPairName", "demo").
//		With("PublicKeyBody", key)
//	answer := client.Do(ctx, call)
//	call.Break = wire.BadSignature
//	refusal, err := client.Do(ctx, call).Refusal()
//
// An [SDK] is the official Go client of ECS; it returns the client's own typed
// response beside the [Answer] as it came over the wire.
//
// Signatures are computed by the signer of the official SDK, not by code of this
// project, so that the reference and the suites cannot agree on a mistake. That
// signer works on a map: where the name of a parameter repeats, the first of its
// values is signed, and all of them are sent in the order given.
//
// # What travels where
//
// Parameters are form-encoded on the wire (space as "+"), as the Go clients do
// it, and percent-encoded by RFC 3986 where they are signed. Values may hold any
// bytes. Action and Version travel in headers in the shape [V3Query], and a
// header cannot hold control characters: such a call is not sent and says so.
//
// Answers are asked for with gzip and unpacked by the transport; a body larger
// than [MaxBody] is an error.
package wire
