package selftest

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/verdict"
	"github.com/kpspec/kpspec/suites"
)

// answered is what the reference answers with 200 to an action of SWAS, changed; anything else is as it was.
func answered(action string, edit func(in request, body map[string]any)) meddler {
	return func(in request) *httptest.ResponseRecorder {
		if in.product != "SWAS" || in.action != action {
			return nil
		}
		answer := in.pass()
		if answer.Code != 200 {
			return answer
		}
		return edited(answer, func(body map[string]any) { edit(in, body) })
	}
}

// results are the results in an answer of AttachKeyPair.
func results(body map[string]any) []map[string]any {
	list, _ := body["Results"].([]any)
	var all []map[string]any
	for _, element := range list {
		if result, ok := element.(map[string]any); ok {
			all = append(all, result)
		}
	}
	return all
}

// A target with one fault fails the rules of that fault, and no MUST or SHOULD rule beside them is blamed.
func TestAFaultIsBlamedOnItsRule(t *testing.T) {
	malformed := func(name string) bool {
		return strings.HasPrefix(name, "http://") || strings.ContainsAny(name, "@ ")
	}
	for name, fault := range map[string]struct {
		meddle func() meddler
		rules  []string // to run
		blamed []string // failed or warned
	}{
		"a question mark for each Chinese character": {
			func() meddler {
				return answered("CreateKeyPair", func(_ request, body map[string]any) {
					body["KeyPairName"] = strings.Map(func(r rune) rune {
						if r > 0x7f {
							return '?'
						}
						return r
					}, body["KeyPairName"].(string))
				})
			},
			[]string{"SWAS-CRE-*"}, []string{"SWAS-CRE-RESP"},
		},
		"PrivateKeyBody as a list": {
			func() meddler {
				return answered("CreateKeyPair", func(_ request, body map[string]any) { body["PrivateKeyBody"] = []any{body["PrivateKeyBody"]} })
			},
			[]string{"SWAS-CRE-*", "SWAS-IMP-NAME-EXIST"}, []string{"SWAS-CRE-PRIV-PRESENT", "SWAS-CRE-RESP"},
		},
		"an empty PrivateKeyBody in every listed key pair": {
			func() meddler {
				return answered("ListKeyPairs", func(_ request, body map[string]any) {
					for i, p := range body["KeyPairs"].([]any) {
						p.(map[string]any)["PrivateKeyBody"] = []any{nil, ""}[i%2]
					}
				})
			},
			[]string{"SWAS-CRE-PRIV-*"}, nil,
		},
		"the name is taken, says the second of two equal requests with a token": {
			func() meddler {
				var mu sync.Mutex
				seen := map[string]int{}
				return func(in request) *httptest.ResponseRecorder {
					token := in.params.Get("ClientToken")
					if in.product != "SWAS" || in.action != "ImportKeyPair" || token == "" {
						return nil
					}
					mu.Lock()
					seen[token]++
					n := seen[token]
					mu.Unlock()
					if n == 2 {
						return refusal(400, "KeyPairNameAlreadyExist")
					}
					return nil
				}
			},
			[]string{"SWAS-IMP-TOKEN-IDEMP"}, []string{"SWAS-IMP-TOKEN-IDEMP"},
		},
		"all but one of equal requests are told to wait": {
			func() meddler {
				var mu sync.Mutex
				under := map[string]bool{}
				return func(in request) *httptest.ResponseRecorder {
					token := in.params.Get("ClientToken")
					if in.product != "SWAS" || in.action != "CreateKeyPair" || token == "" {
						return nil
					}
					mu.Lock()
					before := under[token]
					under[token] = true
					mu.Unlock()
					if before {
						return refusal(403, "IdempotentProcessing")
					}
					answer := in.pass()
					mu.Lock()
					delete(under, token)
					mu.Unlock()
					return answer
				}
			},
			[]string{"SWAS-CRE-TOKEN-IDEMP"}, nil,
		},
		"a repeated request stores another key": {
			func() meddler {
				var mu sync.Mutex
				seen, replayed := map[string]bool{}, map[string]bool{}
				return func(in request) *httptest.ResponseRecorder {
					mu.Lock()
					defer mu.Unlock()
					switch token, name := in.params.Get("ClientToken"), in.params.Get("KeyPairName"); {
					case in.product != "SWAS":
					case in.action == "CreateKeyPair" && token != "":
						replayed[name] = replayed[name] || seen[token]
						seen[token] = true
					case in.action == "ListKeyPairs":
						return edited(in.pass(), func(body map[string]any) {
							for _, p := range body["KeyPairs"].([]any) {
								if pair := p.(map[string]any); replayed[pair["KeyPairName"].(string)] {
									pair["PublicKey"] = strings.Replace(pair["PublicKey"].(string), "AAAAB3NzaC1yc2EAAAADAQABAAABAQ", "AAAAB3NzaC1yc2EAAAADAQABAAABAR", 1)[:40]
								}
							}
						})
					}
					return nil
				}
			},
			[]string{"SWAS-CRE-TOKEN-IDEMP"}, []string{"SWAS-CRE-TOKEN-IDEMP"},
		},
		"a malformed name to bind is a failure per server": {
			func() meddler {
				return func(in request) *httptest.ResponseRecorder {
					if in.action != "AttachKeyPair" || !malformed(in.params.Get("KeyPairName")) {
						return nil
					}
					answer := refusal(200, "")
					return edited(answer, func(body map[string]any) {
						body["TotalCount"], body["FailCount"] = 1, 1
						body["Results"] = []any{map[string]any{"Code": "404", "Success": "false", "InstanceId": in.params.Get("InstanceIds.1")}}
					})
				}
			},
			[]string{"SWAS-ATT-NAME-*"}, []string{"SWAS-ATT-NAME-RULE"},
		},
		"a name to bind is measured in bytes": {
			func() meddler {
				return func(in request) *httptest.ResponseRecorder {
					if name := in.params.Get("KeyPairName"); in.action == "AttachKeyPair" && len(name) > 64 && utf8.RuneCountInString(name) <= 64 {
						return refusal(400, "InvalidKeyPairName")
					}
					return nil
				}
			},
			[]string{"SWAS-ATT-NAME-*"}, []string{"SWAS-ATT-NAME-RULE"},
		},
		"binding again fails per server": {
			func() meddler {
				var mu sync.Mutex
				bound := map[string]bool{}
				return func(in request) *httptest.ResponseRecorder {
					if in.action != "AttachKeyPair" || in.params.Get("InstanceIds.2") != "" || in.params.Get("ClientToken") != "" {
						return nil
					}
					mu.Lock()
					defer mu.Unlock()
					what := in.params.Get("KeyPairName") + " " + in.params.Get("InstanceIds.1")
					answer := in.pass()
					if answer.Code != 200 {
						return answer
					}
					again := bound[what]
					bound[what] = true
					if !again {
						return answer
					}
					return edited(answer, func(body map[string]any) {
						body["FailCount"] = 1
						for _, r := range results(body) {
							r["Code"], r["Success"] = "403", "false"
						}
					})
				}
			},
			[]string{"SWAS-ATT-*"}, []string{"SWAS-ATT-REATTACH"},
		},
		"a wrapped result": {
			func() meddler {
				return answered("AttachKeyPair", func(_ request, body map[string]any) {
					list := body["Results"].([]any)
					for i, r := range list {
						list[i] = map[string]any{"Result": r}
					}
				})
			},
			[]string{"SWAS-ATT-RESULTS-FLAT"}, []string{"SWAS-ATT-RESULTS-FLAT"},
		},
		"a success that is yes": {
			func() meddler {
				return answered("AttachKeyPair", func(_ request, body map[string]any) {
					for _, r := range results(body) {
						r["Success"] = "yes"
					}
				})
			},
			[]string{"SWAS-ATT-*"}, []string{"SWAS-ATT-RES-SUCCESS", "SWAS-ATT-INVARIANT"},
		},
		"ListKeyPairs refuses Chinese filters and large pages": {
			func() meddler {
				return func(in request) *httptest.ResponseRecorder {
					if name := in.params.Get("KeyPairName"); in.action == "ListKeyPairs" && (name != "" && name[0] > 0x7f || len(in.params.Get("PageSize")) == 2 && in.params.Get("PageSize") > "20") {
						return refusal(400, "InvalidParameter")
					}
					return nil
				}
			},
			[]string{"SWAS-*-NAME-*", "SWAS-CRE-QUOTA*"}, nil,
		},
		"two requests get the last place": {
			func() meddler {
				var once sync.Once
				return func(in request) *httptest.ResponseRecorder {
					if in.product != "SWAS" || in.action != "ImportKeyPair" || in.params.Get("RegionId") != "cn-beijing" {
						return nil
					}
					answer := in.pass()
					if answer.Code >= 400 {
						once.Do(func() { // the loser of the race is the first that is refused
							answer = edited(answer, func(body map[string]any) {
								delete(body, "Code")
								body["KeyPairName"] = in.params.Get("KeyPairName")
							})
							answer.Code = 200
						})
					}
					return answer
				}
			},
			[]string{"SWAS-IMP-QUOTA"}, []string{"SWAS-IMP-QUOTA"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			r := meddledWith(t, suites.Config{Rules: fault.rules}, fault.meddle())
			told := verdicts(r)
			blamed := append(told[verdict.Failed], told[verdict.Warned]...)
			for _, rule := range r.Rules {
				for _, spec := range rule.Specs {
					if spec.Failure != "" {
						t.Log(rule.ID, spec.Verdict, spec.Text, spec.Failure)
					}
				}
			}
			g.Expect(blamed).To(ConsistOf(fault.blamed))
			if !slices.Contains(fault.blamed, "SWAS-CRE-PRIV-PRESENT") { // other rules look at the key
				g.Expect(told[verdict.CouldNotRun]).To(BeEmpty())
			}
		})
	}
}

// A region of SWAS that others have filled says nothing of any rule.
func TestAFullRegionOfSWASCouldNotRun(t *testing.T) {
	g := NewWithT(t)
	region := world.Default().Regions[0]
	r := meddledWith(t, suites.Config{Rules: []string{"SWAS-*-NAME-*", "SWAS-*-KEY-*", "SWAS-CRE-QUOTA"}}, func(in request) *httptest.ResponseRecorder {
		switch {
		case in.product != "SWAS" || in.params.Get("RegionId") != region:
		case in.action == "CreateKeyPair", in.action == "ImportKeyPair":
			return refusal(400, "TooManyKeyPairs")
		case in.action == "ListKeyPairs":
			return edited(in.pass(), func(body map[string]any) {
				var list []any
				for i := range 12 {
					list = append(list, map[string]any{"KeyPairName": fmt.Sprintf("theirs-%d", i), "PublicKey": "ssh-rsa AAAA", "InstanceIds": []any{}})
				}
				body["KeyPairs"], body["TotalCount"] = list, len(list)
			})
		}
		return nil
	})
	told := verdicts(r)
	g.Expect(told[verdict.Failed]).To(BeEmpty())
	g.Expect(told[verdict.Warned]).To(BeEmpty())
	g.Expect(told[verdict.CouldNotRun]).NotTo(BeEmpty())
	g.Expect(told[verdict.Passed]).To(Equal([]string{"SWAS-CRE-QUOTA"}), "another region has room")
	g.Expect(causes(r)).To(HaveLen(1))
	g.Expect(causes(r)[0]).To(ContainSubstring("region " + region + " is full"))
}

// causes are the texts of what could not run, each once.
func causes(r report.Report) []string {
	var all []string
	seen := map[string]bool{}
	for _, rule := range r.Rules {
		for _, spec := range rule.Specs {
			if spec.Verdict == verdict.CouldNotRun && !seen[spec.Failure] {
				seen[spec.Failure] = true
				all = append(all, spec.Failure)
			}
		}
	}
	return all
}

// What differs from one request to the next is not in the text of a cause.
func TestOneCauseHasOneText(t *testing.T) {
	g := NewWithT(t)
	var mu sync.Mutex
	n := 0
	r := meddledWith(t, suites.Config{Rules: []string{"SWAS-IMP-KEY-*", "SWAS-IMP-NAME-*"}}, func(in request) *httptest.ResponseRecorder {
		if in.action != "ImportKeyPair" {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		n++
		return edited(refusal(400, "NoImportsToday"), func(body map[string]any) {
			body["RequestId"], body["Message"] = fmt.Sprint("id-", n), "no import of "+in.params.Get("KeyPairName")
		})
	})
	g.Expect(causes(r)).To(Equal([]string{"expected it to be accepted: got HTTP 400 NoImportsToday"}))
}

// What cannot be removed is told by cause.
func TestLeftoversAreGrouped(t *testing.T) {
	g := NewWithT(t)
	r := meddledWith(t, suites.Config{Rules: []string{"SWAS-IMP-NAME-DIGIT", "SWAS-IMP-NAME-COLON", "SWAS-IMP-NAME-FIRST", "SWAS-IMP-NAME-HYPHEN"}}, func(in request) *httptest.ResponseRecorder {
		if in.action == "DeleteKeyPairs" {
			return refusal(403, "Forbidden")
		}
		return nil
	})
	g.Expect(r.CleanupErrors).To(HaveLen(1))
	g.Expect(r.CleanupErrors[0]).To(And(ContainSubstring("HTTP 403 Forbidden"), ContainSubstring("of them, among them")))
	g.Expect(r.ExitCode).To(Equal(verdict.ExitIncomplete))
}

// Everything that a run has made is deleted after it was made for the last time, the winner's of a race too.
func TestARunDeletesWhatItHasMade(t *testing.T) {
	g := NewWithT(t)
	var mu sync.Mutex
	last := map[string]string{} // name → what was done with it last
	r := meddledWith(t, suites.Config{Rules: []string{"SWAS-*EXIST", "SWAS-*TOKEN-IDEMP", "SWAS-CRE-QUOTA", "SWAS-IMP-QUOTA"}}, func(in request) *httptest.ResponseRecorder {
		answer := in.pass()
		mu.Lock()
		defer mu.Unlock()
		switch {
		case in.product != "SWAS" || answer.Code != 200:
		case in.action == "DeleteKeyPairs":
			for parameter, values := range in.params {
				if strings.HasPrefix(parameter, "KeyPairNames.") {
					last[values[0]] = in.action
				}
			}
		case in.action == "ImportKeyPair", in.action == "CreateKeyPair":
			last[in.params.Get("KeyPairName")] = in.action
		}
		return answer
	})
	g.Expect(r.ExitCode).To(Equal(verdict.ExitConformant))
	g.Expect(last).NotTo(BeEmpty())
	for name, action := range last {
		g.Expect(action).To(Equal("DeleteKeyPairs"), name)
	}
}
