package rpc

import (
	"io"
	"net/http"
	"slices"
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

// benchmark measures everything but the nonce, which would want each request
// signed anew; BenchmarkNonce measures that.
func benchmark(b *testing.B, s shape) {
	gateway := newGateway(b)
	gateway.checks = slices.DeleteFunc(Checks(), func(c Check) bool { return c.Name == "nonce" })
	d := newDraft(s, "ImportKeyPair", "n1", realistic).sign()
	request, body := d.request(), strings.NewReader("")
	payload := d.payload()
	request.Body = io.NopCloser(body)
	w := &sink{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		body.Reset(payload)
		gateway.ServeHTTP(w, request)
	}
	if w.status != http.StatusOK {
		b.Fatalf("status %d", w.status)
	}
}

func BenchmarkV3(b *testing.B)      { benchmark(b, v3Query) }
func BenchmarkV3Form(b *testing.B)  { benchmark(b, v3Form) }
func BenchmarkV1(b *testing.B)      { benchmark(b, v1Query) }
func BenchmarkV1Split(b *testing.B) { benchmark(b, v1Split) }

func BenchmarkNonce(b *testing.B) {
	s, i := newNonces(DefaultMaxNonces, testNow), 0
	b.ReportAllocs()
	for b.Loop() {
		s.use(strconv.Itoa(i), testNow)
		i++
	}
}
