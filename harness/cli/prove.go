package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kpspec/kpspec/harness/prove"
	"github.com/kpspec/kpspec/harness/verdict"
	"github.com/kpspec/kpspec/reference/defect"
)

// proveFlags are the flags of `kpspec prove`.
type proveFlags struct {
	defects     []string
	whole, list bool
	quiet       bool
	json        string // file
	page, count string // files
}

func (p *Program) proveCommand(code *int) *cobra.Command {
	var f proveFlags
	c := &cobra.Command{
		Use:   "prove",
		Short: "Show that the specs find every declared defect of the reference",
		Long: "Show that the specs find every declared defect of the reference, blame it on the rules it breaks and on no\n" +
			"others, and that no rule passes on servers that implement nothing. Nothing but this process is tested.",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			defects, err := f.selection()
			if err != nil {
				return err
			}
			switch {
			case f.list:
				return broken(p.listDefects(defects))
			case f.page != "":
				return save("--page", f.page, func(w io.Writer) error { return prove.Page(w, defects) })
			case f.count != "":
				record, err := prove.Count(c.Context())
				if err != nil {
					return incomplete("the assertions cannot be counted: %w", err)
				}
				return save("--count", f.count, record.Write)
			}
			*code, err = p.prove(c.Context(), f, defects)
			return err
		},
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.StringArrayVar(&f.defects, "defect", nil, "try the defect `ID` alone, without the servers that implement nothing; may be repeated")
	complete(c, "defect", defectIDs)
	flags.BoolVar(&f.list, "list", false, "list the defects and try none")
	flags.BoolVar(&f.quiet, "quiet", false, "print only the figures and what is not as it should be")
	flags.BoolVar(&f.whole, "whole", false, "run all specs against every defect, also those that it cannot concern")
	flags.StringVar(&f.json, "json", "", "write all results to `FILE.json`")
	flags.StringVar(&f.page, "page", "", "list the defects on a page of Markdown, `FILE.md`, and try none")
	flags.StringVar(&f.count, "count", "", "write how many assertions the specs of each rule make to `FILE.json`, and try none")
	return c
}

// selection are the defects to try.
func (f proveFlags) selection() ([]defect.Defect, error) {
	if len(f.defects) == 0 {
		return defect.All(), nil
	}
	var out []defect.Defect
	for _, id := range f.defects {
		d, err := defect.Find(id)
		if err != nil {
			return nil, usage("--defect: %w (kpspec prove --list lists them)", err)
		}
		if !slices.ContainsFunc(out, func(o defect.Defect) bool { return o.ID == id }) {
			out = append(out, d)
		}
	}
	return out, nil
}

func (p *Program) listDefects(defects []defect.Defect) error {
	for _, d := range defects {
		if _, err := fmt.Fprintf(p.Stdout, "%s\n    %s\n    %s\n", d.ID, d.Sentence, strings.Join(d.Rules, " ")); err != nil {
			return err
		}
	}
	return nil
}

// prove does the work of `kpspec prove` and returns the exit code.
func (p *Program) prove(ctx context.Context, f proveFlags, defects []defect.Defect) (int, error) {
	out, err := newOutput("--json", f.json)
	if err != nil {
		return 0, usage("--json: %w", err)
	}
	defer out.discard()
	var told error
	tell := func(line string) {
		_, err := fmt.Fprintln(p.Stdout, line)
		told = errors.Join(told, err)
	}
	proof, err := p.Prove(ctx, prove.Options{
		Defects: defects, Whole: f.whole, Others: len(f.defects) == 0,
		Tell: func(t prove.Trial) {
			if !f.quiet || t.Ending != prove.Killed {
				tell(t.Line())
			}
		},
	})
	if err != nil {
		return 0, incomplete("the proof did not come to its end: %w", err)
	}
	for _, r := range proof.Constants {
		if !f.quiet || !r.Holds() {
			tell(r.Line())
		}
	}
	err = errors.Join(told, proof.Summary(p.Stdout), out.write(func(w io.Writer) error { return writeJSON(w, "  ", proof) }))
	if err != nil {
		return 0, broken(err)
	}
	if !proof.Holds() {
		return verdict.ExitNotConformant, nil
	}
	return verdict.ExitConformant, nil
}

// save writes a file of which nobody ever sees half.
func save(flag, name string, content func(io.Writer) error) error {
	out, err := newOutput(flag, name)
	if err != nil {
		return usage("%s: %w", flag, err)
	}
	defer out.discard()
	return broken(out.write(content))
}
