// Command storm shows that bad weather makes no verdict wrong: it runs all specs many times against the reference in each
// kind of weather, without a defect and with some, and compares each run with one in fair weather. A verdict or a recorded
// fact that is another, a key pair that is left, and a run that waits longer than it may are errors. That a rule could not
// be run is none; it is counted.
//
// It is run by `make storm`.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "storm:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	runs := flag.Int("runs", 50, "runs in each kind of weather, without a defect; as many with one, of the rules that it breaks")
	only := flag.String("kinds", "", "only these kinds, with commas between them")
	seed := flag.Uint64("seed", 1, "decides which requests meet the weather; the n-th run has this seed and n-1 more")
	flag.Parse()
	if flag.NArg() > 0 || *runs < 1 {
		return errors.New("usage: storm [-runs N] [-kinds KIND,...] [-seed N]")
	}
	var wanted []kind
	for _, k := range kinds {
		if *only == "" || slices.Contains(strings.Split(*only, ","), k.name) {
			wanted = append(wanted, k)
		}
	}
	if len(wanted) == 0 {
		return fmt.Errorf("no kind is one of %q", *only)
	}
	s, err := newStorm(ctx, defects)
	if err != nil {
		return err
	}
	bad := 0
	fmt.Println(heading)
	for _, k := range wanted {
		t := tally{kind: k}
		for i := range *runs {
			for _, server := range []string{"", defects[i%len(defects)]} {
				came, err := s.run(ctx, server, k, *seed+uint64(i))
				if err != nil {
					return err
				}
				t.add(came, server == "")
				for _, said := range append(came.wrong, came.undone...) {
					fmt.Printf("  %s, seed %d, %s: %s\n", k.name, *seed+uint64(i), cmp.Or(server, "the reference"), said)
				}
			}
		}
		fmt.Println(t)
		bad += t.wrong
	}
	if bad > 0 {
		return fmt.Errorf("%d wrong", bad)
	}
	return nil
}
