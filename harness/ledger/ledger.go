// Package ledger is the list of everything a run has created, or may have
// created, on a target.
//
// An entry is noted before the request that creates it leaves, so that an
// answer lost on the way still leaves a trace. It is struck when the target
// has said that the thing was not made, or is gone. What is still open at the
// end is what the run has to remove, and nothing else: a run never deletes what
// its own ledger does not hold.
//
// A [Journal] keeps the list in a file too, so that it survives a crash of the
// run: [Read] tells what a file holds open. It has no secrets.
package ledger

import (
	"slices"
	"sync"
)

// Entry names one key pair that a run may have created, or one binding of it to
// a server.
type Entry struct {
	Product string // the product's short name, for instance "ECS"
	Account string // the account in whose name the request was sent
	Region  string // the region the request named
	Name    string // the key pair's name
	Server  string // the server that the key pair may be bound to; empty: the key pair itself
}

// Ledger is an open list of one run. The zero value is empty and ready; it is
// safe for concurrent use.
type Ledger struct {
	Journal *Journal // has the list in a file too; nil keeps it in memory only

	mu   sync.Mutex
	open []Entry
	held map[Entry]bool
}

// Note writes e down and reports whether it was not open already. Before the
// request that makes it leaves, [Journal.Commit] must have made it last.
func (l *Ledger) Note(e Entry) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held[e] {
		return false
	}
	if l.held == nil {
		l.held = map[Entry]bool{}
	}
	l.held[e] = true
	l.open = append(l.open, e)
	l.Journal.write(note, e)
	return true
}

// Holds reports whether e is open.
func (l *Ledger) Holds(e Entry) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held[e]
}

// Strike takes e off the list; an entry that is not on it is ignored.
func (l *Ledger) Strike(e Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.held[e] {
		return
	}
	delete(l.held, e)
	l.Journal.write(strike, e)
	l.open = slices.DeleteFunc(l.open, func(o Entry) bool { return o == e })
}

// Open returns the entries still on the list, the newest first: what was made
// last is removed first.
func (l *Ledger) Open() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	open := slices.Clone(l.open)
	slices.Reverse(open)
	return open
}
