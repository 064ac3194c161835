package weather

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Forecast is how much of each kind of weather there is. The zero Forecast, whatever its seed, is fair weather. In JSON each
// kind is a text as [Forecast.Add] takes it.
type Forecast struct {
	Seed        uint64  `json:"seed"`                 // decides which requests are met
	Latency     Span    `json:"latency,omitzero"`     // before a call is carried out
	Throttling  Percent `json:"throttling,omitzero"`  // of the requests that are rightly signed
	Unavailable Percent `json:"unavailable,omitzero"` // of all requests: 503
	Reset       Percent `json:"reset,omitzero"`       // of all requests: the connection is reset
	SlowBody    Span    `json:"slow-body,omitzero"`   // from the first to the last byte of an answer's body
	Visibility  Delay   `json:"visibility,omitzero"`  // until lists show what was made, or leave out what was deleted
	ClockSkew   Skew    `json:"clock-skew,omitzero"`  // of the server's clock against the real one
}

// text is a value that can be read and written.
type text interface {
	encoding.TextUnmarshaler
	fmt.Stringer
}

// kinds are the kinds of weather by their names, in the order in which they are written.
var kinds = []struct {
	name string
	of   func(*Forecast) text
}{
	{"latency", func(f *Forecast) text { return &f.Latency }},
	{"throttling", func(f *Forecast) text { return &f.Throttling }},
	{"unavailable", func(f *Forecast) text { return &f.Unavailable }},
	{"reset", func(f *Forecast) text { return &f.Reset }},
	{"slow-body", func(f *Forecast) text { return &f.SlowBody }},
	{"visibility", func(f *Forecast) text { return &f.Visibility }},
	{"clock-skew", func(f *Forecast) text { return &f.ClockSkew }},
}

// Kinds are the names of the kinds of weather.
func Kinds() []string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return names
}

// Add adds kinds to the forecast, written as "latency=50ms,throttling=5%". The error says what is wrong and what would be
// right; the forecast is then not to be used.
func (f *Forecast) Add(list string) error {
	for one := range strings.SplitSeq(list, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(one), "=")
		i := slices.Index(Kinds(), name)
		if i < 0 {
			return fmt.Errorf("weather %q is unknown; there are %s", shorten(name), strings.Join(Kinds(), ", "))
		}
		if err := kinds[i].of(f).UnmarshalText([]byte(value)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// String writes the kinds that there are as [Forecast.Add] reads them, "" for fair weather.
func (f Forecast) String() string {
	var parts []string
	fair := Forecast{}
	for _, k := range kinds {
		if value := k.of(&f).String(); value != k.of(&fair).String() {
			parts = append(parts, k.name+"="+value)
		}
	}
	return strings.Join(parts, ",")
}

// Fair tells whether there is no bad weather at all.
func (f Forecast) Fair() bool { return f == Forecast{Seed: f.Seed} }

// Read reads a forecast in JSON. Kinds that are not named are off; without a seed it has that of before. The error is one
// line: an unknown member, a value that is none, or text behind the object.
func Read(r io.Reader, before Forecast) (Forecast, error) {
	f := Forecast{Seed: before.Seed}
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&f); err != nil {
		return Forecast{}, fmt.Errorf("the weather is not as it must be, such as {\"seed\":42,\"latency\":\"50ms\"}: %w; the kinds are %s",
			err, strings.Join(Kinds(), ", "))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Forecast{}, errors.New("the weather must be one JSON object and nothing behind it")
	}
	return f, nil
}

// longestQuoted bounds what an error repeats of a wrong text, in bytes.
const longestQuoted = 40

func shorten(s string) string {
	if len(s) > longestQuoted {
		return strings.ToValidUTF8(s[:longestQuoted], "") + "..."
	}
	return s
}
