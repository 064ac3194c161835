// Package replay sends the recorded requests of a report again, and writes them
// as lines for a shell.
//
// A record holds no secret, so a request is made anew from what it tells: the
// operation and its parameters, the wire shape, the fault that it had on purpose,
// and the names of the account and the identity, whose keys the world of the
// target has. Nonce, time and signature are new. Requests that were under way
// at the same time are sent at the same time again, and a nonce that two of them
// shared is shared again.
//
// A report may come from anywhere. So nothing is sent that is not about key
// pairs; a deletion only if a request of the same replay has made what it names;
// and what the replay makes it removes, but nothing that was there before.
package replay
