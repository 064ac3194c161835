package report

import (
	"fmt"
	"io"
	"slices"
)

// Format is a form in which a report can be shown. All are made from the report
// alone, and so can be made at any time from report.json.
type Format string

// The formats.
const (
	FormatSummary   Format = "summary"    // text for a terminal
	FormatHTML      Format = "html"       // a page of its own that needs no network
	FormatJUnit     Format = "junit"      // XML for a CI server
	FormatMarkdown  Format = "markdown"   // for the summary of a CI job
	FormatGitHub    Format = "github"     // annotations of a GitHub Actions job
	FormatBadge     Format = "badge"      // SVG
	FormatBadgeJSON Format = "badge-json" // for shields.io's endpoint badge
)

var writers = map[Format]func(io.Writer, Report) error{
	FormatSummary:   func(w io.Writer, r Report) error { return Summary(w, r, View{}) },
	FormatHTML:      HTML,
	FormatJUnit:     JUnit,
	FormatMarkdown:  Markdown,
	FormatGitHub:    Annotations,
	FormatBadge:     Badge,
	FormatBadgeJSON: BadgeJSON,
}

// Formats are all of them, in the order of their names.
func Formats() []Format {
	var all []Format
	for f := range writers {
		all = append(all, f)
	}
	slices.Sort(all)
	return all
}

// Render writes r in one of the [Formats].
func Render(w io.Writer, r Report, f Format) error {
	write, known := writers[f]
	if !known {
		return fmt.Errorf("unknown format %q", f)
	}
	if err := write(w, r); err != nil {
		return fmt.Errorf("write %s: %w", f, err)
	}
	return nil
}
