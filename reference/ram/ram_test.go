package ram

import (
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/world"
)

// allow and deny make statements; the resource comes last.
func allow(resource string, actions ...string) world.Statement {
	return world.Statement{Effect: world.Allow, Action: actions, Resource: world.List{resource}}
}

func deny(resource string, actions ...string) world.Statement {
	s := allow(resource, actions...)
	s.Effect = world.Deny
	return s
}

// when adds a condition with one key.
func when(s world.Statement, operator, key string, values ...string) world.Statement {
	s.Condition = map[string]map[string]world.List{operator: {key: values}}
	return s
}

func policy(statements ...world.Statement) world.Policy {
	return world.Policy{Version: "1", Statement: statements}
}

func compile(t *testing.T, session *world.Policy, attached ...world.Policy) Rights {
	t.Helper()
	rights, err := Compile(attached, session)
	if err != nil {
		t.Fatal(err)
	}
	return rights
}

var (
	pair     = Resource{"ecs", "cn-hangzhou", "1", "keypair/*"}
	named    = Resource{"ecs", "cn-hangzhou", "1", "keypair/密:a"}
	noLimits = Resource{}
	noon     = time.Date(2026, 6, 18, 12, 0, 0, 0, time.UTC)
)

const importPair = "ecs:ImportKeyPair"

func TestDecide(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		statements []world.Statement
		resources  []Resource
		outcome    Outcome
	}{
		"owner":                  {nil, []Resource{pair}, Allowed},
		"exact":                  {[]world.Statement{allow("acs:ecs:cn-hangzhou:1:keypair/*", importPair)}, []Resource{pair}, Allowed},
		"everything":             {[]world.Statement{allow("*", "*")}, []Resource{pair}, Allowed},
		"case of the action":     {[]world.Statement{allow("*", "ECS:importkeypair")}, []Resource{pair}, Allowed},
		"part of the action":     {[]world.Statement{allow("*", "ecs:Import*")}, []Resource{pair}, Allowed},
		"one character":          {[]world.Statement{allow("*", "ecs:ImportKeyPai?")}, []Resource{pair}, Allowed},
		"second action":          {[]world.Statement{allow("*", "ecs:Other", importPair)}, []Resource{pair}, Allowed},
		"other action":           {[]world.Statement{allow("*", "ecs:CreateKeyPair")}, []Resource{pair}, ImplicitDeny},
		"other service":          {[]world.Statement{allow("*", "swas-open:ImportKeyPair")}, []Resource{pair}, ImplicitDeny},
		"longer action":          {[]world.Statement{allow("*", "ecs:ImportKeyPairs")}, []Resource{pair}, ImplicitDeny},
		"other region":           {[]world.Statement{allow("acs:ecs:cn-shanghai:1:keypair/*", importPair)}, []Resource{pair}, ImplicitDeny},
		"other account":          {[]world.Statement{allow("acs:ecs:*:2:keypair/*", importPair)}, []Resource{pair}, ImplicitDeny},
		"other type":             {[]world.Statement{allow("acs:ecs:*:1:instance/*", importPair)}, []Resource{pair}, ImplicitDeny},
		"one pair only":          {[]world.Statement{allow("acs:ecs:*:1:keypair/a", importPair)}, []Resource{pair}, ImplicitDeny},
		"wildcards in all parts": {[]world.Statement{allow("acs:*:*:*:*", importPair)}, []Resource{pair}, Allowed},
		"star stays in its part": {[]world.Statement{allow("acs:ecs:*:keypair/*:x", importPair)}, []Resource{pair}, ImplicitDeny},
		"case of the resource":   {[]world.Statement{allow("acs:ecs:*:1:KEYPAIR/*", importPair)}, []Resource{pair}, ImplicitDeny},
		"colon in a name":        {[]world.Statement{allow("acs:ecs:*:1:keypair/?:a", importPair)}, []Resource{named}, Allowed},
		"deny before allow":      {[]world.Statement{deny("*", importPair), allow("*", "*")}, []Resource{pair}, ExplicitDeny},
		"deny after allow":       {[]world.Statement{allow("*", "*"), deny("*", "ecs:*")}, []Resource{pair}, ExplicitDeny},
		"deny of something else": {[]world.Statement{allow("*", "*"), deny("acs:ecs:*:1:instance/*", importPair)}, []Resource{pair}, Allowed},
		"all resources":          {[]world.Statement{allow("*", importPair)}, []Resource{noLimits}, Allowed},
		"no resources":           {[]world.Statement{allow("*", importPair)}, nil, Allowed},
		"all, by some":           {[]world.Statement{allow("acs:*:*:*:*", importPair)}, []Resource{noLimits}, ImplicitDeny},
		"none, by some":          {[]world.Statement{allow("acs:*:*:*:*", importPair)}, nil, ImplicitDeny},
		"deny of some, of all":   {[]world.Statement{allow("*", importPair), deny("acs:*:*:*:*", importPair)}, nil, Allowed},
		"both allowed":           {[]world.Statement{allow("acs:ecs:*:1:keypair/*", importPair)}, []Resource{pair, named}, Allowed},
		"one of two":             {[]world.Statement{allow("acs:ecs:*:1:keypair/密*", importPair)}, []Resource{named, pair}, ImplicitDeny},
		"one of two denied": {
			[]world.Statement{allow("acs:ecs:*:1:keypair/密*", importPair), deny("acs:ecs:*:1:keypair/密*", "*")}, []Resource{pair, named}, ExplicitDeny},
	} {
		t.Run(name, func(t *testing.T) {
			var attached []world.Policy
			for _, s := range c.statements { // one statement each: a deny of one policy beats the allow of another
				attached = append(attached, policy(s))
			}
			want := Decision{Outcome: c.outcome}
			if c.outcome != Allowed {
				want.By = IdentityPolicy
			}
			got := compile(t, nil, attached...).Decide(Request{Action: importPair, Resources: c.resources})
			NewWithT(t).Expect(got).To(Equal(want))
		})
	}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	yes, no, other := policy(allow("*", importPair)), policy(deny("*", importPair)), policy(allow("*", "ecs:Other"))
	for name, c := range map[string]struct {
		session  *world.Policy
		attached []world.Policy
		want     Decision
	}{
		"both allow":                  {&yes, []world.Policy{yes}, Decision{Outcome: Allowed}},
		"session of an owner":         {&yes, nil, Decision{Outcome: Allowed}},
		"session does not allow":      {&other, []world.Policy{yes}, Decision{ImplicitDeny, SessionPolicy}},
		"session of an owner denies":  {&no, nil, Decision{ExplicitDeny, SessionPolicy}},
		"identity does not allow":     {&yes, []world.Policy{other}, Decision{ImplicitDeny, IdentityPolicy}},
		"identity denies":             {&yes, []world.Policy{yes, no}, Decision{ExplicitDeny, IdentityPolicy}},
		"neither: the session's turn": {&other, []world.Policy{no}, Decision{ImplicitDeny, SessionPolicy}},
		"no session policy":           {nil, []world.Policy{yes}, Decision{Outcome: Allowed}},
	} {
		t.Run(name, func(t *testing.T) {
			got := compile(t, c.session, c.attached...).Decide(Request{Action: importPair, Resources: []Resource{pair}})
			NewWithT(t).Expect(got).To(Equal(c.want))
		})
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	here := Context{Time: noon, SourceIP: netip.MustParseAddr("192.0.2.7"), Secure: true}
	for _, c := range []struct {
		operator, key string
		values        []string
		in            Context
		holds         bool
	}{
		{"IpAddress", "acs:SourceIp", []string{"192.0.2.0/24"}, here, true},
		{"IpAddress", "acs:sourceip", []string{"198.51.100.1", "192.0.2.7"}, here, true},
		{"IpAddress", "acs:SourceIp", []string{"192.0.2.8", "2001:db8::/32"}, here, false},
		{"IpAddress", "acs:SourceIp", []string{"192.0.2.0/24"}, Context{}, false},
		{"IpAddress", "acs:SourceIp", []string{"2001:db8::/32"}, Context{SourceIP: netip.MustParseAddr("2001:db8::1")}, true},
		{"NotIpAddress", "acs:SourceIp", []string{"192.0.2.0/24"}, here, false},
		{"NotIpAddress", "acs:SourceIp", []string{"198.51.100.1", "198.51.100.2"}, here, true},
		{"NotIpAddress", "acs:SourceIp", []string{"198.51.100.1", "192.0.2.7"}, here, false},
		{"NotIpAddress", "acs:SourceIp", []string{"198.51.100.1"}, Context{}, false},
		{"Bool", "acs:SecureTransport", []string{"true"}, here, true},
		{"Bool", "acs:SecureTransport", []string{"false"}, here, false},
		{"Bool", "acs:SecureTransport", []string{"false"}, Context{}, true},
		{"Bool", "acs:MFAPresent", []string{"true"}, here, false},
		{"DateLessThan", "acs:CurrentTime", []string{"2026-06-18T12:00:01Z"}, here, true},
		{"DateLessThan", "acs:CurrentTime", []string{"2026-06-18T12:00:00Z"}, here, false},
		{"DateLessThanEquals", "acs:CurrentTime", []string{"2026-06-18T12:00:00Z"}, here, true},
		{"DateGreaterThan", "acs:CurrentTime", []string{"2026-06-18T12:00:00Z"}, here, false},
		{"DateGreaterThan", "acs:CurrentTime", []string{"2026-06-18T20:00:00+08:30"}, here, true},
		{"DateGreaterThanEquals", "acs:CurrentTime", []string{"2026-06-18T20:00:00+08:00"}, here, true},
		{"DateEquals", "acs:CurrentTime", []string{"2026-06-18T20:00:00+08:00"}, here, true},
		{"DateNotEquals", "acs:CurrentTime", []string{"2026-06-18T12:00:00Z"}, here, false},
		{"DateEquals", "acs:SourceIp", []string{"2026-06-18T12:00:00Z"}, here, false},
		{"StringEquals", "acs:SourceIp", []string{"192.0.2.7"}, here, true},
		{"StringEquals", "acs:SecureTransport", []string{"True"}, here, false},
		{"StringEqualsIgnoreCase", "acs:SecureTransport", []string{"True"}, here, true},
		{"StringNotEquals", "acs:SourceIp", []string{"192.0.2.7", "x"}, here, false},
		{"StringNotEqualsIgnoreCase", "acs:SecureTransport", []string{"TRUE"}, here, false},
		{"StringLike", "acs:SourceIp", []string{"192.0.?.*"}, here, true},
		{"StringNotLike", "acs:SourceIp", []string{"192.1.*"}, here, true},
		{"StringNotEquals", "ecs:tag/team", []string{"a"}, here, false},
		{"NumericLessThan", "acs:SourceIp", []string{"1000"}, here, false},
	} {
		rights := compile(t, nil, policy(when(allow("*", "*"), c.operator, c.key, c.values...)))
		outcome := rights.Decide(Request{Action: importPair, Context: c.in}).Outcome
		NewWithT(t).Expect(outcome == Allowed).To(Equal(c.holds), "%s %s %q", c.operator, c.key, c.values)
	}
	// No key of a request is a number, so the numeric operators are asked on their own.
	for operator, want := range map[string][3]bool{ // for 1, 2 and 3 against 2
		"NumericEquals": {false, true, false}, "NumericNotEquals": {true, false, true},
		"NumericLessThan": {true, false, false}, "NumericLessThanEquals": {true, true, false},
		"NumericGreaterThan": {false, false, true}, "NumericGreaterThanEquals": {false, true, true},
	} {
		op := operators[operator]
		matches, err := op.test("2.0")
		NewWithT(t).Expect(err).NotTo(HaveOccurred())
		for i, have := range []string{"1", "2", "3"} {
			NewWithT(t).Expect(matches(have) != op.negated).To(Equal(want[i]), "%s %s", have, operator)
		}
	}
}

// All keys and all operators must hold, and a Deny has conditions too.
func TestConditionsTogether(t *testing.T) {
	t.Parallel()
	s := allow("*", "*")
	s.Condition = map[string]map[string]world.List{
		"Bool":         {"acs:SecureTransport": {"true"}, "acs:MFAPresent": {"false"}},
		"DateLessThan": {"acs:CurrentTime": {"2026-07-01T00:00:00Z"}},
	}
	rights := compile(t, nil, policy(s, when(deny("*", "*"), "IpAddress", "acs:SourceIp", "203.0.113.0/24")))
	decide := func(c Context) Outcome { return rights.Decide(Request{Action: importPair, Context: c}).Outcome }
	g := NewWithT(t)
	home, away := netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("203.0.113.9")
	g.Expect(decide(Context{noon, home, true})).To(Equal(Allowed))
	g.Expect(decide(Context{noon, home, false})).To(Equal(ImplicitDeny))
	g.Expect(decide(Context{noon.AddDate(0, 1, 0), home, true})).To(Equal(ImplicitDeny))
	g.Expect(decide(Context{noon, away, true})).To(Equal(ExplicitDeny))
	g.Expect(decide(Context{noon, away, false})).To(Equal(ExplicitDeny))
}

func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	good := allow("*", "*")
	for says, p := range map[string]world.Policy{
		`its version is "2"`:                   {Version: "2"},
		`statement 2: its effect is "allow"`:   policy(good, world.Statement{Effect: "allow"}),
		"needs an action and a resource":       policy(world.Statement{Effect: world.Allow, Action: world.List{"*"}}),
		`"acs:ecs:*:1"`:                        policy(allow("acs:ecs:*:1", "*")),
		`"arn:ecs:*:1:keypair/*"`:              policy(allow("arn:ecs:*:1:keypair/*", "*")),
		`operator "StringStartsWith"`:          policy(when(good, "StringStartsWith", "acs:SourceIp", "x")),
		"acs:SourceIp has no value":            policy(when(good, "StringEquals", "acs:SourceIp")),
		`"192.0.2.0/33" is neither an address`: policy(when(good, "IpAddress", "acs:SourceIp", "192.0.2.0/33")),
		`"fe80::1%eth0" is neither an address`: policy(when(good, "IpAddress", "acs:SourceIp", "fe80::1%eth0")),
		`"yes" is neither true nor false`:      policy(when(good, "Bool", "acs:SecureTransport", "yes")),
		`"noon" is not a time`:                 policy(when(good, "DateLessThan", "acs:CurrentTime", "noon")),
		`"NaN" is not a number`:                policy(when(good, "NumericEquals", "acs:MFAPresent", "NaN")),
	} {
		for _, session := range []bool{false, true} {
			attached, narrowed := []world.Policy{p}, (*world.Policy)(nil)
			if session {
				attached, narrowed = nil, &p
			}
			_, err := Compile(attached, narrowed)
			NewWithT(t).Expect(err).To(MatchError(ContainSubstring(says)))
			NewWithT(t).Expect(err.Error()).NotTo(ContainSubstring("\n"))
		}
	}
}

// The operators are exactly those that a world may have: the loader of worlds keeps a list of its own.
func TestOperatorsOfWorlds(t *testing.T) {
	t.Parallel()
	valid := map[byte]string{'S': "x", 'N': "1", 'D': "2026-01-02T15:04:05Z", 'B': "true", 'I': "192.0.2.1"}
	for operator := range operators {
		value := valid[operator[0]]
		if operator == "NotIpAddress" {
			value = valid['I']
		}
		w := world.Default()
		w.Accounts[0].Identities[0].Policies = []world.Policy{policy(when(allow("*", "*"), operator, "acs:SourceIp", value))}
		NewWithT(t).Expect(w.Validate()).To(Succeed(), operator)
	}
	NewWithT(t).Expect(operators).To(HaveLen(21))
	for _, a := range world.Default().Accounts {
		for _, id := range a.Identities {
			_, err := Compile(id.Policies, id.SessionPolicy)
			NewWithT(t).Expect(err).NotTo(HaveOccurred())
		}
	}
}

func TestWild(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"**", "abc", true}, {"?", "", false}, {"?", "密", true}, {"??", "密", false},
		{"a*c", "abbbc", true}, {"a*c", "abbb", false}, {"*b*", "abc", true}, {"a*b*c", "acbbc", true}, {"*?", "a", true},
		{"*ab", "aab", true}, {"a?c*", "abc", true}, {"*密?", "x密钥", true}, {"a", "A", false}, {"[a]", "a", false},
	} {
		NewWithT(t).Expect(wild(c.pattern)(c.text)).To(Equal(c.want), "%q %q", c.pattern, c.text)
	}
	// A matcher that tries all ways would take longer than anybody waits.
	NewWithT(t).Expect(wild(strings.Repeat("*a", 200) + "b")(strings.Repeat("a", 5000))).To(BeFalse())
}

// A pattern without its two characters is the text itself, and with stars around it any text that has it.
func FuzzWild(f *testing.F) {
	f.Add("a.b[c", "x")
	f.Add(`a\b`, "\n")
	f.Add("\xe5\xa4", "\xa9") // neither is text, but both together are
	f.Fuzz(func(t *testing.T, text, around string) {
		if strings.ContainsAny(text, "*?") || !utf8.ValidString(text) || !utf8.ValidString(around) {
			return
		}
		if !wild(text)(text) || wild(text)(text+"x") {
			t.Errorf("%q is not the pattern of itself alone", text)
		}
		if !wild("*" + text + "*")(around + text + around) {
			t.Errorf("%q is not found", text)
		}
	})
}

// Whatever the policies: an owner may do everything, a Deny of everything denies everything, and a session policy or a
// Deny never grants what was denied before.
func FuzzDecide(f *testing.F) {
	f.Add("ecs:*", "acs:ecs:*:1:keypair/*", "StringLike", "acs:SourceIp", "192.*", true, importPair, "cn-hangzhou", "keypair/a")
	f.Add("*", "*", "IpAddress", "acs:SourceIp", "192.0.2.0/24", false, "swas-open:CreateKeyPair", "", "")
	f.Fuzz(func(t *testing.T, action, resource, operator, key, value string, denies bool, asked, region, id string) {
		s := when(allow(resource, action), operator, key, value)
		if denies {
			s.Effect = world.Deny
		}
		q := Request{Action: asked, Resources: []Resource{{"ecs", region, "1", id}, {}}, Context: Context{Time: noon}}
		base, err := Compile([]world.Policy{policy(s)}, nil)
		if err != nil {
			if strings.Contains(err.Error(), "\n") && !strings.ContainsAny(action+resource+operator+key+value, "\n") {
				t.Errorf("the error has several lines: %q", err)
			}
			return
		}
		before := base.Decide(q)
		if denies && before.Outcome == Allowed {
			t.Error("a Deny alone allows something")
		}
		everything, nothing := policy(allow("*", "*")), policy(deny("*", "*"))
		if got := compile(t, nil, policy(s), nothing).Decide(q).Outcome; got != ExplicitDeny {
			t.Errorf("with everything denied: %s", got)
		}
		if got := compile(t, &everything, policy(s)).Decide(q); got != before {
			t.Errorf("a session policy that allows everything makes %v out of %v", got, before)
		}
		session := policy(s)
		if got := compile(t, &session, everything).Decide(q).Outcome; got != before.Outcome {
			t.Errorf("as a session policy it says %s instead of %s", got, before.Outcome)
		}
		if (Rights{}).Decide(q).Outcome != Allowed {
			t.Error("an owner is denied something")
		}
	})
}
