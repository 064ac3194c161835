package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kpspec/kpspec/harness/evidence"
	"github.com/kpspec/kpspec/harness/verdict"
)

const (
	summaryWidth = 100 // columns; a line of evidence that is longer is cut, sentences are wrapped
	fullFailures = 10  // failing specs shown with failure text and exchange; the rest get one line each
	warnedLines  = 20  // SHOULD specs not met that are listed
	failureLines = 14  // lines of a failure text; gomega's diffs can be long
	bodyLines    = 8   // lines of a recorded body
	logLines     = 20  // last lines of the target's log
)

// Summary writes r for a terminal: the conclusion first, what was tested and
// what was not, then deviations and warnings, and failures last, where the eye is when the run
// ends. Text that came from the target is shown without control characters.
func Summary(w io.Writer, r Report, color bool) error {
	p := &printer{color: color}
	p.conclusion(r)
	p.facts(r)
	p.table(r)
	p.notCovered(r)
	p.cleanup(r)
	p.couldNotRun(r)
	p.deviations(r)
	p.warned(r)
	p.failed(r)
	p.listFaults(r)
	p.targetLog(r)
	if _, err := io.WriteString(w, p.String()); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	return nil
}

type printer struct {
	strings.Builder
	color bool
}

// The SGR codes used; everything else of a terminal is left alone.
const (
	bold   = "1"
	red    = "1;31"
	green  = "1;32"
	yellow = "33"
)

func (p *printer) paint(style, s string) string {
	if !p.color {
		return s
	}
	return "\x1b[" + style + "m" + s + "\x1b[0m"
}

func (p *printer) line(format string, args ...any) {
	p.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " "))
	p.WriteByte('\n')
}

func (p *printer) heading(text string) {
	p.line("")
	p.line("%s", p.paint(bold, text))
}

func (p *printer) conclusion(r Report) {
	paint := yellow
	switch r.Verdict {
	case Conformant:
		paint = green
	case NotConformant:
		paint = red
	}
	p.line("%s: %s", p.paint(paint, strings.ToUpper(r.Verdict.words())), r.said())
}

func (p *printer) facts(r Report) {
	p.line("")
	p.line("target   %s", targetText(r.Target))
	strict := ""
	if r.Strict {
		strict = ", strict: a SHOULD that is not met fails"
	}
	p.line("edition  %s%s", r.Edition, strict)
	if r.Limits != nil {
		p.line("limits   %s", r.Limits)
	}
	p.line("run      %s, %s, %s", plural(r.specs(), "spec"), time.Duration(r.DurationMS)*time.Millisecond, versionText(r.Tool))
}

func versionText(t Tool) string { return clean(t.Name + " " + t.Version) }

// targetText names a target without saying "reference" twice.
func targetText(t Target) string {
	if strings.Contains(t.Name, t.Kind) {
		return clean(t.Name)
	}
	return clean(t.Kind + " " + t.Name)
}

// table shows a row per level and a column per verdict.
func (p *printer) table(r Report) {
	columns := r.columns()
	p.line("")
	var b strings.Builder
	fmt.Fprintf(&b, "%-8s", "rules")
	for _, v := range columns {
		fmt.Fprintf(&b, "  %s", v)
	}
	p.line("%s", p.paint(bold, b.String()))
	for _, l := range verdict.Levels() {
		b.Reset()
		fmt.Fprintf(&b, "%-8s", l)
		for _, v := range columns {
			n := r.Counts[l][v]
			cell := fmt.Sprintf("%*d", len(v), n)
			if n > 0 {
				cell = p.paint(style(v), cell)
			}
			b.WriteString("  " + cell)
		}
		p.line("%s", b.String())
	}
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

func (p *printer) notCovered(r Report) {
	p.line("")
	all := r.catalogued()
	if len(r.NotCovered) == 0 && r.NotSelected == 0 {
		p.line("covered  all %s of the catalogue", rules(all))
		return
	}
	p.line("covered  %d of the %s of the catalogue", len(r.Rules), rules(all))
	for _, reason := range r.uncovered() {
		text := strings.Join(reason.IDs, ", ") + " " + reason.Text
		if n := len(reason.IDs); n > 4 {
			text = fmt.Sprintf("%s to %s %s", reason.IDs[0], reason.IDs[n-1], reason.Text)
		}
		p.block(fmt.Sprintf("%10d  ", len(reason.IDs)), text)
	}
	if r.NotSelected > 0 {
		p.block(fmt.Sprintf("%10d  ", r.NotSelected), "not selected")
	}
}

func (p *printer) cleanup(r Report) {
	if len(r.CleanupErrors) == 0 {
		return
	}
	p.line("")
	p.line("%s", p.paint(yellow, "left on the target: "+plural(len(r.CleanupErrors), "clean-up error")))
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
		p.line("  %s", cut(fmt.Sprintf("%s  %s, until %s: %s", rule.ID, rule.Level, rule.Deviation.Expires, what), summaryWidth-2))
		p.block("    ", rule.Deviation.Reason)
		if rule.Deviation.Link != "" {
			p.line("    %s", cut(clean(rule.Deviation.Link), 2*summaryWidth))
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
	n := 0
	for _, rule := range r.Rules {
		for _, s := range rule.Specs {
			if s.Verdict != verdict.Warned {
				continue
			}
			if n++; n == 1 {
				p.heading("warned: a SHOULD is not met")
			}
			if n <= warnedLines {
				p.line("  %s", cut(ruleRef(rule, s)+": "+clean(s.Text), summaryWidth-2))
				if f := oneLine(s.Failure); f != "" {
					p.line("    %s", cut(f, summaryWidth-4))
				}
			}
		}
	}
	if n > warnedLines {
		p.line("  and %d more; report.json has them all", n-warnedLines)
	}
}

func (p *printer) failed(r Report) {
	n := 0
	for _, rule := range r.Rules {
		titled := false
		for _, s := range rule.Specs {
			if s.Verdict != verdict.Failed {
				continue
			}
			if n++; n == 1 {
				p.heading("failed")
			}
			if n > fullFailures {
				if n == fullFailures+1 {
					p.line("")
				}
				p.line("  %s", cut(fmt.Sprintf("%s: %s: %s", ruleRef(rule, s), clean(s.Text), oneLine(s.Failure)), summaryWidth-2))
				continue
			}
			if !titled {
				titled = true
				p.line("")
				p.line("%s", p.paint(red, fmt.Sprintf("%s  %s", rule.ID, rule.Level)))
				p.block("  ", rule.Statement)
				var titles []string
				for _, d := range rule.Documents {
					titles = append(titles, d.Title)
				}
				p.block("  ", strings.Join(titles, "; "))
			}
			p.failure(rule, s)
		}
	}
	if n > fullFailures {
		p.line("  %s with full text above; report.json has all %d", plural(fullFailures, "failure"), n)
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
	last := telling(rule, s)
	p.message("request", last.Request)
	if last.Product != "" {
		as := fmt.Sprintf("%s of account %s, wire shape %s", last.Identity, last.Account, last.Shape)
		if last.Fault != "" {
			as += ", with the fault " + last.Fault + " on purpose"
		}
		p.field("sent as", as, 1)
	}
	if last.Response != nil {
		p.message("answer", *last.Response)
	} else {
		p.field("answer", cmp.Or("none: "+last.Error, "none"), 2)
	}
}

// mismatches shows where what came differs, a row for each place. A row that is
// too long for a line has what was expected above what came.
func (p *printer) mismatches(all []Mismatch) {
	const most = 12
	rows := make([][3]string, 0, len(all))
	var width [3]int
	for _, m := range all[:min(len(all), most)] {
		row := [3]string{cut(clean(m.Path), 40), cut(clean(m.Expected), 2*summaryWidth), cut(clean(m.Got), 2*summaryWidth)}
		rows = append(rows, row)
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	const expected, got = "expected", "got"
	width[1] = max(width[1], len(expected))
	if 11+width[0]+2+width[1]+2+width[2] <= summaryWidth {
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
	if len(all) > most {
		p.line("  %-8s and %d more; report.json has them all", "", len(all)-most)
	}
}

// pad fills s up to n characters.
func pad(s string, n int) string {
	return s + strings.Repeat(" ", max(0, n-utf8.RuneCountInString(s)))
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
	if len(lines) > limit {
		more = len(lines) - limit
		lines = lines[:limit]
	}
	for i, l := range lines {
		if i > 0 {
			name = ""
		}
		p.line("  %-8s %s", name, cut(clean(l), 2*summaryWidth))
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
		p.line("  %s", cut(clean(l), 2*summaryWidth))
	}
}

// block prints text wrapped at the width of the summary; further lines are
// indented as far as the first.
func (p *printer) block(indent, text string) {
	width := summaryWidth - len(indent)
	var b strings.Builder
	for _, word := range strings.Fields(clean(text)) {
		if b.Len() > 0 && utf8.RuneCountInString(b.String())+1+utf8.RuneCountInString(word) > width {
			p.line("%s%s", indent, b.String())
			indent = strings.Repeat(" ", len(indent))
			b.Reset()
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(word)
	}
	if b.Len() > 0 {
		p.line("%s%s", indent, b.String())
	}
}
