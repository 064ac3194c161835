package swas

import (
	"fmt"
	"unicode"

	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/reference/keypair"
	"github.com/kpspec/kpspec/reference/refusal"
)

// Rules is what the documents say in numbers, lists and tables.
type Rules struct {
	Names       keypair.NameRule
	Keys        keypair.KeyRule
	Quota       int // key pairs of an account in a region, created and imported together
	TokenMax    int // bytes of a ClientToken, which are its characters
	ServersMax  int // servers in one AttachKeyPair or DetachKeyPair, and in one element of ListKeyPairs
	DeleteMax   int // names in one DeleteKeyPairs
	ListMax     int // ids in one ListInstances
	PageSize    int // of a list, when none is given
	PageSizeMax int
	Systems     []string // of servers that can have a key pair
	States      []string // in which a server can be bound
	Errors      refusal.Table
}

// NewRules returns the rules, with public keys looked into as far as depth says. The caller owns the value and may change
// it. The error names a depth that does not exist.
func NewRules(depth keypair.Depth) (Rules, error) {
	if depth != keypair.Strict && depth != keypair.Shallow {
		return Rules{}, fmt.Errorf("key check %q is unknown; there are %q and %q", depth, keypair.Strict, keypair.Shallow)
	}
	return Rules{
		Names: keypair.NameRule{
			Min: 2, Max: 64,
			// "A letter or Chinese character": any letter of Unicode, as in the rules of ECS.
			First:             keypair.Class{Tables: []*unicode.RangeTable{unicode.L}},
			Inside:            keypair.Class{Tables: []*unicode.RangeTable{unicode.L, unicode.Nd}, Extra: ":_-"},
			ForbiddenPrefixes: []string{"http://", "https://"},
		},
		Keys: keypair.KeyRule{
			Algorithms: []string{
				"ssh-rsa", "ssh-dss", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
				"ssh-rsa-cert-v00@openssh.com", "ssh-dss-cert-v00@openssh.com",
				"ssh-rsa-cert-v01@openssh.com", "ssh-dss-cert-v01@openssh.com",
				"ecdsa-sha2-nistp256-cert-v01@openssh.com", "ecdsa-sha2-nistp384-cert-v01@openssh.com",
				"ecdsa-sha2-nistp521-cert-v01@openssh.com",
			},
			Depth:  depth,
			Limits: keypair.UsualLimits,
		},
		Quota:      10,
		TokenMax:   64,
		ServersMax: 50,
		DeleteMax:  50,
		ListMax:    100,
		PageSize:   10, PageSizeMax: 100,
		Systems: []string{world.Linux},
		States:  []string{world.Running, world.Stopped},
		Errors:  documented().With(Choice()...),
	}, nil
}
