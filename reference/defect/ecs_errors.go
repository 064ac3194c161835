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
	const (
		names   = "ECS-IMP-NAME-LEN-MIN ECS-IMP-NAME-LEN-MAX ECS-IMP-NAME-LEN-CHARS ECS-IMP-NAME-FIRST-DIGIT ECS-IMP-NAME-FIRST-PUNCT ECS-IMP-NAME-NOHTTP ECS-IMP-NAME-NOHTTPS ECS-IMP-NAME-OTHERCHARS ECS-IMP-ERR-NAME"
		keys    = "ECS-IMP-KEY-ED25519 ECS-IMP-KEY-OTHERALG ECS-IMP-KEY-GARBAGE ECS-IMP-KEY-PRIVATE ECS-IMP-ERR-KEY"
		missing = "ECS-IMP-REGION-REQ ECS-IMP-NAME-REQ ECS-IMP-KEY-REQ ECS-IMP-ERR-MISSING"
		taken   = "ECS-IMP-NAME-UNIQUE ECS-IMP-NAME-UNIQUE-CREATE ECS-IMP-ERR-EXIST"
		full    = "ECS-IMP-QUOTA ECS-IMP-QUOTA-SHARED ECS-IMP-ERR-QUOTA"
		group   = "ECS-IMP-RG-404 ECS-IMP-ERR-RG"
		tagKey  = "ECS-IMP-TAG-KEY-NONEMPTY ECS-IMP-TAG-KEY-LEN"
	)
	one := func(rules string) broken { return broken{code: rules, status: rules} }
	all := slices.Concat(
		rowBugs(onECS, "ecs-error-name", "A malformed name", keypair.ErrName, broken{names, names, "ECS-IMP-ERR-NAME", names}),
		rowBugs(onECS, "ecs-error-key", "A public key that is not supported", keypair.ErrKey, broken{keys, keys, "ECS-IMP-ERR-KEY", keys}),
		rowBugs(onECS, "ecs-error-missing", "A missing parameter", operation.ErrMissing, broken{
			missing, "ECS-IMP-REGION-REQ ECS-IMP-NAME-REQ ECS-IMP-NAME-EMPTY ECS-IMP-KEY-REQ ECS-IMP-KEY-EMPTY ECS-IMP-ERR-MISSING", missing,
			"ECS-IMP-ACTION ECS-IMP-COMMON ECS-IMP-REGION-REQ ECS-IMP-REGION-EMPTY ECS-IMP-NAME-REQ ECS-IMP-NAME-EMPTY ECS-IMP-KEY-REQ ECS-IMP-KEY-EMPTY ECS-IMP-ERR-MISSING",
		}),
		rowBugs(onECS, "ecs-error-exists", "A name in use", keypair.ErrExists, broken{taken, taken, "ECS-IMP-ERR-EXIST", taken}),
		rowBugs(onECS, "ecs-error-quota", "A quota that is used up", keypair.ErrQuota, broken{full, full, "ECS-IMP-QUOTA ECS-IMP-ERR-QUOTA", full}),
		rowBugs(onECS, "ecs-error-group", "An unknown resource group", ecs.ErrResourceGroup, broken{group, group, group, group}),
		rowBugs(onECS, "ecs-error-region", "An unknown region", operation.ErrRegion, one("ECS-IMP-REGION-KNOWN")),
		rowBugs(onECS, "ecs-error-tag-key", "A tag key that is not allowed", keypair.ErrTagKey, one(tagKey)),
		rowBugs(onECS, "ecs-error-tag-value", "A tag value that is not allowed", keypair.ErrTagValue, one("ECS-IMP-TAG-VAL-LEN")),
		rowBugs(onECS, "ecs-error-tag-count", "A tag too many", keypair.ErrTagCount, one("ECS-IMP-TAG-N-MAX")),
	)
	for _, missed := range []struct{ parameter, rules string }{
		{"RegionId", "ECS-IMP-REGION-REQ"}, {"KeyPairName", "ECS-IMP-NAME-REQ"}, {"PublicKeyBody", "ECS-IMP-KEY-REQ ECS-IMP-ERR-MISSING"},
	} {
		parameter, rules := missed.parameter, missed.rules
		all = append(all,
			bug("ecs-missing-"+parameter+"-not-named", "The refusal of a call without "+parameter+" names another parameter.", rules, func(p *parts) {
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
			bug("ecs-missing-"+parameter+"-500", "A call without "+parameter+" is answered with an internal error.", rules, func(p *parts) {
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
		bug("ecs-missing-region-default", "A call without RegionId works in the first region.", "ECS-IMP-REGION-REQ", func(p *parts) {
			optional(p, onECS, importKeyPair, "RegionId", func(c *operation.Call) {
				c.Scope = keypair.Scope{Account: c.Identity.AccountID, Region: p.ECS().Regions[0]}
			}, "region", false)
		}),
		bug("ecs-empty-region-default", "A call with an empty RegionId works in the first region.", "ECS-IMP-REGION-EMPTY", func(p *parts) {
			optional(p, onECS, importKeyPair, "RegionId", func(c *operation.Call) {
				c.Scope = keypair.Scope{Account: c.Identity.AccountID, Region: p.ECS().Regions[0]}
			}, "region", true)
		}),
		bug("ecs-missing-name-made-up", "A call without KeyPairName gets a name of the server's.", "ECS-IMP-NAME-REQ", func(p *parts) {
			optional(p, onECS, importKeyPair, "KeyPairName", func(c *operation.Call) { c.Pair.Name = "pair-" + c.RequestID }, "name", false)
		}),
		bug("ecs-empty-name-made-up", "A call with an empty KeyPairName gets a name of the server's.", "ECS-IMP-NAME-EMPTY", func(p *parts) {
			optional(p, onECS, importKeyPair, "KeyPairName", func(c *operation.Call) { c.Pair.Name = "pair-" + c.RequestID }, "name", true)
		}),
		bug("ecs-missing-key-made-up", "A call without PublicKeyBody makes a pair without a key.", "ECS-IMP-KEY-REQ ECS-IMP-ERR-MISSING", func(p *parts) {
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
