package turns

import (
	"context"
	"io"
	"net/rpc"
	"net/rpc/jsonrpc"
	"time"

	"github.com/kpspec/kpspec/harness/guard"
	"github.com/kpspec/kpspec/harness/patience"
	"github.com/kpspec/kpspec/suites/vocabulary"
)

// Client is a process's end of its connection to the run. There is none before
// [Client.Connect].
type Client struct{ rpc *rpc.Client }

// Connect makes a connection, at whose other end the run is served, the client's. It
// is called once, before anything is asked.
func (c *Client) Connect(conn io.ReadWriteCloser) { c.rpc = jsonrpc.NewClient(conn) }

// Call calls the run. An error of ctx, or of the connection, leaves open whether
// the call has arrived.
func (c *Client) Call(ctx context.Context, method string, given, answer any) error {
	if c.rpc == nil {
		return rpc.ErrShutdown
	}
	call := c.rpc.Go(service+"."+method, given, answer, make(chan *rpc.Call, 1))
	select {
	case <-call.Done:
		return call.Error
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Begin asks whether this process shall run a spec, and returns when it may.
func (c *Client) Begin(ctx context.Context, s vocabulary.Spec) (yes bool, err error) {
	var told bool // not the result: an answer may come after ctx has ended
	if err := c.Call(ctx, "Begin", s, &told); err != nil {
		return false, err
	}
	return told, nil
}

// End says that the spec has ended. The end of the connection ends the run, so that
// its errors are not worth more than those.
func (c *Client) End() { _ = c.Call(context.Background(), "End", Nothing{}, &Nothing{}) }

// Leave says that this process runs no spec any more.
func (c *Client) Leave() { _ = c.Call(context.Background(), "Leave", Nothing{}, &Nothing{}) }

// Company are the other processes.
func (c *Client) Company() *vocabulary.Company {
	return &vocabulary.Company{
		Use: func(name string) { _ = c.Call(context.Background(), "Name", name, &Nothing{}) },
		Others: func(name string) bool {
			var yes bool
			return c.Call(context.Background(), "Others", name, &yes) == nil && yes
		},
	}
}

// Gate is the gate of the run, whose limits these are. When the connection has
// ended, requests that clean up may still leave, at this process's part of the rate.
func (c *Client) Gate(l guard.Limits, processes int) *guard.Gate {
	if l == (guard.Limits{}) {
		return nil
	}
	left := guard.NewGate(guard.Limits{Rate: l.Rate / float64(processes)})
	return guard.AskGate(func(ctx context.Context, cleaning bool) error {
		var passed Passed
		err := c.Call(ctx, "Pass", cleaning, &passed)
		switch {
		case err != nil && ctx.Err() == nil && cleaning:
			return left.Pass(ctx)
		case err != nil:
			return err
		case passed.Spent:
			return &guard.SpentError{Requests: passed.Budget}
		}
		return nil
	})
}

// Patience is that of the run, whose limits these are. When the connection has ended,
// this process waits no more.
func (c *Client) Patience(l patience.Limits) *patience.Patience {
	return patience.Sharing(l, func(d time.Duration) bool {
		var yes bool
		return c.Call(context.Background(), "Spend", d, &yes) == nil && yes
	})
}
