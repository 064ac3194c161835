package main

import (
	"bufio"
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/report"
)

// docker runs the engine's command and returns its exit code and what it wrote.
func docker(t *testing.T, args ...string) (code int, output string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "docker", args...)
	out, err := command.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return command.ProcessState.ExitCode(), string(out)
}

// must is docker where nothing but success will do; it returns the trimmed output.
func must(t *testing.T, args ...string) string {
	t.Helper()
	code, out := docker(t, args...)
	if code != 0 {
		t.Fatalf("docker %s: exit code %d\n%s", strings.Join(args, " "), code, out)
	}
	return strings.TrimSpace(out)
}

// afterwards removes something from the engine when the test is over.
func afterwards(t *testing.T, args ...string) {
	t.Cleanup(func() {
		if out, err := exec.Command("docker", args...).CombinedOutput(); err != nil {
			t.Errorf("docker %s: %v: %s", strings.Join(args, " "), err, out)
		}
	})
}

// serveInNetwork starts the reference's image in a network of its own, under the
// name kpref, and returns the network's name.
func serveInNetwork(t *testing.T) string {
	t.Helper()
	image := referenceImage(t)
	network := fmt.Sprintf("kpspec-test-%d", os.Getpid())
	must(t, "network", "create", network)
	afterwards(t, "network", "rm", network)
	server := must(t, "run", "--detach", "--network", network, "--network-alias", "kpref", image)
	afterwards(t, "rm", "--force", "--volumes", server)

	follow := exec.CommandContext(t.Context(), "docker", "logs", "--follow", server)
	said, err := follow.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := follow.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(said).ReadString('\n')
	if err != nil || !strings.Contains(line, "listening on") {
		t.Fatalf("kpref's container printed %q: %v", line, err)
	}
	_ = follow.Process.Kill()
	_ = follow.Wait() // killed
	return network
}

// The image of kpspec tests the image of kpref on a network that only they are on.
func TestImages(t *testing.T) {
	network := serveInNetwork(t)
	image := buildImage(t, "kpspec", kpspec, "Dockerfile")

	out := t.TempDir()
	me := fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid())
	somebody := "--user=4242:4242" // to whom nothing belongs
	config := inNetwork(t)
	broken := readable(t, write(t, "targt: endpoint\n"))
	in := func(folder, options, config string, args ...string) []string {
		run := append([]string{"run", "--rm", "--network", network}, strings.Fields(options)...)
		run = append(run, "--volume", config+":/kpspec.yaml:ro", "--volume", folder, image)
		return append(append(run, "run", "--config", "/kpspec.yaml", "--report", "/out/report.json"), args...)
	}
	for _, tt := range []struct {
		what string
		args []string
		code int
		says string
	}{
		{"a broken configuration", in(out+":/out", "--user "+me, broken), 2, `/kpspec.yaml:1: unknown key "targt"; did you mean target?`},
		{"a folder that is read-only", in(out+":/out:ro", "--user "+me, config), 2, "cannot write /out/report.json: folder /out: read-only file system"},
		{"a folder of another user", in(out+":/out", somebody, config), 2, "cannot write /out/report.json: folder /out: permission denied for user id 4242"},
		{"no engine inside", []string{"run", "--rm", image, "run", "--target", "container"}, 3, "no container engine answers"},
		{"nothing asked for", []string{"run", "--rm", image}, 0, "Usage:"},
		{"all rules", in(out+":/out", "--user "+me, config), 0, "CONFORMANT"},
	} {
		code, said := docker(t, tt.args...)
		g := NewWithT(t)
		g.Expect(code).To(Equal(tt.code), tt.what+"\n"+said)
		g.Expect(said).To(ContainSubstring(tt.says), tt.what)
		if tt.code != 0 {
			said = strings.TrimSpace(said)
			g.Expect(said[strings.LastIndex(said, "\n")+1:]).To(ContainSubstring(tt.says), "the last line says why: "+said)
		}
	}
	g := NewWithT(t)
	r, _ := readReport(t, filepath.Join(out, "report.json"))
	g.Expect(r.Verdict).To(Equal(report.Conformant))
	g.Expect(r.Target.Name).To(ContainSubstring("http://kpref:8080"))
	left, err := filepath.Glob(filepath.Join(out, ".*"))
	g.Expect(left, err).To(BeEmpty())
	ledgers, err := filepath.Glob(filepath.Join(out, "kpspec", "*"))
	g.Expect(ledgers, err).To(BeEmpty(), "nothing is left, so there is no ledger")
	g.Expect(must(t, "image", "inspect", "--format", "{{.Config.User}}", image)).To(Equal("65532:65532"), "nobody in particular")
}

// inNetwork is the configuration of the reference in its network, with what an
// endpoint elsewhere needs beside that: consent, and leave to be fast.
func inNetwork(t *testing.T) string {
	t.Helper()
	name, w := endpointConfig(t, "http://kpref:8080", nil), world.Default()
	file, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = fmt.Fprintf(file, "guard: {account: %q, region: %q}\nservers: true\nrate: 1000000\n", w.Accounts[0].ID, w.Regions[0])
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	return readable(t, name)
}

// readable lets any user read a file of the test.
func readable(t *testing.T, name string) string {
	t.Helper()
	if err := os.Chmod(name, 0o644); err != nil { // #nosec G302 -- the made-up keys of the default world
		t.Fatal(err)
	}
	return name
}

// SSL_CERT_FILE names an authority of one's own; the published ones are built in.
func TestAuthorities(t *testing.T) {
	g := NewWithT(t)
	address, err := url.Parse(serveReference(t))
	g.Expect(err).NotTo(HaveOccurred())
	front := httptest.NewUnstartedServer(httputil.NewSingleHostReverseProxy(address))
	front.Config.ErrorLog = log.New(io.Discard, "", 0) // it tells of every handshake that is refused
	front.StartTLS()
	defer front.Close()
	own := filepath.Join(t.TempDir(), "ca.pem")
	g.Expect(os.WriteFile(own, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw}), 0o600)).To(Succeed())

	args := []string{"run", "--config", endpointConfig(t, front.URL, nil), "--rule", "ECS-IMP-NAME-LEN-*"}
	code, _, stderr := run(t, args...)
	g.Expect(code).To(Equal(3))
	g.Expect(stderr).To(ContainSubstring("certificate signed by unknown authority"))
	t.Setenv("SSL_CERT_FILE", own)
	code, stdout, stderr := run(t, args...)
	g.Expect(code).To(BeZero(), stdout+stderr)
}

// A machine that knows no authority, as the image does not, trusts those that are built in.
func TestAuthoritiesAreBuiltIn(t *testing.T) {
	const asked = "KPSPEC_TEST_AUTHORITIES"
	if os.Getenv(asked) != "" {
		pool, err := x509.SystemCertPool()
		NewWithT(t).Expect(err).NotTo(HaveOccurred())
		NewWithT(t).Expect(pool.Equal(x509.NewCertPool())).To(BeFalse(), "no authority is known")
		return
	}
	again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	again.Env = append(os.Environ(), asked+"=1", "SSL_CERT_FILE="+os.DevNull, "SSL_CERT_DIR="+t.TempDir())
	out, err := again.CombinedOutput()
	NewWithT(t).Expect(err).NotTo(HaveOccurred(), string(out))
	NewWithT(t).Expect(bytes.Contains(out, []byte("--- PASS: "+t.Name()))).To(BeTrue(), string(out))
}
