package names_test

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/names"
)

func TestNamesAreUniqueAndKnownAgain(t *testing.T) {
	g := NewWithT(t)
	source, seen := names.New(), map[string]bool{}
	for range 30000 {
		name := source.Next()
		if seen[name] || !names.Are(name) || !source.Made(name) {
			t.Fatal(name)
		}
		seen[name] = true
	}
	name := source.Next()
	g.Expect(name).To(MatchRegexp(`^[a-z]{18}$`))
	g.Expect(names.Are(name + "aaaa")).To(BeTrue())
	g.Expect(source.Made("密" + strings.ToUpper(name) + "-x")).To(BeTrue())
	g.Expect(names.New().Made(name)).To(BeFalse(), "another run")
}

func TestOnlyWhatARunMakesIsAName(t *testing.T) {
	name := names.New().Next()
	changed := []byte(name)
	changed[8] = 'a' + (changed[8]-'a'+1)%26
	for _, other := range []string{
		"", "kpspec", "kpspec-old", "kpspecabcdefghijkl", name[:len(name)-1], name + "b", name + "aab", "x" + name, name + "-copy",
		strings.ToUpper(name), " " + name, name + "\n", string(changed), "kpspec" + strings.Repeat("密", 4),
	} {
		if names.Are(other) {
			t.Errorf("%q is taken for a name", other)
		}
	}
	g := NewWithT(t)
	g.Expect(names.Within("https:" + name)).To(BeTrue())
	g.Expect(names.Within(name + ".old")).To(BeTrue())
	g.Expect(names.Within("kpspec" + name)).To(BeTrue())
	g.Expect(names.Within("kpspecabcdefghijkl")).To(BeFalse())
	g.Expect(names.Within(string(changed))).To(BeFalse())
}
