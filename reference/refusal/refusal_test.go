package refusal

import (
	"errors"
	"fmt"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/reference/rpc"
)

var (
	errFirst  = errors.New("first")
	errSecond = errors.New("second")
)

func TestOf(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	table := Table{For(errFirst, 400, "No{name}", `"{name}" is missing.`), For(errSecond, 404, "Gone", "gone")}
	g.Expect(table.Of(fmt.Errorf("step: %w", About("RegionId", errFirst)))).To(Equal(&rpc.Error{Status: 400, Code: "NoRegionId", Message: `"RegionId" is missing.`}))
	g.Expect(table.Of(errSecond)).To(Equal(&rpc.Error{Status: 404, Code: "Gone", Message: "gone"}))
	other := errors.New("other")
	g.Expect(table.Of(other)).To(BeIdenticalTo(other))
	g.Expect(About("RegionId", errFirst)).To(MatchError("RegionId: first"))
}

func TestWith(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	table := Table{For(errFirst, 400, "A", "a"), For(errSecond, 404, "B", "b")}
	changed := table.With(For(errSecond, 409, "C", "c"))
	g.Expect(changed).To(ConsistOf(For(errFirst, 400, "A", "a"), For(errSecond, 409, "C", "c")))
	g.Expect(table).To(Equal(Table{For(errFirst, 400, "A", "a"), For(errSecond, 404, "B", "b")}), "the original stays")
	g.Expect(Table(nil).With(table...)).To(Equal(table))
}
