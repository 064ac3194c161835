package defect

import (
	"strings"

	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/operation"
)

// swasKeys are wrong ideas of which public keys SWAS takes, and of what becomes of them.
func swasKeys() []Defect {
	a := swasImport
	all := []Defect{
		a.bug("key-ed25519", "takes Ed25519 keys.", "KEY-METHOD", func(p *parts) { accepting(p, onSWAS, starts("ssh-ed25519 ")) }),
		a.bug("key-garbage", "takes text that is no key.", "KEY-BAD", func(p *parts) {
			accepting(p, onSWAS, func(body string) bool { return strings.Contains(body, "not") })
		}),
		a.bug("key-dashes", "takes whatever begins like PEM.", "KEY-BAD", func(p *parts) { accepting(p, onSWAS, starts("-----")) }),
		a.bug("key-json", "takes a key in JSON.", "KEY-BAD", func(p *parts) { accepting(p, onSWAS, starts("{")) }),
		a.bug("key-unchecked", "does not look at the public key.", "KEY-METHOD KEY-BAD", func(p *parts) { accepting(p, onSWAS, func(string) bool { return true }) }),
		a.bug("key-checked-late", "tells of a bad public key when the pair is stored.", "KEY-METHOD KEY-BAD", func(p *parts) { late(p, onSWAS, importKeyPair, "public key") }),
		a.bug("key-bad-500", "answers a bad public key with an internal error.", "KEY-METHOD KEY-BAD", func(p *parts) {
			keyed(p, onSWAS, func(_ *operation.Call, _ string, err error) error {
				if err != nil {
					return errBroken
				}
				return nil
			})
		}),
		a.bug("key-missing-taken", "makes a pair without a key where none is sent.", "KEY-REQ", func(p *parts) {
			optional(p, onSWAS, importKeyPair, "PublicKeyBody", func(c *operation.Call) { c.Pair.PublicKey = "ssh-rsa" }, "public key", false)
		}),
		a.bug("key-empty-taken", "makes a pair without a key where an empty one is sent.", "KEY-REQ", func(p *parts) {
			optional(p, onSWAS, importKeyPair, "PublicKeyBody", func(c *operation.Call) { c.Pair.PublicKey = "ssh-rsa" }, "public key", true)
		}),
		a.bug("key-not-stored", "does not keep the public key.", "KEY-EXAMPLE-FORM KEY-METHOD", func(p *parts) {
			before(p, onSWAS, importKeyPair, "store", func(c *operation.Call) { c.Pair.PublicKey = "" })
		}),
		a.bug("key-stored-cut", "keeps at most 512 characters of a public key.", "KEY-METHOD", func(p *parts) {
			before(p, onSWAS, importKeyPair, "store", func(c *operation.Call) { c.Pair.PublicKey = c.Pair.PublicKey[:min(len(c.Pair.PublicKey), 512)] })
		}),
		a.bug("key-stored-as-rsa", "keeps every public key under the name ssh-rsa.", "KEY-METHOD", func(p *parts) {
			before(p, onSWAS, importKeyPair, "store", func(c *operation.Call) {
				_, blob, _ := strings.Cut(c.Pair.PublicKey, " ")
				c.Pair.PublicKey = "ssh-rsa " + blob
			})
		}),
		a.bug("key-stored-with-options", "keeps a public key with options in front of it, as a line of authorized_keys.", "KEY-EXAMPLE-FORM KEY-METHOD", func(p *parts) {
			before(p, onSWAS, importKeyPair, "store", func(c *operation.Call) { c.Pair.PublicKey = "no-pty " + c.Pair.PublicKey })
		}),
		a.bug("key-stored-before", "keeps the public key of the call before.", "KEY-EXAMPLE-FORM KEY-METHOD", func(p *parts) {
			var last keypair.Pair
			before(p, onSWAS, importKeyPair, "store", func(c *operation.Call) {
				this := c.Pair
				if last.PublicKey != "" {
					c.Pair.PublicKey, c.Pair.Fingerprint = last.PublicKey, last.Fingerprint
				}
				last = this
			})
		}),
		a.bug("key-not-attachable", "makes pairs that cannot be bound.",
			"USE SWAS-ATT-TOKEN-OPT SWAS-ATT-ONE", func(p *parts) {
				marked(p)
				before(p, onSWAS, attachKeyPair, "bind", func(c *operation.Call) {
					if origin(p, c) == importKeyPair {
						c.Pair.Name = ""
					}
				})
			}),
	}
	for _, algorithm := range []string{"ssh-dss", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"} {
		all = append(all, a.bug("key-"+algorithm+"-refused", "refuses keys of the algorithm "+algorithm+".", "KEY-METHOD", func(p *parts) {
			drop(&p.SWAS().Rules.Keys.Algorithms, algorithm)
		}))
	}
	return all
}
