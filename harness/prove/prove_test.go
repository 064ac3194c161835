package prove

import (
	"bytes"
	"flag"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/reference"
	"github.com/kpspec/kpspec/reference/defect"
	"github.com/kpspec/kpspec/suites"
)

var update = flag.Bool("update", false, "write the page of defects anew")

// of is a defect of the reference, perhaps with other rules than it breaks.
func of(t *testing.T, id string, rules ...string) defect.Defect {
	t.Helper()
	d, err := defect.Find(id)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	if len(rules) > 0 {
		d.Rules = rules
	}
	return d
}

// All defects are tried by `kpspec prove`, which is part of `make test`. Here are the ways in which a trial can end.
func TestATrialTellsWhatIsWrongWithIt(t *testing.T) {
	g := NewWithT(t)
	const longest, chars, exist = "ECS-IMP-NAME-LEN-MAX", "ECS-IMP-NAME-LEN-CHARS", "ECS-IMP-ERR-EXIST"
	elsewhere := of(t, "ecs-tag-value-acs-taken")
	elsewhere.Edition = "" // in which there is nothing to forget
	var told []string
	p, err := Run(t.Context(), Options{Tell: func(trial Trial) { told = append(told, trial.Defect) }, Defects: []defect.Defect{
		of(t, "ecs-name-max-129"),
		of(t, "ecs-name-max-127", longest, chars, exist),
		of(t, "ecs-name-max-127", longest),
		elsewhere,
		of(t, "ecs-race-same-name"),
		of(t, "ecs-tag-value-acs-taken"),
	}})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(told).To(HaveLen(6))
	var endings []Ending
	for _, trial := range p.Trials {
		endings = append(endings, trial.Ending)
	}
	g.Expect(endings).To(Equal([]Ending{Killed, Survived, Blamed, Unreached, Killed, Killed}), "%+v", p.Trials)
	g.Expect(p.Trials[1].Missing()).To(Equal([]string{exist}))
	g.Expect(p.Trials[1].Line()).To(ContainSubstring("declared and not red: " + exist))
	g.Expect(p.Trials[2].Extra()).To(Equal([]string{chars}))
	g.Expect(p.Trials[2].Line()).To(ContainSubstring("red and not declared: " + chars))
	g.Expect(p.Trials[3].Line()).To(ContainSubstring("nothing is red"))
	g.Expect(p.Holds()).To(BeFalse())
	g.Expect(p.Controls).To(HaveLen(2), "one for each edition")
	for _, c := range p.Controls {
		g.Expect(c.Bad).To(BeEmpty())
	}
	var text strings.Builder
	g.Expect(p.Summary(&text)).To(Succeed())
	g.Expect(text.String()).To(ContainSubstring("6 defects: 3 killed, 1 survived, 1 over-blame, 1 unreached"))
	g.Expect(text.String()).To(HaveSuffix("NOT PROVEN\n"))

	p.Trials = slices.DeleteFunc(p.Trials, func(t Trial) bool { return t.Ending != Killed })
	g.Expect(p.Holds()).To(BeTrue())
	p.Unproven = []string{"ECS-IMP-GET"}
	g.Expect(p.Holds()).To(BeFalse())
}

// The rules that are left out would have ended as in the control.
func TestAllRulesEndAsTheTouchedOnesDo(t *testing.T) {
	g := NewWithT(t)
	defects := []defect.Defect{of(t, "ecs-name-hyphen-refused"), of(t, "ecs-error-exists-code"), of(t, "ecs-signature-unchecked")}
	some, err := Run(t.Context(), Options{Defects: defects})
	g.Expect(err).NotTo(HaveOccurred())
	whole, err := Run(t.Context(), Options{Defects: defects, Whole: true})
	g.Expect(err).NotTo(HaveOccurred())
	for i := range defects {
		g.Expect(some.Trials[i].Red).To(Equal(whole.Trials[i].Red), defects[i].ID)
		g.Expect(some.Trials[i].Ending).To(Equal(Killed), defects[i].ID)
	}
}

func TestUnproven(t *testing.T) {
	g := NewWithT(t)
	g.Expect(Unproven(defect.All())).To(BeEmpty())
	some := slices.DeleteFunc(defect.All(), func(d defect.Defect) bool {
		return slices.Contains(d.Rules, "ECS-IMP-TAG-DUP") || slices.Contains(d.Rules, "ECS-IMP-KEY-CERT-DSS-V00")
	})
	g.Expect(Unproven(some)).To(Equal([]string{"ECS-IMP-KEY-CERT-DSS-V00", "ECS-IMP-TAG-DUP"}))
}

// All of them are tried by `kpspec prove`; here one that the preflight takes for a target, and one that it does not.
func TestNoRulePassesOnAServerThatImplementsNothing(t *testing.T) {
	g := NewWithT(t)
	all := constants()
	g.Expect(len(all)).To(BeNumerically(">=", 12))
	census, err := suites.Count(catalogue.Edition202606)
	g.Expect(err).NotTo(HaveOccurred())
	for _, c := range []constant{all[0], all[len(all)-1]} {
		r, err := c.run(t.Context(), census)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(r.Passed).To(BeEmpty(), r.Server)
		g.Expect(r.Specs > 0 || r.Preflight != "").To(BeTrue(), r.Server)
		g.Expect(r.Line()).To(ContainSubstring("no rule passed"), r.Server)
	}
}

// A server that is right about something is seen through: the battery can fail.
func TestAServerThatIsRightAboutSomethingIsTold(t *testing.T) {
	g := NewWithT(t)
	s, err := newStage(&stock{}, of(t, "ecs-name-max-129").In(reference.Options{}), false)
	g.Expect(err).NotTo(HaveOccurred())
	census, err := suites.Count(catalogue.Edition202606)
	g.Expect(err).NotTo(HaveOccurred())
	r, err := constant{name: "the reference", serve: func(w http.ResponseWriter, r *http.Request) { s.api.ServeHTTP(w, r) }}.run(t.Context(), census)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(r.Passed).NotTo(BeEmpty())
	g.Expect(r.Holds()).To(BeFalse())
	g.Expect(r.Line()).To(ContainSubstring("PASSED: "))
}

func TestThePageOfDefectsIsCurrent(t *testing.T) {
	g := NewWithT(t)
	const name = "../../reference/defect/DEFECTS.md"
	var page bytes.Buffer
	g.Expect(Page(&page, defect.All())).To(Succeed())
	if *update {
		g.Expect(os.WriteFile(name, page.Bytes(), 0o644)).To(Succeed())
	}
	file, err := os.Open(name)
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = file.Close() }() // read only
	g.Expect(io.ReadAll(file)).To(Equal(page.Bytes()), "stale; run: make defects")
}

// An assertion that somebody takes away is missed, with the rule it was about, wherever it stands.
func TestAnAssertionThatIsTakenAwayIsMissed(t *testing.T) {
	g := NewWithT(t)
	record, err := Recorded()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(record.Made).To(HaveLen(2))
	now, err := written()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(differing(record.Written, now, "there are")).To(BeEmpty(), "make defects makes the record anew")

	const where = "suites/ecs/importkeypair_answer.go ECS-IMP-RESP-200"
	g.Expect(now[where]).To(BeNumerically(">", 1))
	now[where]--
	g.Expect(differing(record.Written, now, "there are")).To(HaveExactElements(
		MatchRegexp(`^suites/ecs/importkeypair_answer.go ECS-IMP-RESP-200: there are \d assertions, and it was \d; if that is meant, run make defects$`)))
	g.Expect(record.against(catalogue.Edition202606, nil)).To(HaveLen(len(record.Made[catalogue.Edition202606])))
}
