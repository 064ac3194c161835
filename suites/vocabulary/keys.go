package vocabulary

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"encoding/hex"
	"math/big"
	"strings"

	"golang.org/x/crypto/ssh"
)

// smallPrimes is the product of the odd primes below 1000. A modulus that
// shares a factor with it is no RSA modulus anybody would make.
var smallPrimes = func() *big.Int {
	product := big.NewInt(1)
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
	n := new(big.Int)
	bytes := make([]byte, 256)
	for {
		if _, err := rand.Read(bytes); err != nil {
			// crypto/rand never fails on a platform that Go supports.
			return ""
		}
		bytes[0] |= 0x80 // exactly 2048 bits
		bytes[255] |= 1  // odd
		n.SetBytes(bytes)
		if new(big.Int).GCD(nil, nil, n, smallPrimes).Cmp(big.NewInt(1)) == 0 {
			break
		}
	}
	key, err := ssh.NewPublicKey(&rsa.PublicKey{N: n, E: 65537})
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(string(ssh.MarshalAuthorizedKey(key)), "\n")
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
