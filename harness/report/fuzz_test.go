package report_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/kpspec/kpspec/harness/report"
)

// FuzzRead: a report that is taken can be shown in every form, and is written so that it is read again.
func FuzzRead(f *testing.F) {
	for _, r := range samples() {
		var text bytes.Buffer
		if err := r.Write(&text); err != nil {
			f.Fatal(err)
		}
		f.Add(text.Bytes())
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := report.Read(bytes.NewReader(text))
		if err != nil {
			return
		}
		for _, format := range report.Formats() {
			if err := report.Render(io.Discard, r, format); err != nil {
				t.Errorf("%s: %v", format, err)
			}
		}
		var again bytes.Buffer
		if err := r.Write(&again); err != nil {
			t.Fatal(err)
		}
		if _, err := report.Read(&again); err != nil {
			t.Error(err)
		}
	})
}
