package main

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/verdict"
)

// The many runs are those of `make storm`. Here every kind comes at once.
func TestBadWeatherMakesNoVerdictWrong(t *testing.T) {
	g := NewWithT(t)
	all := kinds[len(kinds)-1]
	rules := []string{"ECS-IMP-NAME-*", "ECS-IMP-COMMON", "ECS-IMP-RG-*", "ECS-IMP-QUOTA*", "SWAS-*-NAME-*", "SWAS-*-TOKEN-*", "SWAS-ATT-*"}
	s, err := newStorm(t.Context(), []string{"ecs-name-checked-late"})
	g.Expect(err).NotTo(HaveOccurred())
	for seed := range uint64(2) {
		for _, server := range s.servers {
			came, err := s.run(t.Context(), server, all, seed, rules...)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(came.wrong).To(BeEmpty(), "seed %d, %s", seed, server)
			g.Expect(came.report.Weather).NotTo(BeNil())
			g.Expect(came.report.Weather.Requests).NotTo(BeEmpty())
			g.Expect(came.report.Weather.Specs).To(BeNumerically(">", 0))
		}
	}
}

// A storm that found everything right would show nothing.
func TestAStormSeesWhatIsWrong(t *testing.T) {
	g := NewWithT(t)
	s, err := newStorm(t.Context(), []string{"ecs-name-checked-late"})
	g.Expect(err).NotTo(HaveOccurred())
	broken := s.fair["ecs-name-checked-late"]
	s.fair[""], s.fair["ecs-name-checked-late"] = broken, s.fair[""]
	came, err := s.run(t.Context(), "ecs-name-checked-late", kind{name: "fair", every: true}, 1)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(came.wrong).To(ContainElement(ContainSubstring("is " + string(verdict.Failed) + " instead of " + string(verdict.Passed))))
}
