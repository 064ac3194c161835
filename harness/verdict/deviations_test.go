package verdict_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/verdict"
)

// today is inside the term of the entry of known and flaky.
var today = time.Date(2027, 1, 31, 23, 59, 0, 0, time.UTC)

func known() verdict.List {
	return verdict.List{Deviations: []verdict.Deviating{{
		Entry:    verdict.Entry{Rule: "T-1", Reason: "wanted", Expires: "2027-01-31"},
		Failures: []verdict.Failure{{Spec: "a", Text: `refused with 400: "kpspecabcdefghijkl" is taken`}, {Spec: "b", Text: "accepted"}},
	}}}
}

func flaky() verdict.List {
	return verdict.List{Flaky: []verdict.Entry{{Rule: "T-1", Reason: "races", Expires: "2027-01-31"}}}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	const (
		passed, failed, warned, deviation = verdict.Passed, verdict.Failed, verdict.Warned, verdict.Deviation
		undone, absent, observed          = verdict.CouldNotRun, verdict.NotApplicable, verdict.Observed
	)
	taken := `refused with 400: "kpspeczyxwvutsrqponm"  is taken`
	tomorrow := today.Add(time.Minute)
	type seen = verdict.Seen
	tests := map[string]struct {
		list   verdict.List
		rule   string
		specs  []seen
		on     time.Time
		want   []verdict.Verdict
		listed bool
		faults []string // what each says
	}{
		"as pinned":         {known(), "T-1", []seen{{"a", failed, taken}, {"b", failed, "accepted"}}, today, []verdict.Verdict{deviation, deviation}, true, nil},
		"a warning":         {known(), "T-1", []seen{{"a", warned, taken}, {"b", failed, "accepted"}}, today, []verdict.Verdict{deviation, deviation}, true, nil},
		"of another rule":   {known(), "T-2", []seen{{"a", failed, taken}}, today, []verdict.Verdict{failed}, false, nil},
		"another text":      {known(), "T-1", []seen{{"a", failed, "refused with 500"}, {"b", failed, "accepted"}}, today, []verdict.Verdict{failed, deviation}, true, []string{`T-1: fails otherwise than listed: "a": listed is "refused with 400`}},
		"a warning differs": {known(), "T-1", []seen{{"a", warned, "x"}, {"b", passed, ""}}, today, []verdict.Verdict{warned, passed}, false, []string{"fails otherwise", `no longer broken: "b"`}},
		"another spec":      {known(), "T-1", []seen{{"a", failed, taken}, {"b", failed, "accepted"}, {"c", failed, "accepted"}}, today, []verdict.Verdict{deviation, deviation, failed}, true, []string{`not listed: "c": accepted`}},
		"mended":            {known(), "T-1", []seen{{"a", passed, ""}, {"b", passed, ""}}, today, []verdict.Verdict{passed, passed}, false, []string{`no longer broken: "a"`, `no longer broken: "b"`}},
		"mended in part":    {known(), "T-1", []seen{{"a", failed, taken}, {"b", observed, ""}}, today, []verdict.Verdict{deviation, observed}, true, []string{`no longer broken: "b"`}},
		"no such spec":      {known(), "T-1", []seen{{"a", failed, taken}}, today, []verdict.Verdict{deviation}, true, []string{`no such spec: "b"`}},
		"one unseen":        {known(), "T-1", []seen{{"a", failed, taken}, {"", undone, ""}}, today, []verdict.Verdict{deviation, undone}, true, nil},
		"expired":           {known(), "T-1", []seen{{"a", failed, taken}, {"b", failed, "accepted"}}, tomorrow, []verdict.Verdict{failed, failed}, false, []string{"until 2027-01-31, which is over"}},
		"nothing to say":    {known(), "T-1", []seen{{"a", undone, "no"}, {"b", absent, "no"}}, tomorrow, []verdict.Verdict{undone, absent}, false, nil},
		"no specs":          {known(), "T-1", nil, today, nil, false, nil},

		"flaky, fails":          {flaky(), "T-1", []seen{{"a", failed, "x"}, {"b", passed, ""}}, today, []verdict.Verdict{deviation, passed}, true, nil},
		"flaky, passes":         {flaky(), "T-1", []seen{{"a", passed, ""}}, today, []verdict.Verdict{passed}, true, nil},
		"flaky, observed":       {flaky(), "T-1", []seen{{"a", observed, ""}}, today, []verdict.Verdict{observed}, false, nil},
		"flaky, expired":        {flaky(), "T-1", []seen{{"a", warned, "x"}}, tomorrow, []verdict.Verdict{warned}, false, []string{"which is over"}},
		"flaky, nothing to say": {flaky(), "T-1", []seen{{"a", undone, "x"}}, tomorrow, []verdict.Verdict{undone}, false, nil},
		"no list":               {verdict.List{}, "T-1", []seen{{"a", failed, "x"}}, today, []verdict.Verdict{failed}, false, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			verdicts, listed, faults := tt.list.Judge(tt.rule, tt.specs, tt.on)
			g.Expect(verdicts).To(Equal(tt.want))
			g.Expect(listed != nil).To(Equal(tt.listed))
			g.Expect(listed.Check(verdicts)).To(Succeed())
			g.Expect(faults).To(HaveLen(len(tt.faults)), "%q", faults)
			for i, says := range tt.faults {
				g.Expect(faults[i]).To(And(HavePrefix("T-1: "), ContainSubstring(says), Not(ContainSubstring("\n"))))
			}
		})
	}
}

func TestAFlakyRuleNeverPasses(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	for _, v := range verdict.All() {
		want := v
		g.Expect((*verdict.Listed)(nil).Of(v)).To(Equal(v))
		g.Expect((&verdict.Listed{Kind: verdict.Known}).Of(v)).To(Equal(v))
		if v == verdict.Passed {
			want = verdict.Deviation
		}
		g.Expect((&verdict.Listed{Kind: verdict.Flaky}).Of(v)).To(Equal(want))
	}
}

func TestCheckListed(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	deviates, passes := []verdict.Verdict{verdict.Deviation}, []verdict.Verdict{verdict.Passed}
	listed := func(k verdict.Kind, reason, expires string) *verdict.Listed {
		return &verdict.Listed{Kind: k, Reason: reason, Expires: expires}
	}
	g.Expect(listed(verdict.Known, "r", "2027-01-31").Check(deviates)).To(Succeed())
	g.Expect(listed(verdict.Flaky, "r", "2027-01-31").Check(passes)).To(Succeed())
	g.Expect((*verdict.Listed)(nil).Check(deviates)).To(MatchError(ContainSubstring("nothing says that it is listed")))
	g.Expect(listed(verdict.Known, "r", "2027-01-31").Check(passes)).To(MatchError(ContainSubstring("none of its specs")))
	g.Expect(listed(verdict.Flaky, "r", "2027-01-31").Check([]verdict.Verdict{verdict.Observed})).To(MatchError(ContainSubstring("none of its specs")))
	g.Expect(listed("old", "r", "2027-01-31").Check(deviates)).To(MatchError(ContainSubstring(`"old"`)))
	g.Expect(listed(verdict.Known, "", "2027-01-31").Check(deviates)).To(MatchError(ContainSubstring("no reason")))
	g.Expect(listed(verdict.Known, "r", "").Check(deviates)).To(MatchError(ContainSubstring("no date")))
}

func TestNormal(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"got 400 InvalidKeyPairName.Malformed":                                              "got 400 InvalidKeyPairName.Malformed",
		"Expected\n    <string>: kpspecabcdefghijklaaaa\nto equal":                          "Expected <string>: <name> to equal",
		`key pair "1kpspecABCDEFGHIJKL:b" is listed in cn-hangzhou`:                         `key pair "1<name>:b" is listed in cn-hangzhou`,
		`it also holds ["qx" "密钥对"]`:                                                        `it also holds ["<name>" "<name>"]`,
		`"RequestId":"473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E"`:                                `"RequestId":"<id>"`,
		"it is listed with \"89:f0:ba:62:ac:b8:aa:e1:61:5e:fd:81:69:86:6d:6b\"":             `it is listed with "<fingerprint>"`,
		"it is listed with 89f0ba62acb8aae1615efd8169866d6b":                                "it is listed with <id>",
		"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCw+/yz== me@host":                            "ssh-rsa <key> me@host",
		"at 2026-07-01T12:00:00Z and 2026-07-01   12:00":                                    "at <time> and <time>",
		"Post \"http://127.0.0.1:41234/\": dial tcp [::1]:80: no answer within 5s (12.5ms)": `Post "http://<address>/": dial tcp <address>: no answer within <duration> (<duration>)`,
		"<*errors.errorString | 0xc000123450>":                                              "<*errors.errorString | <address>>",
		`be accepted: got HTTP 400 Bad.Name: {"RequestId":"1", "M… [269 bytes in all]`:      "be accepted: got HTTP 400 Bad.Name",
		"be accepted: got HTTP 502: <html>":                                                 "be accepted: got HTTP 502",
		"be accepted: got HTTP 502, no body":                                                "be accepted: got HTTP 502, no body",
		"in the edition of 2026-06-18, 20 tags, 500 key pairs":                              "in the edition of 2026-06-18, 20 tags, 500 key pairs",
	}
	for text, want := range tests {
		NewWithT(t).Expect(verdict.Normal(text)).To(Equal(want))
	}
}

func FuzzNormalIsItsOwnNormalForm(f *testing.F) {
	f.Add("a \"ab\" 2026-07-01\n12:00")
	f.Add("0xaaaaaaaaaaaaaaaaaaaaaaaaaaaa kpspecabcdefghijkl密\"密a\"")
	f.Fuzz(func(t *testing.T, text string) {
		once := verdict.Normal(text)
		NewWithT(t).Expect(verdict.Normal(once)).To(Equal(once))
	})
}

func rules(t *testing.T) *catalogue.Catalogue {
	t.Helper()
	rules, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

func TestReadList(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	l, err := verdict.ReadList(strings.NewReader(`
deviations:
  - rule: ECS-IMP-KEY-ED25519
    reason: customers ask for it
    link: https://issues.example/42
    expires: 2027-01-31
    failures:
      - spec: ECS ImportKeyPair of a kind refuses ed25519
        text: |
          expected it to be refused:
            it was accepted
flaky:
  - {rule: SWAS-IMP-TOKEN-IDEMP, reason: a race, expires: 2027-01-31}
`), "list.yaml", rules(t))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(l.Deviations[0].Rule).To(Equal("ECS-IMP-KEY-ED25519"))
	g.Expect(l.Deviations[0].Expires).To(Equal("2027-01-31"))
	g.Expect(l.Flaky[0].Reason).To(Equal("a race"))

	var written bytes.Buffer
	g.Expect(l.Write(&written, "a comment")).To(Succeed())
	g.Expect(written.String()).To(HavePrefix("# a comment\n"))
	again, err := verdict.ReadList(&written, "list.yaml", rules(t))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(again).To(Equal(l))

	var none bytes.Buffer
	g.Expect(verdict.List{}.Write(&none)).To(Succeed())
	_, err = verdict.ReadList(&none, "list.yaml", rules(t))
	g.Expect(err).NotTo(HaveOccurred())
}

func TestReadListIsStrict(t *testing.T) {
	t.Parallel()
	const whole = "{rule: ECS-IMP-GET, reason: r, expires: 2027-01-31, failures: [{spec: s, text: t}]}"
	one := func(changed ...string) string {
		return "deviations:\n  - " + strings.NewReplacer(changed...).Replace(whole) + "\n"
	}
	flaky := func(entry string) string { return "flaky:\n  - " + entry + "\n" }
	tests := map[string]struct{ text, want string }{
		"whole":             {one(), ""},
		"no entries":        {"deviations: []\n", ""},
		"empty":             {"", "list.yaml:1: the file is empty"},
		"not YAML":          {"a: [\n", "list.yaml:"},
		"two documents":     {one() + "---\n" + one(), "a second YAML document"},
		"unknown section":   {"deviation: []\n", `list.yaml:1: unknown key "deviation"`},
		"unknown key":       {one("reason", "reson"), `list.yaml:2: unknown key "reson"`},
		"not a list":        {"deviations: {}\n", "list.yaml:1: expected a list"},
		"not a text":        {one("reason: r", "reason: [r]"), "list.yaml:2: expected a text"},
		"unknown rule":      {one("ECS-IMP-GET", "ECS-IMP-GTE"), `list.yaml:2: unknown rule "ECS-IMP-GTE"; did you mean`},
		"a clause":          {one("ECS-IMP-GET", "ECS-IMP-GET.post"), "names a clause"},
		"never tested":      {one("ECS-IMP-GET", "ECS-IMP-ERR-INTERNAL"), "ECS-IMP-ERR-INTERNAL is never tested"},
		"no rule":           {one("rule: ECS-IMP-GET, ", ""), "an entry without a rule"},
		"twice":             {one() + "  - " + whole + "\n", "list.yaml:3: ECS-IMP-GET stands on the list twice"},
		"on both lists":     {one() + flaky("{rule: ECS-IMP-GET, reason: r, expires: 2027-01-31}"), "list.yaml:4: ECS-IMP-GET stands on the list twice"},
		"no reason":         {one("reason: r, ", `reason: "", `), "ECS-IMP-GET has no reason"},
		"no date":           {one("expires: 2027-01-31, ", ""), "ECS-IMP-GET has no date"},
		"an unfilled date":  {one("2027-01-31", `""`), "ECS-IMP-GET has no date"},
		"no such date":      {one("2027-01-31", "2027-02-30"), "2027-02-30"},
		"a time":            {one("2027-01-31", "2027-01-31T12:00:00Z"), "write YYYY-MM-DD"},
		"no link":           {one("reason: r", "reason: r, link: issue 42"), "no URL"},
		"no failures":       {one("failures: [{spec: s, text: t}]", "failures: []"), "pins no failure"},
		"no spec":           {one("spec: s, ", ""), "without a spec"},
		"no text":           {one("text: t", "text: ' '"), "pins no text"},
		"two of a spec":     {one("[{", "[{spec: s, text: u}, {"), "pins two failures"},
		"flaky with a text": {flaky("{rule: ECS-IMP-GET, reason: r, expires: 2027-01-31, failures: []}"), `unknown key "failures"`},
		"flaky, no reason":  {flaky("{rule: ECS-IMP-GET, expires: 2027-01-31}"), "has no reason"},
		"flaky, unknown":    {flaky("{rule: X, reason: r, expires: 2027-01-31}"), "list.yaml:2: unknown rule"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := verdict.ReadList(strings.NewReader(tt.text), "list.yaml", rules(t))
			if tt.want == "" {
				NewWithT(t).Expect(err).NotTo(HaveOccurred())
				return
			}
			NewWithT(t).Expect(err).To(MatchError(ContainSubstring(tt.want)))
			NewWithT(t).Expect(err.Error()).To(HavePrefix("list.yaml:"))
		})
	}
}
