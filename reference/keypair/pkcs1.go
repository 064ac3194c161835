package keypair

import (
	"context"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
)

// PKCS1 gives the key pairs of a source with their private keys in the form of PKCS #1, under the heading "RSA PRIVATE
// KEY": the form that examples of the documents show, while their text says PKCS #8.
type PKCS1 struct{ Source Source }

// Get gives the source's next pair. The error is the source's, or says that its key is not an RSA key in PKCS #8.
func (p PKCS1) Get(ctx context.Context) (Generated, error) {
	made, err := p.Source.Get(ctx)
	if err != nil {
		return Generated{}, err
	}
	made.PrivateKey, err = pkcs1(made.PrivateKey)
	return made, err
}

// pkcs1 takes the key out of the envelope that PKCS #8 is.
func pkcs1(text string) (string, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return "", errors.New("a generated key is not PEM")
	}
	var envelope struct {
		Version   int
		Algorithm pkix.AlgorithmIdentifier
		Key       []byte
	}
	if _, err := asn1.Unmarshal(block.Bytes, &envelope); err != nil {
		return "", errors.New("a generated key is not PKCS #8")
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: envelope.Key})), nil
}
