package reference_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	rpc "github.com/alibabacloud-go/tea-rpc/client"
	util "github.com/alibabacloud-go/tea-utils/service"
	"github.com/alibabacloud-go/tea/tea"
	"github.com/denverdino/aliyungo/common"
	aliyunecs "github.com/denverdino/aliyungo/ecs"

	"github.com/kpspec/kpspec/fixtures/world"
)

// aliyungo is a client of the early days, which knows no tags.
type aliyungo struct{ client *aliyunecs.Client }

// dialAliyungo names the endpoint in full, with its scheme.
func dialAliyungo(t *testing.T, server *url.URL, id world.Identity, region string) user {
	t.Helper()
	c := aliyunecs.NewECSClientWithEndpointAndSecurityToken(server.String(), id.AccessKeyID, id.AccessKeySecret, id.SecurityToken, common.Region(region))
	c.SetTransport(&http.Transport{})
	return aliyungo{c}
}

func (a aliyungo) importKeyPair(name, publicKey string, _ []pairTag) (string, error) {
	response, err := a.client.ImportKeyPair(&aliyunecs.ImportKeyPairArgs{KeyPairName: name, PublicKeyBody: publicKey})
	if err != nil {
		return "", err
	}
	return response.KeyPairFingerPrint, nil
}

func (a aliyungo) describeKeyPairs(name string) ([]pair, error) {
	list, _, err := a.client.DescribeKeyPairs(&aliyunecs.DescribeKeyPairsArgs{KeyPairName: name})
	var pairs []pair
	for _, k := range list {
		pairs = append(pairs, pair{name: k.KeyPairName, fingerprint: k.KeyPairFingerPrint})
	}
	return pairs, err
}

func (a aliyungo) deleteKeyPairs(name string) error {
	return a.client.DeleteKeyPairs(&aliyunecs.DeleteKeyPairsArgs{KeyPairNames: `["` + name + `"]`})
}

func (a aliyungo) refusal(t *testing.T, err error) refusal {
	t.Helper()
	refused, ok := errors.AsType[*common.Error](err)
	if !ok {
		t.Fatalf("not an error answer: %v", err)
	}
	return refusal{refused.StatusCode, refused.Code, refused.Message}
}

// teaRPC calls as the Terraform provider does: common parameters in the query, the others, RegionId among them, in the form,
// and answers read as loose JSON.
type teaRPC struct {
	client *rpc.Client
	region string
}

// dialTeaRPC is told the scheme through Protocol, since the call leaves it open.
func dialTeaRPC(t *testing.T, server *url.URL, id world.Identity, region string) user {
	t.Helper()
	config := &rpc.Config{
		AccessKeyId:     &id.AccessKeyID,
		AccessKeySecret: &id.AccessKeySecret,
		Endpoint:        &server.Host,
		Protocol:        &server.Scheme,
		NoProxy:         &server.Host,
		RegionId:        &region,
	}
	if id.SecurityToken != "" {
		config.SecurityToken = &id.SecurityToken
	}
	c, err := rpc.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	return teaRPC{c, region}
}

// post is one call; into takes the answer and may be nil.
func (r teaRPC) post(action string, form map[string]any, into any) error {
	form["RegionId"] = r.region
	answer, err := r.client.DoRequest(&action, nil, tea.String("POST"), tea.String("2014-05-26"), tea.String("AK"),
		nil, form, &util.RuntimeOptions{})
	if err != nil || into == nil {
		return err
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

func (r teaRPC) importKeyPair(name, publicKey string, tags []pairTag) (string, error) {
	form := map[string]any{"KeyPairName": name, "PublicKeyBody": publicKey}
	for i, t := range tags {
		form[fmt.Sprintf("Tag.%d.Key", i+1)] = t.key
		form[fmt.Sprintf("Tag.%d.Value", i+1)] = t.value
	}
	var answer struct{ KeyPairFingerPrint string }
	err := r.post("ImportKeyPair", form, &answer)
	return answer.KeyPairFingerPrint, err
}

func (r teaRPC) describeKeyPairs(name string) ([]pair, error) {
	var answer struct {
		KeyPairs struct {
			KeyPair []struct {
				KeyPairName, KeyPairFingerPrint string
				Tags                            struct {
					Tag []struct{ TagKey, TagValue string }
				}
			}
		}
	}
	err := r.post("DescribeKeyPairs", map[string]any{"KeyPairName": name, "PageNumber": 1, "PageSize": 50}, &answer)
	var pairs []pair
	for _, k := range answer.KeyPairs.KeyPair {
		p := pair{name: k.KeyPairName, fingerprint: k.KeyPairFingerPrint}
		for _, t := range k.Tags.Tag {
			p.tags = append(p.tags, pairTag{t.TagKey, t.TagValue})
		}
		pairs = append(pairs, p)
	}
	return pairs, err
}

func (r teaRPC) deleteKeyPairs(name string) error {
	return r.post("DeleteKeyPairs", map[string]any{"KeyPairNames": `["` + name + `"]`}, nil)
}

func (r teaRPC) refusal(t *testing.T, err error) refusal {
	t.Helper()
	return teaRefusal(t, err)
}
