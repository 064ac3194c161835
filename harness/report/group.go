package report

import (
	"slices"
	"strings"
)

// otherGroup takes the rules whose ids no group knows.
const otherGroup = "Other"

// ruleGroups are what the rules of every operation are about, in the order in which
// the documents speak of it, and the third words of the ids that tell it.
var ruleGroups = []struct {
	name  string
	words []string
}{
	{"Request", []string{"ACTION", "VERSION", "COMMON", "GET", "JSON", "XML", "SUMMARY"}},
	{"Region", []string{"REGION"}},
	{"Name", []string{"NAME", "EXIST"}},
	{"Public key", []string{"KEY", "TYPES", "USE"}},
	{"Private key", []string{"PRIV", "RSA2048"}},
	{"Resource group", []string{"RG"}},
	{"Tags", []string{"TAG"}},
	{"Servers", []string{"IDS", "404", "FOREIGN", "STATE", "LINUX"}},
	{"Binding", []string{"ONE", "MANY", "MIXED", "EFFECT", "INVARIANT", "OVERWRITE", "REATTACH"}},
	{"Client token", []string{"TOKEN"}},
	{"Quota", []string{"QUOTA"}},
	{"Answer", []string{"RESP", "REQID", "RES", "RESULTS", "LISTED"}},
	{"Errors", []string{"ERR"}},
	{"Permissions", []string{"RAM"}},
}

// groups are the names of all groups.
func groups() []string {
	var names []string
	for _, g := range ruleGroups {
		names = append(names, g.name)
	}
	return append(names, otherGroup)
}

// groupOf is what the rule with an id is about.
func groupOf(id string) string {
	words := strings.Split(id, "-")
	if len(words) < 3 {
		return otherGroup
	}
	for _, g := range ruleGroups {
		if slices.Contains(g.words, words[2]) {
			return g.name
		}
	}
	return otherGroup
}
