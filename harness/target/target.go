package target

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/fixtures/world"
	"github.com/kpspec/kpspec/harness/guard"
	"github.com/kpspec/kpspec/harness/patience"
	"github.com/kpspec/kpspec/harness/plain"
	"github.com/kpspec/kpspec/harness/wire"
)

// Kind is what sort of thing is under test.
type Kind string

// The kinds of target.
const (
	Reference Kind = "reference" // the reference implementation, in this process
	Container Kind = "container" // a container that this process starts and removes
	Endpoint  Kind = "endpoint"  // something that runs already, somewhere
)

// Kinds lists the kinds of target.
func Kinds() []Kind { return []Kind{Reference, Container, Endpoint} }

// Target is something that specs can be run against.
type Target interface {
	// Kind says what sort of target it is.
	Kind() Kind
	// Name is "embedded reference", the image, or the URL.
	Name() string
	// Start brings the target up and waits until it answers. It is called once.
	Start(ctx context.Context) (Place, error)
	// Stop takes away everything that Start made. It may be called any number
	// of times, before Start too, and with a context that is already cancelled.
	Stop(ctx context.Context) error
	// Logs returns what the target wrote, bounded and without the secrets of
	// its world: the log of a container, before and after Stop; "" of others.
	Logs(ctx context.Context) string
}

// Place is where a started target answers and what is to be found there.
type Place struct {
	ECS   string      // base URL of the ECS API, without a slash at the end; empty: the target has none
	SWAS  string      // the same of the SWAS API
	World world.World // what exists there
	Shape wire.Shape  // in which requests are sent that are about something else; zero = the first
	Quota bool        // the specs that create hundreds of key pairs may run
	Lacks []string    // of Helpers, those that the target declares it does not have

	Fleeting bool // what is made there is gone with the target, which the run itself has started

	SpareServers bool        // the specs that bind key pairs to servers may not run
	Gate         *guard.Gate // that every request passes; nil where there are no limits

	Patience *patience.Patience // with bad weather; nil has none
}

// New makes the target that c asks for, in the given edition or, if that is
// empty, in the one that c names. Values "env:NAME" are looked up in the
// environment now. Nothing is started yet.
func New(c Config, edition catalogue.Edition) (Target, error) {
	c = c.withDefaults()
	edition = cmp.Or(edition, c.Edition, catalogue.Edition202606)
	if err := c.checkEdition(edition); err != nil {
		return nil, fmt.Errorf("edition: %w", err)
	}
	for _, operation := range c.Lacks {
		if err := checkHelper(operation); err != nil {
			return nil, fmt.Errorf("lacks: %w", err)
		}
	}
	if err := checkLimit(c.Requests); err != nil {
		return nil, fmt.Errorf("requests: %w", err)
	}
	if err := checkLimit(c.Rate); err != nil {
		return nil, fmt.Errorf("rate: %w", err)
	}
	if err := checkWait(c.RetryFor); err != nil {
		return nil, fmt.Errorf("retryFor: %w", err)
	}
	if err := checkWait(c.Consistency); err != nil {
		return nil, fmt.Errorf("consistency: %w", err)
	}
	if c.Defect != "" && c.Target != Reference {
		return nil, fmt.Errorf("only the embedded reference can be given the defect %q, and the target is %s", c.Defect, c.Target)
	}
	switch c.Target {
	case Reference, Container:
		w, err := c.world(world.Default())
		if err != nil {
			return nil, err
		}
		place := c.place(w, true, guard.Limits{}, patience.Limits{})
		place.Fleeting = true
		if c.Target == Reference {
			return newReference(c.Reference, edition, place, c.Defect)
		}
		place.Patience = c.patience(Near)
		return newContainer(c.Container, c.Reference, edition, place)
	case Endpoint:
		if c.Endpoints == (Endpoints{}) {
			return nil, fmt.Errorf(`target "endpoint": no URL is configured; write "endpoints: {ecs: http://HOST:PORT, swas: http://HOST:PORT}", or one of the two, and a "world:" into a file and name it with --config`)
		}
		if c.World == nil {
			return nil, fmt.Errorf(`target "endpoint": no world is configured; add "world:" with the regions, and the accounts with their identities, to the file of --config`)
		}
		w, err := c.world(world.World{})
		if err != nil {
			return nil, err
		}
		ecs, err := address(c.Endpoints.ECS)
		if err != nil {
			return nil, fmt.Errorf("endpoints.ecs: %w", err)
		}
		swas, err := address(c.Endpoints.SWAS)
		if err != nil {
			return nil, fmt.Errorf("endpoints.swas: %w", err)
		}
		if err := guard.Check(c.Guard, w.Accounts[0].ID, w.Regions[0], ecs, swas); err != nil {
			return nil, err
		}
		here := near(ecs) && near(swas)
		limits, waits := guard.Limits{Rate: guard.DefaultRate}, Far
		if here {
			limits, waits = guard.Limits{}, Near
		}
		place := c.place(w, false, limits, waits)
		place.SpareServers = !c.wants(c.Servers, here)
		place.ECS, place.SWAS = ecs, swas
		return endpoint{place}, nil
	}
	return nil, fmt.Errorf("target: %w", c.checkTarget())
}

// Served is the world that a target of c is expected to have, with the values of
// "env:NAME"; where the config names none, the one that the reference serves.
func (c Config) Served() (world.World, error) { return c.world(world.Default()) }

// world is the world of the config, or w if it has none, without "env:" values.
func (c Config) world(w world.World) (world.World, error) {
	if c.World == nil {
		return w, nil
	}
	w, err := c.World.Resolved(os.LookupEnv)
	if err != nil {
		return world.World{}, fmt.Errorf("world: %s", plain.Line(err.Error()))
	}
	return w, nil
}

// place is what the config says of every kind of target.
func (c Config) place(w world.World, quota bool, limits guard.Limits, waits patience.Limits) Place {
	if c.Requests != nil {
		limits.Requests = *c.Requests
	}
	if c.Rate != nil {
		limits.Rate = *c.Rate
	}
	return Place{World: w, Quota: c.wants(c.Quota, quota), SpareServers: !c.wants(c.Servers, true), Lacks: c.Lacks, Gate: guard.NewGate(limits), Patience: c.patience(waits)}
}

// Near and Far are how long a run waits for better weather unless the configuration
// says otherwise, on this machine and elsewhere. The embedded reference has none.
var (
	Near = patience.Limits{Retry: time.Minute, First: 10 * time.Millisecond, Consistency: time.Second}
	Far  = patience.Limits{Retry: 2 * time.Minute, First: 250 * time.Millisecond, Consistency: 5 * time.Second}
)

// patience is that of a run, with these limits where the config has no others.
func (c Config) patience(l patience.Limits) *patience.Patience {
	l.First = cmp.Or(l.First, Near.First)
	if c.RetryFor != nil {
		l.Retry = *c.RetryFor
	}
	if c.Consistency != nil {
		l.Consistency = *c.Consistency
	}
	return patience.New(l)
}

// Away are the addresses of an endpoint that are not of this machine, by their
// text. An address that is none is left to [New].
func (c Config) Away() []string {
	var away []string
	if c.Target != Endpoint {
		return nil
	}
	for _, value := range []string{c.Endpoints.ECS, c.Endpoints.SWAS} {
		if a, err := address(value); err == nil && !near(a) && !slices.Contains(away, a) {
			away = append(away, a)
		}
	}
	return away
}

// near reports whether an address is of this machine, or not given.
func near(address string) bool { return address == "" || guard.Loopback(address) }

func (c Config) wants(asked *bool, byDefault bool) bool {
	if asked == nil {
		return byDefault
	}
	return *asked
}
