package target

import (
	"cmp"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/guard"
)

// Key is a key of a configuration file.
type Key struct {
	Path    string // from the root of the file, such as "container.env"; [] after a key whose values stand in a list
	Type    string // what is written there, in words
	Default string // what holds without the key; "" = nothing
	Meaning string // one sentence without its full stop
}

// Keys lists the keys of a configuration file in the order of [Config]. Each has
// its meaning from here and from nowhere else.
func Keys() []Key { return keysUnder("", reflect.TypeFor[Config]()) }

// meaning is what a type cannot tell of a key.
type meaning struct{ text, byDefault string }

// meanings are those of the keys by their paths.
var meanings = map[string]meaning{
	"target":      {"what is tested: the reference implementation in the same process, a container that is started and removed, or an endpoint that runs already", string(Reference)},
	"edition":     {"edition of the ECS documents that the rules are of", string(catalogue.Edition202606)},
	"strict":      {"a SHOULD that is not met fails", "false"},
	"quota":       {"run the specs that fill a region with key pairs (ECS 500, SWAS 10)", "true; of an endpoint false"},
	"servers":     {"run the specs that bind key pairs to servers", "true; of an endpoint elsewhere false"},
	"timeout":     {"longest wait for one answer", "10s"},
	"requests":    {"most requests that are sent, preflight included; a tenth more, at least 100, to clean up", "any number"},
	"rate":        {"most requests that are sent per second", "any; to an endpoint elsewhere " + strconv.Itoa(guard.DefaultRate)},
	"retryFor":    {"most that all waits take together before requests are sent again, or specs run again, that met a 503, Throttling or a lost answer; 0s: never again", "0s; of a container or endpoint 1m, of an endpoint elsewhere 2m"},
	"consistency": {"longest wait, after a change, for a list to show it; 0s: at once", "0s; of a container or endpoint 1s, of an endpoint elsewhere 5s"},
	"lacks":       {"operations that the target declares it does not have; the rules that need one are not-applicable", ""},

	"guard":         {"consent to touch an endpoint that is not on this machine", "none: such an endpoint is refused"},
	"guard.account": {"must be the first account of the world", ""},
	"guard.region":  {"must be the first region of the world", ""},
	"guard.costs":   {"consent to what an endpoint of Alibaba Cloud may charge for", ""},

	"reference":               {"where the documents leave a choice; for target reference, and handed to a container as KPREF_ variables", ""},
	"reference.fingerprint":   {"form of fingerprints, with colons or plain", ""},
	"reference.keyCheck":      {"how public keys are checked; shallow: the text need only look like one", ""},
	"reference.privateKey":    {"form of generated private keys", ""},
	"reference.attachUnknown": {"whether an unknown server refuses the whole call or is reported beside the others", ""},
	"reference.tokenScope":    {"how far a ClientToken reaches: one operation, or the whole account", ""},
	"reference.tokenLifetime": {"for how long a ClientToken is remembered", "24h"},

	"container":              {"how the container is run; for target container", ""},
	"container.image":        {"the image", DefaultImage},
	"container.port":         {"port of the API inside the container, one for both products", "8080"},
	"container.env":          {"environment variables of the container; a value env:NAME is read from the environment of kpspec", ""},
	"container.wait":         {"path that answers 2xx once the API is up", "/healthz of the reference's image; of others any HTTP answer at /"},
	"container.startTimeout": {"longest wait from the start of the container to that answer", "1m"},

	"endpoints":      {"where the products answer; for target endpoint, at least one", ""},
	"endpoints.ecs":  {"base URL of ECS without path and password, or env:NAME; without it the rules of ECS are not-applicable", ""},
	"endpoints.swas": {"base URL of SWAS; it may be the same", ""},

	"world":                                         {"what the target has; an endpoint must state it. Values may be env:NAME", "fixtures/world/default.yaml; of an endpoint none"},
	"world.regions":                                 {"region ids: the specs work in the first and look into the second, the quota specs fill the third", ""},
	"world.accounts":                                {"the first is under test, the second is \"another account\"", ""},
	"world.accounts[].id":                           {"account id, as it stands in resource names", ""},
	"world.accounts[].resourceGroups":               {"ids of resource groups beside the default group", ""},
	"world.accounts[].identities":                   {"access keys; the first signs the requests, the RAM users are found by their names", ""},
	"world.accounts[].identities[].name":            {"name of the RAM user; kpspec world --policies prints what each may do", ""},
	"world.accounts[].identities[].accessKeyId":     {"id of the access key", ""},
	"world.accounts[].identities[].accessKeySecret": {"secret of the access key; it signs and is never shown", ""},
	"world.accounts[].identities[].securityToken":   {"token of an STS identity, sent with its requests", ""},
	"world.accounts[].identities[].policies":        {"RAM policies, as RAM writes them; for kpref, which enforces them", "none: everything is allowed"},
	"world.accounts[].identities[].sessionPolicy":   {"RAM policy that narrows an STS identity; for kpref", ""},
	"world.accounts[].servers":                      {"servers of SWAS", ""},
	"world.accounts[].servers[].id":                 {"id of the server", ""},
	"world.accounts[].servers[].region":             {"region that it is in, one of the regions above", ""},
	"world.accounts[].servers[].os":                 {"its system, linux or windows", ""},
	"world.accounts[].servers[].status":             {"its status, as ListInstances shows it", ""},
}

func keysUnder(path string, t reflect.Type) []Key {
	var keys []Key
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "-" {
			continue // nothing that a file may say
		}
		key := Key{Path: path + name, Type: written(f.Type)}
		said := meanings[key.Path]
		key.Meaning, key.Default = said.text, said.byDefault
		if words := wordsOf(key.Path); words != nil {
			key.Type = strings.Join(words, ", ")
			if f.Type.Kind() == reflect.String && len(words) > 1 {
				key.Default = cmp.Or(said.byDefault, words[0])
			}
		}
		keys = append(keys, key)
		switch inner, list := inside(f.Type); {
		case inner.Kind() != reflect.Struct || inner == reflect.TypeFor[world.Policy]():
		case list:
			keys = append(keys, keysUnder(key.Path+"[].", inner)...)
		default:
			keys = append(keys, keysUnder(key.Path+".", inner)...)
		}
	}
	return keys
}

// inside is the type behind a pointer or in a list.
func inside(t reflect.Type) (inner reflect.Type, list bool) {
	switch t.Kind() {
	case reflect.Pointer:
		return t.Elem(), false
	case reflect.Slice:
		return t.Elem(), true
	}
	return t, false
}

// written names what a value of a type is written as.
func written(t reflect.Type) string {
	inner, list := inside(t)
	switch {
	case list && inner.Kind() == reflect.String:
		return "list of texts"
	case list:
		return "list"
	case inner == reflect.TypeFor[time.Duration]():
		return "duration, such as 30s"
	}
	switch inner.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "whole number"
	case reflect.Float64:
		return "number"
	case reflect.Map:
		return "texts by their names"
	case reflect.Struct:
		return "keys"
	}
	return "text"
}

// wordsOf are the words that may stand at a path, the default first; nil where
// it is not a matter of a few words.
func wordsOf(path string) []string {
	var words []string
	switch path {
	case "target":
		for _, k := range Kinds() {
			words = append(words, string(k))
		}
	case "edition":
		words = []string{string(catalogue.Edition202606), string(catalogue.Edition202011)}
	case "guard.costs":
		words = []string{guard.Accepted}
	case "lacks":
		words = Helpers()
	}
	for _, c := range (ReferenceConfig{}).choices() {
		if path == "reference."+c.key {
			words = c.known
		}
	}
	return words
}
