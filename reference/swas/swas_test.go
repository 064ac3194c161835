package swas

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

	"github.com/kpspec/kpspec/fixtures/sshkeys"
	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/reference/idempotence"
	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/operation"
	"github.com/kpspec/kpspec/reference/refusal"
	"github.com/kpspec/kpspec/reference/rpc"
)

// params are the parameters of a call.
type params map[string]string

// with returns a copy in which the parameters, given by name and value in turn, are set; the value "-" leaves one out.
func (p params) with(nameAndValue ...string) params {
	c := maps.Clone(p)
	for i := 0; i < len(nameAndValue); i += 2 {
		if c[nameAndValue[i]] = nameAndValue[i+1]; nameAndValue[i+1] == "-" {
			delete(c, nameAndValue[i])
		}
	}
	return c
}

const (
	account      = "1000000000000001"
	otherAccount = "1000000000000002"
	region1      = "cn-hangzhou"
	region2      = "cn-shanghai"
)

// serversWhere are the ids of an account's servers in the first region that a test chooses.
func serversWhere(in int, chosen func(world.Server) bool) []string {
	var out []string
	for _, s := range world.Default().Accounts[in].Servers {
		if chosen(s) {
			out = append(out, s.ID)
		}
	}
	return out
}

var (
	fit = serversWhere(0, func(s world.Server) bool {
		return s.Region == region1 && s.OS == world.Linux && (s.Status == world.Running || s.Status == world.Stopped)
	})
	stopped = serversWhere(0, func(s world.Server) bool { return s.Region == region1 && s.Status == world.Stopped })[0]
	moving  = serversWhere(0, func(s world.Server) bool { return s.Region == region1 && s.Status == world.Resetting })[0]
	windows = serversWhere(0, func(s world.Server) bool { return s.Region == region1 && s.OS == world.Windows })[0]
	foreign = serversWhere(1, func(s world.Server) bool { return s.Region == region1 })[0]
	distant = serversWhere(0, func(s world.Server) bool { return s.Region == region2 })[0]
)

// list adds a list parameter to a call, counted from 1.
func (p params) list(name string, values ...string) params {
	c := maps.Clone(p)
	for i, value := range values {
		c[fmt.Sprintf("%s.%d", name, i+1)] = value
	}
	return c
}

// valid are calls that succeed once there is a pair "there", not bound to anything.
var valid = map[string]params{
	"CreateKeyPair":           {"RegionId": region1, "KeyPairName": "ab"},
	"ImportKeyPair":           {"RegionId": region1, "KeyPairName": "ab", "PublicKeyBody": sshkeys.RSA2048.Line},
	"AttachKeyPair":           {"RegionId": region1, "KeyPairName": "there", "InstanceIds.1": fit[0]},
	"DetachKeyPair":           {"RegionId": region1, "KeyPairName": "there", "InstanceIds.1": fit[0]},
	"ListKeyPairs":            {"RegionId": region1},
	"DeleteKeyPairs":          {"RegionId": region1, "KeyPairNames.1": "there"},
	"DescribeInstanceKeyPair": {"RegionId": region1, "InstanceId": fit[0]},
	"ListInstances":           {"RegionId": region1},
	"ListRegions":             {},
}

// counted is a source of made-up keys.
type counted struct{ given atomic.Int32 }

func (c *counted) Get(context.Context) (keypair.Generated, error) {
	n := c.given.Add(1)
	return keypair.Generated{
		PrivateKey: fmt.Sprintf("private key %d", n),
		Public:     keypair.PublicKey{Line: fmt.Sprintf("ssh-rsa key%d", n), Fingerprint: keypair.Fingerprint{byte(n)}},
	}, nil
}

type fixture struct {
	*Service
	keys counted
}

func newFixture(t *testing.T, change ...func(*Config)) *fixture {
	t.Helper()
	rules, err := NewRules(keypair.Strict)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{}
	c := Config{World: world.Default(), Rules: rules, Unknown: UnknownCallError, TokenScope: TokenPerOperation, Keys: &f.keys}
	for _, ch := range change {
		ch(&c)
	}
	if f.Service, err = New(c); err != nil {
		t.Fatal(err)
	}
	return f
}

// callAs calls an operation for an account and returns the answer's JSON.
func (f *fixture) callAs(ctx context.Context, account, action string, p params) (map[string]any, error) {
	for _, o := range f.Operations() {
		if o.Action != action {
			continue
		}
		answer, err := o.Handle(ctx, &rpc.Call{
			Product: o.Product, Version: o.Version, Action: action, Host: "127.0.0.1:1", Params: rpc.ParamsOf(p),
			Identity: rpc.Identity{AccountID: account}, Time: time.Date(2026, 6, 18, 23, 59, 59, 0, time.FixedZone("", 3600)),
		})
		if err != nil {
			return nil, err
		}
		text, err := json.Marshal(answer)
		if err != nil {
			return nil, err
		}
		var object map[string]any
		return object, json.Unmarshal(text, &object)
	}
	return nil, errors.New("no operation " + action)
}

func (f *fixture) call(action string, p params) (map[string]any, error) {
	return f.callAs(context.Background(), account, action, p)
}

// must is call for a call that has to succeed.
func (f *fixture) must(t *testing.T, action string, p params) map[string]any {
	t.Helper()
	answer, err := f.call(action, p)
	if err != nil {
		t.Fatalf("%s: %v", action, err)
	}
	return answer
}

// have imports pairs of these names.
func (f *fixture) have(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		f.must(t, "ImportKeyPair", valid["ImportKeyPair"].with("KeyPairName", name))
	}
}

// state is all that ListKeyPairs tells, of both regions.
func (f *fixture) state(t *testing.T) []any {
	t.Helper()
	var out []any
	for _, region := range []string{region1, region2} {
		out = append(out, f.must(t, "ListKeyPairs", params{"RegionId": region, "PageSize": "100"})["KeyPairs"].([]any)...)
	}
	return out
}

// bound is the name of the pair that a server has.
func (f *fixture) bound(t *testing.T, server string) string {
	t.Helper()
	return f.must(t, "DescribeInstanceKeyPair", params{"RegionId": region1, "InstanceId": server})["KeyPairName"].(string)
}

// beRefused matches an *rpc.Error.
func beRefused(status int, code string) types.GomegaMatcher {
	return WithTransform(func(err error) string {
		e, ok := errors.AsType[*rpc.Error](err)
		if !ok {
			return fmt.Sprint(err)
		}
		return fmt.Sprint(e.Status, " ", e.Code)
	}, Equal(fmt.Sprint(status, " ", code)))
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	const bad = ".ValueNotSupported"
	type refusal struct {
		action, name, value string // value "-" leaves the parameter out
		status              int
		code                string
	}
	var table []refusal
	for _, action := range []string{"CreateKeyPair", "ImportKeyPair", "AttachKeyPair", "DetachKeyPair"} {
		table = append(table, refusal{action, "KeyPairName", "-", 400, "MissingKeyPairName"}, refusal{action, "KeyPairName", "", 400, "MissingKeyPairName"})
		for _, name := range []string{
			"a", "密", strings.Repeat("a", 65), strings.Repeat("密", 65), "1a", ":a", "_a", "-a", "a.b", "a b", "a/b", "http://ab", "https://ab",
			"a\x00b", "a\nb", "ab\n", "a\u202eb", "a\u0301b", "ab\U0001f511", "\ufeffab", "ab*",
		} {
			table = append(table, refusal{action, "KeyPairName", name, 400, "InvalidKeyPairName" + bad})
		}
	}
	for _, action := range []string{
		"CreateKeyPair", "ImportKeyPair", "AttachKeyPair", "DetachKeyPair", "DeleteKeyPairs", "ListKeyPairs", "DescribeInstanceKeyPair",
	} {
		for _, token := range []string{strings.Repeat("a", 65), "é", "ключ", "a\u00a0b"} {
			table = append(table, refusal{action, "ClientToken", token, 400, "InvalidClientToken" + bad})
		}
		table = append(table, refusal{action, "RegionId", "-", 400, "MissingRegionId"}, refusal{action, "RegionId", "", 400, "MissingRegionId"},
			refusal{action, "RegionId", "cn-atlantis", 404, "InvalidRegionId.NotFound"}, refusal{action, "RegionId", "CN-HANGZHOU", 404, "InvalidRegionId.NotFound"})
	}
	for _, action := range []string{"AttachKeyPair", "DetachKeyPair"} {
		table = append(table,
			refusal{action, "KeyPairName", "absent", 404, "InvalidKeyPairName.NotFound"}, refusal{action, "InstanceIds.1", "-", 400, "MissingInstanceIds"},
			refusal{action, "InstanceIds.1", "", 400, "InvalidInstanceIds" + bad}, refusal{action, "InstanceIds.2", "", 400, "InvalidInstanceIds" + bad},
			refusal{action, "InstanceIds.0", fit[1], 400, "InvalidInstanceIds" + bad}, refusal{action, "InstanceIds.51", fit[1], 400, "InvalidInstanceIds" + bad},
			refusal{action, "InstanceIds", `["` + fit[1] + `"]`, 400, "InvalidInstanceIds" + bad},
			refusal{action, "InstanceIds.1", "absent", 404, "InvalidInstanceId.NotFound"}, refusal{action, "InstanceIds.2", "absent", 404, "InvalidInstanceId.NotFound"},
			refusal{action, "InstanceIds.1", foreign, 404, "InvalidInstanceId.NotFound"}, refusal{action, "InstanceIds.1", distant, 404, "InvalidInstanceId.NotFound"},
			refusal{action, "InstanceIds.1", strings.ToUpper(fit[0]), 404, "InvalidInstanceId.NotFound"})
	}
	for _, action := range []string{"ListKeyPairs", "ListInstances"} {
		for _, number := range []string{"0", "-1", "x", "1.0", "+1", "2147483648"} {
			table = append(table, refusal{action, "PageNumber", number, 400, "InvalidPageNumber" + bad}, refusal{action, "PageSize", number, 400, "InvalidPageSize" + bad})
		}
		table = append(table, refusal{action, "PageSize", "101", 400, "InvalidPageSize" + bad})
	}
	table = append(table,
		refusal{"ImportKeyPair", "PublicKeyBody", "-", 400, "MissingPublicKeyBody"}, refusal{"ImportKeyPair", "PublicKeyBody", "", 400, "MissingPublicKeyBody"},
		refusal{"ImportKeyPair", "PublicKeyBody", "not a key", 400, "InvalidPublicKeyBody" + bad},
		refusal{"ImportKeyPair", "PublicKeyBody", sshkeys.Ed25519.Line, 400, "InvalidPublicKeyBody" + bad},
		refusal{"ImportKeyPair", "PublicKeyBody", sshkeys.PrivatePKCS8, 400, "InvalidPublicKeyBody" + bad},
		refusal{"ImportKeyPair", "KeyPairName", "there", 400, "KeyPairNameAlreadyExist"}, refusal{"CreateKeyPair", "KeyPairName", "there", 400, "KeyPairNameAlreadyExist"},
		refusal{"DeleteKeyPairs", "KeyPairNames.1", "-", 400, "MissingKeyPairNames"}, refusal{"DeleteKeyPairs", "KeyPairNames.2", "", 400, "InvalidKeyPairNames" + bad},
		refusal{"DeleteKeyPairs", "KeyPairNames.51", "x", 400, "InvalidKeyPairNames" + bad}, refusal{"DeleteKeyPairs", "KeyPairNames.0", "x", 400, "InvalidKeyPairNames" + bad},
		refusal{"DeleteKeyPairs", "KeyPairNames.2", "busy", 400, "InvalidParameter.KeypairAlreadyAttachedInstance"},
		refusal{"DescribeInstanceKeyPair", "InstanceId", "-", 400, "MissingInstanceId"}, refusal{"DescribeInstanceKeyPair", "InstanceId", foreign, 404, "InvalidInstanceId.NotFound"},
		refusal{"ListInstances", "InstanceIds", "x", 400, "InvalidInstanceIds" + bad},
		refusal{"ListInstances", "InstanceIds", `["x"` + strings.Repeat(`,"x"`, 100) + `]`, 400, "InvalidInstanceIds" + bad},
		refusal{"ListInstances", "RegionId", "-", 400, "MissingRegionId"}, refusal{"ListInstances", "RegionId", "x", 404, "InvalidRegionId.NotFound"},
		refusal{"ListRegions", "AcceptLanguage", "ja", 404, "InvalidAcceptLanguage.NotFound"},
	)
	for _, unknown := range []Unknown{UnknownCallError, UnknownPerInstance} {
		f := newFixture(t, func(c *Config) { c.Unknown = unknown })
		f.have(t, "there", "busy")
		f.must(t, "AttachKeyPair", valid["AttachKeyPair"].with("KeyPairName", "busy", "InstanceIds.1", fit[9]))
		before := f.state(t)
		for _, c := range table {
			p := valid[c.action].with(c.name, c.value)
			if unknown == UnknownPerInstance && c.name == "InstanceIds.2" && c.value == "absent" {
				continue // TestUnknownServers
			}
			answer, err := f.call(c.action, p)
			NewWithT(t).Expect(err).To(beRefused(c.status, c.code), "%s %s=%q: %v", c.action, c.name, c.value, answer)
		}
		for _, text := range []string{"x", "[]", "null", `[1]`, `[""]`, `[null]`, `{"1":"x"}`, `"x"`, `["x"`, `[["x"]]`} {
			_, err := f.call("AttachKeyPair", valid["AttachKeyPair"].with("InstanceIds.1", "-", "InstanceIds", text))
			NewWithT(t).Expect(err).To(beRefused(400, "InvalidInstanceIds"+bad), text)
		}
		NewWithT(t).Expect(f.state(t)).To(Equal(before), "a refused call changes nothing")
		NewWithT(t).Expect(f.keys.given.Load()).To(BeZero(), "nor does it use up a key")
	}
}

func TestValidCalls(t *testing.T) {
	t.Parallel()
	for action, p := range valid {
		f := newFixture(t)
		f.have(t, "there")
		f.must(t, action, p)
		if action != "ListRegions" && action != "ListInstances" {
			// A token of any ASCII, and parameters that nobody knows.
			f2 := newFixture(t)
			f2.have(t, "there")
			f2.must(t, action, p.with("ClientToken", " ~\x01"+strings.Repeat("!", 61), "OwnerId", "1", "InstanceIds.1.Key", "x"))
		}
	}
}

func TestNamesAndKeys(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(c *Config) { c.Rules.Quota = 100 })
	for _, name := range []string{
		"ab", "Ab", "密a", "密钥", "éa", "a1", "a:b", "a_b", "a-b", "http:", "https:a", "a密b", strings.Repeat("a", 64), strings.Repeat("密", 64), "HTTP:a",
	} {
		for action, p := range valid {
			if action == "CreateKeyPair" || action == "ImportKeyPair" {
				answer := f.must(t, action, p.with("KeyPairName", name))
				NewWithT(t).Expect(answer["KeyPairName"]).To(Equal(name))
				f.must(t, "AttachKeyPair", valid["AttachKeyPair"].with("KeyPairName", name))
				f.must(t, "DetachKeyPair", valid["AttachKeyPair"].with("KeyPairName", name))
				f.must(t, "DeleteKeyPairs", valid["DeleteKeyPairs"].with("KeyPairNames.1", name))
			}
		}
	}
	for i, key := range []sshkeys.Key{
		sshkeys.RSA1024, sshkeys.RSA4096, sshkeys.DSA1024, sshkeys.ECDSA256, sshkeys.ECDSA384, sshkeys.ECDSA521,
		sshkeys.CertRSAV00, sshkeys.CertDSSV00, sshkeys.CertRSAV01, sshkeys.CertDSSV01, sshkeys.CertECDSA256V01, sshkeys.CertECDSA521V01,
	} {
		name := fmt.Sprintf("key-%d", i)
		f.must(t, "ImportKeyPair", valid["ImportKeyPair"].with("KeyPairName", name, "PublicKeyBody", key.Line+"\n"))
		f.must(t, "AttachKeyPair", valid["AttachKeyPair"].with("KeyPairName", name))
		shown := f.must(t, "DescribeInstanceKeyPair", valid["DescribeInstanceKeyPair"])
		NewWithT(t).Expect(shown).To(Equal(map[string]any{"KeyPairName": name, "Fingerprint": key.Fingerprint}))
	}
	_, err := NewRules("deep")
	NewWithT(t).Expect(err).To(MatchError(ContainSubstring(`"deep"`)))
}

func TestCreateAndList(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	f := newFixture(t)
	g.Expect(f.must(t, "CreateKeyPair", valid["CreateKeyPair"])).To(Equal(map[string]any{"KeyPairName": "ab", "PrivateKeyBody": "private key 1"}))
	g.Expect(f.must(t, "ImportKeyPair", valid["ImportKeyPair"].with("KeyPairName", "cd"))).To(Equal(map[string]any{"KeyPairName": "cd"}))
	f.must(t, "AttachKeyPair", valid["AttachKeyPair"].with("KeyPairName", "ab"))
	made := map[string]any{"KeyPairName": "ab", "PublicKey": "ssh-rsa key1", "CreationTime": "2026-06-18T22:59Z", "InstanceIds": []any{fit[0]}}
	imported := map[string]any{"KeyPairName": "cd", "PublicKey": sshkeys.RSA2048.Line, "CreationTime": "2026-06-18T22:59Z", "InstanceIds": []any{}}
	for _, c := range []struct {
		p     params
		total int
		pairs []any
	}{
		{params{}, 2, []any{made, imported}},
		{params{"KeyPairName": "cd"}, 1, []any{imported}},
		{params{"KeyPairName": "ab"}, 1, []any{made}},
		{params{"KeyPairName": "c"}, 0, []any{}}, {params{"KeyPairName": "*"}, 0, []any{}}, {params{"KeyPairName": "a*"}, 0, []any{}},
		{params{"KeyPairName": "1 no name"}, 0, []any{}},
		{params{"PageSize": "1"}, 2, []any{made}}, {params{"PageSize": "1", "PageNumber": "2"}, 2, []any{imported}},
		{params{"PageNumber": "3"}, 2, []any{}}, {params{"PageNumber": "2147483647", "PageSize": "100"}, 2, []any{}},
		{params{"RegionId": region2}, 0, []any{}},
	} {
		p := maps.Clone(valid["ListKeyPairs"])
		maps.Copy(p, c.p)
		answer := f.must(t, "ListKeyPairs", p)
		g.Expect(answer["KeyPairs"]).To(Equal(c.pairs), "%v", c.p)
		g.Expect(answer["TotalCount"]).To(BeEquivalentTo(c.total))
		g.Expect(answer).To(HaveLen(4))
	}
	g.Expect(f.must(t, "ListKeyPairs", valid["ListKeyPairs"])["PageSize"]).To(BeEquivalentTo(10))
}

func TestQuota(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	f := newFixture(t)
	name := func(i int) string { return fmt.Sprintf("pair-%d", i) }
	for i := range 5 {
		f.have(t, name(2*i))
		f.must(t, "CreateKeyPair", valid["CreateKeyPair"].with("KeyPairName", name(2*i+1)))
	}
	_, err := f.call("CreateKeyPair", valid["CreateKeyPair"])
	g.Expect(err).To(beRefused(403, "KeyPairLimitExceed"))
	_, err = f.call("ImportKeyPair", valid["ImportKeyPair"])
	g.Expect(err).To(beRefused(403, "KeyPairLimitExceed"))
	_, err = f.call("CreateKeyPair", valid["CreateKeyPair"].with("KeyPairName", name(0)))
	g.Expect(err).To(beRefused(400, "KeyPairNameAlreadyExist"))
	g.Expect(f.keys.given.Load()).To(BeEquivalentTo(5), "no key is made for nothing")

	f.must(t, "CreateKeyPair", valid["CreateKeyPair"].with("RegionId", region2, "KeyPairName", name(0)))
	_, err = f.callAs(context.Background(), otherAccount, "CreateKeyPair", valid["CreateKeyPair"])
	g.Expect(err).NotTo(HaveOccurred())
	f.must(t, "DeleteKeyPairs", valid["DeleteKeyPairs"].with("KeyPairNames.1", name(3)))
	f.must(t, "ImportKeyPair", valid["ImportKeyPair"])
}

func resultsOf(answer map[string]any) map[string]string {
	out := map[string]string{}
	for _, r := range answer["Results"].([]any) {
		m := r.(map[string]any)
		out[m["InstanceId"].(string)] = fmt.Sprint(m["Code"], " ", m["Success"], " ", m["Message"])
	}
	return out
}

func TestAttach(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	f := newFixture(t)
	f.have(t, "one", "two")
	one := params{"RegionId": region1, "KeyPairName": "one"}
	two := one.with("KeyPairName", "two")

	// The most servers at once, in an odd order of numbers and one of them stopped.
	g.Expect(len(fit)).To(BeNumerically(">=", 60))
	answer := f.must(t, "AttachKeyPair", one.list("InstanceIds", append(slices.Clone(fit[:49]), stopped)...))
	g.Expect(answer).To(HaveLen(3))
	g.Expect(answer["TotalCount"]).To(BeEquivalentTo(50))
	g.Expect(answer["FailCount"]).To(BeEquivalentTo(0))
	g.Expect(resultsOf(answer)).To(HaveLen(50))
	g.Expect(resultsOf(answer)).To(HaveEach("200 true success"))
	g.Expect(answer["Results"].([]any)[3]).To(Equal(map[string]any{"InstanceId": fit[3], "Code": "200", "Message": "success", "Success": "true"}))
	_, err := f.call("AttachKeyPair", two.list("InstanceIds", fit[:51]...))
	g.Expect(err).To(beRefused(400, "InvalidInstanceIds.ValueNotSupported"))
	_, err = f.call("AttachKeyPair", two.with("InstanceIds", `["`+strings.Join(fit[:51], `","`)+`"]`))
	g.Expect(err).To(beRefused(400, "InvalidInstanceIds.ValueNotSupported"))
	_, err = f.call("AttachKeyPair", two.with("InstanceIds", `["`+strings.Repeat(fit[0]+`","`, 50)+fit[0]+`"]`))
	g.Expect(err).To(beRefused(400, "InvalidInstanceIds.ValueNotSupported"), "counted as they were sent")
	g.Expect(f.bound(t, fit[0])).To(Equal("one"))

	// A new binding takes the place of the old, again and the same one too; gaps and repetitions are fine.
	answer = f.must(t, "AttachKeyPair", two.with("InstanceIds.3", fit[0], "InstanceIds.7", fit[1], "InstanceIds.50", fit[0]))
	g.Expect(answer["TotalCount"]).To(BeEquivalentTo(2))
	g.Expect(resultsOf(answer)).To(Equal(map[string]string{fit[0]: "200 true success", fit[1]: "200 true success"}))
	f.must(t, "AttachKeyPair", two.with("InstanceIds", `["`+fit[1]+`","`+fit[2]+`"]`))
	g.Expect(f.bound(t, fit[0])).To(Equal("two"))
	g.Expect(f.state(t)[0].(map[string]any)["InstanceIds"]).To(HaveLen(47))
	g.Expect(f.state(t)[1].(map[string]any)["InstanceIds"]).To(Equal([]any{fit[0], fit[1], fit[2]}))

	// More than are shown.
	f.must(t, "AttachKeyPair", two.list("InstanceIds", fit[3:48]...))
	f.must(t, "AttachKeyPair", two.list("InstanceIds", fit[48:60]...))
	g.Expect(f.state(t)[1].(map[string]any)["InstanceIds"]).To(HaveLen(50))

	// Only what is bound nowhere is deleted, all or none.
	_, err = f.call("DeleteKeyPairs", params{"RegionId": region1, "KeyPairNames.1": "absent", "KeyPairNames.2": "two"})
	g.Expect(err).To(beRefused(400, "InvalidParameter.KeypairAlreadyAttachedInstance"))
	for _, servers := range [][]string{fit[:50], fit[50:]} {
		f.must(t, "DetachKeyPair", two.list("InstanceIds", servers...))
	}
	f.must(t, "DetachKeyPair", one.with("InstanceIds.1", stopped))
	f.must(t, "DeleteKeyPairs", params{"RegionId": region1, "KeyPairNames": `["one","two","one"]`})
	g.Expect(f.state(t)).To(BeEmpty())
	g.Expect(f.must(t, "DescribeInstanceKeyPair", valid["DescribeInstanceKeyPair"])).To(Equal(map[string]any{"KeyPairName": "", "Fingerprint": ""}))
}

// A deleted name that comes back is a new pair, bound to nothing.
func TestNameComesBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.have(t, "there")
	f.must(t, "AttachKeyPair", valid["AttachKeyPair"])
	f.must(t, "DetachKeyPair", valid["DetachKeyPair"])
	f.must(t, "DeleteKeyPairs", valid["DeleteKeyPairs"])
	f.have(t, "there")
	NewWithT(t).Expect(f.state(t)[0].(map[string]any)["InstanceIds"]).To(BeEmpty())
}

func TestServersThatCannotHaveOne(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	f := newFixture(t)
	f.have(t, "there")
	answer := f.must(t, "AttachKeyPair", valid["AttachKeyPair"].with("InstanceIds.2", windows, "InstanceIds.3", moving))
	g.Expect(answer["TotalCount"]).To(BeEquivalentTo(3))
	g.Expect(answer["FailCount"]).To(BeEquivalentTo(2))
	got := resultsOf(answer)
	g.Expect(got[fit[0]]).To(Equal("200 true success"))
	g.Expect(got[windows]).To(HavePrefix("403 false "))
	g.Expect(got[moving]).To(Equal("403 false The state of the current instance does not support this operation."))
	g.Expect([]string{f.bound(t, fit[0]), f.bound(t, windows), f.bound(t, moving)}).To(Equal([]string{"there", "", ""}))

	answer = f.must(t, "AttachKeyPair", valid["AttachKeyPair"].with("InstanceIds.1", windows))
	g.Expect(answer["FailCount"]).To(BeEquivalentTo(1))
	_, err := f.call("AttachKeyPair", valid["AttachKeyPair"].with("InstanceIds.1", windows, "KeyPairName", "absent"))
	g.Expect(err).To(beRefused(404, "InvalidKeyPairName.NotFound"))
}

func TestUnknownServers(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	mixed := valid["AttachKeyPair"].with("InstanceIds.2", foreign)
	f := newFixture(t, func(c *Config) { c.Unknown = UnknownPerInstance })
	f.have(t, "there")
	answer := f.must(t, "AttachKeyPair", mixed)
	g.Expect(answer["FailCount"]).To(BeEquivalentTo(1))
	g.Expect(resultsOf(answer)).To(Equal(map[string]string{fit[0]: "200 true success", foreign: "404 false The specified Instance Id does not exist."}))
	g.Expect(f.bound(t, fit[0])).To(Equal("there"))
	answer = f.must(t, "DetachKeyPair", mixed)
	g.Expect(answer["FailCount"]).To(BeEquivalentTo(1))
	for _, action := range []string{"AttachKeyPair", "DetachKeyPair"} {
		_, err := f.call(action, mixed.with("InstanceIds.1", "absent"))
		g.Expect(err).To(beRefused(404, "InvalidInstanceId.NotFound"))
	}
}

func TestDetach(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	f := newFixture(t)
	f.have(t, "one", "two")
	both := params{"RegionId": region1, "InstanceIds.1": fit[0], "InstanceIds.2": fit[1], "InstanceIds.3": windows}
	f.must(t, "AttachKeyPair", both.with("KeyPairName", "one", "InstanceIds.2", "-", "InstanceIds.3", "-"))
	f.must(t, "AttachKeyPair", both.with("KeyPairName", "two", "InstanceIds.1", "-", "InstanceIds.3", "-"))
	answer := f.must(t, "DetachKeyPair", both.with("KeyPairName", "one"))
	g.Expect(answer["FailCount"]).To(BeEquivalentTo(2))
	g.Expect(resultsOf(answer)[fit[0]]).To(Equal("200 true success"))
	g.Expect(resultsOf(answer)[fit[1]]).To(HavePrefix("400 false "))
	g.Expect(resultsOf(answer)[windows]).To(HavePrefix("400 false "))
	g.Expect([]string{f.bound(t, fit[0]), f.bound(t, fit[1])}).To(Equal([]string{"", "two"}))
}

func TestTokens(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	now := time.Date(2026, 6, 18, 12, 0, 0, 0, time.UTC)
	f := newFixture(t, func(c *Config) { c.Clock = func() time.Time { return now } })
	create := valid["CreateKeyPair"].with("ClientToken", "T1")
	first := f.must(t, "CreateKeyPair", create)
	g.Expect(f.must(t, "CreateKeyPair", create)).To(Equal(first), "the private key too")
	g.Expect(f.state(t)).To(HaveLen(1))
	_, err := f.call("CreateKeyPair", create.with("ClientToken", "t1"))
	g.Expect(err).To(beRefused(400, "KeyPairNameAlreadyExist"), "tokens differ by case")
	_, err = f.call("CreateKeyPair", create.with("ClientToken", "-"))
	g.Expect(err).To(beRefused(400, "KeyPairNameAlreadyExist"))
	_, err = f.call("CreateKeyPair", create.with("KeyPairName", "other"))
	g.Expect(err).To(beRefused(400, "IdempotentParameterMismatch"))
	g.Expect(f.state(t)).To(HaveLen(1))

	// Another operation, region or account is another call.
	f.must(t, "ImportKeyPair", valid["ImportKeyPair"].with("ClientToken", "T1", "KeyPairName", "cd"))
	f.must(t, "CreateKeyPair", create.with("RegionId", region2, "KeyPairName", "cd"))
	_, err = f.callAs(context.Background(), otherAccount, "CreateKeyPair", create.with("KeyPairName", "cd"))
	g.Expect(err).NotTo(HaveOccurred())

	// A replay answers again, whatever came between; so does one of a deletion.
	f.must(t, "DeleteKeyPairs", params{"RegionId": region1, "KeyPairNames.1": "ab", "ClientToken": "T1"})
	g.Expect(f.must(t, "CreateKeyPair", create)).To(Equal(first))
	f.must(t, "CreateKeyPair", create.with("ClientToken", "T2"))
	f.must(t, "DeleteKeyPairs", params{"RegionId": region1, "KeyPairNames": `["ab"]`, "ClientToken": "T1"})
	g.Expect(f.must(t, "ListKeyPairs", valid["ListKeyPairs"].with("KeyPairName", "ab", "ClientToken", "T1"))["TotalCount"]).To(BeEquivalentTo(1))
	_, err = f.call("DeleteKeyPairs", params{"RegionId": region1, "KeyPairNames.1": "cd", "ClientToken": "T1"})
	g.Expect(err).To(beRefused(400, "IdempotentParameterMismatch"))

	// What failed is not remembered; what is over is forgotten.
	again := valid["CreateKeyPair"].with("ClientToken", "T3")
	_, err = f.call("CreateKeyPair", again)
	g.Expect(err).To(beRefused(400, "KeyPairNameAlreadyExist"))
	f.must(t, "DeleteKeyPairs", valid["DeleteKeyPairs"].with("KeyPairNames.1", "ab"))
	f.must(t, "CreateKeyPair", again)
	now = now.Add(24 * time.Hour)
	_, err = f.call("CreateKeyPair", again)
	g.Expect(err).To(beRefused(400, "KeyPairNameAlreadyExist"))

	// Reading is never remembered.
	list := valid["ListKeyPairs"].with("ClientToken", "T4")
	before := f.must(t, "ListKeyPairs", list)
	f.have(t, "new")
	g.Expect(f.must(t, "ListKeyPairs", list)).NotTo(Equal(before))
}

// The replay of a binding changes nothing that came after it.
func TestReplayedBinding(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	f := newFixture(t)
	f.have(t, "one", "two")
	attach := params{"RegionId": region1, "KeyPairName": "one", "InstanceIds.1": fit[0], "InstanceIds.2": windows, "ClientToken": "T"}
	first := f.must(t, "AttachKeyPair", attach)
	f.must(t, "AttachKeyPair", attach.with("KeyPairName", "two", "ClientToken", "-"))
	g.Expect(f.must(t, "AttachKeyPair", attach)).To(Equal(first))
	g.Expect(f.bound(t, fit[0])).To(Equal("two"))
	_, err := f.call("AttachKeyPair", attach.with("InstanceIds.2", "-"))
	g.Expect(err).To(beRefused(400, "IdempotentParameterMismatch"))
	f.must(t, "DetachKeyPair", attach.with("KeyPairName", "two", "ClientToken", "T"))
	g.Expect(f.bound(t, fit[0])).To(BeEmpty())
}

func TestTokenOfAnAccount(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	f := newFixture(t, func(c *Config) { c.TokenScope = TokenPerAccount })
	create := valid["CreateKeyPair"].with("ClientToken", "T")
	first := f.must(t, "CreateKeyPair", create)
	g.Expect(f.must(t, "CreateKeyPair", create)).To(Equal(first))
	_, err := f.call("CreateKeyPair", create.with("RegionId", region2))
	g.Expect(err).To(beRefused(400, "IdempotentParameterMismatch"))
	_, err = f.call("ImportKeyPair", valid["ImportKeyPair"].with("ClientToken", "T", "KeyPairName", "cd"))
	g.Expect(err).To(beRefused(400, "IdempotentParameterMismatch"))
	_, err = f.callAs(context.Background(), otherAccount, "CreateKeyPair", create)
	g.Expect(err).NotTo(HaveOccurred())
}

// Of simultaneous calls of one name one wins; simultaneous calls with one token have one effect and one answer.
func TestAtTheSameTime(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var won, lost atomic.Int32
	var wg sync.WaitGroup
	private := make([]any, 8)
	for i := range private {
		wg.Go(func() {
			switch _, err := f.call("ImportKeyPair", valid["ImportKeyPair"]); {
			case err == nil:
				won.Add(1)
			case strings.HasPrefix(err.Error(), "KeyPairNameAlreadyExist"):
				lost.Add(1)
			default:
				t.Error(err)
			}
		})
		wg.Go(func() {
			answer, err := f.call("CreateKeyPair", valid["CreateKeyPair"].with("KeyPairName", "same", "ClientToken", "T"))
			if err != nil {
				t.Error(err)
			}
			private[i] = answer["PrivateKeyBody"]
		})
		wg.Go(func() {
			if _, err := f.call("CreateKeyPair", valid["CreateKeyPair"].with("RegionId", region2, "KeyPairName", fmt.Sprintf("x%d", i))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	g := NewWithT(t)
	g.Expect([]int32{won.Load(), lost.Load()}).To(Equal([]int32{1, 7}))
	g.Expect(private).To(HaveEach(private[0]))
	g.Expect(f.state(t)).To(HaveLen(10))
	g.Expect(f.keys.given.Load()).To(BeEquivalentTo(9))
}

// slow is a source whose keys come when they are let go.
type slow struct{ let chan struct{} }

func (s slow) Get(ctx context.Context) (keypair.Generated, error) {
	select {
	case <-s.let:
		return keypair.Generated{PrivateKey: "slow"}, nil
	case <-ctx.Done():
		return keypair.Generated{}, ctx.Err()
	}
}

// A call that waits for the first one with its token gives up with its context, and takes over when the first one does.
func TestWaitingForTheFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewWithT(t)
		let := make(chan struct{})
		f := newFixture(t, func(c *Config) { c.Keys = slow{let} })
		p := valid["CreateKeyPair"].with("ClientToken", "T")
		first, end := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := f.callAs(first, account, "CreateKeyPair", p)
			g.Expect(err).To(MatchError(context.Canceled))
		})
		synctest.Wait()
		short, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, err := f.callAs(short, account, "CreateKeyPair", p)
		g.Expect(err).To(beRefused(403, "IdempotentProcessing"))
		wg.Go(func() {
			answer, err := f.callAs(context.Background(), account, "CreateKeyPair", p)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(answer["PrivateKeyBody"]).To(Equal("slow"))
		})
		synctest.Wait()
		end()
		synctest.Wait()
		close(let)
		wg.Wait()
		g.Expect(f.state(t)).To(HaveLen(1))
	})
}

func TestListInstancesAndRegions(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	f := newFixture(t)
	var seen []string
	total := 0
	for page := 1; page <= 9; page++ {
		answer := f.must(t, "ListInstances", params{"RegionId": region1, "PageNumber": fmt.Sprint(page)})
		total = int(answer["TotalCount"].(float64))
		for _, i := range answer["Instances"].([]any) {
			seen = append(seen, i.(map[string]any)["InstanceId"].(string))
		}
	}
	g.Expect(seen).To(Equal(serversWhere(0, func(s world.Server) bool { return s.Region == region1 })))
	g.Expect(total).To(Equal(len(seen)))
	answer := f.must(t, "ListInstances", params{"RegionId": region1, "InstanceIds": `["` + windows + `","` + moving + `","` + foreign + `","` + distant + `"]`})
	g.Expect(answer["Instances"]).To(ConsistOf(
		map[string]any{"InstanceId": windows, "RegionId": region1, "Status": "Running", "Image": map[string]any{"OsType": "windows"}},
		map[string]any{"InstanceId": moving, "RegionId": region1, "Status": "Resetting", "Image": map[string]any{"OsType": "linux"}}))
	g.Expect(f.must(t, "ListInstances", params{"RegionId": region1, "InstanceIds": `[]`})["Instances"]).To(BeEmpty())

	for language, name := range map[string]string{"": "华东1（杭州）", "zh-CN": "华东1（杭州）", "en-US": "China (Hangzhou)"} {
		regions := f.must(t, "ListRegions", params{"AcceptLanguage": language})["Regions"].([]any)
		g.Expect(regions).To(HaveLen(3))
		g.Expect(regions[0]).To(Equal(map[string]any{"RegionId": region1, "RegionEndpoint": "127.0.0.1:1", "LocalName": name}))
	}
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, o := range f.Operations() {
		g := NewWithT(t)
		switch o.Action {
		case "ListRegions":
			g.Expect(o.Permission).To(BeNil())
			continue
		case "DescribeInstanceKeyPair":
			call := &rpc.Call{Params: rpc.ParamsOf(params{"RegionId": "r:1", "InstanceId": "i"}), Identity: rpc.Identity{AccountID: "1"}}
			g.Expect(fmt.Sprint(o.Permission.Resources(call))).To(Equal("[acs:swas-open:r:1:1:instance/i]"))
		default:
			g.Expect(o.Permission.Resources).To(BeNil())
		}
		g.Expect(o.Permission.Action).To(Equal("swas-open:" + o.Action))
	}
}

// Every cause that a step can raise has one row, and a row given instead is used, in results too.
func TestErrorTable(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	rules, err := NewRules(keypair.Strict)
	g.Expect(err).NotTo(HaveOccurred())
	causes := []error{
		keypair.ErrName, keypair.ErrKey, keypair.ErrExists, keypair.ErrQuota, keypair.ErrAbsent, keypair.ErrBound,
		idempotence.ErrMismatch, idempotence.ErrProcessing, operation.ErrMissing, operation.ErrInvalid, ErrTooMany, operation.ErrRegion, ErrToken,
		ErrServer, ErrSystem, ErrState, ErrNotBound, ErrLanguage,
	}
	g.Expect(rules.Errors).To(HaveLen(len(causes)))
	for _, cause := range causes {
		_, ok := errors.AsType[*rpc.Error](rules.Errors.Of(fmt.Errorf("wrapped: %w", cause)))
		g.Expect(ok).To(BeTrue(), "%v", cause)
	}
	f := newFixture(t, func(c *Config) {
		c.Rules.Errors = c.Rules.Errors.With(refusal.For(ErrSystem, 409, "X", "y"), refusal.For(operation.ErrMissing, 418, "No{name}", "{name}?"))
	})
	f.have(t, "there")
	g.Expect(resultsOf(f.must(t, "AttachKeyPair", valid["AttachKeyPair"].with("InstanceIds.1", windows)))[windows]).To(Equal("409 false y"))
	_, err = f.call("CreateKeyPair", params{"RegionId": region1})
	g.Expect(err).To(beRefused(418, "NoKeyPairName"))
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	rules, err := NewRules(keypair.Shallow)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	good := Config{Rules: rules, Unknown: UnknownCallError, TokenScope: TokenPerAccount}
	_, err = New(good)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	for says, spoil := range map[string]func(*Config){
		`"ignore"`:       func(c *Config) { c.Unknown = "ignore" },
		`"world"`:        func(c *Config) { c.TokenScope = "world" },
		"-1ns":           func(c *Config) { c.TokenLifetime = -1 },
		"has no row for": func(c *Config) { c.Rules.Errors = nil },
	} {
		c := good
		spoil(&c)
		_, err := New(c)
		NewWithT(t).Expect(err).To(MatchError(ContainSubstring(says)))
	}
}

// Whatever forms of lists and tokens arrive: an answer or a refusal, and a refusal changes nothing.
func FuzzCalls(f *testing.F) {
	f.Add("there", "InstanceIds.1", fit[0], "InstanceIds.2", windows, "token")
	f.Add("there", "InstanceIds", `["`+fit[0]+`"]`, "InstanceIds.0", "", "é")
	f.Add("密", "InstanceIds.51", fit[0], "InstanceIds.01", fit[1], strings.Repeat("x", 65))
	f.Add("a\x00", "InstanceIds.-1", fit[0], "InstanceIds.999999999", fit[1], "\x7f")
	f.Fuzz(func(t *testing.T, name, key1, value1, key2, value2, token string) {
		service := newFixture(t)
		service.have(t, "there")
		before := service.state(t)
		for _, action := range []string{"AttachKeyPair", "ImportKeyPair", "DetachKeyPair"} {
			p := params{key1: value1, key2: value2, "RegionId": region1, "KeyPairName": name, "ClientToken": token, "PublicKeyBody": sshkeys.RSA2048.Line}
			first, err := service.call(action, p)
			if err == nil {
				again, err := service.call(action, p)
				if token != "" && (err != nil || fmt.Sprint(again) != fmt.Sprint(first)) {
					t.Errorf("%s again: %v, %v instead of %v", action, err, again, first)
				}
				before = service.state(t)
				continue
			}
			if e, ok := errors.AsType[*rpc.Error](err); !ok || e.Status < 400 || e.Status > 499 {
				t.Errorf("%s: %v", action, err)
			}
			if fmt.Sprint(service.state(t)) != fmt.Sprint(before) {
				t.Errorf("%s was refused and changed something", action)
			}
		}
	})
}
