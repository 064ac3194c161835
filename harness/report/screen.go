package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kpspec/kpspec/harness/verdict"
)

// The last part of a summary fits on one screen, with a line left for the prompt.
// What is always there comes to about a dozen lines; the causes share the rest.

// margin is how far everything on the screen stands behind the name of its section.
const margin = 9

// section is a part of the screen of which not everything may fit.
type section struct {
	name  string
	items [][]string // the lines of each
	paint string
	shown int // how many of the items
}

// lines is how many lines a section takes.
func (s section) lines() int {
	n := 0
	for _, item := range s.items[:s.shown] {
		n += len(item)
	}
	if s.shown < len(s.items) {
		n++ // that says how many more there are
	}
	return n
}

// screen prints what a reader sees when the run ends.
func (p *printer) screen(r Report) {
	fixed := newPrinter(p.View)
	fixed.facts(r)
	fixed.line("")
	fixed.table(r)
	fixed.line("")
	end := newPrinter(p.View)
	end.next(r)
	end.line("")
	end.conclusion(r)

	sections := []section{p.uncovered(r), p.left(r), p.obstacles(r), p.outOfDate(r), p.causes("warned", yellow, r.unmetBy(verdict.Warned)), p.causes("failed", red, r.unmetBy(verdict.Failed))}
	sections = slices.DeleteFunc(sections, func(s section) bool { return len(s.items) == 0 })
	share(sections, p.Lines-1-strings.Count(fixed.String(), "\n")-strings.Count(end.String(), "\n"))

	if p.Len() > 0 {
		p.line("")
	}
	p.WriteString(fixed.String())
	for _, s := range sections {
		p.section(s)
	}
	p.WriteString(end.String())
}

// share gives each section as many of its items as fit into the lines there are: one
// to each, and then all to the last section, which weighs most, before those above it.
func share(sections []section, lines int) {
	for _, s := range sections {
		lines -= s.lines()
	}
	grow := func(s *section) bool {
		if s.shown == len(s.items) {
			return false
		}
		before := s.lines()
		s.shown++
		need := s.lines() - before
		if need > lines {
			s.shown--
			return false
		}
		lines -= need
		return true
	}
	for i := range sections {
		if s := &sections[len(sections)-1-i]; s.shown == 0 {
			grow(s)
		}
	}
	for i := range sections {
		for grow(&sections[len(sections)-1-i]) {
		}
	}
}

func (p *printer) section(s section) {
	name := p.paint(s.paint, s.name) + strings.Repeat(" ", margin-len(s.name))
	put := func(line string) {
		p.line("%s%s", name, line)
		name = strings.Repeat(" ", margin)
	}
	for _, item := range s.items[:s.shown] {
		for _, line := range item {
			put(line)
		}
	}
	switch left := len(s.items) - s.shown; {
	case left > 0 && s.shown == 0:
		put(fit(fmt.Sprintf("%d: see above", left), p.Columns-margin))
	case left > 0:
		put(fit(p.more(left, ""), p.Columns-margin))
	}
}

func (p *printer) conclusion(r Report) {
	paint := yellow
	switch r.Verdict {
	case Conformant:
		paint = green
	case NotConformant:
		paint = red
	}
	word := strings.ToUpper(r.Verdict.words())
	for i, line := range wrap(word+": "+clean(r.said()), p.Columns) {
		if i == 0 {
			line = p.paint(paint, word) + strings.TrimPrefix(line, word)
		}
		p.line("%s", line)
	}
}

// next tells the commands that tell more of what failed.
func (p *printer) next(r Report) {
	for _, rule := range r.Rules {
		if rule.Verdict != verdict.Failed {
			continue
		}
		id := clean(rule.ID)
		if p.File == "" {
			p.fact("more", "kpspec explain "+id)
			return
		}
		p.fact("more", fmt.Sprintf("kpspec explain %s --report %s", id, clean(p.File)))
		p.fact("again", fmt.Sprintf("kpspec replay %s %s", clean(p.File), id))
		return
	}
}

func (p *printer) facts(r Report) {
	strict := ""
	if r.Strict {
		strict = ", strict: a SHOULD that is not met fails"
	}
	p.fact("target", targetText(r.Target))
	p.fact("edition", clean(string(r.Edition))+strict)
	p.fact("run", fmt.Sprintf("%s, %s, %s", plural(r.specs(), "spec"), time.Duration(r.DurationMS)*time.Millisecond, versionText(r.Tool)))
	if r.Limits != nil {
		p.fact("limits", r.Limits.String())
	}
	if r.Weather != nil {
		p.fact("weather", clean(r.Weather.String()))
	}
	if p.File != "" {
		p.fact("report", clean(p.File))
	}
}

func (p *printer) fact(name, text string) {
	p.line("%-*s%s", margin, name, fit(text, p.Columns-margin))
}

// table shows a row per verdict and a column per level, which fits on any screen. Two
// verdicts have a row in any case.
func (p *printer) table(r Report) {
	const first = len(verdict.NotApplicable)
	row := pad("rules", first)
	for _, l := range verdict.Levels() {
		row += "  " + string(l)
	}
	p.line("%s", p.paint(bold, row))
	for _, v := range verdict.All() {
		if r.Counts.Of(v) == 0 && v != verdict.Passed && v != verdict.Failed {
			continue
		}
		row := pad(string(v), first)
		for _, l := range verdict.Levels() {
			cell := fmt.Sprintf("%*d", len(l), r.Counts[l][v])
			if r.Counts[l][v] > 0 {
				cell = p.paint(style(v), cell)
			}
			row += "  " + cell
		}
		p.line("%s", row)
	}
}

// uncovered says how many rules were tested, and for what reason others were not.
func (p *printer) uncovered(r Report) section {
	all := r.catalogued()
	if len(r.NotCovered) == 0 && r.NotSelected == 0 {
		return section{name: "covered", items: [][]string{{fit("all "+rules(all)+" of the catalogue", p.Columns-margin)}}, shown: 1}
	}
	said := fmt.Sprintf("%d of %s; %d not covered, %d not selected", len(r.Rules), rules(all), len(r.NotCovered), r.NotSelected)
	s := section{name: "covered", items: [][]string{wrap(said, p.Columns-margin)}, shown: 1}
	for _, reason := range r.uncovered() {
		ids := strings.Join(reason.IDs, ", ")
		if n := len(reason.IDs); n > 4 {
			ids = fmt.Sprintf("%d: %s to %s", n, reason.IDs[0], reason.IDs[n-1])
		}
		s.items = append(s.items, []string{fit(clean("not "+ids+": "+reason.Text), p.Columns-margin)})
	}
	return s
}

func (p *printer) left(r Report) section {
	s := section{name: "left", paint: yellow}
	for _, e := range r.CleanupErrors {
		s.items = append(s.items, []string{fit(clean(e), p.Columns-margin)})
	}
	return s
}

func (p *printer) obstacles(r Report) section {
	s := section{name: "not run", paint: yellow}
	for _, c := range r.obstacles() {
		s.items = append(s.items, p.item(rules(len(c.IDs)), c.Text, c.IDs))
	}
	return s
}

func (p *printer) outOfDate(r Report) section {
	s := section{name: "list", paint: red}
	for _, fault := range r.ListFaults {
		s.items = append(s.items, []string{fit(clean(fault), p.Columns-margin)})
	}
	return s
}

func (p *printer) causes(name, paint string, groups []alike) section {
	s := section{name: name, paint: paint}
	for _, g := range groups {
		s.items = append(s.items, p.item(plural(len(g.specs), "spec"), g.cause, g.ids()))
	}
	return s
}

// item is a cause on one line, and the ids of its rules, as many as fit, on the next.
func (p *printer) item(count, cause string, ids []string) []string {
	room := p.Columns - margin
	shown, named := len(ids), strings.Join(ids, " ")
	for ; shown > 1 && columns(named) > room-2; shown-- {
		named = fmt.Sprintf("%s and %d more", strings.Join(ids[:shown-1], " "), len(ids)-shown+1)
	}
	return []string{fit(count+": "+oneLine(cause), room), "  " + fit(clean(named), room-2)}
}
