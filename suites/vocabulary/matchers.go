package vocabulary

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/onsi/gomega/types"

	"github.com/kpspec/kpspec/harness/evidence"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/wire"
)

// Row is a refusal as a document's table of errors prints it. A zero Status
// stands for any status of the 4xx family, an empty Code for any code, an empty
// Message for any text, which may still have to name something.
type Row struct {
	Status  int
	Code    string
	Message string
	Naming  string
}

// AnyRefusal is a refusal of which the documents give neither status nor code.
var AnyRefusal = Row{}

// Bare is the row without its message.
func (r Row) Bare() Row { return Row{Status: r.Status, Code: r.Code} }

func (r Row) String() string {
	if r == AnyRefusal {
		return "a refusal with a 4xx status"
	}
	s := "a refusal"
	if r.Status != 0 {
		s += fmt.Sprintf(" with status %d", r.Status)
	}
	if r.Code != "" {
		s += " and code " + r.Code
	}
	if r.Message != "" {
		s += fmt.Sprintf(" and message %q", r.Message)
	}
	if r.Naming != "" {
		s += " and a message that names " + r.Naming
	}
	return s
}

// BeAccepted holds for an answer with a 2xx status whose body is one JSON
// object and no error envelope. That the status is 200 is a rule of its own.
func BeAccepted() types.GomegaMatcher {
	return matcher("be accepted", func(a *wire.Answer) error {
		if a.Status < 200 || a.Status > 299 {
			return differs("got "+inShort(a), instead(a, "2xx", nil)...)
		}
		body, err := asSent(a).Object()
		if err != nil {
			return differs(err.Error(), at("body", "one JSON object", err))
		}
		if code, ok := body["Code"].(string); ok && code != "" && body["KeyPairName"] == nil && body["TotalCount"] == nil {
			return differs(fmt.Sprintf("a status of %d with an error envelope, Code %s", a.Status, code), at("Code", nil, code))
		}
		return nil
	})
}

// instead are status and code of an answer beside what they should be, where
// they differ, and the message of a refusal that should not be one.
func instead(a *wire.Answer, status, code any) []report.Mismatch {
	if a.Status == 0 {
		return []report.Mismatch{at("answer", "one", a.Err)}
	}
	told := unlike("status", status, a.Status)
	refusal, _ := a.Refusal() // what was found is returned in any case
	if refusal.Code != "" || code != nil {
		told = append(told, unlike("Code", code, present(refusal.Code))...)
	}
	if code == nil && refusal.Message != "" {
		told = append(told, report.Mismatch{Path: "Message", Expected: nothing, Got: evidence.Text(refusal.Message)})
	}
	return told
}

// present is a member of an envelope, or nil where it is missing or empty.
func present(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// asSent is an answer as the target sent it, whether or not the official client could read it.
func asSent(a *wire.Answer) *wire.Answer {
	if broken := (*wire.SDKErr)(nil); errors.As(a.Err, &broken) {
		sent := *a
		sent.Err = nil
		return &sent
	}
	return a
}

// BeReadBySDK holds for an answer that the official client could read. What a
// target accepts is another question, which [BeAccepted] asks: a member of the
// wrong type is the fault of one rule, not of all.
func BeReadBySDK() types.GomegaMatcher {
	return matcher("be read by the official client", func(a *wire.Answer) error { return a.Err })
}

// BeRefused holds for an answer with a whole error envelope (Code, Message and
// RequestId as non-empty strings) that matches the row.
func BeRefused(as Row) types.GomegaMatcher {
	return matcher("get "+as.String(), func(a *wire.Answer) error {
		refusal, err := a.Refusal() // what was found is returned in any case
		told := as.unlike(a, refusal)
		switch {
		case a.Status >= 200 && a.Status <= 299:
			return differs(fmt.Sprintf("it was accepted with %d", a.Status), told...)
		case err != nil:
			return differs(fmt.Sprintf("%v; got %s", err, inShort(a)), told...)
		case refusal.Status < 400 || refusal.Status > 499,
			as.Status != 0 && refusal.Status != as.Status,
			as.Code != "" && refusal.Code != as.Code:
			return differs(fmt.Sprintf("got %d %s", refusal.Status, refusal.Code), told...)
		case as.Message != "" && refusal.Message != as.Message, !strings.Contains(refusal.Message, as.Naming):
			return differs(fmt.Sprintf("got the message %q", refusal.Message), told...)
		}
		return nil
	})
}

// unlike are the members of a refusal, or of what came instead of one, that are
// not as the row says.
func (r Row) unlike(a *wire.Answer, refusal wire.Refusal) []report.Mismatch {
	if a.Status == 0 {
		return []report.Mismatch{at("answer", r, a.Err)}
	}
	var told []report.Mismatch
	switch {
	case r.Status != 0:
		told = unlike("status", r.Status, a.Status)
	case a.Status < 400 || a.Status > 499:
		told = append(told, at("status", "4xx", a.Status))
	}
	if r.Code != "" {
		told = append(told, unlike("Code", r.Code, present(refusal.Code))...)
	} else if refusal.Code == "" {
		told = append(told, at("Code", "a text", nil))
	}
	switch message := evidence.Text(refusal.Message); {
	case refusal.Message == "" && a.Status < 400 && r.Message == "":
		// Status and code say what is wrong.
	case refusal.Message == "":
		want := "a text"
		if r.Message != "" {
			want = r.Message
		}
		told = append(told, at("Message", want, nil))
	case r.Message != "" && refusal.Message != r.Message:
		told = append(told, report.Mismatch{Path: "Message", Expected: r.Message, Got: message})
	case !strings.Contains(refusal.Message, r.Naming):
		told = append(told, report.Mismatch{Path: "Message", Expected: "a text that names " + r.Naming, Got: message})
	}
	if refusal.RequestID == "" && a.Status >= 400 {
		told = append(told, at("RequestId", "a text", nil))
	}
	return told
}

// BeRefusedIn holds for a refusal whose error envelope is in the format that was asked for, "JSON" or "XML".
func BeRefusedIn(format string) types.GomegaMatcher {
	return matcher("be refused in "+format, func(a *wire.Answer) error {
		if _, err := a.Refusal(); err != nil {
			return err
		}
		if format == "XML" {
			_, err := a.XML() // and Refusal has seen that its root is Error
			return err
		}
		_, err := a.Object()
		return err
	})
}

// notListed is the difference of a key pair that should be listed.
func notListed() error { return differs("it is not listed", at("key pair", "listed", nil)) }

// BePresent holds for a key pair that was found.
func BePresent() types.GomegaMatcher {
	return matcher("be listed by DescribeKeyPairs", func(p *Pair) error {
		if p == nil {
			return differs("it is not", at("key pair", "listed", nil))
		}
		return nil
	})
}

// BeAbsent holds where no key pair was found.
func BeAbsent() types.GomegaMatcher {
	return matcher("not be listed by DescribeKeyPairs", func(p *Pair) error {
		if p != nil {
			return differs(fmt.Sprintf("key pair %q is listed in %s", p.Name, p.Region), at("KeyPairName", nil, p.Name))
		}
		return nil
	})
}

// HaveFingerprint holds for a key pair that is listed with this fingerprint, in
// either printed form.
func HaveFingerprint(want string) types.GomegaMatcher {
	return matcher("be listed with the fingerprint "+want, func(p *Pair) error {
		if p == nil {
			return notListed()
		}
		if plain(p.Fingerprint) != plain(want) {
			return differs(fmt.Sprintf("it is listed with %q", p.Fingerprint), at("KeyPairFingerPrint", want, p.Fingerprint))
		}
		return nil
	})
}

// inShort is an answer by what is the same each time: one cause that keeps many
// specs from running has one text. The record of the spec shows the rest.
func inShort(a *wire.Answer) string {
	if refusal, err := a.Refusal(); err == nil {
		return fmt.Sprintf("HTTP %d %s", refusal.Status, refusal.Code)
	}
	if a.Status == 0 {
		return a.String()
	}
	return fmt.Sprintf("HTTP %d without a whole error envelope", a.Status)
}

// Code is the code of a refusal, or "".
func Code(a *wire.Answer) string {
	refusal, _ := a.Refusal()
	return refusal.Code
}

// BeAnAnswer holds for an answer that can be told: accepted, or refused with a
// 4xx status and a whole error envelope. It is for rules that leave open which.
func BeAnAnswer() types.GomegaMatcher {
	accepted, refused := BeAccepted(), BeRefused(AnyRefusal)
	return matcher("be accepted, or get "+AnyRefusal.String(), func(a *wire.Answer) error {
		for _, m := range []types.GomegaMatcher{accepted, refused} {
			if good, err := m.Match(a); good || err != nil {
				return err
			}
		}
		return differs("got "+inShort(a), at("status", "2xx, or 4xx with Code, Message and RequestId", a.Status))
	})
}

// BelongToGroup holds for a key pair that is listed in this resource group.
func BelongToGroup(group string) types.GomegaMatcher {
	return matcher("be listed in the resource group "+group, func(p *Pair) error {
		if p == nil {
			return notListed()
		}
		if p.ResourceGroup != group {
			return differs(fmt.Sprintf("it is listed with ResourceGroupId %q", p.ResourceGroup), at("ResourceGroupId", group, p.ResourceGroup))
		}
		return nil
	})
}

// HaveTags holds for a key pair that is listed with exactly these tags.
func HaveTags(want map[string]string) types.GomegaMatcher {
	return matcher(fmt.Sprintf("be listed with the tags %v", want), func(p *Pair) error {
		if p == nil {
			return notListed()
		}
		if !maps.Equal(p.Tags, want) {
			return differs(fmt.Sprintf("it is listed with %v", p.Tags), unlikeTags(want, p.Tags)...)
		}
		return nil
	})
}

// unlikeTags are the tags that differ, by key.
func unlikeTags(want, got map[string]string) []report.Mismatch {
	keys := slices.Sorted(maps.Keys(want))
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if _, known := want[key]; !known {
			keys = append(keys, key)
		}
	}
	value := func(tags map[string]string, key string) any {
		if v, there := tags[key]; there {
			return v
		}
		return nil
	}
	var told []report.Mismatch
	for _, key := range keys {
		told = append(told, unlike(fmt.Sprintf("Tags[%q]", key), value(want, key), value(got, key))...)
	}
	return told
}

// HoldKey holds for a key pair whose listed PublicKey is the same key as line:
// the algorithm and the base64 text, whatever stands behind them.
func HoldKey(line string) types.GomegaMatcher {
	return matcher("be listed with the PublicKey that was imported", func(p *Pair) error {
		if p == nil {
			return notListed()
		}
		want, got := strings.Fields(line), strings.Fields(p.PublicKey)
		if len(got) < 2 || got[0] != want[0] || got[1] != want[1] {
			return differs(fmt.Sprintf("it is listed with %q", p.PublicKey), at("PublicKey", shortKey(line), shortKey(p.PublicKey)))
		}
		return nil
	})
}

// HoldNoPrivateKey holds for an answer in which nothing looks like a private key.
func HoldNoPrivateKey() types.GomegaMatcher {
	return matcher("hold no private key", func(a *wire.Answer) error { return private(string(a.Body)) })
}

// ListNoPrivateKey holds for a key pair that is listed, and with nothing that
// looks like a private key.
func ListNoPrivateKey() types.GomegaMatcher {
	return matcher("be listed without a private key", func(p *Pair) error {
		if p == nil {
			return notListed()
		}
		element, err := json.Marshal(p.Members)
		if err != nil {
			return err
		}
		return private(string(element))
	})
}

// privateKey is what gives a private key away: a member that holds something, in
// JSON or in XML, or the first line of the armour. emptyPrivateKey is such a member
// that holds nothing.
var (
	privateKey      = regexp.MustCompile(`"PrivateKey(Body)?"\s*:|<PrivateKey(Body)?>|-----BEGIN [A-Z ]*PRIVATE KEY`)
	emptyPrivateKey = regexp.MustCompile(`"PrivateKey(Body)?"\s*:\s*(null\b|"\s*")|<PrivateKey(Body)?>\s*</`)
)

func private(body string) error {
	if found := privateKey.FindString(emptyPrivateKey.ReplaceAllString(body, "")); found != "" {
		return differs(found+" stands in it", at("private key", nil, found))
	}
	return nil
}

// BeFingerprint holds for the text of this fingerprint in either printed form.
func BeFingerprint(want string) types.GomegaMatcher {
	return matcher("be the fingerprint "+want, func(got any) error {
		printed, ok := got.(string)
		if !ok || plain(printed) != plain(want) {
			return differs(fmt.Sprintf("it is %q", got), at("fingerprint", want, got))
		}
		return nil
	})
}

// BeFlat holds for an object that has these members at its top, all scalars.
// What else it has is left open.
func BeFlat(documented ...string) types.GomegaMatcher {
	return matcher("be one flat object", func(members map[string]any) error {
		sentence := ""
		var told []report.Mismatch
		for _, name := range documented {
			wrong := ""
			switch members[name].(type) {
			case nil:
				wrong = "is missing"
				told = append(told, at(name, "a scalar", nil))
			case map[string]any, []any:
				wrong = "is no scalar"
				told = append(told, at(name, "a scalar", kind(members[name])))
			}
			if sentence == "" && wrong != "" {
				sentence = fmt.Sprintf("the member %s %s", name, wrong)
			}
		}
		if sentence != "" {
			return differs(sentence, told...)
		}
		return nil
	})
}

// BeTheSamePairsAs holds for a list of the same key pairs, by name.
func BeTheSamePairsAs(before []Pair) types.GomegaMatcher {
	return matcher("hold the same key pairs as before", func(after []Pair) error {
		added, gone := newcomers(before, after), newcomers(after, before)
		var told []report.Mismatch
		for _, name := range added {
			told = append(told, at("key pairs", nil, name))
		}
		for _, name := range gone {
			told = append(told, at("key pairs", name, nil))
		}
		if len(added) > 0 {
			return differs(fmt.Sprintf("it also holds %q", added), told...)
		}
		if len(gone) > 0 {
			return differs(fmt.Sprintf("it lacks %q", gone), told...)
		}
		return nil
	})
}

// HoldOneMoreThan holds for a list with exactly one key pair more, by name.
func HoldOneMoreThan(before []Pair) types.GomegaMatcher {
	return matcher("hold one key pair more than before", func(after []Pair) error {
		if added := newcomers(before, after); len(added) != 1 || len(after) != len(before)+1 {
			return differs(fmt.Sprintf("it holds %d instead of %d, and new are %q", len(after), len(before), added),
				at("number of key pairs", len(before)+1, len(after)), at("new key pairs", "one", added))
		}
		return nil
	})
}

// newcomers are the names in after that are not in before.
func newcomers(before, after []Pair) []string {
	known := map[string]bool{}
	for _, p := range before {
		known[p.Name] = true
	}
	var added []string
	for _, p := range after {
		if !known[p.Name] {
			added = append(added, p.Name)
		}
	}
	return added
}

// HaveMember holds for an answer whose body has a member that the inner matcher
// holds for. A failure shows that member only, and never a private key.
func HaveMember(name string, inner types.GomegaMatcher) types.GomegaMatcher {
	return matcher("have the member "+name+" as the rule says", func(a *wire.Answer) error {
		members, err := asSent(a).Object()
		if err != nil {
			return err
		}
		return member(members, name, inner)
	})
}

// TellTheNameOf holds for an answer that has the same KeyPairName as another one, or lacks it as the other one does:
// whether that is the name that was sent is another rule.
func TellTheNameOf(first *wire.Answer) types.GomegaMatcher {
	return matcher("tell the same KeyPairName as the first answer", func(a *wire.Answer) error {
		want, err := asSent(first).Object()
		if err != nil {
			return err
		}
		got, err := asSent(a).Object()
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(got["KeyPairName"], want["KeyPairName"]) {
			return differs(fmt.Sprintf("it tells %v, the first one %v", got["KeyPairName"], want["KeyPairName"]),
				at("KeyPairName", want["KeyPairName"], got["KeyPairName"]))
		}
		return nil
	})
}

// HoldMember holds for members of an answer among which is one that the inner
// matcher holds for.
func HoldMember(name string, inner types.GomegaMatcher) types.GomegaMatcher {
	return matcher("hold the member "+name, func(members map[string]any) error { return member(members, name, inner) })
}

func member(members map[string]any, name string, inner types.GomegaMatcher) error {
	value, there := members[name]
	if !there {
		return differs("it is missing", at(name, wantedOf(inner), nil))
	}
	switch good, err := inner.Match(value); {
	case err != nil:
		return err
	case good:
		return nil
	case name == "PrivateKeyBody":
		return differs("it is "+kind(value), at(name, "another value", kind(value)))
	}
	sentence := inner.FailureMessage(value)
	if told := differences(inner, value, name, false); len(told) > 0 {
		told[0].Path = name
		return differs(sentence, told...)
	}
	return errors.New(sentence)
}

// wantedOf is what a matcher of a member wants, as far as it can be told.
func wantedOf(m types.GomegaMatcher) string {
	if want, known := wanted(m); known {
		return want
	}
	return "a value"
}

// BeNonEmptyText holds for a string with more than white space in it.
func BeNonEmptyText() types.GomegaMatcher {
	return matcher("be a text that is not empty", func(v any) error {
		if s, ok := v.(string); !ok || strings.TrimSpace(s) == "" {
			return differs("it is "+kind(v), at("value", "a text", kind(v)))
		}
		return nil
	})
}

// kind is what sort of thing a value of a JSON answer is, without showing it.
func kind(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		if strings.TrimSpace(v) == "" {
			return "an empty text"
		}
		return "a text"
	case json.Number:
		return "a number"
	case bool:
		return "a boolean"
	case []any:
		return "a list"
	}
	return "an object"
}

// BeUnchanged holds for a key pair that is listed as it was before.
func BeUnchanged(before *Pair) types.GomegaMatcher {
	return matcher("be listed as before", func(after *Pair) error {
		switch {
		case after == nil:
			return differs("it is not listed any more", at("key pair", "listed", nil))
		case before == nil:
			return differs("it was not listed before", at("key pair before", "listed", nil))
		}
		told := slices.Concat(
			unlike("KeyPairFingerPrint", before.Fingerprint, after.Fingerprint),
			unlike("ResourceGroupId", before.ResourceGroup, after.ResourceGroup),
			unlikeTags(before.Tags, after.Tags))
		switch {
		case after.Fingerprint != before.Fingerprint:
			return differs(fmt.Sprintf("its fingerprint was %q and is %q", before.Fingerprint, after.Fingerprint), told...)
		case after.ResourceGroup != before.ResourceGroup || !maps.Equal(after.Tags, before.Tags):
			return differs("its resource group or its tags have changed", told...)
		}
		return nil
	})
}

// HaveTheFingerprintOf holds for a key pair that is listed with the same
// fingerprint as another one, whatever the fingerprint is.
func HaveTheFingerprintOf(other *Pair) types.GomegaMatcher {
	return matcher("be listed with the same fingerprint as the other key pair", func(p *Pair) error {
		if p == nil || other == nil {
			return fmt.Errorf("one of them is not listed")
		}
		if p.Fingerprint != other.Fingerprint {
			return differs(fmt.Sprintf("they are %q and %q", p.Fingerprint, other.Fingerprint), at("KeyPairFingerPrint", other.Fingerprint, p.Fingerprint))
		}
		return nil
	})
}

// HaveTag holds for a key pair that is listed with this tag, among others.
func HaveTag(key, value string) types.GomegaMatcher {
	return matcher(fmt.Sprintf("be listed with the tag %q=%q", key, value), func(p *Pair) error {
		if p == nil {
			return notListed()
		}
		if got, ok := p.Tags[key]; !ok || got != value {
			told := at(fmt.Sprintf("Tags[%q]", key), value, got)
			if !ok {
				told.Got = nothing
			}
			return differs(fmt.Sprintf("it is listed with %q", p.Tags), told)
		}
		return nil
	})
}

// BindServer holds for a list in which exactly the key pairs of these names, if
// any, are bound to the server.
func BindServer(server string, names ...string) types.GomegaMatcher {
	return matcher(fmt.Sprintf("have %q bound to server %s", names, server), func(listed []Pair) error {
		var bound []string
		for _, p := range listed {
			if slices.Contains(p.Servers, server) {
				bound = append(bound, p.Name)
			}
		}
		if !slices.Equal(bound, names) {
			return differs(fmt.Sprintf("ListKeyPairs has %q", bound), at("key pairs bound to "+server, names, bound))
		}
		return nil
	})
}
