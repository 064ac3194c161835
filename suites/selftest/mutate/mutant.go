package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// place is how a person names a mutant. It stays the same while other code changes, as a line number would not.
type place struct {
	File string // from the root of the module
	Func string // Name or Type.Name; empty outside of functions
	Text string // the line, without the white space around it
	// Mutation is gremlins' name of it. Where a function has several mutants of the same text and name, a number follows:
	// which of them it is, such as "INVERT_LOGICAL 2".
	Mutation string
}

func (p place) String() string {
	return fmt.Sprintf("%s: %s: %s: %s", p.File, cmp.Or(p.Func, "(outside of functions)"), p.Text, p.Mutation)
}

// mutant is a changed operator, and what came of it.
type mutant struct {
	place
	status string
}

// What can come of a mutant, as gremlins says it.
const (
	killed     = "KILLED"
	lived      = "LIVED"
	timedOut   = "TIMED OUT" // as good as killed
	notCovered = "NOT COVERED"
	notViable  = "NOT VIABLE" // it does not compile
)

// mutation is one of a file in gremlins' report.
type mutation struct {
	Type   string `json:"type"`
	Status string `json:"status"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// observedMember is the member that is added to gremlins' report: file → how many of its killed mutants were noticed by a
// recorded fact alone.
const observedMember = "kpspec_observed"

// addObserved adds to gremlins' report what a recorded fact alone has shown: a line of names for each such mutant.
func addObserved(report, names string) error {
	text, err := os.ReadFile(report)
	if err != nil {
		return err
	}
	var found map[string]any
	if err := json.Unmarshal(text, &found); err != nil {
		return fmt.Errorf("%s is no report of gremlins: %w", report, err)
	}
	lines, err := os.ReadFile(names)
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // it is not there if no mutant was so
		return err
	}
	byFile := map[string]int{}
	for _, name := range strings.Fields(string(lines)) {
		byFile[name]++
	}
	found[observedMember] = byFile
	if text, err = json.Marshal(found); err != nil {
		return err
	}
	return os.WriteFile(report, text, 0o600)
}

// readMutants reads gremlins' report about dir, whose code must not have changed since, and what [addObserved] has added.
func readMutants(report, dir string) (all []mutant, observed map[string]int, err error) {
	text, err := os.ReadFile(report)
	if err != nil {
		return nil, nil, err
	}
	var found struct {
		Files []struct {
			Name      string     `json:"file_name"`
			Mutations []mutation `json:"mutations"`
		} `json:"files"`
		Observed map[string]int `json:"kpspec_observed"` // observedMember
	}
	if err := json.Unmarshal(text, &found); err != nil {
		return nil, nil, fmt.Errorf("%s is no report of gremlins: %w", report, err)
	}
	for _, f := range found.Files {
		name := path.Join(dir, f.Name)
		source, err := os.ReadFile(name)
		if err != nil {
			return nil, nil, err
		}
		mutants, err := named(name, string(source), f.Mutations)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, mutants...)
	}
	slices.SortStableFunc(all, func(a, b mutant) int { return cmp.Compare(a.File, b.File) })
	return all, found.Observed, nil
}

// named gives the mutants of a file the names of their places, in the order in which they stand there.
func named(name, source string, mutations []mutation) ([]mutant, error) {
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, name, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(mutations, func(a, b mutation) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Type, b.Type))
	})
	lines := strings.Split(source, "\n")
	var all []mutant
	same := map[place][]int{} // positions in all
	for i, m := range mutations {
		if m.Line < 1 || m.Line > len(lines) {
			return nil, fmt.Errorf("%s has no line %d any more: it has changed since gremlins ran", name, m.Line)
		}
		at := place{name, function(files, parsed, m.Line), strings.TrimSpace(lines[m.Line-1]), m.Type}
		same[at] = append(same[at], i)
		all = append(all, mutant{at, m.Status})
	}
	for _, positions := range same {
		for i, at := range positions {
			if len(positions) > 1 {
				all[at].Mutation = fmt.Sprintf("%s %d", all[at].Mutation, i+1)
			}
		}
	}
	return all, nil
}

// function is the name of the function that a line is in.
func function(files *token.FileSet, parsed *ast.File, line int) string {
	for _, d := range parsed.Decls {
		f, is := d.(*ast.FuncDecl)
		if !is || line < files.Position(f.Pos()).Line || line > files.Position(f.End()).Line {
			continue
		}
		if f.Recv == nil {
			return f.Name.Name
		}
		receiver := f.Recv.List[0].Type
		if pointer, is := receiver.(*ast.StarExpr); is {
			receiver = pointer.X
		}
		if generic, is := receiver.(*ast.IndexExpr); is {
			receiver = generic.X
		}
		return fmt.Sprintf("%s.%s", receiver, f.Name.Name)
	}
	return ""
}
