package rpc

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/kpspec/kpspec/reference/ram"
)

// Limits that hold where Config has zero.
const (
	DefaultMaxBody   = 1 << 20 // bytes
	DefaultMaxParams = 1000
	DefaultMaxNonces = 1 << 21 // about 20 bytes each; 1,100 calls a second, sustained
)

// Identity says who calls.
type Identity struct {
	AccountID   string
	Name        string // within the account, for logs and policies
	AccessKeyID string
}

// Credential is an identity with what it proves itself by. It prints and logs
// as its identity, without secrets.
type Credential struct {
	Identity
	Secret        string     // access key secret
	SecurityToken string     // non-empty: a temporary (STS) identity, which must send exactly this token
	Rights        ram.Rights // what the identity may do; the zero Rights are those of an owner
}

// String hides the secrets.
func (c Credential) String() string { return "credential of " + c.AccountID + "/" + c.Name }

// GoString hides the secrets from %#v.
func (c Credential) GoString() string { return c.String() }

// LogValue hides the secrets.
func (c Credential) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Call is an authenticated request for an operation.
type Call struct {
	Product, Version, Action string
	RequestID                string // upper-case UUID, as in the answer
	Host                     string // as the caller addressed the server
	Params                   *Params
	Identity                 Identity
	Time                     time.Time // of the gateway's clock when the request came
}

// Handler carries out an operation. Its result is a pointer to a struct whose
// fields have json and xml tags with the members' names; the gateway puts
// RequestId before them. A nil result is an answer of RequestId alone. An *[Error],
// wrapped or not, is the refusal that the caller sees; every other error, and a
// panic, becomes the product's FaultInternal and is logged.
type Handler func(ctx context.Context, call *Call) (any, error)

// Operation is one operation of a product.
type Operation struct {
	Product, Version, Action string
	Permission               *Permission // that the caller needs; nil: none
	Handle                   Handler
}

// Config is what a Gateway is made of.
type Config struct {
	Identities []Credential
	Operations []Operation // the first one's product speaks for requests that belong to none
	Products   []Product   // for those not listed: ECS() for "ECS", PlainProduct otherwise

	Clock  func() time.Time // nil: time.Now
	Logger *slog.Logger     // nil: no logs; one line at level Info for each request

	MaxBody   int64 // bytes of a request's body; 0: DefaultMaxBody
	MaxParams int   // in the query, and again in the body; 0: DefaultMaxParams
	MaxNonces int   // of each access key in half an hour; 0: DefaultMaxNonces

	RequestID func() string                              // makes the id of a request; nil: NewRequestID
	Checks    []Check                                    // that a request is led through; nil: Checks()
	Decide    func(ram.Rights, ram.Request) ram.Decision // whether a caller may do something; nil: ram.Rights.Decide
}

// Gateway is the http.Handler in front of the operations. It is safe for
// concurrent use.
type Gateway struct {
	checks     []Check
	requestID  func() string
	decide     func(ram.Rights, ram.Request) ram.Decision
	callers    map[string]*caller // by access key id
	operations map[operationKey]*operation
	products   map[string]*Product // by version
	fallback   *Product            // while a request's product is not known
	clock      func() time.Time
	log        *slog.Logger
	maxBody    int64
	maxParams  int
}

type operationKey struct{ version, action string }

// operation is an Operation with its product.
type operation struct {
	Operation
	product *Product
}

// caller is a credential made ready for use.
type caller struct {
	Credential
	v1, v3 *keyedHash
	nonces *nonces
}

// New returns a gateway, or an error that names what is wrong in the
// configuration.
func New(c Config) (*Gateway, error) {
	g := &Gateway{
		checks:     c.Checks,
		decide:     c.Decide,
		requestID:  c.RequestID,
		callers:    make(map[string]*caller),
		operations: make(map[operationKey]*operation),
		products:   make(map[string]*Product),
		clock:      c.Clock,
		log:        c.Logger,
	}
	if g.clock == nil {
		g.clock = time.Now
	}
	if g.checks == nil {
		g.checks = checks
	}
	if g.requestID == nil {
		g.requestID = NewRequestID
	}
	if g.decide == nil {
		g.decide = ram.Rights.Decide
	}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	if min(c.MaxBody, int64(c.MaxParams), int64(c.MaxNonces)) < 0 {
		return nil, errors.New("rpc: a limit is negative; use 0 for the default")
	}
	g.maxBody = cmp.Or(c.MaxBody, DefaultMaxBody)
	g.maxParams = cmp.Or(c.MaxParams, DefaultMaxParams)
	for _, o := range c.Operations {
		if err := g.addOperation(o, c.Products); err != nil {
			return nil, err
		}
	}
	if g.fallback == nil {
		return nil, errors.New("rpc: no operation to serve")
	}
	for _, credential := range c.Identities {
		if err := g.addIdentity(credential, cmp.Or(c.MaxNonces, DefaultMaxNonces)); err != nil {
			return nil, err
		}
	}
	return g, nil
}

func (g *Gateway) addOperation(o Operation, products []Product) error {
	switch {
	case slices.Contains([]string{o.Product, o.Version, o.Action}, ""), o.Handle == nil:
		return fmt.Errorf("rpc: operation %q of product %q, version %q: product, version, action and handler are all needed", o.Action, o.Product, o.Version)
	}
	if o.Permission != nil && o.Permission.Action == "" {
		return fmt.Errorf("rpc: operation %s: a permission needs an action", o.Action)
	}
	key := operationKey{o.Version, o.Action}
	if _, known := g.operations[key]; known {
		return fmt.Errorf("rpc: operation %s of version %s stands twice", o.Action, o.Version)
	}
	product, known := g.products[o.Version]
	if !known {
		product = productNamed(o.Product, products)
		if err := product.check(); err != nil {
			return err
		}
		g.products[o.Version] = product
	}
	if product.Name != o.Product {
		return fmt.Errorf("rpc: version %s belongs to both %s and %s; a request names its product by the version alone", o.Version, product.Name, o.Product)
	}
	if g.fallback == nil {
		g.fallback = product
	}
	g.operations[key] = &operation{o, product}
	return nil
}

func productNamed(name string, listed []Product) *Product {
	for i := range listed {
		if listed[i].Name == name {
			return &listed[i]
		}
	}
	product := PlainProduct(name)
	if ecs := ECS(); name == ecs.Name {
		product = ecs
	}
	return &product
}

func (g *Gateway) addIdentity(c Credential, maxNonces int) error {
	if slices.Contains([]string{c.AccessKeyID, c.Secret}, "") {
		return fmt.Errorf("rpc: identity %s/%s: access key id and secret are both needed", c.AccountID, c.Name)
	}
	if first, known := g.callers[c.AccessKeyID]; known {
		return fmt.Errorf("rpc: identities %s/%s and %s/%s have the same access key id", first.AccountID, first.Name, c.AccountID, c.Name)
	}
	g.callers[c.AccessKeyID] = &caller{
		Credential: c,
		v1:         newV1Key(c.Secret),
		v3:         newV3Key(c.Secret),
		nonces:     newNonces(maxNonces, g.clock()),
	}
	return nil
}

// ServeHTTP answers one request of any shape; whatever arrives gets a success
// or an error envelope.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	q := &request{http: r, writer: w, authorization: r.Header.Get("Authorization"), id: g.requestID(), now: g.clock(), product: g.fallback}
	body := answers.Get().(*bytes.Buffer)
	body.Reset()
	defer answers.Put(body)

	var status int
	var code string
	if refusal := g.serve(q, body); refusal == nil {
		status = q.product.Form.Success
	} else {
		status, code = q.product.Form.Status(refusal), refusal.Code
		body.Reset()
		q.product.Form.writeRefusal(body, q, refusal)
	}
	q.product.Form.writeAnswer(w, q, status, body)
	g.logRequest(q, status, code, started)
}

// serve leads the request through the checks and the operation and writes the
// result of a success.
func (g *Gateway) serve(q *request, body *bytes.Buffer) (refusal *Error) {
	defer func() {
		if reason := recover(); reason != nil {
			g.logPanic(q, reason)
			refusal = q.product.Error(FaultInternal, "", "")
		}
	}()
	for _, s := range g.checks {
		if p := s.run(g, q); p != nil {
			refusal := q.product.Error(p.fault, p.name, p.detail)
			refusal.AccessDeniedDetail = p.denied
			return refusal
		}
	}
	result, err := q.operation.Handle(q.http.Context(), q.call())
	if err == nil {
		err = q.product.Form.writeResult(body, q, result)
	}
	if err == nil {
		return nil
	}
	if asked, ok := errors.AsType[*Error](err); ok {
		if asked.isRefusal() {
			return asked
		}
	}
	g.log.Error("operation failed", "action", q.action, "requestId", q.id, "error", err.Error())
	return q.product.Error(FaultInternal, "", "")
}

// logPanic tells where the panic was. Of its value only the type is told, unless
// the runtime made it: an operation could panic with anything, a key included.
func (g *Gateway) logPanic(q *request, reason any) {
	what := fmt.Sprintf("%T", reason)
	if err, ok := reason.(runtime.Error); ok {
		what = err.Error()
	}
	g.log.Error("operation panicked", "requestId", q.id, "panic", what, "stack", string(debug.Stack()))
}

// logRequest writes the line that each request leaves behind. It names no parameter;
// an action is told only when it is one of ours.
func (g *Gateway) logRequest(q *request, status int, code string, started time.Time) {
	ctx := q.http.Context()
	if !g.log.Enabled(ctx, slog.LevelInfo) {
		return
	}
	action := "unknown"
	if q.operation != nil {
		action = q.action
	}
	account := ""
	if q.caller != nil {
		account = q.caller.AccountID
	}
	g.log.LogAttrs(ctx, slog.LevelInfo, "request",
		slog.String("product", q.product.Name),
		slog.String("action", action),
		slog.Int("status", status),
		slog.String("code", code),
		slog.Duration("duration", time.Since(started)),
		slog.String("requestId", q.id),
		slog.String("account", account),
	)
}

// answers holds the buffers that answers are written in.
var answers = sync.Pool{New: func() any { return new(bytes.Buffer) }}
