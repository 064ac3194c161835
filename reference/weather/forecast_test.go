package weather_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/reference/weather"
)

func TestForecastInWords(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	var f weather.Forecast
	g.Expect(f.Fair()).To(BeTrue())
	g.Expect(f.Add("latency=10ms..90ms, throttling=2.5%")).To(Succeed())
	g.Expect(f.Add("clock-skew=-20m")).To(Succeed())
	g.Expect(f.Fair()).To(BeFalse())
	g.Expect(f).To(Equal(weather.Forecast{
		Latency: weather.Span{From: 10 * time.Millisecond, To: 90 * time.Millisecond}, Throttling: 2.5,
		ClockSkew: weather.Skew(-20 * time.Minute),
	}))
	g.Expect(f.String()).To(Equal("latency=10ms..90ms,throttling=2.5%,clock-skew=-20m0s"))
	g.Expect(weather.Forecast{Seed: 1}.Fair()).To(BeTrue())
}

func TestForecastInJSON(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	read := func(text string) (weather.Forecast, error) {
		return weather.Read(strings.NewReader(text), weather.Forecast{Seed: 42, Latency: weather.Span{From: 1, To: 1}})
	}
	f, err := read(`{"slow-body":"1s","reset":"1%"}`)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(f).To(Equal(weather.Forecast{Seed: 42, SlowBody: weather.Span{From: time.Second, To: time.Second}, Reset: 1}))
	text, err := json.Marshal(f)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(text)).To(Equal(`{"seed":42,"reset":"1%","slow-body":"1s"}`))
	f, err = read(`{"seed":0}`)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(f).To(Equal(weather.Forecast{}))
}

// Whatever is wrong is one line that says what would be right.
func TestWrongForecasts(t *testing.T) {
	t.Parallel()
	for list, says := range map[string]string{
		"":                                     `weather "" is unknown; there are latency, throttling`,
		"rain":                                 `weather "rain" is unknown`,
		"rain=5%":                              `weather "rain" is unknown`,
		"latency":                              `latency: "" is no time`,
		"latency=50":                           `latency: "50" is no time of at most 1m0s, such as 50ms or 10ms..90ms`,
		"latency=-1ms":                         `is no time`,
		"latency=2m":                           `is no time`,
		"latency=90ms..10ms":                   `is no time`,
		"latency=1ms..":                        `is no time`,
		"slow-body=9%":                         `is no time`,
		"throttling=5":                         `throttling: "5" is no share of the requests from 0% to 100%, such as 5%`,
		"throttling=101%":                      `is no share`,
		"unavailable=-1%":                      `is no share`,
		"reset=NaN%":                           `is no share`,
		"reset=Inf%":                           `is no share`,
		"visibility=2h":                        `visibility: "2h" is no time of at most 1h0m0s, such as 2s`,
		"clock-skew=ten minutes":               `clock-skew: "ten minutes" is no time`,
		"clock-skew=99999h":                    `is no time`,
		"latency=" + strings.Repeat("x", 1000): `xxx..." is no time`,
	} {
		var f weather.Forecast
		err := f.Add(list)
		NewWithT(t).Expect(err).To(MatchError(And(ContainSubstring(says), Not(ContainSubstring("\n")))), list)
		NewWithT(t).Expect(len(err.Error())).To(BeNumerically("<", 200))
	}
	for _, text := range []string{``, `null x`, `[]`, `{"rain":"5%"}`, `{"latency":5}`, `{"latency":"5"}`, `{"seed":-1}`, `{} {}`, `{`} {
		_, err := weather.Read(strings.NewReader(text), weather.Forecast{})
		NewWithT(t).Expect(err).To(MatchError(And(HavePrefix("the weather "), Not(ContainSubstring("\n")))), text)
	}
}

// FuzzAdd checks that a forecast that was understood is written so that it is understood again.
func FuzzAdd(f *testing.F) {
	for _, seed := range []string{"latency=50ms", "latency=10ms..90ms,throttling=0.1%", "clock-skew=-1h,reset=100%", "=", ",", "visibility=1e3s"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, list string) {
		var first, second weather.Forecast
		if err := first.Add(list); err != nil || first.Fair() {
			return
		}
		if err := second.Add(first.String()); err != nil || first != second {
			t.Fatalf("%q became %q: %v", list, first, err)
		}
	})
}

// FuzzRead checks the same of JSON.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{`{"seed":42,"latency":"50ms"}`, `{}`, `null`, `{"clock-skew":"-1h"}`, `{"throttling":"5%"} x`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, err := weather.Read(strings.NewReader(text), weather.Forecast{Seed: 7})
		if err != nil {
			return
		}
		again, err := json.Marshal(first)
		if err != nil {
			t.Fatal(err)
		}
		second, err := weather.Read(strings.NewReader(string(again)), weather.Forecast{})
		if err != nil || first != second {
			t.Fatalf("%q became %q: %v", text, again, err)
		}
	})
}
