package target

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/fixtures/world"
)

// DefaultImage is the image that the container target runs unless told
// otherwise; `make image` builds it.
const DefaultImage = "kpref:local"

// Config is the file of --config. The zero value asks for the embedded
// reference in the newest edition.
type Config struct {
	Target    Kind              `yaml:"target"`  // default reference
	Edition   catalogue.Edition `yaml:"edition"` // default 2026-06
	Strict    bool              `yaml:"strict"`  // a SHOULD that is not met fails
	Quota     *bool             `yaml:"quota"`   // run the specs that create hundreds of key pairs; default true, false for an endpoint
	Timeout   time.Duration     `yaml:"timeout"` // longest time to wait for one answer; zero = the default of the client
	Reference ReferenceConfig   `yaml:"reference"`
	Container ContainerConfig   `yaml:"container"`
	Endpoints Endpoints         `yaml:"endpoints"`
	World     *world.World      `yaml:"world"` // default: the world that the reference serves; an endpoint must state its own
}

// ReferenceConfig chooses where the documents leave the reference a choice.
type ReferenceConfig struct {
	Fingerprint string `yaml:"fingerprint"` // "rfc4716" (default) or "plain"
	KeyCheck    string `yaml:"keyCheck"`    // "strict" (default) or "shallow"
}

// ContainerConfig says how a container is run.
type ContainerConfig struct {
	Image        string            `yaml:"image"`        // default DefaultImage
	Port         int               `yaml:"port"`         // the API's port inside the container, default 8080
	Env          map[string]string `yaml:"env"`          // a value may be env:NAME
	Wait         string            `yaml:"wait"`         // path that answers 2xx once the API is up; default /healthz of the reference's image; other images are up when / gives any HTTP answer
	StartTimeout time.Duration     `yaml:"startTimeout"` // default 1 m, from the start of the container to its first answer
}

// Endpoints are the base URLs of the products of an endpoint target.
type Endpoints struct {
	ECS string `yaml:"ecs"` // a URL or env:NAME
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
	data, err := io.ReadAll(r)
	if err != nil {
		return Config{}, fmt.Errorf("%s: cannot read the configuration: %w", name, err)
	}
	var c Config
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&c); errors.Is(err, io.EOF) {
		return Config{}, fmt.Errorf("%s:1: the file is empty; it must describe a target", name)
	} else if err != nil {
		return Config{}, yamlError(name, err)
	}
	var second yaml.Node
	if err := dec.Decode(&second); !errors.Is(err, io.EOF) {
		return Config{}, fmt.Errorf("%s: more than one YAML document; a file describes one target", name)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return Config{}, yamlError(name, err)
	}
	var errs []error
	for _, f := range c.findings() {
		errs = append(errs, fmt.Errorf("%s:%d: %s: %s", name, lineOf(&root, f.at), f.at, f.text))
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
	add("timeout", checkDuration(c.Timeout))
	add("reference.fingerprint", oneOf(c.Reference.Fingerprint, "rfc4716", "plain"))
	add("reference.keyCheck", oneOf(c.Reference.KeyCheck, "strict", "shallow"))
	if p := c.Container.Port; p < 0 || p > 65535 {
		add("container.port", fmt.Errorf("%d is not a port", p))
	}
	add("container.startTimeout", checkDuration(c.Container.StartTimeout))
	if w := c.Container.Wait; w != "" && !strings.HasPrefix(w, "/") {
		add("container.wait", fmt.Errorf("%q is not a path; it must begin with /", w))
	}
	if u := c.Endpoints.ECS; u != "" && !strings.HasPrefix(u, "env:") {
		_, err := baseURL(u)
		add("endpoints.ecs", err)
	}
	if c.World != nil {
		if err := c.World.Validate(); err != nil {
			for line := range strings.Lines(err.Error()) {
				at, text, _ := strings.Cut(strings.TrimSpace(line), ": ")
				add("world."+at, errors.New(text))
			}
		}
	}
	return found
}

func (c Config) checkTarget() error {
	return oneOf(c.Target, Kinds()...)
}

func (c Config) checkEdition(e catalogue.Edition) error {
	return oneOf(e, catalogue.Edition202606, catalogue.Edition202011)
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

// lineOf is the line of the value at a path such as "world.accounts[0].id", or
// of the last step of it that exists.
func lineOf(n *yaml.Node, path string) int {
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		n = n.Content[0]
	}
	line := n.Line
	for _, step := range strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune(".[]", r) }) {
		if n.Kind == yaml.AliasNode {
			n = n.Alias
		}
		next := -1
		if i, err := strconv.Atoi(step); err == nil && n.Kind == yaml.SequenceNode {
			if next = i; i < len(n.Content) {
				line = n.Content[i].Line
			}
		} else if n.Kind == yaml.MappingNode {
			for i := 0; i+1 < len(n.Content); i += 2 {
				if n.Content[i].Value == step {
					line = n.Content[i].Line
					next = i + 1
				}
			}
		}
		if next < 0 || next >= len(n.Content) {
			break
		}
		n = n.Content[next]
		if n.Kind == yaml.ScalarNode || n.Kind == yaml.AliasNode {
			line = n.Line
		}
	}
	return max(line, 1)
}

var (
	yamlLine    = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)$`)
	yamlUnknown = regexp.MustCompile(`^field (.+) not found in type (\S+)$`)
	yamlType    = regexp.MustCompile("^cannot unmarshal (!!\\w+)(?: `.*`)? into (\\S+)$")
)

// yamlError says what the decoder found in the words of the file: its place
// first, no Go types, and no values, for a value may be a secret.
func yamlError(name string, err error) error {
	texts := []string{err.Error()}
	if te, ok := errors.AsType[*yaml.TypeError](err); ok {
		texts = te.Errors
	}
	var errs []error
	for _, text := range texts {
		line := "1"
		if m := yamlLine.FindStringSubmatch(text); m != nil {
			line, text = m[1], m[2]
		}
		if m := yamlUnknown.FindStringSubmatch(text); m != nil {
			text = fmt.Sprintf("unknown key %q%s", m[1], suggestion(m[1], keys()[m[2]]))
		} else if m := yamlType.FindStringSubmatch(text); m != nil {
			text = "expected " + describe(m[2])
		}
		errs = append(errs, fmt.Errorf("%s:%s: %s", name, line, strings.TrimPrefix(text, "yaml: ")))
	}
	return errors.Join(errs...)
}

// describe names what a value of a Go type is written as.
func describe(goType string) string {
	switch {
	case strings.HasSuffix(goType, "bool"):
		return "true or false"
	case goType == "time.Duration":
		return "a duration with its unit, such as 30s or 2m"
	case strings.HasPrefix(goType, "int"):
		return "a whole number"
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
	for _, v := range []any{Config{}, ReferenceConfig{}, ContainerConfig{}, Endpoints{}, world.World{}, world.Account{}, world.Identity{}} {
		t := reflect.TypeOf(v)
		for f := range t.Fields() {
			key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			known[t.String()] = append(known[t.String()], key)
		}
	}
	return known
}

// suggestion names the known word that is nearest to an unknown one, or, when
// none is near, all of them.
func suggestion(word string, known []string) string {
	best, distance := "", 3 // two slips at most, else the guess confuses
	for _, k := range known {
		if d := edits(strings.ToLower(word), strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	switch {
	case best != "":
		return fmt.Sprintf("; did you mean %q?", best)
	case len(known) > 0:
		return "; known here: " + strings.Join(known, ", ")
	}
	return ""
}

// edits counts the characters to insert, delete or replace to get from a to b.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j]+1, row[j+1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
