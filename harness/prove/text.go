package prove

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kpspec/kpspec/reference/defect"
)

// Line is a trial in one line, or in a few where something is not as it should be.
func (t Trial) Line() string {
	line := fmt.Sprintf("%-10s %s: %s", t.Ending, t.Defect, strings.Join(t.Red, " "))
	if len(t.Red) == 0 {
		line = fmt.Sprintf("%-10s %s: nothing is red", t.Ending, t.Defect)
	}
	if missing := t.Missing(); t.Ending != Killed {
		line += "\n           " + t.Sentence
		if len(missing) > 0 {
			line += "\n           declared and not red: " + strings.Join(missing, " ")
		}
		if extra := t.Extra(); len(extra) > 0 {
			line += "\n           red and not declared: " + strings.Join(extra, " ")
		}
	}
	return line
}

// Line is a control in one line.
func (c Control) Line() string {
	line := fmt.Sprintf("control %s: %d specs, %d requests, ", c.Edition, c.Specs, c.Requests)
	if len(c.Bad) > 0 {
		return line + "NOT GREEN: " + strings.Join(c.Bad, " ")
	}
	return line + "all green"
}

// Line is the run against a server in one line.
func (r Constant) Line() string {
	verdict := "no rule passed"
	if len(r.Passed) > 0 {
		verdict = "PASSED: " + strings.Join(r.Passed, " ")
	}
	if r.late() {
		verdict += ", TOO SLOW"
	}
	return fmt.Sprintf("%s: %s (%.1f s)", r.Server, verdict, r.MS/1000)
}

// Summary writes the figures of a proof, and what is not as it should be.
func (p Proof) Summary(w io.Writer) error {
	var b strings.Builder
	for _, c := range p.Controls {
		fmt.Fprintf(&b, "%s, in %.0f ms\n", c.Line(), c.MS)
	}
	if len(p.Trials) > 0 {
		fmt.Fprintf(&b, "%d defects: %s; %.0f ms each on average (median %.0f)\n", len(p.Trials), p.endings(), p.mean(), p.median())
	}
	if len(p.Unproven) > 0 {
		fmt.Fprintf(&b, "rules that no defect breaks: %s\n", strings.Join(p.Unproven, " "))
	}
	for _, where := range p.Idle {
		fmt.Fprintf(&b, "an assertion that no defect makes fail: %s\n", where)
	}
	for _, rule := range p.Miscount {
		fmt.Fprintf(&b, "%s\n", rule)
	}
	if len(p.Constants) > 0 {
		passed, slowest := 0, 0.0
		for _, r := range p.Constants {
			passed += len(r.Passed)
			slowest = max(slowest, r.MS)
		}
		fmt.Fprintf(&b, "%d servers that implement nothing: %d rules passed, at most %.1f s\n", len(p.Constants), passed, slowest/1000)
	}
	if p.Holds() {
		b.WriteString("PROVEN: every defect is found and blamed on the rules it breaks\n")
	} else {
		b.WriteString("NOT PROVEN\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// endings counts the trials by how they ended.
func (p Proof) endings() string {
	var parts []string
	for _, e := range []Ending{Killed, Survived, Blamed, Unreached} {
		n := 0
		for _, t := range p.Trials {
			if t.Ending == e {
				n++
			}
		}
		if n > 0 || e == Killed {
			parts = append(parts, fmt.Sprintf("%d %s", n, e))
		}
	}
	return strings.Join(parts, ", ")
}

func (p Proof) mean() float64 {
	sum := 0.0
	for _, t := range p.Trials {
		sum += t.MS
	}
	return sum / float64(len(p.Trials))
}

func (p Proof) median() float64 {
	var all []float64
	for _, t := range p.Trials {
		all = append(all, t.MS)
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// Page writes what defects there are as a page of Markdown.
func Page(w io.Writer, defects []defect.Defect) error {
	var b strings.Builder
	b.WriteString("# What the suite finds\n\n" +
		"Made by `make defects`; a test fails when it is stale. Each line is a fault of the reference that `kpspec prove` switches\n" +
		"on alone, and all the rules that turn red because of it: were it one more or one less, the proof would fail.\n\n" +
		"| Defect | What the server does | Rules that turn red |\n|---|---|---|\n")
	for _, d := range defects {
		red := strings.Join(d.Rules, " ")
		if d.Edition != "" {
			red += " (edition " + d.Edition + ")"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", d.ID, strings.NewReplacer("|", `\|`, "*", `\*`, "_", `\_`, "<", "&lt;").Replace(d.Sentence), red)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
