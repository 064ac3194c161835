package reference_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"net/http/httptest"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kpspec/kpspec/reference"
	"github.com/kpspec/kpspec/reference/keypair"
)

// timed is a source of key pairs that notes how long they took to make.
type timed struct {
	keypair.Source
	spent atomic.Int64 // nanoseconds
}

func (t *timed) Get(ctx context.Context) (keypair.Generated, error) {
	started := time.Now()
	defer func() { t.spent.Add(int64(time.Since(started))) }()
	return t.Source.Get(ctx)
}

// createServer is a reference whose keys come from a source.
func createServer(b *testing.B, keys keypair.Source) *httptest.Server {
	b.Helper()
	api, err := reference.New(benchWorld(), reference.Options{Keys: keys})
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(api)
	b.Cleanup(server.Close)
	return server
}

// creates sends n CreateKeyPair, one after the other at each of several connections, and returns how long that took, and
// how long each connection was busy, all together.
func creates(b *testing.B, server *httptest.Server, series string, n, connections int) (took, busy time.Duration) {
	b.Helper()
	address := server.Listener.Addr().String()
	workers := make([]*worker, connections)
	for i := range workers {
		workers[i] = dial(b, address)
	}
	for i := range n {
		w := workers[i%connections]
		w.requests = append(w.requests, signer{host: address, nonces: fmt.Sprint(series, i)}.sign(b, "2014-05-26", "CreateKeyPair", map[string]string{
			"RegionId": fmt.Sprintf("cn-bench-%d", i%benchRegions), "KeyPairName": fmt.Sprintf("created-%s-%d", series, i),
		}))
	}
	took = drive(b, workers)
	for _, w := range workers {
		busy += w.took
	}
	return took, busy
}

// BenchmarkCreateKeyPair measures CreateKeyPair against the making of RSA keys, which nothing can be faster than.
//
// In "sustained" nothing is made ahead and each processor has one connection. How long keys take differs so much from key
// to key that comparing two series would take minutes; so what counts is which part of their time the connections
// wait for keys to be made. The keys a second of crypto/rsa alone stand beside it. In "burst" the pool of kpref is full.
func BenchmarkCreateKeyPair(b *testing.B) {
	b.Run("sustained", func(b *testing.B) {
		const keys = 24
		processors := runtime.GOMAXPROCS(0)
		var shares, reference, bare []float64
		for i := range b.N {
			source := &timed{Source: keypair.NewPool(0)}
			took, busy := creates(b, createServer(b, source), fmt.Sprint("sustained-", i), keys, processors)
			shares = append(shares, 100*float64(source.spent.Load())/float64(busy))
			reference = append(reference, keys/took.Seconds())
			bare = append(bare, keys/generate(b, keys, processors).Seconds())
		}
		b.ReportMetric(median(shares), "%of-crypto/rsa(>=95)")
		b.ReportMetric(median(reference), "reference-keys/s")
		b.ReportMetric(median(bare), "crypto/rsa-keys/s")
	})
	b.Run("burst", func(b *testing.B) {
		const pool, burst = 64, 50 // of kpref, see serve
		keys := keypair.NewPool(pool)
		defer keys.Close()
		server := createServer(b, keys)
		creates(b, server, "first", 1, 1)
		var took []float64
		for i := range b.N {
			b.StopTimer()
			for keys.Ready() < burst {
				runtime.Gosched()
				time.Sleep(10 * time.Millisecond)
			}
			b.StartTimer()
			all, _ := creates(b, server, fmt.Sprint("burst-", i), burst, 8)
			took = append(took, float64(all)/1e6)
		}
		b.ReportMetric(median(took), "ms/burst-of-50(<=100)")
	})
}

// generate makes keys with nothing but crypto/rsa.
func generate(b *testing.B, keys, processors int) time.Duration {
	b.Helper()
	var wg sync.WaitGroup
	started := time.Now()
	for range processors {
		wg.Go(func() {
			for range keys / processors {
				if _, err := rsa.GenerateKey(rand.Reader, keypair.GeneratedBits); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	return time.Since(started)
}
