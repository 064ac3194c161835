package rpc

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

// sink is a ResponseWriter that keeps nothing, so that the recorder is not
// measured.
type sink struct {
	header http.Header
	status int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }

// realistic are the parameters of an import as clients send it.
var realistic = map[string]string{
	"RegionId": "cn-hangzhou", "KeyPairName": "test-key", "PublicKeyBody": "ssh-rsa " + strings.Repeat("AAAAB3Nza/+C", 31) + " me@host",
	"Tag.1.Key": "team", "Tag.1.Value": "a",
}

// benchmark measures the whole gateway on requests that were signed beforehand.
func benchmark(b *testing.B, s shape) {
	gateway := newGateway(b, func(c *Config) { c.MaxNonces = 1 << 30 })
	const batch = 256
	requests := make([]*http.Request, batch)
	payloads := make([]string, batch)
	w := &sink{header: http.Header{}}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		if i%batch == 0 {
			b.StopTimer()
			for j := range batch {
				d := newDraft(s, "ImportKeyPair", strconv.Itoa(i+j), realistic).sign()
				requests[j], payloads[j] = d.request(), d.payload()
			}
			b.StartTimer()
		}
		requests[i%batch].Body = io.NopCloser(strings.NewReader(payloads[i%batch]))
		w.status = 0
		gateway.ServeHTTP(w, requests[i%batch])
		if w.status != http.StatusOK {
			b.Fatalf("status %d", w.status)
		}
	}
}

func BenchmarkV3(b *testing.B)      { benchmark(b, v3Query) }
func BenchmarkV1(b *testing.B)      { benchmark(b, v1Query) }
func BenchmarkV1Split(b *testing.B) { benchmark(b, v1Split) }

// BenchmarkParallel shows what the gateway's locks cost.
func BenchmarkParallel(b *testing.B) {
	gateway := newGateway(b)
	request := httptest.NewRequest(http.MethodGet, "/?Action=Open&Format=JSON&Version="+testVersion, nil)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		w := &sink{header: http.Header{}}
		for pb.Next() {
			gateway.ServeHTTP(w, request)
		}
	})
}
