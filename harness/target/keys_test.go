package target

import (
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/kpspec/kpspec/harness/wire"
)

// Whoever adds a key says in keys.go what it means.
func TestEveryKeyHasAMeaning(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	var paths []string
	for _, k := range Keys() {
		paths = append(paths, k.Path)
		g.Expect(k.Meaning).NotTo(BeEmpty(), "meanings (keys.go) has no sentence for the key "+k.Path)
		g.Expect(k.Meaning).NotTo(HaveSuffix("."), k.Path)
		g.Expect(k.Type).NotTo(BeEmpty(), k.Path)
	}
	g.Expect(slices.Sorted(maps.Keys(meanings))).To(Equal(slices.Sorted(slices.Values(paths))), "meanings of keys that there are")
	g.Expect(paths).To(ContainElements("container.env", "world.accounts[].identities[].accessKeySecret"))
}

func TestTheDefaultsAreTrue(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	said := map[string]string{}
	for _, k := range Keys() {
		said[k.Path] = k.Default
	}
	c := Config{}.withDefaults()
	g.Expect(said["target"]).To(Equal(string(c.Target)))
	g.Expect(said["container.image"]).To(Equal(c.Container.Image))
	g.Expect(said["container.port"]).To(Equal(strconv.Itoa(c.Container.Port)))
	g.Expect(said["container.wait"]).To(HavePrefix(c.Container.Wait + " of the reference's image"))
	g.Expect(time.ParseDuration(said["container.startTimeout"])).To(Equal(c.Container.StartTimeout))
	g.Expect(time.ParseDuration(said["timeout"])).To(Equal(wire.DefaultTimeout))
	g.Expect(said["reference.fingerprint"]).To(Equal("rfc4716"))
}
