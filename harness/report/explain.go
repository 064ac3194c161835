package report

import (
	"fmt"
	"io"
	"slices"

	"github.com/kpspec/kpspec/harness/verdict"
)

// Explain writes for a terminal what a report says of one rule: its verdict, and
// of each spec that did not pass what the [Summary] shows of a failed one. again
// is the command that sends the recorded requests once more; it is named where
// there are any.
func Explain(w io.Writer, rule Rule, again string, color bool) error {
	p := &printer{color: color}
	p.line("  %s", p.paint(style(rule.Verdict), string(rule.Verdict)))
	if rule.Reason != "" {
		p.block("  ", rule.Reason)
	}
	if d := rule.Deviation; d != nil {
		p.block("  ", fmt.Sprintf("a known deviation until %s: %s", d.Expires, d.Reason))
	}
	for _, s := range rule.Specs {
		switch s.Verdict {
		case verdict.Passed:
		case verdict.Observed:
			for _, o := range s.Observations {
				p.line("  %s", clean(fmt.Sprintf("%s: %v", o.Name, o.Value)))
			}
		default:
			p.line("")
			p.failure(rule, s)
		}
	}
	if slices.ContainsFunc(rule.Specs, func(s Spec) bool { return len(s.Exchanges) > 0 }) {
		p.line("")
		p.line("  again    %s", clean(again))
	}
	_, err := io.WriteString(w, p.String())
	return err
}
