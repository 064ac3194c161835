package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/kpspec/kpspec/harness/evidence"
)

// Answer is what came back for one call, not redacted: body and header may hold
// a private key. String and the other ways of printing it redact.
type Answer struct {
	// Status is the HTTP status, 0 if no answer arrived.
	Status int
	// Header is the header of the answer.
	Header http.Header
	// Body is the body, unpacked; at most [MaxBody] bytes.
	Body []byte
	// Duration lasts from the first byte sent to the last byte read.
	Duration time.Duration
	// Err is one line that says why there is no whole answer: it could not be
	// sent, was refused, reset, timed out, given up or too large. Of the
	// [SDK] it may also be an [*SDKErr]: an answer arrived, and the official
	// client could not read it. An answer with an error status is no Err.
	Err error

	lost    bool // see Lost
	secrets func() []string
	object  func() (map[string]any, error) // what the body is, read once
}

// Lost reports whether the request left, or tried to, and no whole answer came: it
// was refused a connection, reset, broken off, or took too long. A call that was
// given up is not lost.
func (a *Answer) Lost() bool { return a.lost }

// excerptSize is about how many bytes of a body String shows.
const excerptSize = 200

// Object returns the body as a JSON object with numbers as [json.Number]. It is
// an error if the body is anything but one JSON object in UTF-8, or has two
// members of the same name at the top. The object is the answer's own, to be read only.
func (a *Answer) Object() (map[string]any, error) {
	if a.Err != nil {
		return nil, a.Err
	}
	if a.object == nil { // it did not come over the wire
		return a.readObject()
	}
	return a.object()
}

func (a *Answer) readObject() (map[string]any, error) {
	switch {
	case len(bytes.TrimSpace(a.Body)) == 0:
		return nil, errors.New("the body is empty, want a JSON object")
	case !utf8.Valid(a.Body):
		return nil, errors.New("the body is not UTF-8, want a JSON object in UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(a.Body))
	dec.UseNumber()
	first, err := dec.Token()
	if err != nil {
		return nil, a.unreadable("JSON", err)
	}
	if first != json.Delim('{') {
		return nil, errors.New("the body is JSON but not an object")
	}
	object := map[string]any{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, a.unreadable("JSON", err)
		}
		name, _ := token.(string)
		var value any
		if err := dec.Decode(&value); err != nil {
			return nil, a.unreadable("JSON", err)
		}
		if _, twice := object[name]; twice {
			return nil, fmt.Errorf("the JSON object has the member %q twice", a.text(name))
		}
		object[name] = value
	}
	if _, err := dec.Token(); err != nil {
		return nil, a.unreadable("JSON", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("the body goes on after the JSON object")
	}
	return object, nil
}

// String returns one short printable line for the text of a failure: status,
// code of a refusal and the beginning of the body, redacted.
func (a *Answer) String() string {
	if a.Err != nil && a.Status == 0 {
		return a.text(a.Err.Error())
	}
	line := fmt.Sprintf("HTTP %d", a.Status)
	if refusal, _ := a.refusal(); refusal.Code != "" {
		line += " " + a.text(refusal.Code)
	}
	if a.Err != nil {
		line += ", but " + a.text(a.Err.Error())
	}
	if len(a.Body) == 0 {
		return line + ", no body"
	}
	return line + ": " + evidence.Excerpt(a.Header.Get("Content-Type"), a.Body, excerptSize, a.hide()...)
}

// GomegaString is [Answer.String]: gomega would print every field otherwise.
func (a *Answer) GomegaString() string { return a.String() }

// LogValue is what log/slog writes for the answer.
func (a *Answer) LogValue() slog.Value { return slog.StringValue(a.String()) }

func (a *Answer) hide() []string {
	if a.secrets == nil {
		return nil
	}
	return a.secrets()
}

func (a *Answer) text(s string) string { return evidence.Text(s, a.hide()...) }

func (a *Answer) unreadable(format string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the body is not %s: it breaks off", format)
	}
	return &clearError{fmt.Sprintf("the body is not %s: %s", format, a.text(err.Error())), err}
}
