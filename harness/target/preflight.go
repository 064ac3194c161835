package target

import (
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
	type question struct {
		account int
		region  string
	}
	var questions []question
	for i := range min(2, len(p.World.Regions)) {
		questions = append(questions, question{0, p.World.Regions[i]})
	}
	if len(p.World.Accounts) > 1 && len(p.World.Regions) > 0 {
		questions = append(questions, question{1, p.World.Regions[0]})
	}
	// One connection for all questions: some servers take one at a time.
	transport := wire.NewTransport()
	defer transport.CloseIdleConnections()
	options = append([]wire.Option{wire.WithTransport(transport), wire.WithGate(p.Gate)}, options...)
	shape := ShapeOf(ctx, p, options...)
	for _, api := range products(p) {
		if api.url == "" {
			continue
		}
		for _, q := range questions {
			identity := p.World.Accounts[q.account].Identities[0]
			client, err := wire.NewClient(api.url, identity, options...)
			if err != nil {
				return fmt.Errorf("%s at %s: %s", api.name, api.url, oneLine(err.Error()))
			}
			answer := client.Do(ctx, api.question(q.region, shape))
			who := fmt.Sprintf("account %s, identity %q", p.World.Accounts[q.account].ID, identity.Name)
			if err := api.judge(answer, q.region, who, hider(p.World)); err != nil {
				return fmt.Errorf("%s at %s: %w", api.name, api.url, err)
			}
		}
	}
	return nil
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
			answer := client.Do(ctx, api.question(p.World.Regions[0], shape))
			if object, err := answer.Object(); err == nil && answer.Status == 200 && api.lists(object) {
				return shape
			}
			if answer.Status < http.StatusBadRequest || time.Since(started) > shapeWait+p.Gate.Wait(len(wire.Shapes)) {
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
		r := []rune(replacer.Replace(oneLine(s)))
		if len(r) > most {
			r = append(r[:most], []rune("...")...)
		}
		return strings.Map(func(r rune) rune {
			if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
				return '?'
			}
			return r
		}, string(r))
	}
}

var (
	credentialCode = regexp.MustCompile(`Signature|AccessKey|SecurityToken|NoPermission|Forbidden`)
	clockCode      = regexp.MustCompile(`(?i)timestamp`)
	regionText     = regexp.MustCompile(`(?i)region`)
)

// judge says what an answer to the listing means.
func (api product) judge(a *wire.Answer, region, who string, show func(string) string) error {
	if a.Err != nil {
		return unreachable(a.Err, show)
	}
	if a.Status == 200 {
		object, err := a.Object()
		if err != nil {
			return fmt.Errorf("not %s: it answers 200 without a JSON object (%s); check the URL", api.kind, show(err.Error()))
		}
		if !api.lists(object) {
			return fmt.Errorf("not %s, or one without %s: it answers 200 without %s; check the URL", api.kind, api.listing, api.form)
		}
		return nil
	}
	refusal, err := a.Refusal()
	if err != nil {
		return fmt.Errorf("not %s: it answers %d without an error envelope (%s); check the URL", api.kind, a.Status, show(err.Error()))
	}
	said := show(fmt.Sprintf("%d %s: %s", refusal.Status, refusal.Code, refusal.Message))
	switch {
	case clockCode.MatchString(refusal.Code):
		return fmt.Errorf("refuses the time of the request (%s); set the clock of this machine or of the target", said)
	case credentialCode.MatchString(refusal.Code):
		return fmt.Errorf("refuses the credentials of %s (%s); check the access key, its secret and its permissions in world.accounts", who, said)
	case strings.HasPrefix(refusal.Code, "InvalidRegionId"), regionText.MatchString(refusal.Message):
		return fmt.Errorf("has no region %s (%s); check world.regions", region, said)
	}
	return fmt.Errorf("refuses %s, without which nothing can be tested, in region %s to %s (%s)", api.listing, region, who, said)
}

// unreachable says why no HTTP answer came.
func unreachable(err error, show func(string) string) error {
	said := show(err.Error())
	var (
		dns     *net.DNSError
		record  tls.RecordHeaderError
		cert    *tls.CertificateVerificationError
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		timeout net.Error
	)
	switch {
	case errors.As(err, &dns):
		return fmt.Errorf("unreachable: the name %s is not known to the resolver; check the URL", show(dns.Name))
	case errors.As(err, &cert), errors.As(err, &unknown), errors.As(err, &name):
		return fmt.Errorf("unreachable: its TLS certificate is not trusted (%s); check the URL, or add its authority to the system's", said)
	case errors.As(err, &record), strings.Contains(err.Error(), "tls: "), strings.Contains(err.Error(), "HTTP response to HTTPS client"):
		return fmt.Errorf("unreachable: no TLS there (%s); check whether the URL must begin with http", said)
	case errors.Is(err, syscall.ECONNREFUSED):
		return errors.New("unreachable: the connection is refused; check that the target runs and listens there")
	case errors.Is(err, context.Canceled):
		return errors.New("interrupted before it answered")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("unreachable: no answer in time, %s at most; check the address and what stands between", preflightWait)
	}
	return fmt.Errorf("unreachable: %s", said)
}
