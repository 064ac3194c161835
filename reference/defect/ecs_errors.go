package defect

import (
	"context"
	"slices"

	"github.com/kpspec/kpspec/reference/ecs"
	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/operation"
	"github.com/kpspec/kpspec/reference/rpc"
)

// ecsErrors are wrong refusals of ImportKeyPair.
func ecsErrors() []Defect {
	q := "?"
	unknown := broken{q, q, q, q}
	all := slices.Concat(
		rowBugs(onECS, "ecs-error-name", "A malformed name", keypair.ErrName, unknown),
		rowBugs(onECS, "ecs-error-key", "A public key that is not supported", keypair.ErrKey, unknown),
		rowBugs(onECS, "ecs-error-missing", "A missing parameter", operation.ErrMissing, unknown),
		rowBugs(onECS, "ecs-error-exists", "A name in use", keypair.ErrExists, unknown),
		rowBugs(onECS, "ecs-error-quota", "A quota that is used up", keypair.ErrQuota, unknown),
		rowBugs(onECS, "ecs-error-group", "An unknown resource group", ecs.ErrResourceGroup, unknown),
		rowBugs(onECS, "ecs-error-region", "An unknown region", operation.ErrRegion, unknown)[:2],
		rowBugs(onECS, "ecs-error-tag-key", "A tag key that is not allowed", keypair.ErrTagKey, unknown)[:2],
		rowBugs(onECS, "ecs-error-tag-value", "A tag value that is not allowed", keypair.ErrTagValue, unknown)[:2],
		rowBugs(onECS, "ecs-error-tag-count", "A tag too many", keypair.ErrTagCount, unknown)[:2],
	)
	for _, parameter := range []string{"RegionId", "KeyPairName", "PublicKeyBody"} {
		all = append(all,
			bug("ecs-missing-"+parameter+"-not-named", "The refusal of a call without "+parameter+" names another parameter.", "?", func(p *parts) {
				wrap(p, onECS, importKeyPair, "required parameters", func(was operation.Run) operation.Run {
					return func(ctx context.Context, c *operation.Call) error {
						if err := was(ctx, c); err != nil && !c.Params.Has(parameter) {
							return &rpc.Error{Status: 400, Code: "MissingParameter", Message: `The input parameter "Body" that is mandatory for processing this request is not supplied.`}
						} else if err != nil {
							return err
						}
						return nil
					}
				})
			}),
			bug("ecs-missing-"+parameter+"-500", "A call without "+parameter+" is answered with an internal error.", "?", func(p *parts) {
				wrap(p, onECS, importKeyPair, "required parameters", func(was operation.Run) operation.Run {
					return func(ctx context.Context, c *operation.Call) error {
						if !c.Params.Has(parameter) {
							return errBroken
						}
						return was(ctx, c)
					}
				})
			}))
	}
	return append(all,
		bug("ecs-missing-region-default", "A call without RegionId works in the first region.", "?", func(p *parts) {
			optional(p, onECS, importKeyPair, "RegionId", func(c *operation.Call) {
				c.Scope = keypair.Scope{Account: c.Identity.AccountID, Region: p.ECS().Regions[0]}
			}, "region", false)
		}),
		bug("ecs-empty-region-default", "A call with an empty RegionId works in the first region.", "?", func(p *parts) {
			optional(p, onECS, importKeyPair, "RegionId", func(c *operation.Call) {
				c.Scope = keypair.Scope{Account: c.Identity.AccountID, Region: p.ECS().Regions[0]}
			}, "region", true)
		}),
		bug("ecs-missing-name-made-up", "A call without KeyPairName gets a name of the server's.", "?", func(p *parts) {
			optional(p, onECS, importKeyPair, "KeyPairName", func(c *operation.Call) { c.Pair.Name = "pair-" + c.RequestID }, "name", false)
		}),
		bug("ecs-empty-name-made-up", "A call with an empty KeyPairName gets a name of the server's.", "?", func(p *parts) {
			optional(p, onECS, importKeyPair, "KeyPairName", func(c *operation.Call) { c.Pair.Name = "pair-" + c.RequestID }, "name", true)
		}),
		bug("ecs-missing-key-made-up", "A call without PublicKeyBody makes a pair without a key.", "?", func(p *parts) {
			optional(p, onECS, importKeyPair, "PublicKeyBody", func(c *operation.Call) { c.Pair.PublicKey = "ssh-rsa" }, "public key", false)
		}),
	)
}

// optional makes a mandatory parameter optional where it was not sent, or with empty where it was sent empty: the step that
// reads it then does something else.
func optional(p *parts, product, action, parameter string, instead func(*operation.Call), step string, empty bool) {
	lacks := func(c *operation.Call) bool { return c.Text(parameter) == "" && c.Params.Has(parameter) == empty }
	others := slices.DeleteFunc([]string{"RegionId", "KeyPairName", "PublicKeyBody"}, func(name string) bool {
		return name == parameter || action != importKeyPair && name == "PublicKeyBody"
	})
	wrap(p, product, action, "required parameters", func(was operation.Run) operation.Run {
		return func(ctx context.Context, c *operation.Call) error {
			if lacks(c) {
				return operation.Required(others...).Run(ctx, c)
			}
			return was(ctx, c)
		}
	})
	wrap(p, product, action, step, func(was operation.Run) operation.Run {
		return func(ctx context.Context, c *operation.Call) error {
			if lacks(c) {
				instead(c)
				return nil
			}
			return was(ctx, c)
		}
	})
}
