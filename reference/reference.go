package reference

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/reference/ecs"
	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/ram"
	"github.com/kpspec/kpspec/reference/refusal"
	"github.com/kpspec/kpspec/reference/rpc"
	"github.com/kpspec/kpspec/reference/swas"
)

// HealthPath is answered with 200 and "ok" to whoever asks. It is no part of the API.
const HealthPath = "/healthz"

// DefaultPoolSize is how many generated keys wait for the operations that hand them out: about as many as a run of the
// suite takes in one burst. More are made for nothing, in competition with the run. The pool fills in the background
// once the first call came, and whoever takes more than it has waits for a key to be made.
const DefaultPoolSize = keypair.Reserve

// The forms of generated private keys.
const (
	privateKeyPKCS8 = "pkcs8" // what the documents say
	privateKeyPKCS1 = "pkcs1" // what their examples show
)

// Options are the choices of a server. The zero Options are the documented behaviour of the newest edition.
type Options struct {
	Edition     string // of the ECS documents: "2026-06" (default) or "2020-11"
	Fingerprint string // how fingerprints are printed: "rfc4716", with colons (default), or "plain"
	KeyCheck    string // how public keys are checked: "strict" (default) or "shallow"
	PrivateKey  string // the form of generated private keys: "pkcs8" (default) or "pkcs1"

	AttachUnknown string        // SWAS servers that do not exist, among others: "call-error" (default) or "per-instance"
	TokenScope    string        // how far a ClientToken reaches: "operation" (default) or "account"
	TokenLifetime time.Duration // for which a ClientToken is remembered; 0 = 24 hours
	// SWASErrors are rows to use instead of those of the same cause in swas.Choice, the codes that no document tells.
	SWASErrors []refusal.Row

	Clock  func() time.Time // nil = time.Now
	Logger *slog.Logger     // nil = no logs
	// Keys gives CreateKeyPair its keys. nil = a pool of the server's own, which Close ends. Servers that live one after
	// the other can share one; it stays open.
	Keys keypair.Source
	// Change, when it is not nil, may put other parts into the server before it serves.
	Change   func(*Parts)
	PoolSize int // keys that the own pool keeps ready; 0 = DefaultPoolSize, negative = none are made ahead of time
}

// Parts are what a server is put together from, before it serves. They know which of them were asked for, for whoever
// wants to know what a change cannot concern.
type Parts struct {
	World world.World

	ecs     *ecs.Service
	swas    *swas.Service
	gateway *rpc.Config
	asked   Asked
}

// Asked says which parts were asked for.
type Asked struct{ ECS, SWAS, Gateway bool }

// ECS is the data and the named steps of the operations of ECS.
func (p *Parts) ECS() *ecs.Service {
	p.asked.ECS = true
	return p.ecs
}

// SWAS is the data and the named steps of the operations of SWAS.
func (p *Parts) SWAS() *swas.Service {
	p.asked.SWAS = true
	return p.swas
}

// Gateway is what stands in front of the operations. It serves those of the two products before its own.
func (p *Parts) Gateway() *rpc.Config {
	p.asked.Gateway = true
	return p.gateway
}

// Asked says which parts were asked for until now.
func (p *Parts) Asked() Asked { return p.asked }

// Server is a reference server with a world and no key pairs yet. It may be used by many callers at the same time. Made by
// [New].
type Server struct {
	api  http.Handler
	pool *keypair.Pool // nil when the keys come from elsewhere
}

// New makes a server. The error says which option or which part of the world is wrong.
func New(w world.World, o Options) (*Server, error) {
	if err := w.Validate(); err != nil {
		return nil, fmt.Errorf("world: %w", err)
	}
	identities, err := credentials(w)
	if err != nil {
		return nil, fmt.Errorf("world: %w", err)
	}
	s := &Server{}
	if o.Keys == nil {
		s.pool = keypair.NewPool(cmp.Or(o.PoolSize, DefaultPoolSize))
		o.Keys = s.pool
	}
	switch o.PrivateKey {
	case "", privateKeyPKCS8:
	case privateKeyPKCS1:
		o.Keys = keypair.PKCS1{Source: o.Keys}
	default:
		return nil, fmt.Errorf("private key form %q is unknown; there are %q and %q", o.PrivateKey, privateKeyPKCS8, privateKeyPKCS1)
	}
	ofECS, err := newECS(w, o)
	if err != nil {
		return nil, err
	}
	ofSWAS, err := newSWAS(w, o)
	if err != nil {
		return nil, err
	}
	gateway := rpc.Config{
		Identities: identities, Products: []rpc.Product{rpc.ECS(), rpc.PlainProduct(swas.Product)}, Clock: o.Clock, Logger: o.Logger,
	}
	if o.Change != nil {
		o.Change(&Parts{World: w, ecs: ofECS, swas: ofSWAS, gateway: &gateway})
	}
	gateway.Operations = slices.Concat(ofECS.Operations(), ofSWAS.Operations(), gateway.Operations)
	s.api, err = rpc.New(gateway)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func newECS(w world.World, o Options) (*ecs.Service, error) {
	rules, err := ecs.RulesOf(
		cmp.Or(ecs.Edition(o.Edition), ecs.Edition202606), cmp.Or(keypair.Depth(o.KeyCheck), keypair.Strict))
	if err != nil {
		return nil, err
	}
	return ecs.New(ecs.Config{
		World: w, Rules: rules, Print: cmp.Or(ecs.Print(o.Fingerprint), ecs.PrintRFC4716), Keys: o.Keys,
	})
}

func newSWAS(w world.World, o Options) (*swas.Service, error) {
	rules, err := swas.NewRules(cmp.Or(keypair.Depth(o.KeyCheck), keypair.Strict))
	if err != nil {
		return nil, err
	}
	rules.Errors = rules.Errors.With(o.SWASErrors...)
	return swas.New(swas.Config{
		World: w, Rules: rules, Keys: o.Keys, Clock: o.Clock,
		Unknown:    cmp.Or(swas.Unknown(o.AttachUnknown), swas.UnknownCallError),
		TokenScope: cmp.Or(swas.TokenScope(o.TokenScope), swas.TokenPerOperation), TokenLifetime: o.TokenLifetime,
	})
}

// ServeHTTP answers a call of the API, at "/", or a question for the server's health, at [HealthPath].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == HealthPath {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "ok\n") // a caller that is gone needs no answer
		return
	}
	s.api.ServeHTTP(w, r)
	if s.pool != nil {
		s.pool.Fill() // only now, so that a server starts at once and one that nobody calls costs nothing
	}
}

// Close stops the work in the background. The server still answers afterwards. The error is nil.
func (s *Server) Close() error {
	if s.pool == nil {
		return nil
	}
	return s.pool.Close()
}

// credentials are the identities of a world, each with what it may do. The error names the identity whose policies cannot
// be understood.
func credentials(w world.World) ([]rpc.Credential, error) {
	var all []rpc.Credential
	for _, a := range w.Accounts {
		for _, id := range a.Identities {
			rights, err := ram.Compile(id.Policies, id.SessionPolicy)
			if err != nil {
				return nil, fmt.Errorf("account %s, identity %s: %w", a.ID, id.Name, err)
			}
			all = append(all, rpc.Credential{
				Identity: rpc.Identity{AccountID: a.ID, Name: id.Name, AccessKeyID: id.AccessKeyID},
				Secret:   id.AccessKeySecret, SecurityToken: id.SecurityToken, Rights: rights,
			})
		}
	}
	return all, nil
}
