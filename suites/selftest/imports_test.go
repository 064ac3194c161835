package selftest

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

const module = "github.com/kpspec/kpspec/"

// allowed is, per room, the rooms it may import. The longest matching entry
// counts. What decides must not be shared: the suites and the reference know
// nothing of each other, and fixtures know nothing of anybody.
var allowed = map[string][]string{
	"fixtures":       {},
	"reference":      {"fixtures", "reference"},
	"harness":        {"fixtures", "harness"},
	"harness/target": {"fixtures", "harness", "reference"},
	// It starts the reference in this process, with a defect, and runs the specs against it.
	"harness/prove": {"fixtures", "harness", "reference", "suites"},
	"harness/cli":   {"fixtures", "harness", "reference/defect", "suites"},
	// It runs the specs in processes of its own.
	"harness/spread": {"fixtures", "harness", "suites"},
	// It knows what specs say of themselves.
	"harness/turns": {"fixtures", "harness", "suites"},
	// It shows what both programs, the suites and the defects say of themselves.
	"harness/manual":     {"fixtures", "harness", "reference", "suites"},
	"harness/cmd/kpspec": {"fixtures", "harness", "suites"},
	"suites":             {"fixtures", "harness", "suites"},
	// It starts a reference for the specs, which it knows as a program only.
	"suites/selftest/mutate/testdata": {"fixtures", "reference"},
	"fixtures/sshkeys/internal":       {},
}

func TestRoomsImportInOneDirection(t *testing.T) {
	g := NewWithT(t)
	root := filepath.Join("..", "..")
	files := 0
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && name != root && strings.HasPrefix(entry.Name(), ".") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		files++
		inside, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		room := path.Dir(filepath.ToSlash(inside))
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, i := range parsed.Imports {
			imported, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			ours, found := strings.CutPrefix(imported, module)
			if found && ours != room && !mayImport(room, ours) {
				t.Errorf("%s imports %s", inside, ours)
			}
		}
		return nil
	})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(files).To(BeNumerically(">", 50), "the walk found the module")
}

func mayImport(room, imported string) bool {
	for at := room; ; at = path.Dir(at) {
		if rooms, ruled := allowed[at]; ruled {
			for _, r := range rooms {
				if imported == r || strings.HasPrefix(imported, r+"/") {
					return true
				}
			}
			return false
		}
		if at == "." {
			return false
		}
	}
}
