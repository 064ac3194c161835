package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Weather is the bad weather that a run or a spec met and waited out.
type Weather struct {
	Requests map[string]int `json:"requests,omitempty"` // sent again → how often, by what was met
	Specs    int            `json:"specs,omitempty"`    // times that a spec ran again
	WaitedMS int64          `json:"waitedMs"`           // before that
	Lag      *Lag           `json:"lag,omitempty"`      // of lists behind changes, where reads waited for it
}

// Lag is how far the lists of a target lag behind what it has done.
type Lag struct {
	Reads     int   `json:"reads"`            // that waited
	InVain    int   `json:"inVain,omitempty"` // of them, those that still did not show what was changed
	WaitedMS  int64 `json:"waitedMs"`         // in all
	LongestMS int64 `json:"longestMs"`        // that a change took to show
}

// String says the weather in words.
func (w Weather) String() string {
	var said, causes []string
	sent := 0
	for _, cause := range slices.Sorted(maps.Keys(w.Requests)) {
		causes, sent = append(causes, cause), sent+w.Requests[cause]
	}
	if sent > 0 {
		said = append(said, fmt.Sprintf("%s repeated (%s)", plural(sent, "request"), strings.Join(causes, ", ")))
	}
	if w.Specs > 0 {
		said = append(said, plural(w.Specs, "spec")+" repeated")
	}
	if len(said) > 0 {
		said = append(said, inSeconds(w.WaitedMS)+" waited")
	}
	if w.Lag != nil {
		said = append(said, fmt.Sprintf("%s waited %s for changes to show, the longest %s", plural(w.Lag.Reads, "read"), inSeconds(w.Lag.WaitedMS), inSeconds(w.Lag.LongestMS)))
	}
	return strings.Join(said, ", ")
}

func inSeconds(ms int64) string { return fmt.Sprintf("%.1f s", float64(ms)/1000) }
