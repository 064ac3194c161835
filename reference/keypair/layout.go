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
	if open, is := v00[algorithm]; is {
		own, err := open(blob, algorithm)
		if err != nil {
			return nil, err
		}
		return own, soundKey(own, limits)
	}
	key, err := ssh.ParsePublicKey(blob)
	if err != nil {
		return nil, err
	}
	switch {
	case key.Type() != algorithm:
		return nil, errors.New("the data are of another algorithm than the first word says")
	case !bytes.Equal(key.Marshal(), blob):
		return nil, errors.New("a number has needless leading zeros")
	}
	if certificate, is := key.(*ssh.Certificate); is {
		blob = certificate.Key.Marshal()
	}
	return blob, soundKey(blob, limits)
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
var v00 = map[string]func(blob []byte, algorithm string) ([]byte, error){
	"ssh-rsa-cert-v00@openssh.com": func(blob []byte, algorithm string) ([]byte, error) {
		var c struct {
			Name string
			E, N *big.Int
			Rest []byte `ssh:"rest"`
		}
		if err := errors.Join(ssh.Unmarshal(blob, &c), tailV00(c.Rest, c.Name, algorithm)); err != nil {
			return nil, err
		}
		return ssh.Marshal(struct {
			Name string
			E, N *big.Int
		}{ssh.KeyAlgoRSA, c.E, c.N}), nil
	},
	"ssh-dss-cert-v00@openssh.com": func(blob []byte, algorithm string) ([]byte, error) {
		var c struct {
			Name       string
			P, Q, G, Y *big.Int
			Rest       []byte `ssh:"rest"`
		}
		if err := errors.Join(ssh.Unmarshal(blob, &c), tailV00(c.Rest, c.Name, algorithm)); err != nil {
			return nil, err
		}
		return ssh.Marshal(struct {
			Name       string
			P, Q, G, Y *big.Int
		}{ssh.InsecureKeyAlgoDSA, c.P, c.Q, c.G, c.Y}), nil
	},
}

// tailV00 checks the name of a v00 certificate and its fields behind the key.
func tailV00(rest []byte, name, algorithm string) error {
	var tail struct {
		Type                      uint32
		ID, Principals            string
		After, Before             uint64
		Constraints, Nonce, Spare string
		Authority, Signature      []byte
	}
	if err := ssh.Unmarshal(rest, &tail); err != nil {
		return err
	}
	if name != algorithm {
		return errors.New("the data are of another algorithm than the first word says")
	}
	if len(tail.Signature) == 0 {
		return errors.New("the certificate is not signed")
	}
	return nil
}
