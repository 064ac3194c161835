package reference_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	swassdk "github.com/alibabacloud-go/swas-open-20200601/v3/client"
	"github.com/alibabacloud-go/tea/tea"
	legacy "github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	failures "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	legacyswas "github.com/aliyun/alibaba-cloud-sdk-go/services/swas-open"
	. "github.com/onsi/gomega"
	"golang.org/x/crypto/ssh"

	"github.com/kpspec/kpspec/fixtures/sshkeys"
	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/reference"
	errortable "github.com/kpspec/kpspec/reference/refusal"
	"github.com/kpspec/kpspec/reference/swas"
)

var region = tea.String("cn-hangzhou")

// swasClient is the official SDK's client, for one goroutine like [client].
func swasClient(t *testing.T, url string, id world.Identity, algorithm string) *swassdk.Client {
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
	c, err := swassdk.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func swasImport(name string) *swassdk.ImportKeyPairRequest {
	return &swassdk.ImportKeyPairRequest{RegionId: region, KeyPairName: tea.String(name), PublicKeyBody: tea.String(sshkeys.RSA2048.Line + "\n")}
}

func swasCreate(name string) *swassdk.CreateKeyPairRequest {
	return &swassdk.CreateKeyPairRequest{RegionId: region, KeyPairName: tea.String(name)}
}

// Every operation through the official client, with both signatures and as each identity that may do everything.
func TestEverySWASOperation(t *testing.T) {
	t.Parallel()
	url := start(t, reference.Options{})
	for _, algorithm := range []string{"", "v2"} {
		for _, id := range owners(world.Default()) {
			t.Run(algorithm+" "+id.Name, func(t *testing.T) { // one after the other: they share the server
				everySWASOperation(t, swasClient(t, url, id, algorithm))
			})
		}
	}
}

func everySWASOperation(t *testing.T, c *swassdk.Client) {
	g := NewWithT(t)
	listed, err := c.ListRegions(&swassdk.ListRegionsRequest{})
	g.Expect(err).NotTo(HaveOccurred())
	var regions []string
	for _, r := range listed.Body.Regions {
		regions = append(regions, tea.StringValue(r.RegionId))
	}
	g.Expect(regions).To(Equal(world.Default().Regions))

	instances, err := c.ListInstances(&swassdk.ListInstancesRequest{RegionId: region, PageSize: tea.Int32(100)})
	g.Expect(err).NotTo(HaveOccurred())
	var linux []*string
	windows := ""
	for _, i := range instances.Body.Instances {
		switch {
		case tea.StringValue(i.Image.OsType) == "windows":
			windows = *i.InstanceId
		case *i.Status == "Running":
			linux = append(linux, i.InstanceId)
		}
	}
	g.Expect(windows).NotTo(BeEmpty())
	g.Expect(len(linux)).To(BeNumerically(">", 50))

	const name = "密:k-1_é"
	imported, err := c.ImportKeyPair(swasImport(name))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(tea.StringValue(imported.Body.KeyPairName)).To(Equal(name))
	_, err = c.ImportKeyPair(swasImport(name))
	g.Expect(code(err)).To(Equal("KeyPairNameAlreadyExist"))

	created, err := c.CreateKeyPair(swasCreate("made"))
	g.Expect(err).NotTo(HaveOccurred())
	block, rest := pem.Decode([]byte(tea.StringValue(created.Body.PrivateKeyBody)))
	g.Expect(rest).To(BeEmpty())
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(private.(*rsa.PrivateKey).N.BitLen()).To(Equal(2048))

	pairs, err := c.ListKeyPairs(&swassdk.ListKeyPairsRequest{RegionId: region, KeyPairName: tea.String("made")})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(tea.Int32Value(pairs.Body.TotalCount)).To(BeEquivalentTo(1))
	public, _, _, _, err := ssh.ParseAuthorizedKey([]byte(tea.StringValue(pairs.Body.KeyPairs[0].PublicKey)))
	g.Expect(err).NotTo(HaveOccurred())
	stored := public.(ssh.CryptoPublicKey).CryptoPublicKey().(*rsa.PublicKey)
	hash := sha256.Sum256([]byte("proof"))
	signature, err := rsa.SignPKCS1v15(rand.Reader, private.(*rsa.PrivateKey), crypto.SHA256, hash[:])
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(rsa.VerifyPKCS1v15(stored, crypto.SHA256, hash[:], signature)).To(Succeed())
	_, err = time.Parse("2006-01-02T15:04Z", tea.StringValue(pairs.Body.KeyPairs[0].CreationTime))
	g.Expect(err).NotTo(HaveOccurred())

	attached, err := c.AttachKeyPair(&swassdk.AttachKeyPairRequest{
		RegionId: region, KeyPairName: tea.String(name), InstanceIds: append([]*string{&windows}, linux[:49]...),
	})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(tea.Int32Value(attached.Body.TotalCount)).To(BeEquivalentTo(50))
	g.Expect(tea.Int32Value(attached.Body.FailCount)).To(BeEquivalentTo(1))
	g.Expect(tea.StringValue(attached.Body.Results[0].Success)).To(Equal("false"))
	g.Expect(tea.StringValue(attached.Body.Results[1].Success)).To(Equal("true"))
	_, err = c.AttachKeyPair(&swassdk.AttachKeyPairRequest{RegionId: region, KeyPairName: tea.String(name), InstanceIds: linux[:51]})
	g.Expect(code(err)).To(Equal("InvalidInstanceIds.ValueNotSupported"))
	_, err = c.AttachKeyPair(&swassdk.AttachKeyPairRequest{RegionId: region, KeyPairName: tea.String(name), InstanceIds: tea.StringSlice([]string{"absent"})})
	g.Expect(code(err)).To(Equal("InvalidInstanceId.NotFound"))

	described, err := c.DescribeInstanceKeyPair(&swassdk.DescribeInstanceKeyPairRequest{RegionId: region, InstanceId: linux[0]})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(tea.StringValue(described.Body.KeyPairName)).To(Equal(name))
	g.Expect(tea.StringValue(described.Body.Fingerprint)).To(Equal(sshkeys.RSA2048.Fingerprint))

	both := tea.StringSlice([]string{name, "made"})
	_, err = c.DeleteKeyPairs(&swassdk.DeleteKeyPairsRequest{RegionId: region, KeyPairNames: both})
	g.Expect(code(err)).To(Equal("InvalidParameter.KeypairAlreadyAttachedInstance"))
	detached, err := c.DetachKeyPair(&swassdk.DetachKeyPairRequest{RegionId: region, KeyPairName: tea.String(name), InstanceIds: linux[:49]})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(tea.Int32Value(detached.Body.FailCount)).To(BeZero())
	_, err = c.DeleteKeyPairs(&swassdk.DeleteKeyPairsRequest{RegionId: region, KeyPairNames: both})
	g.Expect(err).NotTo(HaveOccurred())
	pairs, err = c.ListKeyPairs(&swassdk.ListKeyPairsRequest{RegionId: region})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(pairs.Body.KeyPairs).To(BeEmpty())
}

// The SDK before that of today creates, imports, lists, attaches, detaches and deletes too.
func TestLegacySWAS(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"JSON", "XML"} {
		t.Run(format, func(t *testing.T) {
			g := NewWithT(t)
			host := strings.TrimPrefix(start(t, reference.Options{}), "http://")
			id := owner()
			c, err := legacyswas.NewClientWithOptions(*region, legacy.NewConfig().WithScheme("HTTP"),
				credentials.NewAccessKeyCredential(id.AccessKeyID, id.AccessKeySecret))
			g.Expect(err).NotTo(HaveOccurred())
			c.Domain = host
			c.SetNoProxy(host)

			create := legacyswas.CreateCreateKeyPairRequest()
			create.AcceptFormat, create.KeyPairName, create.ClientToken = format, "made", "a token"
			created, err := c.CreateKeyPair(create)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(created.PrivateKeyBody).To(HavePrefix("-----BEGIN PRIVATE KEY-----\n"))

			imports := legacyswas.CreateImportKeyPairRequest()
			imports.AcceptFormat, imports.KeyPairName, imports.PublicKeyBody = format, "brought", sshkeys.ECDSA256.Line
			_, err = c.ImportKeyPair(imports)
			g.Expect(err).NotTo(HaveOccurred())
			_, err = c.ImportKeyPair(imports)
			refused, ok := errors.AsType[*failures.ServerError](err)
			g.Expect(ok).To(BeTrue())
			g.Expect(refused.Error()).To(ContainSubstring("KeyPairNameAlreadyExist"))

			servers := []string{world.Default().Accounts[0].Servers[0].ID, world.Default().Accounts[0].Servers[1].ID}
			attach := legacyswas.CreateAttachKeyPairRequest()
			attach.AcceptFormat, attach.KeyPairName, attach.InstanceIds = format, "brought", &servers
			attached, err := c.AttachKeyPair(attach)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect([]int{attached.TotalCount, attached.FailCount, len(attached.Results)}).To(Equal([]int{2, 0, 2}))

			list := legacyswas.CreateListKeyPairsRequest()
			list.AcceptFormat = format
			listed, err := c.ListKeyPairs(list)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(listed.TotalCount).To(Equal(2))
			g.Expect(listed.KeyPairs[1].KeyPairName).To(Equal("brought"))
			g.Expect(listed.KeyPairs[1].PublicKey).To(Equal(sshkeys.ECDSA256.Line))
			g.Expect(listed.KeyPairs[1].InstanceIds).To(Equal(servers))

			detach := legacyswas.CreateDetachKeyPairRequest()
			detach.AcceptFormat, detach.KeyPairName, detach.InstanceIds = format, "brought", &servers
			_, err = c.DetachKeyPair(detach)
			g.Expect(err).NotTo(HaveOccurred())
			remove := legacyswas.CreateDeleteKeyPairsRequest()
			names := []string{"made", "brought"}
			remove.AcceptFormat, remove.KeyPairNames = format, &names
			_, err = c.DeleteKeyPairs(remove)
			g.Expect(err).NotTo(HaveOccurred())
			listed, err = c.ListKeyPairs(list)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(listed.TotalCount).To(BeZero())
		})
	}
}

// The products have nothing to do with each other but the address.
func TestProductsAreApart(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	url := start(t, reference.Options{})
	ofECS, ofSWAS := client(t, url, owner(), ""), swasClient(t, url, owner(), "")
	for i := range 10 {
		_, err := ofSWAS.ImportKeyPair(swasImport("same" + strings.Repeat("x", i)))
		g.Expect(err).NotTo(HaveOccurred())
	}
	_, err := ofSWAS.ImportKeyPair(swasImport("eleventh"))
	g.Expect(code(err)).To(Equal("KeyPairLimitExceed"))
	_, err = ofECS.ImportKeyPair(importRequest("same", sshkeys.RSA2048.Line))
	g.Expect(err).NotTo(HaveOccurred())
	for _, name := range []string{"a.b", strings.Repeat("a", 65)} {
		_, err = ofECS.ImportKeyPair(importRequest(name, sshkeys.RSA2048.Line))
		g.Expect(err).NotTo(HaveOccurred())
		_, err = ofSWAS.ImportKeyPair(swasImport(name))
		g.Expect(code(err)).To(Equal("InvalidKeyPairName.ValueNotSupported"))
	}
}

// Of simultaneous imports of one name one wins; simultaneous creations with one token have one effect and one answer.
func TestSWASAtTheSameTime(t *testing.T) {
	t.Parallel()
	url := start(t, reference.Options{})
	var won, lost atomic.Int32
	var wg sync.WaitGroup
	private := make([]string, 8)
	for i := range private {
		importer, creator := swasClient(t, url, owner(), ""), swasClient(t, url, owner(), "")
		wg.Go(func() {
			switch _, err := importer.ImportKeyPair(swasImport("contested")); {
			case err == nil:
				won.Add(1)
			case code(err) == "KeyPairNameAlreadyExist":
				lost.Add(1)
			default:
				t.Error(err)
			}
		})
		wg.Go(func() {
			request := swasCreate("made")
			request.ClientToken = tea.String("123e4567-e89b-12d3-a456-426655440000")
			answer, err := creator.CreateKeyPair(request)
			if err != nil {
				t.Error(err)
				return
			}
			private[i] = tea.StringValue(answer.Body.PrivateKeyBody)
		})
	}
	wg.Wait()
	g := NewWithT(t)
	g.Expect([]int32{won.Load(), lost.Load()}).To(Equal([]int32{1, 7}))
	g.Expect(private).To(HaveEach(And(Not(BeEmpty()), Equal(private[0]))))
}

func TestSWASSwitches(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	url := start(t, reference.Options{
		PrivateKey: "pkcs1", AttachUnknown: "per-instance", TokenScope: "account", KeyCheck: "shallow",
		SWASErrors: []errortable.Row{errortable.For(swas.ErrTooMany, 400, "TooMany", "Too many.")},
	})
	c := swasClient(t, url, owner(), "")
	request := swasCreate("made")
	request.ClientToken = tea.String("T")
	created, err := c.CreateKeyPair(request)
	g.Expect(err).NotTo(HaveOccurred())
	block, _ := pem.Decode([]byte(tea.StringValue(created.Body.PrivateKeyBody)))
	g.Expect(block.Type).To(Equal("RSA PRIVATE KEY"))
	_, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	g.Expect(err).NotTo(HaveOccurred())

	importing := swasImport("brought")
	importing.PublicKeyBody, importing.ClientToken = tea.String("ssh-rsa AAAAB3Nza12345678qwertyuudsfsg"), tea.String("T")
	_, err = c.ImportKeyPair(importing)
	g.Expect(code(err)).To(Equal("IdempotentParameterMismatch"))
	importing.ClientToken = nil
	_, err = c.ImportKeyPair(importing)
	g.Expect(err).NotTo(HaveOccurred())

	attach := &swassdk.AttachKeyPairRequest{
		RegionId: region, KeyPairName: tea.String("made"),
		InstanceIds: tea.StringSlice([]string{world.Default().Accounts[0].Servers[0].ID, "absent"}),
	}
	attached, err := c.AttachKeyPair(attach)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(tea.Int32Value(attached.Body.FailCount)).To(BeEquivalentTo(1))
	for range 50 {
		attach.InstanceIds = append(attach.InstanceIds, tea.String("x"))
	}
	_, err = c.AttachKeyPair(attach)
	g.Expect(code(err)).To(Equal("TooMany"))

	made, err := client(t, url, owner(), "").CreateKeyPair(ecsCreate("made"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(tea.StringValue(made.Body.PrivateKeyBody)).To(HavePrefix("-----BEGIN RSA PRIVATE KEY-----\n"))

	for name, o := range map[string]reference.Options{
		`"der"`: {PrivateKey: "der"}, `"ignore"`: {AttachUnknown: "ignore"}, `"world"`: {TokenScope: "world"}, "-1ns": {TokenLifetime: -1},
	} {
		_, err := reference.New(world.Default(), o)
		g.Expect(err).To(MatchError(ContainSubstring(name)))
	}
}
