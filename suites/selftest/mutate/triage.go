package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"text/tabwriter"

	"go.yaml.in/yaml/v3"
)

// triage says what survives for good reason.
type triage struct {
	Outside   []outside  `yaml:"outside"`
	Survivors []survivor `yaml:"survivors"`
}

// outside is code that the specs cannot or need not judge. It is not mutated.
type outside struct {
	Path   string `yaml:"path"` // a file, or a directory with a slash at its end
	Reason string `yaml:"reason"`
}

// survivor is a line of which some mutants may survive.
type survivor struct {
	File      string   `yaml:"file"`
	Func      string   `yaml:"func"`
	Text      string   `yaml:"text"`
	Mutations []string `yaml:"mutations"`
	Verdict   string   `yaml:"verdict"`
	Reason    string   `yaml:"reason"`
}

func (s survivor) places() (all []place) {
	for _, m := range s.Mutations {
		all = append(all, place{s.File, s.Func, s.Text, m})
	}
	return all
}

// verdicts are why a mutant survives.
var verdicts = []string{
	"missing-spec",   // a spec should notice it
	"equivalent",     // it does the same as the code does
	"not-observable", // what it changes does not show in any answer that a server can be asked for
	"undocumented",   // it shows, but no rule says which of both is right, and no observation is about it
	"not-a-subject",  // it shows in an operation that the specs use and do not test
}

func readTriage(name string) (triage, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return triage{}, fmt.Errorf("run this at the root of the module: %w", err)
	}
	t, err := parseTriage(text)
	if err != nil {
		return triage{}, fmt.Errorf("%s: %w", name, err)
	}
	for _, o := range t.Outside {
		if _, err := os.Stat(o.Path); err != nil {
			return triage{}, fmt.Errorf("%s: outside: %s is not there any more; remove it", name, o.Path)
		}
	}
	return t, nil
}

func parseTriage(text []byte) (t triage, err error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&t); err != nil {
		return t, err
	}
	if err := decoder.Decode(new(any)); !errors.Is(err, io.EOF) {
		return t, errors.New("it must be one YAML document")
	}
	for _, o := range t.Outside {
		if !strings.HasPrefix(o.Path, "reference/") || o.Reason == "" {
			return t, fmt.Errorf("outside: %q needs a path in reference/ and a reason", o.Path)
		}
	}
	seen := map[place]bool{}
	for _, s := range t.Survivors {
		where := fmt.Sprintf("survivors: %s: %s: %q", s.File, s.Func, s.Text)
		switch {
		case s.File == "" || s.Text == "" || len(s.Mutations) == 0 || s.Reason == "":
			return t, fmt.Errorf("%s: file, text, mutations and reason must all be given", where)
		case !slices.Contains(verdicts, s.Verdict):
			return t, fmt.Errorf("%s: verdict %q is unknown; there are %s", where, s.Verdict, strings.Join(verdicts, ", "))
		}
		for _, p := range s.places() {
			if seen[p] {
				return t, fmt.Errorf("survivors: twice: %s", p)
			}
			seen[p] = true
		}
	}
	return t, nil
}

// judge holds what came of the mutants of dir against what is known of them. It prints the figures. The error says that
// the two do not agree, or that too many mutants survive.
//
// observed is, by file, how many killed mutants were noticed by a recorded fact alone, see [readMutants].
func judge(w io.Writer, known triage, mutants []mutant, observed map[string]int, dir string) error {
	status := map[place]string{}
	for _, m := range mutants {
		status[m.place] = m.status
	}
	excused, reasons := map[place]bool{}, map[string]int{}
	var stale []string
	for _, s := range known.Survivors {
		if !strings.HasPrefix(s.File, dir+"/") {
			continue
		}
		for _, p := range s.places() {
			excused[p] = true
			reasons[s.Verdict]++
			if got := status[p]; got == "" {
				stale = append(stale, fmt.Sprintf("%s (no such mutant)", p))
			} else if got != lived {
				stale = append(stale, fmt.Sprintf("%s (%s)", p, strings.ToLower(got)))
			}
		}
	}
	total, by := count{}, map[string]count{}
	var survivors []string
	for _, m := range mutants {
		if m.status == notViable {
			continue
		}
		if m.status == lived && !excused[m.place] {
			survivors = append(survivors, m.String())
		}
		by[path.Dir(m.File)] = by[path.Dir(m.File)].and(m.status)
		total = total.and(m.status)
	}
	for file, n := range observed {
		at := by[path.Dir(file)]
		at.observed += n
		by[path.Dir(file)] = at
		total.observed += n
	}

	var problems []string
	list := func(what, where string, all []string) {
		if len(all) > 0 {
			problems = append(problems, fmt.Sprintf("%d %s", len(all), what))
			fmt.Fprintf(w, "\n%d %s%s\n", len(all), what, where)
			for _, line := range all {
				fmt.Fprintf(w, "  %s\n", line)
			}
		}
	}
	list("survivors without a reason", ": write a spec that notices them, or say in "+triageFile+" why there is none", survivors)
	list("stale entries", ": remove them from "+triageFile, stale)

	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "\nmutants\tcovered\tkilled by verdict\tby observation\tsurvived\tkilled of covered\t\n")
	for _, dir := range slices.Sorted(maps.Keys(by)) {
		by[dir].row(table, dir)
	}
	total.row(table, "all")
	if err := table.Flush(); err != nil {
		return err
	}
	for _, v := range verdicts {
		if reasons[v] > 0 {
			fmt.Fprintf(w, "%s: %d\n", v, reasons[v])
		}
	}
	for _, o := range known.Outside {
		fmt.Fprintf(w, "not mutated: %s: %s\n", o.Path, o.Reason)
	}
	switch share := percent(total.killed, total.covered); {
	case total.covered == 0:
		problems = append(problems, "no mutant is covered")
	case dir == "reference" && share < leastKilled:
		problems = append(problems, fmt.Sprintf("%.1f %% of the covered mutants are killed, and %d %% must be", share, leastKilled))
	}
	if len(problems) > 0 {
		return errors.New(strings.Join(problems, "; "))
	}
	return nil
}

// count counts mutants that compile. Of the killed ones, observed were noticed by a recorded fact alone.
type count struct{ all, covered, killed, observed int }

func (c count) and(status string) count {
	c.all++
	if status != notCovered {
		c.covered++
	}
	if status == killed || status == timedOut { // what gremlins has no word for yet counts as survived
		c.killed++
	}
	return c
}

func (c count) row(w io.Writer, name string) {
	fmt.Fprintf(w, "%d\t%d\t%d\t%d\t%d\t%.1f %%\t  %s\n", c.all, c.covered, c.killed-c.observed, c.observed, c.covered-c.killed,
		percent(c.killed, c.covered), name)
}

func percent(part, whole int) float64 { return 100 * float64(part) / float64(max(whole, 1)) }
