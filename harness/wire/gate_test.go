package wire_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	ecs "github.com/alibabacloud-go/ecs-20140526/v4/client"
	swas "github.com/alibabacloud-go/swas-open-20200601/v3/client"
	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/wire"
)

// counter is a gate that counts, and closes after so many.
type counter struct{ passed, most int }

var errClosed = errors.New("closed")

func (c *counter) Pass(context.Context) error {
	if c.passed == c.most {
		return errClosed
	}
	c.passed++
	return nil
}

func TestEveryRequestOfEveryClientPassesTheGate(t *testing.T) {
	g := NewWithT(t)
	arrived := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		arrived++
		_, _ = io.WriteString(w, `{"RequestId":"x"}`)
	}))
	defer server.Close()
	id := world.Default().Accounts[0].Identities[0]
	gate := &counter{most: 4}
	client, err := wire.NewClient(server.URL, id, wire.WithGate(gate))
	g.Expect(err).NotTo(HaveOccurred())
	sdk, err := wire.NewSDK(server.URL, id, wire.WithTransport(wire.NewTransport()), wire.WithGate(gate))
	g.Expect(err).NotTo(HaveOccurred())
	light, err := wire.NewSWASSDK(server.URL, id, wire.WithGate(gate))
	g.Expect(err).NotTo(HaveOccurred())
	ask := []func() *wire.Answer{
		func() *wire.Answer { return client.Do(t.Context(), wire.Call{Action: "A", Version: "1"}) },
		func() *wire.Answer {
			return client.Do(t.Context(), wire.Call{Action: "A", Version: "1", Shape: wire.V1Form})
		},
		func() *wire.Answer { _, a := sdk.DescribeRegions(t.Context(), &ecs.DescribeRegionsRequest{}); return a },
		func() *wire.Answer { _, a := light.CreateKeyPair(t.Context(), &swas.CreateKeyPairRequest{}); return a },
	}
	for i, send := range ask {
		g.Expect(send().Status).To(Equal(http.StatusOK))
		g.Expect(gate.passed).To(Equal(i + 1))
	}
	for _, send := range ask {
		answer := send()
		g.Expect(answer.Err).To(MatchError(errClosed))
		g.Expect(answer.Err).To(MatchError("the call was not sent: closed"))
		g.Expect(answer.Status).To(BeZero())
	}
	g.Expect(arrived).To(Equal(4))
}
