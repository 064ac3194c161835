// Package ram decides whether a caller may do what a request asks for, by the policies of Resource Access Management. It
// is pure: it knows no HTTP and no product, and a decision depends on nothing but the policies and the [Request].
//
// # How a decision is made
//
// [Compile] makes [Rights] of the policies of an identity, and [Rights.Decide] goes through the layers that there are, in
// this order: the session policy of an STS identity, then the policies attached to the identity. Every layer must allow
// the request; the first that does not names the denial. Within a layer a matching Deny beats every Allow, and what
// nothing allows is denied as well. A request for several resources needs all of them allowed.
//
// An identity without policies of its own is the owner of its account: only a session policy can deny it anything.
//
// # Matching
//
// In actions, resources and the values of StringLike, "*" stands for any text and "?" for one character. Actions are
// compared without regard to case, as the policy language does in most services; everything else exactly. A resource
// pattern is "*", or "acs:<service>:<region>:<account>:<relative-id>" whose parts are matched one by one, so that a
// wildcard never reaches over a part's end.
//
// An operation without resource-level permissions asks for all resources, the zero [Resource], which only "*" grants or
// denies: a policy for certain resources has no effect on it. Likewise a policy for a type of resource that an operation
// does not know matches none of its requests.
//
// # Conditions
//
// All operators and all keys of a condition must hold; of the values of a key one is enough. For an operator that
// negates, such as StringNotEquals, none of the values may match. The keys that requests have are acs:SourceIp,
// acs:CurrentTime, acs:SecureTransport and acs:MFAPresent, which is always false; a condition on any other key does not
// hold, whatever its operator: the documents do not say what an absent key means.
package ram
