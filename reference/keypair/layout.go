package keypair

import (
	"bytes"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"

	"golang.org/x/crypto/ssh"
)

// inspect reads a whole blob, which must be one sound key of the algorithm, or a signed certificate, in the one way in which
// RFC 4251 writes it. It gives the blob of the key itself: for a certificate that of the key inside, which is what OpenSSH
// takes the fingerprint of.
func inspect(blob []byte, algorithm string, limits Limits) ([]byte, error) {
	own, err := plainKey(blob, algorithm)
	if err != nil {
		return nil, err
	}
	return own, soundKey(own, limits)
}

// plainKey finds the key in a blob, and checks what stands around it.
func plainKey(blob []byte, algorithm string) ([]byte, error) {
	if !bytes.HasPrefix(blob, ssh.Marshal(struct{ Name string }{algorithm})) {
		return nil, errors.New("the data are of another algorithm than the first word says")
	}
	if open, is := v00[algorithm]; is {
		return open(blob)
	}
	key, err := ssh.ParsePublicKey(blob)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(key.Marshal(), blob) {
		return nil, errors.New("a number has needless leading zeros")
	}
	if certificate, is := key.(*ssh.Certificate); is {
		return certificate.Key.Marshal(), nil
	}
	return blob, nil
}

// soundKey refuses a plain key that cannot be one, and RSA keys of other sizes.
func soundKey(blob []byte, limits Limits) error {
	key, err := ssh.ParsePublicKey(blob)
	if err != nil {
		return err
	}
	open, is := key.(ssh.CryptoPublicKey)
	if !is {
		return nil
	}
	rsaKey, is := open.CryptoPublicKey().(*rsa.PublicKey)
	if !is {
		return nil
	}
	if size := rsaKey.N.BitLen(); size != min(max(size, limits.RSAMin), limits.RSAMax) {
		return fmt.Errorf("the RSA modulus has %d bits, allowed are %d to %d", size, limits.RSAMin, limits.RSAMax)
	}
	return nil
}

// v00 are the certificates of OpenSSH 5.4 to 6.9, which no library of today reads: the functions give the blob of the key
// inside.
var v00 = map[string]func(blob []byte) ([]byte, error){
	"ssh-rsa-cert-v00@openssh.com": func(blob []byte) ([]byte, error) {
		var c struct {
			Name string
			E, N *big.Int
			Rest []byte `ssh:"rest"`
		}
		if err := ssh.Unmarshal(blob, &c); err != nil {
			return nil, err
		}
		return ssh.Marshal(struct {
			Name string
			E, N *big.Int
		}{ssh.KeyAlgoRSA, c.E, c.N}), tailV00(c.Rest)
	},
	"ssh-dss-cert-v00@openssh.com": func(blob []byte) ([]byte, error) {
		var c struct {
			Name       string
			P, Q, G, Y *big.Int
			Rest       []byte `ssh:"rest"`
		}
		if err := ssh.Unmarshal(blob, &c); err != nil {
			return nil, err
		}
		return ssh.Marshal(struct {
			Name       string
			P, Q, G, Y *big.Int
		}{"ssh-dss", c.P, c.Q, c.G, c.Y}), tailV00(c.Rest)
	},
}

// tailV00 checks the fields of a v00 certificate behind the key.
func tailV00(rest []byte) error {
	var tail struct {
		Type                      uint32
		ID, Principals            string
		After, Before             uint64
		Constraints, Nonce, Spare string
		Authority, Signature      []byte
	}
	err := ssh.Unmarshal(rest, &tail)
	if len(tail.Signature) == 0 {
		return errors.New("the certificate is cut off, or not signed")
	}
	return err
}
