package ram

import (
	"fmt"
	"strings"
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
	all   bool
	parts Resource
}

func compileResource(text string) (resourcePattern, error) {
	if text == "*" {
		return resourcePattern{all: true}, nil
	}
	parts := strings.SplitN(text, ":", 5)
	if len(parts) != 5 || parts[0] != "acs" || parts[1] == "" || parts[4] == "" {
		return resourcePattern{}, fmt.Errorf(
			`the resource %q is neither "*" nor acs:<service>:<region>:<account>:<relative-id>`, text)
	}
	return resourcePattern{parts: Resource{parts[1], parts[2], parts[3], parts[4]}}, nil
}

func (p resourcePattern) match(r Resource) bool {
	if p.all || r == (Resource{}) {
		return p.all
	}
	return wild(p.parts.Service, r.Service) && wild(p.parts.Region, r.Region) &&
		wild(p.parts.Account, r.Account) && wild(p.parts.ID, r.ID)
}
