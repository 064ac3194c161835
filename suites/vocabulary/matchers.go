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

	"github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

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
			return fmt.Errorf("got %s", inShort(a))
		}
		body, err := asSent(a).Object()
		if err != nil {
			return err
		}
		if code, ok := body["Code"].(string); ok && code != "" && body["KeyPairName"] == nil && body["TotalCount"] == nil {
			return fmt.Errorf("a status of %d with an error envelope, Code %s", a.Status, code)
		}
		return nil
	})
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
		if a.Status >= 200 && a.Status <= 299 {
			return fmt.Errorf("it was accepted with %d", a.Status)
		}
		refusal, err := a.Refusal()
		if err != nil {
			return fmt.Errorf("%w; got %s", err, inShort(a))
		}
		switch {
		case refusal.Status < 400 || refusal.Status > 499,
			as.Status != 0 && refusal.Status != as.Status,
			as.Code != "" && refusal.Code != as.Code:
			return fmt.Errorf("got %d %s", refusal.Status, refusal.Code)
		case as.Message != "" && refusal.Message != as.Message, !strings.Contains(refusal.Message, as.Naming):
			return fmt.Errorf("got the message %q", refusal.Message)
		}
		return nil
	})
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

// BePresent holds for a key pair that was found.
func BePresent() types.GomegaMatcher {
	return matcher("be listed by DescribeKeyPairs", func(p *Pair) error {
		if p == nil {
			return fmt.Errorf("it is not")
		}
		return nil
	})
}

// BeAbsent holds where no key pair was found.
func BeAbsent() types.GomegaMatcher {
	return matcher("not be listed by DescribeKeyPairs", func(p *Pair) error {
		if p != nil {
			return fmt.Errorf("key pair %q is listed in %s", p.Name, p.Region)
		}
		return nil
	})
}

// HaveFingerprint holds for a key pair that is listed with this fingerprint, in
// either printed form.
func HaveFingerprint(want string) types.GomegaMatcher {
	return matcher("be listed with the fingerprint "+want, func(p *Pair) error {
		if p == nil {
			return fmt.Errorf("it is not listed")
		}
		if plain(p.Fingerprint) != plain(want) {
			return fmt.Errorf("it is listed with %q", p.Fingerprint)
		}
		return nil
	})
}

// matcher makes a Gomega matcher of a check that returns why it does not hold.
func matcher[T any](what string, check func(T) error) types.GomegaMatcher {
	return gomega.WithTransform(func(actual T) string {
		if why := check(actual); why != nil {
			return what + ": " + why.Error()
		}
		return ""
	}, nothing{})
}

// nothing holds for the empty text and fails with the text itself, so that a
// failure reads as one sentence.
type nothing struct{}

func (nothing) Match(actual any) (bool, error)          { return actual == "", nil }
func (nothing) FailureMessage(actual any) string        { return fmt.Sprintf("expected it to %s", actual) }
func (nothing) NegatedFailureMessage(actual any) string { return "expected it not to" }

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
	return gomega.Or(BeAccepted(), BeRefused(AnyRefusal))
}

// BelongToGroup holds for a key pair that is listed in this resource group.
func BelongToGroup(group string) types.GomegaMatcher {
	return matcher("be listed in the resource group "+group, func(p *Pair) error {
		if p == nil {
			return fmt.Errorf("it is not listed")
		}
		if p.ResourceGroup != group {
			return fmt.Errorf("it is listed with ResourceGroupId %q", p.ResourceGroup)
		}
		return nil
	})
}

// HaveTags holds for a key pair that is listed with exactly these tags.
func HaveTags(want map[string]string) types.GomegaMatcher {
	return matcher(fmt.Sprintf("be listed with the tags %v", want), func(p *Pair) error {
		if p == nil {
			return fmt.Errorf("it is not listed")
		}
		if !maps.Equal(p.Tags, want) {
			return fmt.Errorf("it is listed with %v", p.Tags)
		}
		return nil
	})
}

// HoldKey holds for a key pair whose listed PublicKey is the same key as line:
// the algorithm and the base64 text, whatever stands behind them.
func HoldKey(line string) types.GomegaMatcher {
	return matcher("be listed with the PublicKey that was imported", func(p *Pair) error {
		if p == nil {
			return fmt.Errorf("it is not listed")
		}
		want, got := strings.Fields(line), strings.Fields(p.PublicKey)
		if len(got) < 2 || got[0] != want[0] || got[1] != want[1] {
			return fmt.Errorf("it is listed with %q", p.PublicKey)
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
			return fmt.Errorf("it is not listed")
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
		return fmt.Errorf("%s stands in it", found)
	}
	return nil
}

// BeFingerprint holds for the text of this fingerprint in either printed form.
func BeFingerprint(want string) types.GomegaMatcher {
	return matcher("be the fingerprint "+want, func(got any) error {
		printed, ok := got.(string)
		if !ok || plain(printed) != plain(want) {
			return fmt.Errorf("it is %q", got)
		}
		return nil
	})
}

// BeFlat holds for an object that has these members at its top, all scalars.
// What else it has is left open.
func BeFlat(documented ...string) types.GomegaMatcher {
	return matcher("be one flat object", func(members map[string]any) error {
		for _, name := range documented {
			switch members[name].(type) {
			case nil:
				return fmt.Errorf("the member %s is missing", name)
			case map[string]any, []any:
				return fmt.Errorf("the member %s is no scalar", name)
			}
		}
		return nil
	})
}

// BeTheSamePairsAs holds for a list of the same key pairs, by name.
func BeTheSamePairsAs(before []Pair) types.GomegaMatcher {
	return matcher("hold the same key pairs as before", func(after []Pair) error {
		if added := newcomers(before, after); len(added) > 0 {
			return fmt.Errorf("it also holds %q", added)
		}
		if gone := newcomers(after, before); len(gone) > 0 {
			return fmt.Errorf("it lacks %q", gone)
		}
		return nil
	})
}

// HoldOneMoreThan holds for a list with exactly one key pair more, by name.
func HoldOneMoreThan(before []Pair) types.GomegaMatcher {
	return matcher("hold one key pair more than before", func(after []Pair) error {
		if added := newcomers(before, after); len(added) != 1 || len(after) != len(before)+1 {
			return fmt.Errorf("it holds %d instead of %d, and new are %q", len(after), len(before), added)
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
			return fmt.Errorf("it tells %v, the first one %v", got["KeyPairName"], want["KeyPairName"])
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
		return fmt.Errorf("it is missing")
	}
	switch good, err := inner.Match(value); {
	case err != nil:
		return err
	case good:
		return nil
	case name == "PrivateKeyBody":
		return fmt.Errorf("it is %s", kind(value))
	}
	return fmt.Errorf("%s", inner.FailureMessage(value))
}

// BeNonEmptyText holds for a string with more than white space in it.
func BeNonEmptyText() types.GomegaMatcher {
	return matcher("be a text that is not empty", func(v any) error {
		if s, ok := v.(string); !ok || strings.TrimSpace(s) == "" {
			return fmt.Errorf("it is %s", kind(v))
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
			return fmt.Errorf("it is not listed any more")
		case before == nil:
			return fmt.Errorf("it was not listed before")
		case after.Fingerprint != before.Fingerprint:
			return fmt.Errorf("its fingerprint was %q and is %q", before.Fingerprint, after.Fingerprint)
		case after.ResourceGroup != before.ResourceGroup || !maps.Equal(after.Tags, before.Tags):
			return fmt.Errorf("its resource group or its tags have changed")
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
			return fmt.Errorf("they are %q and %q", p.Fingerprint, other.Fingerprint)
		}
		return nil
	})
}

// HaveTag holds for a key pair that is listed with this tag, among others.
func HaveTag(key, value string) types.GomegaMatcher {
	return matcher(fmt.Sprintf("be listed with the tag %q=%q", key, value), func(p *Pair) error {
		if p == nil {
			return fmt.Errorf("it is not listed")
		}
		if got, ok := p.Tags[key]; !ok || got != value {
			return fmt.Errorf("it is listed with %q", p.Tags)
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
			return fmt.Errorf("ListKeyPairs has %q", bound)
		}
		return nil
	})
}
