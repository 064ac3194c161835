package wire_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/wire"
)

// net/http would send a GET again by itself over whose connection, used before, no answer came: with the same nonce.
func TestNothingIsSentTwice(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests.Add(1)%2 == 0 {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_ = conn.(*net.TCPConn).SetLinger(0)
				_ = conn.Close()
			}
		}
	}))
	t.Cleanup(server.Close)
	client, err := wire.NewClient(server.URL, owner)
	g.Expect(err).NotTo(HaveOccurred())
	for i, shape := range wire.Shapes {
		call := wire.Call{Action: "DescribeKeyPairs", Version: "2014-05-26", Shape: shape}
		g.Expect(client.Do(t.Context(), call).Lost()).To(BeFalse(), string(shape))
		g.Expect(client.Do(t.Context(), call).Lost()).To(BeTrue(), string(shape))
		g.Expect(requests.Load()).To(BeEquivalentTo(2*(i+1)), string(shape))
	}
}
