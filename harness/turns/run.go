package turns

import (
	"context"
	"errors"
	"io"
	"net"
	"net/rpc"
	"net/rpc/jsonrpc"
	"sync"
	"time"

	"github.com/kpspec/kpspec/harness/guard"
	"github.com/kpspec/kpspec/harness/patience"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/suites/vocabulary"
)

// service is the name under which a process calls the run.
const service = "Run"

// Run is what the processes of a run have in common.
type Run struct {
	table    *table
	gate     *guard.Gate
	patience *patience.Patience
	names    sync.Map // that do not tell who has made them → number of the process that uses it
	alone    bool     // the specs of a product run one after the other, for they fill the region that the others work in
}

// NewRun is the run of specs at a place where SWAS has room for so many key pairs.
// mayTake says which process, counted from 0, may take which specs; it is nil where
// somebody else has shared them out, and every process runs what it asks for.
func NewRun(place target.Place, room int, mayTake func(int, vocabulary.Spec) bool) *Run {
	return &Run{
		table:    newTable(map[string]int{vocabulary.SWASRoom: room / vocabulary.SWASRoomOfGroup}, mayTake),
		gate:     place.Gate,
		patience: place.Patience,
		alone:    place.Quota && len(place.World.Regions) < 3,
	}
}

// Passed is the answer to a request to let a request leave.
type Passed struct {
	Spent  bool // the budget is used up
	Budget int
}

// Nothing is what a call has no use for.
type Nothing struct{}

// Desk is what one process may ask of the run.
type Desk struct {
	run   *Run
	who   int
	ctx   context.Context
	leave func() // idempotent
}

// Desk is the desk of a process, until it has left. When ctx ends, it waits for
// nothing any more.
func (r *Run) Desk(ctx context.Context, who int) *Desk {
	ctx, cancel := context.WithCancel(ctx)
	r.table.join()
	return &Desk{run: r, who: who, ctx: ctx, leave: sync.OnceFunc(func() {
		cancel()
		r.table.leave(who)
	})}
}

// Wait returns when the process has left, or ctx has ended.
func (d *Desk) Wait() { <-d.ctx.Done() }

// Begin tells whether the process shall run a spec, when it may.
func (d *Desk) Begin(s vocabulary.Spec, yes *bool) error {
	if d.run.alone {
		// A group that fills the region holds all of it from its first spec to its last.
		all := "all of " + s.Product
		if len(s.Holds) > 0 {
			s.Holds = append(s.Holds, all)
		} else {
			s.Needs = append(s.Needs, all)
		}
	}
	*yes = d.run.table.begin(d.ctx, d.who, s)
	return nil
}

// End takes back what the spec needed.
func (d *Desk) End(Nothing, *Nothing) error {
	d.run.table.end(d.who)
	return nil
}

// Leave takes back all that the process has, which runs no spec any more.
func (d *Desk) Leave(Nothing, *Nothing) error {
	d.leave()
	return nil
}

// Name is one of which this process says that it is about to use it.
func (d *Desk) Name(name string, _ *Nothing) error {
	d.run.names.Store(name, d.who)
	return nil
}

// Others tells whether another process uses a name.
func (d *Desk) Others(name string, yes *bool) error {
	who, used := d.run.names.Load(name)
	*yes = used && who != d.who
	return nil
}

// Pass returns when a request may leave.
func (d *Desk) Pass(cleaning bool, passed *Passed) error {
	ctx := d.ctx
	if cleaning {
		ctx = guard.Cleanup(context.WithoutCancel(ctx))
	}
	err := d.run.gate.Pass(ctx)
	if spent, ok := errors.AsType[*guard.SpentError](err); ok {
		*passed = Passed{Spent: true, Budget: spent.Requests}
		return nil
	}
	return err
}

// Spend tells whether the process may wait so long for better weather.
func (d *Desk) Spend(so time.Duration, yes *bool) error {
	*yes = d.run.patience != nil && d.run.patience.Spend(so)
	return nil
}

// Serve answers a process over its connection until that ends; calls is its [Desk],
// or what has one in it. Then the process has left.
func (d *Desk) Serve(conn io.ReadWriteCloser, calls any) error {
	defer d.leave()
	server := rpc.NewServer()
	if err := server.RegisterName(service, calls); err != nil {
		return errors.Join(err, conn.Close())
	}
	server.ServeCodec(jsonrpc.NewServerCodec(&watched{conn, d.leave}))
	return nil
}

// watched is a connection that tells at once when nothing more comes over it: a call
// that waits for its turn would keep the server waiting.
type watched struct {
	io.ReadWriteCloser
	ended func()
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.ReadWriteCloser.Read(b)
	if err != nil {
		w.ended()
	}
	return n, err
}

// Listen serves the run on a free port of this machine, one process for each
// connection, until the listener is closed.
func (r *Run) Listen() (net.Listener, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() {
		for who := 0; ; who++ {
			conn, err := listener.Accept()
			if err != nil {
				return // closed
			}
			desk := r.Desk(context.Background(), who)
			go func() { _ = desk.Serve(conn, desk) }() // a process that is gone has nothing to be told
		}
	}()
	return listener, nil
}
