// Package reference is an in-memory implementation of the APIs that the suites test: a real HTTP handler, strict about
// what the documents say, open about what they leave open.
//
// It is put together here from rooms that know little of each other:
//
//   - rpc is the gateway: it reads any wire shape, authenticates, finds the operation and writes the answer;
//   - keypair is the domain: names, public keys, tags, quotas and the store;
//   - ecs has the operations of ECS;
//   - serve is the program kpref around it all, and cmd/kpref its main.
//
// # Choices
//
// Where the documents contradict the service, or each other, a switch in [Options] chooses: Edition between the revisions
// of the ECS pages, Fingerprint between the documented print form and the one clients of the live service expect, KeyCheck
// between keys that must be sound and text that looks like one. Where they are merely silent, the package that decides
// says so in its own documentation.
package reference
