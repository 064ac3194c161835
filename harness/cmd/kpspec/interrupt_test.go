package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/verdict"
)

// process is a kpspec that runs.
type process struct {
	*exec.Cmd
	stdout, stderr *output
}

// output is what a program writes: all of it, and its lines one by one as they come.
type output struct {
	all   bytes.Buffer
	lines chan string
	done  chan struct{}
}

func follow(t *testing.T, r io.Reader) *output {
	t.Helper()
	o := &output{lines: make(chan string, 10000), done: make(chan struct{})}
	go func() {
		defer close(o.done)
		defer close(o.lines)
		for lines := bufio.NewScanner(r); lines.Scan(); {
			o.all.WriteString(lines.Text() + "\n")
			o.lines <- lines.Text()
		}
	}()
	return o
}

// until waits for a line that contains text.
func (o *output) until(t *testing.T, text string) {
	t.Helper()
	for line := range o.lines {
		if strings.Contains(line, text) {
			return
		}
	}
	t.Fatalf("no line has %q:\n%s", text, o.all.String())
}

func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.CommandContext(t.Context(), kpspec, args...)}
	stdout, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := p.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	p.stdout, p.stderr = follow(t, stdout), follow(t, stderr)
	return p
}

func (p *process) interrupt(t *testing.T) {
	t.Helper()
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
}

// end waits for the end of the process and returns its exit code and all it wrote.
func (p *process) end() (code int, stdout, stderr string) {
	<-p.stdout.done
	<-p.stderr.done
	_ = p.Wait()
	return p.ProcessState.ExitCode(), p.stdout.all.String(), p.stderr.all.String()
}

// front stands before a reference, which has what it answers to. It holds requests from
// the one on that hold is true of: they get no answer before release is called.
type front struct {
	*httptest.Server
	held    chan struct{} // closed when the first request is held
	release func()
}

func newFront(t *testing.T, hold func(*http.Request) bool) *front {
	t.Helper()
	address := serveReference(t)
	f := &front{held: make(chan struct{})}
	released := make(chan struct{})
	f.release = sync.OnceFunc(func() { close(released) })
	var first sync.Once
	var closed atomic.Bool
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if closed.Load() || hold(r) {
			closed.Store(true)
			first.Do(func() { close(f.held) })
			<-released
		}
		pass(t, w, r, address)
	}))
	t.Cleanup(func() {
		f.release()
		f.Close()
	})
	return f
}

// pass passes a request on to the server at an address.
func pass(t *testing.T, w http.ResponseWriter, r *http.Request, address string) {
	request, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, address+r.URL.RequestURI(), r.Body)
	if err != nil {
		t.Error(err)
		return
	}
	request.Header, request.Host, request.ContentLength = r.Header, r.Host, r.ContentLength
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = answer.Body.Close() }()
	w.WriteHeader(answer.StatusCode)
	_, _ = io.Copy(w, answer.Body)
}

// importsAfter tells the requests of the specs of ECS ImportKeyPair after the first n.
func importsAfter(n int64) func(*http.Request) bool {
	var seen atomic.Int64
	return func(r *http.Request) bool { return strings.Contains(r.UserAgent(), "ECS-IMP-") && seen.Add(1) > n }
}

// An interrupt in the middle of a run ends it: exit code 3, a report in which what has
// not ended could not run, and nothing left on a target that answers.
func TestInterrupt(t *testing.T) {
	for name, signal := range map[string]os.Signal{"SIGINT": os.Interrupt, "SIGTERM": syscall.SIGTERM} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			f := newFront(t, importsAfter(20))
			file := filepath.Join(t.TempDir(), "report.json")
			p := start(t, "run", "--config", endpointConfig(t, f.URL, nil), "--report", file)
			<-f.held
			g.Expect(p.Process.Signal(signal)).To(Succeed())
			p.stderr.until(t, "interrupted: cleaning up")
			f.release()
			code, stdout, stderr := p.end()
			g.Expect(code).To(Equal(3), stdout+stderr)
			g.Expect(stdout).To(ContainSubstring("the run was interrupted"))
			r := wholeReport(t, file)
			g.Expect(r.Verdict).To(Equal(report.Incomplete))
			g.Expect(r.CleanupErrors).To(BeEmpty())
			wantInterrupted(t, r)
		})
	}
}

func wholeReport(t *testing.T, name string) report.Report {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	r, err := report.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// wantInterrupted demands that the rest of a run gives the interrupt as its cause.
func wantInterrupted(t *testing.T, r report.Report) {
	t.Helper()
	g := NewWithT(t)
	g.Expect(r.Counts.Of(verdict.CouldNotRun)).To(BeNumerically(">", 0))
	g.Expect(r.Counts.Of(verdict.Failed)).To(BeZero())
	for _, rule := range r.Rules {
		for _, s := range rule.Specs {
			if s.Verdict == verdict.CouldNotRun {
				g.Expect(s.Failure).To(Equal("the run was interrupted"), rule.ID)
			}
		}
	}
}

// A target that does not answer any more does not keep an interrupted run from ending,
// however long one answer may take. What it may hold is said.
func TestInterruptOnASilentTarget(t *testing.T) {
	g := NewWithT(t)
	f := newFront(t, importsAfter(20))
	file := filepath.Join(t.TempDir(), "report.json")
	p := start(t, "run", "--config", endpointConfig(t, f.URL, nil), "--report", file, "--timeout", "24h")
	<-f.held
	p.interrupt(t)
	code, stdout, stderr := p.end()
	g.Expect(code).To(Equal(3), stdout+stderr)
	r := wholeReport(t, file)
	g.Expect(r.CleanupErrors).To(ContainElement(ContainSubstring("may be left: the run was interrupted, and the target did not answer within 5s")))
	wantInterrupted(t, r)
}

// So is a run that has not even begun.
func TestInterruptBeforeTheFirstSpec(t *testing.T) {
	g := NewWithT(t)
	f := newFront(t, func(*http.Request) bool { return true })
	file := filepath.Join(t.TempDir(), "report.json")
	p := start(t, "run", "--config", endpointConfig(t, f.URL, nil), "--report", file, "--timeout", "24h")
	<-f.held
	p.interrupt(t)
	code, stdout, stderr := p.end()
	g.Expect(code).To(Equal(3), stdout+stderr)
	g.Expect(stderr).To(HaveSuffix("kpspec: the run was interrupted\n"))
	r := wholeReport(t, file)
	g.Expect(r.Counts.Of(verdict.CouldNotRun)).To(Equal(r.Counts.Total()))
	g.Expect(r.Rules[0].Reason).To(Equal("the run was interrupted"))
}

// A second interrupt does not wait for anything.
func TestSecondInterrupt(t *testing.T) {
	g := NewWithT(t)
	f := newFront(t, importsAfter(20))
	dir := t.TempDir()
	p := start(t, "run", "--config", endpointConfig(t, f.URL, nil), "--report", filepath.Join(dir, "report.json"), "--timeout", "24h")
	<-f.held
	p.interrupt(t)
	p.stderr.until(t, "a second interrupt ends at once")
	p.interrupt(t)
	code, stdout, stderr := p.end()
	g.Expect(code).To(Equal(3))
	g.Expect(stdout).To(BeEmpty())
	g.Expect(stderr).To(HaveSuffix("kpspec: ended at once, without a result: key pairs whose names begin with kpspec may be left at " + f.URL + "\n"))
	g.Expect(os.ReadDir(dir)).To(BeEmpty(), "half a report")
}

// The container is gone with the run.
func TestInterruptRemovesTheContainer(t *testing.T) {
	image := referenceImage(t)
	g := NewWithT(t)
	p := start(t, "run", "--target", "container", "--image", image)
	p.stderr.until(t, " specs, ") // the first line of progress
	p.interrupt(t)
	code, stdout, stderr := p.end()
	g.Expect(code).To(Equal(3), stdout+stderr)
	g.Expect(stdout).To(ContainSubstring("the run was interrupted"))
	left, err := exec.Command("docker", "ps", "-aq", "--filter", "ancestor="+image).CombinedOutput()
	g.Expect(string(left), err).To(BeEmpty())
}

// Nothing is proven by half a proof.
func TestInterruptedProof(t *testing.T) {
	g := NewWithT(t)
	p := start(t, "prove")
	p.stdout.until(t, "ecs-")
	p.interrupt(t)
	code, stdout, stderr := p.end()
	g.Expect(code).To(Equal(3))
	g.Expect(stdout).NotTo(ContainSubstring("PROVEN"))
	g.Expect(stderr).To(Equal("kpspec: the proof did not come to its end: interrupted\n"))
}
