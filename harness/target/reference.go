package target

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/plain"
	"github.com/kpspec/kpspec/reference"
	"github.com/kpspec/kpspec/reference/defect"
)

// embedded serves the reference on a loopback port of this process: the specs
// reach it through a real socket, as they reach any other target.
type embedded struct {
	options reference.Options
	defect  string // its id, where it has one
	place   Place

	mu     sync.Mutex
	server *http.Server
	api    *reference.Server
	done   chan struct{} // closed when Serve has returned
}

func newReference(c ReferenceConfig, edition catalogue.Edition, place Place, flaw string) (*embedded, error) {
	e := &embedded{
		defect: flaw,
		options: reference.Options{
			Edition: string(edition), Fingerprint: c.Fingerprint, KeyCheck: c.KeyCheck, PrivateKey: c.PrivateKey,
			AttachUnknown: c.AttachUnknown, TokenScope: c.TokenScope, TokenLifetime: c.TokenLifetime,
		},
		place: place,
	}
	if flaw == "" {
		return e, nil
	}
	d, err := defect.Find(flaw)
	if err != nil {
		return nil, fmt.Errorf("%w (kpspec prove --list lists them)", err)
	}
	if d.Edition != "" && d.Edition != string(edition) {
		return nil, fmt.Errorf("the defect %s breaks rules of the %s edition, not of %s; add --edition %s", flaw, d.Edition, edition, d.Edition)
	}
	e.options = d.In(e.options)
	return e, nil
}

// DefectOf is the id of the declared defect that a target was given on purpose,
// or "".
func DefectOf(t Target) string {
	if e, ok := t.(*embedded); ok {
		return e.defect
	}
	return ""
}

// EditionOf is the edition of the documents that the defect of that id breaks
// rules of, where it is not the newest one; else "".
func EditionOf(flaw string) catalogue.Edition {
	d, err := defect.Find(flaw)
	if err != nil {
		return "" // New says so
	}
	return catalogue.Edition(d.Edition)
}

func (e *embedded) Kind() Kind                  { return Reference }
func (e *embedded) Logs(context.Context) string { return "" }

// Name says of a defect that it is there: nobody shall take such a server for
// the reference.
func (e *embedded) Name() string {
	if e.defect != "" {
		return "embedded reference with the defect " + e.defect
	}
	return "embedded reference"
}

func (e *embedded) Start(ctx context.Context) (Place, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.server != nil {
		return Place{}, errors.New("embedded reference: started twice")
	}
	api, err := reference.New(e.place.World, e.options)
	if err != nil {
		return Place{}, fmt.Errorf("embedded reference: %s", plain.Line(err.Error()))
	}
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return Place{}, errors.Join(fmt.Errorf("embedded reference: cannot listen on the loopback interface: %w", err), api.Close())
	}
	e.api = api
	e.server = &http.Server{
		Handler:           api,
		ReadHeaderTimeout: 10 * time.Second,
		// Specs send broken requests on purpose; what the server has to say
		// about them is in the recorded exchange.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	e.done = make(chan struct{})
	go func() {
		defer close(e.done)
		// Serve returns when the server is stopped; before that, a failing
		// listener shows as requests that are refused.
		_ = e.server.Serve(l)
	}()
	place := e.place
	place.ECS = "http://" + l.Addr().String()
	place.SWAS = place.ECS
	return place, nil
}

func (e *embedded) Stop(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.api == nil {
		return nil
	}
	// Whoever asked has got its answer by now or given up on it. Shutdown would
	// wait for connections that were opened ahead of need and never used.
	err := e.server.Close()
	<-e.done
	err = errors.Join(err, e.api.Close())
	e.api = nil
	if err != nil {
		return fmt.Errorf("embedded reference: stop: %s", plain.Line(err.Error()))
	}
	return nil
}
