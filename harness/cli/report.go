package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/verdict"
)

func (p *Program) reportCommand() *cobra.Command {
	format := report.FormatSummary
	var out string
	var schema bool
	c := &cobra.Command{
		Use:   "report REPORT.json",
		Short: "Show a report as a page, as JUnit XML, or in another form",
		Long: `Show a report as a page, as JUnit XML, or in another form. What kpspec run --output
writes can be made at any later time from what it wrote with --report.

  summary     text, as kpspec run prints it (default)
  html        one page to look at, search and print, without a network
  junit       XML for a CI server
  markdown    for the summary of a CI job, under 1 MiB
  github      annotations of a GitHub Actions job
  badge       SVG with edition, counts and date
  badge-json  the same for shields.io's endpoint badge

Exit codes: 0 written, whatever the report says; 2 the file is no report.`,
		Example: `  kpspec report report.json --format html --out report.html
  kpspec report report.json --format markdown >> "$GITHUB_STEP_SUMMARY"
  kpspec report --schema > report.schema.json`,
		RunE: func(c *cobra.Command, args []string) error {
			if schema {
				if len(args) > 0 || c.Flags().Changed("format") {
					return usage("--schema prints the schema of every report; it takes no report and no --format")
				}
				return p.deliver(out, func(w io.Writer) error { _, err := w.Write(report.Schema()); return err })
			}
			if len(args) != 1 {
				return usage("kpspec report takes one report, not %d", len(args))
			}
			r, err := readReport(args[0])
			if err != nil {
				return err
			}
			return p.deliver(out, func(w io.Writer) error {
				if format == report.FormatSummary && out == "" {
					return p.summary(r)
				}
				return report.Render(w, r, format)
			})
		},
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.Var(choice[report.Format]{&format, report.Formats()}, "format", "form to write (default summary)")
	flags.StringVar(&out, "out", "", "write to `FILE` instead of the standard output")
	flags.BoolVar(&schema, "schema", false, "print the JSON Schema of report.json")
	return c
}

// formatList names the formats for a help text.
func formatList() string {
	var names []string
	for _, f := range report.Formats() {
		names = append(names, string(f))
	}
	return strings.Join(names, ", ")
}

// deliver writes to a file, or where none is named to the standard output.
func (p *Program) deliver(file string, content func(io.Writer) error) error {
	if file == "" {
		return broken(content(p.Stdout))
	}
	out, err := newOutput("--out", file)
	if err != nil {
		return usage("--out: %w", err)
	}
	defer out.discard()
	return broken(out.write(content))
}

// outputs are the files that a run writes: report.json, and the same in other
// forms. They are opened before the run.
type outputs []formatted

// formatted is one file. Without a format it is report.json.
type formatted struct {
	format report.Format
	*output
}

// newOutputs opens the files of --report and of each --output FORMAT=FILE.
func newOutputs(file string, forms []string) (outputs, error) {
	var all outputs
	open := func(flag string, format report.Format, path string) error {
		for _, other := range all {
			if other.path != "" && other.path == resolved(path) {
				return usage("%s: %s is written already, by %s", flag, path, other.flag)
			}
		}
		out, err := newOutput(flag, path)
		if err != nil {
			return usage("%s: %w", flag, err)
		}
		all = append(all, formatted{format, out})
		return nil
	}
	err := func() error {
		if file != "" {
			if err := open("--report", "", file); err != nil {
				return err
			}
		}
		for _, form := range forms {
			name, path, _ := strings.Cut(form, "=")
			var format report.Format
			if err := (choice[report.Format]{&format, report.Formats()}).Set(name); err != nil {
				return usage("--output %q: the format %w; write it as html=FILE", form, err)
			}
			if path == "" {
				return usage("--output %q: no file is named; write it as %s=FILE", form, name)
			}
			if err := open("--output "+name, format, path); err != nil {
				return err
			}
		}
		return nil
	}()
	if err != nil {
		all.discard()
		return nil, err
	}
	return all, nil
}

// write writes all files; one that cannot be written does not keep the others.
func (o outputs) write(r report.Report) error {
	var errs []error
	for _, f := range o {
		errs = append(errs, f.output.write(func(w io.Writer) error {
			if f.format == "" {
				return r.Write(w)
			}
			return report.Render(w, r, f.format)
		}))
	}
	return errors.Join(errs...)
}

func (o outputs) discard() {
	for _, f := range o {
		f.output.discard()
	}
}

// present prints the summary of a run, which annotations follow in a job of GitHub
// Actions.
func (p *Program) present(r report.Report, file string) error {
	err := errors.Join(p.summary(r), p.more(r, file))
	if p.Actions {
		err = errors.Join(err, report.Annotations(p.Stdout, r))
	}
	return err
}

// more prints the commands that tell more of what failed.
func (p *Program) more(r report.Report, file string) error {
	for _, rule := range r.Rules {
		if rule.Verdict != verdict.Failed {
			continue
		}
		if file == "" {
			_, err := fmt.Fprintf(p.Stdout, "\nmore     kpspec explain %s\n", rule.ID)
			return err
		}
		_, err := fmt.Fprintf(p.Stdout, "\nmore     kpspec explain %s --report %s\nagain    kpspec replay %s %s\n", rule.ID, file, file, rule.ID)
		return err
	}
	return nil
}

// summary prints the summary. In a job of GitHub Actions nothing in it, such as the
// text of an answer, is taken for a command to the runner of the job.
func (p *Program) summary(r report.Report) error {
	if !p.Actions {
		return report.Summary(p.Stdout, r, p.Color)
	}
	token := p.Token()
	if _, err := fmt.Fprintf(p.Stdout, "::stop-commands::%s\n", token); err != nil {
		return err
	}
	err := report.Summary(p.Stdout, r, p.Color)
	_, resumed := fmt.Fprintf(p.Stdout, "::%s::\n", token)
	return errors.Join(err, resumed)
}
