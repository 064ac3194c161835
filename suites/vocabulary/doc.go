// Package vocabulary holds the words the specs are written in.
//
// A spec file builds its part of the Ginkgo tree from a [Kit]: what the run
// knows of the target, and the actors that send requests to it. Every spec
// carries one decorator, [Kit.Rule], that names the rule (or one clause of it)
// the spec is about. The decorator looks the reference up in the catalogue, so
// that a spec about an unknown rule does not compile into the tree; it labels the
// spec with the rule and with the level the rule has in the edition of the
// run; and it runs the spec under [Kit.judge], which keeps the evidence and
// removes what the spec has made.
//
// A spec speaks with two verbs. [Expect] asserts what the rule demands: where
// it does not hold the rule is not met. [Given] asserts what the spec stands on
// and is not about: where it does not hold the rule was not tried, which is
// another verdict, so that one broken thing does not turn the whole catalogue
// red. What a plain request must do is itself the subject of a rule, so nothing
// is hidden by that.
//
// Where the documents leave something open it does neither alone: [Observe] and
// [ObserveAnswer] write down a fact, a name and a value that can be compared with
// those of another target.
//
// Nothing in here computes an expectation with the reference's code:
// fingerprints come from golang.org/x/crypto/ssh or from what ssh-keygen printed,
// signatures from the official SDK's signer.
package vocabulary
