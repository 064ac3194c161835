package patience

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/wire"
)

// clocked is a patience whose clock moves by what it waits only.
func clocked(l Limits) (p *Patience, pass func(time.Duration)) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	p = New(l)
	p.now = func() time.Time { return now }
	p.sleep = func(ctx context.Context, d time.Duration) error {
		now = now.Add(d)
		return ctx.Err()
	}
	return p, func(d time.Duration) { now = now.Add(d) }
}

var (
	create  = wire.Call{Action: "ImportKeyPair", Version: "2014-05-26"}
	read    = wire.Call{Action: "DescribeKeyPairs", Version: "2014-05-26"}
	patient = Limits{Retry: time.Hour, First: time.Second, Consistency: 5 * time.Second}
)

// answers are those that come, one after the other; the last one comes again and again. "" is a connection that is closed.
func answers(t *testing.T, bodies ...string) (send func(wire.Call) func() *wire.Answer, sent func() int) {
	t.Helper()
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := bodies[min(int(requests.Add(1)), len(bodies))-1]
		if body == "" {
			panic(http.ErrAbortHandler)
		}
		status := map[byte]int{'2': 200, '4': 400, '5': 500, '3': 503}[body[0]]
		if body[0] == 'k' {
			w.Header().Set(Header, "clock-skew")
			status = 400
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"RequestId":"r","Code":"` + body[1:] + `","Message":"m"}`))
	}))
	t.Cleanup(server.Close)
	client, err := wire.NewClient(server.URL, world.Default().Accounts[0].Identities[0])
	if err != nil {
		t.Fatal(err)
	}
	return func(call wire.Call) func() *wire.Answer {
		return func() *wire.Answer { return client.Do(t.Context(), call) }
	}, func() int { return int(requests.Load()) }
}

func TestWhatIsSentAgain(t *testing.T) {
	for name, tt := range map[string]struct {
		call       wire.Call
		safe, once bool
		answers    []string
		kind       Kind
		tries      int
	}{
		"a success":                      {create, false, false, []string{"2"}, Fair, 1},
		"a refusal":                      {create, false, false, []string{"4InvalidKeyPairName.Malformed"}, Fair, 1},
		"an internal error":              {create, false, false, []string{"5InternalError"}, Fair, 1},
		"503":                            {create, false, false, []string{"3ServiceUnavailable", "2"}, Fair, 2},
		"throttling":                     {create, false, false, []string{"4Throttling.User", "4Throttling", "2"}, Fair, 3},
		"503 to the end":                 {create, false, false, []string{"3X"}, Refused, Tries},
		"503 to one of many":             {create, false, true, []string{"3X", "2"}, Refused, 1},
		"a creation without an answer":   {create, false, false, []string{"", "2"}, Lost, 1},
		"one that is looked at":          {create, true, false, []string{"", "2"}, Fair, 2},
		"a list without an answer":       {read, false, false, []string{"", "", "2"}, Fair, 3},
		"a clock wrong on purpose":       {read, false, false, []string{"kInvalidTimeStamp.Expired", "2"}, Fair, 2},
		"a clock wrong by itself":        {read, false, false, []string{"4InvalidTimeStamp.Expired", "2"}, Fair, 1},
		"a refusal beside a wrong clock": {read, false, false, []string{"kForbidden", "2"}, Fair, 1},
		"a stale call and a wrong clock": {wire.Call{Action: "ImportKeyPair", Break: wire.StaleClock}, false, false, []string{"kX", "2"}, Lost, 1},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			p, _ := clocked(patient)
			send, sent := answers(t, tt.answers...)
			r := p.Ask(t.Context(), tt.call, tt.safe, tt.once, send(tt.call))
			g.Expect(r.Kind).To(Equal(tt.kind), "%s", r.Answer)
			g.Expect(r.Tries).To(Equal(tt.tries))
			g.Expect(sent()).To(Equal(tt.tries))
			g.Expect(p.Total().Sent()).To(Equal(tt.tries - 1))
			g.Expect(r.What == "").To(Equal(tt.kind == Fair && tt.tries == 1))
		})
	}
}

func TestNothingIsSentAgainWithoutABudget(t *testing.T) {
	g := NewWithT(t)
	p, _ := clocked(Limits{})
	send, sent := answers(t, "3X", "2")
	g.Expect(p.Ask(t.Context(), read, true, false, send(read)).Kind).To(Equal(Refused))
	g.Expect(sent()).To(Equal(1))
	g.Expect(p.Again(t.Context(), 1)).To(BeFalse())
	g.Expect(p.Total().Nothing()).To(BeTrue())
}

func TestTheBudgetIsThatOfAllWaits(t *testing.T) {
	g := NewWithT(t)
	l := patient
	l.Retry = 10 * time.Second
	p, _ := clocked(l)
	send, _ := answers(t, "3X")
	for range 20 {
		p.Ask(t.Context(), wire.Call{Action: "Describe"}, true, false, send(read))
		p.rest("Describe")
	}
	g.Expect(p.Total().Waited).To(And(BeNumerically(">", 8*time.Second), BeNumerically("<=", l.Retry)))

	shared := Sharing(patient, p.Spend)
	shared.sleep = p.sleep
	g.Expect(shared.Again(t.Context(), 5)).To(BeFalse(), "it is used up")
}

func TestWaitsGrow(t *testing.T) {
	g := NewWithT(t)
	var waits []time.Duration
	p := New(patient)
	p.sleep = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
	send, _ := answers(t, "3X")
	p.Ask(t.Context(), read, true, false, send(read))
	g.Expect(waits).To(HaveLen(Tries - 1))
	for i, d := range waits[:4] {
		whole := time.Second << i
		g.Expect(d).To(BeNumerically("~", whole, whole/2))
	}
	g.Expect(slices.Max(waits)).To(BeNumerically("<=", longestWait*3/2))
}

func TestATargetMayAskForALongerWait(t *testing.T) {
	for after, want := range map[string]time.Duration{
		"30":                            30 * time.Second,
		"Thu, 01 Jan 2026 00:00:40 GMT": 40 * time.Second,
		"0":                             0,
		"-5":                            0,
		"soon":                          0,
		"99999999999999999999":          0,
		"Wed, 31 Dec 2025 00:00:00 GMT": 0,
	} {
		t.Run(after, func(t *testing.T) {
			g := NewWithT(t)
			p, _ := clocked(patient)
			asked := 0
			send := func() *wire.Answer {
				if asked++; asked > 1 {
					return &wire.Answer{Status: 200}
				}
				return &wire.Answer{Status: 503, Header: http.Header{"Retry-After": {after}}}
			}
			g.Expect(p.Ask(t.Context(), read, true, false, send).Kind).To(Equal(Fair))
			usual := patient.First * 3 / 2
			g.Expect(p.Total().Waited).To(And(BeNumerically(">=", want), BeNumerically("<=", max(want, usual))))
		})
	}
	g := NewWithT(t)
	p, _ := clocked(patient)
	r := p.Ask(t.Context(), read, true, false, func() *wire.Answer {
		return &wire.Answer{Status: 503, Header: http.Header{"Retry-After": {"86400"}}}
	})
	g.Expect(r.Kind).To(Equal(Refused))
	g.Expect(r.Tries).To(Equal(1), "a day is more than the budget has")
	g.Expect(p.Total().Waited).To(BeZero())
}

func TestATargetThatIsDownIsNotAskedAgainAndAgain(t *testing.T) {
	g := NewWithT(t)
	p, _ := clocked(patient)
	send, sent := answers(t, "3X")
	for range 10 {
		p.Ask(t.Context(), create, false, false, send(create))
	}
	g.Expect(sent()).To(Equal(usedUp*Tries + 7))
	other := wire.Call{Action: "CreateKeyPair"}
	g.Expect(p.Ask(t.Context(), other, false, false, send(other)).Tries).To(Equal(1), "nor for anything else")
	g.Expect(p.Again(t.Context(), 1)).To(BeFalse())
	send, sent = answers(t, "2", "3X", "2")
	p.Ask(t.Context(), read, false, false, send(read))
	g.Expect(p.Ask(t.Context(), create, false, false, send(create)).Kind).To(Equal(Refused), "that it lists is no sign that it creates")
	p.Ask(t.Context(), create, false, false, send(create))
	g.Expect(sent()).To(Equal(3))
	send, sent = answers(t, "3X", "2")
	p.Ask(t.Context(), create, false, false, send(create))
	g.Expect(sent()).To(Equal(2), "it is back")

	for range usedUp {
		g.Expect(p.Again(t.Context(), SpecTries)).To(BeFalse())
	}
	g.Expect(p.Again(t.Context(), 1)).To(BeFalse())
	p.Recovered()
	g.Expect(p.Again(t.Context(), 1)).To(BeTrue())
	g.Expect(p.Total().Specs).To(Equal(1))
}

func TestATargetThatDoesNotAnswerIsGivenUp(t *testing.T) {
	g := NewWithT(t)
	p, _ := clocked(patient)
	send, sent := answers(t, "")
	p.Ask(t.Context(), read, false, false, send(read))
	g.Expect(p.Gone()).To(BeTrue())
	g.Expect(sent()).To(BeNumerically("<=", silence))
	p.Forgive()
	g.Expect(p.Gone()).To(BeFalse())

	strict, _ := clocked(Limits{})
	for i := range 3 {
		g.Expect(strict.Gone()).To(BeFalse(), "after %d", i)
		strict.Ask(t.Context(), read, false, false, send(read))
	}
	g.Expect(strict.Gone()).To(BeTrue())

	nobody, err := wire.NewClient("http://127.0.0.1:1", world.Default().Accounts[0].Identities[0])
	g.Expect(err).NotTo(HaveOccurred())
	p.Forgive()
	r := p.Ask(t.Context(), read, true, false, func() *wire.Answer { return nobody.Do(t.Context(), read) })
	g.Expect(r.Kind).To(Equal(Absent))
	g.Expect(r.Tries).To(Equal(1))
}

func TestAnInterruptCutsAWait(t *testing.T) {
	g := NewWithT(t)
	p := New(patient)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	send, sent := answers(t, "3X")
	p.Ask(ctx, read, true, false, send(read))
	g.Expect(sent()).To(Equal(1))
	g.Expect(p.Again(ctx, 1)).To(BeFalse())
}

// shows is a read that agrees after so many looks.
func shows(changed time.Time, after int) (func() (time.Time, bool), *int) {
	looks := 0
	return func() (time.Time, bool) { looks++; return changed, looks > after }, &looks
}

func TestAReadWaitsUntilAChangeShows(t *testing.T) {
	g := NewWithT(t)
	p, _ := clocked(patient)
	began := p.now()
	read, looks := shows(began, 3)
	g.Expect(p.Await(t.Context(), read)).To(BeFalse())
	g.Expect(*looks).To(Equal(4))
	met := p.Total()
	g.Expect(met.Lags).To(Equal(1))
	g.Expect(met.Longest).To(Equal(p.now().Sub(began)))
	g.Expect(met.Lagged).To(Equal(met.Longest))

	// From now on what should not be there is not looked for too soon.
	changed := p.now()
	p.Settle(t.Context(), changed)
	g.Expect(p.now().Sub(changed)).To(Equal(3 * met.Longest))
	p.Settle(t.Context(), changed)
	g.Expect(p.now().Sub(changed)).To(Equal(3*met.Longest), "once is enough")
	g.Expect(p.Hasty()).To(BeFalse())
}

func TestWhatNeverShowsIsEvidence(t *testing.T) {
	g := NewWithT(t)
	p, _ := clocked(patient)
	for range inVain {
		began := p.now()
		read, _ := shows(began, 1000)
		g.Expect(p.Await(t.Context(), read)).To(BeTrue())
		g.Expect(p.now().Sub(began)).To(Equal(patient.Consistency))
	}
	g.Expect(p.Awaits()).To(BeFalse())
	read, looks := shows(p.now(), 1)
	g.Expect(p.Await(t.Context(), read)).To(BeFalse())
	g.Expect(*looks).To(Equal(1), "nothing is waited for any more")

	p, pass := clocked(patient)
	changed := p.now()
	pass(patient.Consistency)
	read, looks = shows(changed, 1)
	g.Expect(p.Await(t.Context(), read)).To(BeTrue())
	g.Expect(*looks).To(Equal(1), "it must show by now")
	g.Expect(p.Total().Nothing()).To(BeTrue())
}

func TestWhatWasLookedForTooSoonIsTold(t *testing.T) {
	g := NewWithT(t)
	p, pass := clocked(patient)
	p.Begin()
	changed := p.now()
	pass(time.Millisecond)
	p.Settle(t.Context(), changed) // no lag is known yet
	read, _ := shows(p.now(), 3)
	p.Await(t.Context(), read)
	g.Expect(p.Hasty()).To(BeTrue())
	p.Begin()
	g.Expect(p.Hasty()).To(BeFalse())
}

func TestWhatIsMetIsAddedUp(t *testing.T) {
	g := NewWithT(t)
	p, _ := clocked(patient)
	send, _ := answers(t, "3X", "2")
	p.Ask(t.Context(), read, false, false, send(read))
	first := p.Lately()
	g.Expect(first.Requests).To(Equal(map[string]int{"503 X": 1}))
	g.Expect(p.Lately().Nothing()).To(BeTrue())
	p.Again(t.Context(), 1)
	sum := first
	sum.Add(p.Lately())
	g.Expect(sum).To(Equal(p.Total()))
}
