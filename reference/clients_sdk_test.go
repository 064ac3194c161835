package reference_test

import (
	"errors"
	"net/url"
	"testing"

	"github.com/alibabacloud-go/darabonba-openapi/v2/models"
	ecs "github.com/alibabacloud-go/ecs-20140526/v4/client"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/kpspec/kpspec/fixtures/world"
)

// officialSDK is the Go SDK of today.
type officialSDK struct {
	client *ecs.Client
	region string
}

// dialSDK is told the scheme through Protocol; its default is HTTPS.
func dialSDK(algorithm string) func(*testing.T, *url.URL, world.Identity, string) user {
	return func(t *testing.T, server *url.URL, id world.Identity, region string) user {
		t.Helper()
		config := &models.Config{
			AccessKeyId:        &id.AccessKeyID,
			AccessKeySecret:    &id.AccessKeySecret,
			Endpoint:           &server.Host,
			Protocol:           &server.Scheme,
			NoProxy:            &server.Host,
			SignatureAlgorithm: &algorithm,
		}
		if id.SecurityToken != "" {
			config.SecurityToken = &id.SecurityToken
		}
		c, err := ecs.NewClient(config)
		if err != nil {
			t.Fatal(err)
		}
		return officialSDK{c, region}
	}
}

func (s officialSDK) importKeyPair(name, publicKey string, tags []pairTag) (string, error) {
	request := &ecs.ImportKeyPairRequest{RegionId: &s.region, KeyPairName: &name, PublicKeyBody: &publicKey}
	for _, t := range tags {
		request.Tag = append(request.Tag, &ecs.ImportKeyPairRequestTag{Key: &t.key, Value: &t.value})
	}
	response, err := s.client.ImportKeyPair(request)
	if err != nil {
		return "", err
	}
	return tea.StringValue(response.Body.KeyPairFingerPrint), nil
}

func (s officialSDK) describeKeyPairs(name string) ([]pair, error) {
	response, err := s.client.DescribeKeyPairs(&ecs.DescribeKeyPairsRequest{RegionId: &s.region, KeyPairName: &name})
	if err != nil {
		return nil, err
	}
	var pairs []pair
	for _, k := range response.Body.KeyPairs.KeyPair {
		p := pair{name: tea.StringValue(k.KeyPairName), fingerprint: tea.StringValue(k.KeyPairFingerPrint)}
		for _, t := range k.Tags.Tag {
			p.tags = append(p.tags, pairTag{tea.StringValue(t.TagKey), tea.StringValue(t.TagValue)})
		}
		pairs = append(pairs, p)
	}
	return pairs, nil
}

func (s officialSDK) deleteKeyPairs(name string) error {
	names := `["` + name + `"]`
	_, err := s.client.DeleteKeyPairs(&ecs.DeleteKeyPairsRequest{RegionId: &s.region, KeyPairNames: &names})
	return err
}

func (s officialSDK) refusal(t *testing.T, err error) refusal {
	t.Helper()
	return teaRefusal(t, err)
}

// teaRefusal reads the error type that the newer clients share.
func teaRefusal(t *testing.T, err error) refusal {
	t.Helper()
	refused, ok := errors.AsType[*tea.SDKError](err)
	if !ok {
		t.Fatalf("not an error answer: %v", err)
	}
	return refusal{tea.IntValue(refused.StatusCode), tea.StringValue(refused.Code), tea.StringValue(refused.Message)}
}
