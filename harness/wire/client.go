package wire

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/evidence"
)

const (
	// DefaultTimeout is how long one call may take if [WithTimeout] says
	// nothing else.
	DefaultTimeout = 10 * time.Second
	// MaxBody is the size in bytes of the largest answer that is read.
	MaxBody = 4 << 20
)

// Option changes a [Client] or an [SDK] from its defaults.
type Option func(*options)

type options struct {
	gate      Gate
	transport http.RoundTripper
	timeout   time.Duration
	userAgent string
	now       func() time.Time
	product   string
	account   string
}

// WithTransport sends every request through the transport, which several
// clients may share, instead of through a new [NewTransport].
func WithTransport(t http.RoundTripper) Option { return func(o *options) { o.transport = t } }

// Gate says when a request may leave, or in an error why it may not.
type Gate interface{ Pass(context.Context) error }

// WithGate lets every request pass a gate before it leaves, whatever carries it.
// What it waits there counts neither for the time-out nor for the duration of the
// answer.
func WithGate(g Gate) Option { return func(o *options) { o.gate = g } }

// WithTimeout bounds every call, from the first byte sent to the last byte read.
func WithTimeout(d time.Duration) Option { return func(o *options) { o.timeout = d } }

// WithUserAgent replaces [UserAgent]. The rule of [WithRule] is still appended.
func WithUserAgent(agent string) Option { return func(o *options) { o.userAgent = agent } }

// WithSender says in what is recorded of every request which product it is for
// and which account the identity belongs to.
func WithSender(product, account string) Option {
	return func(o *options) { o.product, o.account = product, account }
}

// WithClock replaces the clock that a [Client] stamps and signs its calls with.
// The [SDK] has its own.
func WithClock(now func() time.Time) Option { return func(o *options) { o.now = now } }

// NewTransport returns a transport as the clients of this package want it: it
// keeps connections alive, unpacks gzip, and never uses a proxy, so that nothing
// goes to another place than the endpoint.
func NewTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  nil,
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSHandshakeTimeout:    5 * time.Second,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
	}
}

// endpoint is what both clients share: where they send, as whom, and through
// what.
type endpoint struct {
	scheme, host string
	identity     world.Identity
	options
}

func newEndpoint(address string, id world.Identity, opts []Option) (endpoint, error) {
	e := endpoint{identity: id, options: options{timeout: DefaultTimeout, userAgent: UserAgent(), now: time.Now}}
	for _, o := range opts {
		o(&e.options)
	}
	u, err := url.Parse(address)
	if err != nil {
		// The text of the error repeats the address, which may hold a password.
		return endpoint{}, errors.New("the endpoint is not a URL; give one such as http://127.0.0.1:8080")
	}
	e.scheme, e.host = strings.ToLower(u.Scheme), u.Host
	switch {
	case e.scheme != "http" && e.scheme != "https":
		return endpoint{}, fmt.Errorf("the endpoint has the scheme %q; it must be http or https", u.Scheme)
	case u.Hostname() == "":
		return endpoint{}, errors.New("the endpoint names no host; give a URL such as http://127.0.0.1:8080")
	case u.User != nil:
		return endpoint{}, errors.New("the endpoint has a user name; an identity belongs into the world, not into the URL")
	case strings.TrimSuffix(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return endpoint{}, fmt.Errorf("the endpoint %s://%s must end after the host: the path of the API is always /", e.scheme, e.host)
	case strings.ContainsFunc(e.host, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == '%' }):
		// net/http would rewrite it after the signature covered it.
		return endpoint{}, fmt.Errorf("the endpoint has the host %q; give it in ASCII and without a zone", e.host)
	case id.AccessKeyID == "" || id.AccessKeySecret == "":
		return endpoint{}, fmt.Errorf("the identity %q lacks an access key id or secret", id.Name)
	case e.timeout <= 0:
		return endpoint{}, fmt.Errorf("the time-out is %s; it must be positive", e.timeout)
	}
	if e.transport == nil {
		e.transport = NewTransport()
	}
	return e, nil
}

// String names the endpoint and the identity, without secrets.
func (e *endpoint) String() string {
	return fmt.Sprintf("%s://%s as %s", e.scheme, e.host, e.identity.Name)
}

// secrets are the values that no text about an answer may show.
func (e *endpoint) secrets() []string {
	return []string{e.identity.AccessKeySecret, e.identity.SecurityToken, e.identity.AccessKeyID}
}

// text is the text of an error, redacted and in one line.
func (e *endpoint) text(err error) string { return evidence.Text(err.Error(), e.secrets()...) }

// Client sends calls to one endpoint as one identity, in every shape. It is safe
// for concurrent use.
type Client struct {
	endpoint

	mu        sync.Mutex
	lastNonce string // of the last call that succeeded, for ReplayedNonce
}

// NewClient returns a client of the API at the endpoint, an http or https URL
// without a path. The error is one line and names what is wrong.
func NewClient(endpoint string, id world.Identity, opts ...Option) (*Client, error) {
	e, err := newEndpoint(endpoint, id, opts)
	if err != nil {
		return nil, err
	}
	return &Client{endpoint: e}, nil
}

// GomegaString is [Client.String]; gomega would print the identity otherwise.
func (c *Client) GomegaString() string { return c.String() }

// Do sends the call and returns the answer, never nil. A redirect is an answer.
// What prevents an answer, including a call that cannot be sent as it is, stands
// in [Answer.Err].
func (c *Client) Do(ctx context.Context, call Call) *Answer {
	req, nonce, err := c.request(ctx, call)
	if err != nil {
		return c.unsent(err)
	}
	answer := c.exchange(evidence.WithOrigin(ctx, c.origin(call)), req)
	if answer.Err == nil && answer.Status/100 == 2 && nonce != "" {
		c.mu.Lock()
		c.lastNonce = nonce
		c.mu.Unlock()
	}
	return answer
}

// Request returns the call as it would be sent now, signed with a time of now,
// without sending it. The error says in one line why it cannot be sent.
func (c *Client) Request(ctx context.Context, call Call) (*http.Request, error) {
	req, _, err := c.request(ctx, call)
	if err != nil {
		return nil, c.unsent(err).Err
	}
	return req, nil
}

// request is the call as it will be sent, and its nonce.
func (c *Client) request(ctx context.Context, call Call) (*http.Request, string, error) {
	c.mu.Lock()
	last := c.lastNonce
	c.mu.Unlock()
	out, err := build(call, c.host, c.identity, c.now(), last)
	if err != nil {
		return nil, "", err
	}
	target := url.URL{Scheme: c.scheme, Host: c.host, Path: "/", RawQuery: encode(out.query)}
	req, err := http.NewRequestWithContext(ctx, out.method, target.String(), strings.NewReader(encode(out.form)))
	if err != nil {
		return nil, "", err
	}
	if req.Method == http.MethodGet {
		req.Body, req.GetBody = bodyless{}, nil // else net/http would send it once more by itself where the connection breaks, nonce and all
	}
	req.Header = out.header
	req.Header.Set("User-Agent", withRule(ctx, c.userAgent))
	return req, out.nonce, nil
}

// bodyless is a body with nothing in it that cannot be had twice.
type bodyless struct{}

func (bodyless) Read([]byte) (int, error) { return 0, io.EOF }
func (bodyless) Close() error             { return nil }

// origin is what is recorded of a call beside what goes over the wire.
func (e *endpoint) origin(call Call) evidence.Origin {
	o := evidence.Origin{
		Product: e.product, Account: e.account, Identity: e.identity.Name,
		Shape: string(cmp.Or(call.Shape, V3Query)), Fault: string(call.Break),
	}
	if call.Break == TamperedParam {
		o.Tampered = cmp.Or(call.Tamper.Name, unknownParam)
	}
	return o
}

// unsent is the answer to a call that was not sent.
func (e *endpoint) unsent(err error) *Answer {
	return &Answer{Err: &clearError{"the call was not sent: " + e.text(err), err}, secrets: e.secrets}
}

// exchange sends one request and reads the answer. Every request of both clients
// leaves here.
func (e *endpoint) exchange(ctx context.Context, req *http.Request) *Answer {
	if e.gate != nil {
		if err := e.gate.Pass(ctx); err != nil {
			return e.unsent(err)
		}
	}
	answer := &Answer{secrets: e.secrets}
	answer.object = sync.OnceValues(answer.readObject)
	bounded, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	started := time.Now()
	defer func() { answer.Duration = time.Since(started) }()

	resp, err := e.transport.RoundTrip(req.WithContext(bounded))
	if err != nil {
		answer.lost = ctx.Err() == nil
		answer.Err = e.failure(ctx, bounded, "no answer from "+e.host, err)
		return answer
	}
	defer func() { _ = resp.Body.Close() }()
	answer.Status, answer.Header = resp.StatusCode, resp.Header
	var body bytes.Buffer
	if n := resp.ContentLength; n > 0 && n <= MaxBody {
		body.Grow(int(n) + bytes.MinRead)
	}
	_, err = io.Copy(&body, io.LimitReader(resp.Body, MaxBody+1))
	answer.Body = body.Bytes()
	switch {
	case len(answer.Body) > MaxBody:
		answer.Body = answer.Body[:MaxBody]
		answer.Err = fmt.Errorf("the answer of %s is larger than %d bytes, the most that is read", e.host, MaxBody)
	case err != nil:
		answer.lost = ctx.Err() == nil
		answer.Err = e.failure(ctx, bounded, fmt.Sprintf("the answer of %s broke off after %d bytes", e.host, len(answer.Body)), err)
	}
	return answer
}

// failure says in one line why there is no answer. The text of err may repeat
// what the server sent, so it is redacted.
func (e *endpoint) failure(ctx, bounded context.Context, what string, err error) error {
	switch {
	case ctx.Err() != nil:
		return &clearError{what + ": the call was given up: " + e.text(context.Cause(ctx)), ctx.Err()}
	case bounded.Err() != nil:
		return &clearError{fmt.Sprintf("%s within %s", what, e.timeout), bounded.Err()}
	}
	return &clearError{what + ": " + e.text(err), err}
}

// clearError is an error with a text that is fit to be shown, over one that may
// not be.
type clearError struct {
	text string
	err  error
}

func (e *clearError) Error() string { return e.text }
func (e *clearError) Unwrap() error { return e.err }

// GomegaString is the text alone.
func (e *clearError) GomegaString() string { return e.text }
