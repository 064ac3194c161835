package evidence

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxDepth bounds how deep the members of an answer are shown.
const maxDepth = 32

// Excerpt returns the beginning of a body, redacted by the same rules as in an
// [Exchange], as one printable line of about limit bytes at most. The given
// secrets are hidden wherever they stand. An empty body gives "".
func Excerpt(contentType string, body []byte, limit int, secrets ...string) string {
	shown := newRedactor(secrets).body(contentType, body[:min(len(body), captureLimit)], len(body))
	return shorten(printable(shown), limit)
}

// body returns what is shown of a body of which captured holds the beginning
// and that had size bytes.
func (r redactor) body(contentType string, captured []byte, size int) string {
	if size == len(captured) {
		if shown, ok := r.document(captured); ok {
			return shorten(shown, bodyLimit)
		}
	}
	return r.other(contentType, captured, size)
}

// document redacts a JSON object or an XML document; false if it is neither.
func (r redactor) document(body []byte) (string, bool) {
	trimmed := bytes.TrimSpace(body)
	if len(trimmed) == 0 {
		return "", len(body) == 0
	}
	var out bytes.Buffer
	var err error
	switch trimmed[0] {
	case '{':
		if !json.Valid(trimmed) {
			return "", false
		}
		err = r.object(trimmed, &out, 0)
	case '<':
		err = r.xml(trimmed, &out)
	default:
		return "", false
	}
	return valid(out.String()), err == nil
}

func (r redactor) other(contentType string, captured []byte, size int) string {
	if size == 0 {
		return ""
	}
	if contentType == "" {
		contentType = "no content type"
	}
	looked := captured[:min(len(captured), otherLook)]
	head := r.free(string(looked))
	if len(looked) < size && len(head) < 2*otherLimit {
		// Nearly all of it was a secret; one may be cut in two at the end.
		head = Hidden
	}
	head = shorten(printable(head), otherLimit)
	return fmt.Sprintf("[%d bytes, %s] %s", size, shorten(printable(r.free(contentType)), 80), head)
}

// object writes the JSON object raw, members in the order they came.
func (r redactor) object(raw []byte, out *bytes.Buffer, depth int) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if _, err := dec.Token(); err != nil {
		return err
	}
	out.WriteByte('{')
	for i := 0; dec.More(); i++ {
		token, err := dec.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		if i > 0 {
			out.WriteByte(',')
		}
		quote(out, r.name(name))
		out.WriteByte(':')
		if err := r.value(bytes.TrimSpace(value), members[strings.ToLower(name)], out, depth); err != nil {
			return err
		}
	}
	out.WriteByte('}')
	return nil
}

func (r redactor) value(raw []byte, k kind, out *bytes.Buffer, depth int) error {
	if k == secret || depth >= maxDepth || len(raw) == 0 {
		quote(out, Hidden)
		return nil
	}
	switch raw[0] {
	case '{':
		if k != box {
			quote(out, Hidden)
			return nil
		}
		return r.object(raw, out, depth+1)
	case '[':
		return r.list(raw, k, out, depth+1)
	case '"':
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		if k == box {
			s = Hidden
		} else {
			s = shorten(r.member(s, k), valueLimit)
		}
		quote(out, s)
	case 'n', 't', 'f':
		out.Write(raw)
	default: // a number
		if k == box {
			quote(out, Hidden)
		} else {
			out.WriteString(shorten(string(raw), 64))
		}
	}
	return nil
}

func (r redactor) list(raw []byte, k kind, out *bytes.Buffer, depth int) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if _, err := dec.Token(); err != nil {
		return err
	}
	out.WriteByte('[')
	for i := 0; dec.More(); i++ {
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		if i > 0 {
			out.WriteByte(',')
		}
		if err := r.value(bytes.TrimSpace(value), k, out, depth); err != nil {
			return err
		}
	}
	out.WriteByte(']')
	return nil
}

// name returns the name of a member, which a hostile server may misuse too.
func (r redactor) name(s string) string { return shorten(r.free(s), nameLimit) }

func quote(out *bytes.Buffer, s string) {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s)           // a string and a buffer: cannot fail
	out.Truncate(out.Len() - 1) // the line feed of Encode
}

// xml writes the document without attributes, comments and directives.
func (r redactor) xml(raw []byte, out *bytes.Buffer) error {
	dec := xml.NewDecoder(bytes.NewReader(raw))
	roots := 0
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			roots++
			if err := r.element(dec, t, box, out, 0); err != nil {
				return err
			}
		case xml.CharData:
			if len(bytes.TrimSpace(t)) > 0 {
				return errors.New("text outside of the root element")
			}
		}
	}
	if roots != 1 {
		return errors.New("not one root element")
	}
	return nil
}

func (r redactor) element(dec *xml.Decoder, start xml.StartElement, k kind, out *bytes.Buffer, depth int) error {
	name := r.name(start.Name.Local)
	out.WriteString("<" + name + ">")
	defer out.WriteString("</" + name + ">")
	if k == secret || depth >= maxDepth {
		out.WriteString(Hidden)
		return dec.Skip()
	}
	var chars []byte
	for {
		token, err := dec.Token()
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			child := members[strings.ToLower(t.Name.Local)]
			if k != box {
				child = secret
			}
			if err := r.element(dec, t, child, out, depth+1); err != nil {
				return err
			}
		case xml.CharData:
			chars = append(chars, t...)
		case xml.EndElement:
			switch {
			case k != box:
				_ = xml.EscapeText(out, []byte(shorten(r.member(string(chars), k), valueLimit)))
			case len(bytes.TrimSpace(chars)) > 0:
				out.WriteString(Hidden)
			}
			return nil
		}
	}
}
