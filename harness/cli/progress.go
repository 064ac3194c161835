package cli

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/kpspec/kpspec/harness/plain"
	"github.com/kpspec/kpspec/harness/verdict"
	"github.com/kpspec/kpspec/suites"
)

// redraw is how often the line of progress is written at most.
const redraw = 100 * time.Millisecond

// progress shows how far a run is. On a terminal it is one line, written anew in
// place; elsewhere it is a line for every tenth of the specs.
type progress struct {
	w      io.Writer
	screen Screen // nil where w is no terminal

	mu     sync.Mutex
	phase  string // what goes on while no spec runs
	cut    bool   // the run was interrupted
	at     suites.Progress
	counts map[verdict.Verdict]int
	tenths int  // lines written, where there is no terminal
	fresh  bool // the line on the terminal is not the newest
	drawn  bool // there is a line on the terminal

	ended bool
	end   func() // of the redrawing
}

// newProgress begins. The line on a terminal is written when tick says so.
func newProgress(w io.Writer, screen Screen, tick <-chan time.Time) *progress {
	p := &progress{w: w, screen: screen, counts: map[verdict.Verdict]int{}, end: func() {}}
	if screen == nil {
		return p
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	p.end = func() { close(stop); <-stopped }
	go func() {
		defer close(stopped)
		for {
			select {
			case <-tick:
				p.draw()
			case <-stop:
				return
			}
		}
	}()
	return p
}

// Phase says what goes on while no spec runs.
func (p *progress) Phase(text string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.phase, p.fresh = text, true
}

// Tell says that a spec begins or has ended.
func (p *progress) Tell(at suites.Progress) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut {
		return // what ends now says nothing
	}
	p.phase, p.at, p.fresh = "", at, true
	if at.Verdict == "" {
		return
	}
	p.counts[at.Verdict]++
	if tenth := at.Done * 10 / at.Total; p.screen == nil && tenth > p.tenths {
		p.tenths = tenth
		_, _ = fmt.Fprintf(p.w, "kpspec: %d of %d specs, %s, at %s\n", at.Done, at.Total, p.said(), at.Operation)
	}
}

// Interrupt says that the run is about to end.
func (p *progress) Interrupt() {
	const said = "interrupted: cleaning up; a second interrupt ends at once"
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut || p.ended {
		return
	}
	p.cut, p.phase, p.fresh = true, said, true
	if p.screen == nil {
		_, _ = fmt.Fprintln(p.w, "kpspec: "+said)
	}
}

// said are the counts that matter while a run goes on.
func (p *progress) said() string {
	said := []string{fmt.Sprintf("%d failed", p.counts[verdict.Failed])}
	for _, v := range []verdict.Verdict{verdict.Warned, verdict.Deviation, verdict.CouldNotRun} {
		if n := p.counts[v]; n > 0 {
			said = append(said, fmt.Sprintf("%d %s", n, strings.ReplaceAll(string(v), "-", " ")))
		}
	}
	return strings.Join(said, ", ")
}

const eraseLine = "\r\x1b[K"

// draw writes the line if there is something new. A line that reaches the last column
// could not be written over.
func (p *progress) draw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.fresh {
		return
	}
	p.fresh, p.drawn = false, true
	line := p.phase
	if line == "" {
		line = fmt.Sprintf("%d/%d specs, %s: %s", p.at.Done, p.at.Total, p.said(), p.at.Rule)
	}
	columns, _ := p.screen()
	if runes := []rune(plain.Text(line)); columns > 0 && len(runes) >= columns {
		line = string(runes[:columns-1])
	}
	_, _ = io.WriteString(p.w, eraseLine+plain.Text(line))
}

// End takes the line away. Nothing is written after it.
func (p *progress) End() {
	if p == nil {
		return
	}
	p.mu.Lock()
	before := p.ended
	p.ended = true
	p.mu.Unlock()
	if before {
		return
	}
	p.end()
	if p.drawn {
		_, _ = io.WriteString(p.w, eraseLine)
	}
}
