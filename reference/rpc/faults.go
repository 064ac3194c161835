package rpc

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Fault names something the gateway itself refuses a request for. What the
// caller sees of it is the [Row] in the product's table.
type Fault string

// The faults, in the order in which the gateway looks for them.
const (
	FaultMethod           Fault = "method"               // neither GET nor POST
	FaultPath             Fault = "path"                 // not "/"
	FaultBodyTooLarge     Fault = "body too large"       // than Config.MaxBody
	FaultBodyUnread       Fault = "body unread"          // it ended early or could not be read
	FaultTooManyParams    Fault = "too many parameters"  // than Config.MaxParams, in the query or in the body
	FaultMalformed        Fault = "malformed parameters" // {detail}: percent-encoding or UTF-8
	FaultDuplicate        Fault = "duplicate parameter"  // {name} stands twice in one place
	FaultFormat           Fault = "format"               // a Format other than JSON and XML
	FaultMissingParameter Fault = "missing parameter"    // {name}, a mandatory common parameter
	FaultUnknownVersion   Fault = "unknown version"      // no product has it
	FaultUnknownAction    Fault = "unknown action"       // the product has no such operation
	FaultSignatureField   Fault = "signature field"      // {name}: SignatureMethod, SignatureVersion, SignatureType
	FaultSignatureForm    Fault = "signature form"       // {detail}: a V3 signature not made as documented
	FaultTimestampForm    Fault = "timestamp form"       // not yyyy-MM-ddTHH:mm:ssZ
	FaultTimestampExpired Fault = "timestamp expired"    // outside the clock window, on either side
	FaultAccessKey        Fault = "access key"           // no such access key
	FaultTokenMissing     Fault = "token missing"        // a temporary identity sent none
	FaultTokenMalformed   Fault = "token malformed"      // not printable ASCII
	FaultTokenMismatch    Fault = "token mismatch"       // not the one of this access key
	FaultSignatureV1      Fault = "V1 signature"         // {detail}: how to compare strings to sign
	FaultSignatureV3      Fault = "V3 signature"         // {detail}: likewise
	FaultNonceUsed        Fault = "nonce used"           // by a rightly signed request of the same access key
	FaultNonceMemory      Fault = "nonce memory"         // more calls than nonces can be remembered
	FaultDenied           Fault = "denied"               // the caller's policies do not allow the call
	FaultInternal         Fault = "internal"             // a panic or an unexpected error of an operation
)

// Row is a fault as a product reports it. "{name}" and "{detail}" in Code and
// Message stand for the particulars that the fault's comment names.
type Row struct {
	Status        int
	Code, Message string
}

// gatewayRows is the table of the gateway that all products share, as its list
// of error codes has it. Where that list has nothing, the code is ours: the faults of
// HTTP itself, which a client of the service never provokes.
var gatewayRows = map[Fault]Row{
	FaultMethod:           {http.StatusBadRequest, "UnsupportedHTTPMethod", "This HTTP method is not supported."},
	FaultPath:             {http.StatusNotFound, "InvalidAction.NotFound", "Specified api is not found, please check your url and method."},
	FaultBodyTooLarge:     {http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The request body is larger than the server takes."},
	FaultBodyUnread:       {http.StatusBadRequest, "IncompleteBody", "The request body could not be read to its end."},
	FaultTooManyParams:    {http.StatusBadRequest, "TooManyParameters", "The request has more parameters than the server takes."},
	FaultMalformed:        {http.StatusBadRequest, "InvalidParameter", "The request parameters are not well formed: {detail}."},
	FaultDuplicate:        {http.StatusBadRequest, "InvalidParameter", `The parameter "{name}" is supplied more than once.`},
	FaultFormat:           {http.StatusBadRequest, "InvalidParameter.Format", "Specified parameter format is not valid."},
	FaultMissingParameter: {http.StatusBadRequest, "Missing{name}", "{name} is mandatory for this action."},
	FaultUnknownVersion:   {http.StatusNotFound, "InvalidAction.NotFound", "Specified api is not found, please check your url and method."},
	FaultUnknownAction:    {http.StatusNotFound, "InvalidAction.NotFound", "Specified api is not found, please check your url and method."},
	FaultSignatureField:   {http.StatusBadRequest, "Invalid{name}", "Specified parameter {name} is not valid."},
	FaultSignatureForm:    {http.StatusBadRequest, "IncompleteSignature", "The request signature does not conform to Aliyun standards. {detail}"},
	FaultTimestampForm:    {http.StatusBadRequest, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted."},
	FaultTimestampExpired: {http.StatusBadRequest, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."},
	FaultAccessKey:        {http.StatusNotFound, "InvalidAccessKeyId.NotFound", "Specified access key is not found."},
	FaultTokenMissing:     {http.StatusBadRequest, "MissingSecurityToken", "SecurityToken is mandatory for this action."},
	FaultTokenMalformed:   {http.StatusBadRequest, "InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed."},
	FaultTokenMismatch:    {http.StatusBadRequest, "InvalidSecurityToken.MismatchWithAccessKey", "Specified SecurityToken mismatch with the AccessKey."},
	FaultSignatureV1:      {http.StatusBadRequest, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation. {detail}"},
	FaultSignatureV3:      {http.StatusBadRequest, "SignatureDoesNotMatch", "Specified signature does not match our calculation. {detail}"},
	FaultNonceUsed:        {http.StatusBadRequest, "SignatureNonceUsed", "Specified signature nonce was used already."},
	FaultNonceMemory:      {http.StatusBadRequest, "Throttling.User", "Request was denied due to user flow control."},
	FaultDenied:           {http.StatusForbidden, "NoPermission", "You are not authorized to do this action."},
	FaultInternal:         {http.StatusInternalServerError, "InternalError", "An error occurred while processing your request."},
}

// ecsRows are the rows in which ECS differs, from its table of common errors;
// FaultInternal is worded as on the page of ImportKeyPair.
//
// That table has IllegalTimestamp too, with a message about a parameter that was not
// supplied. A wrong clock is reported with the shared rows, whose messages are true.
var ecsRows = map[Fault]Row{
	FaultMethod:           {http.StatusForbidden, "UnsupportedHTTPMethod", "This HTTP method is not supported."},
	FaultMissingParameter: {http.StatusBadRequest, "MissingParameter", `The input parameter "{name}" that is mandatory for processing this request is not supplied.`},
	FaultSignatureField:   {http.StatusBadRequest, "InvalidParamater", `The specified parameter "{name}" is not valid.`}, // spelled so in the table
	FaultAccessKey:        {http.StatusBadRequest, "InvalidAccessKeyId.NotFound", "Specified access key is not found."},
	FaultNonceUsed:        {http.StatusBadRequest, "SignatureNonceUsed", "The request signature nonce has been used."},
	FaultNonceMemory:      {http.StatusBadRequest, "Throttling", "You have made too many requests within a short time; your request is denied due to request throttling."},
	FaultDenied:           {http.StatusForbidden, "Forbidden.RAM", "User not authorized to operate on the specified resource, or this API doesn't support RAM."},
	FaultInternal:         {http.StatusInternalServerError, "InternalError", "The request processing has failed due to some unknown error."},
}

// Product says how the gateway speaks for one product.
type Product struct {
	Name         string        // as in Operation.Product, such as "ECS"
	Format       Format        // of an answer to a V1 request without Format
	Troubleshoot string        // the product's name in the link of Recommend
	Errors       map[Fault]Row // every Fault has a row
	Form         Form          // of the answers
}

// ECS returns the Elastic Compute Service: XML unless asked otherwise, as its
// page of common parameters says, and its own table of common errors before the
// gateway's. The caller owns the value and may change its rows.
func ECS() Product {
	rows := maps.Clone(gatewayRows)
	maps.Copy(rows, ecsRows)
	return Product{Name: "ECS", Format: XML, Troubleshoot: "Ecs", Errors: rows, Form: DefaultForm()}
}

// PlainProduct returns a product that answers as the shared gateway does: JSON
// unless asked otherwise, and the gateway's error table. The caller owns the
// value and may change its rows.
func PlainProduct(name string) Product {
	return Product{Name: name, Format: JSON, Troubleshoot: name, Errors: maps.Clone(gatewayRows), Form: DefaultForm()}
}

// check makes sure that every fault has a row that can be sent.
func (p *Product) check() error {
	for _, fault := range slices.Sorted(maps.Keys(gatewayRows)) {
		if !p.Error(fault, "", "").isRefusal() {
			return fmt.Errorf("rpc: product %s: the row of fault %q needs a code and a status from 400 to 599", p.Name, fault)
		}
	}
	if p.Format != JSON && p.Format != XML {
		return fmt.Errorf("rpc: product %s: format %q is neither JSON nor XML", p.Name, p.Format)
	}
	return nil
}

// Error returns the product's error for a fault, with what its row calls {name}
// and {detail} filled in.
func (p *Product) Error(f Fault, name, detail string) *Error {
	row := p.Errors[f]
	fill := strings.NewReplacer("{name}", name, "{detail}", detail)
	return &Error{Status: row.Status, Code: fill.Replace(row.Code), Message: strings.TrimSpace(fill.Replace(row.Message))}
}
