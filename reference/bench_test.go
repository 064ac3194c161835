package reference_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"

	"github.com/kpspec/kpspec/fixtures/sshkeys"
	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/reference"
	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/serve"
)

// BenchmarkImportKeyPair measures ImportKeyPair, signature V3, over loopback HTTP with keep-alive: the reference, which
// checks the signature, the nonce and the key and stores the pair, beside two bare handlers that write the same octets: one
// reads the parameters of the request as net/http does it, the other reads the octets only.
//
// An operation is one request. Requests are signed and put into octets before the clock runs, and the client only writes
// those and reads the answers, for client and server share the processors. In "ratio" an operation is a round of both, one
// right after the other; the metrics are medians over the rounds. What else the machine does disturbs it the least.
func BenchmarkImportKeyPair(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(serve.Garbage)) // as in kpref
	for _, connections := range []int{1, 8} {
		for _, s := range benchServers {
			b.Run(fmt.Sprintf("connections=%d/%s", connections, s.name), func(b *testing.B) {
				b.ReportAllocs()
				b.StopTimer()
				for left := b.N; left > 0; {
					n := min(left, benchBatch)
					left -= n
					runBatch(b, s.handler(b), n, connections)
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
			})
		}
		b.Run(fmt.Sprintf("connections=%d/ratio", connections), func(b *testing.B) {
			rates := make([][]float64, len(benchServers))
			ratios := make([][]float64, len(benchServers))
			b.StopTimer()
			for round := range b.N * benchRounds {
				last := make([]float64, len(benchServers))
				for i := range benchServers {
					i = (i + round) % len(benchServers) // neither is always the first
					took := runBatch(b, benchServers[i].handler(b), benchRound, connections)
					last[i] = benchRound / took.Seconds()
					rates[i] = append(rates[i], last[i])
				}
				for i, rate := range last {
					ratios[i] = append(ratios[i], last[0]/rate)
				}
			}
			for i, s := range benchServers {
				b.ReportMetric(median(rates[i]), s.name+"-requests/s")
			}
			b.ReportMetric(100*median(ratios[1]), "%of-bare(>=70)")
			b.ReportMetric(100*median(ratios[2]), "%of-blind")
		})
	}
}

const (
	// benchBatch is the number of requests that one server gets, which is what its world has room for: the quota of each
	// region is 500 pairs.
	benchBatch   = 500 * benchRegions
	benchRegions = 8
	// An operation of "ratio" is many rounds of few requests: so both servers have the same weather, and the medians are
	// worth something however short the benchmark time is.
	benchRounds = 15
	benchRound  = benchBatch
)

// benchServers are the sides of the comparison.
var benchServers = []struct {
	name    string
	handler func(b *testing.B) http.Handler
}{
	{"reference", referenceHandler},
	{"bare", func(b *testing.B) http.Handler { return bareHandler(b, (*http.Request).ParseForm) }},
	{"blind", func(b *testing.B) http.Handler { return bareHandler(b, discard) }},
}

// discard reads what is left of a request when net/http has read its line and headers.
func discard(r *http.Request) error {
	_, err := io.Copy(io.Discard, r.Body)
	return err
}

func benchWorld() world.World {
	w := world.Default()
	w.Regions = nil
	for i := range benchRegions {
		w.Regions = append(w.Regions, fmt.Sprintf("cn-bench-%d", i))
	}
	for i := range w.Accounts {
		w.Accounts[i].Servers = nil // they stand in other regions
	}
	return w
}

// referenceHandler is a reference that nobody has called yet. It makes no keys ahead of time: a server that runs for a
// while has long done so.
func referenceHandler(b *testing.B) http.Handler {
	b.Helper()
	server, err := reference.New(benchWorld(), reference.Options{Keys: keypair.NewPool(0)})
	if err != nil {
		b.Fatal(err)
	}
	return server
}

// bareHandler reads a request and answers with the octets of an answer of the reference.
func bareHandler(b *testing.B, read func(*http.Request) error) http.Handler {
	b.Helper()
	recorder := httptest.NewRecorder()
	const host = "127.0.0.1"
	referenceHandler(b).ServeHTTP(recorder, received(b, signedImport(b, host, 0)))
	if recorder.Code != http.StatusOK {
		b.Fatalf("the reference answers %d: %s", recorder.Code, recorder.Body)
	}
	header, body := recorder.Header(), recorder.Body.Bytes()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := read(r); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		for name, values := range header {
			w.Header()[name] = values
		}
		_, _ = w.Write(body)
	})
}

// runBatch lets a number of connections send n requests to a new server, and returns how long that took; b's timer runs
// for just that time.
func runBatch(b *testing.B, handler http.Handler, n, connections int) time.Duration {
	b.Helper()
	server := httptest.NewUnstartedServer(handler)
	// As in kpref; a deadline has its cost.
	server.Config.ReadHeaderTimeout = 5 * time.Second
	server.Config.ReadTimeout = 15 * time.Second
	server.Config.WriteTimeout = 30 * time.Second
	server.Start()
	defer server.Close()
	address := server.Listener.Addr().String()

	workers := make([]*worker, min(connections, n))
	for i := range workers {
		workers[i] = dial(b, address)
	}
	for i := range n {
		w := workers[i%len(workers)]
		w.requests = append(w.requests, signedImport(b, address, i))
	}
	runtime.GC() // neither side pays for what signing left behind
	b.StartTimer()
	defer b.StopTimer()
	return drive(b, workers)
}

// dial opens a connection, which is closed at the end of tb.
func dial(tb testing.TB, address string) *worker {
	tb.Helper()
	connection, err := net.Dial("tcp", address)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { connection.Close() })
	return &worker{connection: connection, answers: bufio.NewReader(connection), tb: tb}
}

// drive lets all workers send their requests at the same time, and returns how long that took.
func drive(tb testing.TB, workers []*worker) time.Duration {
	tb.Helper()
	done := make(chan error, len(workers))
	started := time.Now()
	for _, w := range workers {
		go func() { done <- w.run() }()
	}
	var failed error
	for range workers {
		if err := <-done; err != nil {
			failed = err
		}
	}
	took := time.Since(started)
	if failed != nil {
		tb.Fatal(failed)
	}
	return took
}

// worker is one connection: it sends the next request when the answer to the last one is there.
type worker struct {
	connection net.Conn
	answers    *bufio.Reader
	requests   [][]byte
	took       time.Duration // from the first request to the last answer
	tb         testing.TB
}

func (w *worker) run() error {
	started := time.Now()
	defer func() { w.took = time.Since(started) }()
	for _, request := range w.requests {
		if _, err := w.connection.Write(request); err != nil {
			return err
		}
		if err := w.read(); err != nil {
			return err
		}
	}
	return nil
}

// read reads one answer and wants it to be a success.
func (w *worker) read() error {
	line, err := w.answers.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
		rest, _ := w.answers.Peek(w.answers.Buffered())
		return fmt.Errorf("refused: %s%s", line, rest)
	}
	length := -1
	for len(bytes.TrimSpace(line)) > 0 {
		if line, err = w.answers.ReadSlice('\n'); err != nil {
			return err
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return fmt.Errorf("an answer without a Content-Length")
	}
	_, err = w.answers.Discard(length)
	return err
}

// received is a request as net/http hands it to a server.
func received(tb testing.TB, octets []byte) *http.Request {
	tb.Helper()
	request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(octets)))
	if err != nil {
		tb.Fatal(err)
	}
	return request
}

// signedImport is the i-th ImportKeyPair.
func signedImport(tb testing.TB, host string, i int) []byte {
	tb.Helper()
	return signer{host: host, nonces: strconv.Itoa(i)}.sign(tb, "2014-05-26", "ImportKeyPair", map[string]string{
		"RegionId":      fmt.Sprintf("cn-bench-%d", i%benchRegions),
		"KeyPairName":   fmt.Sprintf("bench-%d", i),
		"PublicKeyBody": sshkeys.RSA2048.Line,
	})
}

// signer makes requests of the first identity of the default world.
type signer struct {
	host   string
	nonces string        // what its nonces begin with
	ahead  time.Duration // of its clock
}

// hashOfNothing is the SHA-256 of an empty body.
var hashOfNothing = func() string {
	sum := sha256.Sum256(nil)
	return hex.EncodeToString(sum[:])
}()

var firstOwner = owner()

// sign makes a request as the official SDK sends it, in octets; its signature is made by the SDK too.
func (s signer) sign(tb testing.TB, version, action string, query map[string]string) []byte {
	tb.Helper()
	header := map[string]string{
		"accept":                     "application/json",
		"x-acs-action":               action,
		"x-acs-version":              version,
		"x-acs-date":                 time.Now().Add(s.ahead).UTC().Format(time.RFC3339),
		"x-acs-signature-nonce":      s.nonces + "-0123456789abcdef0123456789",
		"x-acs-content-sha256":       hashOfNothing,
		"x-acs-credentials-provider": "static_ak",
	}
	signed := &dara.Request{
		Method: dara.String(http.MethodPost), Pathname: dara.String("/"),
		Query: map[string]*string{}, Headers: map[string]*string{"host": &s.host},
	}
	request := http.Request{
		Method: http.MethodPost, Host: s.host, URL: &url.URL{Path: "/"}, Header: http.Header{},
	}
	values := url.Values{}
	for name, value := range query {
		values.Set(name, value)
		signed.Query[name] = &value
	}
	for name, value := range header {
		request.Header.Set(name, value)
		signed.Headers[name] = &value
	}
	request.URL.RawQuery = values.Encode()
	request.Header.Set("Authorization", dara.StringValue(utils.GetAuthorization(
		signed, dara.String("ACS3-HMAC-SHA256"), &hashOfNothing, &firstOwner.AccessKeyID, &firstOwner.AccessKeySecret)))
	request.Header.Set("User-Agent", "AlibabaCloud (linux; amd64) Golang/1.26 Core/0.01 TeaDSL/1")
	request.Header.Set("Accept-Encoding", "gzip")

	var out bytes.Buffer
	if err := request.Write(&out); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// BenchmarkMemory measures what a server keeps of an ImportKeyPair beside the line of the key: the pair, its place in the
// store, and the nonce of the request.
func BenchmarkMemory(b *testing.B) {
	var perPair []float64
	for b.Loop() {
		requests := make([]*http.Request, benchBatch)
		for i := range requests {
			requests[i] = received(b, signedImport(b, "127.0.0.1", i))
		}
		handler := referenceHandler(b)
		before := heap()
		for _, request := range requests {
			recorder := httptest.NewRecorder()
			if handler.ServeHTTP(recorder, request); recorder.Code != http.StatusOK {
				b.Fatalf("refused: %s", recorder.Body)
			}
		}
		kept := heap() - before
		runtime.KeepAlive(requests)
		runtime.KeepAlive(handler)
		perPair = append(perPair, float64(kept)/benchBatch-float64(len(sshkeys.RSA2048.Line)))
	}
	b.ReportMetric(median(perPair), "B/pair(<=1024)")
}

// heap is the memory in use, in bytes. What pools hold back is gone after the second collection.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc) // #nosec G115 -- far below 2^63
}
