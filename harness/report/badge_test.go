package report_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/report"
)

func TestBadge(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"conformant", "mixed", "interrupted"} {
		golden(t, name+".svg", []byte(render(t, samples()[name], report.FormatBadge)))
	}
	g := NewWithT(t)
	var made map[string]any
	g.Expect(json.Unmarshal([]byte(render(t, samples()["mixed"], report.FormatBadgeJSON)), &made)).To(Succeed())
	g.Expect(made).To(Equal(map[string]any{
		"schemaVersion": 1.0, "label": "kpspec 2026-06", "color": "red",
		"message": "not conformant · 1 passed · 2 failed · 1 warned · 1 could-not-run · 3 not covered · 2026-07-01",
	}))
	for name, color := range map[string]string{"conformant": "brightgreen", "interrupted": "yellow", "cut short": "yellow"} {
		g.Expect(render(t, samples()[name], report.FormatBadgeJSON)).To(ContainSubstring(`"color": "%s"`, color), name)
	}
}

func TestBadgeIsXMLWhateverTheEditionIs(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	r := hostile()
	r.Edition = "</title><script>\x00\"'&"
	svg := render(t, r, report.FormatBadge)
	g.Expect(svg).NotTo(ContainSubstring("<script"))
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		g.Expect(err).NotTo(HaveOccurred())
	}
}
