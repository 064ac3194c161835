// Package guard keeps a run from doing harm where that costs money or somebody's
// patience.
//
// An endpoint that is not on this machine needs a [Consent] in the configuration,
// and one of Alibaba Cloud a second word about costs: [Check] refuses it before
// anything is sent, the look-up of its name included. A [Gate] holds the requests
// that do leave to a budget and a rate.
package guard

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// Consent is what the configuration says so that an endpoint that is not on this
// machine may be tested: whose account it is, and where.
type Consent struct {
	Account string `yaml:"account"` // id of the first account of the world
	Region  string `yaml:"region"`  // the first region of the world
	Costs   string `yaml:"costs"`   // "accepted" for an endpoint of Alibaba Cloud
}

// Accepted is the only value of [Consent.Costs].
const Accepted = "accepted"

// Loopback reports whether an address is of this machine, by its text alone:
// localhost, 127.0.0.0/8 or ::1. No name is looked up.
func Loopback(address string) bool {
	host := hostOf(address)
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Zone() == "" && ip.IsLoopback() && !ip.Is4In6()
}

// Billed reports whether an address is one of Alibaba Cloud, where what is done
// may cost money: anything under aliyuncs.com.
func Billed(address string) bool {
	host := strings.TrimSuffix(hostOf(address), ".")
	return host == "aliyuncs.com" || strings.HasSuffix(host, ".aliyuncs.com")
}

// hostOf is the host of a base URL in lower case, or "" where there is none.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

// CostsError refuses an endpoint of Alibaba Cloud of which nobody has said that
// costs are accepted.
type CostsError struct{ Address string }

func (e *CostsError) Error() string {
	return fmt.Sprintf(`%s belongs to Alibaba Cloud, where a run may cost money; read what it would create, and write "costs: accepted" under "guard:" into the configuration`, e.Address)
}

// Check refuses addresses that may not be tested with this consent, nil for none,
// as an account in a region. It sends nothing. The error is a [CostsError] where
// only the word about costs is missing.
func Check(c *Consent, account, region string, addresses ...string) error {
	for _, address := range addresses {
		if address == "" || Loopback(address) {
			continue
		}
		switch {
		case c == nil:
			return fmt.Errorf(`%s is not on this machine; to test it all the same, write "guard: {account: %q, region: %s}" into the configuration, and know that key pairs will be made and deleted there`, address, account, region)
		case c.Account != account:
			return fmt.Errorf("guard.account is %q, but the first account of the world is %q; %s is not touched", c.Account, account, address)
		case c.Region != region:
			return fmt.Errorf("guard.region is %q, but the first region of the world is %q; %s is not touched", c.Region, region, address)
		}
	}
	for _, address := range addresses {
		if Billed(address) && (c == nil || c.Costs != Accepted) {
			return &CostsError{address}
		}
	}
	return nil
}
