package patience

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/kpspec/kpspec/harness/wire"
)

// Kind is what the weather has to do with an answer.
type Kind int

// The kinds.
const (
	Fair    Kind = iota // nothing: it is evidence
	Refused             // the target would not carry the request out for the moment
	Lost                // the request left, and no whole answer came back: it may have been carried out
	Absent              // nobody took the request
)

// Header of an answer names, joined by ", ", the kinds of bad weather that its server made on purpose and that had a hand in
// the answer. kpref sends it.
const Header = "Kpref-Weather"

// timely are the faults of a call that are about its time.
var timely = []wire.Break{wire.StaleClock, wire.FutureClock}

// resetText is what a reset is called.
const resetText = "a connection that was reset"

var clockCode = regexp.MustCompile(`(?i)timestamp`)

// Of says what the weather has to do with the answer to a call, and what it was in a few words that are the same for all
// answers alike.
func Of(call wire.Call, a *wire.Answer) (Kind, string) {
	if a.Lost() {
		return lost(a.Err)
	}
	made := strings.Split(a.Header.Get(Header), ", ")
	if slices.Contains(made, "clock-skew") && slices.Contains(timely, call.Break) {
		return Lost, "a clock that is wrong on purpose" // what it took or refused for its time, it may have taken
	}
	if a.Status < 400 {
		return Fair, ""
	}
	refusal, _ := a.Refusal() // what there is of one is enough
	switch {
	case a.Status == 503, strings.HasPrefix(refusal.Code, "ServiceUnavailable"), strings.Contains(refusal.Code, "Throttling"):
		return Refused, strings.TrimSpace(fmt.Sprintf("%d %s", a.Status, refusal.Code))
	case slices.Contains(made, "clock-skew") && clockCode.MatchString(refusal.Code):
		return Refused, "a clock that is wrong on purpose"
	}
	return Fair, ""
}

// advised is how long an answer asks to wait before the next request (Retry-After, RFC 9110, section 10.2.3: seconds, or a
// time); 0: it does not say, or not so that it can be read.
func advised(a *wire.Answer, now time.Time) time.Duration {
	after := a.Header.Get("Retry-After")
	if at, err := http.ParseTime(after); err == nil {
		return max(0, at.Sub(now))
	}
	seconds, err := strconv.ParseUint(after, 10, 31)
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// lost says how an answer was lost.
func lost(err error) (Kind, string) {
	var timeout net.Error
	var dial *net.OpError
	switch {
	case errors.As(err, &dial) && dial.Op == "dial", errors.Is(err, syscall.ECONNREFUSED):
		return Absent, "nobody at the address"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return Lost, "no answer in time"
	case reset(err):
		return Lost, resetText
	}
	return Lost, "no whole answer"
}

// reset tells of a connection that the other side has ended.
func reset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// Reads tells whether a call changes nothing.
func Reads(call wire.Call) bool {
	return strings.HasPrefix(call.Action, "Describe") || strings.HasPrefix(call.Action, "List")
}
