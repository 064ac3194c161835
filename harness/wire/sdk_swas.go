package wire

import (
	"context"
	"fmt"

	swas "github.com/alibabacloud-go/swas-open-20200601/v3/client"

	"github.com/kpspec/kpspec/fixtures/world"
)

// SWASSDK is the official Go client of the Simple Application Server, see [SDK].
type SWASSDK struct {
	endpoint
	client *swas.Client
}

// NewSWASSDK returns the official client for the endpoint, see [NewSDK].
func NewSWASSDK(endpoint string, id world.Identity, opts ...Option) (*SWASSDK, error) {
	e, err := newEndpoint(endpoint, id, opts)
	if err != nil {
		return nil, err
	}
	client, err := swas.NewClient(e.config(id))
	if err != nil {
		return nil, fmt.Errorf("the official client cannot be made: %s", e.text(err))
	}
	return &SWASSDK{endpoint: e, client: client}, nil
}

// GomegaString is [SWASSDK.String]; gomega would print the identity otherwise.
func (s *SWASSDK) GomegaString() string { return s.String() }

// ImportKeyPair calls SWAS ImportKeyPair.
func (s *SWASSDK) ImportKeyPair(ctx context.Context, r *swas.ImportKeyPairRequest) (*swas.ImportKeyPairResponse, *Answer) {
	return call(ctx, &s.endpoint, s.with, "ImportKeyPair",
		func(c *swas.Client) (*swas.ImportKeyPairResponse, error) { return c.ImportKeyPair(r) },
		func(r *swas.ImportKeyPairResponse) bool { return r.Body != nil })
}

// CreateKeyPair calls SWAS CreateKeyPair.
func (s *SWASSDK) CreateKeyPair(ctx context.Context, r *swas.CreateKeyPairRequest) (*swas.CreateKeyPairResponse, *Answer) {
	return call(ctx, &s.endpoint, s.with, "CreateKeyPair",
		func(c *swas.Client) (*swas.CreateKeyPairResponse, error) { return c.CreateKeyPair(r) },
		func(r *swas.CreateKeyPairResponse) bool { return r.Body != nil })
}

// AttachKeyPair calls SWAS AttachKeyPair.
func (s *SWASSDK) AttachKeyPair(ctx context.Context, r *swas.AttachKeyPairRequest) (*swas.AttachKeyPairResponse, *Answer) {
	return call(ctx, &s.endpoint, s.with, "AttachKeyPair",
		func(c *swas.Client) (*swas.AttachKeyPairResponse, error) { return c.AttachKeyPair(r) },
		func(r *swas.AttachKeyPairResponse) bool { return r.Body != nil })
}

func (s *SWASSDK) with(h *hook, agent string) *swas.Client {
	client := *s.client
	client.HttpClient = h
	client.UserAgent = &agent
	return &client
}
