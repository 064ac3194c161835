// Package target brings up what is under test and says where it is.
//
// There are three kinds behind one [Target]: the reference, served inside this
// process on a loopback port; a container of any image; and an endpoint that
// somebody else runs. [Target.Start] gives a [Place]: a base URL per product and
// the world that the specs will find there. A product without a URL, and an
// operation that Config.Lacks names, are declared absent: the rules that need
// them are not applicable. [Target.Stop] is always called, also when
// Start failed, and takes away whatever Start made.
//
// A [Config] is the file behind --config. It is read strictly: a key that is
// not known, a value that makes no sense, or a world that lacks what it needs is
// an error with file and line, because a misspelt key that is skipped in silence
// would test something else than was asked for. Secrets are best written as
// env:NAME; they are looked up in [New], not before, and no error shows them.
//
// An endpoint that is not on this machine is refused by [New] unless the
// configuration has a word for it, see package guard; then the Place has a gate
// with limits that every request passes.
//
// [Preflight] asks each product one harmless question per region and account
// before any spec runs, so that a dead port or a wrong secret is one line and
// not a hundred failures.
//
// Errors of this package are one line: what happened, where, and what to do.
package target
