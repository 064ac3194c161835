package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
)

func TestTriageFile(t *testing.T) {
	g := NewWithT(t)
	text, err := os.ReadFile("triage.yaml")
	g.Expect(err).NotTo(HaveOccurred())
	known, err := parseTriage(text)
	g.Expect(err).NotTo(HaveOccurred())
	for _, o := range known.Outside {
		g.Expect(filepath.Join("..", "..", "..", o.Path)).To(Or(BeADirectory(), BeARegularFile()))
	}
	for _, s := range known.Survivors {
		source, err := os.ReadFile(filepath.Join("..", "..", "..", s.File))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(string(source)).To(ContainSubstring(s.Text), s.File)
	}
}

func TestTriageRefuses(t *testing.T) {
	for what, text := range map[string]string{
		"nothing":             "",
		"an unknown key":      "survivors: [{file: a.go, text: x, mutations: [M], verdict: equivalent, reason: r, why: w}]",
		"an unknown verdict":  "survivors: [{file: a.go, text: x, mutations: [M], verdict: fine, reason: r}]",
		"no reason":           "survivors: [{file: a.go, text: x, mutations: [M], verdict: equivalent}]",
		"no mutation":         "survivors: [{file: a.go, text: x, verdict: equivalent, reason: r}]",
		"a mutation twice":    "survivors: [{file: a.go, text: x, mutations: [M, M], verdict: equivalent, reason: r}]",
		"no reason outside":   "outside: [{path: reference/a.go}]",
		"what is no code":     "outside: [{path: suites/, reason: r}]",
		"a second document":   "outside: []\n---\noutside: []",
		"what is not written": "survivors: {}",
	} {
		t.Run(what, func(t *testing.T) {
			_, err := parseTriage([]byte(text))
			NewWithT(t).Expect(err).To(HaveOccurred())
		})
	}
}

const source = `package p

const limit = 1 << 10

type T[V any] struct{}

func (t *T[V]) F(a, b int) bool {
	switch {
	case a < b:
		return a == b || b == limit
	}
	return false
}

func G(f func() bool) bool { return f() && f() && !f() }

func H(b bool) bool {
	return G(func() bool { return b != true }) && b
}
`

func TestMutantsHaveNamesThatSurviveEdits(t *testing.T) {
	g := NewWithT(t)
	mutants, err := named("reference/p/p.go", source, []mutation{
		{"INVERT_LOGICAL", lived, 15, 51},
		{"INVERT_LOGICAL", killed, 15, 41},
		{"CONDITIONALS_BOUNDARY", notCovered, 9, 9},
		{"INVERT_BITWISE", killed, 3, 17},
	})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(mutants).To(Equal([]mutant{
		{place{"reference/p/p.go", "", "const limit = 1 << 10", "INVERT_BITWISE"}, killed},
		{place{"reference/p/p.go", "T.F", "case a < b:", "CONDITIONALS_BOUNDARY"}, notCovered},
		{place{"reference/p/p.go", "G", "func G(f func() bool) bool { return f() && f() && !f() }", "INVERT_LOGICAL 1"}, killed},
		{place{"reference/p/p.go", "G", "func G(f func() bool) bool { return f() && f() && !f() }", "INVERT_LOGICAL 2"}, lived},
	}))
	_, err = named("reference/p/p.go", source, []mutation{{"INVERT_LOGICAL", lived, 99, 1}})
	g.Expect(err).To(MatchError(ContainSubstring("has changed")))
}

// mutants are ten that are killed in one way or another, and more with the statuses of the test.
func mutants(more ...mutant) []mutant {
	for range 9 {
		more = append(more, mutant{place{"reference/p/a.go", "F", "x", "M"}, killed})
	}
	return append(more, mutant{place{"reference/p/a.go", "F", "x", "M"}, timedOut},
		mutant{place{"reference/p/a.go", "F", "y", "M"}, notCovered}, mutant{place{"reference/p/a.go", "F", "z", "M"}, notViable})
}

func TestJudge(t *testing.T) {
	survivor1 := mutant{place{"reference/p/b.go", "T.G", "a && b", "M 2"}, lived}
	survivor2 := mutant{place{"reference/p/b.go", "T.H", "a && b", "M"}, lived}
	entry := func(m mutant) survivor {
		return survivor{m.File, m.Func, m.Text, []string{m.Mutation}, "equivalent", "r"}
	}
	gone := survivor{"reference/p/b.go", "T.G", "gone", []string{"M"}, "equivalent", "r"}
	for what, c := range map[string]struct {
		mutants []mutant
		known   []survivor
		dir     string
		says    string // in the error; "" = there is none
	}{
		"all killed":              {mutants(), nil, "reference", ""},
		"a survivor":              {mutants(survivor1), nil, "reference", "1 survivors without a reason"},
		"a survivor with reason":  {mutants(survivor1), []survivor{entry(survivor1)}, "reference", ""},
		"too many survivors":      {mutants(survivor1, survivor2), []survivor{entry(survivor1), entry(survivor2)}, "reference", "83.3 %"},
		"too many of a part":      {mutants(survivor1, survivor2), []survivor{entry(survivor1), entry(survivor2)}, "reference/p", ""},
		"a reason for nothing":    {mutants(), []survivor{gone}, "reference", "1 stale entries"},
		"a reason for the killed": {mutants(mutant{survivor1.place, killed}), []survivor{entry(survivor1)}, "reference", "1 stale entries"},
		"a reason for uncovered":  {mutants(mutant{survivor1.place, notCovered}), []survivor{entry(survivor1)}, "reference", "1 stale entries"},
		"another directory":       {mutants(), []survivor{gone}, "reference/q", ""},
		"nothing covered":         {[]mutant{{survivor1.place, notCovered}}, nil, "reference", "no mutant is covered"},
		"a word of a later tool":  {mutants(mutant{survivor1.place, "LOST"}, mutant{survivor2.place, "LOST"}), nil, "reference", "83.3 %"},
	} {
		t.Run(what, func(t *testing.T) {
			g := NewWithT(t)
			var out bytes.Buffer
			err := judge(&out, triage{Survivors: c.known}, c.mutants, nil, c.dir)
			if c.says == "" {
				g.Expect(err).NotTo(HaveOccurred(), out.String())
			} else {
				g.Expect(err).To(MatchError(ContainSubstring(c.says)), out.String())
			}
		})
	}
}

// What a recorded fact alone has shown is counted by directory, beside what a verdict has.
func TestObservedIsCountedApart(t *testing.T) {
	g := NewWithT(t)
	t.Chdir(filepath.Join("..", "..", ".."))
	dir := t.TempDir()
	report, names := filepath.Join(dir, "found.json"), filepath.Join(dir, "noticed")
	const file = "reference/refusal/refusal.go"
	g.Expect(os.WriteFile(report, []byte(`{"files": [{"file_name": "refusal.go", "mutations": [
		{"type": "A", "status": "KILLED", "line": 1, "column": 1}, {"type": "B", "status": "KILLED", "line": 1, "column": 1}]}]}`), 0o600)).To(Succeed())

	g.Expect(addObserved(report, names)).To(Succeed(), "there was none")
	found, observed, err := readMutants(report, "reference/refusal")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(found).To(HaveLen(2))
	g.Expect(observed).To(BeEmpty())

	g.Expect(os.WriteFile(names, []byte(file+"\n"), 0o600)).To(Succeed())
	g.Expect(addObserved(report, names)).To(Succeed())
	found, observed, err = readMutants(report, "reference/refusal")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(observed).To(Equal(map[string]int{file: 1}))
	var out bytes.Buffer
	g.Expect(judge(&out, triage{}, found, observed, "reference/refusal")).To(Succeed())
	g.Expect(out.String()).To(MatchRegexp(`(?m)^ +2 +2 +1 +1 +0 +100.0 % +reference/refusal$`))

	g.Expect(os.WriteFile(report, []byte("no JSON"), 0o600)).To(Succeed())
	g.Expect(addObserved(report, names)).To(MatchError(ContainSubstring("no report of gremlins")))
}

// The file of a mutant is the one that differs from the unchanged module.
func TestTheMutantIsFound(t *testing.T) {
	g := NewWithT(t)
	before, here := t.TempDir(), t.TempDir()
	for _, root := range []string{before, here} {
		g.Expect(os.MkdirAll(filepath.Join(root, "reference", "p"), 0o755)).To(Succeed())
		for _, name := range []string{"a.go", "b.go"} {
			g.Expect(os.WriteFile(filepath.Join(root, "reference", "p", name), []byte(source), 0o600)).To(Succeed())
		}
	}
	g.Expect(os.WriteFile(filepath.Join(here, "reference", "p", "b.go"), []byte("package p"), 0o600)).To(Succeed())
	names := filepath.Join(t.TempDir(), "noticed")
	t.Setenv(unchanged, before)
	t.Setenv(noticed, names)
	t.Chdir(here)
	g.Expect(noteMutant()).To(Succeed())
	g.Expect(noteMutant()).To(Succeed())
	text, err := os.ReadFile(names)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(text)).To(Equal("reference/p/b.go\nreference/p/b.go\n"))
}

func TestCoverageHasNoGaps(t *testing.T) {
	g := NewWithT(t)
	file := filepath.Join(t.TempDir(), "p.go")
	g.Expect(os.WriteFile(file, []byte(source), 0o600)).To(Succeed())
	constant, inCase, behindLiteral := span{3, 17, 3, 17}, span{9, 9, 9, 9}, span{18, 45, 18, 45}
	g.Expect(evaluated(file, nil)).To(ConsistOf(constant))
	g.Expect(evaluated(file, []span{{7, 34, 8, 9}})).To(ConsistOf(constant, inCase))
	g.Expect(evaluated(file, []span{{17, 12, 18, 18}})).To(ConsistOf(constant, behindLiteral), "not what is in the literal")
}

func TestCopyLeavesOutWhatIsNotJudged(t *testing.T) {
	g := NewWithT(t)
	t.Chdir(filepath.Join("..", "..", ".."))
	dir := filepath.Join(t.TempDir(), "module")
	g.Expect(copyReference(dir, []outside{{Path: "reference/serve/"}, {Path: "reference/ecs/describe_regions.go"}})).To(Succeed())
	reference := filepath.Join(dir, "reference")
	g.Expect(filepath.Join(reference, "serve")).NotTo(BeADirectory())
	g.Expect(filepath.Join(reference, "reference_test.go")).NotTo(BeAnExistingFile())
	g.Expect(filepath.Join(reference, "conformance_test.go")).To(BeARegularFile())
	g.Expect(filepath.Join(reference, "ecs", "describe_regions.go")).To(BeARegularFile(), "it is compiled, and not changed")
}
