package rpc

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// Check is one named check of a request, which may find out what later ones use.
type Check struct {
	Name string
	run  func(*Gateway, *request) *problem
}

// checks are the checks in their order. No document tells the order in which the service
// looks for faults; that an unknown action is told before an unknown access
// key is what a live call shows.
var checks = []Check{
	{Name: "method", run: checkMethod},
	{Name: "path", run: checkPath},
	{Name: "body", run: readFormBody},
	{Name: "parameters", run: readParameters},
	{Name: "format", run: chooseFormat},
	{Name: "common parameters", run: checkCommonParameters},
	{Name: "operation", run: checkOperation},
	{Name: "signature method", run: checkSignatureMethod},
	{Name: "timestamp", run: checkTimestamp},
	{Name: "access key", run: checkAccessKey},
	{Name: "security token", run: checkSecurityToken},
	{Name: "signed headers", run: checkSignedHeaders},
	{Name: "payload hash", run: checkPayloadHash},
	{Name: "signature", run: checkSignature},
	{Name: "nonce", run: checkNonce},
	{Name: "permission", run: checkPermission},
}

// Checks are the checks that a gateway makes unless [Config] has others, in their order.
func Checks() []Check { return slices.Clone(checks) }

// NewCheck is a check beside those of [Checks]. refuse is given the request and, after the check "parameters", its
// parameters, and returns the fault it finds, or "".
func NewCheck(name string, refuse func(*http.Request, *Params) Fault) Check {
	return Check{Name: name, run: func(_ *Gateway, q *request) *problem {
		if fault := refuse(q.http, &q.params); fault != "" {
			return &problem{fault: fault}
		}
		return nil
	}}
}

// clockWindow is how far a request's time may lie from the server's, on either
// side, the limit included.
const clockWindow = 15 * time.Minute

// timestampForm is yyyy-MM-ddTHH:mm:ssZ.
const timestampForm = "2006-01-02T15:04:05Z"

// request is a request on its way through the checks.
type request struct {
	http    *http.Request
	writer  http.ResponseWriter
	id      string
	now     time.Time // of the gateway's clock
	product *Product  // the fallback until the version is known
	format  Format    // "" until it is chosen

	body   []byte
	query  []pair // parameters of the query alone
	params Params // of query and body
	scheme scheme

	// Common parameters, from parameters (V1) or headers (V3).
	action, version, timestamp, nonce, token  string
	accessKeyID, signature                    string
	authorization, signedHeaders, payloadHash string // V3

	operation *operation
	caller    *caller

	asked *Call // see call
}

// scheme is one of the two request signatures.
type scheme int

const (
	schemeV1 scheme = iota
	schemeV3
)

// call is what the operation is told of the request.
func (q *request) call() *Call {
	if q.asked == nil {
		q.asked = &Call{
			Product: q.product.Name, Version: q.version, Action: q.action,
			RequestID: q.id, Host: q.http.Host, Params: &q.params, Time: q.now,
		}
		if q.caller != nil {
			q.asked.Identity = q.caller.Identity
		}
	}
	return q.asked
}

func checkMethod(_ *Gateway, q *request) *problem {
	if q.http.Method != http.MethodGet && q.http.Method != http.MethodPost {
		return &problem{fault: FaultMethod}
	}
	return nil
}

func checkPath(_ *Gateway, q *request) *problem {
	// A request line with an absolute address may leave the path out.
	if strings.TrimPrefix(q.http.URL.Path, "/") != "" {
		return &problem{fault: FaultPath}
	}
	return nil
}

// readFormBody takes every body for a form, whatever type it says it has: some clients name none.
func readFormBody(g *Gateway, q *request) (p *problem) {
	q.body, p = readBody(q.writer, q.http, g.maxBody)
	return p
}

func readParameters(g *Gateway, q *request) *problem {
	query, p := parsePairs(q.http.URL.RawQuery, g.maxParams)
	if p != nil {
		return p
	}
	form, p := parsePairs(string(q.body), g.maxParams)
	if p != nil {
		return p
	}
	q.query, q.params = query, Params{sorted: merge(query, form)}
	q.scheme = schemeOf(q)
	if q.scheme == schemeV3 {
		p = readCommonV3(q)
	} else {
		readCommonV1(q)
	}
	if product, known := g.products[q.version]; known {
		q.product = product
		q.operation = g.operations[operationKey{q.version, q.action}]
	}
	return p
}

// signsV1 are the parameters that make a request a V1 one.
var signsV1 = []string{"AccessKeyId", "Signature", "SignatureNonce", "SignatureVersion"}

// schemeOf tells how a request means to be signed. Headers of V3 without its
// Authorization are an unsigned V3 request.
func schemeOf(q *request) scheme {
	if strings.HasPrefix(q.authorization, "ACS3-") {
		return schemeV3
	}
	for _, name := range signsV1 {
		if q.params.Has(name) {
			return schemeV1
		}
	}
	if q.authorization != "" || q.http.Header.Get(headerAction) != "" {
		return schemeV3
	}
	return schemeV1
}

// common is a mandatory common parameter: its documented name, which stands for
// the header in V3, and where its value was put.
type common struct {
	name  string
	value func(*request) string
}

// mandatory are the common parameters without which a request is refused, in
// the order in which they are missed.
var mandatory = map[scheme][]common{
	schemeV1: {
		{"Action", func(q *request) string { return q.action }},
		{"Version", func(q *request) string { return q.version }},
		{"AccessKeyId", func(q *request) string { return q.accessKeyID }},
		{"Signature", func(q *request) string { return q.signature }},
		{"SignatureVersion", func(q *request) string { value, _ := q.params.Get("SignatureVersion"); return value }},
		{"SignatureNonce", func(q *request) string { return q.nonce }},
		{"Timestamp", func(q *request) string { return q.timestamp }},
	},
	schemeV3: {
		{"Action", func(q *request) string { return q.action }},
		{"Version", func(q *request) string { return q.version }},
		// Authorization holds access key id and signature; its form is a later step's affair.
		{"AccessKeyId", func(q *request) string { return q.authorization }},
		{"SignatureNonce", func(q *request) string { return q.nonce }},
		{"Timestamp", func(q *request) string { return q.timestamp }},
	},
}

// checkCommonParameters refuses what lacks a common parameter; an empty one is
// not supplied. Requests without credentials end here.
func checkCommonParameters(_ *Gateway, q *request) *problem {
	for _, c := range mandatory[q.scheme] {
		if c.value(q) == "" {
			return &problem{fault: FaultMissingParameter, name: c.name}
		}
	}
	return nil
}

func checkOperation(g *Gateway, q *request) *problem {
	if q.operation != nil {
		return nil
	}
	if _, known := g.products[q.version]; !known {
		return &problem{fault: FaultUnknownVersion}
	}
	return &problem{fault: FaultUnknownAction}
}

func checkSignatureMethod(_ *Gateway, q *request) *problem {
	if q.scheme == schemeV3 {
		return readAuthorization(q)
	}
	return checkSignatureFieldsV1(q)
}

func checkTimestamp(_ *Gateway, q *request) *problem {
	sent, _ := time.Parse(timestampForm, q.timestamp) // what cannot be read is not written so again
	if sent.Format(timestampForm) != q.timestamp {
		return &problem{fault: FaultTimestampForm}
	}
	if skew := q.now.Sub(sent).Abs(); skew > clockWindow {
		return &problem{fault: FaultTimestampExpired}
	}
	return nil
}

func checkAccessKey(g *Gateway, q *request) *problem {
	known, ok := g.callers[q.accessKeyID]
	if !ok {
		return &problem{fault: FaultAccessKey}
	}
	q.caller = known
	return nil
}

// checkSecurityToken wants exactly the token of a temporary identity, and none of
// a lasting one; an empty token is none.
func checkSecurityToken(_ *Gateway, q *request) *problem {
	switch {
	case equalSecrets(q.token, q.caller.SecurityToken):
		return nil
	case q.token == "":
		return &problem{fault: FaultTokenMissing}
	case !isToken(q.token):
		return &problem{fault: FaultTokenMalformed}
	}
	return &problem{fault: FaultTokenMismatch}
}

// isToken tells whether s could be a security token at all: printable ASCII
// without spaces.
func isToken(s string) bool {
	return strings.IndexFunc(s, func(c rune) bool { return c <= ' ' || c > '~' }) < 0
}

func checkSignedHeaders(_ *Gateway, q *request) *problem {
	if q.scheme == schemeV3 {
		return checkSignedHeadersV3(q)
	}
	return nil
}

func checkPayloadHash(_ *Gateway, q *request) *problem {
	if q.scheme == schemeV3 {
		return checkPayloadHashV3(q)
	}
	return nil
}

func checkSignature(_ *Gateway, q *request) *problem {
	if q.scheme == schemeV3 {
		return checkSignatureV3(q)
	}
	return checkSignatureV1(q)
}

// checkNonce comes last: only a request whose signature was right uses its
// nonce up.
func checkNonce(_ *Gateway, q *request) *problem {
	if fault := q.caller.nonces.use(q.nonce, q.now); fault != "" {
		return &problem{fault: fault}
	}
	return nil
}
