package manual

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/cli"
)

func made(t *testing.T) string {
	t.Helper()
	var page bytes.Buffer
	if err := Page(&page); err != nil {
		t.Fatal(err)
	}
	return page.String()
}

func TestThePageIsCurrent(t *testing.T) {
	g := NewWithT(t)
	stored, err := os.ReadFile("../REFERENCE.md")
	g.Expect(err).NotTo(HaveOccurred())
	if page := made(t); string(stored) != page {
		is, was := strings.Split(page, "\n"), strings.Split(string(stored), "\n")
		for i := range min(len(is), len(was)) {
			if is[i] != was[i] {
				t.Fatalf("harness/REFERENCE.md is stale; run: make docs\nline %d is\n%s\nand must be\n%s", i+1, was[i], is[i])
			}
		}
		t.Fatal("harness/REFERENCE.md is stale; run: make docs")
	}
}

// The page is the same on every machine and for every user.
func TestThePageTellsNothingOfItsMaker(t *testing.T) {
	g := NewWithT(t)
	here, err := os.Getwd()
	g.Expect(err).NotTo(HaveOccurred())
	page := made(t)
	g.Expect(page).NotTo(ContainSubstring(filepath.Dir(filepath.Dir(here))))
	t.Setenv("KPREF_LISTEN", "192.0.2.1:9999")
	t.Setenv("NO_COLOR", "1")
	t.Setenv("HOME", "/nowhere")
	t.Chdir(t.TempDir())
	g.Expect(made(t)).To(Equal(page))
}

// The rows of a table have as many cells as its head, whatever stands in them.
func TestTheTablesAreWhole(t *testing.T) {
	g := NewWithT(t)
	cell := regexp.MustCompile(`(^|[^\\])\|`)
	columns, code := 0, false
	for line := range strings.Lines(made(t)) {
		if strings.HasPrefix(line, "```") {
			code = !code
		}
		if code || !strings.HasPrefix(line, "|") {
			columns = 0
			continue
		}
		found := len(cell.FindAllString(line, -1))
		if columns == 0 {
			columns = found
		}
		g.Expect(found).To(Equal(columns), line)
	}
}

// Whoever reads an environment variable says in cli.Variables what it means.
func TestEveryVariableHasAMeaning(t *testing.T) {
	g := NewWithT(t)
	said := map[string]bool{}
	for _, v := range cli.Variables() {
		g.Expect(said[v.Name]).To(BeFalse(), v.Name+" stands there twice")
		g.Expect(v.Meaning).NotTo(BeEmpty(), v.Name)
		said[v.Name] = true
	}
	read := map[string]bool{}
	for _, root := range []string{"..", "../../fixtures", "../../reference", "../../suites"} {
		err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == "selftest") {
				return fs.SkipDir // no parts of the programs
			}
			if strings.HasSuffix(name, ".go") && (!strings.HasSuffix(name, "_test.go") || filepath.Base(name) == "suites_test.go") {
				for _, variable := range variablesIn(t, name) {
					read[variable] = true
					if !said[variable] {
						t.Errorf("%s reads %s, of which cli.Variables says nothing", name, variable)
					}
				}
			}
			return nil
		})
		g.Expect(err).NotTo(HaveOccurred())
	}
	g.Expect(read).To(HaveKey("NO_COLOR"), "the search finds what there is")
	g.Expect(read).To(HaveKey("KPSPEC_CONFIG"))
	g.Expect(read).To(HaveKey("TESTCONTAINERS_RYUK_DISABLED"))
}

// variablesIn are the names that os.Getenv and os.LookupEnv are called with in a
// file, written there or as a constant of the same file.
func variablesIn(t *testing.T, name string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	text := func(e ast.Expr) (string, bool) {
		literal, ok := e.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return "", false
		}
		s, err := strconv.Unquote(literal.Value)
		return s, err == nil
	}
	constants := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			for i, value := range spec.Values {
				if s, ok := text(value); ok && i < len(spec.Names) {
					constants[spec.Names[i].Name] = s
				}
			}
		}
		return true
	})
	var found []string
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) != 1 {
			return true
		}
		function, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || (function.Sel.Name != "Getenv" && function.Sel.Name != "LookupEnv") {
			return true
		}
		if s, ok := text(call.Args[0]); ok {
			found = append(found, s)
		} else if constant, ok := call.Args[0].(*ast.Ident); ok && constants[constant.Name] != "" {
			found = append(found, constants[constant.Name])
		} else {
			t.Errorf("%s: the name of a variable that is read is neither written there nor a constant of the file", name)
		}
		return true
	})
	return found
}
