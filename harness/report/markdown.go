package report

import (
	"fmt"
	"html"
	"io"
	"strings"
	"time"

	"github.com/kpspec/kpspec/harness/evidence"
	"github.com/kpspec/kpspec/harness/verdict"
)

const (
	// markdownSize is where failures end: GitHub takes 1 MiB as the summary of a step,
	// and shows nothing of one that is larger.
	markdownSize = 900 << 10
	// markdownText is how many characters are shown of one text that a target or a
	// spec wrote, and markdownRows how many things of one list.
	markdownText = 2000
	markdownLine = 300 // of one that stands on a line of a list
	markdownRows = 50
)

// Markdown writes r for the summary of a CI job, in less than 1 MiB: the verdict, the
// counts, what was not covered and why, and the failures, each with its evidence
// folded. Text of the target cannot leave the place it is put into.
func Markdown(w io.Writer, r Report) error {
	m := &markdown{}
	m.head(r)
	m.counts(r)
	m.causes("Could not run", r.obstacles())
	m.causes("Not applicable", r.lacking())
	m.uncovered(r)
	m.list("Left on the target", r.CleanupErrors)
	m.list("The list of deviations is out of date", r.ListFaults)
	m.rules(r, "Failed", verdict.Failed)
	m.rules(r, "Warned: a SHOULD is not met", verdict.Warned)
	m.rules(r, "Known deviations", verdict.Deviation)
	_, err := io.WriteString(w, m.String())
	return err
}

type markdown struct{ strings.Builder }

func (m *markdown) line(format string, args ...any) { fmt.Fprintf(m, format+"\n", args...) }

func (m *markdown) heading(text string) { m.line("\n### %s\n", text) }

func (m *markdown) head(r Report) {
	mark := "🟡"
	switch r.Verdict {
	case Conformant:
		mark = "✅"
	case NotConformant:
		mark = "❌"
	}
	m.line("## %s kpspec: %s", mark, r.Verdict.words())
	m.line("\n%s.\n", md(r.said()))
	strict := ""
	if r.Strict {
		strict = ", strict"
	}
	m.line("%s · edition %s%s · %s in %s · %s · %s", mdCode(targetText(r.Target)), md(string(r.Edition)), strict,
		plural(r.specs(), "spec"), time.Duration(r.DurationMS)*time.Millisecond, r.Started.UTC().Format("2006-01-02 15:04 UTC"), md(versionText(r.Tool)))
	if r.Limits != nil {
		m.line("\nLimits: %s", md(r.Limits.String()))
	}
	if r.Weather != nil {
		m.line("\nWeather: %s", md(r.Weather.String()))
	}
}

func (m *markdown) counts(r Report) {
	columns := r.columns()
	head, rule := "| rules |", "|---|"
	for _, v := range columns {
		head, rule = head+fmt.Sprintf(" %s |", v), rule+"---:|"
	}
	m.line("\n%s\n%s", head, rule)
	for _, l := range verdict.Levels() {
		row := fmt.Sprintf("| %s |", l)
		for _, v := range columns {
			if n := r.Counts[l][v]; n > 0 && v != verdict.Passed && v != verdict.Observed {
				row += fmt.Sprintf(" **%d** |", n)
			} else {
				row += fmt.Sprintf(" %d |", n)
			}
		}
		m.line("%s", row)
	}
}

func (m *markdown) causes(title string, all causes) {
	if len(all) == 0 {
		return
	}
	m.heading(title)
	for i, c := range all {
		if i == markdownRows {
			m.line("- and %s", plural(len(all)-i, "more cause"))
			break
		}
		m.line("- %s: %s<br>%s", rules(len(c.IDs)), mdCode(c.Text), md(c.Named()))
	}
}

func (m *markdown) uncovered(r Report) {
	m.heading("Not covered")
	if len(r.NotCovered) == 0 && r.NotSelected == 0 {
		m.line("Nothing: all %s of the catalogue were tested.", rules(r.catalogued()))
		return
	}
	m.line("%d of the %s of the catalogue were tested, these were not:\n", len(r.Rules), rules(r.catalogued()))
	reasons := r.uncovered()
	for i, c := range reasons {
		if i == markdownRows {
			m.line("- and %s", plural(len(reasons)-i, "more reason"))
			break
		}
		m.line("- %s: %s (%s)", rules(len(c.IDs)), md(cut(c.Text, markdownLine)), md(c.Named()))
	}
	if r.NotSelected > 0 {
		m.line("- %s: not selected", rules(r.NotSelected))
	}
}

func (m *markdown) list(title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	m.heading(title)
	for i, l := range lines {
		if i == markdownRows {
			m.line("- and %d more", len(lines)-i)
			break
		}
		m.line("- %s", mdCode(l))
	}
}

// rules shows the rules with specs of a verdict, as many as there is room for.
func (m *markdown) rules(r Report, title string, v verdict.Verdict) {
	var found []Rule
	for _, rule := range r.Rules {
		for _, s := range rule.Specs {
			if s.Verdict == v {
				found = append(found, rule)
				break
			}
		}
	}
	for i, rule := range found {
		if i == 0 {
			m.heading(title)
		}
		var block markdown
		block.rule(rule, v)
		if m.Len()+block.Len() > markdownSize {
			m.line("\nand %s more; the report has them all.", rules(len(found)-i))
			return
		}
		m.WriteString(block.String())
	}
}

func (m *markdown) rule(rule Rule, v verdict.Verdict) {
	var specs []Spec
	for _, s := range rule.Specs {
		if s.Verdict == v {
			specs = append(specs, s)
		}
	}
	m.line("<details><summary><b>%s</b> %s: %d of %s. %s</summary>\n", md(rule.ID), md(string(rule.Level)), len(specs),
		plural(len(rule.Specs), "spec"), md(cut(rule.Statement, markdownText)))
	var titles []string
	for _, d := range rule.Documents {
		titles = append(titles, d.Title)
	}
	if len(titles) > 0 {
		m.line("In: %s\n", md(strings.Join(titles, "; ")))
	}
	if d := rule.Deviation; d != nil {
		m.line("Listed as %s until %s: %s\n", md(string(d.Kind)), md(d.Expires), mdCode(d.Reason))
	}
	for i, s := range specs {
		if i == markdownRows {
			m.line("and %s\n", plural(len(specs)-i, "more spec"))
			break
		}
		m.spec(rule, s)
	}
	m.line("</details>")
}

func (m *markdown) spec(rule Rule, s Spec) {
	m.line("**%s**", md(cut(s.Text, markdownText)))
	if s.Clause != "" {
		m.line("(%s, %s)", md(s.Clause), md(string(s.Level)))
	}
	if s.Location != "" {
		m.line("%s", mdCode(s.Location))
	}
	m.line("")
	if len(s.Mismatches) > 0 {
		m.line("| where | expected | got |\n|---|---|---|")
		for i, mm := range s.Mismatches {
			if i == markdownRows {
				m.line("| and %d more | | |", len(s.Mismatches)-i)
				break
			}
			m.line("| %s | %s | %s |", mdCode(mm.Path), mdCode(mm.Expected), mdCode(mm.Got))
		}
		m.line("")
	}
	m.pre(s.Failure)
	if len(s.Exchanges) > 0 {
		m.pre(exchangeText(telling(rule, s)))
	}
}

// exchangeText is an exchange in a few lines, without headers.
func exchangeText(e evidence.Exchange) string {
	e.Request.Header = nil
	if e.Response != nil {
		answer := *e.Response
		answer.Header = nil
		e.Response = &answer
	}
	return e.String()
}

// pre shows a text of several lines as it is. Inside of it nothing is Markdown, and
// without "<" nothing can end it.
func (m *markdown) pre(text string) {
	if text = cut(cleanLines(text), markdownText); text != "" {
		m.line("<pre>%s</pre>\n", runnerWords.Replace(html.EscapeString(text)))
	}
}

// runnerWords are what a line of a job's log is a command by, should Markdown get there.
var runnerWords = strings.NewReplacer("::", "&#58;&#58;", "##[", "&#35;&#35;[")

// mdCode shows wire text on one line. In code nobody is mentioned and nothing is
// linked.
func mdCode(s string) string {
	if s = oneLine(s); s == "" {
		return ""
	}
	return "<code>" + md(cut(s, markdownLine)) + "</code>"
}

// md is text in which nothing is Markdown or HTML: what could be is written as a
// character reference, which never has a structural meaning.
func md(s string) string { return mdEscapes.Replace(clean(s)) }

var mdEscapes = func() *strings.Replacer {
	pairs := []string{"www.", "www&#46;"} // would be a link
	for _, c := range "\\`*_{}[]<>#+!|&~@:$^\"'" {
		pairs = append(pairs, string(c), fmt.Sprintf("&#%d;", c))
	}
	return strings.NewReplacer(pairs...)
}()
