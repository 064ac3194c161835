// Package idempotence remembers answers by client token, so that a call which is sent again has one effect and one answer.
//
// # What holds
//
//   - [Memory.Do] with the same key and the same parameters gives the first answer again, without doing anything.
//   - With the same key and other parameters it is refused with [ErrMismatch].
//   - Two such calls at the same time have one effect too: the second waits for the first. When its context is over before
//     that, it gives up with [ErrProcessing].
//   - Only what succeeded is remembered. Who waited for a call that failed tries for itself.
//
// # What the documents leave open
//
// What a key is made of decides how far a token reaches; that is the caller's choice. Answers are remembered for
// [Config.Lifetime], 24 hours unless chosen otherwise, counted from the end of the first call. Of each owner at most
// [Config.Limit] answers are remembered, and the oldest go first: a busy owner forgets sooner, and never makes another
// forget. An answer may hold a private key, which thus stays in memory until it is forgotten; a retry after a lost answer
// would be of no use otherwise.
package idempotence
