package target

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/wire"
)

// State is how a check ended.
type State string

// The states.
const (
	OK      State = "ok"
	Failed  State = "failed"
	Skipped State = "skipped" // it does not apply, or an earlier one failed
)

// Check is one thing that must be so before a target can be tested.
type Check struct {
	Name   string // DNS, TCP, TLS, API, clock, signature, permission, region or world
	State  State
	Found  string // what was seen, or why it was skipped
	Remedy string // of a check that failed: what to do
}

// Examination is what was found out about one product of a place.
type Examination struct {
	Product, URL string
	Checks       []Check
}

// Failed reports whether a check failed.
func (e Examination) Failed() bool {
	return slices.ContainsFunc(e.Checks, func(c Check) bool { return c.State == Failed })
}

// Examine asks each product of the place the questions of the [Preflight], and
// one more as every other identity of the world, and tells one cause from the
// other. What fails the preflight fails a check here; an identity that the target
// does not know fails the check of the world, for rules that need it could not
// run.
func Examine(ctx context.Context, p Place, options ...wire.Option) []Examination {
	var all []Examination
	for _, api := range products(p) {
		if api.url == "" {
			all = append(all, Examination{Product: api.name, Checks: []Check{{checkDNS, Skipped, "the target has no address for it", ""}}})
			continue
		}
		alone := p
		alone.ECS, alone.SWAS = "", ""
		if api.name == "ECS" {
			alone.ECS = p.ECS
		} else {
			alone.SWAS = p.SWAS
		}
		all = append(all, examine(ctx, alone, api, options))
	}
	return all
}

// examine looks at the one product that the place has.
func examine(ctx context.Context, p Place, api product, options []wire.Option) Examination {
	ctx, cancel := context.WithTimeout(ctx, preflightWait)
	defer cancel()
	var t trail
	ctx = httptrace.WithClientTrace(ctx, t.trace())
	e := Examination{Product: api.name, URL: api.url}
	found := map[string]*problem{} // the first of each check
	answered := (*wire.Answer)(nil)
	must := questions(p.World)
	asked := slices.Concat(must, others(p.World))
	ask(ctx, p, asked, options, func(_ product, q question, a *wire.Answer, bad *problem) bool {
		if a.Status != 0 && answered == nil {
			answered = a
		}
		if bad == nil {
			return true
		}
		check := bad.check
		if !slices.Contains(must, q) {
			if check != checkSignature {
				return true // what a RAM user may do is a matter of rules
			}
			check = checkWorld
		} else if q.account > 0 && (check == checkSignature || check == checkPermission) {
			check = checkWorld
		}
		if found[check] == nil {
			found[check] = bad
		}
		return answered != nil // where nobody is, one question is enough
	})
	e.Checks = t.checks(p, api, found, answered)
	return e
}

// others are the questions about the identities that the preflight leaves out.
func others(w world.World) []question {
	var all []question
	for i, a := range w.Accounts {
		for j := range a.Identities {
			if i > 1 || j > 0 {
				all = append(all, question{account: i, identity: j, region: w.Regions[0]})
			}
		}
	}
	return all
}

// trail is what was seen of the way to a target.
type trail struct {
	mu             sync.Mutex
	resolved, addr string
	secure         string
}

func (t *trail) trace() *httptrace.ClientTrace {
	note := func(to *string, s string) {
		t.mu.Lock()
		defer t.mu.Unlock()
		if *to == "" {
			*to = s
		}
	}
	return &httptrace.ClientTrace{
		DNSDone: func(d httptrace.DNSDoneInfo) {
			if d.Err == nil && len(d.Addrs) > 0 {
				note(&t.resolved, d.Addrs[0].String())
			}
		},
		ConnectDone: func(_, addr string, err error) {
			if err == nil {
				note(&t.addr, "connected to "+addr)
			}
		},
		TLSHandshakeDone: func(s tls.ConnectionState, err error) {
			if err == nil {
				note(&t.secure, tls.VersionName(s.Version))
			}
		},
	}
}

// checks puts in order what was found.
func (t *trail) checks(p Place, api product, found map[string]*problem, answered *wire.Answer) []Check {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []Check
	stopped := "" // the check behind which nothing can be told
	add := func(name, fine string, fatal bool) {
		c := Check{name, OK, fine, ""}
		switch bad := found[name]; {
		case stopped != "":
			c.State, c.Found = Skipped, "after "+stopped
		case bad != nil:
			c.State, c.Found, c.Remedy = Failed, strings.TrimPrefix(bad.found, "unreachable: "), bad.remedy
			if fatal {
				stopped = name
			}
		case strings.HasPrefix(fine, "-"):
			c.State, c.Found = Skipped, strings.TrimPrefix(fine, "-")
		}
		all = append(all, c)
	}
	at, err := url.Parse(api.url)
	if err != nil {
		at = &url.URL{} // New and NewClient have read it before
	}
	dns := t.resolved
	if net.ParseIP(at.Hostname()) != nil {
		dns = "-" + at.Hostname() + " is an address, not a name"
	}
	add(checkDNS, dns, true)
	add(checkTCP, t.addr, true)
	secure := t.secure
	if at.Scheme == "http" {
		secure = "-the URL begins with http"
	}
	add(checkTLS, secure, true)
	add(checkAPI, "it answers as "+api.kind, true)
	add(checkClock, skew(answered), true)
	w := p.World
	add(checkSignature, fmt.Sprintf("it takes the access key of %s", question{}.who(w)), true)
	add(checkPermission, fmt.Sprintf("%s is allowed", api.listing), true)
	add(checkRegion, "it has "+strings.Join(w.Regions[:min(2, len(w.Regions))], " and "), false)
	identities := 0
	for _, a := range w.Accounts {
		identities += len(a.Identities)
	}
	add(checkWorld, fmt.Sprintf("it knows the access keys of all identities: %d in %d accounts", identities, len(w.Accounts)), false)
	return all
}

// skew says how far the clock of the target is from ours, by the Date header of
// its first answer. What it makes of ours its refusals say.
func skew(a *wire.Answer) string {
	if a == nil {
		return ""
	}
	theirs, err := http.ParseTime(a.Header.Get("Date"))
	if err != nil {
		return "its answers have no Date header to compare with; it takes our time"
	}
	switch away := time.Until(theirs).Round(time.Second); {
	case away.Abs() <= 2*time.Second: // the header has whole seconds
		return "its Date header agrees with the clock of this machine"
	case away > 0:
		return fmt.Sprintf("its Date header is %s ahead of this machine, and it takes our time", away)
	default:
		return fmt.Sprintf("its Date header is %s behind this machine, and it takes our time", -away)
	}
}
