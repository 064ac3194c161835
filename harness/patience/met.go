package patience

import "time"

// Met is the bad weather that was met, and what it cost.
type Met struct {
	Requests map[string]int // sent again → how often, by what was met
	Specs    int            // times that a spec ran again
	Waited   time.Duration  // before requests were sent again and specs ran again

	Lags    int           // reads that waited for what was changed to show
	InVain  int           // of them, those after which it still did not
	Lagged  time.Duration // that they waited in all
	Longest time.Duration // that a change took to show
}

// Nothing tells that none was met.
func (m Met) Nothing() bool { return len(m.Requests) == 0 && m.Specs == 0 && m.Lags == 0 }

// Sent is how many requests were sent again.
func (m Met) Sent() (n int) {
	for _, count := range m.Requests {
		n += count
	}
	return n
}

// Add adds what was met elsewhere.
func (m *Met) Add(more Met) {
	for what, count := range more.Requests {
		m.again(what, count)
	}
	m.Specs += more.Specs
	m.Waited += more.Waited
	m.Lags += more.Lags
	m.InVain += more.InVain
	m.Lagged += more.Lagged
	m.Longest = max(m.Longest, more.Longest)
}

func (m *Met) again(what string, count int) {
	if m.Requests == nil {
		m.Requests = map[string]int{}
	}
	m.Requests[what] += count
}
