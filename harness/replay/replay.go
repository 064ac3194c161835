package replay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/evidence"
	"github.com/kpspec/kpspec/harness/ledger"
	"github.com/kpspec/kpspec/harness/plain"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/wire"
)

// Options say what to replay, and where.
type Options struct {
	Rule  report.Rule   // from the report
	World world.World   // with the identities that sent the requests
	Place *target.Place // where to send; nil sends nothing
	// ECS and SWAS are the addresses that the lines for a shell name.
	ECS, SWAS string
	Timeout   time.Duration // of one request; zero is the client's default
	Out       io.Writer
}

// Run prints the recorded requests of the rule, spec by spec, each with its lines
// for a shell, and sends them again unless there is no place to send them to. The
// error is about what could not be removed, or printed; an answer that is not
// like the recorded one is none.
func Run(ctx context.Context, o Options) error {
	p := &player{
		Options: o, ctx: wire.WithRule(ctx, o.Rule.ID), clients: map[sender]*wire.Client{},
		sent: nonces{}, typed: nonces{}, there: map[ledger.Entry]bool{},
	}
	p.tell("%s  %s  %s", o.Rule.ID, o.Rule.Level, o.Rule.Verdict)
	p.tell("%s", plain.Text(o.Rule.Statement))
	for _, spec := range o.Rule.Specs {
		if len(spec.Exchanges) == 0 {
			continue
		}
		p.tell("\nspec %s", plain.Text(spec.Text))
		own := slices.IndexFunc(spec.Exchanges, func(x evidence.Exchange) bool { return !x.Earlier })
		if own >= 0 && spec.Exchanges[own].Seq > 1 {
			p.tell("     %d earlier requests of this spec are not in the report", spec.Exchanges[own].Seq-1)
		}
		for _, group := range together(spec.Exchanges) {
			p.play(group)
		}
	}
	return errors.Join(p.broken, p.clear())
}

// player is one replay.
type player struct {
	Options
	ctx     context.Context
	clients map[sender]*wire.Client
	sent    nonces // of what is sent
	typed   nonces // of the lines for a shell
	broken  error  // of Out
	ledger  ledger.Ledger
	there   map[ledger.Entry]bool // key pairs and bindings that were looked for, and whether they were there before
}

// sender is who a request is sent as, and where.
type sender struct{ base, account, identity string }

// nonces are new nonces for recorded ones: what was shared stays shared.
type nonces map[string]string

func (n nonces) of(recorded string) string {
	if recorded == "" {
		return ""
	}
	if n[recorded] == "" {
		n[recorded] = uuid.NewString()
	}
	return n[recorded]
}

// together groups exchanges that were under way at the same time.
func together(all []evidence.Exchange) [][]evidence.Exchange {
	var groups [][]evidence.Exchange
	var end time.Time // of the last group
	for _, x := range all {
		if len(groups) > 0 && x.Started.Before(end) {
			groups[len(groups)-1] = append(groups[len(groups)-1], x)
		} else {
			groups = append(groups, []evidence.Exchange{x})
		}
		if until := x.Started.Add(x.Duration); until.After(end) {
			end = until
		}
	}
	return groups
}

// step is a recorded request on its way.
type step struct {
	evidence.Exchange
	call   wire.Call
	unsent error // why it cannot be sent
	answer *wire.Answer
}

// play sends the requests of a group at the same time, and tells of them in
// their order.
func (p *player) play(group []evidence.Exchange) {
	var wg sync.WaitGroup
	steps := make([]*step, len(group))
	var made []ledger.Entry
	for i, x := range group {
		s := &step{Exchange: x}
		steps[i] = s
		s.call, s.unsent = CallOf(x)
		if s.unsent == nil {
			s.unsent = p.allows(s)
		}
		if s.unsent == nil && p.Place != nil {
			client, err := p.client(p.address(x.Product), x)
			if s.unsent = err; err == nil {
				call := s.call
				call.Nonce = p.sent.of(call.Nonce)
				made = append(made, p.note(s)...)
				wg.Go(func() { s.answer = client.Do(p.ctx, call) })
			}
		}
	}
	wg.Wait()
	p.strike(made, steps)
	for i, s := range steps {
		p.show(s, i > 0)
	}
}

// address is where requests of a product are sent.
func (p *player) address(product string) string {
	if product == "SWAS" {
		return p.Place.SWAS
	}
	return p.Place.ECS
}

// client sends to an address as the identity of the exchange.
func (p *player) client(base string, x evidence.Exchange) (*wire.Client, error) {
	as := sender{base, x.Account, x.Identity}
	if c := p.clients[as]; c != nil {
		return c, nil
	}
	if base == "" {
		return nil, fmt.Errorf("the target has no address for %s", x.Product)
	}
	id, err := p.identity(x)
	if err != nil {
		return nil, err
	}
	options := []wire.Option{wire.WithUserAgent(wire.UserAgent() + " replay"), wire.WithSender(x.Product, x.Account)}
	if p.Place != nil {
		options = append(options, wire.WithGate(p.Place.Gate))
	}
	if p.Timeout > 0 {
		options = append(options, wire.WithTimeout(p.Timeout))
	}
	c, err := wire.NewClient(base, id, options...)
	if err == nil {
		p.clients[as] = c
	}
	return c, err
}

// identity is the identity that sent the exchange.
func (p *player) identity(x evidence.Exchange) (world.Identity, error) {
	account, ok := p.account(x.Account)
	if !ok {
		return world.Identity{}, fmt.Errorf("the world has no account %s", plain.Text(x.Account))
	}
	id, ok := account.Identity(x.Identity)
	if !ok {
		return world.Identity{}, fmt.Errorf("the world has no identity %q in account %s", plain.Text(x.Identity), account.ID)
	}
	return id, nil
}

func (p *player) account(id string) (world.Account, bool) {
	for _, a := range p.World.Accounts {
		if a.ID == id {
			return a, true
		}
	}
	return world.Account{}, false
}

// show tells of one request: what came then and now, and its lines for a shell.
func (p *player) show(s *step, meanwhile bool) {
	head := fmt.Sprintf("\n#%d %s of %s as %q of account %s", s.Seq, cmp.Or(plain.Text(s.Action), "a request without an action"),
		plain.Text(s.Product), plain.Text(s.Identity), plain.Text(s.Account))
	if words := wire.Shape(s.Shape).Description(); words != "" {
		head += ", " + words
	}
	if s.Fault != "" {
		head += ", with the fault " + plain.Text(s.Fault)
	}
	if s.Earlier {
		head += ", sent by an earlier spec"
	}
	if meanwhile {
		head += ", at the same time as the one before"
	}
	p.tell("%s", head)
	p.tell("  recorded  %s", recorded(s.Exchange))
	switch {
	case s.unsent != nil:
		p.tell("  not sent  %s", plain.Text(s.unsent.Error()))
		return
	case s.answer != nil:
		p.tell("  now       %s", now(s.answer))
	}
	if s.answer != nil && len(s.answer.Body) > 0 {
		p.tell("  answer    %s", plain.Text(evidence.Excerpt(s.answer.Header.Get("Content-Type"), s.answer.Body, excerpt, p.World.Secrets()...)))
	}
	if p.base(s) == "" {
		p.tell("  # no lines for a shell: the target has no address for %s", plain.Text(s.Product))
		return
	}
	p.lines(s)
}

// base is the address that the lines for a shell name.
func (p *player) base(s *step) string {
	if s.Product == "SWAS" {
		return p.SWAS
	}
	return p.ECS
}

// lines prints the request as a curl line and as one of the aliyun CLI.
func (p *player) lines(s *step) {
	id, err := p.identity(s.Exchange)
	var line, needs string
	if err == nil {
		line, needs, err = p.curl(s, id)
	}
	if err != nil {
		p.tell("  # no curl line: %s", plain.Text(err.Error()))
	} else {
		if needs != "" {
			p.tell("  # %s must hold the security token of %q", needs, plain.Text(s.Identity))
		}
		p.tell("  %s", line)
	}
	if line, err = Aliyun(s.Product, p.base(s), s.call); err != nil {
		p.tell("  # %s", plain.Text(err.Error()))
	} else {
		p.tell("  %s", line)
	}
}

func (p *player) curl(s *step, id world.Identity) (line, needs string, err error) {
	client, err := p.client(p.base(s), s.Exchange)
	if err != nil {
		return "", "", err
	}
	call := s.call
	call.Nonce = p.typed.of(call.Nonce)
	req, err := client.Request(p.ctx, call)
	if err != nil {
		return "", "", err
	}
	return Curl(req, id.SecurityToken)
}

// tell prints a line, without what the world has of secrets: whatever a target
// has answered, nobody shall read them here.
func (p *player) tell(format string, args ...any) {
	_, err := fmt.Fprintln(p.Out, evidence.Without(fmt.Sprintf(format, args...), p.World.Secrets()...))
	p.broken = errors.Join(p.broken, err)
}

// excerpt is about how many bytes of an answer are shown.
const excerpt = 300

// code finds the code of a refusal in a body as it is shown.
var code = regexp.MustCompile(`"Code":"([^"]{1,100})"|<Code>([^<]{1,100})</Code>`)

// recorded is the status and code of the recorded answer.
func recorded(x evidence.Exchange) string {
	if x.Response == nil {
		return cmp.Or(plain.Text(x.Error), "no answer")
	}
	_, status, _ := strings.Cut(x.Response.Line, " ")
	status, _, _ = strings.Cut(status, " ")
	if m := code.FindStringSubmatch(x.Response.Body); m != nil && !strings.HasPrefix(status, "2") {
		status += " " + m[1] + m[2]
	}
	return plain.Text(status)
}

// now is the status and code of an answer, as recorded says them.
func now(a *wire.Answer) string {
	if a.Status == 0 {
		return plain.Text(a.String())
	}
	status := fmt.Sprint(a.Status)
	if refusal, _ := a.Refusal(); refusal.Code != "" && a.Status/100 != 2 { // as far as it is one
		status += " " + evidence.Text(refusal.Code)
	}
	return plain.Text(status)
}
