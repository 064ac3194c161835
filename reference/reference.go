package reference

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/reference/ecs"
	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/rpc"
)

// HealthPath is answered with 200 and "ok" to whoever asks with GET. It is no part of the API.
const HealthPath = "/healthz"

// keysReady is how many generated keys wait for CreateKeyPair. A suite makes a handful; more would only keep a core busy.
const keysReady = 2

// Options are the choices of a server. The zero Options are the documented behaviour of the newest edition.
type Options struct {
	Edition     string // of the ECS documents: "2026-06" (default) or "2020-11"
	Fingerprint string // how fingerprints are printed: "rfc4716", with colons (default), or "plain"
	KeyCheck    string // how public keys are checked: "strict" (default) or "shallow"

	Clock  func() time.Time // nil = time.Now
	Logger *slog.Logger     // nil = no logs
	// Keys gives CreateKeyPair its keys. nil = a pool of the server's own, which Close ends. Servers that live one after
	// the other can share one; it stays open.
	Keys keypair.Source
}

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
	rules, err := ecs.RulesOf(
		cmp.Or(ecs.Edition(o.Edition), ecs.Edition202606), cmp.Or(keypair.Depth(o.KeyCheck), keypair.Strict))
	if err != nil {
		return nil, err
	}
	s := &Server{}
	if o.Keys == nil {
		s.pool = keypair.NewPool(keysReady)
		o.Keys = s.pool
	}
	service, err := ecs.New(ecs.Config{
		World: w, Rules: rules, Print: cmp.Or(ecs.Print(o.Fingerprint), ecs.PrintRFC4716), Keys: o.Keys,
	})
	if err != nil {
		return nil, err
	}
	s.api, err = rpc.New(rpc.Config{
		Identities: credentials(w), Operations: service.Operations(), Clock: o.Clock, Logger: o.Logger,
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// ServeHTTP answers a call of the API, at "/", or a question for the server's health, at [HealthPath].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == HealthPath && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
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

func credentials(w world.World) []rpc.Credential {
	var all []rpc.Credential
	for _, a := range w.Accounts {
		for _, id := range a.Identities {
			all = append(all, rpc.Credential{
				Identity: rpc.Identity{AccountID: a.ID, Name: id.Name, AccessKeyID: id.AccessKeyID},
				Secret:   id.AccessKeySecret, SecurityToken: id.SecurityToken,
			})
		}
	}
	return all
}
