package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/kpspec/kpspec/harness/verdict"
)

// annotationsShown is how many annotations of a kind GitHub shows of one step.
const annotationsShown = 10

// Annotations writes the workflow commands that mark a GitHub Actions job: an error
// for each spec that failed, a warning for each that warned or could not run and for
// what was left behind. Of each kind GitHub shows ten; if there are more, the last of
// them says how many. A conformant run without warnings writes nothing.
func Annotations(w io.Writer, r Report) error {
	var errs, warnings []string
	for _, fault := range r.ListFaults {
		errs = append(errs, annotation("error", "deviations", fault))
	}
	for _, rule := range r.Rules {
		if rule.Reason != "" {
			warnings = append(warnings, annotation("warning", rule.ID+" could not run", rule.Reason))
		}
		for _, s := range rule.Specs {
			text := s.Text + ": " + s.headline()
			switch s.Verdict {
			case verdict.Failed:
				errs = append(errs, annotation("error", ruleRef(rule, s), text+"\nrule: "+rule.Statement))
			case verdict.Warned:
				warnings = append(warnings, annotation("warning", ruleRef(rule, s)+" warned", text))
			case verdict.CouldNotRun:
				warnings = append(warnings, annotation("warning", ruleRef(rule, s)+" could not run", text))
			}
		}
	}
	for _, e := range r.CleanupErrors {
		warnings = append(warnings, annotation("warning", "left on the target", e))
	}
	lines := append(shown(errs, "error"), shown(warnings, "warning")...)
	if r.Verdict == Incomplete && len(lines) == 0 {
		lines = []string{annotation("warning", "incomplete", r.said())}
	}
	_, err := io.WriteString(w, strings.Join(lines, ""))
	return err
}

// shown are those of the annotations of a kind that GitHub shows. The last one says
// how many are left out.
func shown(all []string, kind string) []string {
	if len(all) <= annotationsShown {
		return all
	}
	left := len(all) - annotationsShown + 1
	return append(all[:annotationsShown-1:annotationsShown-1],
		annotation(kind, fmt.Sprintf("%d more", left), fmt.Sprintf("and %s; the report has them all", plural(left, "more "+kind))))
}

// annotation is one workflow command. A line end would end it, and what follows could
// be another one; a title ends at a comma or a colon.
func annotation(kind, title, text string) string {
	return fmt.Sprintf("::%s title=%s::%s\n", kind, commandProperty.Replace(clean(title)), commandData.Replace(cut(cleanLines(text), annotationLength)))
}

// annotationLength is how many characters of a text are shown.
const annotationLength = 1000

var (
	commandData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	commandProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)
