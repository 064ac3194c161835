package keypair

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	. "github.com/onsi/gomega"
	"golang.org/x/crypto/ssh"
)

func TestGenerate(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	made, err := Generate()
	g.Expect(err).NotTo(HaveOccurred())

	block, rest := pem.Decode([]byte(made.PrivateKey))
	g.Expect(rest).To(BeEmpty())
	g.Expect(block.Type).To(Equal("PRIVATE KEY"))
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(private.(*rsa.PrivateKey).N.BitLen()).To(Equal(GeneratedBits))
	public, err := ssh.NewPublicKey(private.(*rsa.PrivateKey).Public())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(made.Public.Line + "\n").To(Equal(string(ssh.MarshalAuthorizedKey(public))))
	g.Expect(made.Public.Fingerprint.Colons()).To(Equal(ssh.FingerprintLegacyMD5(public)))
	g.Expect(strictKeys.Parse(made.Public.Line)).To(Equal(made.Public))
}

// numbered makes pairs that can be told apart, and counts them.
func numbered() (func() (Generated, error), *atomic.Int32) {
	var made atomic.Int32
	return func() (Generated, error) {
		return Generated{PrivateKey: fmt.Sprint(made.Add(1))}, nil
	}, &made
}

func TestPoolGivesEachPairOnce(t *testing.T) {
	t.Parallel()
	generate, _ := numbered()
	p := newPool(3, generate)
	var seen sync.Map
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				pair, err := p.Get(t.Context())
				if err != nil {
					t.Error(err)
				}
				if _, twice := seen.LoadOrStore(pair.PrivateKey, true); twice {
					t.Errorf("pair %s was given twice", pair.PrivateKey)
				}
			}
		})
	}
	wg.Wait()
	NewWithT(t).Expect(p.Close()).To(Succeed())
	NewWithT(t).Expect(p.Close()).To(Succeed(), "twice is fine")
	_, err := p.Get(t.Context())
	NewWithT(t).Expect(err).NotTo(HaveOccurred(), "after Close a pair is made on demand")
}

func TestPoolIsBoundedAndLazy(t *testing.T) {
	t.Parallel()
	for _, size := range []int{-1, 0, 1, 3} {
		generate, made := numbered()
		p := newPool(size, generate)
		NewWithT(t).Expect(made.Load()).To(BeZero(), "nothing before the first use")
		p.Fill()
		NewWithT(t).Eventually(made.Load).Should(BeEquivalentTo(max(size, 0)))
		NewWithT(t).Consistently(made.Load, "20ms").Should(BeEquivalentTo(max(size, 0)))
		NewWithT(t).Expect(p.Close()).To(Succeed())
	}
}

// A large pool is filled once somebody has asked for a pair; until then it is a small one.
func TestPoolIsFilledForWhoeverAsks(t *testing.T) {
	t.Parallel()
	const size = 3 * Reserve
	generate, made := numbered()
	p := newPool(size, generate)
	defer p.Close()
	p.Fill()
	NewWithT(t).Eventually(made.Load).Should(BeEquivalentTo(Reserve))
	NewWithT(t).Consistently(made.Load, "20ms").Should(BeEquivalentTo(Reserve))
	_, err := p.Get(t.Context())
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	NewWithT(t).Eventually(p.Ready).Should(Equal(size))
	NewWithT(t).Consistently(made.Load, "20ms").Should(BeNumerically("<=", size+2))
}

func TestPoolErrors(t *testing.T) {
	t.Parallel()
	broken := errors.New("no entropy")
	p := newPool(2, func() (Generated, error) { return Generated{}, broken })
	_, err := p.Get(t.Context())
	NewWithT(t).Expect(err).To(MatchError(broken))

	over, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = newPool(0, Generate).Get(over)
	NewWithT(t).Expect(err).To(MatchError(context.Canceled))
}
