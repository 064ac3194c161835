package vocabulary

import (
	"crypto/rsa"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/onsi/gomega"
	"golang.org/x/crypto/ssh"

	"github.com/kpspec/kpspec/fixtures/sshkeys"
	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/ledger"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/wire"
)

func newKit(t *testing.T) *Kit {
	t.Helper()
	k, err := NewKit(Options{Place: target.Place{ECS: "http://127.0.0.1", World: world.Default()}})
	gomega.NewWithT(t).Expect(err).NotTo(gomega.HaveOccurred())
	return k
}

func TestFreshKeysAreKeysAndDiffer(t *testing.T) {
	g := gomega.NewWithT(t)
	first, second := FreshKey(), FreshKey()
	g.Expect(first).NotTo(gomega.Equal(second))
	key, comment, options, rest, err := ssh.ParseAuthorizedKey([]byte(first))
	g.Expect(err).NotTo(gomega.HaveOccurred())
	g.Expect(key.Type()).To(gomega.Equal("ssh-rsa"))
	g.Expect(comment).To(gomega.BeEmpty())
	g.Expect(options).To(gomega.BeEmpty())
	g.Expect(rest).To(gomega.BeEmpty())
	g.Expect(len(strings.Fields(first)[1])).To(gomega.Equal(372), "the base64 text of a 2048-bit key")
	for range 200 {
		key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(FreshKey()))
		g.Expect(err).NotTo(gomega.HaveOccurred())
		public := key.(ssh.CryptoPublicKey).CryptoPublicKey().(*rsa.PublicKey)
		g.Expect(public.N.BitLen()).To(gomega.Equal(2048))
		for _, prime := range []int64{2, 3, 5, 7, 11, 13, 997} {
			g.Expect(new(big.Int).Mod(public.N, big.NewInt(prime)).Sign()).NotTo(gomega.BeZero())
		}
	}
}

func TestFingerprintsAreWhatSSHKeygenPrinted(t *testing.T) {
	for _, key := range []sshkeys.Key{sshkeys.RSA2048, sshkeys.DSA1024, sshkeys.ECDSA256, sshkeys.ECDSA521, sshkeys.Ed25519} {
		gomega.NewWithT(t).Expect(FingerprintOf(key.Line)).To(gomega.Equal(plain(key.Fingerprint)), key.Name)
	}
	gomega.NewWithT(t).Expect(FingerprintOf("not a key")).To(gomega.BeEmpty())
}

func TestNamesAreUniqueLowerCaseLetters(t *testing.T) {
	g := gomega.NewWithT(t)
	k, seen := newKit(t), map[string]bool{}
	for range 30000 {
		name := k.Name()
		g.Expect(seen[name]).To(gomega.BeFalse(), name)
		seen[name] = true
	}
	g.Expect(k.Name()).To(gomega.MatchRegexp(`^[a-z]{18}$`))
	for _, length := range []int{1, 2, 17, 18, 19, 128} {
		g.Expect(k.NameOf(length)).To(gomega.MatchRegexp(fmt.Sprintf(`^[a-z]{%d}$`, length)))
	}
	g.Expect(newKit(t).Name()).NotTo(gomega.HavePrefix(k.Name()[:11]), "another run has other letters")
	g.Expect(utf8.RuneCountInString(Han(128))).To(gomega.Equal(128))
	g.Expect(len(Han(128))).To(gomega.Equal(384))
}

func TestAnUnknownRuleDoesNotCompileIntoTheTree(t *testing.T) {
	g := gomega.NewWithT(t)
	k := newKit(t)
	g.Expect(func() { k.Rule("ECS-IMP-NO-SUCH-RULE") }).To(gomega.PanicWith(gomega.ContainSubstring("ECS-IMP-NO-SUCH-RULE")))
	g.Expect(func() { k.Rule("ECS-IMP-NAME-EMPTY.no-such-clause") }).To(gomega.PanicWith(gomega.ContainSubstring("no-such-clause")))
	g.Expect(func() { k.Rule("ECS-IMP-NAME-EMPTY.code") }).NotTo(gomega.Panic())
}

func TestBatchesAreOfOneAccountAndRegionAndNotTooLarge(t *testing.T) {
	g, k := gomega.NewWithT(t), newKit(t)
	var entries []ledger.Entry
	for i := range 250 {
		entries = append(entries, ledger.Entry{Product: "ECS", Account: world.Default().Accounts[0].ID, Region: fmt.Sprint("r", i%2), Name: fmt.Sprint(i)})
	}
	total := 0
	for _, batch := range k.batches(entries) {
		g.Expect(len(batch)).To(gomega.BeNumerically("<=", 100))
		for _, e := range batch {
			g.Expect(e.Region).To(gomega.Equal(batch[0].Region))
		}
		total += len(batch)
	}
	g.Expect(total).To(gomega.Equal(250))
}

func answered(status int, body string) *wire.Answer {
	return &wire.Answer{Status: status, Header: http.Header{}, Body: []byte(body)}
}

func TestMatchersOfAnswers(t *testing.T) {
	const envelope = `{"RequestId":"r","HostId":"h","Code":"InvalidKeyPairName.Malformed","Message":"Specified Key Pair name is not valid.","Recommend":""}`
	row := Row{Status: 400, Code: "InvalidKeyPairName.Malformed", Message: "Specified Key Pair name is not valid."}
	for _, c := range []struct {
		what     string
		answer   *wire.Answer
		accepted bool
		refused  map[Row]bool
	}{
		{"a success", answered(200, `{"RequestId":"r"}`), true, map[Row]bool{AnyRefusal: false, row: false}},
		{"an error envelope with 200", answered(200, envelope), false, map[Row]bool{AnyRefusal: false, row: false}},
		{"a success with a member Code", answered(200, `{"RequestId":"r","KeyPairName":"n","Code":"200"}`), true, map[Row]bool{AnyRefusal: false}},
		{"a success that is no object", answered(200, `[]`), false, map[Row]bool{AnyRefusal: false}},
		{"201", answered(201, `{"RequestId":"r"}`), true, map[Row]bool{AnyRefusal: false}},
		{"the row", answered(400, envelope), false, map[Row]bool{AnyRefusal: true, row: true, row.Bare(): true,
			{Naming: "Key Pair"}: true, {Naming: "RegionId"}: false, {Status: 403}: false, {Code: "Other"}: false, {Message: "other"}: false}},
		{"another status", answered(404, envelope), false, map[Row]bool{AnyRefusal: true, row: false, row.Bare(): false}},
		{"a server error", answered(500, envelope), false, map[Row]bool{AnyRefusal: false, row: false}},
		{"no RequestId", answered(400, `{"Code":"InvalidKeyPairName.Malformed","Message":"Specified Key Pair name is not valid."}`), false, map[Row]bool{AnyRefusal: false, row: false}},
		{"an empty object", answered(400, `{}`), false, map[Row]bool{AnyRefusal: false}},
		{"a page", answered(400, `<html></html>`), false, map[Row]bool{AnyRefusal: false}},
	} {
		t.Run(c.what, func(t *testing.T) {
			g := gomega.NewWithT(t)
			holds, err := BeAccepted().Match(c.answer)
			g.Expect(err).NotTo(gomega.HaveOccurred())
			g.Expect(holds).To(gomega.Equal(c.accepted))
			for row, want := range c.refused {
				holds, err := BeRefused(row).Match(c.answer)
				g.Expect(err).NotTo(gomega.HaveOccurred())
				g.Expect(holds).To(gomega.Equal(want), row.String())
			}
		})
	}
}

func TestMatchersOfKeyPairs(t *testing.T) {
	g := gomega.NewWithT(t)
	holds := func(m interface{ Match(any) (bool, error) }, p *Pair) bool {
		ok, err := m.Match(p)
		g.Expect(err).NotTo(gomega.HaveOccurred())
		return ok
	}
	key := sshkeys.RSA2048
	pair := &Pair{Name: "n", Fingerprint: plain(key.Fingerprint), ResourceGroup: "rg", PublicKey: key.Bare() + " comment", Tags: map[string]string{"k": ""},
		Members: map[string]any{"KeyPairName": "n"}}
	leaking := &Pair{Members: map[string]any{"PrivateKeyBody": "x"}}

	g.Expect(holds(BePresent(), pair)).To(gomega.BeTrue())
	g.Expect(holds(BePresent(), nil)).To(gomega.BeFalse())
	g.Expect(holds(BeAbsent(), pair)).To(gomega.BeFalse())
	g.Expect(holds(BeAbsent(), nil)).To(gomega.BeTrue())
	g.Expect(holds(HaveFingerprint(key.Fingerprint), pair)).To(gomega.BeTrue())
	g.Expect(holds(HaveFingerprint(sshkeys.DSA1024.Fingerprint), pair)).To(gomega.BeFalse())
	g.Expect(holds(HaveFingerprint(key.Fingerprint), nil)).To(gomega.BeFalse())
	g.Expect(holds(HoldKey(key.Line), pair)).To(gomega.BeTrue())
	g.Expect(holds(HoldKey(sshkeys.RSA4096.Line), pair)).To(gomega.BeFalse())
	g.Expect(holds(HoldKey(key.Line), &Pair{})).To(gomega.BeFalse())
	g.Expect(holds(BelongToGroup("rg"), pair)).To(gomega.BeTrue())
	g.Expect(holds(BelongToGroup("other"), pair)).To(gomega.BeFalse())
	g.Expect(holds(HaveTags(map[string]string{"k": ""}), pair)).To(gomega.BeTrue())
	g.Expect(holds(HaveTags(map[string]string{"k": "v"}), pair)).To(gomega.BeFalse())
	g.Expect(holds(HaveTags(map[string]string{}), pair)).To(gomega.BeFalse())
	g.Expect(holds(ListNoPrivateKey(), pair)).To(gomega.BeTrue())
	g.Expect(holds(ListNoPrivateKey(), leaking)).To(gomega.BeFalse())
	g.Expect(holds(ListNoPrivateKey(), nil)).To(gomega.BeFalse())
}

// Of several requests for one name, each may win, and the one that loses may be back first or last.
func TestTheLoserOfARaceDoesNotStrikeWhatTheWinnerHasMade(t *testing.T) {
	g := gomega.NewWithT(t)
	e := ledger.Entry{Product: "SWAS", Region: "r", Name: "n"}
	for _, refused := range [][]bool{{true, false}, {false, true}} {
		var c claims
		l := &ledger.Ledger{}
		c.begin(l, e)
		c.begin(l, e)
		c.end(l, e, refused[0])
		g.Expect(l.Holds(e)).To(gomega.BeTrue(), "while one is under way")
		c.end(l, e, refused[1])
		g.Expect(l.Holds(e)).To(gomega.BeTrue())

		c.begin(l, e) // a later request for the same name
		c.end(l, e, true)
		g.Expect(l.Holds(e)).To(gomega.BeTrue())
	}
	var c claims
	l := &ledger.Ledger{}
	c.begin(l, e)
	c.begin(l, e)
	c.end(l, e, true)
	c.end(l, e, true)
	g.Expect(l.Holds(e)).To(gomega.BeFalse(), "nobody has made it")
}

func TestWhatIsKeptOutlivesItsSpec(t *testing.T) {
	g := gomega.NewWithT(t)
	k, err := NewKit(Options{Place: target.Place{SWAS: "http://127.0.0.1", World: world.Default()}})
	g.Expect(err).NotTo(gomega.HaveOccurred())
	e := k.SWAS.entry(k.Region(), "n")
	k.ledger.Note(e)
	stock := k.SWAS.Stock()
	k.SWAS.Keep("n", stock)
	g.Expect(k.ledger.Open()).To(gomega.BeEmpty())
	g.Expect(stock.ledger.Open()).To(gomega.Equal([]ledger.Entry{e}))
	g.Expect(k.stocks.hold(e)).To(gomega.BeTrue(), "a replay of its request must not make it the next spec's")
}
