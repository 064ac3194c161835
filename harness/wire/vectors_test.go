package wire_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/world"
)

// The verifier of these tests agrees with the examples that Alibaba Cloud has
// published for the two signatures.
func TestVerifierAgainstPublishedExamples(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	v1 := received{
		Request: &http.Request{Method: "GET", URL: &url.URL{Path: "/"}, Header: http.Header{}},
		query: []pair{
			{"Timestamp", "2016-02-23T12:46:24Z"}, {"AccessKeyId", "testid"}, {"Action", "DescribeRegions"}, {"Format", "XML"},
			{"SignatureMethod", "HMAC-SHA1"}, {"SignatureNonce", "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf"},
			{"SignatureVersion", "1.0"}, {"Version", "2014-05-26"}, {"Signature", "OLeaidS1JvxuMvnyHOwuJ+uX5qY="},
		},
	}
	id := world.Identity{AccessKeyID: "testid", AccessKeySecret: "testsecret"}
	g.Expect(v1.verify(id, time.Date(2016, 2, 23, 12, 50, 0, 0, time.UTC))).To(BeEmpty())

	v3 := received{
		Request: &http.Request{Method: "POST", Host: "ecs.cn-shanghai.aliyuncs.com", URL: &url.URL{Path: "/"}, Header: http.Header{
			"X-Acs-Action":          {"RunInstances"},
			"X-Acs-Content-Sha256":  {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
			"X-Acs-Date":            {"2023-10-26T10:22:32Z"},
			"X-Acs-Signature-Nonce": {"3156853299f313e23d1673dc12e1703d"},
			"X-Acs-Version":         {"2014-05-26"},
			"Authorization": {"ACS3-HMAC-SHA256 Credential=YourAccessKeyId," +
				"SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version," +
				"Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"},
		}},
		query: []pair{{"RegionId", "cn-shanghai"}, {"ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"}},
	}
	id = world.Identity{AccessKeyID: "YourAccessKeyId", AccessKeySecret: "YourAccessKeySecret"}
	g.Expect(v3.verify(id, time.Date(2023, 10, 26, 10, 23, 0, 0, time.UTC))).To(BeEmpty())
}
