// Package keypair is the domain of the reference: what a key pair is, which names, public keys and tags it may have, how
// many of them there may be, and where they are kept. It knows no HTTP and no product; the products' operations are
// thin over it.
//
// # Rules are data
//
// [NameRule], [KeyRule] and [TagRule] are plain values. A product chooses them once, for the edition it follows, and a
// check reads nothing else: a limit is changed by changing a number, not by touching a check.
//
// # Public keys
//
// [KeyRule.Parse] reads the one-line OpenSSH form, "algorithm base64 [comment]". At depth [Strict] the base64 must hold
// one complete SSH wire blob of the same algorithm; at depth [Shallow] text that looks like one is enough. The blobs are read
// by x/crypto/ssh, all but certificates of version v00, which no current library reads. The second opinion on it are the
// fingerprints that ssh-keygen has printed for the keys of fixtures/sshkeys.
//
// # Errors
//
// Every refusal wraps one of the sentinel errors of this package ([ErrName], [ErrKey], [ErrTagKey], [ErrTagValue],
// [ErrTagDuplicate], [ErrTagCount], [ErrExists], [ErrQuota]); what it says beside that is for people. A product turns the
// sentinel into its own code.
//
// # Keeping them
//
// [Store] keeps pairs by account, region and name, in memory. [Store.Add] looks at the name and the quota and inserts
// under one lock, so of two simultaneous calls for one name exactly one wins, and a refused call leaves nothing behind.
// [Pool] makes RSA keys ahead of time for the operation that generates pairs.
package keypair
