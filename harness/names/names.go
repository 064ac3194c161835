// Package names makes the names of the key pairs of a run, and knows them again.
//
// A name has a form that nobody gives to a key pair by chance: "kpspec", five
// letters that stand for the run, four that count, and three that are a checksum
// of these. What a crashed run has left can so be told from everything else by
// its name alone.
package names

import (
	"crypto/rand"
	"hash/fnv"
	"math/big"
	"regexp"
	"strings"
	"sync/atomic"
)

const (
	prefix = "kpspec"
	ofRun  = 5 // letters that stand for the run
	serial = 4 // letters that count
	check  = 3 // letters of the checksum

	// Length is how many characters a name has.
	Length = len(prefix) + ofRun + serial + check
	// Pattern says in words what the names look like.
	Pattern = "kpspec and 12 lower-case letters, the last three a checksum"
)

// Source makes the names of one run. It is safe for concurrent use.
type Source struct {
	run  string
	made atomic.Int64
}

// New is a source for a new run.
func New() *Source { return &Source{run: Letters(ofRun)} }

// Run is the text by which the names of this run differ from those of others.
func (s *Source) Run() string { return s.run }

// Next is a name that no other run and no earlier call has made: lower-case
// ASCII letters only.
func (s *Source) Next() string {
	body := s.run + word(s.made.Add(1)-1, serial)
	return prefix + body + sum(body)
}

// Made reports whether a name is, or contains in any letter case, one that this
// run has made.
func (s *Source) Made(name string) bool {
	for _, c := range contained(name) {
		if strings.HasPrefix(c, prefix+s.run) {
			return true
		}
	}
	return false
}

// Are reports whether a name is exactly one that some run has made, alone or
// lengthened by letters a up to a limit that a rule is about.
func Are(name string) bool {
	return len(name) >= Length && valid(name[:Length]) && strings.Trim(name[Length:], "a") == ""
}

// Within reports whether a name contains, in any letter case, one that some run
// has made. Specs put something before or behind a name; so may somebody else.
func Within(name string) bool { return len(contained(name)) > 0 }

var form = regexp.MustCompile(`^` + prefix + `[a-z]+$`)

func valid(name string) bool {
	if len(name) != Length || !form.MatchString(name) {
		return false
	}
	body := name[len(prefix) : Length-check]
	return sum(body) == name[Length-check:]
}

// contained are the names that a text contains, in lower case.
func contained(text string) []string {
	text = strings.ToLower(text)
	var found []string
	for at := 0; ; {
		i := strings.Index(text[at:], prefix)
		if i < 0 {
			return found
		}
		at += i
		if end := at + Length; end <= len(text) && valid(text[at:end]) {
			found = append(found, text[at:end])
		}
		at += len(prefix)
	}
}

// sum is the checksum of the letters between prefix and checksum.
func sum(body string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(prefix + body)) // a hash takes everything
	return word(int64(h.Sum64()>>1), check)
}

// word is n in letters, the last ones where there are not enough of them.
func word(n int64, letters int) string {
	b := make([]byte, letters)
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = byte('a' + n%26)
		n /= 26
	}
	return string(b)
}

// Letters is a text of n random lower-case letters.
func Letters(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + Below(26))
	}
	return string(b)
}

// Below is a random number in [0, n).
func Below(n int64) int64 {
	v, err := rand.Int(rand.Reader, big.NewInt(n))
	if err != nil {
		// crypto/rand never fails on a platform that Go supports.
		return 0
	}
	return v.Int64()
}
