package rpc

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

func TestParams(t *testing.T) {
	g := NewWithT(t)
	p := ParamsOf(map[string]string{"b": "2", "a": "", "": "nameless"})
	value, present := p.Get("b")
	g.Expect([]any{value, present}).To(HaveExactElements("2", true))
	value, present = p.Get("a")
	g.Expect([]any{value, present}).To(HaveExactElements("", true))
	value, present = p.Get("B")
	g.Expect([]any{value, present}).To(HaveExactElements("", false))
	g.Expect(p.Has("a")).To(BeTrue())
	g.Expect(p.Has("c")).To(BeFalse())
	g.Expect(p.Names()).To(Equal([]string{"", "a", "b"}))
	g.Expect((&Params{}).Names()).To(BeEmpty())
}

func TestObjects(t *testing.T) {
	g := NewWithT(t)
	p := ParamsOf(map[string]string{
		"Tag.2.Key": "two", "Tag.2.Value": "", "Tag.10.Key": "ten", "Tag.1.Key": "one", "Tag.0.Value": "zero",
		"Tag.2147483647.Key": "far", "Tag.21.Key.Sub": "deep",
		// None of these belongs to the list.
		"Tag.x.Key": "", "Tag.-1.Key": "", "Tag.+1.Key": "", "Tag.01.Key": "", "Tag.1": "", "Tag.1.": "", "Tag..Key": "", "Tag.": "", "Tag": "",
		"Tag.99999999999999999999.Key": "", "Tag.2147483648.Key": "", "Tag.1.5": "field", "Tag.٣.Key": "", "tag.3.Key": "", "Tags.3.Key": "", "Tag/3.Key": "", "Tag-3.Key": "",
	})
	g.Expect(p.Objects("Tag")).To(Equal([]Item{
		{0, map[string]string{"Value": "zero"}},
		{1, map[string]string{"Key": "one", "5": "field"}},
		{2, map[string]string{"Key": "two", "Value": ""}},
		{10, map[string]string{"Key": "ten"}},
		{21, map[string]string{"Key.Sub": "deep"}},
		{2147483647, map[string]string{"Key": "far"}},
	}))
	g.Expect(p.Objects("Tax")).To(BeEmpty())
	g.Expect((&Params{}).Objects("Tag")).To(BeEmpty())
}

func TestRepeat(t *testing.T) {
	g := NewWithT(t)
	p := ParamsOf(map[string]string{
		"InstanceIds.1": "a", "InstanceIds.10": "j", "InstanceIds.3": "", "InstanceIds": "[]",
		"InstanceIds.x": "", "InstanceIds.1.Key": "", "InstanceIds.": "", "InstanceIds.00": "", "InstanceIds.99999999999": "",
	})
	g.Expect(p.Repeat("InstanceIds")).To(Equal([]Element{{1, "a"}, {3, ""}, {10, "j"}}))
	g.Expect(p.Repeat("Others")).To(BeEmpty())
}

func TestStringArray(t *testing.T) {
	for text, want := range map[string][]string{
		`["a","b"]`: {"a", "b"}, ` [ "a" , "a" ] `: {"a", "a"}, `[]`: {}, `[""]`: {""}, "null": {}, `["é\n\u5bc6\""]`: {"é\n密\""},
	} {
		t.Run(text, func(t *testing.T) {
			g := NewWithT(t)
			values, err := StringArray(text)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(values).To(Equal(want))
		})
	}
	for _, text := range []string{
		"", " ", "a", `"a"`, "{}", "1", "[", `["a"`, `["a",]`, `["a"]x`, `["a"]["b"]`, "[1]", "[null]", `["a",null]`, `[["a"]]`, `[{"a":1}]`, "['a']", "[a]",
		strings.Repeat("[", 100000),
	} {
		t.Run(shorten(text), func(t *testing.T) {
			g := NewWithT(t)
			_, err := StringArray(text)
			g.Expect(err).To(MatchError(`not a JSON array of strings, such as ["a","b"]`))
		})
	}
}
