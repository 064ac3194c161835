package prove

import (
	"cmp"
	"embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/kpspec/kpspec/suites/ecs"
	"github.com/kpspec/kpspec/suites/swas"
)

// written counts the assertions that stand in the source of the specs, those too that are reached only where something is
// wrong: per file and rule, or function where it is no spec's own.
func written() (map[string]int, error) {
	counted := map[string]int{}
	for folder, source := range map[string]embed.FS{"suites/ecs/": ecs.Source, "suites/swas/": swas.Source} {
		names, err := fs.Glob(source, "*.go")
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			text, err := source.ReadFile(name)
			if err != nil {
				return nil, err
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, text, 0)
			if err != nil {
				return nil, fmt.Errorf("the source of the specs: %w", err)
			}
			for _, d := range file.Decls {
				if f, ok := d.(*ast.FuncDecl); ok {
					countIn(f, folder+name+" ", counted)
				}
			}
		}
	}
	return counted, nil
}

// countIn counts the assertions of a function.
func countIn(f *ast.FuncDecl, where string, counted map[string]int) {
	var nodes []ast.Node // from the function to the node under way
	ast.Inspect(f, func(n ast.Node) bool {
		if n == nil {
			nodes = nodes[:len(nodes)-1]
			return true
		}
		nodes = append(nodes, n)
		if called := calls(n); called == "Expect" || called == "Given" {
			counted[where+cmp.Or(rulesAround(nodes), "func "+f.Name.Name)]++
		}
		return true
	})
}

// rulesAround are the rules, as the specs write them, of the innermost spec or table of specs around a node.
func rulesAround(nodes []ast.Node) string {
	for _, n := range slices.Backward(nodes) {
		if called := calls(n); called != "It" && called != "DescribeTable" {
			continue
		}
		var rules []string
		ast.Inspect(n, func(n ast.Node) bool {
			if called := calls(n); strings.EqualFold(called, "rule") {
				for _, arg := range n.(*ast.CallExpr).Args {
					if text, ok := arg.(*ast.BasicLit); ok {
						id, _ := strconv.Unquote(text.Value)
						rules = append(rules, id)
					}
				}
			}
			return true
		})
		slices.Sort(rules)
		return strings.Join(slices.Compact(rules), " ")
	}
	return ""
}

// calls is the name of what a node calls, or "".
func calls(n ast.Node) string {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return ""
	}
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}
