package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/evidence"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/verdict"
)

var update = flag.Bool("update", false, "write the golden files anew")

// book is a small catalogue of its own, so that these tests do not change with
// the wording of the real one.
type book []catalogue.Rule

func (b book) Rules() []catalogue.Rule { return b }

func (b book) Document(id string) (catalogue.Document, bool) {
	switch id {
	case "import-2026":
		return catalogue.Document{ID: id, Title: "ECS ImportKeyPair, 2026-06 edition"}, true
	case "import-2020":
		return catalogue.Document{ID: id, Title: "ECS ImportKeyPair, 2020-11 edition"}, true
	}
	return catalogue.Document{}, false
}

var rules = book{
	{ID: "T-NAME-MIN", Level: catalogue.Must, Documents: []string{"import-2026", "import-2020"}, Statement: "A key pair name has at least two characters."},
	{ID: "T-NAME-MAX", Level: catalogue.Must, Documents: []string{"import-2026"}, Statement: "A key pair name has at most 128 characters, and every one of them counts once, however many bytes it takes in the request."},
	{ID: "T-ERR-NAME", Level: catalogue.Must, Levels: map[catalogue.Edition]catalogue.Level{catalogue.Edition202011: catalogue.Observe}, Documents: []string{"import-2026"},
		Statement: "A bad name is refused with InvalidKeyPairName.Malformed.",
		Clauses: []catalogue.Clause{
			{Key: "message", Level: catalogue.Should, Statement: "The message is the documented one."},
			{Key: "extra", Level: catalogue.Observe, Statement: "Further members of the answer."},
		}},
	{ID: "T-TAG-CODE", Level: catalogue.Should, Documents: []string{"unknown-doc"}, Statement: "Too many tags are refused with the documented code."},
	{ID: "T-SEEN", Level: catalogue.Observe, Statement: "Case of the tag prefix."},
	{ID: "T-EXCLUDED", Level: catalogue.Observe, Excluded: "no black box can provoke it", Statement: "An internal error."},
	{ID: "T-RAM-1", Level: catalogue.Must, Since: catalogue.Edition202606, Statement: "An unauthorised identity is refused."},
	{ID: "T-RAM-2", Level: catalogue.Must, Since: catalogue.Edition202606, Statement: "An authorised identity is served."},
}

var specs = map[string]int{"T-NAME-MIN": 1, "T-NAME-MAX": 1, "T-ERR-NAME": 3, "T-TAG-CODE": 1, "T-SEEN": 1}

func input(results ...report.SpecResult) report.Input {
	return report.Input{
		Catalogue: rules,
		Edition:   catalogue.Edition202606,
		Version:   "v0.1.0",
		Target:    report.Target{Kind: "endpoint", Name: "http://127.0.0.1:8080"},
		Specs:     specs,
		Results:   results,
		Started:   time.Date(2026, 7, 1, 12, 0, 0, 123456789, time.FixedZone("", 3600)),
		Duration:  812 * time.Millisecond,
	}
}

func met(rule, text string) report.SpecResult {
	return report.SpecResult{Rule: rule, Text: text, Outcome: verdict.Met, DurationMS: 3, Location: "suites/ecs/import_test.go:10", Exchanges: []evidence.Exchange{exchange()}}
}

func allMet() []report.SpecResult {
	message := met("T-ERR-NAME", "says why")
	message.Clause = "message"
	extra := met("T-ERR-NAME", "adds members")
	extra.Clause, extra.Outcome = "extra", verdict.Noted
	extra.Observations = []report.Observation{{Name: "members", Value: []string{"HostId", "Recommend"}}}
	return []report.SpecResult{
		met("T-NAME-MIN", "takes two characters"),
		met("T-NAME-MAX", "takes 128 characters"),
		met("T-ERR-NAME", "refuses a name of one character"),
		message, extra,
		met("T-TAG-CODE", "refuses 21 tags"),
		met("T-SEEN", "takes ALIYUN"),
	}
}

func mixed() []report.SpecResult {
	results := allMet()
	results[0].Outcome = verdict.NotMet
	results[0].Failure = "Expected the answer\n    200 {\"KeyPairName\":\"a\"}\nto be refused with\n    InvalidKeyPairName.Malformed"
	results[2].Outcome = verdict.NotMet
	results[2].Failure = "no answer within 5s"
	silent := exchange()
	silent.Response, silent.Error = nil, "read tcp 127.0.0.1:5->127.0.0.1:8080: connection reset by peer"
	results[2].Exchanges = []evidence.Exchange{exchange(), silent}
	results[3].Outcome = verdict.NotMet
	results[3].Failure = "Expected\n    <string>: bad\nto equal\n    <string>: good"
	results[5].Outcome = verdict.NotMet
	results[5].Failure = "code was \x1b[31mTooMany\u202e"
	results[6].Outcome = verdict.Undone
	results[6].Failure = "preparation failed: connection refused"
	return results
}

func exchange() evidence.Exchange {
	return evidence.Exchange{
		Seq: 7, Action: "ImportKeyPair",
		Request: evidence.Message{
			Line:   "POST / HTTP/1.1",
			Params: []evidence.Param{{Name: "KeyPairName", Value: "a"}, {Name: "PublicKeyBody", Value: "ssh-rsa AAAA"}},
		},
		Response: &evidence.Message{Line: "200 OK", Body: `{"RequestId":"11111111-2222-3333-4444-555555555555","KeyPairName":"a"}`},
	}
}

func manyFailures() report.Input {
	in := input()
	in.Specs = map[string]int{}
	var many book
	for i := range 14 {
		id := fmt.Sprintf("T-MANY-%02d", i)
		many = append(many, catalogue.Rule{ID: id, Level: catalogue.Must, Statement: "One of many."})
		r := met(id, fmt.Sprintf("spec %02d", i))
		r.Outcome, r.Failure = verdict.NotMet, "Expected 404\nto equal 200"
		in.Results = append(in.Results, r)
		in.Specs[id] = 1
	}
	in.Catalogue = many
	return in
}

// listed is a run with a list of deviations: everything that mixed breaks is on
// it, and a rule that is flaky.
func listed() report.Input {
	results := mixed()
	results[6] = allMet()[6]
	in := input(results...)
	pinned := func(rule string, specs ...int) verdict.Deviating {
		d := verdict.Deviating{Entry: verdict.Entry{Rule: rule, Reason: "It is wanted for " + rule + ".", Expires: "2026-12-31"}}
		for _, i := range specs {
			d.Failures = append(d.Failures, verdict.Failure{Spec: results[i].Text, Text: verdict.Normal(results[i].Failure)})
		}
		return d
	}
	in.Deviations = verdict.List{
		Deviations: []verdict.Deviating{pinned("T-NAME-MIN", 0), pinned("T-ERR-NAME", 2, 3), pinned("T-TAG-CODE", 5)},
		Flaky:      []verdict.Entry{{Rule: "T-NAME-MAX", Reason: "It loses a race now and then.", Expires: "2026-07-01"}},
	}
	in.Deviations.Deviations[0].Link = "https://issues.example/42"
	return in
}

// outdated is the same list a day later, with another failure and without one.
func outdated() report.Input {
	in := listed()
	in.Started = in.Started.AddDate(0, 0, 1) // the flaky entry is over
	in.Results[0].Failure = "got 500"
	in.Results[3].Outcome = verdict.Met
	return in
}

func interrupted() report.Report {
	in := input(allMet()[:2]...)
	in.Cause = "interrupted"
	in.CleanupErrors = []string{"DeleteKeyPairs kp-1: connection refused"}
	r := report.Build(in)
	r.TargetLog = "listening\n" + strings.Repeat("request\n", 30) + "shut down\n"
	return r
}

func TestGolden(t *testing.T) {
	t.Parallel()
	one := input(mixed()...)
	one.Selected = []string{"T-NAME-MIN", "T-RAM-1"}
	strict := input(mixed()...)
	strict.Strict = true
	tests := map[string]report.Report{
		"conformant": report.Build(input(allMet()...)),
		"mixed":      report.Build(input(mixed()...)),
		"strict":     report.Build(strict),
		"selected":   report.Build(one),
		"many":       report.Build(manyFailures()),
		"incomplete": interrupted(),
		"deviations": report.Build(listed()),
		"outdated":   report.Build(outdated()),
		"nothing":    report.Build(report.Input{Catalogue: book{}, Version: "dev"}),
	}
	for name, r := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			var summary, file bytes.Buffer
			g.Expect(report.Summary(&summary, r, report.View{})).To(Succeed())
			golden(t, name+".txt", summary.Bytes())
			g.Expect(r.Write(&file)).To(Succeed())
			golden(t, name+".json", file.Bytes())

			back, err := report.Read(bytes.NewReader(file.Bytes()))
			g.Expect(err).NotTo(HaveOccurred())
			var again bytes.Buffer
			g.Expect(back.Write(&again)).To(Succeed())
			g.Expect(again.String()).To(Equal(file.String()))
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test ./harness/report -update writes it)", err)
	}
	NewWithT(t).Expect(string(got)).To(Equal(string(want)), "%s; go test ./harness/report -update writes it anew", path)
}

func TestColourIsTheOnlyDifference(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	var plain, coloured bytes.Buffer
	r := report.Build(input(mixed()...))
	g.Expect(report.Summary(&plain, r, report.View{})).To(Succeed())
	g.Expect(report.Summary(&coloured, r, report.View{Color: true})).To(Succeed())
	g.Expect(plain.String()).NotTo(ContainSubstring("\x1b"))
	stripped := coloured.String()
	for _, code := range []string{"1", "1;31", "1;32", "32", "33", "0"} {
		stripped = strings.ReplaceAll(stripped, "\x1b["+code+"m", "")
	}
	g.Expect(stripped).To(Equal(plain.String()))
	g.Expect(coloured.String()).NotTo(Equal(plain.String()))
}

// TestNoRuleVanishes takes away every subset of the results: each rule of the
// catalogue is still in exactly one place.
func TestNoRuleVanishes(t *testing.T) {
	t.Parallel()
	all := allMet()
	for set := range 1 << len(all) {
		var some []report.SpecResult
		for i, s := range all {
			if set&(1<<i) != 0 {
				some = append(some, s)
			}
		}
		r := report.Build(input(some...))
		g := NewWithT(t)
		g.Expect(len(r.Rules) + len(r.NotCovered) + r.NotSelected).To(Equal(len(rules)))
		g.Expect(r.Rules).To(HaveLen(len(specs)))
		g.Expect(r.Counts.Total()).To(Equal(len(specs)))
		complete := set == 1<<len(all)-1
		g.Expect(r.ExitCode == verdict.ExitConformant).To(Equal(complete), "with %d of %d results", len(some), len(all))
	}
}

func TestBuild(t *testing.T) {
	t.Parallel()

	t.Run("the order of the results does not matter", func(t *testing.T) {
		t.Parallel()
		g := NewWithT(t)
		results := mixed()
		forward := report.Build(input(results...))
		slices.Reverse(results)
		g.Expect(report.Build(input(results...))).To(Equal(forward))
	})

	t.Run("levels are those of the edition, of the clause, or given", func(t *testing.T) {
		t.Parallel()
		g := NewWithT(t)
		in := input(mixed()...)
		in.Edition = catalogue.Edition202011
		r := report.Build(in)
		rule := find(t, r, "T-ERR-NAME")
		g.Expect(rule.Level).To(Equal(catalogue.Observe))
		g.Expect(rule.Verdict).To(Equal(verdict.Warned), "its message clause is still a SHOULD")
		g.Expect(rule.Specs[0].Level).To(Equal(catalogue.Observe))
		g.Expect(rule.Specs[2].Clause).To(Equal("message"))
		g.Expect(rule.Specs[2].Level).To(Equal(catalogue.Should))
		g.Expect(r.NotCovered).To(ContainElement(report.NotCovered{ID: "T-RAM-1", Level: catalogue.Must, Reason: "not in the 2020-11 edition"}))

		given := met("T-NAME-MIN", "x")
		given.Level, given.Outcome = catalogue.Should, verdict.NotMet
		g.Expect(find(t, report.Build(input(given)), "T-NAME-MIN").Specs[0].Verdict).To(Equal(verdict.Warned))
	})

	t.Run("evidence is kept where it explains something", func(t *testing.T) {
		t.Parallel()
		g := NewWithT(t)
		r := report.Build(input(mixed()...))
		g.Expect(find(t, r, "T-NAME-MIN").Specs[0].Exchanges).To(HaveLen(1))
		g.Expect(find(t, r, "T-NAME-MAX").Specs[0].Exchanges).To(BeEmpty())

		seen := met("T-SEEN", "x")
		seen.Outcome, seen.Failure = verdict.NotMet, "kp-1 was not taken"
		g.Expect(find(t, report.Build(input(seen)), "T-SEEN").Specs[0].Failure).To(BeEmpty())
		seen.Outcome = verdict.NotApplicableHere
		g.Expect(find(t, report.Build(input(seen)), "T-SEEN").Specs[0].Failure).To(Equal("kp-1 was not taken"))
		g.Expect(find(t, r, "T-ERR-NAME").Specs[1].Observations).To(HaveLen(1))
	})

	t.Run("rules that were not asked for are counted", func(t *testing.T) {
		t.Parallel()
		g := NewWithT(t)
		in := input(mixed()...)
		in.Selected = []string{"T-SEEN", "T-EXCLUDED"}
		r := report.Build(in)
		g.Expect(r.Rules).To(HaveLen(1))
		g.Expect(r.NotCovered).To(Equal([]report.NotCovered{{ID: "T-EXCLUDED", Level: catalogue.Observe, Reason: "excluded: no black box can provoke it"}}))
		g.Expect(r.NotSelected).To(Equal(len(rules) - 2))

		in.Selected = []string{}
		r = report.Build(in)
		g.Expect(r.NotSelected).To(Equal(len(rules)))
		g.Expect(r.ExitCode).To(Equal(verdict.ExitIncomplete))
	})

	t.Run("fewer results than specs is could-not-run", func(t *testing.T) {
		t.Parallel()
		g := NewWithT(t)
		r := find(t, report.Build(input(allMet()[2:4]...)), "T-ERR-NAME")
		g.Expect(r.Verdict).To(Equal(verdict.CouldNotRun))
		g.Expect(r.Reason).To(Equal("1 of 3 specs gave no result"))
		g.Expect(r.Specs).To(HaveLen(2))
	})

	t.Run("a result counts even where none was expected", func(t *testing.T) {
		t.Parallel()
		g := NewWithT(t)
		bad := met("T-RAM-1", "refuses")
		bad.Outcome = verdict.NotMet
		g.Expect(report.Build(input(append(allMet(), bad)...)).ExitCode).To(Equal(verdict.ExitNotConformant))
	})
}

func find(t *testing.T, r report.Report, id string) report.Rule {
	t.Helper()
	for _, rule := range r.Rules {
		if rule.ID == id {
			return rule
		}
	}
	t.Fatalf("no rule %s in the report", id)
	return report.Rule{}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	r := report.Build(input(allMet()...)).Interrupted()
	g.Expect(r.ExitCode).To(Equal(verdict.ExitIncomplete))
	g.Expect(r.Verdict).To(Equal(report.Incomplete))
	var out bytes.Buffer
	g.Expect(report.Summary(&out, r, report.View{})).To(Succeed())
	g.Expect(out.String()).To(HaveSuffix("\nINCOMPLETE: the run was cut short\n"))
	out.Reset()
	g.Expect(r.Write(&out)).To(Succeed())
	g.Expect(report.Read(&out)).To(HaveField("ExitCode", 3))
}

func TestReadIsStrict(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	if err := report.Build(input(mixed()...)).Write(&file); err != nil {
		t.Fatal(err)
	}
	change := func(path []string, value any) string {
		var doc map[string]any
		if err := json.Unmarshal(file.Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		at := doc
		for _, key := range path[:len(path)-1] {
			at = at[key].(map[string]any)
		}
		at[path[len(path)-1]] = value
		out, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	tests := map[string]struct{ text, want string }{
		"empty":              {"", "EOF"},
		"not JSON":           {"hello", "invalid character"},
		"unknown member":     {change([]string{"score"}, 98), `unknown field "score"`},
		"newer schema":       {change([]string{"schemaVersion"}, 2), "schema version 2, this kpspec reads 1"},
		"two reports":        {file.String() + file.String(), "more data"},
		"wrong counts":       {change([]string{"counts", "MUST", "failed"}, 0), "counts say 0 for MUST failed, the rules 2"},
		"wrong exit code":    {change([]string{"exitCode"}, 0), "exit code 0, the rules say 1"},
		"wrong verdict":      {change([]string{"verdict"}, "conformant"), `verdict "conformant" with exit code 1`},
		"unknown verdict":    {strings.Replace(file.String(), `"verdict": "warned"`, `"verdict": "fine"`, -1), `rule T-TAG-CODE: verdict "fine", its specs say "could-not-run"`},
		"wrong kind of data": {change([]string{"rules"}, "none"), "cannot unmarshal"},
	}
	var known bytes.Buffer
	if err := report.Build(listed()).Write(&known); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ old, new, want string }{
		"a deviation without an entry": {`"kind": "flaky"`, `"kind": "known"`, `rule T-NAME-MAX: verdict "deviation", its specs say "passed"`},
		"an unknown list":              {`"kind": "known"`, `"kind": "old"`, `rule T-NAME-MIN: listed as "old"`},
		"a deviation without a date":   {`"expires": "2026-12-31"`, `"expires": ""`, "rule T-NAME-MIN: what is listed has no date"},
		"faults that do not count":     {`"listFaults": []`, `"listFaults": ["T-1: over"]`, "exit code 0, the rules say 1"},
	} {
		tests[name] = struct{ text, want string }{strings.ReplaceAll(known.String(), c.old, c.new), c.want}
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := report.Read(strings.NewReader(tt.text))
			NewWithT(t).Expect(err).To(MatchError(And(HavePrefix("read report: "), ContainSubstring(tt.want))))
		})
	}
}

func TestDeviations(t *testing.T) {
	t.Parallel()

	t.Run("a list that is true makes the run conform", func(t *testing.T) {
		t.Parallel()
		g := NewWithT(t)
		r := report.Build(listed())
		g.Expect(r.ExitCode).To(Equal(verdict.ExitConformant))
		g.Expect(r.ListFaults).To(BeEmpty())
		g.Expect(r.Counts[catalogue.Must]).To(And(HaveKeyWithValue(verdict.Deviation, 3), HaveKeyWithValue(verdict.Failed, 0)))
		g.Expect(r.Counts[catalogue.Should]).To(And(HaveKeyWithValue(verdict.Deviation, 1), HaveKeyWithValue(verdict.Warned, 0)))
		g.Expect(find(t, r, "T-NAME-MAX").Deviation.Kind).To(Equal(verdict.Flaky))
		g.Expect(find(t, r, "T-NAME-MIN").Specs[0].Failure).NotTo(BeEmpty(), "what is known is still explained")
	})

	t.Run("the same list serves a strict run", func(t *testing.T) {
		t.Parallel()
		in := listed()
		in.Strict = true
		NewWithT(t).Expect(report.Build(in).ExitCode).To(Equal(verdict.ExitConformant))
	})

	t.Run("a list that is out of date does not", func(t *testing.T) {
		t.Parallel()
		g := NewWithT(t)
		r := report.Build(outdated())
		g.Expect(r.ExitCode).To(Equal(verdict.ExitNotConformant))
		g.Expect(r.ListFaults).To(ConsistOf(
			HavePrefix("T-NAME-MIN: fails otherwise than listed"),
			HavePrefix("T-NAME-MAX: listed until 2026-07-01, which is over"),
			HavePrefix("T-ERR-NAME: listed, but no longer broken"),
		))
		g.Expect(find(t, r, "T-NAME-MIN").Verdict).To(Equal(verdict.Failed))
		g.Expect(find(t, r, "T-ERR-NAME").Verdict).To(Equal(verdict.Deviation))
	})

	t.Run("it says nothing of what was not selected or gave no result", func(t *testing.T) {
		t.Parallel()
		g := NewWithT(t)
		in := outdated()
		in.Selected = []string{"T-SEEN"}
		g.Expect(report.Build(in).ListFaults).To(BeEmpty())
		in.Selected, in.Results = nil, nil
		r := report.Build(in)
		g.Expect(r.ListFaults).To(BeEmpty())
		g.Expect(r.ExitCode).To(Equal(verdict.ExitIncomplete))
	})

	t.Run("nothing but deviations is not enough", func(t *testing.T) {
		t.Parallel()
		g := NewWithT(t)
		in := listed()
		in.Selected = []string{"T-NAME-MIN", "T-NAME-MAX"}
		r := report.Build(in)
		g.Expect(r.ExitCode).To(Equal(verdict.ExitIncomplete))
		var out bytes.Buffer
		g.Expect(report.Summary(&out, r, report.View{})).To(Succeed())
		g.Expect(out.String()).To(HaveSuffix("\nINCOMPLETE: nothing but known deviations was seen, 2 known deviations\n"))
	})
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestWriteErrors(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	r := report.Build(input())
	g.Expect(r.Write(brokenPipe{})).To(MatchError("write report: broken pipe"))
	g.Expect(report.Summary(brokenPipe{}, r, report.View{})).To(MatchError("write summary: broken pipe"))
}
