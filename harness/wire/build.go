package wire

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/google/uuid"

	"github.com/kpspec/kpspec/fixtures/world"
)

const (
	algorithmV3 = "ACS3-HMAC-SHA256"
	formType    = "application/x-www-form-urlencoded"
	timeLayout  = "2006-01-02T15:04:05Z"

	// unknownParam is a parameter that no operation knows.
	unknownParam = "KpspecTampered"

	// The documents allow a clock to be 15 minutes off; 20 leaves no doubt.
	clockOff = 20 * time.Minute
)

// outgoing is a call as it will be sent.
type outgoing struct {
	method string
	query  []Param
	form   []Param
	header http.Header
	nonce  string // "" if none is sent
}

// builder turns one call into what will be sent. Its fields are what the fault
// of the call, if any, has made of them.
type builder struct {
	call      Call
	host      string
	keyID     string
	secret    string
	token     string
	nonce     string
	timestamp string
	method    string // sent
	signed    string // the method that is signed
	params    []Param
}

// build checks that the call can be sent and applies its fault.
func build(call Call, host string, id world.Identity, now time.Time, lastNonce string) (outgoing, error) {
	call.Shape = cmp.Or(call.Shape, V3Query)
	if !slices.Contains(Shapes, call.Shape) {
		return outgoing{}, fmt.Errorf("there is no wire shape %q", call.Shape)
	}
	b := builder{
		call: call, host: host,
		keyID: id.AccessKeyID, secret: id.AccessKeySecret, token: id.SecurityToken,
		nonce: cmp.Or(call.Nonce, uuid.NewString()), timestamp: now.UTC().Format(timeLayout),
		method: http.MethodPost, params: call.Params,
	}
	if call.Shape == V1Get {
		b.method = http.MethodGet
	}
	b.signed = b.method
	if err := b.spoil(id, now, lastNonce); err != nil {
		return outgoing{}, err
	}
	var out outgoing
	if call.Shape.Headers() {
		out = b.v3()
	} else {
		out = b.v1()
	}
	out.nonce = b.nonce
	return out, nil
}

// spoil applies the faults that are made before the call is signed.
func (b *builder) spoil(id world.Identity, now time.Time, lastNonce string) error {
	fault := b.call.Break
	switch {
	case fault != "" && !slices.Contains(Breaks, fault):
		return fmt.Errorf("there is no fault %q", fault)
	case !fault.Applies(b.call.Shape, id.SecurityToken != ""):
		if fault == WrongContentHash {
			return fmt.Errorf("the fault %q has no meaning in the wire shape %s: only %s and %s send a content hash", fault, b.call.Shape, V3Query, V3Form)
		}
		return fmt.Errorf("the fault %q has no meaning for the identity %q: it has no security token", fault, id.Name)
	}
	switch fault {
	case Anonymous:
		b.keyID, b.token = "", ""
	case WrongSecret:
		b.secret += "-another"
	case NoAccessKey:
		b.keyID = ""
	case UnknownAccessKey:
		b.keyID = "KpspecUnknown" + strings.ReplaceAll(uuid.NewString(), "-", "")[:12]
	case NoNonce:
		b.nonce = ""
	case ReplayedNonce:
		if b.nonce = cmp.Or(b.call.Nonce, lastNonce); b.nonce == "" {
			return fmt.Errorf("the fault %q needs a nonce: set Call.Nonce, or let the client make a call that succeeds first", fault)
		}
	case NoTimestamp:
		b.timestamp = ""
	case StaleClock:
		b.timestamp = now.Add(-clockOff).UTC().Format(timeLayout)
	case FutureClock:
		b.timestamp = now.Add(clockOff).UTC().Format(timeLayout)
	case WrongMethodSigned:
		if b.signed = http.MethodGet; b.method == http.MethodGet {
			b.signed = http.MethodPost
		}
	case TamperedParam:
		if b.call.Tamper.Name == "" {
			b.call.Tamper = Param{unknownParam, "sent"}
			b.params = append(slices.Clip(b.params), Param{unknownParam, "signed"})
		}
	case WrongToken:
		b.token += "-another"
	case NoToken:
		b.token = ""
	}
	return nil
}

// sent returns the parameters to send, after those in b.params were signed.
func (b *builder) sent() []Param {
	if b.call.Break != TamperedParam {
		return b.params
	}
	return Call{Params: b.params}.With(b.call.Tamper.Name, b.call.Tamper.Value).Params
}

func (b *builder) v1() outgoing {
	var common []Param
	add := func(name, value string) {
		if value != "" {
			common = append(common, Param{name, value})
		}
	}
	add("Action", b.call.Action)
	add("Version", b.call.Version)
	if !b.call.OmitFormat {
		add("Format", cmp.Or(b.call.Format, "JSON"))
	}
	add("AccessKeyId", b.keyID)
	add("SecurityToken", b.token)
	if b.call.Break != Anonymous {
		add("SignatureMethod", "HMAC-SHA1")
		add("SignatureVersion", "1.0")
	}
	add("SignatureNonce", b.nonce)
	add("Timestamp", b.timestamp)

	signature := *utils.GetRPCSignature(signable(common, b.params), &b.signed, &b.secret)
	switch b.call.Break {
	case BadSignature:
		add("Signature", flip(signature))
	case Unsigned, Anonymous:
	default:
		add("Signature", signature)
	}

	out := outgoing{method: b.method, header: http.Header{}}
	if b.method == http.MethodPost {
		out.header.Set("Content-Type", formType)
	}
	switch b.call.Shape {
	case V1Split:
		out.query, out.form = common, b.sent()
	case V1Form:
		out.form = append(common, b.sent()...)
	default:
		out.query = append(common, b.sent()...)
	}
	return out
}

func (b *builder) v3() outgoing {
	query, form := b.params, []Param(nil)
	if b.call.Shape == V3Form {
		query, form = nil, b.params
	}
	sum := sha256.Sum256([]byte(encode(form)))
	if b.call.Break == WrongContentHash {
		sum = sha256.Sum256([]byte("not the body"))
	}
	hash := hex.EncodeToString(sum[:])

	header := http.Header{}
	signed := map[string]*string{"host": &b.host}
	add := func(name, value string) {
		if value != "" {
			header.Set(name, value)
			signed[strings.ToLower(name)] = &value
		}
	}
	if !b.call.OmitFormat {
		add("Accept", "application/"+strings.ToLower(cmp.Or(b.call.Format, "JSON")))
	}
	add("X-Acs-Action", b.call.Action)
	add("X-Acs-Version", b.call.Version)
	add("X-Acs-Date", b.timestamp)
	add("X-Acs-Signature-Nonce", b.nonce)
	add("X-Acs-Content-Sha256", hash)
	if len(form) > 0 {
		add("Content-Type", formType)
	}
	switch {
	case b.call.Break == Anonymous:
	case b.token != "" || b.call.Break == NoToken:
		add("X-Acs-Credentials-Provider", "static_sts")
		add("X-Acs-Accesskey-Id", b.keyID)
		add("X-Acs-Security-Token", b.token)
	default:
		add("X-Acs-Credentials-Provider", "static_ak")
	}

	if b.call.Break != Anonymous {
		path, algorithm := "/", algorithmV3
		request := &dara.Request{Method: &b.signed, Pathname: &path, Query: escapeNames(signable(query)), Headers: signed}
		authorization := *utils.GetAuthorization(request, &algorithm, &hash, &b.keyID, &b.secret)
		fields, signature, _ := strings.Cut(authorization, ",Signature=")
		switch b.call.Break {
		case BadSignature:
			authorization = fields + ",Signature=" + flip(signature)
		case Unsigned:
			authorization = fields
		}
		header.Set("Authorization", authorization)
	}
	out := outgoing{method: b.method, header: header}
	if b.call.Shape == V3Form {
		out.form = b.sent()
	} else {
		out.query = b.sent()
	}
	return out
}

// signable is the form the signer takes: one value for a name, here the first.
func signable(lists ...[]Param) map[string]*string {
	m := map[string]*string{}
	for _, list := range lists {
		for _, p := range list {
			if _, ok := m[p.Name]; !ok {
				m[p.Name] = &p.Value
			}
		}
	}
	return m
}

// escapeNames percent-encodes the names: the V3 signer of the SDK encodes the
// values only, while the documents want both.
func escapeNames(m map[string]*string) map[string]*string {
	escaped := make(map[string]*string, len(m))
	for name, value := range m {
		name = strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
		escaped[name] = value
	}
	return escaped
}

// flip changes the first character of a signature. Another one could be padding
// or a bit that decoding ignores.
func flip(signature string) string {
	first := "0"
	if strings.HasPrefix(signature, first) {
		first = "1"
	}
	return first + signature[1:]
}

// encode form-encodes the parameters in their order.
func encode(params []Param) string {
	var out strings.Builder
	for i, p := range params {
		if i > 0 {
			out.WriteByte('&')
		}
		out.WriteString(url.QueryEscape(p.Name))
		out.WriteByte('=')
		out.WriteString(url.QueryEscape(p.Value))
	}
	return out.String()
}
