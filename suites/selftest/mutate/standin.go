package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// realGo is the variable with the path of the go command that [standIn] stands in for.
const realGo = "KPSPEC_GO"

// standIn is what gremlins runs as "go". It puts two things right that gremlins is mistaken about, and returns the exit
// code:
//   - go test ends with 1 both for a test that fails and for code that does not compile. gremlins takes 2 for the latter,
//     and would count it as killed.
//   - a coverage profile has no case expressions and no constants. gremlins would leave them alone.
func standIn(args []string) int {
	c := exec.Command(os.Getenv(realGo), args...)
	out, err := c.CombinedOutput()
	os.Stdout.Write(out)
	if i := slices.Index(args, "-coverprofile"); err == nil && i >= 0 && i+1 < len(args) {
		err = widen(args[i+1])
	}
	exit := (*exec.ExitError)(nil)
	switch {
	case err == nil:
		return 0
	case bytes.Contains(out, []byte("[build failed]")):
		return 2
	case errors.As(err, &exit):
		return max(exit.ExitCode(), 1)
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// span is a part of a source file.
type span struct{ startLine, startColumn, endLine, endColumn int }

func (s span) has(at token.Position) bool {
	return cmp.Or(cmp.Compare(s.startLine, at.Line), cmp.Compare(s.startColumn, at.Column)) <= 0 &&
		cmp.Or(cmp.Compare(s.endLine, at.Line), cmp.Compare(s.endColumn, at.Column)) >= 0
}

// widen adds to a coverage profile what is evaluated where a covered statement is, or always.
func widen(profile string) error {
	text, err := os.ReadFile(profile)
	if err != nil {
		return err
	}
	covered := map[string][]span{}
	for line := range strings.Lines(string(text)) {
		name, rest, _ := strings.Cut(line, ":")
		var s span
		var statements, count int
		n, _ := fmt.Sscanf(rest, "%d.%d,%d.%d %d %d", &s.startLine, &s.startColumn, &s.endLine, &s.endColumn, &statements, &count)
		if n == 6 && count > 0 {
			covered[name] = append(covered[name], s)
		}
	}
	wider := bytes.NewBuffer(text)
	for name, spans := range covered {
		_, file, inside := strings.Cut(name, module+"/")
		if !inside {
			return fmt.Errorf("%s: %s is not in %s", profile, name, module)
		}
		more, err := evaluated(file, spans)
		if err != nil {
			return err
		}
		for _, s := range more {
			fmt.Fprintf(wider, "%s:%d.%d,%d.%d 1 1\n", name, s.startLine, s.startColumn, s.endLine, s.endColumn)
		}
	}
	return os.WriteFile(profile, wider.Bytes(), 0o644)
}

// evaluated are the case expressions of the covered switches of a file, and the values that its package starts with.
func evaluated(file string, covered []span) (all []span, err error) {
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, file, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	add := func(from, to token.Pos) {
		start, end := files.Position(from), files.Position(to)
		all = append(all, span{start.Line, start.Column, end.Line, end.Column})
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		s, is := n.(*ast.SwitchStmt)
		if !is || !slices.ContainsFunc(covered, func(c span) bool { return c.has(files.Position(s.Switch)) }) {
			return true
		}
		for _, statement := range s.Body.List {
			if clause := statement.(*ast.CaseClause); clause.List != nil {
				add(clause.List[0].Pos(), clause.Colon)
			}
		}
		return true
	})
	for _, d := range parsed.Decls {
		g, is := d.(*ast.GenDecl)
		if !is {
			continue
		}
		for _, s := range g.Specs {
			values, is := s.(*ast.ValueSpec)
			if !is {
				continue
			}
			for _, v := range values.Values {
				if !hasFunction(v) { // a function may not run; its body has its own coverage
					add(v.Pos(), v.End())
				}
			}
		}
	}
	return all, nil
}

func hasFunction(e ast.Expr) (found bool) {
	ast.Inspect(e, func(n ast.Node) bool {
		_, is := n.(*ast.FuncLit)
		found = found || is
		return !found
	})
	return found
}
