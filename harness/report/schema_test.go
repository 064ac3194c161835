package report_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/kpspec/kpspec/harness/evidence"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/verdict"
)

// schemaDocument is the published schema as JSON.
func schemaDocument(t *testing.T) map[string]any {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(report.Schema()))
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return doc.(map[string]any)
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	g := NewWithT(t)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	g.Expect(c.AddResource("report.schema.json", schemaDocument(t))).To(Succeed())
	made, err := c.Compile("report.schema.json")
	g.Expect(err).NotTo(HaveOccurred())
	return made
}

func validate(t *testing.T, s *jsonschema.Schema, file []byte) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(file))
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return s.Validate(doc)
}

func TestSchemaTakesReports(t *testing.T) {
	t.Parallel()
	s := compiled(t)
	all := samples()
	all["all met"], all["none met"] = full(t, verdict.Met), full(t, verdict.NotMet)
	for name, r := range all {
		var file bytes.Buffer
		NewWithT(t).Expect(r.Write(&file)).To(Succeed())
		NewWithT(t).Expect(validate(t, s, file.Bytes())).To(Succeed(), name)
	}
}

func TestSchemaRefusesWhatIsNoReport(t *testing.T) {
	t.Parallel()
	s := compiled(t)
	var file bytes.Buffer
	NewWithT(t).Expect(hostile().Write(&file)).To(Succeed())
	// Each of these is put in the place of a member of a report that is right.
	tests := map[string]struct {
		path  []any
		value any // nil removes it
	}{
		"another version":            {[]any{"schemaVersion"}, 2},
		"a member nobody knows":      {[]any{"score"}, 98},
		"no tool":                    {[]any{"tool"}, nil},
		"another tool":               {[]any{"tool", "name"}, "other"},
		"a time that is none":        {[]any{"started"}, "yesterday"},
		"a verdict that is none":     {[]any{"verdict"}, "fine"},
		"verdict and code disagree":  {[]any{"exitCode"}, 0},
		"exit code of wrong usage":   {[]any{"exitCode"}, 2},
		"a count below nothing":      {[]any{"counts", "MUST", "failed"}, -1},
		"a level without counts":     {[]any{"counts", "SHOULD"}, nil},
		"a level that is none":       {[]any{"rules", 0, "level"}, "MAY"},
		"a rule without its verdict": {[]any{"rules", 0, "verdict"}, nil},
		"a member of a rule":         {[]any{"rules", 0, "why"}, "x"},
		"a spec without a text":      {[]any{"rules", 0, "specs", 0, "text"}, nil},
		"a mismatch without got":     {[]any{"rules", 0, "specs", 0, "mismatches", 0, "got"}, nil},
		"an exchange without a time": {[]any{"rules", 0, "specs", 0, "exchanges", 0, "durationMs"}, nil},
		"a header of three":          {[]any{"rules", 0, "specs", 0, "exchanges", 0, "request", "header", 0}, []any{"a", "b", "c"}},
		"an observation of objects":  {[]any{"rules", 2, "specs", 0, "observations"}, []any{map[string]any{"name": "x", "value": map[string]any{}}}},
		"an end that is no date":     {[]any{"rules", 1, "deviation", "expires"}, "soon"},
		"not covered for no reason":  {[]any{"notCovered", 0, "reason"}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			var doc any
			g.Expect(json.Unmarshal(file.Bytes(), &doc)).To(Succeed())
			put(doc, test.path, test.value)
			bad, err := json.Marshal(doc)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(validate(t, s, bad)).NotTo(Succeed())
		})
	}
}

// put sets or removes the member at a path.
func put(doc any, path []any, value any) {
	for _, step := range path[:len(path)-1] {
		switch step := step.(type) {
		case string:
			doc = doc.(map[string]any)[step]
		case int:
			doc = doc.([]any)[step]
		}
	}
	switch last := path[len(path)-1].(type) {
	case string:
		if value == nil {
			delete(doc.(map[string]any), last)
			return
		}
		doc.(map[string]any)[last] = value
	case int:
		doc.([]any)[last] = value
	}
}

// TestSchemaIsInStep compares every object of the schema with the Go type behind it:
// the same members, and those demanded that are always written. Who adds a member to a
// type adds it to report.schema.json too.
func TestSchemaIsInStep(t *testing.T) {
	t.Parallel()
	doc := schemaDocument(t)
	defs := doc["$defs"].(map[string]any)
	types := map[string]reflect.Type{
		"tool": reflect.TypeFor[report.Tool](), "target": reflect.TypeFor[report.Target](), "document": reflect.TypeFor[report.Document](),
		"rule": reflect.TypeFor[report.Rule](), "listed": reflect.TypeFor[verdict.Listed](), "spec": reflect.TypeFor[report.Spec](),
		"mismatch": reflect.TypeFor[report.Mismatch](), "limits": reflect.TypeFor[report.Limits](), "observation": reflect.TypeFor[report.Observation](),
		"weather": reflect.TypeFor[report.Weather](), "lag": reflect.TypeFor[report.Lag](),
		"notCovered": reflect.TypeFor[report.NotCovered](), "exchange": reflect.TypeFor[evidence.Exchange](),
		"message": reflect.TypeFor[evidence.Message](), "param": reflect.TypeFor[evidence.Param](),
	}
	inStep(t, "report", doc, reflect.TypeFor[report.Report]())
	for name, object := range defs {
		switch name {
		case "level":
			NewWithT(t).Expect(object.(map[string]any)["enum"]).To(ConsistOf(words(verdict.Levels())...))
		case "verdict":
			NewWithT(t).Expect(object.(map[string]any)["enum"]).To(ConsistOf(words(verdict.All())...))
		case "verdictCounts":
			NewWithT(t).Expect(slices.Collect(maps.Keys(object.(map[string]any)["properties"].(map[string]any)))).To(ConsistOf(words(verdict.All())...))
		default:
			NewWithT(t).Expect(types).To(HaveKey(name))
			inStep(t, name, object.(map[string]any), types[name])
		}
	}
	NewWithT(t).Expect(defs).To(HaveLen(len(types) + 3))
}

func words[S ~string](all []S) []any {
	var out []any
	for _, s := range all {
		out = append(out, string(s))
	}
	return out
}

func inStep(t *testing.T, name string, object map[string]any, of reflect.Type) {
	t.Helper()
	g := NewWithT(t)
	known, always := members(of)
	if of == reflect.TypeFor[evidence.Exchange]() {
		known, always = append(known, "durationMs"), append(always, "durationMs") // by its MarshalJSON
	}
	g.Expect(slices.Collect(maps.Keys(object["properties"].(map[string]any)))).To(ConsistOf(known), "members of %s", name)
	g.Expect(object["required"]).To(ConsistOf(always), "demanded members of %s", name)
	g.Expect(object["additionalProperties"]).To(BeFalse(), name)
}

// members are the names of the JSON members of a struct, and of those that are always
// there.
func members(of reflect.Type) (known, always []any) {
	for field := range of.Fields() {
		tag, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous && tag == "":
			inner, innerAlways := members(field.Type)
			known, always = append(known, inner...), append(always, innerAlways...)
		case tag != "-":
			known = append(known, tag)
			if options != "omitempty" {
				always = append(always, tag)
			}
		}
	}
	return known, always
}
