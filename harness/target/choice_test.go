package target

import (
	"reflect"
	"slices"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/reference"
)

// own are the options of the reference that no configuration file sets: what the
// target chooses itself, and what is no choice about behaviour.
var own = []string{"Change", "Edition", "SWASErrors", "Clock", "Logger", "Keys", "PoolSize"}

// TestEveryChoiceOfTheReferenceCanBeConfigured keeps the reference block, what the
// embedded reference is given, and what a container is told, complete.
func TestEveryChoiceOfTheReferenceCanBeConfigured(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	var want, got, keys []string
	for f := range reflect.TypeFor[reference.Options]().Fields() {
		if !slices.Contains(own, f.Name) {
			want = append(want, f.Name)
		}
	}
	var all ReferenceConfig
	config := reflect.ValueOf(&all).Elem()
	for f, v := range config.Fields() {
		got = append(got, f.Name)
		keys = append(keys, f.Tag.Get("yaml"))
		switch f.Type {
		case reflect.TypeFor[time.Duration]():
			v.SetInt(int64(time.Hour))
		default:
			v.SetString("some " + f.Name)
		}
	}
	g.Expect(got).To(ConsistOf(want))

	var chosen []string
	variables := map[string]bool{}
	for _, c := range all.choices() {
		chosen = append(chosen, c.key)
		variables[c.variable()] = true
		g.Expect(c.value).NotTo(BeEmpty(), c.key)
	}
	g.Expect(chosen).To(Equal(keys))
	g.Expect(variables).To(And(HaveLen(len(keys)), HaveKey("KPREF_KEY_CHECK"), HaveKey("KPREF_FINGERPRINT")))
	for _, c := range (ReferenceConfig{}).choices() {
		g.Expect(c.value).To(BeEmpty(), "%s has a value that nobody chose", c.key)
	}

	made, err := newReference(all, "", Place{}, "")
	g.Expect(err).NotTo(HaveOccurred())
	options := reflect.ValueOf(made.options)
	for f, v := range config.Fields() {
		g.Expect(options.FieldByName(f.Name).Interface()).To(Equal(v.Interface()), f.Name)
	}
}
