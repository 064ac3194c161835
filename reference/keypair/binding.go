package keypair

import (
	"slices"
	"strings"
)

// Bind binds a pair to servers, each of which has at most one pair: a pair that was bound to it before is bound to it no
// longer. Which servers there are and whether they can have a pair is the caller's affair. When there is no pair of that
// name, the error wraps [ErrAbsent] and nothing is changed.
func (s *Store) Bind(in Scope, name string, servers ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh, p := s.pair(in, name)
	if p == nil {
		return ErrAbsent
	}
	for _, server := range servers {
		if sh.of[server] == p {
			continue
		}
		sh.free(server)
		server = strings.Clone(server)
		sh.of[server] = p
		sh.servers[p] = append(sh.servers[p], server)
	}
	return nil
}

// Unbind frees servers from a pair and returns those that were not bound to it, which stay as they are. When there is no
// pair of that name, the error wraps [ErrAbsent] and nothing is changed.
func (s *Store) Unbind(in Scope, name string, servers ...string) (others []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh, p := s.pair(in, name)
	if p == nil {
		return nil, ErrAbsent
	}
	for _, server := range servers {
		if sh.of[server] != p {
			others = append(others, server)
			continue
		}
		sh.free(server)
	}
	return others, nil
}

// Of returns the pair that is bound to a server; ok is false when there is none.
func (s *Store) Of(in Scope, server string) (p Pair, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	sh := s.shelves[in]
	if sh == nil {
		return Pair{}, false
	}
	bound, ok := sh.of[server]
	if !ok {
		return Pair{}, false
	}
	return sh.shown(bound), true
}

// pair finds a pair under the lock; it is nil when there is none.
func (s *Store) pair(in Scope, name string) (*shelf, *Pair) {
	sh := s.shelves[in]
	if sh == nil {
		return nil, nil
	}
	return sh, sh.byName[name]
}

// shown is a pair as the store gives it out.
func (sh *shelf) shown(p *Pair) Pair {
	out := *p
	out.Servers = slices.Clone(sh.servers[p])
	return out
}

// free takes its pair from a server that may have one.
func (sh *shelf) free(server string) {
	p := sh.of[server]
	if p == nil {
		return
	}
	delete(sh.of, server)
	if sh.servers[p] = slices.DeleteFunc(sh.servers[p], func(s string) bool { return s == server }); len(sh.servers[p]) == 0 {
		delete(sh.servers, p)
	}
}
