package target

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	tclog "github.com/testcontainers/testcontainers-go/log"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/plain"
)

const (
	engineWait = 20 * time.Second       // for the engine to say that it is there
	pullWait   = 5 * time.Minute        // for an image to arrive from a registry
	createWait = 30 * time.Second       // for the engine to create and start a container
	removeWait = 30 * time.Second       // for the engine to stop and remove it
	stopGrace  = time.Second            // between SIGTERM and SIGKILL; nothing in the container is worth more
	pollEvery  = 50 * time.Millisecond  // looking whether the container answers
	probeWait  = 500 * time.Millisecond // for one such answer, when another address may be the right one
	logBytes   = 64 << 10               // of a container's log, the end of it
	lastWords  = 5                      // lines of the log in the error of a container that died
)

// Label marks every container that kpspec starts, so that whatever a killed
// process left behind can be found: docker ps --all --filter label=...
const Label = "com.github.kpspec.target"

// container is a target that runs an image with the local container engine.
type container struct {
	config ContainerConfig
	env    map[string]string
	place  Place
	hide   []string // never shown: secrets of the world and values out of the environment

	// connect is testcontainers.NewDockerProvider; tests have none.
	connect func(...testcontainers.DockerProviderOption) (*testcontainers.DockerProvider, error)

	mu       sync.Mutex
	started  bool
	provider *testcontainers.DockerProvider
	ctr      *testcontainers.DockerContainer // nil before Start and after Stop
	log      string                          // kept when the container is removed
}

func newContainer(c ContainerConfig, r ReferenceConfig, edition catalogue.Edition, place Place) (*container, error) {
	t := &container{
		config:  c,
		env:     map[string]string{"KPREF_EDITION": string(edition)},
		place:   place,
		connect: testcontainers.NewDockerProvider,
	}
	for _, choice := range r.choices() {
		if choice.value != "" {
			t.env[choice.variable()] = choice.value
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Env)) {
		value, err := world.Resolve(c.Env[name], os.LookupEnv)
		if err != nil {
			return nil, fmt.Errorf("container.env.%s: %w", name, err)
		}
		if value != c.Env[name] {
			t.hide = append(t.hide, value)
		}
		t.env[name] = value
	}
	for _, a := range place.World.Accounts {
		for _, id := range a.Identities {
			t.hide = append(t.hide, id.AccessKeyID, id.AccessKeySecret, id.SecurityToken)
		}
	}
	// The longest first: a secret may be a part of another.
	slices.SortFunc(t.hide, func(a, b string) int { return len(b) - len(a) })
	return t, nil
}

func (t *container) Kind() Kind   { return Container }
func (t *container) Name() string { return t.config.Image }

func (t *container) Start(ctx context.Context) (Place, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.started {
		return Place{}, fmt.Errorf("container %s: started twice", t.config.Image)
	}
	t.started = true
	place, err := t.start(ctx)
	if err != nil {
		return Place{}, errors.New(plain.Line(t.redact(errors.Join(err, t.stop(ctx)).Error())))
	}
	return place, nil
}

func (t *container) start(ctx context.Context) (Place, error) {
	if err := t.engine(ctx); err != nil {
		return Place{}, err
	}
	if err := t.image(ctx); err != nil {
		return Place{}, err
	}
	if err := t.create(ctx); err != nil {
		return Place{}, err
	}
	url, err := t.await(ctx)
	if err != nil {
		return Place{}, err
	}
	place := t.place
	place.ECS, place.SWAS = url, url
	return place, nil
}

// quiet keeps testcontainers from writing to the terminal, and from starting
// its reaper, a second container from an image that would have to be pulled:
// a target removes its container itself. Who wants the reaper sets the variable.
var quiet = sync.OnceFunc(func() {
	tclog.SetDefault(tclog.NewNoopLogger())
	const reaper = "TESTCONTAINERS_RYUK_DISABLED"
	if _, set := os.LookupEnv(reaper); !set {
		_ = os.Setenv(reaper, "true") // fails only for a bad name
	}
})

// engine connects to the container engine.
func (t *container) engine(ctx context.Context) error {
	quiet()
	ctx, cancel := context.WithTimeout(ctx, engineWait)
	defer cancel()
	type result struct {
		provider *testcontainers.DockerProvider
		err      error
	}
	// The library takes no context here and would wait for a silent host as
	// long as TCP does.
	found := make(chan result, 1)
	go func() {
		p, err := t.connect(testcontainers.WithLogger(tclog.NewNoopLogger()))
		if err == nil {
			err = p.Health(ctx)
		}
		found <- result{p, err}
	}()
	select {
	case r := <-found:
		if r.err != nil {
			return fmt.Errorf("no container engine answers (%s); start Docker, or set DOCKER_HOST", plain.Line(r.err.Error()))
		}
		t.provider = r.provider
		return nil
	case <-ctx.Done():
		return fmt.Errorf("no container engine answers (%w); start Docker, or set DOCKER_HOST", ctx.Err())
	}
}

// image makes sure that the image is there. The reference's own local image is
// in no registry, so it is not looked for in one.
func (t *container) image(ctx context.Context) error {
	const hint = "`make image` builds the reference's own, " + DefaultImage
	name := t.config.Image
	_, err := t.provider.Client().ImageInspect(ctx, name)
	if err == nil {
		return nil
	}
	if name == DefaultImage {
		return fmt.Errorf("image %s is not on this machine; %s", name, hint)
	}
	ctx, cancel := context.WithTimeout(ctx, pullWait)
	defer cancel()
	if err := t.pull(ctx); err != nil {
		return fmt.Errorf("image %s is not on this machine and cannot be pulled (%w); check its name (%s)", name, err, hint)
	}
	return nil
}

// pull asks for the image once. The library's own pull tries again and again
// for as long as it is let, and takes an image that broke off for a whole one.
func (t *container) pull(ctx context.Context) error {
	var options client.ImagePullOptions
	if _, auth, err := testcontainers.DockerImageAuth(ctx, t.config.Image); err == nil {
		encoded, err := json.Marshal(auth)
		if err != nil {
			return err
		}
		options.RegistryAuth = base64.URLEncoding.EncodeToString(encoded)
	}
	pulled, err := t.provider.Client().ImagePull(ctx, t.config.Image, options)
	if err != nil {
		return err
	}
	return pulled.Wait(ctx)
}

// create creates and starts the container. It does not heed cancellation: a
// request to the engine that is given up half-way could leave a container that
// nobody knows of.
func (t *container) create(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("container %s: not started: %w", t.config.Image, err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), createWait)
	defer cancel()
	var err error
	t.ctr, err = testcontainers.Run(ctx, t.config.Image,
		testcontainers.WithLogger(tclog.NewNoopLogger()),
		testcontainers.WithEnv(t.env),
		testcontainers.WithExposedPorts(t.port()),
		testcontainers.WithLabels(map[string]string{Label: "true"}),
	)
	if err != nil {
		return fmt.Errorf("container %s does not start: %w", t.config.Image, err)
	}
	return nil
}

func (t *container) port() string { return strconv.Itoa(t.config.Port) + "/tcp" }

// await polls the container until it answers, and returns the URL at which it
// does. It fails as soon as the container is no longer running.
func (t *container) await(ctx context.Context) (string, error) {
	deadline, cancel := context.WithTimeout(ctx, t.config.StartTimeout)
	defer cancel()
	hosts := t.hosts(deadline)
	web := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	said := errors.New("nothing listens")
	for {
		if err := t.alive(deadline); err != nil {
			return "", err
		}
		mapped, err := t.ctr.MappedPort(deadline, t.port())
		if err == nil {
			for _, host := range hosts {
				url := "http://" + net.JoinHostPort(host, mapped.Port())
				if err = t.probe(deadline, web, url); err == nil {
					return url, nil
				}
				if answered := (notReady{}); errors.As(err, &answered) {
					break // the right host, too early
				}
			}
		}
		if err != nil && deadline.Err() == nil {
			said = err
		}
		select {
		case <-deadline.Done():
			if err := ctx.Err(); err != nil {
				return "", fmt.Errorf("container %s: interrupted while it started: %w", t.config.Image, err)
			}
			return "", fmt.Errorf("container %s gives no answer to GET %s on its port %d within %s (%s); check container.port and container.wait%s",
				t.config.Image, cmp.Or(t.config.Wait, "/"), t.config.Port, t.config.StartTimeout, plain.Line(said.Error()), t.words(ctx))
		case <-ticker.C:
		}
	}
}

// hosts are the addresses at which a mapped port may be reached. What is right
// depends on where this process runs: on the engine's own host the loopback
// address, in a container beside it the gateway of the bridge. The library's
// guess goes by a marker file and so is wrong on a host that looks like a
// container; asking costs less than guessing.
func (t *container) hosts(ctx context.Context) []string {
	var hosts []string
	if host, err := t.ctr.Host(ctx); err == nil {
		hosts = append(hosts, host)
	}
	// A remote engine maps ports on its own host only; what answers there on
	// the loopback address of this one is something else.
	if daemon := t.provider.Client().DaemonHost(); strings.HasPrefix(daemon, "unix:") || strings.HasPrefix(daemon, "npipe:") {
		hosts = append(hosts, "127.0.0.1", "localhost")
		if gateway, err := t.provider.GetGatewayIP(ctx); err == nil {
			hosts = append(hosts, gateway)
		}
	}
	var unique []string
	for _, h := range hosts {
		if !slices.Contains(unique, h) {
			unique = append(unique, h)
		}
	}
	return unique
}

// notReady is an HTTP answer, but not the one that was waited for.
type notReady struct{ status string }

func (n notReady) Error() string { return "it answers " + n.status }

// probe asks whether the API is up. An open port proves nothing, for the
// engine's proxy accepts connections before the container listens; so without a
// path to wait for, any HTTP answer will do.
func (t *container) probe(ctx context.Context, web *http.Client, url string) error {
	ctx, cancel := context.WithTimeout(ctx, probeWait)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+cmp.Or(t.config.Wait, "/"), nil)
	if err != nil {
		return err
	}
	res, err := web.Do(req)
	if err != nil {
		return err
	}
	_ = res.Body.Close()
	if t.config.Wait != "" && (res.StatusCode < 200 || res.StatusCode > 299) {
		return notReady{res.Status}
	}
	return nil
}

// alive says why the container is no longer running, with its last words.
func (t *container) alive(ctx context.Context) error {
	state, err := t.ctr.State(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil // await knows better what to say
		}
		return fmt.Errorf("container %s: the engine does not tell its state: %w", t.config.Image, err)
	}
	if state.Running {
		return nil
	}
	how := fmt.Sprintf("exited with code %d", state.ExitCode)
	if state.OOMKilled {
		how = "was killed for want of memory"
	}
	return fmt.Errorf("container %s %s before it answered%s", t.config.Image, how, t.words(ctx))
}

// words are the last lines of the container's log, for an error.
func (t *container) words(ctx context.Context) string {
	lines := strings.Split(strings.TrimSpace(t.read(ctx)), "\n")
	if lines[0] == "" {
		return "; its log is empty"
	}
	lines = lines[max(0, len(lines)-lastWords):]
	return "; its log ends: " + strings.Join(lines, " | ")
}

func (t *container) Logs(ctx context.Context) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ctr != nil {
		t.log = t.read(ctx)
	}
	return t.log
}

// read gets the end of the log from the engine; an engine that does not give it
// is not worth an error of its own. Cancellation is not heeded, for the log is
// wanted most when something went wrong.
func (t *container) read(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeWait)
	defer cancel()
	r, err := t.ctr.Logs(ctx)
	if err != nil {
		return ""
	}
	defer func() { _ = r.Close() }() // read only
	var end tail
	_, _ = io.Copy(&end, r)
	return t.redact(strings.ToValidUTF8(end.String(), "?"))
}

// redact hides what must not be seen, wherever it stands in s.
func (t *container) redact(s string) string {
	for _, secret := range t.hide {
		if len(secret) > 3 { // shorter ones are no secrets, and would eat words
			s = strings.ReplaceAll(s, secret, "[hidden]")
		}
	}
	return s
}

func (t *container) Stop(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.stop(ctx)
}

func (t *container) stop(ctx context.Context) error {
	if t.ctr == nil {
		return nil
	}
	t.log = t.read(ctx)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeWait)
	defer cancel()
	err := t.ctr.Terminate(ctx, testcontainers.StopTimeout(stopGrace))
	if err != nil {
		// The library gives up when stopping fails; a kill may still work.
		err = t.ctr.Terminate(ctx, testcontainers.StopTimeout(0))
	}
	if err != nil && !strings.Contains(err.Error(), "No such container") {
		return fmt.Errorf("container %s cannot be removed: %s; remove it with docker rm --force --volumes %.12s",
			t.config.Image, plain.Line(t.redact(err.Error())), t.ctr.GetContainerID())
	}
	t.ctr = nil
	return nil
}

// tail keeps the end of what is written to it, in whole lines where there are any.
type tail struct {
	end bytes.Buffer
	cut bool
}

func (t *tail) Write(p []byte) (int, error) {
	n := len(p)
	t.end.Write(p)
	if over := t.end.Len() - logBytes; over > 0 {
		t.end.Next(over)
		t.cut = true
	}
	return n, nil
}

func (t *tail) String() string {
	s := t.end.String()
	if !t.cut {
		return s
	}
	if _, rest, ok := strings.Cut(s, "\n"); ok {
		s = rest
	}
	return "[earlier lines left out]\n" + s
}
