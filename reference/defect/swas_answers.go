package defect

import (
	"maps"
	"slices"
	"strings"

	"github.com/kpspec/kpspec/reference/operation"
	"github.com/kpspec/kpspec/reference/rpc"
)

// answered changes the members of the operation's answer.
func (a swasAction) answered(change func(*operation.Call, []field) []field) func(*parts) {
	return func(p *parts) { members(p, onSWAS, a.action, change) }
}

// resulted changes the members of every result of AttachKeyPair.
func resulted(change func(*operation.Call, []field) []field) func(*parts) {
	return swasAttach.answered(altered("Results", func(c *operation.Call, f *field) {
		f.value = valueOf(elements(f.value, func(_ int, result []field) []field { return change(c, result) }))
	}))
}

// withResults changes the list of results.
func withResults(as func(all []any) any) func(*parts) {
	return swasAttach.answered(altered("Results", func(_ *operation.Call, f *field) {
		f.value = valueOf(as(elements(f.value, func(_ int, result []field) []field { return result })))
	}))
}

// swasAnswers are wrong answers to calls that succeed.
func swasAnswers() []Defect {
	const ids = "SWAS-IMP-RESP SWAS-IMP-RESP-REQID SWAS-IMP-JSON SWAS-CRE-RESP SWAS-ATT-REQID"
	all := []Defect{
		bug("swas-answer-id-missing", "A success of SWAS has no RequestId.", ids, func(p *parts) { form(p, onSWAS).RequestID = "" }).atGateway(),
		bug("swas-answer-id-renamed", "A success of SWAS has RequestID in place of RequestId.", ids, func(p *parts) { form(p, onSWAS).RequestID = "RequestID" }).atGateway(),
		bug("swas-refusal-json-never", "A refusal of SWAS is in XML where Format=JSON is asked for.", "SWAS-IMP-JSON", func(p *parts) { form(p, onSWAS).Refusals = rpc.XML }).atGateway(),
	}
	// What it breaks that a member of the answer is missing, or is of another type.
	for _, m := range []struct {
		a              swasAction
		member         string
		missing, type_ string
	}{
		{swasImport, "KeyPairName", "RESP RESP-NAME JSON", "RESP RESP-NAME JSON"},
		{swasCreate, "KeyPairName", "RESP", "RESP"},
		{swasCreate, "PrivateKeyBody", "PRIV-PRESENT RESP", "PRIV-PRESENT RESP"},
		{swasAttach, "TotalCount", "RESP-TOTAL", "RESP-TOTAL"},
		{swasAttach, "FailCount", "RESP-FAIL INVARIANT", "RESP-FAIL"},
		{swasAttach, "Results", "RESP-RESULTS RESULTS-FLAT INVARIANT", "RESP-RESULTS RESULTS-FLAT INVARIANT"},
	} {
		id, other := strings.ToLower(m.member), m.member[:len(m.member)-1]
		all = append(all,
			m.a.bug("answer-"+id+"-missing", "answers without "+m.member+".", m.missing, m.a.answered(dropped(m.member))),
			m.a.bug("answer-"+id+"-renamed", "answers with "+other+" in place of "+m.member+".", m.missing, m.a.answered(renamed(m.member, other))),
			m.a.bug("answer-"+id+"-retyped", "answers with another type of "+m.member+".", m.type_, m.a.answered(retyped(m.member))),
		)
	}
	for _, m := range []struct{ member, rules string }{
		{"InstanceId", "RESP-RESULTS RES-ID"}, {"Code", "RES-CODE"}, {"Message", "RES-MSG"}, {"Success", "RES-SUCCESS INVARIANT"},
	} {
		id, other := strings.ToLower(m.member), m.member+"s"
		all = append(all,
			swasAttach.bug("result-"+id+"-missing", "answers results without "+m.member+".", m.rules, resulted(dropped(m.member))),
			swasAttach.bug("result-"+id+"-renamed", "answers results with "+other+" in place of "+m.member+".", m.rules, resulted(renamed(m.member, other))),
			swasAttach.bug("result-"+id+"-retyped", "answers results with a list as "+m.member+".", m.rules, resulted(retyped(m.member))),
		)
	}
	for _, a := range swasMakers {
		all = append(all,
			a.bug("answer-wrapped", "answers its members in an object of their own.", "RESP"+a.only(swasImport, "RESP-NAME JSON")+a.only(swasCreate, "PRIV-PRESENT"), a.answered(func(_ *operation.Call, all []field) []field {
				return []field{{"KeyPair", valueOf(object(all))}}
			})),
			a.bug("answer-name-example", "answers the name of the document's example.", a.rule(swasImport, "RESP-NAME")+a.rule(swasCreate, "RESP"), a.answered(valued("KeyPairName", func(*operation.Call) any { return "test-KeyPairName" }))),
			a.bug("answer-name-lower", "answers the name in small letters.", a.rule(swasImport, "RESP-NAME")+a.rule(swasCreate, "RESP"), a.answered(valued("KeyPairName", func(c *operation.Call) any { return strings.ToLower(c.Pair.Name) }))),
		)
	}
	a := swasAttach
	value := func(f field) string { return f.value.String() }
	put := func(member string, as any) func(*operation.Call, []field) []field {
		return valued(member, func(*operation.Call) any { return as })
	}
	success := func(as func(ok bool) any) func(*parts) {
		return resulted(altered("Success", func(_ *operation.Call, f *field) { f.value = valueOf(as(value(*f) == "true")) }))
	}
	count := func(member string, of func(*operation.Call) int) func(*parts) {
		return a.answered(valued(member, func(c *operation.Call) any { return of(c) }))
	}
	return append(all,
		swasImport.bug("answer-name-question-marks", "answers ? for what is not ASCII in a name.", "RESP-NAME", swasImport.answered(valued("KeyPairName", func(c *operation.Call) any {
			return strings.Map(func(r rune) rune {
				if r > 127 {
					return '?'
				}
				return r
			}, c.Pair.Name)
		}))),
		swasImport.bug("answer-name-escaped", "answers a name as it is written in an address.", "RESP-NAME", swasImport.answered(valued("KeyPairName", func(c *operation.Call) any {
			return strings.ReplaceAll(c.Pair.Name, ":", "%3A")
		}))),
		a.bug("answer-empty", "answers nothing but the id of the request.", "RESP-TOTAL RESP-FAIL RESP-RESULTS RESULTS-FLAT INVARIANT", a.answered(func(*operation.Call, []field) []field { return nil })),
		a.bug("answer-wrapped", "answers its members in an object of their own.", "RESP-TOTAL RESP-FAIL RESP-RESULTS RESULTS-FLAT INVARIANT", a.answered(func(_ *operation.Call, all []field) []field {
			return []field{{"Data", valueOf(object(all))}}
		})),
		a.bug("total-zero", "answers a TotalCount of 0.", "RESP-TOTAL", count("TotalCount", func(*operation.Call) int { return 0 })),
		a.bug("total-one", "answers a TotalCount of 1.", "RESP-TOTAL", count("TotalCount", func(*operation.Call) int { return 1 })),
		a.bug("total-failed", "answers the number of failed servers for TotalCount.", "RESP-TOTAL", count("TotalCount", func(c *operation.Call) int { return len(c.Failed) })),
		a.bug("fail-counts-successes", "answers the number of successes for FailCount.", "RESP-FAIL INVARIANT", count("FailCount", func(c *operation.Call) int { return len(c.Servers) - len(c.Failed) })),
		a.bug("fail-negative", "answers a FailCount of -1.", "RESP-FAIL INVARIANT", count("FailCount", func(*operation.Call) int { return -1 })),
		a.bug("fail-null", "answers null for a FailCount of 0.", "RESP-FAIL INVARIANT", a.answered(put("FailCount", (*int)(nil)))),
		a.bug("results-last-missing", "answers results without the last.", "RESP-RESULTS INVARIANT", withResults(func(all []any) any { return all[:max(1, len(all)-1)] })),
		a.bug("results-failed-only", "answers results only of failures.", "RESP-RESULTS RESULTS-FLAT INVARIANT", withResults(func([]any) any { return []any{} })),
		a.bug("results-null", "answers null for results without a failure.", "RESP-RESULTS RESULTS-FLAT INVARIANT", withResults(func([]any) any { return []any(nil) })),
		a.bug("results-twice", "answers every result twice.", "RESP-RESULTS RES-ID INVARIANT", withResults(func(all []any) any { return append(slices.Clone(all), all...) })),
		a.bug("results-wrapped", "answers results in a member Result, as ECS does.", "RESP-RESULTS RESULTS-FLAT INVARIANT", withResults(func(all []any) any {
			return object([]field{{"Result", valueOf(all)}})
		})),
		a.bug("results-nested", "answers every result in a list of its own.", "RESP-RESULTS RES-CODE RES-MSG RES-SUCCESS RES-ID RESULTS-FLAT INVARIANT", withResults(func(all []any) any {
			out := []any{}
			for _, one := range all {
				out = append(out, []any{one})
			}
			return out
		})),
		a.bug("results-one-object", "answers an object in place of a list for one result.", "RESULTS-FLAT", withResults(func(all []any) any {
			if len(all) == 1 {
				return all[0]
			}
			return all
		})),
		a.bug("results-text", "answers results as JSON in a text.", "RESP-RESULTS RESULTS-FLAT INVARIANT", withResults(func([]any) any { return "[]" })),
		a.bug("result-id-of-first", "answers the id of the first server in every result.", "RESP-RESULTS RES-ID", resulted(valued("InstanceId", func(c *operation.Call) any { return c.Servers[0] }))),
		a.bug("result-id-cut", "answers the first 16 characters of an id in a result.", "RESP-RESULTS RES-ID", resulted(altered("InstanceId", func(_ *operation.Call, f *field) { f.value = valueOf(value(*f)[:16]) }))),
		a.bug("result-id-upper", "answers the id of a server in capital letters.", "RESP-RESULTS RES-ID", resulted(altered("InstanceId", func(_ *operation.Call, f *field) { f.value = valueOf(strings.ToUpper(value(*f))) }))),
		a.bug("result-code-ok", "answers the code OK in a result.", "RES-CODE", resulted(put("Code", "OK"))),
		a.bug("result-code-empty", "answers an empty code in a result.", "RES-CODE", resulted(put("Code", ""))),
		a.bug("result-code-number", "answers the code of a result as a number.", "RES-CODE", resulted(put("Code", 200))),
		a.bug("result-message-empty", "answers an empty message in a result.", "RES-MSG", resulted(put("Message", ""))),
		a.bug("result-message-upper", "answers the message Success in a result.", "RES-MSG", resulted(put("Message", "Success"))),
		a.bug("result-success-upper", "answers True and False for the success of a result.", "RES-SUCCESS INVARIANT", success(func(ok bool) any { return map[bool]string{false: "False", true: "True"}[ok] })),
		a.bug("result-success-boolean", "answers a Boolean for the success of a result.", "RES-SUCCESS", success(func(ok bool) any { return ok })),
		a.bug("result-success-number", "answers 1 or 0 for the success of a result.", "RES-SUCCESS INVARIANT", success(func(ok bool) any { return map[bool]int{true: 1}[ok] })),
		a.bug("results-by-id", "answers results in an object by the ids of the servers.", "RESP-RESULTS RESULTS-FLAT INVARIANT", a.answered(altered("Results", func(c *operation.Call, f *field) {
			byID := map[string]any{}
			for i, one := range elements(f.value, func(_ int, result []field) []field { return result }) {
				byID[c.Servers[i]] = one
			}
			var all []field
			for _, id := range slices.Sorted(maps.Keys(byID)) {
				all = append(all, field{id, valueOf(byID[id])})
			}
			f.value = valueOf(object(all))
		}))),
	)
}
