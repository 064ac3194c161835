// Package reference is an in-memory implementation of the APIs that the suites test: a real HTTP handler, strict about
// what the documents say, open about what they leave open.
//
// It is put together here from rooms that know little of each other:
//
//   - rpc is the gateway: it reads any wire shape, authenticates, finds the operation and writes the answer;
//   - ram decides what an identity may do;
//   - keypair is the domain: names, public keys, tags, quotas, bindings and the store;
//   - idempotence remembers answers by client token;
//   - ecs and swas have the operations of ECS and of the Simple Application Server, whose key pairs have nothing to do
//     with each other; refusal and regions are what the two share;
//   - weather is bad weather to try clients in; it stands before a server and none of the others know of it;
//   - serve is the program kpref around it all, and cmd/kpref its main.
//
// # Choices
//
// Where the documents contradict the service, or each other, a switch in [Options] chooses: Edition between the revisions
// of the ECS pages, Fingerprint between the documented print form and the one clients of the live service expect, KeyCheck
// between keys that must be sound and text that looks like one, PrivateKey between the form of private keys that
// the documents tell and the one they show, AttachUnknown between an error for the whole call and one for each server, and
// TokenScope how far a ClientToken reaches. Where they are merely silent, the package that decides says so in its own
// documentation; the error codes that no document tells are one table, swas.Choice, whose rows can be replaced.
//
// Both products are served at one address. A request says which it is for by its Version.
package reference
