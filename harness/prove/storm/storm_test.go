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
	s, err := newStorm(t.Context(), []string{"ecs-duplicate-replaces"}, "ECS-IMP-NAME-UNIQUE*", "ECS-IMP-RG-*", "ECS-IMP-TAG-VAL-*", "SWAS-IMP-TOKEN-*", "SWAS-ATT-NAME-*")
	g.Expect(err).NotTo(HaveOccurred())
	for seed := range uint64(2) {
		for _, server := range s.servers {
			came, err := s.run(t.Context(), server, all, seed)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(came.wrong).To(BeEmpty(), "seed %d, %s", seed, server)
			g.Expect(came.report.Weather).NotTo(BeNil())
			g.Expect(came.report.Weather.Requests).NotTo(BeEmpty())
		}
	}
}

// A storm that found everything right would show nothing.
func TestAStormSeesWhatIsWrong(t *testing.T) {
	g := NewWithT(t)
	const id = "ecs-duplicate-replaces"
	s, err := newStorm(t.Context(), []string{id}, "ECS-IMP-NAME-UNIQUE*", "ECS-IMP-ERR-EXIST")
	g.Expect(err).NotTo(HaveOccurred())
	s.fair[id] = s.fair[""]
	came, err := s.run(t.Context(), id, kind{name: "fair", every: true}, 1)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(came.wrong).To(ContainElement(ContainSubstring("is " + string(verdict.Failed) + " instead of " + string(verdict.Passed))))
}
