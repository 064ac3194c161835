package report

import (
	"slices"

	"github.com/kpspec/kpspec/harness/verdict"
)

// Deviations is the list that would make r conform: what failed, each entry with
// what e says of it, and what is listed already, as it is listed. A rule with a
// failure beside a listed one is a new entry, since its reason need not explain
// both. Of the failures of a rule all are pinned, as the report has them.
func (r Report) Deviations(e verdict.Entry) verdict.List {
	var l verdict.List
	for _, rule := range r.Rules {
		failed := slices.ContainsFunc(rule.Specs, func(s Spec) bool { return s.Verdict == verdict.Failed })
		entry := e
		if d := rule.Deviation; d != nil && !failed {
			entry = verdict.Entry{Reason: d.Reason, Link: d.Link, Expires: d.Expires}
		}
		entry.Rule = rule.ID
		if rule.Deviation != nil && rule.Deviation.Kind == verdict.Flaky {
			l.Flaky = append(l.Flaky, entry)
			continue
		}
		var failures []verdict.Failure
		for _, s := range rule.Specs {
			if s.Verdict == verdict.Failed || s.Verdict == verdict.Deviation {
				failures = append(failures, verdict.Failure{Spec: s.Text, Text: verdict.Normal(s.Failure)})
			}
		}
		if len(failures) > 0 {
			l.Deviations = append(l.Deviations, verdict.Deviating{Entry: entry, Failures: failures})
		}
	}
	return l
}
