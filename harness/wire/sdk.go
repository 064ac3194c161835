package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/alibabacloud-go/darabonba-openapi/v2/models"
	ecs "github.com/alibabacloud-go/ecs-20140526/v4/client"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/evidence"
)

// SDK is the official Go client of ECS for one endpoint and one identity. Every
// method makes exactly one request and returns the typed response, nil if the
// client had none to give, and the answer as it came over the wire, never nil.
// With a response that is not nil, its Body is not nil either. It is safe for
// concurrent use.
type SDK struct {
	endpoint
	client *ecs.Client
}

// SDKErr is the [Answer.Err] where an answer arrived and the official client
// could not read it. Status, header and body of the answer are there.
type SDKErr struct {
	// Operation is the operation that was called.
	Operation string
	// Reason is the client's own error, redacted, as one line.
	Reason string
}

// Error names the operation and the reason in one line.
func (e *SDKErr) Error() string {
	return fmt.Sprintf("the official client could not read the answer to %s: %s", e.Operation, e.Reason)
}

// NewSDK returns the official client for the endpoint. It looks up neither an
// endpoint nor credentials elsewhere, ignores proxies and does not retry.
func NewSDK(endpoint string, id world.Identity, opts ...Option) (*SDK, error) {
	e, err := newEndpoint(endpoint, id, opts)
	if err != nil {
		return nil, err
	}
	client, err := ecs.NewClient(e.config(id))
	if err != nil {
		return nil, fmt.Errorf("the official client cannot be made: %s", e.text(err))
	}
	return &SDK{endpoint: e, client: client}, nil
}

// config is the configuration of an official client of the endpoint.
func (e *endpoint) config(id world.Identity) *models.Config {
	milliseconds := max(1, int(e.timeout.Milliseconds()))
	config := &models.Config{
		AccessKeyId:     &id.AccessKeyID,
		AccessKeySecret: &id.AccessKeySecret,
		Protocol:        &e.scheme,
		Endpoint:        &e.host,
		// Without it the client reads HTTP_PROXY and would even send the
		// password of the proxy to the endpoint.
		NoProxy:        &e.host,
		ReadTimeout:    &milliseconds,
		ConnectTimeout: &milliseconds,
		UserAgent:      &e.userAgent,
	}
	if id.SecurityToken != "" {
		config.SecurityToken = &id.SecurityToken
	}
	return config
}

// GomegaString is [SDK.String]; gomega would print the identity otherwise.
func (s *SDK) GomegaString() string { return s.String() }

// ImportKeyPair calls ECS ImportKeyPair.
func (s *SDK) ImportKeyPair(ctx context.Context, r *ecs.ImportKeyPairRequest) (*ecs.ImportKeyPairResponse, *Answer) {
	return call(ctx, &s.endpoint, s.with, "ImportKeyPair",
		func(c *ecs.Client) (*ecs.ImportKeyPairResponse, error) { return c.ImportKeyPair(r) },
		func(r *ecs.ImportKeyPairResponse) bool { return r.Body != nil })
}

// CreateKeyPair calls ECS CreateKeyPair.
func (s *SDK) CreateKeyPair(ctx context.Context, r *ecs.CreateKeyPairRequest) (*ecs.CreateKeyPairResponse, *Answer) {
	return call(ctx, &s.endpoint, s.with, "CreateKeyPair",
		func(c *ecs.Client) (*ecs.CreateKeyPairResponse, error) { return c.CreateKeyPair(r) },
		func(r *ecs.CreateKeyPairResponse) bool { return r.Body != nil })
}

// DescribeKeyPairs calls ECS DescribeKeyPairs.
func (s *SDK) DescribeKeyPairs(ctx context.Context, r *ecs.DescribeKeyPairsRequest) (*ecs.DescribeKeyPairsResponse, *Answer) {
	return call(ctx, &s.endpoint, s.with, "DescribeKeyPairs",
		func(c *ecs.Client) (*ecs.DescribeKeyPairsResponse, error) { return c.DescribeKeyPairs(r) },
		func(r *ecs.DescribeKeyPairsResponse) bool { return r.Body != nil })
}

// DeleteKeyPairs calls ECS DeleteKeyPairs.
func (s *SDK) DeleteKeyPairs(ctx context.Context, r *ecs.DeleteKeyPairsRequest) (*ecs.DeleteKeyPairsResponse, *Answer) {
	return call(ctx, &s.endpoint, s.with, "DeleteKeyPairs",
		func(c *ecs.Client) (*ecs.DeleteKeyPairsResponse, error) { return c.DeleteKeyPairs(r) },
		func(r *ecs.DeleteKeyPairsResponse) bool { return r.Body != nil })
}

// DescribeRegions calls ECS DescribeRegions.
func (s *SDK) DescribeRegions(ctx context.Context, r *ecs.DescribeRegionsRequest) (*ecs.DescribeRegionsResponse, *Answer) {
	return call(ctx, &s.endpoint, s.with, "DescribeRegions",
		func(c *ecs.Client) (*ecs.DescribeRegionsResponse, error) { return c.DescribeRegions(r) },
		func(r *ecs.DescribeRegionsResponse) bool { return r.Body != nil })
}

// with is a copy of the client for one call: the hook needs its context, and the
// client is not made for concurrent use.
func (s *SDK) with(h *hook, agent string) *ecs.Client {
	client := *s.client
	client.HttpClient = h
	client.UserAgent = &agent
	return &client
}

// hook is the [models.Config] HttpClient of one call: the client hands it the request it
// has built, and the hook sends it through our transport.
type hook struct {
	ctx      context.Context
	endpoint *endpoint
	answer   *Answer
}

// Call sends the request. The transport that the client made for itself is not
// used: it would read the environment for proxies.
func (h *hook) Call(req *http.Request, _ *http.Transport) (*http.Response, error) {
	if h.answer != nil {
		return nil, errors.New("the official client sent a second request for one call")
	}
	if req.URL.Host != h.endpoint.host || req.URL.Scheme != h.endpoint.scheme {
		return nil, fmt.Errorf("the official client wanted to send to %q, not to the endpoint", req.URL.Host)
	}
	h.answer = h.endpoint.exchange(evidence.WithOrigin(h.ctx, h.endpoint.origin(Call{})), req)
	if h.answer.Err != nil {
		return nil, h.answer.Err
	}
	return &http.Response{
		Status:     fmt.Sprintf("%d %s", h.answer.Status, http.StatusText(h.answer.Status)),
		StatusCode: h.answer.Status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        h.answer.Header.Clone(),
		Body:          io.NopCloser(bytes.NewReader(h.answer.Body)),
		ContentLength: int64(len(h.answer.Body)),
		Request:       req,
	}, nil
}

// call makes one call with a client C that with has prepared for it.
func call[C, R any](ctx context.Context, e *endpoint, with func(*hook, string) *C, operation string, send func(*C) (*R, error), hasBody func(*R) bool) (*R, *Answer) {
	h := &hook{ctx: ctx, endpoint: e}
	response, err := guard(send, with(h, withRule(ctx, e.userAgent)))
	switch {
	case h.answer == nil:
		if err == nil {
			err = errors.New("it gave no reason")
		}
		return nil, e.unsent(fmt.Errorf("the official client refused %s: %w", operation, err))
	case h.answer.Err != nil:
		return nil, h.answer
	case err == nil && response != nil && hasBody(response):
		return response, h.answer
	case err == nil:
		h.answer.Err = &SDKErr{operation, "it has no body"}
		return nil, h.answer
	}
	if refused := (*tea.SDKError)(nil); errors.As(err, &refused) && refused.StatusCode != nil {
		return nil, h.answer // the client has read an error status: no Err
	}
	// Its JSON library quotes the surroundings of an error from the body.
	reason, _, _ := strings.Cut(err.Error(), ", error found in")
	h.answer.Err = &SDKErr{operation, evidence.Text(reason, e.secrets()...)}
	return nil, h.answer
}

// guard turns a panic of the official client, which some answers provoke, into
// an error.
func guard[C, R any](send func(*C) (*R, error), client *C) (response *R, err error) {
	defer func() {
		if p := recover(); p != nil {
			response, err = nil, fmt.Errorf("the official client panicked: %v", p)
		}
	}()
	return send(client)
}
