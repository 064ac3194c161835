package keypair

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	. "github.com/onsi/gomega"
)

var testTags = TagRule{
	Max: 20, KeyMax: 128, ValueMax: 128,
	KeyPrefixes: []string{"aliyun", "acs:"}, ValuePrefixes: []string{"acs:"},
	Forbidden: []string{"http://", "https://"}, Unique: true,
}

func someTags(n int) []Tag {
	var tags []Tag
	for i := range n {
		tags = append(tags, Tag{Key: fmt.Sprint("k", i)})
	}
	return tags
}

func TestTagRule(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("密", 128)
	for name, c := range map[string]struct {
		tags []Tag
		want error
	}{
		"none":                   {nil, nil},
		"empty value":            {[]Tag{{"k", ""}}, nil},
		"twenty":                 {someTags(20), nil},
		"twenty-one":             {someTags(21), ErrTagCount},
		"no key":                 {[]Tag{{"", "v"}}, ErrTagKey},
		"longest":                {[]Tag{{long, long}}, nil},
		"key too long":           {[]Tag{{long + "a", ""}}, ErrTagKey},
		"value too long":         {[]Tag{{"k", long + "a"}}, ErrTagValue},
		"key aliyun":             {[]Tag{{"aliyun", ""}}, ErrTagKey},
		"key aliyunx":            {[]Tag{{"aliyunx", ""}}, ErrTagKey},
		"key xaliyun":            {[]Tag{{"xaliyun", ""}}, nil},
		"key Aliyun":             {[]Tag{{"Aliyun", ""}}, nil},
		"key acs:":               {[]Tag{{"acs:x", ""}}, ErrTagKey},
		"key acs":                {[]Tag{{"acs", ""}}, nil},
		"key x-acs:":             {[]Tag{{"x-acs:", ""}}, nil},
		"key with http inside":   {[]Tag{{"xhttp://y", ""}}, ErrTagKey},
		"key with https at end":  {[]Tag{{"x https://", ""}}, ErrTagKey},
		"key http:/x":            {[]Tag{{"http:/x", ""}}, nil},
		"value with http inside": {[]Tag{{"k", "a http:// b"}}, ErrTagValue},
		"value http:/":           {[]Tag{{"k", "http:/"}}, nil},
		"value aliyun":           {[]Tag{{"k", "aliyun"}}, nil},
		"value acs:":             {[]Tag{{"k", "acs:v"}}, ErrTagValue},
		"value xacs:":            {[]Tag{{"k", "xacs:"}}, nil},
		"one key twice":          {[]Tag{{"k", "a"}, {"l", ""}, {"k", "b"}}, ErrTagDuplicate},
		"keys in two cases":      {[]Tag{{"k", ""}, {"K", ""}}, nil},
		"key not UTF-8":          {[]Tag{{"\xff", ""}}, ErrTagKey},
		"value not UTF-8":        {[]Tag{{"k", "\xff"}}, ErrTagValue},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := testTags.Check(c.tags)
			if c.want == nil {
				NewWithT(t).Expect(err).NotTo(HaveOccurred())
			} else {
				NewWithT(t).Expect(err).To(MatchError(c.want))
			}
		})
	}
}

func TestTagRuleWithoutUniqueness(t *testing.T) {
	t.Parallel()
	rule := testTags
	rule.Unique = false
	NewWithT(t).Expect(rule.Check([]Tag{{"k", "a"}, {"k", "b"}})).To(Succeed())
}

// Tags that follow the rule still do without one of them, and in any order.
func FuzzTagRule(f *testing.F) {
	f.Add("team", "a", "stage", "")
	f.Add("acs:x", "https://", "\xff", "密")
	f.Fuzz(func(t *testing.T, key, value, otherKey, otherValue string) {
		one, other := Tag{key, value}, Tag{otherKey, otherValue}
		if testTags.Check([]Tag{one, other}) != nil {
			return
		}
		for _, tags := range [][]Tag{{one}, {other}, {other, one}} {
			if err := testTags.Check(tags); err != nil {
				t.Errorf("%q: %v", tags, err)
			}
		}
		if key == otherKey || key == "" || !utf8.ValidString(key+value) {
			t.Errorf("%q and %q are allowed", one, other)
		}
	})
}
