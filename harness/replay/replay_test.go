package replay_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/sshkeys"
	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/evidence"
	"github.com/kpspec/kpspec/harness/replay"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/wire"
)

// fine is a transport that answers everything with an empty object.
type fine struct{}

func (fine) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{Status: "200 OK", StatusCode: 200, Proto: "HTTP/1.1", Header: http.Header{},
		Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
}

var identities = []world.Identity{
	{Name: "owner", AccessKeyID: "id-of-owner", AccessKeySecret: "secret-of-owner"},
	{Name: "session", AccessKeyID: "id-of-session", AccessKeySecret: "secret-of-session", SecurityToken: "token/of+session="},
}

// recorded sends a call and returns the record of it.
func recorded(t *testing.T, id world.Identity, call wire.Call) evidence.Exchange {
	t.Helper()
	r := evidence.NewRecorder(fine{})
	c, err := wire.NewClient("http://h:1", id, wire.WithTransport(r), wire.WithSender("ECS", "1"))
	if err != nil {
		t.Fatal(err)
	}
	if a := c.Do(t.Context(), call); a.Err != nil {
		t.Fatal(a.Err)
	}
	return r.Take()[0]
}

// lasting is what of a record does not differ from one time to the next. Of a body
// that is not the one whose hash was sent the record does not tell the latter.
func lasting(x evidence.Exchange) evidence.Message {
	m := x.Request
	var h [][2]string
	for _, v := range m.Header {
		if v[0] != "X-Acs-Date" && v[0] != "X-Acs-Signature-Nonce" && !(v[0] == "X-Acs-Content-Sha256" && x.Tampered != "") {
			h = append(h, v)
		}
	}
	m.Header = h
	m.Params = slices.DeleteFunc(slices.Clone(m.Params), func(p evidence.Param) bool { return p.Name == "Timestamp" || p.Name == "SignatureNonce" })
	return m
}

// A call that is made from the record of another one goes over the wire as that one did, whatever its shape and fault.
func TestARecordedCallCanBeMadeAgain(t *testing.T) {
	t.Parallel()
	call := wire.Call{Action: "ImportKeyPair", Version: "2014-05-26", Nonce: "a-nonce", Params: []wire.Param{
		{Name: "RegionId", Value: "cn-hangzhou"}, {Name: "KeyPairName", Value: ""}, {Name: "KeyPairName", Value: "a b'\"密\n$x"},
		{Name: "Tag.1.Key", Value: "k"}, {Name: "Action", Value: "of the operation"}, {Name: "ClientToken", Value: "t"},
	}}
	variants := map[string]func(wire.Call) wire.Call{
		"plain":      func(c wire.Call) wire.Call { return c },
		"XML":        func(c wire.Call) wire.Call { c.Format = "XML"; return c },
		"no format":  func(c wire.Call) wire.Call { c.OmitFormat = true; return c },
		"no action":  func(c wire.Call) wire.Call { c.Action = ""; return c.Without("Action") },
		"no version": func(c wire.Call) wire.Call { c.Version = ""; return c },
		"tampered": func(c wire.Call) wire.Call {
			c.Break, c.Tamper = wire.TamperedParam, wire.Param{Name: "RegionId", Value: "x"}
			return c
		},
	}
	for _, fault := range wire.Breaks {
		variants[string(fault)] = func(c wire.Call) wire.Call { c.Break = fault; return c }
	}
	for name, variant := range variants {
		for _, shape := range wire.Shapes {
			for _, id := range identities {
				c := variant(call)
				if c.Shape = shape; !c.Break.Applies(shape, id.SecurityToken != "") {
					continue
				}
				t.Run(name+" "+string(shape)+" "+id.Name, func(t *testing.T) {
					t.Parallel()
					g := NewWithT(t)
					first := recorded(t, id, c)
					again, err := replay.CallOf(first)
					g.Expect(err).NotTo(HaveOccurred())
					second := recorded(t, id, again)
					g.Expect(lasting(second)).To(Equal(lasting(first)))
					g.Expect(second.Origin).To(Equal(first.Origin))
				})
			}
		}
	}
}

func TestWhatTheRecordDoesNotHoldIsSaid(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	x := recorded(t, identities[0], wire.Call{Action: "A", Params: []wire.Param{{Name: "RegionId", Value: "r"}, {Name: "Other", Value: "v"}, {Name: "KeyPairName", Value: "\xff"}}})
	_, err := replay.CallOf(x)
	g.Expect(err).To(MatchError("the report does not hold what was sent as Other, KeyPairName: it is hidden, cut, or not UTF-8"))
	x.Product = ""
	_, err = replay.CallOf(x)
	g.Expect(err).To(MatchError("the report does not say how it was sent"))
}

// typed is what a POSIX shell makes of a line: the words of the command.
func typed(t *testing.T, line string, environment ...string) []string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "sh", "-c", `curl() { printf '%s\0' "$@"; }; aliyun() { printf '%s\0' "$@"; }; `+line)
	command.Env = environment
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

const awkward = `it's "$HOME" ` + "`id`" + ` \n !1 * ; & | # 密钥`

func TestCurlLineIsTheRequest(t *testing.T) {
	t.Parallel()
	for _, id := range identities {
		for _, shape := range wire.Shapes {
			t.Run(string(shape)+" "+id.Name, func(t *testing.T) {
				t.Parallel()
				g := NewWithT(t)
				c, err := wire.NewClient("http://127.0.0.1:80", id)
				g.Expect(err).NotTo(HaveOccurred())
				call := wire.Call{Action: "ImportKeyPair", Version: "v", Shape: shape, Params: []wire.Param{{Name: "KeyPairName", Value: awkward}}}
				req, err := c.Request(t.Context(), call)
				g.Expect(err).NotTo(HaveOccurred())
				body, err := io.ReadAll(req.Body)
				g.Expect(err).NotTo(HaveOccurred())
				req.Body = io.NopCloser(bytes.NewReader(body))
				line, needs, err := replay.Curl(req, id.SecurityToken)
				g.Expect(err).NotTo(HaveOccurred())
				for _, secret := range []string{id.AccessKeySecret, "token/of", "token%2Fof"} {
					g.Expect(line).NotTo(ContainSubstring(secret))
				}
				g.Expect(needs != "").To(Equal(id.SecurityToken != ""))
				words := typed(t, line, "KPSPEC_SECURITY_TOKEN=token/of+session=", "KPSPEC_SECURITY_TOKEN_ENCODED=token%2Fof%2Bsession%3D")
				g.Expect(words).To(ContainElement(req.URL.String()))
				for name, values := range req.Header {
					if name == "User-Agent" {
						g.Expect(words).To(ContainElements("-A", values[0]))
						continue
					}
					g.Expect(words).To(ContainElement(name + ": " + values[0]))
				}
				g.Expect(words).To(ContainElement("Host: 127.0.0.1:80")) // curl would leave it out
				if req.Method == http.MethodPost {
					g.Expect(words).To(ContainElements("POST", "--data-raw", string(body)))
				}
			})
		}
	}
}

func TestAliyunLine(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	call := wire.Call{Action: "ImportKeyPair", Version: "2014-05-26", Params: []wire.Param{
		{Name: "RegionId", Value: "cn-hangzhou"}, {Name: "KeyPairName", Value: awkward}, {Name: "PublicKeyBody", Value: "ssh-rsa AAAA+/== c"}, {Name: "Tag.1.Key", Value: "-k"}, {Name: "Tag.1.Value", Value: ""},
	}}
	line, err := replay.Aliyun("ECS", "http://127.0.0.1:8080", call)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(line).To(HavePrefix("aliyun ecs ImportKeyPair --RegionId cn-hangzhou --KeyPairName 'it'"))
	g.Expect(typed(t, line)).To(Equal([]string{
		"ecs", "ImportKeyPair", "--RegionId", "cn-hangzhou", "--KeyPairName", awkward, "--PublicKeyBody", "ssh-rsa AAAA+/== c",
		"--Tag.1.Key=-k", "--Tag.1.Value", "", "--endpoint", "127.0.0.1:8080", "--insecure",
	}))
	line, err = replay.Aliyun("SWAS", "https://swas.example", wire.Call{Action: "Importkeypair", Version: "2020-06-01", Params: []wire.Param{{Name: "RegionId", Value: "r"}}})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(line).To(Equal("aliyun swas-open Importkeypair --RegionId r --version 2020-06-01 --force --endpoint swas.example"))

	for want, change := range map[string]func(*wire.Call){
		"the fault stale-clock":            func(c *wire.Call) { c.Break = wire.StaleClock },
		"always names an operation":        func(c *wire.Call) { c.Action = "" },
		"always asks for JSON":             func(c *wire.Call) { c.Format = "XML" },
		"always names a region":            func(c *wire.Call) { *c = c.Without("RegionId") },
		"sends KeyPairName only once":      func(c *wire.Call) { c.Params = append(c.Params, wire.Param{Name: "KeyPairName"}) },
		"other characters that do not pri": func(c *wire.Call) { *c = c.With("KeyPairName", "a\x1b[2Jb") },
	} {
		c := call
		change(&c)
		_, err := replay.Aliyun("ECS", "http://127.0.0.1:8080", c)
		g.Expect(err).To(MatchError(ContainSubstring(want)))
	}
}

// served starts the embedded reference.
func served(t *testing.T) target.Place {
	t.Helper()
	under, err := target.New(target.Config{}, "")
	if err != nil {
		t.Fatal(err)
	}
	place, err := under.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = under.Stop(context.Background()) })
	return place
}

// A replay sends nothing that would harm what was there before, and leaves nothing behind.
func TestAReplayTouchesOnlyWhatItHasMade(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	place := served(t)
	owner := place.World.Accounts[0].Identities[0]
	server := ""
	for _, s := range place.World.Accounts[0].Servers {
		if s.Region == "cn-hangzhou" && s.OS == "linux" && s.Status == "Running" {
			server = s.ID
		}
	}
	do := func(product, version, action string, params ...wire.Param) *wire.Answer {
		c, err := wire.NewClient(place.ECS, owner)
		g.Expect(err).NotTo(HaveOccurred())
		return c.Do(t.Context(), wire.Call{Action: action, Version: version, Params: append([]wire.Param{{Name: "RegionId", Value: "cn-hangzhou"}}, params...)})
	}
	key := sshkeys.All()[0].Line
	name := func(v string) wire.Param { return wire.Param{Name: "KeyPairName", Value: v} }
	g.Expect(do("ECS", "2014-05-26", "ImportKeyPair", name("theirs"), wire.Param{Name: "PublicKeyBody", Value: key}).Status).To(Equal(200))
	g.Expect(do("SWAS", "2020-06-01", "CreateKeyPair", name("theirs")).Status).To(Equal(200))
	g.Expect(do("SWAS", "2020-06-01", "AttachKeyPair", name("theirs"), wire.Param{Name: "InstanceIds.1", Value: server}).Status).To(Equal(200))

	at := time.Now()
	exchange := func(product, version, action string, params ...wire.Param) evidence.Exchange {
		call := wire.Call{Action: action, Version: version, Params: append([]wire.Param{{Name: "RegionId", Value: "cn-hangzhou"}}, params...)}
		x := recorded(t, owner, call)
		x.Product, x.Account = product, place.World.Accounts[0].ID
		at = at.Add(time.Minute) // one after the other
		x.Started, x.Duration = at, time.Second
		x.Action = action
		return x
	}
	ecs := func(action string, params ...wire.Param) evidence.Exchange {
		return exchange("ECS", "2014-05-26", action, params...)
	}
	swas := func(action string, params ...wire.Param) evidence.Exchange {
		return exchange("SWAS", "2020-06-01", action, params...)
	}
	var out bytes.Buffer
	rule := report.Rule{ID: "ECS-IMP-X", Specs: []report.Spec{{Text: "a spec", Exchanges: []evidence.Exchange{
		ecs("ImportKeyPair", name("theirs"), wire.Param{Name: "PublicKeyBody", Value: key}),
		ecs("DeleteKeyPairs", wire.Param{Name: "KeyPairNames", Value: `["theirs"]`}),
		ecs("ImportKeyPair", name("ours"), wire.Param{Name: "PublicKeyBody", Value: key}),
		ecs("ImportKeyPair", name("ours"), wire.Param{Name: "PublicKeyBody", Value: key}), // refused: it is taken
		ecs("ImportKeyPair", name("gone"), wire.Param{Name: "PublicKeyBody", Value: key}),
		ecs("DeleteKeyPairs", wire.Param{Name: "KeyPairNames", Value: `["gone"]`}),
		ecs("StopInstance", wire.Param{Name: "InstanceId", Value: "i-1"}),
		swas("CreateKeyPair", name("ours")),
		swas("DeleteKeyPairs", wire.Param{Name: "KeyPairNames.1", Value: "theirs"}),
		swas("AttachKeyPair", name("ours"), wire.Param{Name: "InstanceIds.1", Value: server}),
		swas("DetachKeyPair", name("theirs"), wire.Param{Name: "InstanceIds.1", Value: server}),
	}}}}
	err := replay.Run(t.Context(), replay.Options{Rule: rule, World: place.World, Place: &place, ECS: place.ECS, SWAS: place.SWAS, Out: &out})
	g.Expect(err).NotTo(HaveOccurred())
	var came []string
	for line := range strings.Lines(out.String()) {
		if what, found := strings.CutPrefix(line, "  now       "); found {
			came = append(came, strings.TrimSpace(what))
		} else if what, found := strings.CutPrefix(line, "  not sent  "); found {
			came = append(came, strings.TrimSpace(what))
		}
	}
	g.Expect(came).To(Equal([]string{
		"400 KeyPair.AlreadyExist",
		"it would delete the key pair theirs, which this replay has not made",
		"200", "400 KeyPair.AlreadyExist", "200", "200",
		"it is not about key pairs",
		"200",
		"it would delete the key pair theirs, which this replay has not made",
		"it would change the server " + server + ", to which a key pair is bound that this replay has not made",
		"it would change the server " + server + ", to which a key pair is bound that this replay has not made",
	}))
	listed := string(do("ECS", "2014-05-26", "DescribeKeyPairs").Body) + string(do("SWAS", "2020-06-01", "ListKeyPairs").Body)
	g.Expect(strings.Count(listed, `"theirs"`)).To(Equal(2))
	g.Expect(listed).To(ContainSubstring(server))
	g.Expect(listed).NotTo(ContainSubstring(`"ours"`))
	g.Expect(listed).NotTo(ContainSubstring(`"gone"`))
	for _, secret := range place.World.Secrets() {
		g.Expect(out.String()).NotTo(ContainSubstring(secret))
	}
}

// What a report says can move no cursor.
func TestTheReportIsNotTrusted(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	x := recorded(t, identities[0], wire.Call{Action: "ImportKeyPair", Version: "v", Params: []wire.Param{{Name: "RegionId", Value: "r"}}})
	x.Action, x.Identity, x.Response.Line = "Import\x1b[2J", "own\u202eer", "HTTP/1.1 200\x1b[2J OK"
	var out bytes.Buffer
	rule := report.Rule{ID: "R", Statement: "s\x1b[1m", Specs: []report.Spec{{Text: "t\x1b[1m", Exchanges: []evidence.Exchange{x}}}}
	w := world.World{Regions: []string{"r"}, Accounts: []world.Account{{ID: "1", Identities: identities}}}
	g.Expect(replay.Run(t.Context(), replay.Options{Rule: rule, World: w, ECS: "http://h:1", Out: &out})).To(Succeed())
	g.Expect(out.String()).NotTo(ContainSubstring("\x1b"))
	g.Expect(out.String()).NotTo(ContainSubstring("\u202e"))
	g.Expect(out.String()).To(ContainSubstring("# no curl line: the world has no identity"))
}
