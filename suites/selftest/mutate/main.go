// Command mutate tells how firmly the specs hold the reference: gremlins changes one operator of the reference at a time,
// and each time all specs run against it. They notice a change if a rule does not pass, or if a recorded observation is
// another than that of the unchanged reference: kpspec compare would call the two different. A change that they do not notice
// survives. triage.yaml says of each survivor why. A survivor that it does not name, a name of something that does not
// survive, and too many survivors are errors.
//
// It runs at the root of the module, with `make mutate`, and takes about three seconds per mutant on two cores.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
)

// triageFile is what is known of the survivors.
const triageFile = "suites/selftest/mutate/triage.yaml"

// leastKilled is the share, in percent, of all covered mutants of the reference that the specs must notice. A part of the
// reference may have less.
const leastKilled = 90

// module is the path of the module whose reference is changed.
const module = "github.com/kpspec/kpspec"

func main() {
	if filepath.Base(os.Args[0]) == "go" {
		os.Exit(standIn(os.Args[1:]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	workers := flag.Int("workers", 1, "mutants to test at the same time")
	save := flag.String("save", "", "keep what gremlins found in `FILE`")
	from := flag.String("from", "", "judge what -save has kept in `FILE`, of the same code, instead of running gremlins")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: mutate [-workers N] [-save FILE | -from FILE] [directory, by default reference]")
		flag.PrintDefaults()
	}
	flag.Parse()
	dir := filepath.ToSlash(filepath.Clean(cmp.Or(flag.Arg(0), "reference")))
	switch {
	case flag.NArg() > 1:
		return errors.New("more than one directory is given; see -help")
	case dir != "reference" && !strings.HasPrefix(dir, "reference/"):
		return fmt.Errorf("%s: only what is in reference can be changed", dir)
	case *save != "" && *from != "":
		return errors.New("-save and -from exclude each other")
	}
	known, err := readTriage(triageFile)
	if err != nil {
		return err
	}
	found := *from
	if found == "" {
		tmp, err := os.MkdirTemp("", "mutate")
		if err != nil {
			return err
		}
		defer os.RemoveAll(tmp)
		found = cmp.Or(*save, filepath.Join(tmp, "found.json"))
		if found, err = filepath.Abs(found); err != nil {
			return err
		}
		if err := gremlins(ctx, tmp, dir, found, *workers, known.Outside); err != nil {
			return err
		}
	}
	mutants, observed, err := readMutants(found, dir)
	if err != nil {
		return err
	}
	return judge(os.Stdout, known, mutants, observed, dir)
}
