package vocabulary

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/onsi/gomega/types"
	"golang.org/x/crypto/ssh"

	"github.com/kpspec/kpspec/harness/wire"
)

// PrivateKey is the private key of an answer, as far as it can be read. It
// prints as a few words: the key never reaches a report.
type PrivateKey struct {
	key       any    // nil where it cannot be read
	form      string // "PKCS#8" or "PKCS#1"
	armoured  bool
	encrypted bool
	err       error
	public    func() (ssh.PublicKey, error) // see verified; found out once
}

// String says what can be told of the key without showing it.
func (p PrivateKey) String() string {
	if p.err != nil {
		return "a private key that cannot be read: " + p.err.Error()
	}
	return fmt.Sprintf("a private key of type %T in %s", p.key, p.form)
}

// Form is "PKCS#8" or "PKCS#1", or "unreadable".
func (p PrivateKey) Form() string {
	if p.err != nil {
		return "unreadable"
	}
	return p.form
}

// Armoured reports whether it came in a PEM block.
func (p PrivateKey) Armoured() bool { return p.armoured }

// Encrypted reports whether it can be told that a passphrase is needed to read it.
func (p PrivateKey) Encrypted() bool { return p.encrypted }

// GomegaString keeps Gomega from printing the key itself.
func (p PrivateKey) GomegaString() string { return p.String() }

// ReadPrivateKey reads the member PrivateKeyBody: PEM, or the base64 text of
// the documents' example, in PKCS#8 or in PKCS#1.
func ReadPrivateKey(answer *wire.Answer) PrivateKey {
	p := readPrivateKey(answer)
	p.public = sync.OnceValues(p.verified)
	return p
}

func readPrivateKey(answer *wire.Answer) PrivateKey {
	body, err := asSent(answer).Object()
	if err != nil {
		return PrivateKey{err: err}
	}
	body64, ok := body["PrivateKeyBody"].(string)
	if !ok {
		return PrivateKey{err: errors.New("the answer has no text PrivateKeyBody")}
	}
	var p PrivateKey
	block, rest := pem.Decode([]byte(body64))
	var der []byte
	switch {
	case block != nil && strings.TrimSpace(string(rest)) != "":
		return PrivateKey{err: errors.New("something stands behind the PEM block")}
	case block != nil:
		p.armoured, der = true, block.Bytes
		p.encrypted = strings.Contains(block.Type, "ENCRYPTED") || block.Headers["DEK-Info"] != ""
	default:
		// The documents' example has no armour: only the text between the lines.
		if der, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(body64), "")); err != nil {
			return PrivateKey{err: errors.New("it is neither PEM nor base64")}
		}
	}
	if p.encrypted {
		p.err = errors.New("it is encrypted")
		return p
	}
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		p.key, p.form = key, "PKCS#8"
	} else if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		p.key, p.form = key, "PKCS#1"
	} else {
		p.err = errors.New("it is neither PKCS#8 nor PKCS#1")
	}
	return p
}

// verified is the public part as an SSH key, after it has been shown to verify
// what the private part signs.
func (p PrivateKey) verified() (ssh.PublicKey, error) {
	signer, err := p.signer()
	if err != nil {
		return nil, err
	}
	message := []byte("signed with the generated key")
	signature, err := signer.Sign(nil, message)
	if err != nil {
		return nil, err
	}
	return signer.PublicKey(), signer.PublicKey().Verify(message, signature)
}

// signer is the key as SSH has it.
func (p PrivateKey) signer() (ssh.Signer, error) {
	if p.err != nil {
		return nil, p.err
	}
	return ssh.NewSignerFromKey(p.key)
}

// BeReadable holds for a private key that can be read in either form and signs
// what its public part verifies.
func BeReadable() types.GomegaMatcher {
	return matcher("be a private key that can be read", func(p PrivateKey) error { _, err := p.public(); return err })
}

// BeArmoured holds for a private key in a PEM block.
func BeArmoured() types.GomegaMatcher {
	return matcher("be a PEM block", func(p PrivateKey) error {
		if !p.armoured {
			return errors.New("it has no armour")
		}
		return nil
	})
}

// BePKCS8 holds for a private key in PKCS#8.
func BePKCS8() types.GomegaMatcher {
	return matcher("be in PKCS#8", func(p PrivateKey) error {
		if p.err == nil && p.form != "PKCS#8" {
			return errors.New("it is in " + p.form)
		}
		return p.err
	})
}

// BeUnencrypted holds for a private key that needs no passphrase.
func BeUnencrypted() types.GomegaMatcher {
	return matcher("need no passphrase", func(p PrivateKey) error {
		if p.encrypted {
			return p.err
		}
		return nil
	})
}

// BeRSA holds for an RSA key of this many bits.
func BeRSA(bits int) types.GomegaMatcher {
	return matcher(fmt.Sprintf("be RSA of %d bits", bits), func(p PrivateKey) error {
		if p.err != nil {
			return p.err
		}
		key, ok := p.key.(*rsa.PrivateKey)
		if !ok {
			return fmt.Errorf("it is a %T", p.key)
		}
		if key.N.BitLen() != bits {
			return fmt.Errorf("it has %d bits", key.N.BitLen())
		}
		return nil
	})
}

// BeTheKey holds for the same private key.
func BeTheKey(other PrivateKey) types.GomegaMatcher {
	return matcher("be the same private key", func(p PrivateKey) error {
		mine, err := p.signer()
		if err != nil {
			return err
		}
		theirs, err := other.signer()
		if err != nil {
			return err
		}
		if string(mine.PublicKey().Marshal()) != string(theirs.PublicKey().Marshal()) {
			return errors.New("it is another one")
		}
		return nil
	})
}

// ListPublicKeyOf holds for a key pair whose listed PublicKey is the public
// part of the private key.
func ListPublicKeyOf(key PrivateKey) types.GomegaMatcher {
	return matcher("be listed with the public part of the private key", func(p *Pair) error {
		if p == nil {
			return errors.New("it is not listed")
		}
		want, err := key.public()
		if err != nil {
			return err
		}
		got, _, _, _, err := ssh.ParseAuthorizedKey([]byte(p.PublicKey))
		if err != nil {
			return fmt.Errorf("it is listed with a PublicKey that cannot be read: %w", err)
		}
		if string(got.Marshal()) != string(want.Marshal()) {
			return errors.New("it is listed with another PublicKey")
		}
		// What reads as the same key may be written otherwise, and then has another fingerprint.
		if !slices.Contains(strings.Fields(p.PublicKey), base64.StdEncoding.EncodeToString(want.Marshal())) {
			return errors.New("it is listed with a PublicKey that is the same number in other bytes")
		}
		return nil
	})
}

// BeCreatedWithin holds for a key pair whose listed time of creation is in UTC,
// to the minute or to the second, and not further away from now than d.
func BeCreatedWithin(d time.Duration) types.GomegaMatcher {
	return matcher("be listed with its time of creation in UTC", func(p *Pair) error {
		if p == nil {
			return errors.New("it is not listed")
		}
		for _, layout := range []string{"2006-01-02T15:04Z", "2006-01-02T15:04:05Z"} {
			if at, err := time.Parse(layout, p.Created); err == nil {
				if away := time.Since(at).Abs(); away > d {
					return fmt.Errorf("CreationTime %s is %s away from now", p.Created, away.Round(time.Minute))
				}
				return nil
			}
		}
		return fmt.Errorf("CreationTime is %q", p.Created)
	})
}
