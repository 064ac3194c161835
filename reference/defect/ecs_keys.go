package defect

import (
	"context"
	"slices"
	"strings"

	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/operation"
)

// keyed lets a step about the public key decide what it has decided; body is what was sent.
func keyed(p *parts, product string, do func(c *operation.Call, body string, err error) error) {
	after(p, product, importKeyPair, "public key", func(c *operation.Call, err error) error { return do(c, c.Text("PublicKeyBody"), err) })
}

// accepting takes bodies that the rule refuses; they get a fingerprint like any other text.
func accepting(p *parts, product string, good func(body string) bool) {
	keyed(p, product, func(c *operation.Call, body string, err error) error {
		if err != nil && body != "" && good(body) {
			c.Pair.PublicKey, c.Pair.Fingerprint = body, keypair.Fingerprint{}
			return nil
		}
		return err
	})
}

// rejecting refuses bodies that the rule takes.
func rejecting(p *parts, product string, bad func(body string) bool) {
	keyed(p, product, func(_ *operation.Call, body string, err error) error {
		if err == nil && bad(body) {
			return keypair.ErrKey
		}
		return err
	})
}

func starts(prefix string) func(string) bool {
	return func(body string) bool { return strings.HasPrefix(body, prefix) }
}

func drop(list *[]string, what string) {
	*list = slices.DeleteFunc(slices.Clone(*list), func(s string) bool { return s == what })
}

// ecsKeys are wrong ideas of which public keys ECS takes.
func ecsKeys() []Defect {
	all := []Defect{
		bug("ecs-key-ecdsa-none", "ECDSA keys are refused.", "ECS-IMP-KEY-ECDSA", func(p *parts) {
			for _, curve := range []string{"256", "384", "521"} {
				drop(&p.ECS().Rules.Keys.Algorithms, "ecdsa-sha2-nistp"+curve)
			}
		}),
		bug("ecs-key-rsa-max-2048", "RSA keys of more than 2048 bits are refused.", "ECS-IMP-KEY-SSHRSA", func(p *parts) { p.ECS().Rules.Keys.Limits.RSAMax = 2048 }),
		bug("ecs-key-rsa-max-3072", "RSA keys of more than 3072 bits are refused.", "ECS-IMP-KEY-SSHRSA", func(p *parts) { p.ECS().Rules.Keys.Limits.RSAMax = 3072 }),
		bug("ecs-key-rsa-min-2048", "RSA keys of less than 2048 bits are refused.", "ECS-IMP-KEY-SSHRSA", func(p *parts) { p.ECS().Rules.Keys.Limits.RSAMin = 2048 }),
		bug("ecs-key-ed25519", "Ed25519 keys are taken.", "ECS-IMP-KEY-ED25519", func(p *parts) { accepting(p, onECS, starts("ssh-ed25519 ")) }),
		bug("ecs-key-security-keys", "Keys of security devices are taken.", "ECS-IMP-KEY-OTHERALG", func(p *parts) { accepting(p, onECS, starts("sk-")) }),
		bug("ecs-key-ed448", "Ed448 keys are taken.", "ECS-IMP-KEY-OTHERALG", func(p *parts) { accepting(p, onECS, starts("ssh-ed448")) }),
		bug("ecs-key-any-word", "Any first word is taken for an algorithm.", "ECS-IMP-KEY-OTHERALG ECS-IMP-KEY-GARBAGE ECS-IMP-ERR-KEY", func(p *parts) {
			accepting(p, onECS, func(body string) bool {
				return len(strings.Fields(body)) > 1 && !strings.HasPrefix(body, "-") && !strings.HasPrefix(body, "ssh-ed") && !strings.HasPrefix(body, "sk-")
			})
		}),
		bug("ecs-key-garbage", "Text that is no key is taken.", "ECS-IMP-KEY-GARBAGE", func(p *parts) {
			accepting(p, onECS, func(body string) bool { return !strings.Contains(body, " ") && !strings.Contains(body, "PRIVATE") })
		}),
		bug("ecs-key-unchecked", "The public key is not looked at.", "ECS-IMP-KEY-ED25519 ECS-IMP-KEY-OTHERALG ECS-IMP-KEY-GARBAGE ECS-IMP-KEY-PRIVATE ECS-IMP-ERR-KEY", func(p *parts) { accepting(p, onECS, func(string) bool { return true }) }),
		bug("ecs-key-private", "Private keys are taken.", "ECS-IMP-KEY-PRIVATE", func(p *parts) {
			accepting(p, onECS, func(body string) bool { return strings.Contains(body, "PRIVATE KEY") })
		}),
		bug("ecs-key-private-openssh", "Private keys in the format of OpenSSH are taken.", "ECS-IMP-KEY-PRIVATE", func(p *parts) {
			accepting(p, onECS, func(body string) bool { return strings.Contains(body, "OPENSSH PRIVATE KEY") })
		}),
		bug("ecs-key-comment-refused", "A key with a comment is refused.", "ECS-IMP-KEY-COMMENT ECS-IMP-KEY-EOL", func(p *parts) {
			rejecting(p, onECS, func(body string) bool { return len(strings.Fields(body)) > 2 })
		}),
		bug("ecs-key-no-comment-refused", "A key without a comment is refused.", "ECS-IMP-ACTION ECS-IMP-GET ECS-IMP-REGION-KNOWN ECS-IMP-REGION-SCOPE ECS-IMP-NAME-UNIQUE-CREATE ECS-IMP-KEY-SSHRSA ECS-IMP-KEY-SSHDSS ECS-IMP-KEY-ECDSA ECS-IMP-KEY-NOPRIVATE ECS-IMP-RG-OPT ECS-IMP-RG-404 ECS-IMP-TAG-OPT ECS-IMP-TAG-WIRE ECS-IMP-QUOTA ECS-IMP-RESP-200 ECS-IMP-JSON ECS-IMP-ERR-RG ECS-IMP-RAM-COND ECS-IMP-TYPES ECS-IMP-SUMMARY", func(p *parts) {
			rejecting(p, onECS, func(body string) bool { return len(strings.Fields(body)) == 2 })
		}),
		bug("ecs-key-comment-spaces-refused", "A comment of several words is refused.", "ECS-IMP-KEY-COMMENT", func(p *parts) {
			rejecting(p, onECS, func(body string) bool { return len(strings.Fields(body)) > 3 })
		}),
		bug("ecs-key-comment-in-fingerprint", "The comment changes the fingerprint.", "ECS-IMP-KEY-COMMENT ECS-IMP-KEY-EOL ECS-IMP-RESP-FP-MD5 ECS-IMP-RESP-FP-STABLE", func(p *parts) {
			keyed(p, onECS, func(c *operation.Call, body string, err error) error {
				if words := strings.Fields(body); err == nil && len(words) > 2 {
					c.Pair.Fingerprint[0] ^= byte(len(words[2]))
				}
				return err
			})
		}),
		bug("ecs-key-eol-refused", "A line end behind the key is refused.", "ECS-IMP-KEY-EOL", func(p *parts) {
			rejecting(p, onECS, func(body string) bool { return strings.HasSuffix(body, "\n") })
		}),
		bug("ecs-key-crlf-refused", "A Windows line end behind the key is refused.", "ECS-IMP-KEY-EOL", func(p *parts) {
			rejecting(p, onECS, func(body string) bool { return strings.HasSuffix(body, "\r\n") })
		}),
		bug("ecs-key-twice-refused", "One key cannot be imported under two names.", "ECS-IMP-KEY-DUP", func(p *parts) {
			after(p, onECS, importKeyPair, "public key", func(c *operation.Call, err error) error {
				if err != nil {
					return err
				}
				if _, same := p.ECS().Store.Find(c.Scope, keypair.Filter{Fingerprint: &c.Pair.Fingerprint, Name: keypair.Pattern("*")}, 0, 1); same > 0 {
					return keypair.ErrExists
				}
				return nil
			})
		}),
		bug("ecs-key-not-stored", "The public key is not kept.", "ECS-IMP-KEY-STORED", func(p *parts) {
			before(p, onECS, importKeyPair, "store", func(c *operation.Call) { c.Pair.PublicKey = "" })
		}),
		bug("ecs-key-stored-cut", "The public key is kept without its last characters.", "ECS-IMP-KEY-STORED", func(p *parts) {
			before(p, onECS, importKeyPair, "store", func(c *operation.Call) { c.Pair.PublicKey = c.Pair.PublicKey[:len(c.Pair.PublicKey)/2] })
		}),
		bug("ecs-key-shared-slot", "Every pair shows the public key that was imported last.", "ECS-IMP-KEY-STORED", func(p *parts) {
			var last string
			before(p, onECS, importKeyPair, "store", func(c *operation.Call) { last = c.Pair.PublicKey })
			after(p, onECS, "DescribeKeyPairs", "find", func(c *operation.Call, err error) error {
				for i := range c.Pairs {
					c.Pairs[i].PublicKey = last
				}
				return err
			})
		}),
		bug("ecs-key-empty-taken", "An empty public key is taken.", "ECS-IMP-KEY-EMPTY", func(p *parts) {
			o := find(p, onECS, importKeyPair)
			o.Step("required parameters").Run = operation.Required("RegionId", "KeyPairName").Run
			wrap(p, onECS, importKeyPair, "required parameters", func(was operation.Run) operation.Run {
				return func(ctx context.Context, c *operation.Call) error {
					if !c.Params.Has("PublicKeyBody") {
						return operation.Required("PublicKeyBody").Run(ctx, c)
					}
					return was(ctx, c)
				}
			})
			keyed(p, onECS, func(c *operation.Call, body string, err error) error {
				if body == "" {
					c.Pair.PublicKey = "ssh-rsa"
					return nil
				}
				return err
			})
		}),
		bug("ecs-key-checked-late", "A bad key is told after the pair was stored.", "ECS-IMP-KEY-ED25519 ECS-IMP-KEY-OTHERALG ECS-IMP-KEY-GARBAGE ECS-IMP-KEY-PRIVATE ECS-IMP-ERR-KEY", func(p *parts) { late(p, onECS, importKeyPair, "public key") }),
	}
	for _, algorithm := range []struct{ name, rules string }{
		{"ssh-rsa", "ECS-IMP-ACTION ECS-IMP-GET ECS-IMP-REGION-KNOWN ECS-IMP-REGION-SCOPE ECS-IMP-NAME-UNIQUE-CREATE ECS-IMP-KEY-SSHRSA ECS-IMP-KEY-NOPRIVATE ECS-IMP-RG-OPT ECS-IMP-RG-404 ECS-IMP-TAG-OPT ECS-IMP-TAG-WIRE ECS-IMP-QUOTA ECS-IMP-RESP-200 ECS-IMP-JSON ECS-IMP-ERR-RG ECS-IMP-RAM-COND ECS-IMP-TYPES ECS-IMP-SUMMARY"},
		{"ssh-dss", "ECS-IMP-KEY-SSHDSS"},
		{"ecdsa-sha2-nistp256", "ECS-IMP-KEY-ECDSA"},
		{"ecdsa-sha2-nistp384", "ECS-IMP-KEY-ECDSA"},
		{"ecdsa-sha2-nistp521", "ECS-IMP-KEY-ECDSA"},
	} {
		all = append(all, bug("ecs-key-"+algorithm.name+"-refused", "Keys of the algorithm "+algorithm.name+" are refused.", algorithm.rules, func(p *parts) {
			drop(&p.ECS().Rules.Keys.Algorithms, algorithm.name)
		}))
	}
	for _, certificate := range []struct{ name, rule string }{
		{"ssh-rsa-cert-v00", "RSA-V00"}, {"ssh-dss-cert-v00", "DSS-V00"}, {"ssh-rsa-cert-v01", "RSA-V01"}, {"ssh-dss-cert-v01", "DSS-V01"},
		{"ecdsa-sha2-nistp256-cert-v01", "ECDSA256-V01"}, {"ecdsa-sha2-nistp384-cert-v01", "ECDSA384-V01"}, {"ecdsa-sha2-nistp521-cert-v01", "ECDSA521-V01"},
	} {
		sentence := "Certificates of the type " + certificate.name + " are refused."
		all = append(all, bug("ecs-key-"+certificate.name+"-refused", sentence, "ECS-IMP-KEY-CERT-"+certificate.rule, func(p *parts) {
			drop(&p.ECS().Rules.Keys.Algorithms, certificate.name+"@openssh.com")
		}).inEdition("2020-11"))
	}
	return all
}
