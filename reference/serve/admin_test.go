package serve

import (
	"io"
	"net/http"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/reference/weather"
)

func put(t *testing.T, url, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// met is the weather that a call meets.
func met(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url + "/?Action=DescribeRegions&Version=2014-05-26")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer.Header.Get(weather.Header)
}

func TestWeatherFromTheStart(t *testing.T) {
	t.Parallel()
	p := run(t, map[string]string{"KPREF_WEATHER": "unavailable=100%, clock-skew=1m"}, "--listen", "127.0.0.1:0")
	NewWithT(t).Expect(met(t, p.url)).To(Equal("clock-skew, unavailable"))
}

func TestWeatherIsChangedWhileItRuns(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	p := run(t, nil, "--listen", "127.0.0.1:0", "--admin", ":0", "--weather-seed", "7")
	g.Expect(p.admin).To(MatchRegexp(`^http://127\.0\.0\.1:[1-9]\d*$`), "without a host it is loopback")
	status, body := get(t, p.admin+"/healthz")
	g.Expect(status).To(Equal(200))
	g.Expect(body).To(Equal("ok\n"))
	g.Expect(met(t, p.url)).To(BeEmpty())

	status, body = put(t, p.admin+"/weather", `{"unavailable":"100%"}`)
	g.Expect(status).To(Equal(200))
	g.Expect(body).To(MatchJSON(`{"seed":7,"unavailable":"100%"}`))
	g.Expect(met(t, p.url)).To(Equal("unavailable"))
	status, body = put(t, p.admin+"/weather", `{"rain":"100%"}`)
	g.Expect(status).To(Equal(400))
	g.Expect(body).To(ContainSubstring(`unknown field \"rain\"; the kinds are latency`))
	status, _ = put(t, p.admin+"/weather", `{"seed":1}`+strings.Repeat(" ", longestForecast))
	g.Expect(status).To(Equal(400))
	_, body = get(t, p.admin+"/weather")
	g.Expect(body).To(MatchJSON(`{"seed":7,"unavailable":"100%"}`), "what is wrong changes nothing")

	_, _ = put(t, p.admin+"/weather", `{}`)
	g.Expect(met(t, p.url)).To(BeEmpty())
	_, body = get(t, p.admin+"/memory")
	g.Expect(body).To(MatchRegexp(`^\{"heapBytes":\d{5,},"goroutines":\d+\}\n$`))
	for _, path := range []string{"/weather", "/memory"} {
		status, _ = get(t, p.url+path)
		g.Expect(status).To(Equal(404), "the API's port has no %s", path)
	}
	status, _ = get(t, p.admin+"/")
	g.Expect(status).To(Equal(404), "the admin port has no API")
}
