package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/target"
)

func (p *Program) worldCommand() *cobra.Command {
	var (
		policies bool
		config   string
	)
	c := &cobra.Command{
		Use:   "world",
		Short: "Print what a target must have so that every rule can be tested",
		Long: `Print what a target must have so that every rule can be tested, as a "world:"
block for a configuration file. With --policies, print the RAM policy that each
RAM user of it must carry, as one JSON object.`,
		Example: `  kpspec world >> kpspec.yaml
  kpspec world --policies --config kpspec.yaml`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if !policies {
				if c.Flags().Changed("config") {
					return usage("--config goes with --policies: the regions and accounts in the policies are those of the file")
				}
				_, err := fmt.Fprint(p.Stdout, worldBlock(world.Default()))
				return broken(err)
			}
			names := placeholders
			if c.Flags().Changed("config") {
				var err error
				if names, err = namesIn(config); err != nil {
					return err
				}
			}
			return broken(p.writePolicies(world.Default(), names))
		},
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.BoolVar(&policies, "policies", false, "print the RAM policies as JSON")
	flags.StringVar(&config, "config", "", "YAML file whose world gives the regions and accounts in the policies")
	return c
}

// A yamlWriter writes a commented block by hand: no encoder keeps comments where
// a reader wants them.
type yamlWriter struct{ strings.Builder }

func (w *yamlWriter) line(indent int, format string, args ...any) {
	fmt.Fprintf(w, strings.Repeat("  ", indent)+format+"\n", args...)
}

// worldBlock is w as the world block of a configuration: each part with the
// reason why it is needed, and every secret as the name of a variable. Policies
// are left out: a target that is not ours has them, or not, by other means.
func worldBlock(w world.World) string {
	out := &yamlWriter{}
	out.line(0, "# What a target must have so that every rule can be tested. Change the ids to")
	out.line(0, "# those of your target, and leave out what it does not have: the rules that need")
	out.line(0, "# it become not-applicable, and are counted. Values \"env:NAME\" are read from the")
	out.line(0, "# environment.")
	out.line(0, "world:")
	out.line(1, "# The specs work in the first region and look into the second.")
	out.line(1, "regions: [%s]", strings.Join(w.Regions, ", "))
	out.line(1, "accounts:")
	for i, a := range w.Accounts {
		if i == 0 {
			out.line(2, "# The account under test.")
		} else {
			out.line(2, "# Another account, to see that nothing is shared with it.")
		}
		out.line(2, "- id: %q", a.ID)
		if len(a.ResourceGroups) > 0 {
			out.line(3, "# Beside the default resource group, to import into.")
			out.line(3, "resourceGroups: [%s]", strings.Join(a.ResourceGroups, ", "))
		}
		out.identities(i, a)
		if len(a.Servers) > 0 {
			out.servers(i, a.Servers, w.Regions)
		}
	}
	return out.String()
}

// identities writes the identities that the specs call as: the first, which may
// do everything, one with a security token, and the RAM users.
func (w *yamlWriter) identities(account int, a world.Account) {
	prefix := ""
	if account > 0 {
		prefix = "OTHER_"
	}
	w.line(3, "identities:")
	write := func(id world.Identity) {
		name := prefix + strings.ToUpper(strings.ReplaceAll(id.Name, "-", "_"))
		w.line(4, "- name: %s", id.Name)
		w.line(5, `accessKeyId: "env:%s_ID"`, name)
		w.line(5, `accessKeySecret: "env:%s_SECRET"`, name)
	}
	w.line(4, "# Signs the requests. It may do everything with key pairs.")
	write(a.Identities[0])
	if temporary, has := a.Identity("session"); has && account == 0 {
		w.line(4, "# May do the same, and has a security token: whether that is asked for is recorded.")
		write(temporary)
		w.line(5, `securityToken: "env:SESSION_TOKEN"`)
	}
	users := ramUsers(a)
	if len(users) > 0 {
		w.line(4, "# RAM users. Each must have the one policy that its name says:")
		w.line(4, "# `kpspec world --policies` prints them.")
	}
	for _, user := range users {
		write(user)
	}
}

// ramUsers are the identities of an account that may not do everything.
func ramUsers(a world.Account) []world.Identity {
	var users []world.Identity
	for _, id := range a.Identities {
		if len(id.Policies) > 0 {
			users = append(users, id)
		}
	}
	return users
}

// servers writes the servers of one account, those of one kind together.
func (w *yamlWriter) servers(account int, servers []world.Server, regions []string) {
	w.line(3, "# Simple application servers with no key pair bound to them. The specs bind")
	w.line(3, "# key pairs of their own and take them off again.")
	w.line(3, "servers:")
	type kind struct{ region, os, status string }
	var kinds []kind
	of := map[kind][]string{}
	for _, s := range servers {
		k := kind{s.Region, s.OS, s.Status}
		if of[k] == nil {
			kinds = append(kinds, k)
		}
		of[k] = append(of[k], s.ID)
	}
	for _, k := range kinds {
		w.line(4, "# %d %s, %s: %s", len(of[k]), k.os, k.status, whyServer(account, k.region != regions[0], k.os, k.status))
		for _, id := range of[k] {
			w.line(4, "- {id: %q, region: %s, os: %s, status: %s}", id, k.region, k.os, k.status)
		}
	}
}

// whyServer says what servers of a kind are there for.
func whyServer(account int, elsewhere bool, os, status string) string {
	switch {
	case account > 0:
		return "no other account can bind to them"
	case elsewhere:
		return "they cannot be bound from another region"
	case os == world.Windows:
		return "key pairs are for Linux alone"
	case status == world.Running:
		return "one call binds 50 at most, and the specs try 51"
	case status == world.Stopped:
		return "a key pair can be bound to them too"
	}
	return "in transition, so nothing can be bound; any state but Running and Stopped will do"
}

// names are the parts of a RAM policy that differ from target to target.
type names struct{ region, otherRegion, account, otherAccount string }

var placeholders = names{"<region>", "<otherRegion>", "<account>", "<otherAccount>"}

// namesIn are the names in the world of a configuration file. What its world
// does not have stays a placeholder.
func namesIn(file string) (names, error) {
	cfg, err := readConfig(file)
	if err != nil {
		return names{}, err
	}
	w := world.Default()
	switch {
	case cfg.World != nil:
		w = *cfg.World
	case cfg.Target == target.Endpoint:
		return names{}, usage("%s: no world is configured; `kpspec world` prints one to begin with", file)
	}
	n := namesOf(w)
	for _, name := range []*string{&n.region, &n.otherRegion, &n.account, &n.otherAccount} {
		if *name, err = world.Resolve(*name, os.LookupEnv); err != nil {
			return names{}, usage("%s: world: %w", file, err)
		}
	}
	return n, nil
}

func namesOf(w world.World) names {
	n := placeholders
	n.region = w.Regions[0]
	if len(w.Regions) > 1 {
		n.otherRegion = w.Regions[1]
	}
	n.account = w.Accounts[0].ID
	if len(w.Accounts) > 1 {
		n.otherAccount = w.Accounts[1].ID
	}
	return n
}

// writePolicies writes the policy of each RAM user of the account under test, by
// its name, with the names of w replaced.
func (p *Program) writePolicies(w world.World, by names) error {
	replacer := renamer(namesOf(w), by)
	var out bytes.Buffer
	out.WriteByte('{')
	for i, user := range ramUsers(w.Accounts[0]) {
		if i > 0 {
			out.WriteByte(',')
		}
		if err := writeJSON(&out, "", user.Name); err != nil {
			return err
		}
		out.WriteByte(':')
		if err := writeJSON(&out, "", renamed(user.Policies, replacer)); err != nil {
			return err
		}
	}
	out.WriteByte('}')
	var indented bytes.Buffer // an object of the encoder's own would be sorted by name
	if err := json.Indent(&indented, out.Bytes(), "", "  "); err != nil {
		return err
	}
	indented.WriteByte('\n')
	_, err := p.Stdout.Write(indented.Bytes())
	return err
}

// renamed is one policy that says what all the policies say, with its resources
// renamed.
func renamed(policies []world.Policy, rename func(string) string) world.Policy {
	one := world.Policy{Version: world.PolicyVersion}
	for _, policy := range policies {
		for _, s := range policy.Statement {
			resources := world.List{}
			for _, r := range s.Resource {
				resources = append(resources, rename(r))
			}
			s.Resource = resources
			one.Statement = append(one.Statement, s)
		}
	}
	return one
}

// renamer replaces regions and accounts in a resource,
// acs:<service>:<region>:<account>:<relative-id>.
func renamer(from, to names) func(string) string {
	regions := map[string]string{from.region: to.region, from.otherRegion: to.otherRegion}
	accounts := map[string]string{from.account: to.account, from.otherAccount: to.otherAccount}
	return func(resource string) string {
		parts := strings.SplitN(resource, ":", 5)
		if len(parts) < 5 {
			return resource // "*"
		}
		if name, ok := regions[parts[2]]; ok {
			parts[2] = name
		}
		if name, ok := accounts[parts[3]]; ok {
			parts[3] = name
		}
		return strings.Join(parts, ":")
	}
}
