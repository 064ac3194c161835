package rpc

import (
	"hash/maphash"
	"sync"
	"time"
)

// nonceLifetime is how long a nonce stays used up at least. The vendor's staff
// names 31 minutes, which is also enough to stop every replay: no request is in
// time for longer than the clock window, twice 15 minutes.
const nonceLifetime = 31 * time.Minute

// nonces remembers the nonces of one access key.
//
// They are kept as 64-bit hashes, seeded anew in each process so that nobody can
// choose colliding ones, in two generations: one for each lifetime on the clock, of which only the last
// two are kept. A nonce is thus remembered for one to two lifetimes. The
// chance that a new nonce is taken for one of n remembered ones is n in 2^64.
//
// When the memory is full new nonces are refused, not old ones forgotten: forgetting would
// open the door to replays. Only rightly signed requests get here, so nobody
// can fill the memory of another's access key.
type nonces struct {
	limit int // of each generation
	seed  maphash.Seed

	mu    sync.Mutex
	since time.Time // when the lifetime of the younger generation began
	young map[uint64]struct{}
	elder map[uint64]struct{}
}

func newNonces(limit int, now time.Time) *nonces {
	return &nonces{limit: limit, seed: maphash.MakeSeed(), since: now.Truncate(nonceLifetime), young: map[uint64]struct{}{}}
}

// use takes the nonce at the given time, or says why it cannot be taken:
// FaultNonceUsed or FaultNonceMemory. The fault "" means that it was taken.
func (s *nonces) use(nonce string, now time.Time) Fault {
	hash := maphash.String(s.seed, nonce)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.age(now)
	if _, used := s.young[hash]; used {
		return FaultNonceUsed
	}
	if _, used := s.elder[hash]; used {
		return FaultNonceUsed
	}
	if len(s.young) >= s.limit {
		return FaultNonceMemory
	}
	s.young[hash] = struct{}{}
	return ""
}

// age drops what is old enough to be forgotten. A clock that runs backwards
// keeps nonces longer.
func (s *nonces) age(now time.Time) {
	switch since := now.Truncate(nonceLifetime); {
	case !since.After(s.since):
	case since.Equal(s.since.Add(nonceLifetime)):
		s.elder, s.young, s.since = s.young, map[uint64]struct{}{}, since
	default: // even what was taken at the end of the first lifetime is old enough
		s.elder, s.young, s.since = nil, map[uint64]struct{}{}, since
	}
}
