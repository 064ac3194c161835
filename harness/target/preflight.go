package target

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/guard"
	"github.com/kpspec/kpspec/harness/patience"
	"github.com/kpspec/kpspec/harness/plain"
	"github.com/kpspec/kpspec/harness/wire"
)

// preflightWait bounds the whole preflight. A target that needs longer for
// a few small questions would take hours for the suites.
const preflightWait = 10 * time.Second

// preflightMost is how many questions it may take.
const preflightMost = 12

// shapeWait bounds the search for a shape that the target knows.
const shapeWait = 2 * time.Second

// A product is one of the APIs of a place, and how it lists key pairs.
type product struct {
	name, kind string // "ECS", "an ECS API"
	url        string // empty: the place has none
	version    string
	listing    string
	// lists reports whether an answer holds key pairs in the product's form.
	lists func(answer map[string]any) bool
	form  string // in words
}

func products(p Place) []product {
	return []product{
		{"ECS", "an ECS API", p.ECS, "2014-05-26", "DescribeKeyPairs",
			func(answer map[string]any) bool {
				pairs, given := answer["KeyPairs"]
				_, wrapped := pairs.(map[string]any)
				return wrapped || !given && fmt.Sprint(answer["TotalCount"]) == "0" // what some encoders make of no elements
			}, "a KeyPairs object"},
		{"SWAS", "a SWAS API", p.SWAS, "2020-06-01", "ListKeyPairs",
			func(answer map[string]any) bool {
				pairs, given := answer["KeyPairs"]
				_, list := pairs.([]any)
				return list || given && pairs == nil || !given && fmt.Sprint(answer["TotalCount"]) == "0"
			}, "a KeyPairs array"},
	}
}

// Preflight asks each product of the place for one page of key pairs, as the
// first identity in the first two regions, and as the first identity of the
// second account; other identities may lack the permission. A nil error means
// that each is an API of this kind that lets these identities in. The error says
// in one line which product and which of these it is, and what to do: nothing
// answers, it is not this API, it refuses the credentials, it lacks a region, or
// it refuses for another reason.
//
// options go to the wire client, for a transport or a user agent.
func Preflight(ctx context.Context, p Place, options ...wire.Option) error {
	ctx, cancel := context.WithTimeout(ctx, preflightWait+p.Gate.Wait(preflightMost))
	defer cancel()
	var first error
	ask(ctx, p, questions(p.World), options, func(api product, _ question, _ *wire.Answer, bad *problem) bool {
		if bad != nil {
			first = fmt.Errorf("%s at %s: %w", api.name, api.url, bad)
		}
		return bad == nil
	})
	return first
}

// A question is one look at a region as one identity of the world.
type question struct {
	account, identity int
	region            string
}

// questions are those that must be answered well before anything is tested.
func questions(w world.World) []question {
	var all []question
	for i := range min(2, len(w.Regions)) {
		all = append(all, question{region: w.Regions[i]})
	}
	if len(w.Accounts) > 1 && len(w.Regions) > 0 {
		all = append(all, question{account: 1, region: w.Regions[0]})
	}
	return all
}

// who names the identity of a question.
func (q question) who(w world.World) string {
	a := w.Accounts[q.account]
	return fmt.Sprintf("account %s, identity %q", a.ID, a.Identities[q.identity].Name)
}

// ask asks each product of the place the questions, and tells each of what came
// and of what is wrong with it, if anything, until each says that it is enough.
func ask(ctx context.Context, p Place, all []question, options []wire.Option, each func(product, question, *wire.Answer, *problem) bool) {
	// One connection for all questions: some servers take one at a time.
	transport := wire.NewTransport()
	defer transport.CloseIdleConnections()
	options = append([]wire.Option{wire.WithTransport(transport), wire.WithGate(p.Gate)}, options...)
	shape := ShapeOf(ctx, p, options...)
	for _, api := range products(p) {
		if api.url == "" {
			continue
		}
		for _, q := range all {
			answer, bad := &wire.Answer{}, (*problem)(nil)
			client, err := wire.NewClient(api.url, p.World.Accounts[q.account].Identities[q.identity], options...)
			if err != nil {
				bad = &problem{checkWorld, plain.Line(err.Error()), ""}
			} else {
				answer = p.ask(ctx, client, api.question(q.region, shape)).Answer
				bad = api.judge(answer, q.region, q.who(p.World), hider(p.World))
			}
			if !each(api, q, answer, bad) {
				return
			}
		}
	}
}

// ask sends a question, again if the weather is in the way of it.
func (p Place) ask(ctx context.Context, client *wire.Client, call wire.Call) patience.Reply {
	waits := cmp.Or(p.Patience, patience.New(patience.Limits{}))
	return waits.Ask(ctx, call, true, false, func() *wire.Answer { return client.Do(ctx, call) })
}

// The checks, in the order in which one builds on the other.
const (
	checkDNS        = "DNS"
	checkTCP        = "TCP"
	checkTLS        = "TLS"
	checkAPI        = "API"
	checkClock      = "clock"
	checkSignature  = "signature"
	checkPermission = "permission"
	checkRegion     = "region"
	checkWorld      = "world"
)

// A problem is what is wrong with an answer, by the check that finds it.
type problem struct{ check, found, remedy string }

func (p *problem) Error() string {
	if p.remedy == "" {
		return p.found
	}
	return p.found + "; " + p.remedy
}

// question asks for one page of key pairs.
func (api product) question(region string, shape wire.Shape) wire.Call {
	return wire.Call{
		Action:  api.listing,
		Version: api.version,
		Params:  []wire.Param{{Name: "RegionId", Value: region}, {Name: "PageSize", Value: "1"}},
		Shape:   shape,
	}
}

// ShapeOf is the first shape, in the order of what current clients send, in
// which the first product of the place lists its key pairs. The documents show
// but one shape, and a target may know only some. Where none works it is the
// first, and the preflight says why.
func ShapeOf(ctx context.Context, p Place, options ...wire.Option) wire.Shape {
	transport := wire.NewTransport()
	defer transport.CloseIdleConnections()
	options = append([]wire.Option{wire.WithTransport(transport), wire.WithGate(p.Gate)}, options...)
	started := time.Now()
	for _, api := range products(p) {
		if api.url == "" {
			continue
		}
		client, err := wire.NewClient(api.url, p.World.Accounts[0].Identities[0], options...)
		if err != nil {
			break
		}
		for _, shape := range wire.Shapes {
			answer := p.ask(ctx, client, api.question(p.World.Regions[0], shape))
			if object, err := answer.Object(); err == nil && answer.Status == 200 && api.lists(object) {
				return shape
			}
			if answer.Kind != patience.Fair || answer.Status < http.StatusBadRequest || time.Since(started) > shapeWait+p.Gate.Wait(len(wire.Shapes)) {
				break // nobody there, or somebody who understood and is somebody else, or one who takes long to refuse
			}
		}
		break
	}
	return wire.Shapes[0]
}

// hider shows text from the target without the secrets of the world, and
// without control characters: it is going to a terminal.
func hider(w world.World) func(string) string {
	var pairs []string
	for _, a := range w.Accounts {
		for _, id := range a.Identities {
			for _, secret := range []string{id.SecurityToken, id.AccessKeySecret, id.AccessKeyID} {
				if secret != "" {
					pairs = append(pairs, secret, "[hidden]")
				}
			}
		}
	}
	replacer := strings.NewReplacer(pairs...)
	return func(s string) string {
		const most = 200
		r := []rune(replacer.Replace(plain.Line(s)))
		if len(r) > most {
			r = append(r[:most], []rune("...")...)
		}
		return plain.Text(string(r))
	}
}

var (
	credentialCode = regexp.MustCompile(`Signature|AccessKey|SecurityToken|NoPermission|Forbidden`)
	deniedCode     = regexp.MustCompile(`NoPermission|Forbidden`)
	clockCode      = regexp.MustCompile(`(?i)timestamp`)
	regionText     = regexp.MustCompile(`(?i)region`)
)

// judge says what an answer to the listing means.
func (api product) judge(a *wire.Answer, region, who string, show func(string) string) *problem {
	const url = "check the URL"
	if a.Err != nil {
		return unreachable(a.Err, show)
	}
	if a.Status == 200 {
		object, err := a.Object()
		if err != nil {
			return &problem{checkAPI, fmt.Sprintf("not %s: it answers 200 without a JSON object (%s)", api.kind, show(err.Error())), url}
		}
		if !api.lists(object) {
			return &problem{checkAPI, fmt.Sprintf("not %s, or one without %s: it answers 200 without %s", api.kind, api.listing, api.form), url}
		}
		return nil
	}
	refusal, err := a.Refusal()
	if err != nil {
		return &problem{checkAPI, fmt.Sprintf("not %s: it answers %d without an error envelope (%s)", api.kind, a.Status, show(err.Error())), url}
	}
	said := show(fmt.Sprintf("%d %s: %s", refusal.Status, refusal.Code, refusal.Message))
	switch {
	case clockCode.MatchString(refusal.Code):
		return &problem{checkClock, fmt.Sprintf("refuses the time of the request (%s)", said), "set the clock of this machine or of the target"}
	case credentialCode.MatchString(refusal.Code):
		found := fmt.Sprintf("refuses the credentials of %s (%s)", who, said)
		if deniedCode.MatchString(refusal.Code) {
			return &problem{checkPermission, found, "allow it to call " + api.listing}
		}
		return &problem{checkSignature, found, "check the access key and its secret in world.accounts"}
	case strings.HasPrefix(refusal.Code, "InvalidRegionId"), regionText.MatchString(refusal.Message):
		return &problem{checkRegion, fmt.Sprintf("has no region %s (%s)", region, said), "check world.regions"}
	}
	return &problem{checkAPI, fmt.Sprintf("refuses %s, without which nothing can be tested, in region %s to %s (%s)", api.listing, region, who, said), ""}
}

// unreachable says why no HTTP answer came.
func unreachable(err error, show func(string) string) *problem {
	said := show(err.Error())
	var (
		dns     *net.DNSError
		record  tls.RecordHeaderError
		cert    *tls.CertificateVerificationError
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		timeout net.Error
		spent   *guard.SpentError
	)
	switch {
	case errors.As(err, &spent):
		return &problem{checkAPI, "not asked: " + spent.Error(), "raise requests in the configuration"}
	case errors.As(err, &dns):
		return &problem{checkDNS, fmt.Sprintf("unreachable: the name %s is not known to the resolver", show(dns.Name)), "check the URL"}
	case errors.As(err, &cert), errors.As(err, &unknown), errors.As(err, &name):
		return &problem{checkTLS, fmt.Sprintf("unreachable: its TLS certificate is not trusted (%s)", said), "check the URL, or add its authority to the system's"}
	case errors.As(err, &record), strings.Contains(err.Error(), "tls: "), strings.Contains(err.Error(), "HTTP response to HTTPS client"):
		return &problem{checkTLS, fmt.Sprintf("unreachable: no TLS there (%s)", said), "check whether the URL must begin with http"}
	case errors.Is(err, syscall.ECONNREFUSED):
		return &problem{checkTCP, "unreachable: the connection is refused", "check that the target runs and listens there"}
	case errors.Is(err, context.Canceled):
		return &problem{checkAPI, "interrupted before it answered", ""}
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return &problem{checkTCP, fmt.Sprintf("unreachable: no answer in time, %s at most", preflightWait), "check the address and what stands between"}
	}
	return &problem{checkTCP, "unreachable: " + said, ""}
}
