package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/kpspec/kpspec/harness/evidence"
	"github.com/kpspec/kpspec/harness/verdict"
	"github.com/kpspec/kpspec/harness/wire"
)

const (
	summaryWidth = 100 // columns at most; sentences are wrapped, a line of evidence may go on over the next
	fullFailures = 10  // causes of failure shown with failure text and exchange
	alikeLines   = 4   // further specs that fail alike, a line for each
	warnedLines  = 20  // causes for which a SHOULD is not met
	failureLines = 14  // lines of a failure text; gomega's diffs can be long
	bodyLines    = 8   // lines of a recorded body
	logLines     = 20  // last lines of the target's log
)

// View is how a summary is shown. The zero value is plain text for a screen of 80
// columns and 24 lines.
type View struct {
	Color   bool
	Columns int    // of the screen
	Lines   int    // of the screen
	Quiet   bool   // the ids of the rules that failed and the conclusion, no more
	Verbose bool   // every rule with its verdict and time, every failure and every exchange, nothing cut
	File    string // where the whole report is; "" where it is not kept
}

// Summary writes r for a terminal: in detail what is to be told of single rules, the
// failures last, grouped by cause; and at the end, on one screen, the counts, the
// causes in short, and the conclusion. Text that came from the target is shown without
// control characters.
func Summary(w io.Writer, r Report, v View) error {
	p := newPrinter(v)
	if v.Quiet {
		p.quiet(r)
	} else {
		if v.Verbose {
			p.everyRule(r)
		}
		p.warned(r)
		p.deviations(r)
		p.couldNotRun(r)
		p.cleanup(r)
		p.listFaults(r)
		p.targetLog(r)
		p.failed(r)
		p.screen(r)
	}
	if _, err := io.WriteString(w, p.String()); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	return nil
}

type printer struct {
	strings.Builder
	View
}

// newPrinter fills in what v leaves open.
func newPrinter(v View) *printer {
	v.Columns = min(max(cmp.Or(v.Columns, 80), 20), summaryWidth)
	v.Lines = cmp.Or(v.Lines, 24)
	return &printer{View: v}
}

// The SGR codes used; everything else of a terminal is left alone.
const (
	bold   = "1"
	red    = "1;31"
	green  = "1;32"
	yellow = "33"
)

func (p *printer) paint(style, s string) string {
	if !p.Color || style == "" {
		return s
	}
	return "\x1b[" + style + "m" + s + "\x1b[0m"
}

func (p *printer) line(format string, args ...any) {
	p.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " "))
	p.WriteByte('\n')
}

// heading begins a section.
func (p *printer) heading(text string) {
	if p.Len() > 0 {
		p.line("")
	}
	p.line("%s", p.paint(bold, text))
}

// most is how many of something are shown.
func (p *printer) most(n, limit int) int {
	if p.Verbose {
		return n
	}
	return min(n, limit)
}

// more says that n of something are not shown, and where they are.
func (p *printer) more(n int, what string) string {
	if what != "" {
		what = " " + what
	}
	if p.File == "" {
		return fmt.Sprintf("and %d more%s: see the report, which --report writes", n, what)
	}
	return fmt.Sprintf("and %d more%s: see %s", n, what, clean(p.File))
}

// quiet prints the ids of the rules that failed and the conclusion.
func (p *printer) quiet(r Report) {
	for _, rule := range r.Rules {
		if rule.Verdict == verdict.Failed {
			p.line("%s", clean(rule.ID))
		}
	}
	p.conclusion(r)
}

// everyRule prints a line for each rule, in the order of the catalogue.
func (p *printer) everyRule(r Report) {
	p.heading("all rules")
	for _, rule := range r.Rules {
		ms := 0.0
		for _, s := range rule.Specs {
			ms += s.DurationMS
		}
		name := pad(string(rule.Verdict), len(verdict.NotApplicable))
		p.line("  %s %8.1fms  %s  %s", p.paint(style(rule.Verdict), name), ms, clean(rule.ID), plural(len(rule.Specs), "spec"))
	}
}

func versionText(t Tool) string { return clean(t.Name + " " + t.Version) }

// targetText names a target without saying "reference" twice.
func targetText(t Target) string {
	if strings.Contains(t.Name, t.Kind) {
		return clean(t.Name)
	}
	return clean(t.Kind + " " + t.Name)
}

func style(v verdict.Verdict) string {
	switch v {
	case verdict.Passed, verdict.Observed:
		return "32"
	case verdict.Failed:
		return red
	}
	return yellow
}

func (p *printer) cleanup(r Report) {
	if len(r.CleanupErrors) == 0 {
		return
	}
	p.heading("left on the target")
	for _, e := range r.CleanupErrors {
		p.block("  ", e)
	}
}

// couldNotRun groups by cause: one broken connection explains many rules.
func (p *printer) couldNotRun(r Report) {
	causes := r.obstacles()
	if len(causes) == 0 {
		return
	}
	p.heading("could not run")
	for _, c := range causes {
		p.block("  ", fmt.Sprintf("%s: %s", rules(len(c.IDs)), c.Text))
		p.block("    ", c.Named())
	}
}

// deviations lists all of them: each is something that somebody let pass.
func (p *printer) deviations(r Report) {
	n := 0
	for _, rule := range r.Rules {
		if rule.Deviation == nil {
			continue
		}
		if n++; n == 1 {
			p.heading("known deviations")
		}
		broken := 0
		for _, s := range rule.Specs {
			if s.Verdict == verdict.Deviation {
				broken++
			}
		}
		what := fmt.Sprintf("%d of %s not met", broken, plural(len(rule.Specs), "spec"))
		if rule.Deviation.Kind == verdict.Flaky {
			what = "flaky, this time " + what
		}
		p.line("  %s", fit(fmt.Sprintf("%s  %s, until %s: %s", clean(rule.ID), rule.Level, clean(rule.Deviation.Expires), what), p.Columns-2))
		p.block("    ", rule.Deviation.Reason)
		if rule.Deviation.Link != "" {
			p.line("    %s", p.evidence(rule.Deviation.Link))
		}
	}
}

func (p *printer) listFaults(r Report) {
	if len(r.ListFaults) == 0 {
		return
	}
	p.heading("the list of deviations is out of date")
	for _, fault := range r.ListFaults {
		p.block("  ", fault)
	}
}

func (p *printer) warned(r Report) {
	groups := r.unmetBy(verdict.Warned)
	if len(groups) == 0 {
		return
	}
	p.heading("warned: a SHOULD is not met")
	shown := p.most(len(groups), warnedLines)
	for _, g := range groups[:shown] {
		if p.Verbose {
			p.inFull(g, yellow)
			continue
		}
		first := g.specs[0]
		p.line("  %s", fit(first.ref()+": "+clean(first.spec.Text), p.Columns-2))
		p.line("    %s", fit(g.cause, p.Columns-4))
		if n := len(g.specs) - 1; n > 0 {
			p.block("    ", fmt.Sprintf("and %s alike: %s", plural(n, "spec"), cause{IDs: g.ids()}.Named()))
		}
	}
	if left := len(groups) - shown; left > 0 {
		p.block("  ", p.more(left, ""))
	}
}

// failed shows one spec of each cause in full: the others would say the same.
func (p *printer) failed(r Report) {
	groups := r.unmetBy(verdict.Failed)
	if len(groups) == 0 {
		return
	}
	p.heading("failed")
	shown := p.most(len(groups), fullFailures)
	for _, g := range groups[:shown] {
		p.inFull(g, red)
	}
	if left := len(groups) - shown; left > 0 {
		p.line("")
		p.block("  ", p.more(left, "causes"))
	}
}

// inFull shows a cause: the first of its specs with its rule and the telling
// exchange, and the others in a line each.
func (p *printer) inFull(g alike, paint string) {
	rule := g.specs[0].rule
	p.line("")
	p.line("%s", p.paint(paint, fmt.Sprintf("%s  %s", clean(rule.ID), rule.Level)))
	p.block("  ", rule.Statement)
	var titles []string
	for _, d := range rule.Documents {
		titles = append(titles, d.Title)
	}
	p.block("  ", strings.Join(titles, "; "))
	p.failure(rule, g.specs[0].spec)
	others := g.specs[1:]
	name := "alike"
	for _, u := range others[:p.most(len(others), alikeLines)] {
		if p.Verbose {
			p.line("")
			p.line("  %s", p.paint(paint, u.ref()))
			p.failure(u.rule, u.spec)
			continue
		}
		p.line("  %-8s %s", name, fit(u.ref()+": "+clean(u.spec.Text), p.Columns-11))
		name = ""
	}
	if left := len(others) - p.most(len(others), alikeLines); left > 0 {
		p.block("           ", p.more(left, ""))
	}
}

func (p *printer) failure(rule Rule, s Spec) {
	text := s.Text
	if s.Clause != "" {
		text += fmt.Sprintf(" (%s, %s)", s.Clause, s.Level)
	}
	p.field("spec", text, 4)
	if s.Location != "" {
		p.field("", s.Location, 1)
	}
	if len(s.Mismatches) > 0 {
		p.mismatches(s.Mismatches)
	} else {
		p.field("failure", s.Failure, failureLines)
	}
	if len(s.Exchanges) == 0 {
		return
	}
	if !p.Verbose {
		p.exchange(telling(rule, s), "")
		return
	}
	for i, e := range s.Exchanges {
		p.exchange(e, fmt.Sprintf(" (%d of %d)", i+1, len(s.Exchanges)))
	}
}

// exchange shows a request and its answer; which stands behind the request's line.
func (p *printer) exchange(e evidence.Exchange, which string) {
	e.Request.Line += which
	p.message("request", e.Request)
	if e.Product != "" {
		as := fmt.Sprintf("%s of account %s: %s", e.Identity, e.Account, cmp.Or(wire.Shape(e.Shape).Description(), e.Shape))
		if e.Fault != "" {
			as += ", with the fault " + e.Fault + " on purpose"
		}
		p.field("sent as", as, 1)
	}
	if e.Response != nil {
		p.message("answer", *e.Response)
	} else {
		p.field("answer", cmp.Or("none: "+e.Error, "none"), 2)
	}
}

// mismatches shows where what came differs, a row for each place. A row that is
// too long for a line has what was expected above what came.
func (p *printer) mismatches(all []Mismatch) {
	const most = 12
	rows := make([][3]string, 0, len(all))
	var width [3]int
	for _, m := range all[:p.most(len(all), most)] {
		row := [3]string{fit(clean(m.Path), 40), p.evidence(m.Expected), p.evidence(m.Got)}
		rows = append(rows, row)
		for i, cell := range row {
			width[i] = max(width[i], columns(cell))
		}
	}
	const expected, got = "expected", "got"
	width[1] = max(width[1], len(expected))
	if 11+width[0]+2+width[1]+2+width[2] <= p.Columns {
		p.line("  %-8s %-*s  %s  %s", "differs", width[0], "", pad(expected, width[1]), got)
		for _, row := range rows {
			p.line("  %-8s %s  %s  %s", "", pad(row[0], width[0]), pad(row[1], width[1]), p.paint(red, row[2]))
		}
	} else {
		name := "differs"
		for _, row := range rows {
			p.line("  %-8s %s  %s  %s", name, pad(row[0], width[0]), expected, row[1])
			p.line("  %-8s %s  %s  %s", "", pad("", width[0]), pad(got, len(expected)), p.paint(red, row[2]))
			name = ""
		}
	}
	if left := len(all) - len(rows); left > 0 {
		p.line("  %-8s %s", "", p.more(left, ""))
	}
}

func (p *printer) message(name string, m evidence.Message) {
	p.field(name, m.Line, 2)
	var params []string
	for _, q := range m.Params {
		params = append(params, q.Name+"="+q.Value)
	}
	if len(params) > 0 {
		p.field("", strings.Join(params, "\n"), bodyLines)
	}
	if m.Body != "" {
		p.field("", m.Body, bodyLines)
	}
}

// field prints text beside its name, at most limit lines of it.
func (p *printer) field(name, text string, limit int) {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	more := 0
	if n := p.most(len(lines), limit); n < len(lines) {
		more = len(lines) - n
		lines = lines[:n]
	}
	for i, l := range lines {
		if i > 0 {
			name = ""
		}
		p.line("  %-8s %s", name, p.evidence(l))
	}
	if more > 0 {
		p.line("  %-8s (%d more lines)", "", more)
	}
}

func (p *printer) targetLog(r Report) {
	if r.TargetLog == "" || r.Verdict == Conformant {
		return
	}
	lines := strings.Split(strings.TrimRight(r.TargetLog, "\n"), "\n")
	heading := "log of the target"
	if len(lines) > logLines {
		heading = fmt.Sprintf("log of the target, last %d of %d lines", logLines, len(lines))
		lines = lines[len(lines)-logLines:]
	}
	p.heading(heading)
	for _, l := range lines {
		p.line("  %s", p.evidence(l))
	}
}

// evidence is a line of recorded text. It may take two lines of the screen.
func (p *printer) evidence(line string) string {
	if p.Verbose {
		return clean(line)
	}
	return fit(clean(line), 2*p.Columns-22)
}

// block prints text wrapped at the width of the screen; further lines are
// indented as far as the first.
func (p *printer) block(indent, text string) {
	for _, line := range wrap(clean(text), p.Columns-len(indent)) {
		p.line("%s%s", indent, line)
		indent = strings.Repeat(" ", len(indent))
	}
}
