package defect

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/kpspec/kpspec/reference/ecs"
	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/operation"
)

// tagged lets the step about tags decide what it has decided.
func tagged(p *parts, do func(*operation.Call, error) error) {
	after(p, onECS, importKeyPair, "tags", do)
}

// refusingTags refuses calls of which one tag is bad.
func refusingTags(cause error, bad func(keypair.Tag) bool) func(*parts) {
	return func(p *parts) {
		tagged(p, func(c *operation.Call, err error) error {
			for _, tag := range c.Pair.Tags {
				if err == nil && bad(tag) {
					return cause
				}
			}
			return err
		})
	}
}

// takingTags takes calls of which one tag is good.
func takingTags(good func(keypair.Tag) bool) func(*parts) {
	return func(p *parts) {
		tagged(p, func(c *operation.Call, err error) error {
			for _, tag := range c.Pair.Tags {
				if good(tag) {
					return nil
				}
			}
			return err
		})
	}
}

// ecsTags are wrong ideas of tags and resource groups.
func ecsTags() []Defect {
	has := func(s, part string) bool { return strings.Contains(s, part) }
	return []Defect{
		bug("ecs-group-required", "ResourceGroupId is mandatory.", "ECS-IMP-ACTION ECS-IMP-GET ECS-IMP-REGION-KNOWN ECS-IMP-REGION-SCOPE ECS-IMP-NAME-UNIQUE-CREATE ECS-IMP-KEY-SSHRSA ECS-IMP-KEY-SSHDSS ECS-IMP-KEY-ECDSA ECS-IMP-KEY-NOPRIVATE ECS-IMP-RG-OPT ECS-IMP-TAG-OPT ECS-IMP-TAG-WIRE ECS-IMP-QUOTA ECS-IMP-RESP-200 ECS-IMP-JSON ECS-IMP-RAM-COND ECS-IMP-TYPES ECS-IMP-SUMMARY", func(p *parts) {
			after(p, onECS, importKeyPair, "resource group", func(c *operation.Call, err error) error {
				if c.Text("ResourceGroupId") == "" {
					return ecs.ErrResourceGroup
				}
				return err
			})
		}),
		bug("ecs-group-ignored", "ResourceGroupId is read and forgotten.", "ECS-IMP-RG-USE", func(p *parts) {
			before(p, onECS, importKeyPair, "store", func(c *operation.Call) { c.Pair.ResourceGroup = ecs.DefaultResourceGroup(c.Identity.AccountID) })
		}),
		bug("ecs-group-default-refused", "The default resource group is not taken by its id.", "ECS-IMP-RG-USE", func(p *parts) {
			after(p, onECS, importKeyPair, "resource group", func(c *operation.Call, err error) error {
				if err == nil && c.Text("ResourceGroupId") == ecs.DefaultResourceGroup(c.Identity.AccountID) {
					return ecs.ErrResourceGroup
				}
				return err
			})
		}),
		bug("ecs-group-default-forgotten", "A pair is in no resource group where the default one is named.", "ECS-IMP-RG-USE", func(p *parts) {
			before(p, onECS, importKeyPair, "store", func(c *operation.Call) {
				if c.Text("ResourceGroupId") == ecs.DefaultResourceGroup(c.Identity.AccountID) {
					c.Pair.ResourceGroup = ""
				}
			})
		}),
		bug("ecs-group-none-is-first", "A pair for which no resource group is named is in the first that the account has made.", "ECS-IMP-RG-OPT", func(p *parts) {
			before(p, onECS, importKeyPair, "store", func(c *operation.Call) {
				for _, a := range p.World.Accounts {
					if c.Text("ResourceGroupId") == "" && a.ID == c.Identity.AccountID && len(a.ResourceGroups) > 0 {
						c.Pair.ResourceGroup = a.ResourceGroups[0]
					}
				}
			})
		}),
		bug("ecs-group-filter-default", "DescribeKeyPairs looks into the default resource group, whichever is asked for.", "ECS-IMP-RG-USE", func(p *parts) {
			before(p, onECS, "DescribeKeyPairs", "find", func(c *operation.Call) {
				if c.Filter != nil && c.Filter.ResourceGroup != "" {
					c.Filter.ResourceGroup = ecs.DefaultResourceGroup(c.Identity.AccountID)
				}
			})
		}),
		bug("ecs-group-unknown-taken", "A resource group that does not exist is taken.", "ECS-IMP-RG-404 ECS-IMP-ERR-RG", func(p *parts) {
			after(p, onECS, importKeyPair, "resource group", func(c *operation.Call, _ error) error {
				c.Pair.ResourceGroup = c.Text("ResourceGroupId")
				return nil
			})
		}),
		bug("ecs-group-checked-late", "A resource group that does not exist is told after the pair was stored.", "ECS-IMP-RG-404 ECS-IMP-ERR-RG", func(p *parts) {
			late(p, onECS, importKeyPair, "resource group")
		}),
		bug("ecs-tags-required", "A pair without tags is refused.", "ECS-IMP-ACTION ECS-IMP-GET ECS-IMP-REGION-KNOWN ECS-IMP-REGION-SCOPE ECS-IMP-NAME-UNIQUE-CREATE ECS-IMP-KEY-SSHRSA ECS-IMP-KEY-SSHDSS ECS-IMP-KEY-ECDSA ECS-IMP-KEY-NOPRIVATE ECS-IMP-RG-OPT ECS-IMP-RG-404 ECS-IMP-TAG-OPT ECS-IMP-QUOTA ECS-IMP-RESP-200 ECS-IMP-JSON ECS-IMP-ERR-RG ECS-IMP-RAM-COND ECS-IMP-SUMMARY", func(p *parts) {
			tagged(p, func(c *operation.Call, err error) error {
				if len(c.Pair.Tags) == 0 && !c.Params.Has("Tag.1.Value") {
					return keypair.ErrTagKey
				}
				return err
			})
		}),
		bug("ecs-tags-ignored", "Tags are read and forgotten.", "ECS-IMP-TAG-WIRE ECS-IMP-TAG-ATOMIC ECS-IMP-TYPES", func(p *parts) {
			before(p, onECS, importKeyPair, "store", func(c *operation.Call) { c.Pair.Tags = nil })
		}),
		bug("ecs-tags-swapped", "Key and value of a tag are mixed up.", "ECS-IMP-TAG-WIRE ECS-IMP-TAG-ATOMIC ECS-IMP-TYPES", func(p *parts) {
			before(p, onECS, importKeyPair, "store", func(c *operation.Call) {
				for i, tag := range c.Pair.Tags {
					c.Pair.Tags[i] = keypair.Tag{Key: tag.Value, Value: tag.Key}
				}
			})
		}),
		bug("ecs-tags-first-only", "Only the first tag is kept.", "ECS-IMP-TAG-N-MAX ECS-IMP-TYPES", func(p *parts) {
			before(p, onECS, importKeyPair, "store", func(c *operation.Call) { c.Pair.Tags = c.Pair.Tags[:min(len(c.Pair.Tags), 1)] })
		}),
		bug("ecs-tags-unlimited", "There is no greatest number of tags.", "ECS-IMP-TAG-N-MAX", func(p *parts) { p.ECS().Rules.Tags.Max = 1 << 20 }),
		bug("ecs-tags-max-19", "The twentieth tag is refused.", "ECS-IMP-TAG-N-MAX", func(p *parts) { p.ECS().Rules.Tags.Max = 19 }),
		bug("ecs-tags-max-21", "A twenty-first tag is taken.", "ECS-IMP-TAG-N-MAX", func(p *parts) { p.ECS().Rules.Tags.Max = 21 }),
		bug("ecs-tags-cut-at-20", "A twenty-first tag is passed over.", "ECS-IMP-TAG-N-MAX", func(p *parts) {
			tagged(p, func(c *operation.Call, err error) error {
				if c.Params.Has("Tag." + strconv.Itoa(p.ECS().Rules.Tags.Max+1) + ".Key") {
					return nil
				}
				return err
			})
		}),
		bug("ecs-tag-key-empty-taken", "A tag with an empty key is taken.", "ECS-IMP-TAG-KEY-NONEMPTY", func(p *parts) {
			tagged(p, func(c *operation.Call, err error) error {
				if key, there := c.Params.Get("Tag.1.Key"); there && key == "" {
					return nil
				}
				return err
			})
		}),
		bug("ecs-tag-key-missing-taken", "A tag without a key is passed over.", "ECS-IMP-TAG-KEY-MISSING", func(p *parts) {
			tagged(p, func(c *operation.Call, err error) error {
				if !c.Params.Has("Tag.1.Key") {
					return nil
				}
				return err
			})
		}),
		bug("ecs-tag-key-max-127", "A key of 128 characters is refused.", "ECS-IMP-TAG-KEY-LEN", func(p *parts) { p.ECS().Rules.Tags.KeyMax = 127 }),
		bug("ecs-tag-key-max-129", "A key of 129 characters is taken.", "ECS-IMP-TAG-KEY-LEN ECS-IMP-TAG-ATOMIC", func(p *parts) { p.ECS().Rules.Tags.KeyMax = 129 }),
		bug("ecs-tag-key-bytes", "Keys are counted in bytes.", "ECS-IMP-TAG-KEY-LEN", refusingTags(keypair.ErrTagKey, func(t keypair.Tag) bool { return len(t.Key) > 128 })),
		bug("ecs-tag-value-max-127", "A value of 128 characters is refused.", "ECS-IMP-TAG-VAL-LEN", func(p *parts) { p.ECS().Rules.Tags.ValueMax = 127 }),
		bug("ecs-tag-value-max-129", "A value of 129 characters is taken.", "ECS-IMP-TAG-VAL-LEN ECS-IMP-TAG-ATOMIC", func(p *parts) { p.ECS().Rules.Tags.ValueMax = 129 }),
		bug("ecs-tag-value-bytes", "Values are counted in bytes.", "ECS-IMP-TAG-VAL-LEN", refusingTags(keypair.ErrTagValue, func(t keypair.Tag) bool {
			return len(t.Value) > 128 && utf8.RuneCountInString(t.Value) <= 128
		})),
		bug("ecs-tag-key-aliyun-taken", "A key may begin with aliyun.", "ECS-IMP-TAG-KEY-ALIYUN ECS-IMP-TAG-ATOMIC", func(p *parts) { drop(&p.ECS().Rules.Tags.KeyPrefixes, "aliyun") }),
		bug("ecs-tag-key-aliyun-exact", "Only the key aliyun itself is refused, not what begins with it.", "ECS-IMP-TAG-KEY-ALIYUN", takingTags(func(t keypair.Tag) bool {
			return strings.HasPrefix(t.Key, "aliyun") && t.Key != "aliyun"
		})),
		bug("ecs-tag-key-aliyun-inside", "A key may not have aliyun in it.", "ECS-IMP-TAG-KEY-ALIYUN", refusingTags(keypair.ErrTagKey, func(t keypair.Tag) bool { return has(t.Key, "aliyun") })),
		bug("ecs-tag-key-acs-taken", "A key may begin with acs:.", "ECS-IMP-TAG-KEY-ACS", func(p *parts) { drop(&p.ECS().Rules.Tags.KeyPrefixes, "acs:") }),
		bug("ecs-tag-key-acs-word", "A key may not begin with acs, whatever follows.", "ECS-IMP-TAG-KEY-ACS", refusingTags(keypair.ErrTagKey, func(t keypair.Tag) bool { return strings.HasPrefix(t.Key, "acs") })),
		bug("ecs-tag-key-acs-inside", "A key may not have acs: in it.", "ECS-IMP-TAG-KEY-ACS", refusingTags(keypair.ErrTagKey, func(t keypair.Tag) bool { return has(t.Key, "acs:") })),
		bug("ecs-tag-key-http-taken", "A key may have http:// in it.", "ECS-IMP-TAG-KEY-HTTP", takingTags(func(t keypair.Tag) bool { return has(t.Key, "http://") })),
		bug("ecs-tag-key-https-taken", "A key may have https:// in it.", "ECS-IMP-TAG-KEY-HTTP", takingTags(func(t keypair.Tag) bool { return has(t.Key, "https://") })),
		bug("ecs-tag-key-http-start-only", "A key may have http:// and https:// in it, but not at its start.", "ECS-IMP-TAG-KEY-HTTP", takingTags(func(t keypair.Tag) bool {
			return has(t.Key, "://") && !strings.HasPrefix(t.Key, "http")
		})),
		bug("ecs-tag-key-http-word", "A key may not have http in it.", "ECS-IMP-TAG-KEY-HTTP", refusingTags(keypair.ErrTagKey, func(t keypair.Tag) bool { return has(t.Key, "http") })),
		bug("ecs-tag-value-empty-refused", "An empty value is refused.", "ECS-IMP-TAG-VAL-EMPTY", func(p *parts) {
			tagged(p, func(c *operation.Call, err error) error {
				if value, there := c.Params.Get("Tag.1.Value"); there && value == "" {
					return keypair.ErrTagValue
				}
				return err
			})
		}),
		bug("ecs-tag-value-required", "A tag without a value is refused.", "ECS-IMP-TAG-VAL-OMIT", func(p *parts) {
			tagged(p, func(c *operation.Call, err error) error {
				if c.Params.Has("Tag.1.Key") && !c.Params.Has("Tag.1.Value") && err == nil {
					return keypair.ErrTagValue
				}
				return err
			})
		}),
		bug("ecs-tag-value-missing-dropped", "A tag without a value is passed over.", "ECS-IMP-TAG-VAL-OMIT", func(p *parts) {
			before(p, onECS, importKeyPair, "store", func(c *operation.Call) {
				if !c.Params.Has("Tag.1.Value") && len(c.Pair.Tags) > 0 {
					c.Pair.Tags = c.Pair.Tags[1:]
				}
			})
		}),
		bug("ecs-tag-value-http-taken", "A value may have http:// in it.", "ECS-IMP-TAG-VAL-HTTP ECS-IMP-TAG-ATOMIC", takingTags(func(t keypair.Tag) bool { return has(t.Value, "http://") })),
		bug("ecs-tag-value-https-taken", "A value may have https:// in it.", "ECS-IMP-TAG-VAL-HTTP", takingTags(func(t keypair.Tag) bool { return has(t.Value, "https://") })),
		bug("ecs-tag-value-http-start-only", "A value may have http:// in it, but not at its start.", "ECS-IMP-TAG-VAL-HTTP", takingTags(func(t keypair.Tag) bool {
			return has(t.Value, "://") && !strings.HasPrefix(t.Value, "http")
		})),
		bug("ecs-tag-value-http-word", "A value may not have http in it.", "ECS-IMP-TAG-VAL-HTTP", refusingTags(keypair.ErrTagValue, func(t keypair.Tag) bool { return has(t.Value, "http") })),
		bug("ecs-tag-value-acs-taken", "A value may begin with acs:.", "ECS-IMP-TAG-VAL-ACS", func(p *parts) { p.ECS().Rules.Tags.ValuePrefixes = nil }).inEdition("2020-11"),
		bug("ecs-tag-value-acs-inside", "A value may not have acs: in it.", "ECS-IMP-TAG-VAL-ACS", refusingTags(keypair.ErrTagValue, func(t keypair.Tag) bool {
			return has(t.Value, "acs:") && !strings.HasPrefix(t.Value, "acs:")
		})),
		bug("ecs-tag-value-aliyun-refused", "A value may not begin with aliyun.", "ECS-IMP-TAG-VAL-ALIYUN", refusingTags(keypair.ErrTagValue, func(t keypair.Tag) bool { return strings.HasPrefix(t.Value, "aliyun") })),
		bug("ecs-tag-duplicate-taken", "Two tags may have one key.", "ECS-IMP-TAG-DUP", func(p *parts) { p.ECS().Rules.Tags.Unique = false }),
		bug("ecs-tags-checked-late", "A bad tag is told after the pair was stored.", "ECS-IMP-TAG-WIRE ECS-IMP-TAG-N-MAX ECS-IMP-TAG-KEY-NONEMPTY ECS-IMP-TAG-KEY-MISSING ECS-IMP-TAG-KEY-LEN ECS-IMP-TAG-KEY-ALIYUN ECS-IMP-TAG-KEY-ACS ECS-IMP-TAG-KEY-HTTP ECS-IMP-TAG-VAL-EMPTY ECS-IMP-TAG-VAL-OMIT ECS-IMP-TAG-VAL-LEN ECS-IMP-TAG-VAL-HTTP ECS-IMP-TAG-VAL-ACS ECS-IMP-TAG-VAL-ALIYUN ECS-IMP-TAG-DUP ECS-IMP-TAG-ATOMIC ECS-IMP-TYPES", func(p *parts) { late(p, onECS, importKeyPair, "tags") }),
		bug("ecs-tags-unchecked", "Tags are not checked.", "ECS-IMP-TAG-N-MAX ECS-IMP-TAG-KEY-NONEMPTY ECS-IMP-TAG-KEY-MISSING ECS-IMP-TAG-KEY-LEN ECS-IMP-TAG-KEY-ALIYUN ECS-IMP-TAG-KEY-ACS ECS-IMP-TAG-KEY-HTTP ECS-IMP-TAG-VAL-LEN ECS-IMP-TAG-VAL-HTTP ECS-IMP-TAG-DUP ECS-IMP-TAG-ATOMIC", func(p *parts) { tagged(p, func(*operation.Call, error) error { return nil }) }),
	}
}
