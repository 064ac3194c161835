package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/target"
)

func (p *Program) initCommand() *cobra.Command {
	kind := target.Reference
	var out string
	var force bool
	c := &cobra.Command{
		Use:   "init",
		Short: "Write a configuration file to begin with",
		Long: `Write a configuration file to begin with, for one kind of target: with every key,
what it means and its default, and valid as it stands. What an endpoint and its
world are called must be changed; secrets are read from the environment.`,
		Example: `  kpspec init --target endpoint
  kpspec init --target container --out emulator.yaml`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			text := template(kind)
			if out == "-" {
				_, err := fmt.Fprint(p.Stdout, text)
				return broken(err)
			}
			if err := create(out, text, force); err != nil {
				return err
			}
			_, err := fmt.Fprintf(p.Stdout, "wrote %s; next: kpspec doctor --config %s\n", out, out)
			return broken(err)
		},
	}
	flags := c.Flags()
	flags.SortFlags = false
	kinds := choice[target.Kind]{&kind, target.Kinds()}
	flags.Var(kinds, "target", "the kind of target to describe (default reference)")
	flags.StringVar(&out, "out", "kpspec.yaml", "write to `FILE`, or to standard output if it is -")
	flags.BoolVar(&force, "force", false, "overwrite the file if it is there")
	complete(c, "target", kinds.words)
	return c
}

// create writes a file, one that is there only by force.
func create(name, text string, force bool) error {
	if name == "" {
		return usage("--out: no file is named")
	}
	if force {
		return save("--out", name, func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		})
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return usage("%s is there already and is not overwritten; name another file by --out, or add --force", name)
	} else if err != nil {
		return usage("--out: %w", err)
	}
	_, err = file.WriteString(text)
	if err = errors.Join(err, file.Close()); err != nil {
		return incomplete("--out: %w", err)
	}
	return nil
}

// template is a configuration for a kind of target.
func template(kind target.Kind) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# How kpspec finds what it tests. See kpspec run --help; flags override this file.
target: %s

# Of the documents: 2026-06 or 2020-11.
edition: 2026-06
# true: a SHOULD that is not met fails.
strict: false
# The specs that fill a region with key pairs (ECS 500, SWAS 10).
quota: %t
# The longest wait for one answer.
timeout: 10s
# What ECS does not have there; CreateKeyPair is all that can be said.
lacks: []
`, kind, kind != target.Endpoint)
	switch kind {
	case target.Container:
		b.WriteString(`
container:
  image: ` + target.DefaultImage + `
  # The port of the API inside the container.
  port: 8080
  # Environment variables; a value env:NAME is read from the environment of kpspec.
  env: {}
  # A path that answers 2xx once the API is up. Without it any answer at / will do.
  # wait: /ready
  startTimeout: 1m
`)
	case target.Endpoint:
		b.WriteString(`
# URLs without a path, or env:NAME. They may be the same; without one the rules of
# the product are not applicable.
endpoints:
  ecs: http://127.0.0.1:8080
  swas: http://127.0.0.1:8080
`)
	}
	if kind != target.Endpoint {
		b.WriteString(`
# What the documents leave to the reference, and to kpref's image.
reference:
  fingerprint: rfc4716        # or plain
  keyCheck: strict            # or shallow
  privateKey: pkcs8           # or pkcs1
  attachUnknown: call-error   # or per-instance
  tokenScope: operation       # or account
  tokenLifetime: 24h

# Without "world:" it is the one of fixtures/world/default.yaml. kpspec world prints
# a block to change.
`)
		return b.String()
	}
	b.WriteString("\n" + worldBlock(world.Default()))
	return b.String()
}
