package target_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/guard"
	"github.com/kpspec/kpspec/harness/target"
)

// place is where a target of this config is, or the error that it is refused with.
func place(t *testing.T, c target.Config) (target.Place, error) {
	t.Helper()
	if c.World == nil && c.Target == target.Endpoint {
		w := world.Default()
		c.World = &w
	}
	tg, err := target.New(c, "")
	if err != nil || c.Target != target.Endpoint {
		return target.Place{}, err
	}
	return tg.Start(t.Context())
}

func TestAnEndpointThatIsNotHereNeedsAWord(t *testing.T) {
	t.Setenv("KPSPEC_TEST_URL", "https://emulator.example")
	w := world.Default()
	consent := guard.Consent{Account: w.Accounts[0].ID, Region: w.Regions[0]}
	accepted := consent
	accepted.Costs = guard.Accepted
	other := consent
	other.Account = w.Accounts[1].ID
	for what, tt := range map[string]struct {
		endpoints target.Endpoints
		consent   *guard.Consent
		want      string
	}{
		"here":                     {target.Endpoints{ECS: "http://localhost:1", SWAS: "http://[::1]:1"}, nil, ""},
		"elsewhere":                {target.Endpoints{ECS: "http://localhost:1", SWAS: "http://emulator.example"}, nil, "http://emulator.example is not on this machine"},
		"elsewhere, by a variable": {target.Endpoints{ECS: "env:KPSPEC_TEST_URL"}, nil, "https://emulator.example is not on this machine"},
		"elsewhere, with a word":   {target.Endpoints{ECS: "env:KPSPEC_TEST_URL"}, &consent, ""},
		"another account":          {target.Endpoints{ECS: "env:KPSPEC_TEST_URL"}, &other, "guard.account is"},
		"cloud":                    {target.Endpoints{ECS: "https://ecs.aliyuncs.com"}, &consent, "costs: accepted"},
		"cloud, costs accepted":    {target.Endpoints{ECS: "https://ecs.aliyuncs.com"}, &accepted, ""},
	} {
		t.Run(what, func(t *testing.T) {
			_, err := place(t, target.Config{Target: target.Endpoint, Endpoints: tt.endpoints, Guard: tt.consent})
			if tt.want == "" {
				NewWithT(t).Expect(err).NotTo(HaveOccurred())
				return
			}
			NewWithT(t).Expect(err).To(MatchError(ContainSubstring(tt.want)))
		})
	}
}

func TestWhatAnEndpointGetsThatIsNotHere(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	w := world.Default()
	yes, rate, requests := true, 2.0, 7
	here := target.Config{Target: target.Endpoint, Endpoints: target.Endpoints{ECS: "http://127.0.0.1:1"}}
	far := here
	far.Endpoints.SWAS, far.Guard = "http://emulator.example", &guard.Consent{Account: w.Accounts[0].ID, Region: w.Regions[0]}

	p, err := place(t, here)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(p.Gate.Limits()).To(BeZero())
	g.Expect(p.SpareServers).To(BeFalse())
	p, err = place(t, far)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(p.Gate.Limits()).To(Equal(guard.Limits{Rate: guard.DefaultRate}))
	g.Expect(p.SpareServers).To(BeTrue())
	g.Expect(p.Quota).To(BeFalse())
	far.Servers, far.Rate, far.Requests = &yes, &rate, &requests
	p, err = place(t, far)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(p.Gate.Limits()).To(Equal(guard.Limits{Requests: 7, Rate: 2}))
	g.Expect(p.SpareServers).To(BeFalse())

	none, nothing := 0, 0.0
	_, err = place(t, target.Config{Requests: &none})
	g.Expect(err).To(MatchError(HavePrefix("requests: must be a number greater than zero")))
	_, err = place(t, target.Config{Rate: &nothing})
	g.Expect(err).To(MatchError(HavePrefix("rate: must be a number greater than zero")))
}

func TestAPreflightBeyondTheBudgetSaysSo(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	arrived := 0
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived++ }))
	defer s.Close()
	p := target.Place{ECS: s.URL, World: world.Default(), Gate: guard.NewGate(guard.Limits{Requests: 1})}
	g.Expect(target.Preflight(t.Context(), p)).To(MatchError("ECS at " + s.URL + ": not asked: the budget of 1 requests is used up (requests in the configuration); raise requests in the configuration"))
	g.Expect(arrived).To(Equal(1))
}
