package wire_test

import (
	"encoding/json"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/evidence"
	"github.com/kpspec/kpspec/harness/wire"
)

// A recorder under both clients sees every call, and shows no secret of it.
func TestRecordedCalls(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	s := listen(t, reply(400, "application/json", `{"RequestId":"R","Code":"C","Message":"M"}`))
	transport := wire.NewTransport()
	t.Cleanup(transport.CloseIdleConnections)
	recorder := evidence.NewRecorder(transport)
	c := client(t, s.URL, session, wire.WithTransport(recorder))
	check := func(a *wire.Answer, what string) {
		g.Expect(a.Err).NotTo(HaveOccurred(), what)
		exchanges := recorder.Take()
		g.Expect(exchanges).To(HaveLen(1), what)
		g.Expect(exchanges[0].Action).To(Equal("ImportKeyPair"))
		data, err := json.Marshal(exchanges[0])
		g.Expect(err).NotTo(HaveOccurred())
		r := s.last()
		signature, _ := get(r.all(), "Signature")
		for _, hidden := range []string{secret, token, keyID, signature, r.Header.Get("Authorization")} {
			if hidden != "" {
				g.Expect(string(data)).NotTo(ContainSubstring(hidden), what)
				g.Expect(exchanges[0].String()).NotTo(ContainSubstring(hidden), what)
			}
		}
		var shown []string
		for _, p := range exchanges[0].Request.Params {
			shown = append(shown, p.Name)
		}
		g.Expect(shown).To(Equal(names(r.all())))
		hosts := 0
		for _, h := range exchanges[0].Request.Header {
			if h[0] == "Host" {
				hosts++
			}
		}
		g.Expect(hosts).To(Equal(1))
	}
	for _, shape := range wire.Shapes {
		for _, fault := range append([]wire.Break{""}, wire.Breaks...) {
			if !fault.Applies(shape, true) {
				continue
			}
			call := sample(shape)
			call.Break, call.Nonce = fault, "n"
			check(c.Do(t.Context(), call), string(shape)+" "+string(fault))
		}
	}
	_, a := sdk(t, s.URL, session, wire.WithTransport(recorder)).ImportKeyPair(t.Context(), importRequest())
	check(a, "SDK")
}
