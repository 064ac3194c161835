package weather

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// The greatest values. They are far beyond what clients wait for.
const (
	longestSpan  = time.Minute
	longestDelay = time.Hour
	farthestSkew = 365 * 24 * time.Hour // on either side
)

// Span is how long something takes, from From to To, both included; for each request anew. Written "50ms" or "10ms..90ms".
type Span struct{ From, To time.Duration }

// at is the span's value at a share from 0 to 1.
func (s Span) at(share float64) time.Duration {
	return s.From + time.Duration(share*float64(s.To-s.From))
}

// String writes the span as UnmarshalText reads it.
func (s Span) String() string {
	if s.From == s.To {
		return s.From.String()
	}
	return s.From.String() + ".." + s.To.String()
}

// MarshalText is String.
func (s Span) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a span. The error says what would be right.
func (s *Span) UnmarshalText(text []byte) error {
	first, last, two := strings.Cut(string(text), "..")
	if !two {
		last = first
	}
	from, err := time.ParseDuration(first)
	to, other := time.ParseDuration(last)
	if err != nil || other != nil || from < 0 || to < from || to > longestSpan {
		return fmt.Errorf("%q is no time of at most %v, such as 50ms or 10ms..90ms", shorten(string(text)), longestSpan)
	}
	*s = Span{from, to}
	return nil
}

// Percent is a share of the requests, from 0 to 100. Written "5%".
type Percent float64

// String writes the share as UnmarshalText reads it.
func (p Percent) String() string { return strconv.FormatFloat(float64(p), 'f', -1, 64) + "%" }

// MarshalText is String.
func (p Percent) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads a share. The error says what would be right.
func (p *Percent) UnmarshalText(text []byte) error {
	number, sign := strings.CutSuffix(string(text), "%")
	share, err := strconv.ParseFloat(number, 64)
	if err != nil || !sign || math.IsNaN(share) || share < 0 || share > 100 {
		return fmt.Errorf("%q is no share of the requests from 0%% to 100%%, such as 5%%", shorten(string(text)))
	}
	*p = Percent(share)
	return nil
}

// Delay is a time after which something shows. Written "2s".
type Delay time.Duration

// String writes the delay as UnmarshalText reads it.
func (d Delay) String() string { return time.Duration(d).String() }

// MarshalText is String.
func (d Delay) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a delay. The error says what would be right.
func (d *Delay) UnmarshalText(text []byte) error {
	value, err := time.ParseDuration(string(text))
	if err != nil || value < 0 || value > longestDelay {
		return fmt.Errorf("%q is no time of at most %v, such as 2s", shorten(string(text)), longestDelay)
	}
	*d = Delay(value)
	return nil
}

// Skew is how far a clock is ahead, or behind when it is negative. Written "20m" or "-20m".
type Skew time.Duration

// String writes the skew as UnmarshalText reads it.
func (s Skew) String() string { return time.Duration(s).String() }

// MarshalText is String.
func (s Skew) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a skew. The error says what would be right.
func (s *Skew) UnmarshalText(text []byte) error {
	value, err := time.ParseDuration(string(text))
	if err != nil || value.Abs() > farthestSkew {
		return fmt.Errorf("%q is no time of at most %v on either side, such as 20m or -20m", shorten(string(text)), farthestSkew)
	}
	*s = Skew(value)
	return nil
}
