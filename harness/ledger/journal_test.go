package ledger_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/ledger"
)

var endpoints = map[string]string{"ECS": "http://127.0.0.1:1", "SWAS": "http://127.0.0.1:2"}

func journal(t *testing.T) (j *ledger.Journal, name string) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "state", "ledger.jsonl")
	j, err := ledger.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	j.Run, j.Endpoints = "abcde", endpoints
	return j, name
}

func open(t *testing.T, name string) []ledger.Entry {
	t.Helper()
	r, err := ledger.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	return r.Open
}

func TestAFileTellsWhatIsOpenWhileTheRunGoesOn(t *testing.T) {
	g := NewWithT(t)
	j, name := journal(t)
	l := ledger.Ledger{Journal: j}
	bound := ledger.Entry{Product: "SWAS", Account: "2", Region: "cn-shanghai", Name: "密\n\"x\"", Server: "s-1"}
	l.Note(entry("a"))
	l.Note(bound)
	l.Note(entry("b"))
	l.Strike(entry("a"))
	l.Strike(entry("never noted"))
	g.Expect(j.Commit()).To(Succeed())
	r, err := ledger.Read(name)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(r.Open).To(Equal([]ledger.Entry{entry("b"), bound}), "the newest first")
	g.Expect(r.Run).To(Equal("abcde"))
	g.Expect(r.Endpoints).To(Equal(endpoints))
	info, err := os.Stat(name)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(info.Mode().Perm()).To(Equal(os.FileMode(0o600)))
}

// What a spec hands over to a ledger that outlives it is held twice for a moment.
func TestWhatAnotherLedgerStillHoldsStaysOpen(t *testing.T) {
	g := NewWithT(t)
	j, name := journal(t)
	spec, stock := ledger.Ledger{Journal: j}, ledger.Ledger{Journal: j}
	spec.Note(entry("a"))
	stock.Note(entry("a"))
	spec.Strike(entry("a"))
	g.Expect(open(t, name)).To(Equal([]ledger.Entry{entry("a")}))
	stock.Strike(entry("a"))
	g.Expect(open(t, name)).To(BeEmpty())
	spec.Note(entry("b"))
	stock.Note(entry("b"))
	g.Expect(ledger.Settle(name, []ledger.Entry{entry("b")})).To(Succeed())
	g.Expect(name).NotTo(BeAnExistingFile())
}

func TestOnlyAFileWithNothingOpenIsRemoved(t *testing.T) {
	g := NewWithT(t)
	j, name := journal(t)
	l := ledger.Ledger{Journal: j}
	l.Note(entry("a"))
	kept, err := j.Finish()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(kept).To(Equal(name))
	g.Expect(name).To(BeAnExistingFile())
	_, err = ledger.Create(name)
	g.Expect(err).To(MatchError(ContainSubstring("is there already, and may tell what another run has left")))

	j, name = journal(t)
	l = ledger.Ledger{Journal: j}
	l.Note(entry("a"))
	l.Strike(entry("a"))
	for range 2 {
		kept, err = j.Finish()
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(kept).To(BeEmpty())
	}
	g.Expect(name).NotTo(BeAnExistingFile())
}

func TestNothingMayBeMadeThatCannotBeWrittenDown(t *testing.T) {
	g := NewWithT(t)
	j, _ := journal(t)
	l := ledger.Ledger{Journal: j}
	l.Note(entry("a"))
	ledger.Break(j)
	l.Note(entry("b"))
	for range 2 {
		g.Expect(j.Commit()).To(MatchError(ContainSubstring("the ledger cannot be written")))
	}
	_, err := ledger.Create(filepath.Join(os.DevNull, "ledger"))
	g.Expect(err).To(MatchError(ContainSubstring("name another place")))
	var none *ledger.Journal
	g.Expect(none.Commit()).To(Succeed())
}

func TestManyWriteAtOnce(t *testing.T) {
	g := NewWithT(t)
	j, name := journal(t)
	l := ledger.Ledger{Journal: j}
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			e := entry(fmt.Sprint(i))
			l.Note(e)
			if err := j.Commit(); err != nil {
				t.Error(err)
			}
			if r, err := ledger.Read(name); err != nil || !strings.Contains(fmt.Sprint(r.Open), fmt.Sprint(e)) {
				t.Errorf("%v is not in the file: %v", e, err)
			}
			if i%2 == 0 {
				l.Strike(e)
			}
		})
	}
	wg.Wait()
	g.Expect(open(t, name)).To(HaveLen(25))
}

func TestADamagedEndIsTakenAndADamagedMiddleRefused(t *testing.T) {
	j, name := journal(t)
	l := ledger.Ledger{Journal: j}
	for _, n := range []string{"a", "b", "c"} {
		l.Note(entry(n))
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	first, second, last := lines[0], lines[1], lines[2]
	for what, tt := range map[string]struct {
		text string
		open int
		err  string
	}{
		"whole":                    {first + second + last, 3, ""},
		"nothing":                  {"", 0, ""},
		"half a last line":         {first + second + last[:20], 2, ""},
		"a last line without end":  {first + second + strings.TrimSpace(last), 2, ""},
		"zeros at the end":         {first + second + strings.Repeat("\x00", 30), 2, ""},
		"zeros at the end, ended":  {first + second + "\x00\x00\n", 2, ""},
		"half a line in between":   {first + second[:20] + "\n" + last, 0, ":2: the ledger is damaged: the line is no entry of a ledger"},
		"two lines become one":     {first + second[:20] + last + first, 0, ":2: the ledger is damaged"},
		"the first line damaged":   {"{}\n" + second + last, 0, `:1: the ledger is damaged: op is ""`},
		"an unknown member":        {strings.Replace(first, `"op"`, `"oq"`, 1) + second, 0, ":1: the ledger is damaged"},
		"a strike out of nowhere":  {first + strings.Replace(second, "note", "strike", 1) + last, 0, ":2: the ledger is damaged: something is struck that was not noted"},
		"another endpoint":         {first + strings.Replace(second, "http://", "https://", 1) + last, 0, ":2: the ledger is damaged: another endpoint of ECS"},
		"an empty line in between": {first + "\n" + second, 0, ":2: the ledger is damaged"},
	} {
		t.Run(what, func(t *testing.T) {
			g := NewWithT(t)
			name := filepath.Join(t.TempDir(), "ledger")
			g.Expect(os.WriteFile(name, []byte(tt.text), 0o600)).To(Succeed())
			r, err := ledger.Read(name)
			if tt.err != "" {
				g.Expect(err).To(MatchError(HavePrefix(name + tt.err)))
				g.Expect(ledger.Settle(name, nil)).NotTo(Succeed())
				g.Expect(name).To(BeAnExistingFile())
				return
			}
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(r.Open).To(HaveLen(tt.open))
			if tt.open < 2 {
				return
			}
			g.Expect(ledger.Settle(name, []ledger.Entry{entry("a"), entry("foreign")})).To(Succeed())
			g.Expect(open(t, name)).To(HaveLen(tt.open-1), "what comes after damage must be readable")
			g.Expect(ledger.Settle(name, r.Open)).To(Succeed())
			g.Expect(name).NotTo(BeAnExistingFile())
		})
	}
	_, err = ledger.Read(filepath.Join(t.TempDir(), "none"))
	NewWithT(t).Expect(err).To(MatchError(ContainSubstring("none")))
}

func TestEveryRunHasAFileOfItsOwnInTheStateFolder(t *testing.T) {
	g := NewWithT(t)
	state := t.TempDir()
	t.Setenv("XDG_STATE_HOME", state)
	g.Expect(ledger.Files()).To(BeEmpty())
	now := time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC)
	var made []string
	for i := range 2 {
		name, err := ledger.NewFile(now.Add(time.Duration(i) * time.Second))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(name).To(HavePrefix(filepath.Join(state, "kpspec", "20261122T05000")))
		_, err = ledger.Create(name)
		g.Expect(err).NotTo(HaveOccurred())
		made = append(made, name)
	}
	g.Expect(os.WriteFile(filepath.Join(state, "kpspec", "other"), nil, 0o600)).To(Succeed())
	g.Expect(ledger.Files()).To(Equal(made))
	t.Setenv("XDG_STATE_HOME", "")
	t.Setenv("HOME", "/somebody")
	name, err := ledger.NewFile(now)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(name).To(HavePrefix("/somebody/.local/state/kpspec/"))
	t.Setenv("HOME", "")
	_, err = ledger.NewFile(now)
	g.Expect(err).To(MatchError(ContainSubstring("XDG_STATE_HOME")))
}
