package evidence

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Exchange is one request and what came back, redacted.
type Exchange struct {
	// Seq counts from 1 since [Recorder.Begin].
	Seq int `json:"seq"`
	// Earlier says that an earlier spec sent it, and that this one is about its
	// answer too. Seq is then of that spec.
	Earlier bool `json:"earlier,omitempty"`
	// Action is the operation the request named, "" if it named none.
	Action string `json:"action,omitempty"`
	// Origin is who sent the request and how, as far as the sender has told.
	Origin
	// Started is when the request was handed to the transport.
	Started time.Time `json:"started"`
	// Duration lasts until the body of the answer was read. In JSON it is
	// durationMs, in milliseconds.
	Duration time.Duration `json:"-"`
	// Request is the request as it was sent.
	Request Message `json:"request"`
	// Response is the answer, nil if none arrived.
	Response *Message `json:"response,omitempty"`
	// Error is one line that says why there is no answer, or no whole one.
	Error string `json:"error,omitempty"`
}

// Origin is what a request does not say of itself, and what somebody needs who
// wants to send it again. All of it may be shown; secrets are found by the names.
type Origin struct {
	// Product is "ECS" or "SWAS".
	Product string `json:"product,omitempty"`
	// Account and Identity are the account id and the name of the identity in the
	// world.
	Account  string `json:"account,omitempty"`
	Identity string `json:"identity,omitempty"`
	// Shape is how the request was signed and where its parameters travelled.
	Shape string `json:"shape,omitempty"`
	// Fault is what was made wrong on purpose, "" for a well-formed request.
	Fault string `json:"fault,omitempty"`
	// Tampered is the parameter whose value is not the one that was signed.
	Tampered string `json:"tampered,omitempty"`
}

type originKey struct{}

// WithOrigin returns a context for a request of which the recorder shall know
// the origin.
func WithOrigin(ctx context.Context, o Origin) context.Context {
	return context.WithValue(ctx, originKey{}, o)
}

// originIn is the origin that a context has, or the zero one.
func originIn(ctx context.Context) Origin {
	o, _ := ctx.Value(originKey{}).(Origin)
	return o
}

// Message is one request or one answer, redacted.
type Message struct {
	// Line is the request line without the query ("POST / HTTP/1.1") or the
	// status line.
	Line string `json:"line"`
	// Header holds name and value of every header, sorted by name.
	Header [][2]string `json:"header,omitempty"`
	// Params are the parameters of a request, decoded, in the order they were
	// sent: those of the query first, then those of a form body.
	Params []Param `json:"params,omitempty"`
	// Body is what is shown of a body that is not a form.
	Body string `json:"body,omitempty"`
}

// Param is one decoded parameter of a request. Bytes that are not UTF-8 are
// shown as \xNN.
type Param struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	// In is where it travelled, "query" or "body".
	In string `json:"in"`
	// Altered says that Value is not what was sent: it is hidden in part or as a
	// whole, cut, or has bytes that are shown as \xNN.
	Altered bool `json:"altered,omitempty"`
}

type plainExchange Exchange

type jsonExchange struct {
	plainExchange
	DurationMs float64 `json:"durationMs"`
}

// MarshalJSON writes the duration as durationMs, in milliseconds with three
// decimals.
func (e Exchange) MarshalJSON() ([]byte, error) {
	return json.Marshal(jsonExchange{plainExchange(e), float64(e.Duration.Microseconds()) / 1000})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (e *Exchange) UnmarshalJSON(data []byte) error {
	var j jsonExchange
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	*e = Exchange(j.plainExchange)
	e.Duration = time.Duration(j.DurationMs*1000) * time.Microsecond
	return nil
}

// String returns the exchange as several printable lines for a terminal or the
// text of a failure, without a line end after the last: ">" marks what was
// sent, "<" what came back.
func (e Exchange) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "#%d", e.Seq)
	if e.Earlier {
		out.WriteString(" of an earlier spec:")
	}
	if e.Action != "" {
		fmt.Fprintf(&out, " %s", printable(e.Action))
	}
	fmt.Fprintf(&out, ", %s, %s", e.Started.UTC().Format("15:04:05.000Z"), e.Duration.Round(time.Microsecond))
	if e.Product != "" {
		fmt.Fprintf(&out, ", %s, account %s, identity %s, shape %s", e.Product, printable(e.Account), printable(e.Identity), e.Shape)
	}
	if e.Fault != "" {
		fmt.Fprintf(&out, ", with the fault %s", e.Fault)
	}
	e.Request.write(&out, "> ")
	if e.Response != nil {
		e.Response.write(&out, "< ")
	}
	if e.Error != "" {
		fmt.Fprintf(&out, "\n! %s", printable(e.Error))
	}
	return out.String()
}

// GomegaString is [Exchange.String].
func (e Exchange) GomegaString() string { return e.String() }

func (m Message) write(out *strings.Builder, prefix string) {
	fmt.Fprintf(out, "\n%s%s", prefix, printable(m.Line))
	for _, h := range m.Header {
		fmt.Fprintf(out, "\n%s%s: %s", prefix, printable(h[0]), printable(h[1]))
	}
	for _, p := range m.Params {
		fmt.Fprintf(out, "\n%s%s  %s = %q", prefix, p.In, printable(p.Name), p.Value)
	}
	if m.Body != "" {
		for line := range strings.Lines(m.Body) {
			fmt.Fprintf(out, "\n%s%s", prefix, printable(strings.TrimRight(line, "\r\n")))
		}
	}
}
