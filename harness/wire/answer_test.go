package wire_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"unicode"

	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/format"

	"github.com/kpspec/kpspec/harness/wire"
)

func answer(status int, body string) *wire.Answer {
	return &wire.Answer{Status: status, Header: http.Header{}, Body: []byte(body)}
}

func TestObject(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	object, err := answer(200, ` {"A":1.50,"B":{"C":[null,true]},"D":12345678901234567890} `).Object()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(object).To(Equal(map[string]any{
		"A": json.Number("1.50"), "B": map[string]any{"C": []any{nil, true}}, "D": json.Number("12345678901234567890"),
	}))
	for body, why := range map[string]string{
		"":                     "the body is empty",
		" \n":                  "the body is empty",
		"null":                 "not an object",
		"[]":                   "not an object",
		`"x"`:                  "not an object",
		"<a/>":                 "not JSON",
		`{"a":1`:               "breaks off",
		`{"a":1,}`:             "not JSON",
		`{"a":1 "b":2}`:        "not JSON",
		`{"a":1} x`:            "goes on",
		`{"a":1}{}`:            "goes on",
		`{"a":1,"\u0061":2}`:   `member "a" twice`,
		"{\"a\":\"\xff\"}":     "not UTF-8",
		"\ufeff{}":             "not JSON",
		"{\"\x1b[31m\":1}":     "not JSON",
		`{"x\n":1,"x\n":2}`:    `twice`,
		"{\"%s%d\":1,\"%s%d\"": "breaks off",
	} {
		_, err := answer(200, body).Object()
		g.Expect(err).To(MatchError(ContainSubstring(why)), body)
		oneLine(t, err.Error())
	}
}

func oneLine(t testing.TB, text string) {
	t.Helper()
	for _, c := range text {
		if !unicode.IsPrint(c) {
			t.Errorf("not printable: %q", text)
			return
		}
	}
	// What fmt writes where text that is not a format is used as one.
	for _, mark := range []string{"(MISSING)", "(NOVERB)", "(EXTRA "} {
		if strings.Contains(text, mark) {
			t.Errorf("used as a format: %q", text)
		}
	}
}

func TestXML(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	root, err := answer(200, `<?xml version='1.0' encoding='UTF-8'?><!-- c -->
<R xmlns="urn:x" a="b">
  <Name> a &amp; b<![CDATA[<c>]]> </Name><Empty/>
  <Tags><Tag><Key>1</Key></Tag><Tag/></Tags>
</R>
`).XML()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(root.Name).To(Equal("R"))
	g.Expect(root.Text).To(BeEmpty())
	g.Expect(root.Child("Name").Text).To(Equal(" a & b<c> "))
	g.Expect(root.Child("Empty").Text).To(BeEmpty())
	g.Expect(root.Child("Tags").All("Tag")).To(HaveLen(2))
	g.Expect(root.Child("Tags").Child("Tag").Child("Key").Text).To(Equal("1"))
	g.Expect(root.Child("No").Child("Path").All("x")).To(BeNil())

	for body, why := range map[string]string{
		"":           "the body is empty",
		"{}":         "text outside",
		"<a>":        "not XML",
		"<a></b>":    "not XML",
		"<a/><b/>":   "more than one root",
		"<a/>x":      "text outside",
		"<!-- -->":   "no root",
		"<a>&x;</a>": "not XML",
		`<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>`:             "not XML",
		`<?xml version="1.0" encoding="UTF-16"?><a/>`:          "not XML",
		strings.Repeat("<a>", 33) + strings.Repeat("</a>", 33): "deep",
		"<a>" + strings.Repeat("<b/>", 50_000) + "</a>":        "more than 50000",
		"<a>\xff</a>": "not XML",
	} {
		_, err := answer(200, body).XML()
		g.Expect(err).To(MatchError(ContainSubstring(why)), body[:min(80, len(body))])
		oneLine(t, err.Error())
	}
	_, err = answer(200, strings.Repeat("<a>", 32)+strings.Repeat("</a>", 32)).XML()
	g.Expect(err).NotTo(HaveOccurred())
}

func TestRefusal(t *testing.T) {
	t.Parallel()
	want := wire.Refusal{
		Status: 403, Code: "Forbidden.RAM", Message: "no", RequestID: "R", HostID: "h", Recommend: "u",
		AccessDeniedDetail: map[string]string{"AuthAction": "ecs:ImportKeyPair"},
	}
	for _, body := range []string{
		`{"RequestId":"R","HostId":"h","Code":"Forbidden.RAM","Message":"no","Recommend":"u","AccessDeniedDetail":{"AuthAction":"ecs:ImportKeyPair","N":1}}`,
		`<?xml version='1.0' encoding='UTF-8'?><Error><RequestId>R</RequestId><HostId>h</HostId><Code>Forbidden.RAM</Code><Message>no</Message>` +
			`<Recommend>u</Recommend><AccessDeniedDetail><AuthAction>ecs:ImportKeyPair</AuthAction><N><M/></N></AccessDeniedDetail></Error>`,
	} {
		g := NewWithT(t)
		got, err := answer(403, body).Refusal()
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(got).To(Equal(want))
	}
	for _, c := range []struct {
		status int
		body   string
		want   string
	}{
		{200, `{"RequestId":"R","Code":"C","Message":"M"}`, "not the error envelope: the status is 200, not 4xx or 5xx"},
		{302, `{"RequestId":"R","Code":"C","Message":"M"}`, "not the error envelope: the status is 302, not 4xx or 5xx"},
		{404, `{}`, "not the error envelope: Code is missing; Message is missing; RequestId is missing"},
		{400, `{"RequestId":1,"Code":null,"Message":""}`, "not the error envelope: Code is null, not a string; Message is empty; RequestId is a number, not a string"},
		{400, `{"RequestId":{},"Code":[],"Message":true}`, "not the error envelope: Code is a list, not a string; Message is a boolean, not a string; RequestId is an object, not a string"},
		{500, ``, "not the error envelope: the body is empty, want a JSON object"},
		{500, `oops %s`, "not the error envelope: the body is not JSON: invalid character 'o' looking for beginning of value"},
		{200, `[]`, "not the error envelope: the status is 200, not 4xx or 5xx; the body is JSON but not an object"},
		{400, `<html/>`, "not the error envelope: the root element is <html>, not <Error>; Code is missing; Message is missing; RequestId is missing"},
		{400, `<Error><Code/><Message><a/></Message><RequestId>1</RequestId><RequestId>2</RequestId></Error>`, "not the error envelope: Code is empty; Message has child elements, not text; RequestId stands there more than once"},
		{400, `<Error>`, "not the error envelope: the body is not XML: XML syntax error on line 1: unexpected EOF"},
	} {
		_, err := answer(c.status, c.body).Refusal()
		NewWithT(t).Expect(err).To(MatchError(c.want))
		oneLine(t, err.Error())
	}
}

func TestAnswerString(t *testing.T) {
	t.Parallel()
	for want, a := range map[string]*wire.Answer{
		`HTTP 400 C.X: {"Code":"C.X","Message":"no %d"}`:             answer(400, `{"Code":"C.X","Message":"no %d"}`),
		`HTTP 200: {"PrivateKeyBody":"[hidden]"}`:                    answer(200, `{"PrivateKeyBody":"hunter2"}`),
		`HTTP 200: <R><PrivateKeyBody>[hidden]</PrivateKeyBody></R>`: answer(200, `<R><PrivateKeyBody>hunter2</PrivateKeyBody></R>`),
		`HTTP 204, no body`: answer(204, ""),
		`HTTP 502: [22 bytes, no content type] <h1>\x1b[[hidden] [hidden] \u202e\xff </`: answer(502, "<h1>\x1b[31m %s%n \u202e\xff </"),
	} {
		got := a.String()
		NewWithT(t).Expect(got).To(Equal(want))
		oneLine(t, got)
	}
	long := answer(200, `{"Message":"`+strings.Repeat("word ", 1000)+`"}`).String()
	NewWithT(t).Expect(len(long)).To(BeNumerically("<", 260))
}

// Whatever prints an answer hides what the body and the header hold.
func TestAnswerIsNeverPrintedWhole(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := listen(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Set-Cookie", "hunter2")
		_, _ = fmt.Fprintf(w, `{"PrivateKeyBody":"hunter2","Message":"%s %s %s"}`, secret, token, keyID)
	})
	a := client(t, s.URL, session).Do(t.Context(), wire.Call{})
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "answer", a)
	for _, text := range []string{
		a.String(), fmt.Sprint(a), fmt.Sprintf("%+v", a), format.Object(a, 1),
		format.Object(struct{ A *wire.Answer }{a}, 1), log.String(),
	} {
		for _, s := range []string{"hunter2", secret, token, keyID} {
			g.Expect(text).NotTo(ContainSubstring(s))
		}
	}
}

func fuzzSeeds(f *testing.F) {
	for _, s := range []string{
		"", "{}", `{"a":1}`, `{"a":1,"a":2}`, `{"a":{"a":[1,2,{"b":null}]}}x`, "<a/>", "<Error><Code>x</Code></Error>",
		`{"RequestId":"R","Code":"C","Message":"M"}`, "\xff", "<a>\x00</a>", "<?xml version='1.0'?><a b='c'>d</a>", "%s%n", "-----BEGIN RSA PRIVATE KEY-----",
		`{"RequestId":"R","Code":"C\u0007","Message":"-----BEGIN","AccessDeniedDetail":{"x":[]}}`,
	} {
		f.Add(s)
	}
}

func FuzzObject(f *testing.F) {
	fuzzSeeds(f)
	f.Fuzz(func(t *testing.T, body string) {
		a := answer(200, body)
		object, err := a.Object()
		var plain map[string]any
		plainErr := json.Unmarshal([]byte(body), &plain)
		switch {
		case err != nil:
			oneLine(t, err.Error())
		case plainErr != nil:
			t.Errorf("accepted what is not JSON: %v", plainErr)
		case len(object) != len(plain):
			t.Errorf("%d members, want %d", len(object), len(plain))
		}
		oneLine(t, a.String())
	})
}

func FuzzXML(f *testing.F) {
	fuzzSeeds(f)
	f.Fuzz(func(t *testing.T, body string) {
		a := answer(200, body)
		root, err := a.XML()
		if err != nil {
			oneLine(t, err.Error())
			return
		}
		var plain struct{ XMLName xml.Name }
		if err := xml.Unmarshal([]byte(body), &plain); err != nil {
			t.Errorf("accepted what is not XML: %v", err)
		}
		if root.Name != plain.XMLName.Local {
			t.Errorf("root %q, want %q", root.Name, plain.XMLName.Local)
		}
	})
}

func FuzzRefusal(f *testing.F) {
	fuzzSeeds(f)
	f.Fuzz(func(t *testing.T, body string) {
		a := answer(400, body)
		r, err := a.Refusal()
		if err != nil {
			oneLine(t, err.Error())
		} else if r.Code == "" || r.Message == "" || r.RequestID == "" {
			t.Errorf("an envelope with an empty part: %+v", r)
		}
		oneLine(t, a.String())
	})
}
