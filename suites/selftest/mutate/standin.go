package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Variables for what [standIn] does.
const (
	realGo    = "KPSPEC_GO"        // the path of the go command that it stands in for
	unchanged = "KPSPEC_UNCHANGED" // the module as it is without a mutant
	noticed   = "KPSPEC_NOTICED"   // the file for the files whose mutants only a recorded fact has shown, a line for each
)

// observedDifferently is what the specs' test prints where all verdicts spare a mutant and a recorded fact shows it.
const observedDifferently = "observed differently:"

// standIn is what gremlins runs as "go". It writes down what only a recorded fact has shown, puts two things right that
// gremlins is mistaken about, and returns the exit code:
//   - go test ends with 1 both for a test that fails and for code that does not compile. gremlins takes 2 for the latter,
//     and would count it as killed.
//   - a coverage profile leaves gaps, in which gremlins would change nothing.
func standIn(args []string) int {
	c := exec.Command(os.Getenv(realGo), args...)
	out, err := c.CombinedOutput()
	os.Stdout.Write(out)
	if i := slices.Index(args, "-coverprofile"); err == nil && i >= 0 && i+1 < len(args) {
		err = widen(args[i+1])
	}
	if bytes.Contains(out, []byte(observedDifferently)) {
		if err := noteMutant(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 2 // it does not count
		}
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

// noteMutant writes down which file of the module at hand has the mutant.
func noteMutant() error {
	to, err := os.OpenFile(os.Getenv(noticed), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer to.Close()
	return filepath.WalkDir("reference", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		here, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		before, err := os.ReadFile(filepath.Join(os.Getenv(unchanged), name))
		if err != nil || bytes.Equal(here, before) {
			return err
		}
		_, err = fmt.Fprintln(to, filepath.ToSlash(name))
		return err
	})
}

// span is a part of a source file.
type span struct{ startLine, startColumn, endLine, endColumn int }

func (s span) has(at token.Position) bool {
	return cmp.Or(cmp.Compare(s.startLine, at.Line), cmp.Compare(s.startColumn, at.Column)) <= 0 &&
		cmp.Or(cmp.Compare(s.endLine, at.Line), cmp.Compare(s.endColumn, at.Column)) >= 0
}

// widen closes the gaps of a coverage profile.
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

// evaluated are the operators of a file that gremlins would find in no covered statement although they are in one. A
// profile leaves out case expressions, what stands behind a function literal, and values outside of functions.
func evaluated(file string, covered []span) (all []span, err error) {
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, file, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	reached := func(at token.Pos) bool {
		return slices.ContainsFunc(covered, func(c span) bool { return c.has(files.Position(at)) })
	}
	var path []ast.Node // from the file to the node at hand
	ast.Inspect(parsed, func(n ast.Node) bool {
		if n == nil {
			path = path[:len(path)-1]
			return true
		}
		path = append(path, n)
		var operator token.Pos
		switch n := n.(type) {
		case *ast.BinaryExpr:
			operator = n.OpPos
		case *ast.UnaryExpr:
			operator = n.OpPos
		default:
			return true
		}
		if !reached(operator) && inReach(path, reached) {
			at := files.Position(operator)
			all = append(all, span{at.Line, at.Column, at.Line, at.Column})
		}
		return true
	})
	return all, nil
}

// inReach tells whether the statement that the last node of a path belongs to is reached.
func inReach(path []ast.Node, reached func(token.Pos) bool) bool {
	for i, n := range slices.Backward(path) {
		switch n := n.(type) {
		case *ast.CaseClause: // the expressions of a case belong to the switch
			return reached(path[i-2].Pos())
		case ast.Stmt:
			return reached(n.Pos())
		case *ast.GenDecl:
			return true
		case *ast.FuncLit, *ast.FuncDecl:
			return false
		}
	}
	return false
}
