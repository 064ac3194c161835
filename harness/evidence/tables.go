package evidence

import (
	"regexp"
	"strings"
)

// Hidden stands where a value is not shown.
const Hidden = "[hidden]"

// kind says what a member of an answer may hold. The zero kind is hidden.
type kind int

const (
	secret kind = iota // not in the tables: never shown
	leaf               // a string, number or boolean, or a list of them
	key                // a leaf that holds a public key: long base64 is its nature
	text               // a leaf with free text written by the server
	box                // an object, or a list of objects; its members have kinds of their own
)

// members are the members of JSON and XML answers that are shown, in lower case
// so that a server with the wrong case can be diagnosed too. PrivateKeyBody and
// the members of AccessDeniedDetail that name a principal are missing on purpose.
var members = map[string]kind{
	"requestid": leaf, "hostid": leaf, "code": leaf, "message": text, "recommend": text,
	"accessdenieddetail": box, "policytype": leaf, "authprincipaltype": leaf,
	"nopermissiontype": leaf, "authaction": leaf,

	"keypairname": leaf, "keypairfingerprint": leaf, "keypairid": leaf,
	"publickey": key, "publickeybody": key, "creationtime": leaf, "resourcegroupid": leaf,
	"keypairs": box, "keypair": box,
	"tags": box, "tag": box, "tagkey": leaf, "tagvalue": leaf,
	"pagenumber": leaf, "pagesize": leaf, "totalcount": leaf, "failcount": leaf,
	"regions": box, "region": box, "regionid": leaf, "regionendpoint": leaf,
	"localname": leaf, "status": leaf,
	"results": box, "result": box, "instanceid": leaf, "instanceids": leaf, "success": leaf,
}

// parameters are the request parameters that are shown, in lower case.
var parameters = set(
	"Action", "Version", "Format", "Timestamp",
	"SignatureMethod", "SignatureVersion", "SignatureNonce", "SignatureType",
	"RegionId", "KeyPairName", "KeyPairNames", "PublicKeyBody", "KeyPairFingerPrint",
	"IncludePublicKey", "ResourceGroupId", "PageNumber", "PageSize",
	"ClientToken", // opens nothing: it marks calls that are meant to be one
	"InstanceId", "InstanceIds", "InstanceChargeType", "ResourceType", "AcceptLanguage",
)

// indexed are the families of numbered parameters that are shown: Tag.1.Key,
// InstanceIds.2, KeyPairNames.1.
var indexed = regexp.MustCompile(`(?i)^(?:tag(?:\.[^.]{0,20}){0,2}(?:key|value)?|(?:instanceids|keypairnames)\.[^.]{0,20})$`)

// headers are the request and response headers that are shown, in lower case.
var headers = set(
	"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection", "Keep-Alive",
	"Content-Type", "Content-Length", "Content-Encoding", "Transfer-Encoding",
	"Date", "Server", "Vary", "Etag", "Cache-Control", "Retry-After", "Allow",
	"X-Acs-Action", "X-Acs-Version", "X-Acs-Date", "X-Acs-Signature-Nonce",
	"X-Acs-Content-Sha256", "X-Acs-Credentials-Provider",
	"X-Acs-Request-Id", "X-Acs-Trace-Id",
	"X-Ratelimit-User", "X-Ratelimit-User-Api",
)

// credential matches the names of parameters and headers whose value is a
// credential, so that even a short value is hidden where a server repeats it.
var credential = regexp.MustCompile(`(?i)accesskey|secret|token|signature|authorization|credential|password|cookie`)

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[strings.ToLower(n)] = true
	}
	return m
}

func showParameter(name string) bool {
	return parameters[strings.ToLower(name)] || indexed.MatchString(name)
}

func showHeader(name string) bool { return headers[strings.ToLower(name)] }
