package report_test

import (
	"encoding/xml"
	"os/exec"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/verdict"
)

// checkJUnit validates a file against testdata/junit.xsd.
func checkJUnit(xmllint, file string) (string, error) {
	cmd := exec.Command(xmllint, "--noout", "--nonet", "--schema", "testdata/junit.xsd", "-")
	cmd.Stdin = strings.NewReader(file)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestJUnitIsValid(t *testing.T) {
	t.Parallel()
	xmllint := need(t, "xmllint")
	all := samples()
	all["all met"], all["none met"] = full(t, verdict.Met), full(t, verdict.NotMet)
	for name, r := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said, err := checkJUnit(xmllint, render(t, r, report.FormatJUnit))
			NewWithT(t).Expect(err).NotTo(HaveOccurred(), said)
		})
	}
	t.Run("the schema refuses what is wrong", func(t *testing.T) {
		t.Parallel()
		good := render(t, report.Build(input(mixed()...)), report.FormatJUnit)
		for _, change := range [][2]string{
			{`<testsuites>`, `<testsuites tests="1">`},
			{` hostname="localhost"`, ``},
			{`classname="T-NAME-MIN"`, `classname="T-NAME-MIN" status="passed"`},
			{`<properties></properties>`, ``},
			{`T11:00:00"`, `T11:00:00Z"`},
			{`time="0.003"`, `time="3e-3"`},
			{`id="1"`, `id="0"`},
		} {
			bad := strings.Replace(good, change[0], change[1], 1)
			NewWithT(t).Expect(bad).NotTo(Equal(good), change[0])
			_, err := checkJUnit(xmllint, bad)
			NewWithT(t).Expect(err).To(HaveOccurred(), change[1])
		}
	})
}

// junitFile is a JUnit file as a CI server reads it.
type junitFile struct {
	Suites []struct {
		Name     string `xml:"name,attr"`
		Tests    int    `xml:"tests,attr"`
		Failures int    `xml:"failures,attr"`
		Errors   int    `xml:"errors,attr"`
		Skipped  int    `xml:"skipped,attr"`
		Property []struct {
			Name  string `xml:"name,attr"`
			Value string `xml:"value,attr"`
		} `xml:"properties>property"`
		Cases []struct {
			Class   string    `xml:"classname,attr"`
			Name    string    `xml:"name,attr"`
			Failure *struct { // the others are only counted
				Message string `xml:"message,attr"`
				Text    string `xml:",chardata"`
			} `xml:"failure"`
			Skipped *struct {
				Message string `xml:"message,attr"`
			} `xml:"skipped"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

func readJUnit(t *testing.T, r report.Report) (f junitFile) {
	t.Helper()
	NewWithT(t).Expect(xml.Unmarshal([]byte(render(t, r, report.FormatJUnit)), &f)).To(Succeed())
	return f
}

func TestJUnitIsAsRedAsTheRun(t *testing.T) {
	t.Parallel()
	for name, r := range samples() {
		g := NewWithT(t)
		cases, bad, skipped := 0, 0, 0
		for _, s := range readJUnit(t, r).Suites {
			g.Expect(s.Cases).To(HaveLen(s.Tests))
			cases, bad, skipped = cases+s.Tests, bad+s.Failures+s.Errors, skipped+s.Skipped
		}
		g.Expect(bad > 0).To(Equal(r.ExitCode != verdict.ExitConformant), name)
		want, left := 2+len(r.NotCovered), len(r.NotCovered)
		for _, rule := range r.Rules {
			want += len(rule.Specs)
			if rule.Reason != "" {
				want++
			}
			for _, s := range rule.Specs {
				if s.Verdict == verdict.NotApplicable || s.Verdict == verdict.Deviation {
					left++
				}
			}
		}
		g.Expect(cases).To(Equal(want), "%s: a case for each rule and spec", name)
		g.Expect(skipped).To(Equal(left), name)
	}
}

func TestJUnitSaysWhatFailedAndWhatWarned(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	suite := readJUnit(t, report.Build(input(mixed()...))).Suites[1]
	g.Expect(suite.Cases[0].Class).To(Equal("T-NAME-MIN"))
	g.Expect(suite.Cases[0].Name).To(Equal("takes two characters"))
	g.Expect(suite.Cases[0].Failure.Message).To(Equal(`Expected the answer 200 {"KeyPairName":"a"} to be refused with InvalidKeyPairName.Malformed`))
	g.Expect(suite.Cases[0].Failure.Text).To(And(
		HavePrefix("A key pair name has at least two characters.\ndocument: ECS ImportKeyPair, 2026-06 edition\n"),
		ContainSubstring("spec: suites/ecs/import_test.go:10"), ContainSubstring(`KeyPairName = "a"`), ContainSubstring("< 200 OK")))
	g.Expect(suite.Property).To(ContainElement(And(HaveField("Name", "warned: T-TAG-CODE: refuses 21 tags"), HaveField("Value", "code was ?[31mTooMany?"))))

	known := readJUnit(t, report.Build(listed())).Suites[1]
	g.Expect(known.Cases[0].Skipped.Message).To(Equal("known deviation, until 2026-12-31: It is wanted for T-NAME-MIN."))
}
