package report_test

import (
	"io"
	"testing"

	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/verdict"
)

// BenchmarkFormats writes a report on the whole catalogue, in which everything failed,
// in all formats.
func BenchmarkFormats(b *testing.B) {
	r := full(b, verdict.NotMet)
	all := func(formats ...report.Format) func(*testing.B) {
		return func(b *testing.B) {
			for b.Loop() {
				for _, f := range formats {
					if err := report.Render(io.Discard, r, f); err != nil {
						b.Fatal(err)
					}
				}
			}
		}
	}
	b.Run("all", all(report.Formats()...))
	for _, f := range report.Formats() {
		b.Run(string(f), all(f))
	}
}
