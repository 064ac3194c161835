package ecs

import (
	"fmt"
	"unicode"

	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/refusal"
)

// Edition is a revision of the documents of ECS.
type Edition string

// The editions, named after the month of their ImportKeyPair page.
const (
	Edition202606 Edition = "2026-06"
	Edition202011 Edition = "2020-11"
)

// Rules is what the documents say in numbers, lists and tables.
type Rules struct {
	Names       keypair.NameRule
	Keys        keypair.KeyRule
	Tags        keypair.TagRule
	Quota       int // key pairs of an account in a region
	DeleteMax   int // names in one DeleteKeyPairs
	PageSize    int // of DescribeKeyPairs, when none is given
	PageSizeMax int
	Errors      refusal.Table
}

// RulesOf returns the rules of an edition, with public keys looked into as far as depth says. The caller owns the value
// and may change it. The error names an edition or depth that does not exist.
func RulesOf(edition Edition, depth keypair.Depth) (Rules, error) {
	if depth != keypair.Strict && depth != keypair.Shallow {
		return Rules{}, fmt.Errorf("key check %q is unknown; there are %q and %q", depth, keypair.Strict, keypair.Shallow)
	}
	letters := []*unicode.RangeTable{unicode.L}
	lettersAndDigits := []*unicode.RangeTable{unicode.L, unicode.Nd}
	rules := Rules{
		Names: keypair.NameRule{
			Min: 2, Max: 128,
			// "A letter or Chinese character": any letter of Unicode, in both editions. The English page of 2020-11 says
			// "letter", the Chinese one of that time has Chinese characters too.
			First:             keypair.Class{Tables: letters},
			Inside:            keypair.Class{Tables: lettersAndDigits, Extra: ":_-."},
			ForbiddenPrefixes: []string{"http://", "https://"},
		},
		Keys: keypair.KeyRule{
			// The pages say rsa, ssh-rsa, dsa, ssh-dss and ecdsa: kinds of keys beside names of SSH. As the first word of a
			// body only the names of SSH are taken.
			Algorithms: []string{
				"ssh-rsa", "ssh-dss", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
			},
			Depth:  depth,
			Limits: keypair.UsualLimits,
		},
		Tags: keypair.TagRule{
			Max: 20, KeyMax: 128, ValueMax: 128,
			KeyPrefixes: []string{"aliyun", "acs:"},
			Forbidden:   []string{"http://", "https://"},
			Unique:      true,
		},
		Quota:     500,
		DeleteMax: 100,
		PageSize:  10, PageSizeMax: 50,
		Errors: errorRows(),
	}
	switch edition {
	case Edition202606:
	case Edition202011:
		rules.Names.Inside.Extra = ":_-" // no period
		rules.Keys.Algorithms = append(rules.Keys.Algorithms,
			"ssh-rsa-cert-v00@openssh.com", "ssh-dss-cert-v00@openssh.com",
			"ssh-rsa-cert-v01@openssh.com", "ssh-dss-cert-v01@openssh.com",
			"ecdsa-sha2-nistp256-cert-v01@openssh.com", "ecdsa-sha2-nistp384-cert-v01@openssh.com",
			"ecdsa-sha2-nistp521-cert-v01@openssh.com")
		rules.Tags.ValuePrefixes = []string{"acs:"}
	default:
		return Rules{}, fmt.Errorf("edition %q is unknown; there are %q and %q", edition, Edition202606, Edition202011)
	}
	return rules, nil
}
