package target_test

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/target"
)

// An image with testdata/server in it and nothing else is made once, on first
// use, and removed by TestMain.
var serverImage = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "kpspec-image")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary := filepath.Join(dir, "server")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", binary, "./testdata/server")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+runtime.GOARCH, "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the server: %w: %s", err, out)
	}
	data, err := os.ReadFile(binary)
	if err != nil {
		return "", err
	}
	var image bytes.Buffer
	files := tar.NewWriter(&image)
	if err := files.WriteHeader(&tar.Header{Name: "server", Mode: 0o755, Size: int64(len(data))}); err != nil {
		return "", err
	}
	if _, err := files.Write(data); err != nil {
		return "", err
	}
	if err := files.Close(); err != nil {
		return "", err
	}
	name := fmt.Sprintf("kpspec-test-%d:%d", os.Getpid(), time.Now().UnixNano())
	load := exec.Command("docker", "import", "--change", `ENTRYPOINT ["/server"]`, "-", name)
	load.Stdin = &image
	if out, err := load.CombinedOutput(); err != nil {
		return "", fmt.Errorf("docker import: %w: %s", err, out)
	}
	madeImage = name
	return name, nil
})

var madeImage string

func TestMain(m *testing.M) {
	code := m.Run()
	if madeImage != "" {
		if out, err := exec.Command("docker", "image", "rm", "--force", madeImage).CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "the test image stays behind: %v: %s\n", err, out)
			code = 1
		}
	}
	os.Exit(code)
}

// needEngine skips a test where no container engine answers, but never in CI.
func needEngine(t *testing.T) {
	t.Helper()
	if out, err := exec.Command("docker", "info").CombinedOutput(); err != nil {
		why := fmt.Sprintf("no container engine answers: docker info: %v: %.200s", err, out)
		if os.Getenv("CI") == "true" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
}

// run makes a container target of the test image that behaves as mode says.
func run(t *testing.T, mode string, change func(*target.Config)) target.Target {
	t.Helper()
	needEngine(t)
	image, err := serverImage()
	if err != nil {
		t.Fatal(err)
	}
	c := target.Config{Target: target.Container, Container: target.ContainerConfig{
		Image:        image,
		Port:         9000,
		Env:          map[string]string{"TEST_MODE": mode, "TEST_PORT": "9000", "TEST_NAME": t.Name()},
		Wait:         "/up",
		StartTimeout: 30 * time.Second,
	}}
	if change != nil {
		change(&c)
	}
	tg, err := target.New(c, catalogue.Edition202011)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tg.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return tg
}

// containers lists what is left of the containers of one test.
func containers(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("docker", "ps", "--all", "--no-trunc", "--quiet", "--filter", "label="+target.Label).Output()
	if err != nil {
		t.Fatal(err)
	}
	var mine []string
	for _, id := range strings.Fields(string(out)) {
		env, err := exec.Command("docker", "inspect", "--format", "{{json .Config.Env}}", id).Output()
		if err == nil && strings.Contains(string(env), `"TEST_NAME=`+t.Name()+`"`) {
			mine = append(mine, id)
		}
	}
	return strings.Join(mine, " ")
}

func TestContainerThatWorks(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	hidden := world.Default().Accounts[0].Identities[0].AccessKeySecret
	tg := run(t, "", func(c *target.Config) {
		c.Container.Env["TEST_SECRET"] = hidden
		c.Reference.KeyCheck = "shallow"
		c.Reference.AttachUnknown = "per-instance"
		c.Reference.TokenLifetime = time.Hour
	})
	g.Expect(tg.Kind()).To(Equal(target.Container))
	g.Expect(tg.Name()).To(HavePrefix("kpspec-test-"))

	place, err := tg.Start(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(place.Quota).To(BeTrue())
	g.Expect(place.World).To(Equal(world.Default()))
	g.Expect(containers(t)).NotTo(BeEmpty())
	res, err := http.Get(place.ECS + "/up")
	g.Expect(err).NotTo(HaveOccurred())
	body, err := io.ReadAll(res.Body)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(res.Body.Close()).To(Succeed())
	g.Expect(string(body)).To(Equal("up\n"))

	_, err = tg.Start(t.Context())
	g.Expect(err).To(MatchError(ContainSubstring("started twice")))

	// The engine reads what a container writes at its own pace.
	g.Eventually(tg.Logs).WithContext(t.Context()).Should(ContainSubstring("listening\n"))
	log := tg.Logs(t.Context())
	g.Expect(log).To(ContainSubstring("KPREF_EDITION=2020-11\n"))
	g.Expect(log).To(ContainSubstring("KPREF_KEY_CHECK=shallow\n"))
	g.Expect(log).To(ContainSubstring("KPREF_ATTACH_UNKNOWN=per-instance\n"))
	g.Expect(log).To(ContainSubstring("KPREF_TOKEN_LIFETIME=1h0m0s\n"))
	g.Expect(log).NotTo(ContainSubstring("KPREF_FINGERPRINT"))
	g.Expect(log).To(ContainSubstring("TEST_SECRET=[hidden]\n"))
	g.Expect(log).NotTo(ContainSubstring(hidden))

	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	g.Expect(tg.Stop(cancelled)).To(Succeed())
	g.Expect(containers(t)).To(BeEmpty())
	g.Expect(tg.Stop(cancelled)).To(Succeed())
	g.Expect(tg.Logs(t.Context())).To(Equal(log))
}

func TestContainerWithoutWaitPath(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	tg := run(t, "", func(c *target.Config) {
		c.Container.Wait = ""
		c.Container.Env["KPREF_EDITION"] = "mine"
	})
	_, err := tg.Start(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Eventually(tg.Logs).WithContext(t.Context()).Should(ContainSubstring("KPREF_EDITION=mine\n"))
}

func TestContainerLogIsBounded(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	tg := run(t, "chatty", nil)
	_, err := tg.Start(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Eventually(tg.Logs).WithContext(t.Context()).
		Should(HaveSuffix("line 3999 of a log that is far too long to keep\nlistening\n"))
	log := tg.Logs(t.Context())
	g.Expect(len(log)).To(BeNumerically("<", 70<<10))
	g.Expect(log).To(HavePrefix("[earlier lines left out]\nline "))
}

func TestContainerThatDoesNotComeUp(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		mode   string
		change func(*target.Config)
		want   []string
	}{
		"exits at once": {mode: "exit", want: []string{
			"exited with code 3 before it answered", "panic: the configuration makes no sense",
		}},
		"never listens": {mode: "silent", change: short, want: []string{
			"gives no answer to GET /up on its port 9000 within 300ms", "container.wait", "its log ",
		}},
		"answers something else": {change: func(c *target.Config) {
			// Long enough for an answer on a busy machine.
			c.Container.StartTimeout, c.Container.Wait = 5*time.Second, "/nowhere"
		}, want: []string{
			"gives no answer to GET /nowhere", "it answers 404 Not Found",
		}},
		"listens on another port": {change: func(c *target.Config) { short(c); c.Container.Port = 9001 }, want: []string{
			"gives no answer to GET /up on its port 9001", "check container.port",
		}},
		"never listens, no path": {mode: "silent", change: func(c *target.Config) { short(c); c.Container.Wait = "" }, want: []string{
			"gives no answer to GET / on its port 9000",
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			tg := run(t, tt.mode, tt.change)
			_, err := tg.Start(t.Context())
			g.Expect(err).To(HaveOccurred())
			for _, want := range tt.want {
				g.Expect(err.Error()).To(ContainSubstring(want))
			}
			g.Expect(err.Error()).NotTo(ContainSubstring("\n"))
			g.Expect(containers(t)).To(BeEmpty())
			g.Expect(tg.Stop(t.Context())).To(Succeed())
			if tt.mode == "exit" { // only then has the engine surely read all of it
				g.Expect(tg.Logs(t.Context())).To(ContainSubstring("TEST_MODE=exit\n"))
			}
		})
	}
}

// short is a time in which the container is started but surely does not answer.
func short(c *target.Config) { c.Container.StartTimeout = 300 * time.Millisecond }

// A container that needs its time gets it, as long as startTimeout is not over.
func TestContainerThatListensLate(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	tg := run(t, "late", nil)
	go func() {
		// It is told to listen when it has waited for it, and no sooner.
		for t.Context().Err() == nil {
			if id := containers(t); id != "" {
				log, _ := exec.Command("docker", "logs", id).Output()
				if strings.Contains(string(log), "waiting") {
					_ = exec.Command("docker", "kill", "--signal", "USR1", id).Run()
					return
				}
			}
			<-time.After(10 * time.Millisecond)
		}
	}()
	place, err := tg.Start(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	res, err := http.Get(place.ECS + "/up")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(res.Body.Close()).To(Succeed())
	g.Expect(res.StatusCode).To(Equal(http.StatusOK))
}

// What happens to a container in the middle of a run is in its log, and nothing of it is left.
func TestContainerThatDiesLater(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	tg := run(t, "", nil)
	_, err := tg.Start(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(exec.Command("docker", "kill", "--signal", "KILL", containers(t)).Run()).To(Succeed())
	g.Eventually(tg.Logs).WithContext(t.Context()).Should(ContainSubstring("listening\n"))
	g.Expect(tg.Stop(t.Context())).To(Succeed())
	g.Expect(containers(t)).To(BeEmpty())
	g.Expect(tg.Logs(t.Context())).To(ContainSubstring("listening\n"))
}

func TestContainerStartIsInterrupted(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	tg := run(t, "silent", nil)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		for containers(t) == "" && t.Context().Err() == nil {
			<-time.After(10 * time.Millisecond)
		}
	}()
	_, err := tg.Start(ctx)
	g.Expect(err).To(MatchError(ContainSubstring("interrupted while it started")))
	g.Expect(containers(t)).To(BeEmpty())

	before := run(t, "silent", nil)
	_, err = before.Start(ctx)
	g.Expect(err).To(HaveOccurred())
	g.Expect(containers(t)).To(BeEmpty())
}

func TestContainerImageThatDoesNotExist(t *testing.T) {
	t.Parallel()
	needEngine(t)
	for _, image := range []string{"localhost:1/nobody/nothing:1.0", "Not An Image"} {
		g := NewWithT(t)
		tg, err := target.New(target.Config{Target: target.Container, Container: target.ContainerConfig{Image: image}}, "")
		g.Expect(err).NotTo(HaveOccurred())
		_, err = tg.Start(t.Context())
		g.Expect(err).To(MatchError(And(
			HavePrefix("image "+image+" is not on this machine"), ContainSubstring("make image"), Not(ContainSubstring("\n")))))
		g.Expect(tg.Stop(t.Context())).To(Succeed())
		g.Expect(tg.Logs(t.Context())).To(BeEmpty())
	}
}
