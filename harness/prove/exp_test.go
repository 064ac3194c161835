package prove

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kpspec/kpspec/reference/defect"
)

func TestExp(t *testing.T) {
	started := time.Now()
	var ds []defect.Defect
	for _, d := range defect.All() {
		if strings.Contains(d.ID, os.Getenv("D")) {
			ds = append(ds, d)
		}
	}
	p, err := Run(context.Background(), Options{Defects: ds, Whole: os.Getenv("WHOLE") != ""})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range p.Controls {
		t.Logf("%+v", c)
	}
	n := 0
	sum := 0.0
	for _, tr := range p.Trials {
		sum += tr.MS
		if tr.Ending == Killed {
			n++
			if os.Getenv("V") == "" {
				continue
			}
		}
		t.Logf("%-10s %s (%.0f ms)\n   red %v\n   missing %v\n   undone %v", tr.Ending, tr.Defect, tr.MS, tr.Red, tr.Missing(), tr.Undone)
	}
	t.Logf("%d of %d killed; %.1f ms on average; %v", n, len(p.Trials), sum/float64(max(1, len(p.Trials))), time.Since(started))
}
