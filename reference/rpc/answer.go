package rpc

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Format is the encoding of an answer.
type Format string

// The two encodings, as the Format parameter names them.
const (
	JSON Format = "JSON"
	XML  Format = "XML"
)

// Form is how answers are written.
type Form struct {
	RequestID    string                     // the member of a success that has the request's id; "": there is none
	Root         func(action string) string // the root element of a success in XML
	ContentTypes map[Format]string
	Only         Format             // the one encoding of all answers, whatever is asked for; "": there are two
	Refusals     Format             // the one encoding of all refusals, whatever is asked for; "": as asked
	Success      int                // the HTTP status of a success
	Status       func(*Error) int   // the HTTP status of a refusal
	Envelope     func(Envelope) any // what is encoded for a refusal
}

// DefaultForm is how the service writes answers. Content types are spelled as the service does; the official Go SDK
// reads an XML error only under exactly this type. The caller owns the value and may change it.
func DefaultForm() Form {
	return Form{
		RequestID:    "RequestId",
		Success:      http.StatusOK,
		Root:         func(action string) string { return action + "Response" },
		ContentTypes: map[Format]string{JSON: "application/json;charset=utf-8", XML: "text/xml;charset=utf-8"},
		Status:       func(e *Error) int { return e.Status },
		Envelope:     func(e Envelope) any { return e },
	}
}

// xmlProlog begins every XML answer.
const xmlProlog = `<?xml version='1.0' encoding='UTF-8'?>`

// formatNamed returns the encoding that a Format parameter asks for.
func formatNamed(asked string) (Format, bool) {
	for _, known := range []Format{JSON, XML} {
		if strings.EqualFold(asked, string(known)) {
			return known, true
		}
	}
	return "", false
}

// chooseFormat settles the encoding of the answer.
func chooseFormat(_ *Gateway, q *request) *problem {
	if only := q.product.Form.Only; only != "" {
		q.format = only
		return nil
	}
	asked, _ := q.params.Get("Format")
	if asked == "" {
		q.format = defaultFormat(q)
		return nil
	}
	format, known := formatNamed(asked)
	if !known {
		return &problem{fault: FaultFormat}
	}
	q.format = format
	return nil
}

// guessFormat is the encoding of a refusal that comes before chooseFormat could settle
// it: what the raw parameters ask for, as far as they can be read.
func guessFormat(q *request) Format {
	for _, raw := range []string{q.http.URL.RawQuery, string(q.body)} {
		for segment := range strings.SplitSeq(raw, "&") {
			asked, isFormat := strings.CutPrefix(segment, "Format=")
			if format, known := formatNamed(asked); isFormat && known {
				return format
			}
		}
	}
	return defaultFormat(q)
}

// defaultFormat is the encoding of an answer to a request that names none: V3
// goes by Accept, V1 by the product.
func defaultFormat(q *request) Format {
	if schemeOf(q) == schemeV3 {
		return acceptedFormat(q.http.Header.Values("Accept"))
	}
	return q.product.Format
}

// acceptedFormat returns the first media type of Accept that is JSON or XML; weights
// are not looked at. It is JSON when there is none.
func acceptedFormat(accept []string) Format {
	for _, line := range accept {
		for mediaRange := range strings.SplitSeq(line, ",") {
			mediaType, _, _ := strings.Cut(mediaRange, ";")
			switch strings.ToLower(strings.TrimSpace(mediaType)) {
			case "application/json", "text/json":
				return JSON
			case "application/xml", "text/xml":
				return XML
			}
		}
	}
	return JSON
}

// errNoObject is the fault of an operation whose result is not a pointer to a struct.
var errNoObject = errors.New("the operation's result is not a pointer to a struct")

// writeResult encodes a success: RequestId, then the members of the result.
func (f Form) writeResult(body *bytes.Buffer, q *request, result any) error {
	if q.format == XML {
		return f.writeResultXML(body, f.Root(q.action), q.id, result)
	}
	return f.writeResultJSON(body, q.id, result)
}

func (f Form) writeResultJSON(body *bytes.Buffer, id string, result any) error {
	body.WriteByte('{')
	if f.RequestID != "" {
		body.WriteString(`"` + f.RequestID + `":"` + id + `"`)
	}
	if result == nil {
		body.WriteByte('}')
		return nil
	}
	start := body.Len()
	if err := encodeJSON(body, result); err != nil {
		return err
	}
	object := body.Bytes()[start:]
	switch {
	case object[0] != '{':
		return errNoObject
	case start > len("{") && len(object) > len("{}"):
		object[0] = ','
	default: // nothing to separate
		body.Truncate(start + copy(object, object[1:]))
	}
	return nil
}

// encodeJSON appends the value without a line end; '&' and '<' stay as they are.
func encodeJSON(body *bytes.Buffer, value any) error {
	encoder := json.NewEncoder(body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	body.Truncate(body.Len() - 1)
	return nil
}

func (f Form) writeResultXML(body *bytes.Buffer, root, id string, result any) error {
	open, end := "<"+root+">", "</"+root+">"
	body.WriteString(xmlProlog)
	body.WriteString(open)
	if f.RequestID != "" {
		body.WriteString("<" + f.RequestID + ">" + id + "</" + f.RequestID + ">")
	}
	if result == nil {
		body.WriteString(end)
		return nil
	}
	if reflect.Indirect(reflect.ValueOf(result)).Kind() != reflect.Struct { // which the encoder would take too
		return errNoObject
	}
	var members bytes.Buffer
	if err := xml.NewEncoder(&members).EncodeElement(result, xml.StartElement{Name: xml.Name{Local: root}}); err != nil {
		return err
	}
	body.Write(members.Bytes()[len(open):]) // with the root's end
	return nil
}

// Envelope is the body of an error answer.
type Envelope struct {
	XMLName            xml.Name `json:"-" xml:"Error"`
	RequestID          string   `json:"RequestId" xml:"RequestId"`
	HostID             string   `json:"HostId" xml:"HostId"`
	Code               string
	Message            string
	Recommend          string
	AccessDeniedDetail Detail `json:",omitempty" xml:",omitempty"`
}

// Detail is a JSON object of strings that encodes to XML as well.
type Detail map[string]string

// MarshalXML writes one element for each member, sorted by name.
func (d Detail) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	if err := e.EncodeToken(start); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(d)) {
		if err := e.EncodeElement(d[name], xml.StartElement{Name: xml.Name{Local: name}}); err != nil {
			return err
		}
	}
	return e.EncodeToken(start.End())
}

// writeRefusal encodes an error answer.
func (f Form) writeRefusal(body *bytes.Buffer, q *request, refusal *Error) {
	q.format = cmp.Or(f.Refusals, q.format, guessFormat(q))
	e := f.Envelope(Envelope{
		RequestID: q.id, HostID: q.http.Host, Code: refusal.Code, Message: refusal.Message,
		Recommend:          recommend(q, refusal.Code),
		AccessDeniedDetail: refusal.AccessDeniedDetail,
	})
	// Strings always encode: what is not UTF-8 or not allowed in XML is replaced.
	if q.format == XML {
		body.WriteString(xmlProlog)
		_ = xml.NewEncoder(body).Encode(e)
		return
	}
	_ = encodeJSON(body, e)
}

// recommend is the link to the vendor's page about the code.
func recommend(q *request, code string) string {
	return "https://api.aliyun.com/troubleshoot?q=" + url.QueryEscape(code) + "&product=" + q.product.Troubleshoot + "&requestId=" + q.id
}

// writeAnswer sends the answer. An error of the connection has nobody left to
// be told to.
func (f Form) writeAnswer(w http.ResponseWriter, q *request, status int, body *bytes.Buffer) {
	header := w.Header()
	values := []string{f.ContentTypes[q.format], strconv.Itoa(body.Len()), q.id}
	for i, name := range []string{"Content-Type", "Content-Length", "X-Acs-Request-Id"} {
		header[name] = values[i : i+1 : i+1]
	}
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes())
}
