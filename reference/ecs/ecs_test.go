package ecs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

	"github.com/kpspec/kpspec/fixtures/sshkeys"
	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/operation"
	"github.com/kpspec/kpspec/reference/rpc"
)

// params are the parameters of a call.
type params map[string]string

// with returns a copy in which the parameters, given by name and value in turn, are set.
func (p params) with(nameAndValue ...string) params {
	c := maps.Clone(p)
	for i := 0; i < len(nameAndValue); i += 2 {
		c[nameAndValue[i]] = nameAndValue[i+1]
	}
	return c
}

func (p params) without(name string) params {
	c := maps.Clone(p)
	delete(c, name)
	return c
}

const (
	account      = "1000000000000001"
	otherAccount = "1000000000000002"
	group        = "rg-kpspectestgroup1"
	region1      = "cn-hangzhou"
	region2      = "cn-shanghai"
)

// valid are calls that succeed on a fresh service.
var valid = map[string]params{
	"ImportKeyPair":    {"RegionId": region1, "KeyPairName": "ab", "PublicKeyBody": sshkeys.RSA2048.Line},
	"CreateKeyPair":    {"RegionId": region1, "KeyPairName": "ab"},
	"DescribeKeyPairs": {"RegionId": region1},
	"DeleteKeyPairs":   {"RegionId": region1, "KeyPairNames": `["ab"]`},
	"DescribeRegions":  {},
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

// fixture is a service and its clock.
type fixture struct {
	*Service
	keys counted
}

func newFixture(t *testing.T, edition Edition, change ...func(*Config)) *fixture {
	t.Helper()
	rules, err := RulesOf(edition, keypair.Strict)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{}
	c := Config{World: world.Default(), Rules: rules, Print: PrintRFC4716, Keys: &f.keys}
	for _, ch := range change {
		ch(&c)
	}
	if f.Service, err = New(c); err != nil {
		t.Fatal(err)
	}
	return f
}

// callAs calls an operation for an account and returns the answer's JSON.
func (f *fixture) callAs(account, action string, p params) (map[string]any, error) {
	for _, o := range f.Operations() {
		if o.Action != action {
			continue
		}
		answer, err := o.Handle(context.Background(), &rpc.Call{
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
	return f.callAs(account, action, p)
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

// pairs are the elements of a DescribeKeyPairs answer.
func pairs(answer map[string]any) []map[string]any {
	out := []map[string]any{}
	for _, p := range answer["KeyPairs"].(map[string]any)["KeyPair"].([]any) {
		out = append(out, p.(map[string]any))
	}
	return out
}

// names are the names in a region, in the order listed.
func (f *fixture) names(t *testing.T, p params) []string {
	t.Helper()
	out := []string{}
	for _, pair := range pairs(f.must(t, "DescribeKeyPairs", p)) {
		out = append(out, pair["KeyPairName"].(string))
	}
	return out
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

const (
	badName  = "InvalidKeyPairName.Malformed"
	badKey   = "InvalidPublicKeyBody.Malformed"
	missing  = "MissingParameter"
	noRegion = "InvalidRegionId.NotFound"
	noGroup  = "InvalidResourceGroup.NotFound"
	badTag   = "InvalidTagKey.Malformed"
	badValue = "InvalidTagValue.Malformed"
	invalid  = "InvalidParameter"
	badNames = "InvalidKeyPairNames.ValueNotSupported"
)

// Each refusal differs from a call that succeeds in one parameter, and changes nothing.
func TestRefusals(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 129)
	type refusal struct {
		action, name, value string // value "-" leaves the parameter out
		status              int
		code                string
	}
	var table []refusal
	for _, action := range []string{"ImportKeyPair", "CreateKeyPair"} {
		table = append(table,
			refusal{action, "KeyPairName", "-", 400, missing}, refusal{action, "KeyPairName", "", 400, missing},
			refusal{action, "KeyPairName", "a", 400, badName}, refusal{action, "KeyPairName", long, 400, badName},
			refusal{action, "KeyPairName", "1a", 400, badName}, refusal{action, "KeyPairName", "a/b", 400, badName},
			refusal{action, "KeyPairName", "http://ab", 400, badName}, refusal{action, "ResourceGroupId", "rg-other", 404, noGroup},
			refusal{action, "Tag.1.Key", "", 400, badTag}, refusal{action, "Tag.1.Value", "no key", 400, badTag},
			refusal{action, "Tag.0.Key", "k", 400, badTag}, refusal{action, "Tag.21.Key", "k", 403, "QuotaExceed.Tags"},
			refusal{action, "Tag.1.Key", long, 400, badTag}, refusal{action, "Tag.1.Key", "aliyun", 400, badTag},
			refusal{action, "Tag.1.Key", "acs:", 400, badTag}, refusal{action, "Tag.1.Key", "a https://", 400, badTag})
	}
	table = append(table,
		refusal{"ImportKeyPair", "PublicKeyBody", "-", 400, missing}, refusal{"ImportKeyPair", "PublicKeyBody", "", 400, missing},
		refusal{"ImportKeyPair", "PublicKeyBody", "not a key", 400, badKey},
		refusal{"ImportKeyPair", "PublicKeyBody", sshkeys.Ed25519.Line, 400, badKey},
		refusal{"DescribeKeyPairs", "PageNumber", "0", 400, invalid}, refusal{"DescribeKeyPairs", "PageNumber", "-1", 400, invalid},
		refusal{"DescribeKeyPairs", "PageNumber", "x", 400, invalid}, refusal{"DescribeKeyPairs", "PageNumber", "1.0", 400, invalid},
		refusal{"DescribeKeyPairs", "PageNumber", "+1", 400, invalid}, refusal{"DescribeKeyPairs", "PageSize", "0", 400, invalid},
		refusal{"DescribeKeyPairs", "PageNumber", "99999999999", 400, invalid},
		refusal{"DescribeKeyPairs", "PageSize", "51", 400, invalid}, refusal{"DescribeKeyPairs", "IncludePublicKey", "yes", 400, invalid},
		refusal{"DescribeKeyPairs", "Tag.1.Value", "no key", 400, badTag},
		refusal{"DeleteKeyPairs", "KeyPairNames", "-", 400, missing}, refusal{"DeleteKeyPairs", "KeyPairNames", "", 400, missing},
		refusal{"DeleteKeyPairs", "KeyPairNames", "ab", 400, badNames}, refusal{"DeleteKeyPairs", "KeyPairNames", "[]", 400, badNames},
		refusal{"DeleteKeyPairs", "KeyPairNames", `"ab"`, 400, badNames}, refusal{"DeleteKeyPairs", "KeyPairNames", `["ab"`, 400, badNames},
		refusal{"DeleteKeyPairs", "KeyPairNames", `["ab"] ` + "x", 400, badNames}, refusal{"DeleteKeyPairs", "KeyPairNames", `[1]`, 400, badNames},
		refusal{"DeleteKeyPairs", "KeyPairNames", `["ab",null]`, 400, badNames}, refusal{"DeleteKeyPairs", "KeyPairNames", `[""]`, 400, badNames},
		refusal{"DeleteKeyPairs", "KeyPairNames", `["ab"` + strings.Repeat(`,"x"`, 100) + `]`, 403, "InstanceKeyPairLimitExceeded"},
		refusal{"DescribeRegions", "InstanceChargeType", "x", 403, "Invalid.InstanceChargeType"},
		refusal{"DescribeRegions", "ResourceType", "x", 404, "InvalidResourceType.NotFound"},
		refusal{"DescribeRegions", "AcceptLanguage", "x", 404, "InvalidAcceptLanguage.NotFound"},
	)
	for _, action := range []string{"ImportKeyPair", "CreateKeyPair", "DescribeKeyPairs", "DeleteKeyPairs"} {
		table = append(table, refusal{action, "RegionId", "-", 400, missing}, refusal{action, "RegionId", "", 400, missing},
			refusal{action, "RegionId", "xx-nowhere-9", 404, noRegion}, refusal{action, "RegionId", "CN-Hangzhou", 404, noRegion})
	}
	for _, c := range table {
		t.Run(fmt.Sprintf("%s %s=%.20q", c.action, c.name, c.value), func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			f := newFixture(t, Edition202606)
			const already = "there-before"
			f.must(t, "ImportKeyPair", valid["ImportKeyPair"].with("KeyPairName", already))

			p := valid[c.action].with(c.name, c.value)
			if c.value == "-" {
				p = p.without(c.name)
			}
			_, err := f.call(c.action, p)
			g.Expect(err).To(beRefused(c.status, c.code))
			if c.code == missing || c.code == invalid {
				g.Expect(err.Error()).To(ContainSubstring(`"` + c.name + `"`))
			}
			g.Expect(f.names(t, valid["DescribeKeyPairs"])).To(Equal([]string{already}))
			g.Expect(f.keys.given.Load()).To(BeZero(), "no key is made for a refused call")
			f.must(t, c.action, valid[c.action])
		})
	}
}

// The messages of the ImportKeyPair page, to the letter.
func TestMessages(t *testing.T) {
	t.Parallel()
	f := newFixture(t, Edition202606, func(c *Config) { c.Rules.Quota = 1 })
	base := valid["ImportKeyPair"]
	_, err := f.call("ImportKeyPair", base.without("PublicKeyBody"))
	g := NewWithT(t)
	g.Expect(err).To(MatchError(`MissingParameter: The input parameter "PublicKeyBody" that is mandatory for processing this request is not supplied.`))
	_, err = f.call("ImportKeyPair", base.with("KeyPairName", "a"))
	g.Expect(err).To(MatchError("InvalidKeyPairName.Malformed: Specified Key Pair name is not valid."))
	_, err = f.call("ImportKeyPair", base.with("PublicKeyBody", "{}"))
	g.Expect(err).To(MatchError("InvalidPublicKeyBody.Malformed: The PublicKeyBody format is not supported."))
	_, err = f.call("ImportKeyPair", base.with("ResourceGroupId", "rg-x"))
	g.Expect(err).To(MatchError("InvalidResourceGroup.NotFound: The ResourceGroup provided does not exist in our records."))
	f.must(t, "ImportKeyPair", base)
	_, err = f.call("ImportKeyPair", base)
	g.Expect(err).To(MatchError("KeyPair.AlreadyExist: The key pair already exist."))
	_, err = f.call("ImportKeyPair", base.with("KeyPairName", "cd"))
	g.Expect(err).To(MatchError("QuotaExceed.KeyPair: The key pair quota exceeds."))
}

func TestEditions(t *testing.T) {
	t.Parallel()
	base := valid["ImportKeyPair"]
	for _, c := range []struct {
		name, value      string
		code26, code2011 string // "" = taken
	}{
		{"KeyPairName", "a.b", "", badName},
		{"KeyPairName", "a:b_c-d", "", ""},
		{"KeyPairName", "密钥", "", ""},
		{"KeyPairName", "aЖ٣", "", ""},
		{"KeyPairName", "e\u0301a", badName, badName},
		{"PublicKeyBody", sshkeys.CertRSAV00.Line, badKey, ""},
		{"PublicKeyBody", sshkeys.CertDSSV00.Line, badKey, ""},
		{"PublicKeyBody", sshkeys.CertRSAV01.Line, badKey, ""},
		{"PublicKeyBody", sshkeys.CertDSSV01.Line, badKey, ""},
		{"PublicKeyBody", sshkeys.CertECDSA256V01.Line, badKey, ""},
		{"PublicKeyBody", sshkeys.CertECDSA384V01.Line, badKey, ""},
		{"PublicKeyBody", sshkeys.CertECDSA521V01.Line, badKey, ""},
		{"PublicKeyBody", sshkeys.DSA1024.Line, "", ""},
		{"PublicKeyBody", sshkeys.ECDSA521.Line, "", ""},
		{"PublicKeyBody", sshkeys.Ed25519.Line, badKey, badKey},
		{"Tag.1.Value", "acs:v", "", badValue},
		{"Tag.1.Value", "xacs:", "", ""},
	} {
		for edition, code := range map[Edition]string{Edition202606: c.code26, Edition202011: c.code2011} {
			_, err := newFixture(t, edition).call("ImportKeyPair", base.with("Tag.1.Key", "k").with(c.name, c.value))
			want := BeNil()
			if code != "" {
				want = beRefused(http.StatusBadRequest, code)
			}
			NewWithT(t).Expect(err).To(want, "%s %s=%.40q", edition, c.name, c.value)
		}
	}
	_, err := RulesOf("2019-06", keypair.Strict)
	NewWithT(t).Expect(err).To(MatchError(ContainSubstring(`"2019-06"`)))
	_, err = RulesOf(Edition202606, "deep")
	NewWithT(t).Expect(err).To(MatchError(ContainSubstring(`"deep"`)))
	_, err = New(Config{Print: "sha256"})
	NewWithT(t).Expect(err).To(MatchError(ContainSubstring(`"sha256"`)))
}

// Every sentinel that a step can raise has a row; an error without one stays as it is, an internal error to the gateway.
func TestErrorRows(t *testing.T) {
	t.Parallel()
	rules, err := RulesOf(Edition202606, keypair.Strict)
	g := NewWithT(t)
	g.Expect(err).NotTo(HaveOccurred())
	for _, sentinel := range []error{
		keypair.ErrName, keypair.ErrKey, keypair.ErrTagKey, keypair.ErrTagValue, keypair.ErrTagDuplicate, keypair.ErrTagCount,
		keypair.ErrExists, keypair.ErrQuota, operation.ErrMissing, operation.ErrInvalid, operation.ErrRegion, ErrResourceGroup, ErrNames, ErrTooManyNames,
		ErrAcceptLanguage, ErrResourceType, ErrChargeType,
	} {
		_, ok := errors.AsType[*rpc.Error](rules.Errors.Of(fmt.Errorf("wrapped: %w", sentinel)))
		g.Expect(ok).To(BeTrue(), "%v", sentinel)
	}
	other := errors.New("something else")
	g.Expect(rules.Errors.Of(other)).To(BeIdenticalTo(other))
}

func TestImportKeyPair(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	f := newFixture(t, Edition202606)
	base := valid["ImportKeyPair"]
	g.Expect(f.must(t, "ImportKeyPair", base.with("KeyPairName", "密:a", "OwnerId", "1", "ClientToken", "x"))).To(Equal(map[string]any{
		"KeyPairName": "密:a", "KeyPairFingerPrint": sshkeys.RSA2048.Fingerprint,
	}))
	g.Expect(f.must(t, "ImportKeyPair", base.with("RegionId", region2, "KeyPairName", "密:a"))).To(HaveKey("KeyPairName"))
	_, err := f.callAs(otherAccount, "ImportKeyPair", base.with("KeyPairName", "密:a"))
	g.Expect(err).NotTo(HaveOccurred())
	_, err = f.callAs(otherAccount, "ImportKeyPair", base.with("ResourceGroupId", group))
	g.Expect(err).To(beRefused(404, noGroup), "the group of another account")
	_, err = f.callAs(otherAccount, "ImportKeyPair", base.with("ResourceGroupId", DefaultResourceGroup(account)))
	g.Expect(err).To(beRefused(404, noGroup))

	plain := newFixture(t, Edition202606, func(c *Config) { c.Print = PrintPlain })
	answer := plain.must(t, "ImportKeyPair", base)
	g.Expect(answer["KeyPairFingerPrint"]).To(Equal(strings.ReplaceAll(sshkeys.RSA2048.Fingerprint, ":", "")))
}

func TestCreateKeyPair(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	f := newFixture(t, Edition202606)
	answer := f.must(t, "CreateKeyPair", valid["CreateKeyPair"].with("ResourceGroupId", group, "Tag.1.Key", "k"))
	g.Expect(answer).To(HaveLen(4))
	g.Expect(answer).To(HaveKeyWithValue("KeyPairName", "ab"))
	g.Expect(answer).To(HaveKeyWithValue("PrivateKeyBody", "private key 1"))
	g.Expect(answer).To(HaveKeyWithValue("KeyPairFingerPrint", keypair.Fingerprint{1}.Colons()))
	g.Expect(answer["KeyPairId"]).To(MatchRegexp("^ssh-[a-z0-9]{17}$"))

	_, err := f.call("ImportKeyPair", valid["ImportKeyPair"])
	g.Expect(err).To(beRefused(400, "KeyPair.AlreadyExist"))
	_, err = f.call("CreateKeyPair", valid["CreateKeyPair"])
	g.Expect(err).To(beRefused(400, "KeyPair.AlreadyExist"))
	g.Expect(f.keys.given.Load()).To(BeEquivalentTo(1), "no key is made for nothing")

	found := pairs(f.must(t, "DescribeKeyPairs", valid["DescribeKeyPairs"].with("IncludePublicKey", "true")))
	g.Expect(found).To(HaveLen(1))
	g.Expect(found[0]).To(HaveKeyWithValue("PublicKey", "ssh-rsa key1"))
	g.Expect(found[0]).NotTo(HaveKey("PrivateKeyBody"))
}

func TestDescribeKeyPairs(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	f := newFixture(t, Edition202606)
	base := valid["ImportKeyPair"]
	f.must(t, "ImportKeyPair", base.with("KeyPairName", "web-1", "ResourceGroupId", group,
		"Tag.3.Key", "b", "Tag.3.Value", "2", "Tag.1.Key", "a", "Tag.1.Value", "", "Tag.7.Key", "c", "Tag.8.Other", "ignored"))
	f.must(t, "ImportKeyPair", base.with("KeyPairName", "web-2", "Tag.1.Key", "a", "Tag.1.Value", "1", "ResourceGroupId", ""))
	f.must(t, "ImportKeyPair", base.with("KeyPairName", "db", "PublicKeyBody", sshkeys.ECDSA256.Bare()+"\r\n"))
	f.must(t, "ImportKeyPair", base.with("KeyPairName", "elsewhere", "RegionId", region2))

	all := valid["DescribeKeyPairs"]
	g.Expect(f.must(t, "DescribeKeyPairs", all.with("KeyPairName", "web-1"))).To(Equal(map[string]any{
		"TotalCount": 1.0, "PageNumber": 1.0, "PageSize": 10.0,
		"KeyPairs": map[string]any{"KeyPair": []any{map[string]any{
			"KeyPairName": "web-1", "KeyPairFingerPrint": sshkeys.RSA2048.Fingerprint, "CreationTime": "2026-06-18T22:59Z",
			"ResourceGroupId": group,
			"Tags": map[string]any{"Tag": []any{
				map[string]any{"TagKey": "a", "TagValue": ""}, map[string]any{"TagKey": "b", "TagValue": "2"},
				map[string]any{"TagKey": "c", "TagValue": ""},
			}},
		}}},
	}))
	db := pairs(f.must(t, "DescribeKeyPairs", all.with("KeyPairName", "db", "IncludePublicKey", "True")))
	g.Expect(db).To(ConsistOf(And(
		HaveKeyWithValue("PublicKey", sshkeys.ECDSA256.Bare()),
		HaveKeyWithValue("ResourceGroupId", DefaultResourceGroup(account)),
		HaveKeyWithValue("Tags", map[string]any{"Tag": []any{}}),
	)))
	g.Expect(f.must(t, "DescribeKeyPairs", all.with("KeyPairName", "unknown"))).To(And(
		HaveKeyWithValue("TotalCount", 0.0), HaveKeyWithValue("KeyPairs", map[string]any{"KeyPair": []any{}})))

	print := sshkeys.RSA2048.Fingerprint
	for _, c := range []struct {
		filter params
		want   []string
	}{
		{params{}, []string{"web-1", "web-2", "db"}},
		{params{"KeyPairName": ""}, []string{"web-1", "web-2", "db"}},
		{params{"KeyPairName": "*"}, []string{"web-1", "web-2", "db"}},
		{params{"KeyPairName": "web*"}, []string{"web-1", "web-2"}},
		{params{"KeyPairName": "*2"}, []string{"web-2"}},
		{params{"KeyPairName": "*eb*"}, []string{"web-1", "web-2"}},
		{params{"KeyPairName": "web"}, []string{}},
		{params{"KeyPairName": "WEB-1"}, []string{}},
		{params{"KeyPairFingerPrint": print}, []string{"web-1", "web-2"}},
		{params{"KeyPairFingerPrint": strings.ReplaceAll(print, ":", "")}, []string{"web-1", "web-2"}},
		{params{"KeyPairFingerPrint": strings.ToUpper(print), "KeyPairName": "*1"}, []string{"web-1"}},
		{params{"KeyPairFingerPrint": print + "_fake"}, []string{}},
		{params{"KeyPairFingerPrint": sshkeys.RSA4096.Fingerprint}, []string{}},
		{params{"ResourceGroupId": group}, []string{"web-1"}},
		{params{"ResourceGroupId": DefaultResourceGroup(account)}, []string{"web-2", "db"}},
		{params{"ResourceGroupId": "rg-unknown"}, []string{}},
		{params{"Tag.1.Key": "a"}, []string{"web-1", "web-2"}},
		{params{"Tag.1.Key": "a", "Tag.1.Value": "1"}, []string{"web-2"}},
		{params{"Tag.1.Key": "a", "Tag.1.Value": ""}, []string{"web-1"}},
		{params{"Tag.1.Key": "a", "Tag.2.Key": "b", "Tag.2.Value": "2"}, []string{"web-1"}},
		{params{"Tag.1.Key": "a", "Tag.2.Key": "z"}, []string{}},
		{params{"RegionId": region2}, []string{"elsewhere"}},
		{params{"PageSize": "2"}, []string{"web-1", "web-2"}},
		{params{"PageSize": "2", "PageNumber": "2"}, []string{"db"}},
		{params{"PageSize": "50", "PageNumber": "2147483647"}, []string{}},
	} {
		p := all
		for name, value := range c.filter {
			p = p.with(name, value)
		}
		g.Expect(f.names(t, p)).To(Equal(c.want), "%v", c.filter)
	}
	g.Expect(f.must(t, "DescribeKeyPairs", all.with("PageSize", "2", "PageNumber", "2"))).To(And(
		HaveKeyWithValue("TotalCount", 3.0), HaveKeyWithValue("PageNumber", 2.0), HaveKeyWithValue("PageSize", 2.0)))

	tooMany := all
	for i := range 21 {
		tooMany = tooMany.with(fmt.Sprintf("Tag.%d.Key", i+1), fmt.Sprint("k", i))
	}
	_, err := f.call("DescribeKeyPairs", tooMany)
	g.Expect(err).To(beRefused(403, "QuotaExceed.Tags"))
}

func TestDeleteKeyPairs(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	f := newFixture(t, Edition202606)
	for _, name := range []string{"ab", "cd", "密钥"} {
		f.must(t, "ImportKeyPair", valid["ImportKeyPair"].with("KeyPairName", name))
	}
	g.Expect(f.must(t, "DeleteKeyPairs", params{"RegionId": region2, "KeyPairNames": `["ab"]`})).To(BeEmpty())
	_, err := f.callAs(otherAccount, "DeleteKeyPairs", valid["DeleteKeyPairs"])
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(f.names(t, valid["DescribeKeyPairs"])).To(HaveLen(3), "neither another region nor another account")

	f.must(t, "DeleteKeyPairs", params{"RegionId": region1, "KeyPairNames": ` ["ab", "\u5bc6\u94a5", "never-there", "ab"] `})
	g.Expect(f.names(t, valid["DescribeKeyPairs"])).To(Equal([]string{"cd"}))
	f.must(t, "DeleteKeyPairs", params{"RegionId": region1, "KeyPairNames": `["cd"` + strings.Repeat(`,"x"`, 99) + `]`})
	f.must(t, "ImportKeyPair", valid["ImportKeyPair"])
}

func TestDescribeRegions(t *testing.T) {
	t.Parallel()
	f := newFixture(t, Edition202606, func(c *Config) { c.World.Regions = []string{"cn-hangzhou", "xx-made-up"} })
	for language, name := range map[string]string{"": "华东1（杭州）", "zh-CN": "华东1（杭州）", "en-US": "China (Hangzhou)", "ja": "China (Hangzhou)"} {
		answer := f.must(t, "DescribeRegions", params{"AcceptLanguage": language, "ResourceType": "instance"})
		NewWithT(t).Expect(answer).To(Equal(map[string]any{"Regions": map[string]any{"Region": []any{
			map[string]any{"RegionId": "cn-hangzhou", "RegionEndpoint": "127.0.0.1:1", "LocalName": name, "Status": "available"},
			map[string]any{"RegionId": "xx-made-up", "RegionEndpoint": "127.0.0.1:1", "LocalName": "xx-made-up", "Status": "available"},
		}}}))
	}
}

// Twenty tags of the longest kind fit, one more does not, and two alike are refused.
func TestTagLimits(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	f := newFixture(t, Edition202606)
	p := valid["CreateKeyPair"]
	for i := range 20 {
		key := strings.Repeat("密", 126) + fmt.Sprintf("%02d", i)
		p = p.with(fmt.Sprintf("Tag.%d.Key", i+1), key, fmt.Sprintf("Tag.%d.Value", i+1), strings.Repeat("值", 128))
	}
	_, err := f.call("CreateKeyPair", p.with("Tag.20.Key", p["Tag.1.Key"]))
	g.Expect(err).To(beRefused(400, "Duplicate.TagKey"))
	_, err = f.call("CreateKeyPair", p.with("Tag.21.Key", "one more"))
	g.Expect(err).To(beRefused(403, "QuotaExceed.Tags"))
	_, err = f.call("CreateKeyPair", p.with("Tag.20.Value", strings.Repeat("值", 129)))
	g.Expect(err).To(beRefused(400, badValue))
	f.must(t, "CreateKeyPair", p)
}

// The quota holds for each account and region, over created and imported pairs together.
func TestQuota(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	f := newFixture(t, Edition202606)
	base := valid["ImportKeyPair"]
	for i := range 499 {
		f.must(t, "ImportKeyPair", base.with("KeyPairName", fmt.Sprint("k", i)))
	}
	f.must(t, "CreateKeyPair", valid["CreateKeyPair"])
	for _, action := range []string{"ImportKeyPair", "CreateKeyPair"} {
		_, err := f.call(action, valid[action].with("KeyPairName", "more"))
		g.Expect(err).To(beRefused(403, "QuotaExceed.KeyPair"))
	}
	g.Expect(f.must(t, "DescribeKeyPairs", valid["DescribeKeyPairs"])).To(HaveKeyWithValue("TotalCount", 500.0))
	f.must(t, "ImportKeyPair", base.with("RegionId", region2))
	_, err := f.callAs(otherAccount, "ImportKeyPair", base)
	g.Expect(err).NotTo(HaveOccurred())
	f.must(t, "DeleteKeyPairs", valid["DeleteKeyPairs"])
	f.must(t, "ImportKeyPair", base)
}

// Of simultaneous calls for one name one wins.
func TestOneWinner(t *testing.T) {
	t.Parallel()
	f := newFixture(t, Edition202606, func(c *Config) { c.Rules.Quota = 30 })
	var won atomic.Int32
	var wg sync.WaitGroup
	for i := range 8 {
		action := []string{"ImportKeyPair", "CreateKeyPair"}[i%2]
		wg.Go(func() {
			for n := range 40 {
				if _, err := f.call(action, valid[action].with("KeyPairName", fmt.Sprint("k", n))); err == nil {
					won.Add(1)
				}
			}
		})
	}
	wg.Wait()
	NewWithT(t).Expect(won.Load()).To(BeEquivalentTo(30))
	NewWithT(t).Expect(f.must(t, "DescribeKeyPairs", valid["DescribeKeyPairs"])).To(HaveKeyWithValue("TotalCount", 30.0))
}

func TestDefaultResourceGroup(t *testing.T) {
	t.Parallel()
	NewWithT(t).Expect(DefaultResourceGroup(account)).To(MatchRegexp("^rg-acfm[a-z0-9]{11}$"))
	NewWithT(t).Expect(DefaultResourceGroup(account)).NotTo(Equal(DefaultResourceGroup(otherAccount)))
}
