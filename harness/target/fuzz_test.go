package target_test

import (
	"os"
	"strings"
	"testing"

	"github.com/kpspec/kpspec/harness/target"
)

// FuzzReadConfig: whatever stands in a file, it is a configuration or an error each line of which names the file.
func FuzzReadConfig(f *testing.F) {
	world, err := os.ReadFile("../../fixtures/world/default.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add("target: endpoint\nendpoints: {ecs: http://127.0.0.1:1}\nworld:\n  " + strings.ReplaceAll(string(world), "\n", "\n  "))
	f.Add("target: container\ncontainer: {image: a, env: {A: env:B}, port: 0x50, wait: /x}\ntimeout: 3s\nrate: .inf\nrequests: -1\n")
	f.Add("world: &w {regions: [*w]}\n---\n")
	f.Add("guard: {account: 1, costs: yes}\nlacks: [CreateKeyPair, {}]\n? [a]\n: b\n")
	f.Fuzz(func(t *testing.T, text string) {
		_, err := target.ReadConfig(strings.NewReader(text), "c.yaml")
		if err == nil {
			return
		}
		if !strings.HasPrefix(err.Error(), "c.yaml:") {
			t.Errorf("%q does not name the file", err)
		}
	})
}
