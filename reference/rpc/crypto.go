package rpc

import (
	"crypto/hmac"
	"crypto/subtle"
	"hash"
	"strings"
	"sync"

	"github.com/google/uuid"
)

// keyedHash is an HMAC whose key was worked in beforehand.
type keyedHash struct{ pool sync.Pool }

func newKeyedHash(algorithm func() hash.Hash, key string) *keyedHash {
	return &keyedHash{pool: sync.Pool{New: func() any { return hmac.New(algorithm, []byte(key)) }}}
}

// sum appends the HMAC of the message to dst.
func (k *keyedHash) sum(dst, message []byte) []byte {
	h := k.pool.Get().(hash.Hash)
	defer k.pool.Put(h)
	h.Reset()
	h.Write(message) // a hash never fails
	return h.Sum(dst)
}

// equalSecrets compares in a time that tells nothing about where the two differ.
func equalSecrets(a, b string) bool {
	return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}

// scratch holds the buffers that strings to sign are built in.
var scratch = sync.Pool{New: func() any { b := make([]byte, 0, 2048); return &b }}

// withScratch lends f a buffer. What f returns is the buffer as it grew.
func withScratch(f func(buf []byte) []byte) {
	buf := scratch.Get().(*[]byte)
	*buf = f((*buf)[:0])
	scratch.Put(buf)
}

const upperHex = "0123456789ABCDEF"

// unreserved are the bytes that percent-encoding keeps (RFC 3986).
var unreserved = func() (table [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~") {
		table[c] = true
	}
	return table
}()

// appendEncoded appends s percent-encoded, with escape before each pair of
// hexadecimal digits: "%", or "%25" for what is encoded twice.
func appendEncoded(dst []byte, s, escape string) []byte {
	kept := 0 // start of the bytes that stay as they are
	for i := range len(s) {
		c := s[i]
		if unreserved[c] {
			continue
		}
		dst = append(dst, s[kept:i]...)
		dst = append(dst, escape...)
		dst = append(dst, upperHex[c>>4], upperHex[c&15])
		kept = i + 1
	}
	return append(dst, s[kept:]...)
}

// NewRequestID returns a random UUID (version 4) in upper case. It tells requests apart and is no secret.
func NewRequestID() string { return strings.ToUpper(uuid.NewString()) }
