package target

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/guard"
	"github.com/kpspec/kpspec/harness/yamlfile"
)

// DefaultImage is the image that the container target runs unless told
// otherwise; `make image` builds it.
const DefaultImage = "kpref:local"

// Config is the file of --config. The zero value asks for the embedded
// reference in the newest edition.
type Config struct {
	Target      Kind              `yaml:"target"`      // default reference
	Edition     catalogue.Edition `yaml:"edition"`     // default 2026-06
	Strict      bool              `yaml:"strict"`      // a SHOULD that is not met fails
	Quota       *bool             `yaml:"quota"`       // run the specs that create hundreds of key pairs; default true, false for an endpoint
	Servers     *bool             `yaml:"servers"`     // run the specs that bind key pairs to servers; default true, false for an endpoint that is not on this machine
	Timeout     time.Duration     `yaml:"timeout"`     // longest time to wait for one answer; zero = the default of the client
	Requests    *int              `yaml:"requests"`    // most that are sent; default any number
	Rate        *float64          `yaml:"rate"`        // most that are sent per second; default any, guard.DefaultRate for an endpoint that is not on this machine
	RetryFor    *time.Duration    `yaml:"retryFor"`    // most that all waits for better weather take; default see keys.go
	Consistency *time.Duration    `yaml:"consistency"` // longest wait for a change to show; default see keys.go
	Guard       *guard.Consent    `yaml:"guard"`       // without which no endpoint is touched that is not on this machine
	Reference   ReferenceConfig   `yaml:"reference"`
	Container   ContainerConfig   `yaml:"container"`
	Endpoints   Endpoints         `yaml:"endpoints"`
	Lacks       []string          `yaml:"lacks"` // operations that the target declares it does not have; see Helpers
	Defect      string            `yaml:"-"`     // id of a declared defect that the embedded reference shall have; "" = none
	World       *world.World      `yaml:"world"` // default: the world that the reference serves; an endpoint must state its own
}

// Helpers lists the operations that some specs need beside the one they are
// about, and that [Config.Lacks] may name: CreateKeyPair of ECS.
func Helpers() []string { return []string{"CreateKeyPair"} }

// ReferenceConfig chooses where the documents leave the reference a choice.
type ReferenceConfig struct {
	Fingerprint   string        `yaml:"fingerprint"`   // "rfc4716" (default) or "plain"
	KeyCheck      string        `yaml:"keyCheck"`      // "strict" (default) or "shallow"
	PrivateKey    string        `yaml:"privateKey"`    // "pkcs8" (default) or "pkcs1"
	AttachUnknown string        `yaml:"attachUnknown"` // "call-error" (default) or "per-instance"
	TokenScope    string        `yaml:"tokenScope"`    // "operation" (default) or "account"
	TokenLifetime time.Duration `yaml:"tokenLifetime"` // for which a ClientToken is remembered, default 24 h
}

// A choice is one that the reference has been given.
type choice struct {
	key   string   // of the reference block
	value string   // "" = the default
	known []string // nil = any value
}

// variable is the environment variable in which kpref takes the choice.
func (c choice) variable() string {
	var b strings.Builder
	b.WriteString("KPREF_")
	for _, r := range c.key {
		if unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToUpper(r))
	}
	return b.String()
}

func (r ReferenceConfig) choices() []choice {
	lifetime := ""
	if r.TokenLifetime != 0 {
		lifetime = r.TokenLifetime.String()
	}
	return []choice{
		{"fingerprint", r.Fingerprint, []string{"rfc4716", "plain"}},
		{"keyCheck", r.KeyCheck, []string{"strict", "shallow"}},
		{"privateKey", r.PrivateKey, []string{"pkcs8", "pkcs1"}},
		{"attachUnknown", r.AttachUnknown, []string{"call-error", "per-instance"}},
		{"tokenScope", r.TokenScope, []string{"operation", "account"}},
		{"tokenLifetime", lifetime, nil},
	}
}

// ContainerConfig says how a container is run.
type ContainerConfig struct {
	Image        string            `yaml:"image"`        // default DefaultImage
	Port         int               `yaml:"port"`         // the API's port inside the container, default 8080
	Env          map[string]string `yaml:"env"`          // a value may be env:NAME
	Wait         string            `yaml:"wait"`         // path that answers 2xx once the API is up; default /healthz of the reference's image; other images are up when / gives any HTTP answer
	StartTimeout time.Duration     `yaml:"startTimeout"` // default 1 m, from the start of the container to its first answer
}

// Endpoints are the base URLs of the products of an endpoint target. The rules
// of a product without one are not applicable.
type Endpoints struct {
	ECS  string `yaml:"ecs"`  // a URL or env:NAME
	SWAS string `yaml:"swas"` // likewise; it may be the same
}

func (c Config) withDefaults() Config {
	c.Target = cmp.Or(c.Target, Reference)
	c.Container.Image = cmp.Or(c.Container.Image, DefaultImage)
	c.Container.Port = cmp.Or(c.Container.Port, 8080)
	c.Container.StartTimeout = cmp.Or(c.Container.StartTimeout, time.Minute)
	if c.Container.Wait == "" && ownImage(c.Container.Image) {
		c.Container.Wait = "/healthz"
	}
	return c
}

// ownImage says whether an image is the reference's: its last name is kpref,
// whatever the registry, tag or digest.
func ownImage(image string) bool {
	name := image[strings.LastIndex(image, "/")+1:]
	name, _, _ = strings.Cut(name, "@")
	name, _, _ = strings.Cut(name, ":")
	return name == "kpref"
}

// ReadConfig reads a configuration file; name is what errors call it by. All
// findings come at once, each on a line of its own that starts with
// "name:line: ". No finding shows a value of the world.
func ReadConfig(r io.Reader, name string) (Config, error) {
	var c Config
	file, err := yamlfile.Decode(r, name, &c, yamlfile.Words{
		Empty:  "the file is empty; it must describe a target",
		Second: "more than one YAML document; a file describes one target",
		Unknown: func(key, goType string) string {
			return fmt.Sprintf("unknown key %q%s", key, suggestion(key, keys()[goType]))
		},
		Expected: describe,
	})
	if err != nil {
		return Config{}, err
	}
	var errs []error
	for _, f := range append(c.findings(), worldFindings(file.Root())...) {
		errs = append(errs, file.Errorf(f.at, "%s: %s", f.at, f.text))
	}
	if len(errs) > 0 {
		return Config{}, errors.Join(errs...)
	}
	return c, nil
}

// A finding is something wrong with a value of a configuration.
type finding struct{ at, text string }

func (c Config) findings() []finding {
	var found []finding
	add := func(at string, err error) {
		if err != nil {
			found = append(found, finding{at, err.Error()})
		}
	}
	add("target", c.checkTarget())
	add("edition", c.checkEdition(c.Edition))
	add("requests", checkLimit(c.Requests))
	add("rate", checkLimit(c.Rate))
	if c.Guard != nil {
		add("guard.costs", oneOf(c.Guard.Costs, guard.Accepted))
	}
	add("timeout", checkDuration(c.Timeout))
	add("retryFor", checkWait(c.RetryFor))
	add("consistency", checkWait(c.Consistency))
	for _, choice := range c.Reference.choices() {
		if choice.known != nil {
			add("reference."+choice.key, oneOf(choice.value, choice.known...))
		}
	}
	add("reference.tokenLifetime", checkDuration(c.Reference.TokenLifetime))
	if p := c.Container.Port; p < 0 || p > 65535 {
		add("container.port", fmt.Errorf("%d is not a port", p))
	}
	add("container.startTimeout", checkDuration(c.Container.StartTimeout))
	if w := c.Container.Wait; w != "" && !strings.HasPrefix(w, "/") {
		add("container.wait", fmt.Errorf("%q is not a path; it must begin with /", w))
	}
	add("endpoints.ecs", checkURL(c.Endpoints.ECS))
	add("endpoints.swas", checkURL(c.Endpoints.SWAS))
	for i, operation := range c.Lacks {
		add(fmt.Sprintf("lacks[%d]", i), checkHelper(operation))
	}
	return found
}

// worldFindings are what [world.Decode] has to say about the world block of a
// file, which is more than [world.World.Validate] sees: a key with nothing after
// it is one that is not there.
func worldFindings(root *yaml.Node) []finding {
	block := valueOf(root.Content[0], "world")
	if block == nil {
		return nil
	}
	if block = unaliased(block); block.ShortTag() == "!!null" {
		return []finding{{"world", "has no value; leave the key out or describe a world"}}
	}
	text, err := yaml.Marshal(block)
	if err == nil {
		_, err = world.Decode(bytes.NewReader(text), "world")
	}
	if err == nil {
		return nil
	}
	var found []finding
	for line := range strings.Lines(err.Error()) {
		// The line numbers are those of the block alone.
		at, text, _ := strings.Cut(worldLine.ReplaceAllString(strings.TrimSpace(line), ""), ": ")
		found = append(found, finding{"world." + at, text})
	}
	return found
}

var worldLine = regexp.MustCompile(`^world:\d+: `)

// unaliased is a copy of a node that can stand alone: whatever is defined
// elsewhere in the file stands where it is referred to. The file has been decoded
// before, so that no node contains itself.
func unaliased(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	c := *n
	c.Anchor, c.Content = "", nil
	if c.ShortTag() == "!!null" {
		c.Value = "null" // of nothing between brackets the encoder makes an empty text
	}
	for _, part := range n.Content {
		c.Content = append(c.Content, unaliased(part))
	}
	return &c
}

// valueOf is the value of a key of a mapping, or nil.
func valueOf(n *yaml.Node, key string) *yaml.Node {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func (c Config) checkTarget() error {
	return oneOf(c.Target, Kinds()...)
}

func (c Config) checkEdition(e catalogue.Edition) error {
	return oneOf(e, catalogue.Edition202606, catalogue.Edition202011)
}

// checkHelper refuses what no spec asks a target about.
func checkHelper(operation string) error {
	if operation == "" {
		return errors.New("names no operation")
	}
	return oneOf(operation, Helpers()...)
}

// oneOf refuses a value that is neither empty nor one of those that are known.
func oneOf[S ~string](value S, known ...S) error {
	if value == "" || slices.Contains(known, value) {
		return nil
	}
	var names []string
	for _, k := range known {
		names = append(names, string(k))
	}
	return fmt.Errorf("%q is not known; it must be %s", value, strings.Join(names, " or "))
}

// checkDuration refuses what cannot be meant.
func checkDuration(d time.Duration) error {
	if d != 0 && d < time.Millisecond {
		return errors.New("too short; write a duration such as 30s or 2m")
	}
	return nil
}

// checkWait refuses a wait that there cannot be.
func checkWait(d *time.Duration) error {
	if d != nil && *d < 0 {
		return errors.New("must not be negative; write a duration such as 5s, or 0s for no wait at all")
	}
	return nil
}

// checkLimit refuses a limit under which nothing could run.
func checkLimit[N int | float64](n *N) error {
	if n != nil && (!(*n > 0) || math.IsInf(float64(*n), 0)) {
		return errors.New("must be a number greater than zero; without the key there is no limit of yours")
	}
	return nil
}

// describe names what a value of a Go type is written as.
func describe(goType string) string {
	switch {
	case strings.HasSuffix(goType, "bool"):
		return "true or false"
	case strings.HasSuffix(goType, "time.Duration"):
		return "a duration with its unit, such as 30s or 2m"
	case strings.HasPrefix(goType, "int"):
		return "a whole number"
	case strings.HasPrefix(goType, "float"):
		return "a number"
	case strings.HasPrefix(goType, "[]"):
		return "a list"
	case strings.HasPrefix(goType, "map["), keys()[strings.TrimPrefix(goType, "*")] != nil:
		return "keys with values"
	}
	return "a text"
}

// keys lists, per Go type, the keys that may stand there.
func keys() map[string][]string {
	known := map[string][]string{}
	for _, v := range []any{Config{}, ReferenceConfig{}, ContainerConfig{}, Endpoints{}, guard.Consent{},
		world.World{}, world.Account{}, world.Identity{}, world.Server{}, world.Policy{}, world.Statement{}} {
		t := reflect.TypeOf(v)
		for f := range t.Fields() {
			key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			if key == "-" {
				continue // nothing that a file may say
			}
			known[t.String()] = append(known[t.String()], key)
		}
	}
	return known
}

// suggestion names the known words that look like an unknown one, or, when none does,
// all of them.
func suggestion(word string, known []string) string {
	if near := catalogue.DidYouMean(word, known); near != "" || len(known) == 0 {
		return near
	}
	return "; known here: " + strings.Join(known, ", ")
}
