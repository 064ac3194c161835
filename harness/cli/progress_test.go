package cli

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/verdict"
	"github.com/kpspec/kpspec/suites"
)

// paper is written by the progress and read by a test.
type paper struct {
	mu      sync.Mutex
	text    bytes.Buffer
	written chan struct{}
}

func (p *paper) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer func() { p.written <- struct{}{} }()
	return p.text.Write(b)
}

func (p *paper) take() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.text.Reset()
	return p.text.String()
}

func newPaper() *paper { return &paper{written: make(chan struct{}, 1000)} }

// runSpecs tells of specs that all end with a verdict.
func runSpecs(p *progress, first, last, total int, v verdict.Verdict) {
	for i := first; i <= last; i++ {
		at := suites.Progress{Rule: fmt.Sprintf("ECS-IMP-RULE-%d", i), Operation: "ECS ImportKeyPair", Done: i - 1, Total: total}
		p.Tell(at)
		at.Done, at.Verdict = i, v
		p.Tell(at)
	}
}

func TestProgressIsOneLineOnATerminal(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	columns := 80
	w, tick := newPaper(), make(chan time.Time)
	p := newProgress(w, func() (int, int) { return columns, 24 }, tick)
	p.Phase("starting evil\x1b[2J:1")
	tick <- time.Time{}
	<-w.written
	g.Expect(w.take()).To(Equal("\r\x1b[Kstarting evil?[2J:1"))

	runSpecs(p, 1, 300, 779, verdict.Passed)
	runSpecs(p, 301, 302, 779, verdict.Failed)
	g.Expect(w.take()).To(BeEmpty(), "nothing is written between two ticks")
	tick <- time.Time{}
	<-w.written
	g.Expect(w.take()).To(Equal("\r\x1b[K302/779 specs, 2 failed: ECS-IMP-RULE-302"))
	tick <- time.Time{} // nothing new

	columns = 20 // between two ticks nobody asks
	runSpecs(p, 303, 303, 779, verdict.CouldNotRun)
	tick <- time.Time{}
	<-w.written
	g.Expect(w.take()).To(Equal("\r\x1b[K303/779 specs, 2 fa"), "the last column stays free")

	columns = 80
	p.Interrupt()
	runSpecs(p, 304, 779, 779, verdict.CouldNotRun)
	tick <- time.Time{}
	<-w.written
	g.Expect(w.take()).To(Equal("\r\x1b[Kinterrupted: cleaning up; a second interrupt ends at once"))
	p.End()
	p.End()
	g.Expect(w.take()).To(Equal("\r\x1b[K"))
}

func TestProgressElsewhereIsALinePerTenth(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	w := newPaper()
	p := newProgress(w, nil, nil)
	p.Phase("starting")
	runSpecs(p, 1, 500, 779, verdict.Passed)
	runSpecs(p, 501, 779, 779, verdict.Warned)
	p.End()
	text := w.take()
	lines := strings.Split(strings.TrimSpace(text), "\n")
	g.Expect(lines).To(HaveLen(10))
	g.Expect(lines[0]).To(Equal("kpspec: 78 of 779 specs, 0 failed, at ECS ImportKeyPair"))
	g.Expect(lines[9]).To(Equal("kpspec: 779 of 779 specs, 0 failed, 279 warned, at ECS ImportKeyPair"))
	g.Expect(text).NotTo(ContainSubstring("\x1b"))
}

// Nobody has to ask whether there is progress to be shown.
func TestNoProgress(t *testing.T) {
	t.Parallel()
	var p *progress
	p.Phase("starting")
	runSpecs(p, 1, 2, 2, verdict.Passed)
	p.Interrupt()
	p.End()
}
