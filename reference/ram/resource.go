package ram

import (
	"fmt"
	"regexp"
)

// Resource is what an operation works on, by the parts of its name acs:<service>:<region>:<account>:<relative-id>. They
// are kept apart so that no text a caller sends can reach into another part. The zero Resource stands for all resources:
// what an operation without resource-level permissions asks for.
type Resource struct{ Service, Region, Account, ID string }

// String gives the name, and "*" for all resources.
func (r Resource) String() string {
	if r == (Resource{}) {
		return "*"
	}
	return "acs:" + r.Service + ":" + r.Region + ":" + r.Account + ":" + r.ID
}

// resourcePattern is a compiled element of a statement's Resource.
type resourcePattern struct {
	all                          bool
	service, region, account, id test
}

var resourceName = regexp.MustCompile(`(?s)\Aacs:([^:]+):([^:]*):([^:]*):(.+)\z`)

func compileResource(text string) (resourcePattern, error) {
	if text == "*" {
		return resourcePattern{all: true}, nil
	}
	parts := resourceName.FindStringSubmatch(text)
	if parts == nil {
		return resourcePattern{}, fmt.Errorf(
			`the resource %q is neither "*" nor acs:<service>:<region>:<account>:<relative-id>`, text)
	}
	return resourcePattern{service: wild(parts[1]), region: wild(parts[2]), account: wild(parts[3]), id: wild(parts[4])}, nil
}

func (p resourcePattern) match(r Resource) bool {
	if p.all || r == (Resource{}) {
		return p.all
	}
	return p.service(r.Service) && p.region(r.Region) &&
		p.account(r.Account) && p.id(r.ID)
}
