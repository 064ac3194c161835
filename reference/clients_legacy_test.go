package reference_test

import (
	"errors"
	"net/http"
	"net/url"
	"testing"

	legacy "github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	failures "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	legacyecs "github.com/aliyun/alibaba-cloud-sdk-go/services/ecs"

	"github.com/kpspec/kpspec/fixtures/world"
)

// legacySDK is the Go SDK before that of today. It drops empty members: a tag without a value is sent as its key
// alone.
type legacySDK struct {
	client *legacyecs.Client
	format string
}

// dialLegacy sets Domain, which comes before the built-in list of endpoints and the location service; plain HTTP is its
// default.
func dialLegacy(format string) func(*testing.T, *url.URL, world.Identity, string) user {
	return func(t *testing.T, server *url.URL, id world.Identity, region string) user {
		t.Helper()
		var credential auth.Credential = credentials.NewAccessKeyCredential(id.AccessKeyID, id.AccessKeySecret)
		if id.SecurityToken != "" {
			credential = credentials.NewStsTokenCredential(id.AccessKeyID, id.AccessKeySecret, id.SecurityToken)
		}
		config := legacy.NewConfig().WithScheme(server.Scheme).WithHttpTransport(&http.Transport{})
		c, err := legacyecs.NewClientWithOptions(region, config, credential)
		if err != nil {
			t.Fatal(err)
		}
		c.Domain = server.Host
		c.SetNoProxy(server.Host)
		return legacySDK{c, format}
	}
}

func (l legacySDK) importKeyPair(name, publicKey string, tags []pairTag) (string, error) {
	request := legacyecs.CreateImportKeyPairRequest()
	request.AcceptFormat = l.format
	request.KeyPairName, request.PublicKeyBody = name, publicKey
	if tags != nil {
		list := []legacyecs.ImportKeyPairTag{}
		for _, t := range tags {
			list = append(list, legacyecs.ImportKeyPairTag{Key: t.key, Value: t.value})
		}
		request.Tag = &list
	}
	response, err := l.client.ImportKeyPair(request)
	if err != nil {
		return "", err
	}
	return response.KeyPairFingerPrint, nil
}

func (l legacySDK) describeKeyPairs(name string) ([]pair, error) {
	request := legacyecs.CreateDescribeKeyPairsRequest()
	request.AcceptFormat = l.format
	request.KeyPairName = name
	response, err := l.client.DescribeKeyPairs(request)
	if err != nil {
		return nil, err
	}
	var pairs []pair
	for _, k := range response.KeyPairs.KeyPair {
		p := pair{name: k.KeyPairName, fingerprint: k.KeyPairFingerPrint}
		for _, t := range k.Tags.Tag {
			p.tags = append(p.tags, pairTag{t.TagKey, t.TagValue})
		}
		pairs = append(pairs, p)
	}
	return pairs, nil
}

func (l legacySDK) deleteKeyPairs(name string) error {
	request := legacyecs.CreateDeleteKeyPairsRequest()
	request.AcceptFormat = l.format
	request.KeyPairNames = `["` + name + `"]`
	_, err := l.client.DeleteKeyPairs(request)
	return err
}

// refusal has no code for an XML answer: the client reads codes out of JSON only and shows everything else as the message.
func (l legacySDK) refusal(t *testing.T, err error) refusal {
	t.Helper()
	refused, ok := errors.AsType[*failures.ServerError](err)
	if !ok {
		t.Fatalf("not an error answer: %v", err)
	}
	return refusal{refused.HttpStatus(), refused.ErrorCode(), refused.Message()}
}
