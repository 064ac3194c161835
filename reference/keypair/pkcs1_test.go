package keypair

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"testing"

	. "github.com/onsi/gomega"
)

// source is a Source from a function.
type source func() (Generated, error)

func (s source) Get(context.Context) (Generated, error) { return s() }

func TestPKCS1(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	made, err := Generate()
	g.Expect(err).NotTo(HaveOccurred())
	got, err := PKCS1{source(func() (Generated, error) { return made, nil })}.Get(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(got.Public).To(Equal(made.Public))

	block, rest := pem.Decode([]byte(got.PrivateKey))
	g.Expect(rest).To(BeEmpty())
	g.Expect(block.Type).To(Equal("RSA PRIVATE KEY"))
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	g.Expect(err).NotTo(HaveOccurred())
	original, _ := pem.Decode([]byte(made.PrivateKey))
	same, err := x509.ParsePKCS8PrivateKey(original.Bytes)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(key.Equal(same.(*rsa.PrivateKey))).To(BeTrue())
}

func TestPKCS1Errors(t *testing.T) {
	t.Parallel()
	broken := errors.New("no entropy")
	_, err := PKCS1{source(func() (Generated, error) { return Generated{}, broken })}.Get(t.Context())
	NewWithT(t).Expect(err).To(MatchError(broken))
	for text, says := range map[string]string{
		"": "not PEM", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n": "not PKCS #8",
	} {
		_, err := PKCS1{source(func() (Generated, error) { return Generated{PrivateKey: text}, nil })}.Get(t.Context())
		NewWithT(t).Expect(err).To(MatchError(ContainSubstring(says)))
	}
}
