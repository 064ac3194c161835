package keypair

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"sync"
)

// GeneratedBits is the size of the RSA keys that are made here: the only size the key pairs of the service have.
const GeneratedBits = 2048

// Generated is a new key pair with its private half, which the caller hands on and forgets.
type Generated struct {
	PrivateKey string // PEM, PKCS #8, not encrypted
	Public     PublicKey
}

// Generate makes a new RSA key pair of [GeneratedBits] bits. It takes a tenth of a second or more.
func Generate() (Generated, error) {
	key, err := rsa.GenerateKey(rand.Reader, GeneratedBits)
	if err != nil {
		return Generated{}, fmt.Errorf("generate an RSA key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Generated{}, fmt.Errorf("encode an RSA key: %w", err)
	}
	const algorithm = "ssh-rsa"
	own := appendNumber(nil, big.NewInt(int64(key.E)).Bytes())
	own = appendNumber(own, key.N.Bytes())
	blob := append(appendString(nil, []byte(algorithm)), own...)
	return Generated{
		PrivateKey: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		Public: PublicKey{
			Line:        algorithm + " " + base64.StdEncoding.EncodeToString(blob),
			Fingerprint: digest(algorithm, own),
		},
	}, nil
}

// Source gives new key pairs, each one once.
type Source interface {
	Get(ctx context.Context) (Generated, error)
}

// Reserve is how many pairs a [Pool] makes before anybody asks for one.
const Reserve = 6

// Pool is a [Source] that makes key pairs ahead of time, one after the other in the background, so that callers need
// not wait. Its methods may be called at the same time. Made by [NewPool].
type Pool struct {
	size     int
	generate func() (Generated, error)
	ready    chan Generated
	asked    chan struct{}
	closed   chan struct{}
	fill     sync.Once
	ask      sync.Once
	close    sync.Once
}

// NewPool makes a pool that keeps at most size pairs ready, none before [Pool.Fill] or [Pool.Get] was called first, and
// no more than [Reserve] before Get was: a server that is never asked for keys spends little time on them. With size 0 or less
// nothing is made ahead of time.
func NewPool(size int) *Pool { return newPool(size, Generate) }

func newPool(size int, generate func() (Generated, error)) *Pool {
	// The pair in the hand of the background worker is ready as well, so the channel holds one less.
	return &Pool{
		size: size, generate: generate,
		ready: make(chan Generated, max(size-1, 0)), asked: make(chan struct{}), closed: make(chan struct{}),
	}
}

// Fill starts making pairs ahead of time and returns at once. All calls but the first do nothing.
func (p *Pool) Fill() {
	if p.size <= 0 {
		return
	}
	p.fill.Do(func() { go p.work() })
}

func (p *Pool) work() {
	for made := 0; ; made++ {
		if made == Reserve {
			select {
			case <-p.asked:
			case <-p.closed:
			}
		}
		select {
		case <-p.closed:
			return
		default:
		}
		pair, err := p.generate()
		if err != nil {
			return // Get makes its own from here on, and reports the error
		}
		select {
		case p.ready <- pair:
		case <-p.closed:
			return
		}
	}
}

// Get gives a pair that is ready, or else makes one. No pair is given twice. The error is ctx's, when it was over before
// a pair had to be made, or that of [Generate]. It works after [Pool.Close] too, without anything being made ahead.
func (p *Pool) Get(ctx context.Context) (Generated, error) {
	p.ask.Do(func() { close(p.asked) })
	p.Fill()
	select {
	case pair := <-p.ready:
		return pair, nil
	default:
	}
	if err := ctx.Err(); err != nil {
		return Generated{}, err
	}
	return p.generate()
}

// Ready is how many pairs are ready, at least; one more may be.
func (p *Pool) Ready() int { return len(p.ready) }

// Close stops the work in the background. A pair that is just being made is finished and dropped; Close does not wait
// for it. The error is always nil.
func (p *Pool) Close() error {
	p.close.Do(func() { close(p.closed) })
	return nil
}
