package action

import (
	"os"
	"regexp"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/cli"
	"github.com/kpspec/kpspec/harness/target"
)

// What the README shows is copied, so it must work: its configurations are read
// as kpspec reads them, its jobs name inputs and flags that there are.

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var block = regexp.MustCompile("(?s)\n```yaml\n(.*?)```\n")

// sample is the one block of YAML of the README with a text in it.
func sample(t *testing.T, with string) []byte {
	t.Helper()
	var found []string
	for _, b := range block.FindAllStringSubmatch(readme(t), -1) {
		if strings.Contains(b[1], with) {
			found = append(found, b[1])
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d blocks of YAML in the README have %q in them, not one", len(found), with)
	}
	return []byte(found[0])
}

func TestTheConfigurationOfTheReadme(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	c, err := target.ReadConfig(strings.NewReader(string(sample(t, "target: container"))), "README.md")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(c.World.Accounts).To(HaveLen(2))
	g.Expect(c.Guard.Account).To(Equal(c.World.Accounts[0].ID))
	g.Expect(c.Guard.Region).To(Equal(c.World.Regions[0]))
}

func TestTheWorkflowOfTheReadme(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	var workflow struct {
		Name        string            `yaml:"name"`
		On          []string          `yaml:"on"`
		Permissions map[string]string `yaml:"permissions"`
		Jobs        map[string]struct {
			RunsOn string `yaml:"runs-on"`
			Steps  []step `yaml:"steps"`
		} `yaml:"jobs"`
	}
	strictly(t, sample(t, "harness/action@"), &workflow)
	g.Expect(workflow.Jobs).To(HaveLen(1))
	ours := 0
	for _, job := range workflow.Jobs {
		for _, s := range job.Steps {
			switch {
			case strings.HasPrefix(s.Uses, "kpspec/kpspec/harness/action@"):
				ours++
				for name := range s.With {
					g.Expect(read(t).Inputs).To(HaveKey(name))
				}
			case s.Uses != "":
				g.Expect(s.Uses).To(MatchRegexp(pinned.String()))
			}
		}
	}
	g.Expect(ours).To(Equal(1))
}

func TestTheGitLabJobOfTheReadme(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	var jobs map[string]struct {
		Image    string `yaml:"image"`
		Services []struct {
			Name  string `yaml:"name"`
			Alias string `yaml:"alias"`
		} `yaml:"services"`
		Script    []string `yaml:"script"`
		Artifacts struct {
			When    string            `yaml:"when"`
			Paths   []string          `yaml:"paths"`
			Reports map[string]string `yaml:"reports"`
		} `yaml:"artifacts"`
	}
	strictly(t, sample(t, "services:"), &jobs)
	job := jobs["conformance"]
	g.Expect(job.Artifacts.When).To(Equal("always"), "a red run has the report that matters")
	script := strings.Join(job.Script, "\n")
	g.Expect(script).To(ContainSubstring("--output junit=" + job.Artifacts.Reports["junit"]))
	for _, path := range job.Artifacts.Paths {
		g.Expect(script).To(ContainSubstring(path))
	}
	module, err := os.ReadFile("../../go.mod")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(module)).To(MatchRegexp(`(?m)^go `+strings.TrimPrefix(job.Image, "golang:")+`\b`), "an image with the Go that kpspec needs")
}

// command is a call of kpspec, to the end of the line.
var command = regexp.MustCompile(`(?m)^ *(?:- |\$ )?(?:\./kpspec|kpspec:local|kpspec)( .*)$`)

func TestTheCommandsOfTheReadme(t *testing.T) {
	t.Parallel()
	calls := 0
	for _, found := range command.FindAllStringSubmatch(readme(t), -1) {
		line, _, _ := strings.Cut(found[1], " #")
		line, _, _ = strings.Cut(line, " >")
		args := strings.Fields(strings.NewReplacer("'", "", `"`, "").Replace(line))
		root, _ := cli.New().Command()
		c, rest, err := root.Find(args)
		if err != nil || c == root {
			continue // a sentence that begins with the name
		}
		calls++
		if err := c.ParseFlags(rest); err != nil {
			t.Errorf("kpspec%s: %v", line, err)
		}
	}
	NewWithT(t).Expect(calls).To(BeNumerically(">", 12), "the search finds the commands")
}
