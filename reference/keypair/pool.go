package keypair

import (
	"context"
	"crypto/md5" // #nosec G501 -- the fingerprint of RFC 4716 is MD5
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"golang.org/x/crypto/ssh"
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
	public, err := ssh.NewPublicKey(&key.PublicKey)
	if err != nil {
		return Generated{}, fmt.Errorf("encode an RSA key: %w", err)
	}
	blob := public.Marshal()
	return Generated{
		PrivateKey: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		Public: PublicKey{
			Line:        public.Type() + " " + base64.StdEncoding.EncodeToString(blob),
			Fingerprint: md5.Sum(blob), // #nosec G401
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
// not wait: as many workers as it keeps ready pairs, each with one in its hand. Its methods may be called at the same time. Made by [NewPool].
type Pool struct {
	size     int
	generate func() (Generated, error)
	making   sync.Mutex // of the workers
	ready    chan Generated
	waiting  atomic.Int64 // workers with a pair in the hand
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
	return &Pool{size: size, generate: generate, ready: make(chan Generated), closed: make(chan struct{})}
}

// Fill starts making pairs ahead of time and returns at once. All calls but the first do nothing.
func (p *Pool) Fill() {
	p.fill.Do(func() { p.start(min(p.size, Reserve)) })
}

func (p *Pool) start(workers int) {
	for range workers {
		go p.work()
	}
}

func (p *Pool) work() {
	for {
		pair, err := p.makeNext()
		if err != nil {
			return // Get makes its own from here on, and reports the error
		}
		p.waiting.Add(1)
		select {
		case p.ready <- pair:
			p.waiting.Add(-1)
		case <-p.closed:
			return
		}
	}
}

var errClosed = errors.New("the pool is closed")

// makeNext makes a pair once no other worker makes one.
func (p *Pool) makeNext() (Generated, error) {
	p.making.Lock()
	defer p.making.Unlock()
	select {
	case <-p.closed:
		return Generated{}, errClosed
	default:
		return p.generate()
	}
}

// Get gives a pair that is ready, or else makes one. No pair is given twice. The error is ctx's, when it was over before
// a pair had to be made, or that of [Generate]. It works after [Pool.Close] too, without anything being made ahead.
func (p *Pool) Get(ctx context.Context) (Generated, error) {
	p.Fill()
	p.ask.Do(func() { p.start(p.size - Reserve) })
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

// Ready is how many pairs are ready.
func (p *Pool) Ready() int { return int(p.waiting.Load()) }

// Close stops the work in the background. A pair that is just being made is finished and dropped; Close does not wait
// for it. The error is always nil.
func (p *Pool) Close() error {
	p.close.Do(func() { close(p.closed) })
	return nil
}
