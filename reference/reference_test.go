package reference_test

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	sdk "github.com/alibabacloud-go/ecs-20140526/v4/client"
	"github.com/alibabacloud-go/tea/tea"
	. "github.com/onsi/gomega"
	"golang.org/x/crypto/ssh"

	"github.com/kpspec/kpspec/fixtures/sshkeys"
	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/reference"
	"github.com/kpspec/kpspec/reference/keypair"
)

// keys is shared by the servers of all tests, which is what Options.Keys is for.
var keys = keypair.NewPool(2)

// start serves a reference server on a loopback port until the test ends, and returns its URL.
func start(t *testing.T, o reference.Options) string {
	t.Helper()
	if o.Keys == nil {
		o.Keys = keys
	}
	server, err := reference.New(world.Default(), o)
	if err != nil {
		t.Fatal(err)
	}
	listener := httptest.NewServer(server)
	t.Cleanup(func() {
		listener.Close()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return listener.URL
}

// httpClient sends the SDK's requests. The SDK's own is shared by all its clients for one address, and written to by each
// call.
type httpClient struct{}

func (httpClient) Call(r *http.Request, _ *http.Transport) (*http.Response, error) {
	return http.DefaultClient.Do(r)
}

// client is the official SDK's client for the server at url. algorithm "v2" makes it sign as V1, "" as V3. It is for one
// goroutine, since each call writes to it.
func client(t *testing.T, url string, id world.Identity, algorithm string) *sdk.Client {
	t.Helper()
	config := &openapi.Config{
		AccessKeyId: tea.String(id.AccessKeyID), AccessKeySecret: tea.String(id.AccessKeySecret),
		Endpoint: tea.String(strings.TrimPrefix(url, "http://")), Protocol: tea.String("HTTP"), HttpClient: httpClient{},
	}
	if id.SecurityToken != "" {
		config.SecurityToken = tea.String(id.SecurityToken)
	}
	if algorithm != "" {
		config.SignatureAlgorithm = tea.String(algorithm)
	}
	c, err := sdk.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// owners are the identities of the first account to which nothing is denied: a plain one and one with a security token.
func owners(w world.World) []world.Identity {
	return slices.DeleteFunc(slices.Clone(w.Accounts[0].Identities), func(id world.Identity) bool {
		return len(id.Policies) > 0 || id.SessionPolicy != nil
	})
}

func owner() world.Identity { return world.Default().Accounts[0].Identities[0] }

func importRequest(name, body string) *sdk.ImportKeyPairRequest {
	return &sdk.ImportKeyPairRequest{
		RegionId: tea.String("cn-hangzhou"), KeyPairName: tea.String(name), PublicKeyBody: tea.String(body),
	}
}

// code is the error code that the SDK made of an error.
func code(err error) string {
	var e *tea.SDKError
	if !errors.As(err, &e) {
		return ""
	}
	return tea.StringValue(e.Code)
}

// Every operation through the official client, in both editions, with both signatures and as each identity.
func TestEveryOperation(t *testing.T) {
	t.Parallel()
	for _, edition := range []string{"2026-06", "2020-11"} {
		url := start(t, reference.Options{Edition: edition})
		for _, algorithm := range []string{"", "v2"} {
			for _, id := range owners(world.Default()) {
				t.Run(edition+" "+algorithm+" "+id.Name, func(t *testing.T) { // one after the other: they share the server
					everyOperation(t, client(t, url, id, algorithm))
				})
			}
		}
	}
}

func everyOperation(t *testing.T, c *sdk.Client) {
	g := NewWithT(t)
	listed, err := c.DescribeRegions(&sdk.DescribeRegionsRequest{})
	g.Expect(err).NotTo(HaveOccurred())
	var regions []string
	for _, r := range listed.Body.Regions.Region {
		regions = append(regions, tea.StringValue(r.RegionId))
	}
	g.Expect(regions).To(Equal(world.Default().Regions))

	request := importRequest("密:k-1_é", sshkeys.RSA2048.Line+"\n")
	request.ResourceGroupId = tea.String(world.Default().Accounts[0].ResourceGroups[0])
	request.Tag = []*sdk.ImportKeyPairRequestTag{
		{Key: tea.String("a b*~+"), Value: tea.String("值")}, {Key: tea.String("empty"), Value: tea.String("")}, {Key: tea.String("none")},
	}
	imported, err := c.ImportKeyPair(request)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(tea.StringValue(imported.Body.KeyPairName)).To(Equal("密:k-1_é"))
	g.Expect(tea.StringValue(imported.Body.KeyPairFingerPrint)).To(Equal(sshkeys.RSA2048.Fingerprint))
	g.Expect(tea.StringValue(imported.Body.RequestId)).To(MatchRegexp("^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$"))
	_, err = c.ImportKeyPair(request)
	g.Expect(code(err)).To(Equal("KeyPair.AlreadyExist"))

	created, err := c.CreateKeyPair(&sdk.CreateKeyPairRequest{
		RegionId: tea.String("cn-hangzhou"), KeyPairName: tea.String("made"),
		Tag: []*sdk.CreateKeyPairRequestTag{{Key: tea.String("k"), Value: tea.String("v")}},
	})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(tea.StringValue(created.Body.KeyPairId)).NotTo(BeEmpty())
	block, rest := pem.Decode([]byte(tea.StringValue(created.Body.PrivateKeyBody)))
	g.Expect(rest).To(BeEmpty())
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	g.Expect(err).NotTo(HaveOccurred())
	signer, err := ssh.NewSignerFromKey(private)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(tea.StringValue(created.Body.KeyPairFingerPrint)).To(Equal(ssh.FingerprintLegacyMD5(signer.PublicKey())))

	described, err := c.DescribeKeyPairs(&sdk.DescribeKeyPairsRequest{
		RegionId: tea.String("cn-hangzhou"), IncludePublicKey: tea.Bool(true), PageSize: tea.Int32(50),
	})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(tea.Int32Value(described.Body.TotalCount)).To(BeEquivalentTo(2))
	g.Expect(described.Body.KeyPairs.KeyPair).To(HaveLen(2))
	first, second := described.Body.KeyPairs.KeyPair[0], described.Body.KeyPairs.KeyPair[1]
	g.Expect(tea.StringValue(first.ResourceGroupId)).To(Equal(world.Default().Accounts[0].ResourceGroups[0]))
	g.Expect(tea.StringValue(first.PublicKey)).To(Equal(sshkeys.RSA2048.Line))
	g.Expect(first.Tags.Tag).To(HaveLen(3))
	_, err = time.Parse("2006-01-02T15:04Z", tea.StringValue(first.CreationTime))
	g.Expect(err).NotTo(HaveOccurred())
	public, _, _, _, err := ssh.ParseAuthorizedKey([]byte(tea.StringValue(second.PublicKey)))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(public.Marshal()).To(Equal(signer.PublicKey().Marshal()))

	_, err = c.DeleteKeyPairs(&sdk.DeleteKeyPairsRequest{
		RegionId: tea.String("cn-hangzhou"), KeyPairNames: tea.String(`["密:k-1_é","made","never-there"]`),
	})
	g.Expect(err).NotTo(HaveOccurred())
	described, err = c.DescribeKeyPairs(&sdk.DescribeKeyPairsRequest{RegionId: tea.String("cn-hangzhou")})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(described.Body.KeyPairs.KeyPair).To(BeEmpty())
}

func TestAccountsAreApart(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	url := start(t, reference.Options{})
	mine, other := client(t, url, owner(), ""), client(t, url, world.Default().Accounts[1].Identities[0], "")
	for _, c := range []*sdk.Client{mine, other} {
		_, err := c.ImportKeyPair(importRequest("same", sshkeys.RSA2048.Line))
		g.Expect(err).NotTo(HaveOccurred())
	}
	request := importRequest("mine", sshkeys.RSA2048.Line)
	request.ResourceGroupId = tea.String(world.Default().Accounts[0].ResourceGroups[0])
	_, err := other.ImportKeyPair(request)
	g.Expect(code(err)).To(Equal("InvalidResourceGroup.NotFound"))

	thief := owner()
	thief.AccessKeySecret = "wrong"
	_, err = client(t, url, thief, "").ImportKeyPair(importRequest("stolen", sshkeys.RSA2048.Line))
	g.Expect(code(err)).To(Equal("SignatureDoesNotMatch"))
}

func TestSwitches(t *testing.T) {
	t.Parallel()
	plain := client(t, start(t, reference.Options{Fingerprint: "plain"}), owner(), "")
	answer, err := plain.ImportKeyPair(importRequest("ab", sshkeys.RSA2048.Line))
	g := NewWithT(t)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(tea.StringValue(answer.Body.KeyPairFingerPrint)).To(Equal(strings.ReplaceAll(sshkeys.RSA2048.Fingerprint, ":", "")))

	const damaged = "ssh-rsa AAAAB3Nza12345678qwertyuudsfsg"
	_, err = plain.ImportKeyPair(importRequest("cd", damaged))
	g.Expect(code(err)).To(Equal("InvalidPublicKeyBody.Malformed"))
	shallow := client(t, start(t, reference.Options{KeyCheck: "shallow"}), owner(), "")
	answer, err = shallow.ImportKeyPair(importRequest("cd", damaged))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(tea.StringValue(answer.Body.KeyPairFingerPrint)).NotTo(BeEmpty())

	for name, o := range map[string]reference.Options{
		"2019-01": {Edition: "2019-01"}, "sha256": {Fingerprint: "sha256"}, "deep": {KeyCheck: "deep"},
	} {
		_, err := reference.New(world.Default(), o)
		g.Expect(err).To(MatchError(ContainSubstring(name)))
	}
	_, err = reference.New(world.World{}, reference.Options{})
	g.Expect(err).To(MatchError(ContainSubstring("world")))
}

// Of simultaneous imports of one name over HTTP one wins.
func TestOneWinner(t *testing.T) {
	t.Parallel()
	url := start(t, reference.Options{})
	var won, lost atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		c := client(t, url, owner(), "")
		wg.Go(func() {
			_, err := c.ImportKeyPair(importRequest("contested", sshkeys.ECDSA256.Line))
			switch {
			case err == nil:
				won.Add(1)
			case code(err) == "KeyPair.AlreadyExist":
				lost.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	NewWithT(t).Expect([]int32{won.Load(), lost.Load()}).To(Equal([]int32{1, 7}))
}

// A server's own pool of keys works too, and its clock dates the pairs.
func TestOwnPoolAndClock(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	now := time.Now().Add(5 * time.Minute)
	server, err := reference.New(world.Default(), reference.Options{Clock: func() time.Time { return now }})
	g.Expect(err).NotTo(HaveOccurred())
	listener := httptest.NewServer(server)
	defer listener.Close()
	c := client(t, listener.URL, owner(), "")
	_, err = c.CreateKeyPair(&sdk.CreateKeyPairRequest{RegionId: tea.String("cn-beijing"), KeyPairName: tea.String("made")})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(server.Close()).To(Succeed())
	described, err := c.DescribeKeyPairs(&sdk.DescribeKeyPairsRequest{RegionId: tea.String("cn-beijing")})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(tea.StringValue(described.Body.KeyPairs.KeyPair[0].CreationTime)).To(Equal(now.UTC().Format("2006-01-02T15:04Z")))
}

func TestHealth(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	url := start(t, reference.Options{})
	answer, err := http.Get(url + reference.HealthPath)
	g.Expect(err).NotTo(HaveOccurred())
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(answer.StatusCode).To(Equal(http.StatusOK))
	g.Expect(string(body)).To(Equal("ok\n"))
}
