package verdict_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/verdict"
)

// FuzzReadList: a list that is taken is written so that it is read as the same one.
func FuzzReadList(f *testing.F) {
	rules, err := catalogue.Load()
	if err != nil {
		f.Fatal(err)
	}
	f.Add("deviations:\n- {rule: ECS-IMP-NAME-REQ, reason: r, expires: 2027-01-01, failures: [{spec: s, text: t}]}\nflaky: []\n")
	f.Add("flaky:\n- {rule: ECS-IMP-NAME-REQ, reason: \"r\\n\", link: https://h/x, expires: 2027-01-01}\n")
	f.Add("deviations: &d [*d]\n")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := verdict.ReadList(strings.NewReader(text), "d.yaml", rules)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "d.yaml:") {
				t.Errorf("%q does not name the file", err)
			}
			return
		}
		var first, second bytes.Buffer
		if err := l.Write(&first); err != nil {
			t.Fatal(err)
		}
		again, err := verdict.ReadList(bytes.NewReader(first.Bytes()), "d.yaml", rules)
		if err != nil {
			t.Fatalf("%v in what was written:\n%s", err, &first)
		}
		if err := again.Write(&second); err != nil || first.String() != second.String() {
			t.Errorf("%v\n%s\nis then\n%s", err, &first, &second)
		}
	})
}
