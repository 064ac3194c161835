package vocabulary

import (
	"strings"
	"testing"

	"github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

	"github.com/kpspec/kpspec/fixtures/sshkeys"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/verdict"
)

// Every member that is wrong is told, and nothing else.
func TestMatchersTellEveryDifference(t *testing.T) {
	row := Row{Status: 400, Code: "InvalidKeyPairName.Malformed", Message: "Bad name."}
	key, other := sshkeys.RSA2048, sshkeys.RSA4096
	pair := &Pair{Name: "n", Fingerprint: "f1", ResourceGroup: "rg", PublicKey: other.Line, Tags: map[string]string{"a": "1", "c": "3"}, Servers: []string{"s"}}
	var none *Pair
	for name, c := range map[string]struct {
		matcher types.GomegaMatcher
		actual  any
		what    string
		negated bool
		want    []report.Mismatch
	}{
		"accepted":        {BeRefused(row), answered(200, `{"RequestId":"r"}`), "", false, []report.Mismatch{{Path: "status", Expected: "400", Got: "200"}, {Path: "Code", Expected: row.Code, Got: "nothing"}, {Path: "Message", Expected: "Bad name.", Got: "nothing"}}},
		"accepted, any":   {BeRefused(AnyRefusal), answered(200, `{}`), "", false, []report.Mismatch{{Path: "status", Expected: "4xx", Got: "200"}, {Path: "Code", Expected: "a text", Got: "nothing"}}},
		"another refusal": {BeRefused(row), answered(404, `{"RequestId":"r","Code":"Other","Message":"Bad name."}`), "", false, []report.Mismatch{{Path: "status", Expected: "400", Got: "404"}, {Path: "Code", Expected: row.Code, Got: "Other"}}},
		"no request id":   {BeRefused(row.Bare()), answered(400, `{"Code":"InvalidKeyPairName.Malformed","Message":"m"}`), "", false, []report.Mismatch{{Path: "RequestId", Expected: "a text", Got: "nothing"}}},
		"refused":         {BeAccepted(), answered(403, `{"RequestId":"r","Code":"NoPermission","Message":"secret=abc"}`), "", false, []report.Mismatch{{Path: "status", Expected: "2xx", Got: "403"}, {Path: "Code", Expected: "nothing", Got: "NoPermission"}, {Path: "Message", Expected: "nothing", Got: "secret=[hidden]"}}},
		"not listed":      {HaveFingerprint("f"), none, "", false, []report.Mismatch{{Path: "key pair", Expected: "listed", Got: "nothing"}}},
		"fingerprint":     {HaveFingerprint("f2"), pair, "", false, []report.Mismatch{{Path: "KeyPairFingerPrint", Expected: "f2", Got: "f1"}}},
		"tags":            {HaveTags(map[string]string{"a": "1", "b": "", "c": "4"}), pair, "", false, []report.Mismatch{{Path: `Tags["b"]`, Expected: `""`, Got: "nothing"}, {Path: `Tags["c"]`, Expected: "4", Got: "3"}}},
		"unchanged": {BeUnchanged(&Pair{Fingerprint: "f0", ResourceGroup: "rg2", Tags: map[string]string{"a": "1"}}), pair, "", false, []report.Mismatch{
			{Path: "KeyPairFingerPrint", Expected: "f0", Got: "f1"}, {Path: "ResourceGroupId", Expected: "rg2", Got: "rg"}, {Path: `Tags["c"]`, Expected: "nothing", Got: "3"}}},
		"flat":          {BeFlat("A", "B", "C"), map[string]any{"A": "x", "C": []any{}}, "", false, []report.Mismatch{{Path: "B", Expected: "a scalar", Got: "nothing"}, {Path: "C", Expected: "a scalar", Got: "a list"}}},
		"member":        {HaveMember("KeyPairName", gomega.Equal("Ab")), answered(200, `{"KeyPairName":"ab"}`), "", false, []report.Mismatch{{Path: "KeyPairName", Expected: "Ab", Got: "ab"}}},
		"no member":     {HaveMember("KeyPairName", BeNonEmptyText()), answered(200, `{}`), "", false, []report.Mismatch{{Path: "KeyPairName", Expected: "a value", Got: "nothing"}}},
		"private key":   {HaveMember("PrivateKeyBody", BeNonEmptyText()), answered(200, `{"PrivateKeyBody":["MIIE"]}`), "", false, []report.Mismatch{{Path: "PrivateKeyBody", Expected: "another value", Got: "a list"}}},
		"servers":       {BindServer("s", "m"), []Pair{*pair}, "", false, []report.Mismatch{{Path: "key pairs bound to s", Expected: `["m"]`, Got: `["n"]`}}},
		"a number":      {gomega.Equal(200), 201, "the status", false, []report.Mismatch{{Path: "the status", Expected: "200", Got: "201"}}},
		"negated":       {gomega.BeEmpty(), []string{}, "", true, []report.Mismatch{{Path: "value", Expected: "not empty", Got: "[]"}}},
		"either":        {gomega.Or(gomega.Equal("true"), gomega.Equal(true)), false, "Success", false, []report.Mismatch{{Path: "Success", Expected: "true", Got: "false"}}},
		"held, negated": {BePresent(), pair, "", true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			g := gomega.NewWithT(t)
			holds, err := c.matcher.Match(c.actual)
			g.Expect(err).NotTo(gomega.HaveOccurred())
			g.Expect(holds).To(gomega.Equal(c.negated))
			g.Expect(differences(c.matcher, c.actual, c.what, c.negated)).To(gomega.Equal(c.want))
			// Lists of deviations pin the sentence: it does not change from one look to the next.
			if !c.negated {
				sentence := c.matcher.FailureMessage(c.actual)
				_, _ = c.matcher.Match(c.actual)
				g.Expect(c.matcher.FailureMessage(c.actual)).To(gomega.Equal(sentence))
				g.Expect(verdict.Normal(sentence)).NotTo(gomega.BeEmpty())
			}
		})
	}

	g := gomega.NewWithT(t)
	m := HoldKey(key.Line)
	_, err := m.Match(pair)
	g.Expect(err).NotTo(gomega.HaveOccurred())
	told := differences(m, pair, "", false)
	g.Expect(told).To(gomega.HaveLen(1))
	g.Expect(told[0].Path).To(gomega.Equal("PublicKey"))
	for _, text := range []string{told[0].Expected, told[0].Got} {
		g.Expect(text).To(gomega.MatchRegexp(`^ssh-rsa AAAA.{16}\.\.\.\(\d+ characters\)\.\.\..{20}`), "the ends of a key are enough")
		g.Expect(len(text)).To(gomega.BeNumerically("<", 150))
	}
	g.Expect(shown(strings.Repeat("MIIEvQIBADAN", 40))).To(gomega.Equal("[hidden]"), "what looks like a key and is not one")
	g.Expect(shown("a\x1b[2J")).To(gomega.Equal(`a\x1b[2J`))
}
