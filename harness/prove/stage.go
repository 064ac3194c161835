package prove

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/wire"
	"github.com/kpspec/kpspec/reference"
	"github.com/kpspec/kpspec/reference/ecs"
	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/operation"
	"github.com/kpspec/kpspec/reference/rpc"
	"github.com/kpspec/kpspec/reference/swas"
	"github.com/kpspec/kpspec/suites/vocabulary"
)

// address is what requests of a stage are addressed to. Nothing listens there.
const address = "http://127.0.0.1"

// stage is a reference that specs call without a network. It is their transport.
type stage struct {
	api   *reference.Server
	stock *stock

	mu      sync.Mutex
	open    int    // requests under way
	spec    string // the text of the one that runs
	keeps   bool
	kept    []*kept
	crowded map[string]bool // the rules whose specs sent requests at the same time
}

// kept is a request that was made.
type kept struct {
	spec   string // the text of the spec that sent it; "" = the run itself
	rule   string // its id
	at     time.Time
	header http.Header
	method string
	url    *url.URL
	body   []byte
	call   *rpc.Call          // what the operation saw; nil when the gateway refused the request
	key    *keypair.Generated // the key that was made for it
}

// begin notes which spec runs.
func (s *stage) begin(_ context.Context, spec vocabulary.Spec) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spec = spec.Text
	return true
}

// running is the spec that runs.
func (s *stage) running() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spec
}

// keptKey finds the request in a context.
type keptKey struct{}

func (k *kept) in(ctx context.Context) context.Context { return context.WithValue(ctx, keptKey{}, k) }

func keptIn(ctx context.Context) *kept {
	k, _ := ctx.Value(keptKey{}).(*kept)
	return k
}

// newStage makes a stage with a reference as o says. With keeps it remembers what it is asked.
func newStage(stock *stock, o reference.Options, keeps bool) (*stage, error) {
	s := &stage{stock: stock, keeps: keeps, crowded: map[string]bool{}}
	o.Keys = stock.start()
	if keeps {
		o.Change = func(p *reference.Parts) {
			for _, product := range []*operation.Product{&p.ECS().Product, &p.SWAS().Product} {
				for _, o := range product.Operations {
					o.Checks = append([]operation.Step{{Name: "keep", Run: keep}}, o.Checks...)
				}
			}
		}
	}
	var err error
	s.api, err = reference.New(world.Default(), o)
	return s, err
}

// keep notes what an operation sees of a request.
func keep(ctx context.Context, c *operation.Call) error {
	if k := keptIn(ctx); k != nil {
		k.call = c.Call
	}
	return nil
}

// racing are the rules whose specs send requests at the same time, to see which one wins. Specs that do so only to be
// done sooner send many more.
func (s *stage) racing() map[string]bool {
	const few = 200
	sent := map[string]int{}
	for _, k := range s.kept {
		sent[k.rule]++
	}
	out := maps.Clone(s.crowded)
	maps.DeleteFunc(out, func(rule string, _ bool) bool { return sent[rule] > few })
	return out
}

// place is the stage as the specs know it.
func (s *stage) place() target.Place {
	return target.Place{ECS: address, SWAS: address, World: world.Default(), Shape: wire.V3Query, Quota: true}
}

// RoundTrip lets the reference answer a request.
func (s *stage) RoundTrip(r *http.Request) (*http.Response, error) {
	k := &kept{rule: ruleOf(r), at: time.Now(), method: r.Method, url: r.URL, header: make(http.Header, len(r.Header))}
	for name, values := range r.Header { // the official clients write some names in lower case
		name = http.CanonicalHeaderKey(name)
		k.header[name] = slices.Concat(k.header[name], values)
	}
	if r.Body != nil && r.Body != http.NoBody {
		var err error
		k.body, err = io.ReadAll(r.Body)
		if err = errors.Join(err, r.Body.Close()); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	if s.open++; s.open > 1 {
		s.crowded[k.rule] = true
	}
	if s.keeps {
		k.spec = s.spec
		s.kept = append(s.kept, k)
	}
	s.mu.Unlock()
	answer := k.ask(r.Context(), s.api)
	s.mu.Lock()
	s.open--
	s.mu.Unlock()
	answer.Request = r
	return answer, nil
}

// ask sends the request to a handler, which changes nothing about it.
func (k *kept) ask(ctx context.Context, api http.Handler) *http.Response {
	in := &http.Request{
		Method: k.method, URL: k.url, RequestURI: k.url.RequestURI(), Host: k.url.Host, RemoteAddr: "127.0.0.1:1",
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: k.header, Body: io.NopCloser(bytes.NewReader(k.body)), ContentLength: int64(len(k.body)),
	}
	w := httptest.NewRecorder()
	api.ServeHTTP(w, in.WithContext(k.in(ctx)))
	return w.Result()
}

// ruleOf is the id of the rule that a request is sent for, which its User-Agent ends with.
func ruleOf(r *http.Request) string {
	agent := r.UserAgent()
	id, _, _ := strings.Cut(agent[strings.LastIndexByte(agent, ' ')+1:], ".")
	if strings.Contains(id, "/") {
		return "" // a program's own name
	}
	return id
}

// stock gives every server the same keys, so that each of them is made only once.
type stock struct {
	mu   sync.Mutex
	keys []keypair.Generated
}

// fill makes the keys that servers will want, until ctx is over.
func (s *stock) fill(ctx context.Context) {
	for ctx.Err() == nil {
		made, err := keypair.Generate()
		s.mu.Lock()
		if err != nil || len(s.keys) >= distinct { // who needs one reports the error
			s.mu.Unlock()
			return
		}
		s.keys = append(s.keys, made)
		s.mu.Unlock()
	}
}

// start is the stock from its first key on.
func (s *stock) start() keypair.Source { return &shelf{stock: s} }

// distinct is how many different keys a server has. The specs want no more of a server that takes what it should; one that
// takes everything may give a key twice in the end.
const distinct = 48

// shelf is a stock as one server uses it.
type shelf struct {
	stock *stock
	next  int
}

// Get gives the next key.
func (s *shelf) Get(ctx context.Context) (keypair.Generated, error) {
	s.stock.mu.Lock()
	defer s.stock.mu.Unlock()
	if s.next >= distinct {
		s.next = 0
	}
	if s.next == len(s.stock.keys) {
		made, err := keypair.Generate()
		if err != nil {
			return made, err
		}
		s.stock.keys = append(s.stock.keys, made)
	}
	made := s.stock.keys[s.next]
	s.next++
	if k := keptIn(ctx); k != nil {
		k.key = &made
	}
	return made, nil
}

// same gives a request that is sent again the key it got at first. What had none then is answered otherwise anyway, so any
// key will do.
type same struct{ stock *stock }

// Get gives that key.
func (s same) Get(ctx context.Context) (keypair.Generated, error) {
	if k := keptIn(ctx); k != nil && k.key != nil {
		return *k.key, nil
	}
	s.stock.mu.Lock()
	defer s.stock.mu.Unlock()
	if len(s.stock.keys) == 0 {
		return keypair.Generated{}, errors.New("no key was made yet")
	}
	return s.stock.keys[0], nil
}

// outcome is what came of a request that was sent again. Its time, the id it is given and the key that is made for it are
// those of the first time, so that two outcomes of one request differ only where two servers do.
type outcome struct {
	result any
	err    string
	status int
	kind   string
	body   string
}

// again sends the requests once more to a fresh server with the options, at the operations or, with front, at the gateway,
// and calls seen with what came of each, and between two specs next with the pairs that there are. Requests of a product
// that the options cannot change anything about are left out.
func again(requests []*kept, stock *stock, o reference.Options, front bool, seen func(int, outcome), next func(int, *shelves)) error {
	var now time.Time
	id := "" // of the request under way
	var served map[string]rpc.Operation
	var skip map[string]bool // by version
	var pairs shelves
	o.Keys = same{stock}
	o.Clock = func() time.Time { return now }
	change := o.Change
	o.Change = func(p *reference.Parts) {
		fresh := *p // asked for nothing yet
		pairs = shelves{p.World, [2]*keypair.Store{p.ECS().Store, p.SWAS().Store}}
		p.Gateway().RequestID = func() string { return id }
		if change != nil {
			change(&fresh)
			asked := fresh.Asked()
			skip = map[string]bool{ecs.Version: !asked.ECS && !asked.Gateway, swas.Version: !asked.SWAS && !asked.Gateway}
		}
		served = map[string]rpc.Operation{}
		for _, product := range []*operation.Product{&p.ECS().Product, &p.SWAS().Product} {
			for _, op := range product.Serve() {
				served[op.Version+op.Action] = op
			}
		}
	}
	api, err := reference.New(world.Default(), o)
	if err != nil {
		return err
	}
	for i, asked := range requests {
		if i > 0 && asked.spec != requests[i-1].spec {
			next(i, &pairs)
		}
		once := *asked // what happens to it now is not kept
		k := &once
		if k.call != nil && skip[k.call.Version] {
			continue
		}
		now, id = k.at, fmt.Sprintf("%08X-ABCD-ABCD-ABCD-ABCDEFABCDEF", i)
		switch {
		case front:
			answer := k.ask(context.Background(), api)
			body, err := io.ReadAll(answer.Body)
			if err != nil {
				return err
			}
			seen(i, outcome{status: answer.StatusCode, kind: answer.Header.Get("Content-Type"), body: string(body)})
		case k.call != nil:
			result, err := handle(k, served[k.call.Version+k.call.Action])
			came := outcome{result: result}
			if err != nil {
				came.err = err.Error()
				if refusal, ok := errors.AsType[*rpc.Error](err); ok {
					came.status = refusal.Status
				}
			}
			seen(i, came)
		}
	}
	return nil
}

// handle lets an operation carry out a call again. A panic is an answer too.
func handle(k *kept, op rpc.Operation) (result any, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("panic")
		}
	}()
	return op.Handle(k.in(context.Background()), k.call)
}

func (o outcome) equal(other outcome) bool {
	return o.err == other.err && o.status == other.status && o.kind == other.kind && o.body == other.body &&
		reflect.DeepEqual(o.result, other.result)
}

// shelves are the key pairs of a server.
type shelves struct {
	world  world.World
	stores [2]*keypair.Store
}

// spot is where a key pair is.
type spot struct {
	store int
	in    keypair.Scope
	name  string
}

// each calls do for every key pair.
func (s *shelves) each(do func(spot, keypair.Pair)) {
	for i, store := range s.stores {
		for _, a := range s.world.Accounts {
			for _, region := range s.world.Regions {
				in := keypair.Scope{Account: a.ID, Region: region}
				found, _ := store.Find(in, keypair.Filter{Name: keypair.Pattern("*")}, 0, math.MaxInt32)
				for _, p := range found {
					do(spot{i, in, p.Name}, p)
				}
			}
		}
	}
}

// spots are where there are key pairs.
func (s *shelves) spots() map[spot]bool {
	out := map[spot]bool{}
	s.each(func(at spot, _ keypair.Pair) { out[at] = true })
	return out
}

// keepOnly removes all key pairs but these.
func (s *shelves) keepOnly(these map[spot]bool) {
	s.each(func(at spot, p keypair.Pair) {
		if !these[at] {
			_, _ = s.stores[at.store].Unbind(at.in, p.Name, p.Servers...) // it is there
			_ = s.stores[at.store].Delete(at.in, p.Name)                  // and bound to nothing
		}
	})
}

// success tells whether the request was carried out.
func (o outcome) success() bool { return o.err == "" && o.status < http.StatusBadRequest }

// editionOf is the edition of a defect.
func editionOf(edition string) catalogue.Edition {
	if edition == "" {
		return catalogue.Edition202606
	}
	return catalogue.Edition(edition)
}
