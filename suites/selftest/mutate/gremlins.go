package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const gremlinsModule = "github.com/go-gremlins/gremlins/cmd/gremlins@v0.6.0"

// patience is how often the time of a run without any mutant, which compiles nothing, a mutant may take. The specs give up
// one that hangs themselves; this is for those that they cannot give up.
const patience = "20"

var (
	//go:embed testdata/conformance_test.go
	conformanceTest []byte
	//go:embed testdata/gremlins.yaml
	gremlinsConfig []byte
)

// gremlins lets the specs judge the mutants of dir and has what comes of it written to the file found. It works in tmp.
func gremlins(ctx context.Context, tmp, dir, found string, workers int, outside []outside) error {
	goCommand, err := exec.LookPath("go")
	if err != nil {
		return err
	}
	bin, copied := filepath.Join(tmp, "bin"), filepath.Join(tmp, "module")
	specs, kpspec, observed := filepath.Join(tmp, "suites.test"), filepath.Join(tmp, "kpspec"), filepath.Join(tmp, "observed")
	if err := copyReference(copied, outside); err != nil {
		return err
	}
	for _, made := range []string{bin, observed} {
		if err := os.Mkdir(made, 0o755); err != nil {
			return err
		}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := os.Symlink(self, filepath.Join(bin, "go")); err != nil {
		return err
	}
	env := append(os.Environ(), "CGO_ENABLED=0")
	if err := command(ctx, ".", env, goCommand, "test", "-c", "-o", specs, "./suites"); err != nil {
		return err
	}
	if err := command(ctx, ".", env, goCommand, "build", "-o", kpspec, "./harness/cmd/kpspec"); err != nil {
		return err
	}
	if err := command(ctx, ".", append(env, "GOBIN="+tmp), goCommand, "install", gremlinsModule); err != nil {
		return err
	}
	env = append(env,
		"TMPDIR="+tmp, realGo+"="+goCommand, unchanged+"="+copied, noticed+"="+filepath.Join(tmp, "noticed"),
		"KPSPEC_SUITES="+specs, "KPSPEC_COMMAND="+kpspec, "KPSPEC_OBSERVED="+observed, "KPSPEC_KEYS="+filepath.Join(tmp, "keys.json"),
		"GOFLAGS=-vet=off -trimpath -count=1")
	// It fills the caches too, and so makes a better measure of the next run, by which gremlins sets its limit. What is
	// observed here is what the next run, of the same reference, and all mutants are compared with.
	if err := command(ctx, copied, env, goCommand, "test", "./reference"); err != nil {
		return fmt.Errorf("the reference does not conform as it is: %w", err)
	}
	env = append(env, "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	args := []string{"unleash", "--integration", "--coverpkg", "./reference/...", "--timeout-coefficient", patience,
		"--workers", strconv.Itoa(2 * workers), // of which it takes half in this mode
		"--output", found}
	for _, o := range outside {
		if inside, is := strings.CutPrefix(o.Path, dir+"/"); is {
			args = append(args, "--exclude-files", "^"+regexp.QuoteMeta(inside))
		}
	}
	c := exec.CommandContext(ctx, filepath.Join(tmp, "gremlins"), append(args, "./"+dir)...)
	c.Dir, c.Env, c.Stdout, c.Stderr = copied, env, os.Stdout, os.Stderr
	if err := os.RemoveAll(found); err != nil { // what an earlier run has kept there
		return err
	}
	if err := c.Run(); err != nil {
		return fmt.Errorf("gremlins: %w", err)
	}
	if _, err := os.Stat(found); err != nil {
		return fmt.Errorf("gremlins finds nothing to change in %s", dir)
	}
	return addObserved(found, filepath.Join(tmp, "noticed"))
}

// command runs a program and shows what it wrote if it fails.
func command(ctx context.Context, dir string, env []string, name string, args ...string) error {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir, c.Env = dir, env
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(append([]string{filepath.Base(name)}, args...), " "), err, bytes.TrimSpace(out))
	}
	return nil
}

// copyReference makes a module of the reference and what it imports, in dir. Its only test is the specs. Directories
// outside are left away: nothing that is judged needs them, and gremlins would compile them for each mutant.
func copyReference(dir string, outside []outside) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for _, top := range []string{"go.mod", "go.sum", "fixtures", "reference"} {
		err := filepath.WalkDir(top, func(name string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && (entry.Name() == "testdata" || isOutside(outside, filepath.ToSlash(name)+"/")):
				return fs.SkipDir
			case entry.IsDir():
				return os.MkdirAll(filepath.Join(dir, name), 0o755)
			case strings.HasSuffix(name, "_test.go"), top == "reference" && filepath.Ext(name) != ".go":
				return nil
			}
			content, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, name), content, 0o644)
		})
		if err != nil {
			return fmt.Errorf("run this at the root of the module: %w", err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, ".gremlins.yaml"), gremlinsConfig, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "reference", "conformance_test.go"), conformanceTest, 0o644)
}

func isOutside(all []outside, path string) bool {
	return slices.ContainsFunc(all, func(o outside) bool { return o.Path == path })
}
