package replay

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kpspec/kpspec/harness/evidence"
	"github.com/kpspec/kpspec/harness/wire"
)

// common are the parameters that every V1 request begins with, in the order in
// which the wire client sends them.
var common = []string{
	"Action", "Version", "Format", "AccessKeyId", "SecurityToken", "SignatureMethod", "SignatureVersion",
	"SignatureNonce", "Timestamp", "Signature",
}

// unknownParam is the parameter that the wire client adds to tamper with where
// the spec chose none.
const unknownParam = "KpspecTampered"

// CallOf is the call that a recorded request was made from. Its Nonce is the one
// that was sent. The error says in one line what of it the record does not hold.
func CallOf(x evidence.Exchange) (wire.Call, error) {
	call := wire.Call{Shape: wire.Shape(x.Shape), Break: wire.Break(x.Fault)}
	if x.Product == "" || !slices.Contains(wire.Shapes, call.Shape) {
		return call, errors.New("the report does not say how it was sent")
	}
	params := x.Request.Params
	if call.Shape.Headers() {
		call.Action, call.Version = header(x.Request, "X-Acs-Action"), header(x.Request, "X-Acs-Version")
		call.Nonce = header(x.Request, "X-Acs-Signature-Nonce")
		accept := header(x.Request, "Accept")
		call.Format = strings.ToUpper(strings.TrimPrefix(accept, "application/"))
		call.OmitFormat = accept == ""
	} else {
		call.OmitFormat = true
		params = takeCommon(&call, params)
	}
	var missing []string
	for _, p := range params {
		switch {
		case p.Name == unknownParam && x.Tampered == unknownParam:
			// The wire client adds it again.
		case p.Altered:
			missing = append(missing, p.Name)
		default:
			call.Params = append(call.Params, wire.Param{Name: p.Name, Value: p.Value})
		}
	}
	if len(missing) > 0 {
		return call, fmt.Errorf("the report does not hold what was sent as %s: it is hidden, cut, or not UTF-8", strings.Join(missing, ", "))
	}
	if x.Tampered != "" && x.Tampered != unknownParam {
		tamper(&call, x.Tampered)
	}
	return call, nil
}

// takeCommon reads the common parameters of a V1 request into the call and
// returns those of the operation. A second parameter of a common name is one of
// the operation's.
func takeCommon(call *wire.Call, params []evidence.Param) []evidence.Param {
	at := 0 // in common
	for i, p := range params {
		found := slices.Index(common[at:], p.Name)
		if found < 0 {
			return params[i:]
		}
		at += found + 1
		switch p.Name {
		case "Action":
			call.Action = p.Value
		case "Version":
			call.Version = p.Value
		case "Format":
			call.Format, call.OmitFormat = p.Value, false
		case "SignatureNonce":
			call.Nonce = p.Value
		}
	}
	return nil
}

// tamper makes of the value that was sent the one that replaces what is signed.
func tamper(call *wire.Call, name string) {
	for i, p := range call.Params {
		if p.Name == name {
			call.Tamper = p
			call.Params[i].Value = p.Value + " as it is signed"
			return
		}
	}
}

func header(m evidence.Message, name string) string {
	for _, h := range m.Header {
		if strings.EqualFold(h[0], name) {
			return h[1]
		}
	}
	return ""
}
