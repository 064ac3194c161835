package operation

import (
	"context"
	"errors"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/refusal"
	"github.com/kpspec/kpspec/reference/rpc"
)

var errOdd = errors.New("odd")

type answer struct{ Done []string }

// product has one operation that writes down which of its steps it has made.
func product() *Product {
	done := map[*Call][]string{}
	step := func(name string) Step {
		return Step{name, func(_ context.Context, c *Call) error {
			done[c] = append(done[c], name)
			if c.Text("Fail") == name {
				return refusal.About("Fail", errOdd)
			}
			return nil
		}}
	}
	return &Product{
		Name: "ECS", Version: "1", Errors: &refusal.Table{refusal.For(errOdd, 400, "Odd{name}", "odd")},
		Operations: []*Operation{{
			Action: "Do", Checks: []Step{step("look"), step("think")}, Effects: []Step{step("act")},
			Answer: func(c *Call) any { return &answer{done[c]} },
		}},
	}
}

// do calls the operation.
func do(p *Product, params map[string]string) (any, error) {
	return p.Serve()[0].Handle(context.Background(), &rpc.Call{Params: rpc.ParamsOf(params)})
}

func TestStepsAreMadeInOrder(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	p := product()
	g.Expect(do(p, nil)).To(Equal(&answer{[]string{"look", "think", "act"}}))
	_, err := do(p, map[string]string{"Fail": "think"})
	g.Expect(err).To(Equal(&rpc.Error{Status: 400, Code: "OddFail", Message: "odd"}))
}

// What is put in the place of a step or an answer is used, without the operation knowing of it.
func TestPartsCanBeReplaced(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	p := product()
	o := p.Operation("Do")
	o.Step("think").Run = func(context.Context, *Call) error { return nil }
	g.Expect(do(p, map[string]string{"Fail": "think"})).To(Equal(&answer{[]string{"look", "act"}}))
	o.Step("act").Run = func(context.Context, *Call) error { return errOdd }
	_, err := do(p, nil)
	g.Expect(err).To(MatchError("Odd: odd"))
	g.Expect(p.Operation("Undo")).To(BeNil())
	g.Expect(o.Step("rest")).To(BeNil())
}

// A call with a token goes through Once where its operation says what must not change.
func TestOnce(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	p := product()
	asked := 0
	p.Once = func(_ context.Context, _ *Operation, _ *Call, effects func() (any, error)) (any, error) {
		asked++
		return effects()
	}
	o := p.Operation("Do")
	o.Checks = append(o.Checks, Step{"token", func(_ context.Context, c *Call) error {
		c.Token = c.Text("ClientToken")
		return nil
	}})
	_, err := do(p, map[string]string{"ClientToken": "t"})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(asked).To(BeZero(), "nothing is the same")
	o.Same = func(*Call) []string { return nil }
	_, err = do(p, nil)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(asked).To(BeZero(), "no token")
	_, err = do(p, map[string]string{"ClientToken": "t"})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(asked).To(Equal(1))
}

func TestSharedSteps(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	call := func(params map[string]string) *Call {
		return &Call{Call: &rpc.Call{Params: rpc.ParamsOf(params), Identity: rpc.Identity{AccountID: "1"}}}
	}
	ctx := context.Background()
	c := call(map[string]string{"RegionId": "b", "Empty": ""})
	g.Expect(Region([]string{"a", "b"}).Run(ctx, c)).To(Succeed())
	g.Expect(c.Scope).To(Equal(keypair.Scope{Account: "1", Region: "b"}))
	g.Expect(Region([]string{"a"}).Run(ctx, c)).To(MatchError(ErrRegion))
	g.Expect(Required("RegionId").Run(ctx, c)).To(Succeed())
	g.Expect(Required("RegionId", "Empty").Run(ctx, c)).To(MatchError(ErrMissing))
	for text, want := range map[string]int{"": 7, "1": 1, "9": 9} {
		g.Expect(call(map[string]string{"N": text}).Number("N", 7, 9)).To(Equal(want), text)
	}
	for _, text := range []string{"0", "10", "-1", "+1", "1.0", "x", "99999999999"} {
		_, err := call(map[string]string{"N": text}).Number("N", 7, 9)
		g.Expect(err).To(MatchError(ErrInvalid), text)
	}
	c = call(map[string]string{"PageNumber": "2147483647", "PageSize": "50"})
	g.Expect(c.ReadPage(10, 50)).To(Succeed())
	g.Expect(c.Page.Offset()).To(BeNumerically(">", 0), "it does not run over")
}
