package weather_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"
	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/sshkeys"
	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/reference"
	"github.com/kpspec/kpspec/reference/weather"
)

// stage is a reference in bad weather, behind a real socket, with a clock that only the test moves.
type stage struct {
	t       *testing.T
	weather *weather.Weather
	url     string

	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
	nonce int
}

func newStage(t *testing.T, kinds string) *stage {
	t.Helper()
	s := &stage{t: t, now: time.Now()}
	s.weather = weather.New(forecast(t, kinds), weather.Config{Clock: s.clock, Sleep: s.sleep})
	api, err := reference.New(world.Default(), reference.Options{PoolSize: -1, Clock: s.weather.Now, Change: s.weather.Into})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.weather.Before(api))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// forecast reads kinds; its seed is always 42.
func forecast(t *testing.T, kinds string) weather.Forecast {
	t.Helper()
	f := weather.Forecast{Seed: 42}
	if kinds != "" {
		if err := f.Add(kinds); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func (s *stage) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// sleep notes for how long, and does not sleep.
func (s *stage) sleep(_ context.Context, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slept = append(s.slept, d)
}

// pass lets time pass.
func (s *stage) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// answer is what came back; after a reset, err alone.
type answer struct {
	status int
	header http.Header
	body   string
	Code   string
	Names  []string // of the pairs in a list of ECS
	err    error
}

func (a answer) weather() string { return a.header.Get(weather.Header) }

// ask sends a request for an operation of ECS, signed now by the first identity of the world.
func (s *stage) ask(action string, params map[string]string) answer {
	return s.send("2014-05-26", action, params, func(*http.Request) {})
}

func (s *stage) send(version, action string, params map[string]string, change func(*http.Request)) answer {
	s.t.Helper()
	s.nonce++
	query := url.Values{"RegionId": {"cn-hangzhou"}}
	for name, value := range params {
		query.Set(name, value)
	}
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+"/?"+query.Encode(), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	signed := &dara.Request{
		Method: dara.String(http.MethodGet), Pathname: dara.String("/"),
		Query: map[string]*string{}, Headers: map[string]*string{"host": &r.Host},
	}
	for name := range query {
		signed.Query[name] = dara.String(query.Get(name))
	}
	for name, value := range map[string]string{
		"x-acs-action": action, "x-acs-version": version, "x-acs-content-sha256": empty,
		"x-acs-date": s.clock().UTC().Format(time.RFC3339), "x-acs-signature-nonce": fmt.Sprint("nonce-", s.nonce),
	} {
		r.Header.Set(name, value)
		signed.Headers[name] = &value
	}
	owner := world.Default().Accounts[0].Identities[0]
	r.Header.Set("Authorization", dara.StringValue(utils.GetAuthorization(
		signed, dara.String("ACS3-HMAC-SHA256"), dara.String(empty), &owner.AccessKeyID, &owner.AccessKeySecret)))
	change(r)
	return receive(r)
}

// transport does not send a request again by itself, as it would after a reset of a connection that was used before.
var transport = &http.Transport{DisableKeepAlives: true}

func receive(r *http.Request) (a answer) {
	res, err := transport.RoundTrip(r)
	if err != nil {
		return answer{err: err}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	a = answer{status: res.StatusCode, header: res.Header, body: string(body), err: err}
	var members struct {
		Code     string
		KeyPairs struct {
			KeyPair []struct{ KeyPairName string }
		}
	}
	if json.Unmarshal(body, &members) == nil {
		a.Code = members.Code
		for _, p := range members.KeyPairs.KeyPair {
			a.Names = append(a.Names, p.KeyPairName)
		}
	}
	return a
}

func (s *stage) imports(name string) answer {
	s.t.Helper()
	return s.ask("ImportKeyPair", map[string]string{"KeyPairName": name, "PublicKeyBody": sshkeys.RSA2048.Line})
}

func (s *stage) deletes(name string) answer {
	s.t.Helper()
	return s.ask("DeleteKeyPairs", map[string]string{"KeyPairNames": `["` + name + `"]`})
}

// lists is what ECS lists.
func (s *stage) lists() answer {
	s.t.Helper()
	return s.ask("DescribeKeyPairs", map[string]string{"PageSize": "50"})
}

func TestFairWeatherLeavesNoTrace(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := newStage(t, "")
	a := s.imports("fair")
	g.Expect(a.status).To(Equal(200))
	g.Expect(a.header).NotTo(HaveKey(weather.Header))
	g.Expect(s.slept).To(BeEmpty())
}

func TestLatency(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := newStage(t, "latency=50ms")
	a := s.imports("late")
	g.Expect(a.status).To(Equal(200))
	g.Expect(a.weather()).To(Equal("latency"))
	g.Expect(s.slept).To(Equal([]time.Duration{50 * time.Millisecond}))

	s.weather.Set(forecast(t, "latency=10ms..90ms"))
	s.slept = nil
	for range 100 {
		s.lists()
	}
	g.Expect(s.slept).To(HaveEach(And(BeNumerically(">=", 10*time.Millisecond), BeNumerically("<=", 90*time.Millisecond))))
	var sum time.Duration
	for _, d := range s.slept {
		sum += d
	}
	g.Expect(sum / 100).To(BeNumerically("~", 50*time.Millisecond, 8*time.Millisecond))
	g.Expect(slices.Compact(slices.Clone(s.slept))).To(HaveLen(100), "each request has its own")
}

// The seed decides which requests are met: these numbers are always the same.
func TestThrottling(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := newStage(t, "throttling=5%")
	codes := map[string]int{}
	for range 1000 {
		a := s.lists()
		codes[a.Code]++
		if a.Code == "" {
			g.Expect(a.header).NotTo(HaveKey(weather.Header))
			continue
		}
		g.Expect(a.status).To(Equal(400))
		g.Expect(a.weather()).To(Equal("throttling"))
		g.Expect(a.header.Get("X-Acs-Request-Id")).NotTo(BeEmpty())
	}
	g.Expect(codes).To(And(HaveLen(4), HaveKey("Throttling"), HaveKey("Throttling.User"), HaveKey("Throttling.Api")))
	g.Expect(1000 - codes[""]).To(BeNumerically("~", 50, 15))
}

// A throttled request was rightly signed, and changed nothing.
func TestThrottlingComesAfterTheSignature(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := newStage(t, "throttling=100%")
	wrong := s.send("2014-05-26", "DescribeKeyPairs", nil, func(r *http.Request) {
		r.Header.Set("X-Acs-Date", r.Header.Get("X-Acs-Date"))
		r.URL.RawQuery += "&More=1"
	})
	g.Expect(wrong.Code).To(Equal("SignatureDoesNotMatch"))
	g.Expect(wrong.header).NotTo(HaveKey(weather.Header))
	g.Expect(s.imports("throttled").Code).To(HavePrefix("Throttling"))
	s.weather.Set(weather.Forecast{})
	g.Expect(s.lists().Names).To(BeEmpty())
}

func TestUnavailable(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := newStage(t, "unavailable=100%")
	a := s.imports("lost")
	g.Expect(a.status).To(Equal(503))
	g.Expect(a.Code).To(Equal("ServiceUnavailable"))
	g.Expect(a.weather()).To(Equal("unavailable"))
	xml := s.send("2020-06-01", "ListKeyPairs", nil, func(r *http.Request) { r.Header.Set("Accept", "application/xml") })
	g.Expect(xml.status).To(Equal(503))
	g.Expect(xml.body).To(ContainSubstring("<Code>ServiceUnavailable</Code>"))
	s.weather.Set(weather.Forecast{})
	g.Expect(s.lists().Names).To(BeEmpty())

	s.weather.Set(forecast(t, "unavailable=20%"))
	count := 0
	for range 500 {
		if s.lists().status == 503 {
			count++
		}
	}
	g.Expect(count).To(BeNumerically("~", 100, 20))
}

func TestReset(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := newStage(t, "reset=100%")
	for i := range 40 {
		a := s.imports(fmt.Sprint("reset-", i))
		g.Expect(errors.Is(a.err, syscall.ECONNRESET)).To(BeTrue(), "%v", a.err)
	}
	s.weather.Set(weather.Forecast{})
	g.Expect(len(s.lists().Names)).To(BeNumerically("~", 20, 8), "some of the calls were carried out")
}

func TestSlowBody(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := newStage(t, "slow-body=900ms")
	a := s.imports("slow")
	g.Expect(a.err).NotTo(HaveOccurred())
	g.Expect(a.body).To(MatchJSON(a.body))
	g.Expect(a.body).To(ContainSubstring(`"KeyPairName":"slow"`))
	g.Expect(a.weather()).To(Equal("slow-body"))
	g.Expect(s.slept).To(And(HaveLen(9), HaveEach(100*time.Millisecond)))
}

// The first bytes of a slow body are on their way before the last ones.
func TestSlowBodyComesInPieces(t *testing.T) {
	t.Parallel()
	first, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	w := weather.New(forecast(t, "slow-body=1s"), weather.Config{Sleep: func(context.Context, time.Duration) {
		once.Do(func() { close(first); <-goOn })
	}})
	server := httptest.NewServer(w.Before(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(rw, "0123456789")
	})))
	defer server.Close()
	res, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	piece := make([]byte, 10)
	n, err := res.Body.Read(piece)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	NewWithT(t).Expect(string(piece[:n])).To(Equal("0"))
	<-first
	close(goOn)
	rest, err := io.ReadAll(res.Body)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	NewWithT(t).Expect(string(rest)).To(Equal("123456789"))
}

func TestDelayedVisibility(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := newStage(t, "visibility=2s")
	g.Expect(s.imports("one").Code).To(BeEmpty())
	a := s.lists()
	g.Expect(a.Names).To(BeEmpty())
	g.Expect(a.weather()).To(Equal("visibility"))
	g.Expect(s.imports("one").Code).To(Equal("KeyPair.AlreadyExist"), "only lists lag behind")
	s.pass(1999 * time.Millisecond)
	g.Expect(s.lists().Names).To(BeEmpty())
	s.pass(time.Millisecond)
	a = s.lists()
	g.Expect(a.Names).To(Equal([]string{"one"}))
	g.Expect(a.header).NotTo(HaveKey(weather.Header), "it is the truth")

	s.pass(time.Second)
	s.imports("two")
	s.pass(2 * time.Second)
	g.Expect(s.deletes("one").Code).To(BeEmpty())
	a = s.lists()
	g.Expect(a.Names).To(Equal([]string{"one", "two"}), "what was deleted lingers in its place")
	g.Expect(a.weather()).To(Equal("visibility"))
	g.Expect(a.body).To(ContainSubstring(`"TotalCount":2`))
	g.Expect(s.ask("DescribeKeyPairs", map[string]string{"KeyPairName": "tw*"}).Names).To(Equal([]string{"two"}))
	g.Expect(s.ask("DescribeKeyPairs", map[string]string{"PageSize": "1", "PageNumber": "2"}).Names).To(Equal([]string{"two"}))

	g.Expect(s.imports("one").Code).To(BeEmpty())
	g.Expect(s.deletes("one").Code).To(BeEmpty(), "a pair that no list has shown")
	s.pass(2 * time.Second)
	g.Expect(s.lists().Names).To(Equal([]string{"two"}))

	s.deletes("two")
	g.Expect(s.lists().Names).To(Equal([]string{"two"}))
	s.weather.Set(weather.Forecast{})
	g.Expect(s.lists().Names).To(BeEmpty(), "in fair weather everything shows")
}

func TestDelayedVisibilityOfSWAS(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := newStage(t, "visibility=2s")
	key := map[string]string{"KeyPairName": "of-swas", "PublicKeyBody": sshkeys.RSA2048.Line}
	g.Expect(s.send("2020-06-01", "ImportKeyPair", key, func(*http.Request) {}).status).To(Equal(200))
	list := func() string {
		return s.send("2020-06-01", "ListKeyPairs", nil, func(*http.Request) {}).body
	}
	g.Expect(list()).NotTo(ContainSubstring("of-swas"))
	s.pass(2 * time.Second)
	g.Expect(list()).To(ContainSubstring("of-swas"))
}

func TestClockSkew(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := newStage(t, "clock-skew=-14m")
	a := s.lists()
	g.Expect(a.status).To(Equal(200), "it is within the window")
	g.Expect(a.weather()).To(Equal("clock-skew"))
	shown, err := http.ParseTime(a.header.Get("Date"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(shown).To(BeTemporally("~", s.clock().Add(-14*time.Minute), time.Second))
	for _, skew := range []string{"-16m", "16m"} {
		s.weather.Set(forecast(t, "clock-skew="+skew))
		g.Expect(s.lists().Code).To(Equal("InvalidTimeStamp.Expired"), skew)
	}
}

// The same seed and the same sequence of requests give the same weather; kinds do not disturb each other.
func TestTheSeedDecides(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	run := func(s *stage, kind string) string {
		var met strings.Builder
		for range 200 {
			a := s.lists()
			met.WriteByte(map[bool]byte{true: 'x', false: '.'}[strings.Contains(a.weather(), kind)])
		}
		return met.String()
	}
	s := newStage(t, "throttling=10%")
	first := run(s, "throttling")
	g.Expect(first).To(ContainSubstring("x"))
	s.weather.Set(s.weather.Forecast())
	g.Expect(run(s, "throttling")).To(Equal(first))
	s.weather.Set(forecast(t, "throttling=10%,latency=10ms..20ms"))
	g.Expect(run(s, "throttling")).To(Equal(first))
	g.Expect(run(newStage(t, "throttling=10%"), "throttling")).To(Equal(first))
	other := forecast(t, "throttling=10%")
	other.Seed = 43
	s.weather.Set(other)
	g.Expect(run(s, "throttling")).NotTo(Equal(first))
}

func TestHealthMeetsNoWeather(t *testing.T) {
	t.Parallel()
	s := newStage(t, "latency=1s,reset=100%")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+reference.HealthPath, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := receive(r)
	NewWithT(t).Expect(a.status).To(Equal(200))
	NewWithT(t).Expect(a.header).NotTo(HaveKey(weather.Header))
	NewWithT(t).Expect(s.slept).To(BeEmpty())
}
