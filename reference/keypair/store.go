package keypair

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// What a refusal of the store wraps.
var (
	ErrExists = errors.New("key pair exists already")
	ErrQuota  = errors.New("key pair quota is used up")
	ErrAbsent = errors.New("key pair does not exist")
	ErrBound  = errors.New("key pair is bound to a server")
)

// Scope is what a name must be unique in, and what a quota counts in.
type Scope struct{ Account, Region string }

// Pair is a key pair as it is kept: its public half and what belongs to it. A private key is never kept.
type Pair struct {
	Name          string
	PublicKey     string // one-line OpenSSH form
	Fingerprint   Fingerprint
	ResourceGroup string
	Tags          []Tag // in the order they were given; not to be changed
	Created       time.Time
	Servers       []string // what [Store.Find] and [Store.Of] say it is bound to, longest bound first; Add does not read it
}

// Store keeps key pairs in memory. Its methods may be called at the same time. Made by [NewStore].
type Store struct {
	Quota int // greatest number of pairs in each scope; not to be changed once the store is in use
	// Watch, unless it is nil, is told of each pair that is added, and of each that is deleted, before anybody can see that.
	// It must not call the store, and is not to be changed once the store is in use.
	Watch   func(in Scope, p Pair, deleted bool)
	mu      sync.RWMutex
	shelves map[Scope]*shelf
}

// shelf has the pairs of one scope, by name and in the order of their creation, and what is bound to what. Pairs on it are
// never changed.
type shelf struct {
	byName  map[string]*Pair
	order   []*Pair
	of      map[string]*Pair   // the pair of each server that has one
	servers map[*Pair][]string // the servers of each pair that has any, longest bound first
}

// NewStore makes an empty store for at most quota pairs in each scope.
func NewStore(quota int) *Store {
	return &Store{Quota: quota, shelves: map[Scope]*shelf{}}
}

// Room tells whether [Store.Add] would take a pair of that name now: nil, or an error that wraps [ErrExists] or
// [ErrQuota]. It lets a caller spare the making of a key; only Add decides.
func (s *Store) Room(in Scope, name string) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.room(s.shelves[in], name)
}

// room is Room under the lock. A name in use is found before a used-up quota.
func (s *Store) room(sh *shelf, name string) error {
	var count int
	if sh != nil {
		if _, taken := sh.byName[name]; taken {
			return ErrExists
		}
		count = len(sh.order)
	}
	if count >= s.Quota {
		return fmt.Errorf("%w: there are %d", ErrQuota, count)
	}
	return nil
}

// Add puts a pair on the shelf, or changes nothing and returns an error that wraps [ErrExists] or [ErrQuota]. It copies
// the texts that came with the request, so that a pair does not hold on to a whole request; the line of a public key is a
// text of its own already.
func (s *Store) Add(in Scope, p Pair) error {
	p.Name = strings.Clone(p.Name)
	p.Tags = slices.Clone(p.Tags)
	for i, tag := range p.Tags {
		p.Tags[i] = Tag{Key: strings.Clone(tag.Key), Value: strings.Clone(tag.Value)}
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	sh := s.shelves[in]
	if err := s.room(sh, p.Name); err != nil {
		return err
	}
	if sh == nil {
		sh = &shelf{byName: map[string]*Pair{}, of: map[string]*Pair{}, servers: map[*Pair][]string{}}
		s.shelves[in] = sh
	}
	sh.byName[p.Name] = &p
	sh.order = append(sh.order, &p)
	s.told(in, &p, false)
	return nil
}

// told tells whoever watches.
func (s *Store) told(in Scope, p *Pair, deleted bool) {
	if s.Watch != nil {
		s.Watch(in, *p, deleted)
	}
}

// Find returns the pairs that match, oldest first: those from the offset-th on, at most limit of them, and how many
// match in all.
func (s *Store) Find(in Scope, f Filter, offset, limit int) (page []Pair, total int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	sh := s.shelves[in]
	if sh == nil {
		return nil, 0
	}
	candidates := sh.order
	if name, exact := f.Name.exact(); exact {
		candidates = nil
		if p := sh.byName[name]; p != nil {
			candidates = []*Pair{p}
		}
	}
	var found []*Pair
	for _, p := range candidates {
		if f.Match(p) {
			found = append(found, p)
		}
	}
	total = len(found)
	found = found[min(offset, total):]
	found = found[:min(limit, len(found))]
	page = make([]Pair, len(found))
	for i, p := range found {
		page[i] = sh.shown(p)
	}
	return page, total
}

// Delete removes the pairs of those names. Names that no pair has are passed over. When one of the pairs is bound to a
// server, the error wraps [ErrBound] and none is removed.
func (s *Store) Delete(in Scope, names ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh := s.shelves[in]
	if sh == nil {
		return nil
	}
	for _, name := range names {
		if count := len(sh.servers[sh.byName[name]]); count > 0 {
			return fmt.Errorf("%w: one of the pairs to delete is bound to %d", ErrBound, count)
		}
	}
	before := len(sh.byName)
	for _, name := range names {
		if p := sh.byName[name]; p != nil {
			delete(sh.byName, name)
			s.told(in, p, true)
		}
	}
	if len(sh.byName) == before {
		return nil
	}
	sh.order = slices.DeleteFunc(sh.order, func(p *Pair) bool { return sh.byName[p.Name] != p })
	return nil
}
