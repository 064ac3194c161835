package main

import (
	"bufio"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// built is kpref as `make image` builds it.
func built(b *testing.B) string {
	b.Helper()
	binary := filepath.Join(b.TempDir(), "kpref")
	build := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

// BenchmarkFirstAnswer measures from the start of the process to the end of the first answer of the API.
func BenchmarkFirstAnswer(b *testing.B) {
	const starts = 15
	binary := built(b)
	var took []time.Duration
	for b.Loop() {
		for range starts {
			took = append(took, firstAnswer(b, binary))
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms/first-answer(<=20)")
}

func firstAnswer(b *testing.B, binary string) time.Duration {
	b.Helper()
	command := exec.CommandContext(b.Context(), binary, "--listen", "127.0.0.1:0")
	stdout, err := command.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	started := time.Now()
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() {
		_ = command.Process.Kill()
		_ = command.Wait() // it was killed
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	_, url, _ := strings.Cut(strings.TrimSpace(line), " on ")
	answer, err := http.Get(url + "/?Action=DescribeRegions&Version=2014-05-26")
	if err != nil {
		b.Fatal(err)
	}
	took := time.Since(started)
	_ = answer.Body.Close()
	if answer.Header.Get("X-Acs-Request-Id") == "" {
		b.Fatalf("no answer of the API: %s", answer.Status)
	}
	return took
}

// BenchmarkImage tells the size of the image, which has nothing in it but the program.
func BenchmarkImage(b *testing.B) {
	file, err := os.Stat(built(b))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
	}
	b.ReportMetric(float64(file.Size())/(1<<20), "MiB/image(<=12)")
}
