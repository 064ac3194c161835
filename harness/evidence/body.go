package evidence

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
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
// and that had size bytes: of a document its members, as far as it can be read,
// and of anything else its plain words.
func (r redactor) body(contentType string, captured []byte, size int) string {
	if size == 0 {
		return ""
	}
	shown, read, whole := r.document(captured)
	switch {
	case whole && size == len(captured):
		return shorten(shown, bodyLimit)
	case !read:
		shown = r.words(string(captured[:min(len(captured), otherLook)]))
		shown = shorten(printable(shown), otherLimit)
	default:
		shown = shorten(shown, bodyLimit) + " [broken here]"
	}
	return fmt.Sprintf("[%d bytes, %s] %s", size, r.contentType(contentType), shown)
}

func (r redactor) contentType(s string) string {
	if s == "" {
		return "no content type"
	}
	return shorten(printable(r.free(s)), 80)
}

// document redacts JSON or XML. read is false if the body is neither, or is a web
// page; whole is false if it cannot be read to its end. What could be read is
// returned even so: nothing behind the fault is shown, whatever it looks like.
func (r redactor) document(body []byte) (shown string, read, whole bool) {
	trimmed := bytes.TrimSpace(body)
	if len(trimmed) == 0 {
		return "", false, false
	}
	var out bytes.Buffer
	var err error
	switch {
	case trimmed[0] == '{', trimmed[0] == '[':
		err = r.value(trimmed[:jsonEnd(trimmed)], box, &out, -1)
		whole = err == nil && json.Valid(trimmed)
	case trimmed[0] == '<' && !page.Match(trimmed):
		err = r.xml(trimmed, &out)
		whole = err == nil
	default:
		return "", false, false
	}
	return valid(out.String()), true, whole
}

// page is how a web page begins.
var page = regexp.MustCompile(`(?i)^<(!doctype\s+html|html|head|body|title|h[1-6]|p|center)\b`)

// jsonEnd is where the first value of a body ends, or the end of a body in which
// none is whole.
func jsonEnd(body []byte) int {
	dec := json.NewDecoder(bytes.NewReader(body))
	var first json.RawMessage
	if dec.Decode(&first) != nil {
		return len(body)
	}
	return int(dec.InputOffset())
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
		quote(out, r.memberName(name))
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

// name returns the name of a parameter or header.
func (r redactor) name(s string) string { return shorten(r.free(s), nameLimit) }

// memberName returns the name of a member of an answer. A broken server may have
// put a value there: what does not look like a name is hidden.
func (r redactor) memberName(s string) string {
	if _, known := members[strings.ToLower(s)]; known {
		return s
	}
	if s = r.free(s); !identifier.MatchString(s) {
		return Hidden
	}
	return s
}

// identifier is what members are called, in any of the usual ways.
var identifier = regexp.MustCompile(`^[@$A-Za-z_][A-Za-z_]{0,39}[0-9]{0,2}$`)

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
	name := r.memberName(start.Name.Local)
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
