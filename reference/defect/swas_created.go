package defect

import (
	"bytes"
	"context"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"strings"
	"sync"
	"time"

	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/operation"
)

// made lets a function change a key that CreateKeyPair has made.
func made(p *parts, do func(c *operation.Call) error) {
	after(p, onSWAS, createKeyPair, "generate", func(c *operation.Call, err error) error {
		if err != nil {
			return err
		}
		return do(c)
	})
}

// written changes the text of the private key.
func written(as func(text string) string) func(*parts) {
	return func(p *parts) {
		made(p, func(c *operation.Call) error { c.Private = as(c.Private); return nil })
	}
}

// generated puts a key of another kind in place of the one that was made.
func generated(make func() (crypto.Signer, string, error)) func(*parts) {
	return func(p *parts) {
		made(p, func(c *operation.Call) error {
			key, line, err := make()
			if err != nil {
				return err
			}
			der, err := x509.MarshalPKCS8PrivateKey(key)
			c.Pair.PublicKey, c.Private = line, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
			return err
		})
	}
}

// rsaOf makes an RSA key of that many bits.
func rsaOf(bits int) func() (crypto.Signer, string, error) {
	return func() (crypto.Signer, string, error) {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			return nil, "", err
		}
		return key, line("ssh-rsa", binary.BigEndian.AppendUint32(nil, uint32(key.E)), append([]byte{0}, key.N.Bytes()...)), nil // #nosec G115 -- it is 65537
	}
}

// line is a public key in the one-line form of OpenSSH.
func line(algorithm string, fields ...[]byte) string {
	var blob []byte
	for _, field := range append([][]byte{[]byte(algorithm)}, fields...) {
		if algorithm == "ssh-rsa" && len(blob) > 0 {
			for len(field) > 1 && field[0] == 0 && field[1] < 0x80 { // numbers are as short as can be
				field = field[1:]
			}
		}
		blob = append(binary.BigEndian.AppendUint32(blob, uint32(len(field))), field...) // #nosec G115 -- it is a key
	}
	return algorithm + " " + base64.StdEncoding.EncodeToString(blob)
}

func block(text string) *pem.Block {
	b, _ := pem.Decode([]byte(text))
	return b
}

func rsaKey(text string) *rsa.PrivateKey {
	key, _ := x509.ParsePKCS8PrivateKey(block(text).Bytes) // the reference has made it
	return key.(*rsa.PrivateKey)
}

// sealed encrypts a private key with a passphrase that nobody is told.
func sealed(text string) string {
	key, iv := make([]byte, 32), make([]byte, aes.BlockSize)
	_, _ = rand.Read(key) // it never fails
	_, _ = rand.Read(iv)
	b, plain := block(text), block(text).Bytes
	fill := aes.BlockSize - len(plain)%aes.BlockSize
	plain = append(plain, bytes.Repeat([]byte{byte(fill)}, fill)...)
	c, _ := aes.NewCipher(key) // its length is right
	cipher.NewCBCEncrypter(c, iv).CryptBlocks(plain, plain)
	b.Type, b.Bytes = "RSA PRIVATE KEY", plain
	b.Headers = map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC," + strings.ToUpper(hex.EncodeToString(iv))}
	return string(pem.EncodeToMemory(b))
}

// swasCreated are wrong keys of CreateKeyPair, and what is told of them later.
func swasCreated() []Defect {
	a := swasCreate
	return []Defect{
		a.bug("key-1024", "makes RSA keys of 1024 bits.", "RSA2048", generated(rsaOf(1024))),
		a.bug("key-ecdsa", "makes ECDSA keys.", "RSA2048", generated(func() (crypto.Signer, string, error) {
			key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			if err != nil {
				return nil, "", err
			}
			point, err := key.PublicKey.Bytes()
			return key, line("ecdsa-sha2-nistp256", []byte("nistp256"), point), err
		})),
		a.bug("private-pkcs1", "writes private keys in PKCS #1.", "PRIV-PKCS8", written(func(text string) string {
			return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey(text))}))
		})),
		a.bug("private-der", "writes private keys in base64 without the lines of PEM.", "PRIV-PEM", written(func(text string) string {
			return base64.StdEncoding.EncodeToString(block(text).Bytes)
		})),
		a.bug("private-pkcs1-der", "writes private keys as the document's example: in PKCS #1, without the lines of PEM.", "PRIV-PEM PRIV-PKCS8", written(func(text string) string {
			return base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PrivateKey(rsaKey(text)))
		})),
		a.bug("private-escaped", "writes the ends of lines in private keys as \\n.", "PRIV-PEM", written(func(text string) string { return strings.ReplaceAll(text, "\n", `\n`) })),
		a.bug("private-cut", "writes private keys without their last line.", "PRIV-PEM", written(func(text string) string {
			return text[:strings.LastIndexByte(strings.TrimSpace(text), '\n')]
		})),
		a.bug("private-with-public", "writes the public key behind the private one.", "PRIV-PEM", func(p *parts) {
			made(p, func(c *operation.Call) error { c.Private += c.Pair.PublicKey + "\n"; return nil })
		}),
		a.bug("private-encrypted", "encrypts private keys with a passphrase.", "PRIV-PLAIN", written(sealed)),
		a.bug("private-empty", "answers an empty private key.", "PRIV-PRESENT", written(func(string) string { return "" })),
		a.bug("private-is-public", "answers the public key in place of the private one.", "PRIV-PEM", func(p *parts) {
			made(p, func(c *operation.Call) error { c.Private = c.Pair.PublicKey; return nil })
		}),
		a.bug("key-not-stored", "does not keep the public key.", "PRIV-MATCH", func(p *parts) {
			before(p, onSWAS, createKeyPair, "store", func(c *operation.Call) { c.Pair.PublicKey = "" })
		}),
		a.bug("key-stored-as-pem", "keeps the public key in PEM.", "PRIV-MATCH", func(p *parts) {
			made(p, func(c *operation.Call) error {
				der, err := x509.MarshalPKIXPublicKey(&rsaKey(c.Private).PublicKey)
				c.Pair.PublicKey = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
				return err
			})
		}),
		a.bug("key-stored-long", "keeps the public key with a zero in front of its modulus that is not needed.", "PRIV-MATCH", func(p *parts) {
			made(p, func(c *operation.Call) error {
				key := rsaKey(c.Private)
				exponent := []byte{1, 0, 1}
				var blob []byte
				for _, field := range [][]byte{[]byte("ssh-rsa"), exponent, append([]byte{0, 0}, key.N.Bytes()...)} {
					blob = append(binary.BigEndian.AppendUint32(blob, uint32(len(field))), field...) // #nosec G115 -- it is a key
				}
				c.Pair.PublicKey = "ssh-rsa " + base64.StdEncoding.EncodeToString(blob)
				return nil
			})
		}),
		a.bug("key-made-twice", "makes the private key that it answers and the public key that it keeps one after the other.", "PRIV-MATCH", func(p *parts) {
			made(p, func(c *operation.Call) error {
				_, other, err := rsaOf(1024)()
				c.Pair.PublicKey = other
				return err
			})
		}),
		a.bug("key-one-for-all", "gives all pairs the key that it has made first.", "PRIV-FRESH", func(p *parts) {
			var only *operation.Call
			var mu sync.Mutex
			made(p, func(c *operation.Call) error {
				mu.Lock()
				defer mu.Unlock()
				if only == nil {
					kept := *c
					only = &kept
				}
				c.Private, c.Pair.PublicKey, c.Pair.Fingerprint = only.Private, only.Pair.PublicKey, only.Pair.Fingerprint
				return nil
			})
		}),
		a.bug("key-one-per-region", "gives the pairs of a region one key.", "PRIV-FRESH", func(p *parts) {
			kept := map[keypair.Scope]operation.Call{}
			var mu sync.Mutex
			made(p, func(c *operation.Call) error {
				mu.Lock()
				defer mu.Unlock()
				first, ok := kept[c.Scope]
				if !ok {
					first = *c
					kept[c.Scope] = first
				}
				c.Private, c.Pair.PublicKey, c.Pair.Fingerprint = first.Private, first.Pair.PublicKey, first.Pair.Fingerprint
				return nil
			})
		}),
		bug("swas-list-private", "ListKeyPairs shows private keys.", a.ids("PRIV-ONCE"), func(p *parts) {
			private := hoard(p)
			listed(p, func(c *operation.Call, pair keypair.Pair, members []field) []field {
				if text := private(c.Scope, pair.Name); text != "" {
					members = append(members, field{"PrivateKeyBody", valueOf(text)})
				}
				return members
			})
		}),
		bug("swas-list-all-private", "ListKeyPairs shows private keys where no name is asked for.", a.ids("PRIV-ONCE"), func(p *parts) {
			private := hoard(p)
			listed(p, func(c *operation.Call, pair keypair.Pair, members []field) []field {
				if text := private(c.Scope, pair.Name); text != "" && c.Text("KeyPairName") == "" {
					members = append(members, field{"PrivateKeyBody", valueOf(text)})
				}
				return members
			})
		}),
		bug("swas-list-private-as-public", "ListKeyPairs shows the private key of a created pair as its public one.", a.ids("PRIV-MATCH PRIV-ONCE"), func(p *parts) {
			private := hoard(p)
			after(p, onSWAS, listKeyPairs, "find", func(c *operation.Call, err error) error {
				for i, pair := range c.Pairs {
					if text := private(c.Scope, pair.Name); text != "" {
						c.Pairs[i].PublicKey = text
					}
				}
				return err
			})
		}),
		bug("swas-describe-private", "DescribeInstanceKeyPair shows the private key.", a.ids("PRIV-ONCE"), func(p *parts) {
			private := hoard(p)
			members(p, onSWAS, "DescribeInstanceKeyPair", func(c *operation.Call, all []field) []field {
				for _, bound := range c.Pairs { // at most one
					all = append(all, field{"PrivateKeyBody", valueOf(private(c.Scope, bound.Name))})
				}
				return all
			})
		}),
		bug("swas-attach-private", "AttachKeyPair answers the private key.", a.ids("PRIV-ONCE"), func(p *parts) {
			private := hoard(p)
			members(p, onSWAS, attachKeyPair, func(c *operation.Call, all []field) []field {
				return append(all, field{"PrivateKeyBody", valueOf(private(c.Scope, c.Pair.Name))})
			})
		}),
		bug("swas-list-time-local", "ListKeyPairs shows times of Hangzhou with a Z.", a.ids("LISTED"), created(func(at time.Time) string {
			return at.UTC().Add(8 * time.Hour).Format("2006-01-02T15:04Z")
		})),
		bug("swas-list-time-offset", "ListKeyPairs shows times with the offset of Hangzhou.", a.ids("LISTED"), created(func(at time.Time) string {
			return at.In(time.FixedZone("", 8*60*60)).Format(time.RFC3339)
		})),
		bug("swas-list-time-missing", "ListKeyPairs shows no times.", a.ids("LISTED"), created(func(time.Time) string { return "" })),
		a.bug("time-not-kept", "does not keep the time.", "LISTED", func(p *parts) {
			wrap(p, onSWAS, createKeyPair, "store", func(operation.Run) operation.Run { return keptWithoutTime(p) })
		}),
	}
}

// hoard keeps the private keys that CreateKeyPair makes.
func hoard(p *parts) func(keypair.Scope, string) string {
	kept := map[place]string{}
	var mu sync.Mutex
	made(p, func(c *operation.Call) error {
		mu.Lock()
		defer mu.Unlock()
		kept[place{c.Scope, strings.Clone(c.Pair.Name)}] = c.Private
		return nil
	})
	return func(in keypair.Scope, name string) string {
		mu.Lock()
		defer mu.Unlock()
		return kept[place{in, name}]
	}
}

// listed changes the elements of the answer of ListKeyPairs.
func listed(p *parts, change func(*operation.Call, keypair.Pair, []field) []field) {
	members(p, onSWAS, listKeyPairs, altered("KeyPairs", func(c *operation.Call, f *field) {
		f.value = valueOf(elements(f.value, func(i int, members []field) []field { return change(c, c.Pairs[i], members) }))
	}))
}

// created changes how ListKeyPairs writes times.
func created(as func(time.Time) string) func(*parts) {
	return func(p *parts) {
		listed(p, func(_ *operation.Call, pair keypair.Pair, members []field) []field {
			return valued("CreationTime", func(*operation.Call) any { return as(pair.Created) })(nil, members)
		})
	}
}

func keptWithoutTime(p *parts) operation.Run {
	step := operation.Keep(p.SWAS().Store).Run
	return func(ctx context.Context, c *operation.Call) error {
		call := *c.Call
		call.Time = time.Time{}
		c.Call = &call
		return step(ctx, c)
	}
}
