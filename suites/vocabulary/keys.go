package vocabulary

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"strings"

	"golang.org/x/crypto/ssh"
)

// step is twice the product of the odd primes below 1000: one more than a
// multiple of it shares no small factor with anything.
var step = func() *big.Int {
	product := big.NewInt(2)
	for n := int64(3); n < 1000; n += 2 {
		if big.NewInt(n).ProbablyPrime(0) {
			product.Mul(product, big.NewInt(n))
		}
	}
	return product
}()

// FreshKey is an RSA public key of 2048 bits in the OpenSSH one-line form that
// nobody has seen before, so that no spec depends on a key another one has
// imported. Nobody knows its private part: the modulus is a random number
// without small factors, which costs microseconds where two primes cost
// milliseconds, and a public key does not show the difference.
func FreshKey() string {
	least := new(big.Int).Lsh(big.NewInt(1), 2047)
	least.Div(least, step).Add(least, big.NewInt(1))
	r, err := rand.Int(rand.Reader, new(big.Int).Sub(least, big.NewInt(2)))
	if err != nil {
		// crypto/rand never fails on a platform that Go supports.
		return ""
	}
	n := r.Add(r, least)
	n.Mul(n, step).Add(n, big.NewInt(1))
	key, err := ssh.NewPublicKey(&rsa.PublicKey{N: n, E: 65537})
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(string(ssh.MarshalAuthorizedKey(key)), "\n")
}

// KeyOf is a line with a number of size bits where an RSA public key has its
// modulus, and the exponent e. padded writes the modulus with a leading zero
// more than it needs, which RFC 4251 forbids. It need not be a sound key.
func KeyOf(size uint, e int64, padded bool) string {
	n := new(big.Int).Lsh(big.NewInt(1), size)
	n.Sub(n, big.NewInt(1))
	modulus := append([]byte{0}, n.Bytes()...)
	if padded {
		modulus = append([]byte{0}, modulus...)
	}
	blob := ssh.Marshal(struct {
		Name string
		E    *big.Int
		N    []byte
	}{ssh.KeyAlgoRSA, big.NewInt(e), modulus})
	return ssh.KeyAlgoRSA + " " + base64.StdEncoding.EncodeToString(blob)
}

// FingerprintOf is the MD5 fingerprint of an OpenSSH public key line as 32
// lower-case hex digits without colons, or "" when the line is no key.
func FingerprintOf(line string) string {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil {
		return ""
	}
	sum := md5.Sum(key.Marshal())
	return hex.EncodeToString(sum[:])
}

// plain is a printed fingerprint without what its two printed forms differ in.
func plain(fingerprint string) string {
	return strings.ToLower(strings.ReplaceAll(fingerprint, ":", ""))
}
