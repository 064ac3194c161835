package report

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/evidence"
	"github.com/kpspec/kpspec/harness/verdict"
)

var (
	//go:embed page/page.html
	pageHTML string
	//go:embed page/page.css
	pageCSS string
	//go:embed page/page.js
	pageJS string
)

const (
	// pageEvidence is how many bytes of texts and exchanges a page shows at most, so
	// that it stays under 1.5 MB where everything failed. Each spec that is not met
	// comes with the exchange that tells most before any has a second one.
	pageEvidence = 700 << 10
	// pageText is how many characters are shown of one text.
	pageText = 4000
	// pageRows is how many rows of one table are shown.
	pageRows = 40
	// exchangeBytes is about what the frame of an exchange takes, and rowBytes that of
	// a parameter or a header.
	exchangeBytes, rowBytes = 400, 50
)

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"clean":    clean,
	"lines":    func(s string) string { return cut(cleanLines(s), pageText) },
	"short":    func(s string) string { return cut(clean(s), pageText) },
	"body":     bodyText,
	"plural":   plural,
	"mark":     func(v verdict.Verdict) string { return marks[v] },
	"humps":    humps,
	"duration": func(d time.Duration) string { return d.Round(100 * time.Microsecond).String() },
}).Parse(pageHTML))

// humps is a name that may be broken before its inner capital letters.
func humps(name string) template.HTML {
	var b strings.Builder
	var last rune
	for _, r := range clean(name) {
		if unicode.IsUpper(r) && unicode.IsLower(last) {
			b.WriteString("<wbr>")
		}
		b.WriteString(template.HTMLEscapeString(string(r)))
		last = r
	}
	return template.HTML(b.String())
}

// marks are how verdicts look beside their colour, which not everybody sees.
var marks = map[verdict.Verdict]string{
	verdict.Passed: "✓", verdict.Failed: "✕", verdict.Warned: "!", verdict.Observed: "○",
	verdict.Deviation: "≈", verdict.NotApplicable: "–", verdict.CouldNotRun: "?",
}

// gravity is the order in which rules are shown.
var gravity = []verdict.Verdict{
	verdict.Failed, verdict.CouldNotRun, verdict.Warned, verdict.Deviation, verdict.NotApplicable, verdict.Observed, verdict.Passed,
}

// HTML writes r as one page that needs nothing else: no network, no file beside it.
// Its policy forbids it to ask for anything. It works without scripts, which add
// search and filters.
func HTML(w io.Writer, r Report) error {
	var out bytes.Buffer
	if err := page.Execute(&out, pageOf(r)); err != nil {
		return err
	}
	_, err := w.Write(out.Bytes())
	return err
}

// pageView is what the page shows.
type pageView struct {
	Report
	Policy        string
	CSS           template.CSS
	JS            template.JS
	Word, Said    string
	Target        string
	Tool          string
	Specs         int
	Took          time.Duration
	When          string
	Levels        []pageLevel
	Counted       []pageCount
	Catalogued    int
	Answered      int
	Gaps          []pageGap
	MoreGaps      []pageGap
	Matrix        pageMatrix
	Verdicts      []pageVerdict
	Shown         []pageRule
	Profile       []pageProfile
	Facts         int
	ShownLog      bool
	LeftOut       int // exchanges
	ConformantRun bool
}

type pageLevel struct {
	Level  catalogue.Level
	Reason string // what the level stands for
}

// pageCount is how many rules of each level have a verdict.
type pageCount struct {
	Verdict verdict.Verdict
	Counts  []int
}

type pageVerdict struct {
	Verdict verdict.Verdict
	N       int
}

func pageOf(r Report) pageView {
	v := pageView{
		Report: r,
		Policy: fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; img-src data:; base-uri 'none'; form-action 'none'",
			sourceHash(pageCSS), sourceHash(pageJS)),
		CSS: template.CSS(pageCSS), JS: template.JS(pageJS),
		Word: r.Verdict.words(), Said: r.said(),
		Target: targetText(r.Target), Tool: versionText(r.Tool),
		Specs: r.specs(), Took: time.Duration(r.DurationMS) * time.Millisecond,
		When:          r.Started.UTC().Format("2006-01-02 15:04 UTC"),
		Catalogued:    r.catalogued(),
		Matrix:        matrixOf(r),
		ConformantRun: r.Verdict == Conformant,
		ShownLog:      r.TargetLog != "" && r.Verdict != Conformant,
	}
	for _, l := range verdict.Levels() {
		v.Levels = append(v.Levels, pageLevel{l, levelReasons[l]})
	}
	for _, c := range r.columns() {
		row := pageCount{Verdict: c}
		for _, l := range verdict.Levels() {
			row.Counts = append(row.Counts, r.Counts[l][c])
		}
		v.Counted = append(v.Counted, row)
	}
	for _, g := range gravity {
		if n := r.Counts.Of(g); n > 0 {
			v.Verdicts = append(v.Verdicts, pageVerdict{g, n})
		}
	}
	v.Answered = len(r.Rules) - r.Counts.Of(verdict.CouldNotRun) - r.Counts.Of(verdict.NotApplicable)
	v.Gaps = gapsOf(r)
	if len(v.Gaps) > gapsShown {
		v.Gaps, v.MoreGaps = v.Gaps[:gapsShown], v.Gaps[gapsShown:]
	}
	v.Shown, v.LeftOut = pageRules(r)
	v.Profile, v.Facts = profileOf(r)
	return v
}

// pageGap is why rules have no answer, and which.
type pageGap struct {
	Verdict verdict.Verdict // "" of rules without any
	N       int
	Text    string
	IDs     []string
}

// gapsShown is how many reasons are shown at once.
const gapsShown = 6

func gapsOf(r Report) []pageGap {
	var gaps []pageGap
	add := func(v verdict.Verdict, all causes) {
		for _, c := range all {
			gaps = append(gaps, pageGap{v, len(c.IDs), c.Text, c.IDs})
		}
	}
	add(verdict.CouldNotRun, r.obstacles())
	add(verdict.NotApplicable, r.lacking())
	add("", r.uncovered())
	if r.NotSelected > 0 {
		gaps = append(gaps, pageGap{N: r.NotSelected, Text: "not selected for this run"})
	}
	return gaps
}

var levelReasons = map[catalogue.Level]string{
	catalogue.Must:    "the documents say so",
	catalogue.Should:  "the documents are vague",
	catalogue.Observe: "the documents are silent",
}

// sourceHash is how a policy names the one script or style that it lets run.
func sourceHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// pageMatrix is a cell for each operation and group of rules.
type pageMatrix struct {
	Operations []string
	Rows       []pageRow
}

type pageRow struct {
	Group string
	Cells []pageCell
}

// pageCell has the verdicts of its rules in the order of the catalogue.
type pageCell struct {
	Operation, Group string
	Verdicts         []verdict.Verdict
	Text             string // what the cell says, in words
}

func matrixOf(r Report) pageMatrix {
	var m pageMatrix
	cells := map[[2]string][]verdict.Verdict{}
	for _, rule := range r.Rules {
		operation, group := operationText(rule), groupOf(rule.ID)
		if !slices.Contains(m.Operations, operation) {
			m.Operations = append(m.Operations, operation)
		}
		cells[[2]string{operation, group}] = append(cells[[2]string{operation, group}], rule.Verdict)
	}
	for _, group := range groups() {
		row := pageRow{Group: group}
		occurs := false
		for _, operation := range m.Operations {
			cell := pageCell{Operation: operation, Group: group, Verdicts: cells[[2]string{operation, group}]}
			cell.Text = tally(cell.Verdicts)
			occurs = occurs || len(cell.Verdicts) > 0
			row.Cells = append(row.Cells, cell)
		}
		if occurs {
			m.Rows = append(m.Rows, row)
		}
	}
	return m
}

// tally says in words how often each verdict occurs, the gravest first.
func tally(verdicts []verdict.Verdict) string {
	var words []string
	for _, v := range gravity {
		n := 0
		for _, one := range verdicts {
			if one == v {
				n++
			}
		}
		if n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, v))
		}
	}
	return strings.Join(words, ", ")
}

// pageRule is a rule with its specs: first those that are not simply met.
type pageRule struct {
	Rule
	Op, Group string
	Tally     string // of the verdicts of its specs
	Unmet     []pageSpec
	Met       []Spec
}

type pageSpec struct {
	Spec
	Rows      []Mismatch
	MoreRows  int
	Exchanges []pageExchange
	LeftOut   int // exchanges
}

type pageExchange struct {
	evidence.Exchange
	Telling bool
}

// pageRules are the rules, the gravest first, and the number of exchanges for which
// there was no room.
func pageRules(r Report) (shown []pageRule, leftOut int) {
	for _, rule := range r.Rules {
		p := pageRule{Rule: rule, Op: operationText(rule), Group: groupOf(rule.ID)}
		var verdicts []verdict.Verdict
		for _, s := range rule.Specs {
			verdicts = append(verdicts, s.Verdict)
			if s.Verdict == verdict.Passed || s.Verdict == verdict.Observed {
				p.Met = append(p.Met, s)
				continue
			}
			unmet := pageSpec{Spec: s, Rows: s.Mismatches}
			if more := len(s.Mismatches) - pageRows; more > 0 {
				unmet.Rows, unmet.MoreRows = s.Mismatches[:pageRows], more
			}
			p.Unmet = append(p.Unmet, unmet)
		}
		p.Tally = tally(verdicts)
		shown = append(shown, p)
	}
	slices.SortStableFunc(shown, func(a, b pageRule) int {
		return cmp.Compare(slices.Index(gravity, a.Verdict), slices.Index(gravity, b.Verdict))
	})
	return shown, furnish(shown)
}

// furnish gives the specs their exchanges as far as there is room, and returns how
// many are left out.
func furnish(rules []pageRule) (leftOut int) {
	room := pageEvidence
	take := func(s *pageSpec, e evidence.Exchange, isTelling bool) {
		if room -= sizeOf(e); room < 0 {
			s.LeftOut++
			leftOut++
			return
		}
		s.Exchanges = append(s.Exchanges, pageExchange{e, isTelling})
	}
	each := func(do func(Rule, *pageSpec)) {
		for i := range rules {
			for j := range rules[i].Unmet {
				do(rules[i].Rule, &rules[i].Unmet[j])
			}
		}
	}
	each(func(_ Rule, s *pageSpec) {
		room -= min(len(s.Failure), pageText)
		for _, m := range s.Rows {
			room -= min(len(m.Expected), pageText) + min(len(m.Got), pageText) + rowBytes
		}
	})
	each(func(rule Rule, s *pageSpec) {
		if len(s.Spec.Exchanges) > 0 {
			take(s, telling(rule, s.Spec), true)
		}
	})
	each(func(rule Rule, s *pageSpec) {
		if len(s.Spec.Exchanges) == 0 {
			return
		}
		told := telling(rule, s.Spec).Seq
		for _, e := range s.Spec.Exchanges {
			if e.Seq != told {
				take(s, e, false)
			}
		}
		slices.SortStableFunc(s.Exchanges, func(a, b pageExchange) int { return cmp.Compare(a.Seq, b.Seq) })
	})
	return leftOut
}

// sizeOf is about what an exchange takes on the page.
func sizeOf(e evidence.Exchange) int {
	size := exchangeBytes + len(e.Error)
	for _, m := range []*evidence.Message{&e.Request, e.Response} {
		if m == nil {
			continue
		}
		size += len(m.Line) + min(len(bodyText(m.Body))*5/4, 2*pageText)
		for _, h := range m.Header {
			size += rowBytes + len(h[0]) + min(len(h[1]), pageText)
		}
		for _, p := range m.Params {
			size += rowBytes + len(p.Name) + min(len(p.Value), pageText)
		}
	}
	return size
}

// bodyText is a body as it is shown: JSON is indented.
func bodyText(body string) string {
	var indented bytes.Buffer
	if json.Indent(&indented, []byte(body), "", "  ") == nil {
		body = indented.String()
	}
	return cut(cleanLines(body), pageText)
}

// pageProfile is what was observed of an operation.
type pageProfile struct {
	Operation string
	Facts     []pageFact
}

type pageFact struct {
	Rule, Name, Value string
}

func profileOf(r Report) (profiles []pageProfile, facts int) {
	for _, rule := range r.Rules {
		values, names := factsOf(rule)
		for _, name := range names {
			operation := operationText(rule)
			if len(profiles) == 0 || profiles[len(profiles)-1].Operation != operation {
				profiles = append(profiles, pageProfile{Operation: operation})
			}
			last := &profiles[len(profiles)-1]
			last.Facts = append(last.Facts, pageFact{rule.ID, name, factText(values[name].value)})
			facts++
		}
	}
	return profiles, facts
}

// factText is the value of a fact for a reader.
func factText(value any) string {
	switch v := value.(type) {
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case string:
		return v
	case []any:
		if len(v) == 0 {
			return "none"
		}
		var all []string
		for _, one := range v {
			all = append(all, factText(one))
		}
		return strings.Join(all, ", ")
	case []string:
		if len(v) == 0 {
			return "none"
		}
		return strings.Join(v, ", ")
	}
	return valueText(value)
}
