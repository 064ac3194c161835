package cli

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/reference/defect"
)

// completion gives the words that may stand somewhere; the shell chooses.
type completion = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)

// complete completes the value of a flag with the words of a list.
func complete(c *cobra.Command, flag string, list func() []string) {
	if err := c.RegisterFlagCompletionFunc(flag, words(list)); err != nil {
		panic(err) // the flag is not there: a mistake in this package, which any test finds
	}
}

// words completes with the words of a list, made when it is asked for.
func words(list func() []string) completion {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return list(), cobra.ShellCompDirectiveNoFileComp
	}
}

// ruleIDs are the ids of the catalogue, each with its sentence for shells that
// show one.
func ruleIDs() []string {
	rules, err := catalogue.Load()
	if err != nil {
		return nil // a tab says nothing of errors
	}
	var ids []string
	for _, r := range rules.Rules() {
		ids = append(ids, r.ID+"\t"+r.Statement)
	}
	return ids
}

// defectIDs are the ids of the declared defects, likewise.
func defectIDs() []string {
	var ids []string
	for _, d := range defect.All() {
		ids = append(ids, d.ID+"\t"+d.Sentence)
	}
	return ids
}

// completeReplay completes a file first and then the rules of which it holds requests.
func (p *Program) completeReplay(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	switch len(args) {
	case 0:
		return []string{"json"}, cobra.ShellCompDirectiveFilterFileExt
	case 1:
		r, err := readReport(args[0])
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var ids []string
		for _, rule := range r.Rules {
			if slices.ContainsFunc(rule.Specs, func(s report.Spec) bool { return len(s.Exchanges) > 0 }) {
				ids = append(ids, rule.ID+"\t"+rule.Statement)
			}
		}
		return ids, cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}
