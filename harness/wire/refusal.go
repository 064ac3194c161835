package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Refusal is the error envelope of the API.
type Refusal struct {
	// Status is the HTTP status.
	Status int
	// Code, Message and RequestID are in every refusal.
	Code, Message, RequestID string
	// HostID and Recommend are "" where the answer has none.
	HostID, Recommend string
	// AccessDeniedDetail says why an access policy refused; nil where the
	// answer has none. Members that are not strings are left out.
	AccessDeniedDetail map[string]string
}

// Refusal returns the error envelope of the answer, JSON or XML. The error says
// in one line all that is missing of one: a status of 4xx or 5xx, and Code,
// Message and RequestId as strings that are not empty. What was found is
// returned in any case.
func (a *Answer) Refusal() (Refusal, error) {
	if a.Err != nil {
		return Refusal{Status: a.Status}, a.Err
	}
	return a.refusal()
}

func (a *Answer) refusal() (Refusal, error) {
	r := Refusal{Status: a.Status}
	var problems []string
	if a.Status < 400 || a.Status > 599 {
		problems = append(problems, fmt.Sprintf("the status is %d, not 4xx or 5xx", a.Status))
	}
	read := a.jsonRefusal
	if bytes.HasPrefix(bytes.TrimSpace(a.Body), []byte("<")) {
		read = a.xmlRefusal
	}
	more, err := read(&r)
	if err != nil {
		more = []string{err.Error()}
	}
	problems = append(problems, more...)
	if len(problems) > 0 {
		return r, errors.New("not the error envelope: " + strings.Join(problems, "; "))
	}
	return r, nil
}

func (a *Answer) jsonRefusal(r *Refusal) (problems []string, err error) {
	object, err := a.Object()
	if err != nil {
		return nil, err
	}
	need := func(name string, to *string) {
		value, present := object[name]
		s, isString := value.(string)
		*to = s
		switch {
		case !present:
			problems = append(problems, name+" is missing")
		case !isString:
			problems = append(problems, fmt.Sprintf("%s is %s, not a string", name, jsonKind(value)))
		case s == "":
			problems = append(problems, name+" is empty")
		}
	}
	need("Code", &r.Code)
	need("Message", &r.Message)
	need("RequestId", &r.RequestID)
	r.HostID, _ = object["HostId"].(string)
	r.Recommend, _ = object["Recommend"].(string)
	if detail, ok := object["AccessDeniedDetail"].(map[string]any); ok {
		r.AccessDeniedDetail = map[string]string{}
		for name, value := range detail {
			if s, ok := value.(string); ok {
				r.AccessDeniedDetail[name] = s
			}
		}
	}
	return problems, nil
}

func jsonKind(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case json.Number:
		return "a number"
	case []any:
		return "a list"
	}
	return "an object"
}

func (a *Answer) xmlRefusal(r *Refusal) (problems []string, err error) {
	root, err := a.XML()
	if err != nil {
		return nil, err
	}
	if root.Name != "Error" {
		problems = append(problems, fmt.Sprintf("the root element is <%s>, not <Error>", a.text(root.Name)))
	}
	need := func(name string, to *string) {
		found := root.All(name)
		if len(found) > 0 {
			*to = found[0].Text
		}
		switch {
		case len(found) == 0:
			problems = append(problems, name+" is missing")
		case len(found) > 1:
			problems = append(problems, name+" stands there more than once")
		case len(found[0].Children) > 0:
			problems = append(problems, name+" has child elements, not text")
		case *to == "":
			problems = append(problems, name+" is empty")
		}
	}
	need("Code", &r.Code)
	need("Message", &r.Message)
	need("RequestId", &r.RequestID)
	optional := func(name string) string {
		if e := root.Child(name); e != nil {
			return e.Text
		}
		return ""
	}
	r.HostID, r.Recommend = optional("HostId"), optional("Recommend")
	if detail := root.Child("AccessDeniedDetail"); detail != nil {
		r.AccessDeniedDetail = map[string]string{}
		for _, e := range detail.Children {
			if len(e.Children) == 0 {
				r.AccessDeniedDetail[e.Name] = e.Text
			}
		}
	}
	return problems, nil
}
