package suites

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/kpspec/kpspec/harness/guard"
	"github.com/kpspec/kpspec/harness/names"
	"github.com/kpspec/kpspec/harness/report"
	"github.com/kpspec/kpspec/harness/target"
	"github.com/kpspec/kpspec/harness/wire"
	"github.com/kpspec/kpspec/suites/vocabulary"
)

// Announce is what is to be told of a run of the rules on an endpoint that is not on
// this machine before anything is sent there, a line each: what it would make, and
// what that may cost. It is nothing for other targets. To count, the specs are run
// by execute, which is [Execute], against the embedded reference with the world of
// the configuration; nil leaves the counts out.
func Announce(ctx context.Context, cfg target.Config, rules []string, execute func(context.Context, Config) (report.Report, error)) ([]string, error) {
	away := cfg.Away()
	if len(away) == 0 {
		return nil, nil
	}
	sent, made := "requests", []string{"key pairs and bindings to servers; kpspec run counts them"}
	if execute != nil {
		seen, err := rehearse(ctx, cfg, rules, execute)
		if err != nil {
			return nil, fmt.Errorf("cannot tell what the run would make: %w", err)
		}
		sent, made = fmt.Sprintf("about %d requests", seen.requests), seen.sorted()
	}
	lines := []string{fmt.Sprintf("%s: not on this machine; the run would send %s, as account %s", strings.Join(away, " and "), sent, cfg.World.Accounts[0].ID)}
	if slices.ContainsFunc(away, guard.Billed) {
		lines = append(lines, "costs: kpspec knows no prices; it orders nothing, but what may cost is: servers that the world names (they are yours, and stay), logs that the account keeps of every request, and whatever else its contract bills")
	}
	lines = append(lines, "it would make, and remove again:")
	for _, m := range made {
		lines = append(lines, "  "+m)
	}
	return append(lines, fmt.Sprintf("names: %s; some with something before or behind, and some of two characters or in Chinese, which only the ledger knows", names.Pattern)), nil
}

// rehearse runs the selected specs against the embedded reference, with the world
// of the configuration, and counts what they make.
func rehearse(ctx context.Context, cfg target.Config, rules []string, execute func(context.Context, Config) (report.Report, error)) (*rehearsal, error) {
	off := false
	embedded, err := target.New(target.Config{World: cfg.World, Lacks: cfg.Lacks,
		Quota: cmp.Or(cfg.Quota, &off), Servers: cmp.Or(cfg.Servers, &off)}, cfg.Edition)
	if err != nil {
		return nil, err
	}
	place, err := embedded.Start(ctx)
	if err != nil {
		return nil, err
	}
	if cfg.Endpoints.ECS == "" {
		place.ECS = ""
	}
	if cfg.Endpoints.SWAS == "" {
		place.SWAS = ""
	}
	seen := &rehearsal{next: wire.NewTransport(), made: map[made]int{}}
	_, err = execute(ctx, Config{Target: embedded, Place: place, Edition: cfg.Edition, Rules: rules, Wire: seen})
	return seen, errors.Join(err, embedded.Stop(context.WithoutCancel(ctx)))
}

// rehearsal counts what requests make that succeed.
type rehearsal struct {
	next http.RoundTripper

	mu       sync.Mutex
	requests int
	made     map[made]int
}

// made is something that is made: key pairs, or bindings to servers.
type made struct{ product, region, what string }

func (r *rehearsal) RoundTrip(req *http.Request) (*http.Response, error) {
	params := paramsOf(req)
	answer, err := r.next.RoundTrip(req)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests++
	what := map[string]string{"CreateKeyPair": "key pairs", "ImportKeyPair": "key pairs", "AttachKeyPair": "bindings to servers"}[cmp.Or(req.Header.Get("x-acs-action"), params.Get("Action"))]
	if err == nil && answer.StatusCode == http.StatusOK && what != "" {
		product := "SWAS"
		if cmp.Or(req.Header.Get("x-acs-version"), params.Get("Version")) == vocabulary.ECSVersion {
			product = "ECS"
		}
		r.made[made{product, params.Get("RegionId"), what}]++
	}
	return answer, err
}

// paramsOf are the parameters of a request, wherever they travel.
func paramsOf(req *http.Request) url.Values {
	params := req.URL.Query()
	if req.GetBody == nil {
		return params
	}
	body, err := req.GetBody()
	if err != nil {
		return params
	}
	defer func() { _ = body.Close() }() // read only
	text, err := io.ReadAll(body)
	if err != nil {
		return params
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return params
	}
	maps.Copy(params, form)
	return params
}

// sorted says how many of what are made where, a line each.
func (r *rehearsal) sorted() []string {
	keys := slices.SortedFunc(maps.Keys(r.made), func(a, b made) int {
		return cmp.Or(cmp.Compare(a.product, b.product), cmp.Compare(a.region, b.region), cmp.Compare(a.what, b.what))
	})
	lines := make([]string, 0, len(keys))
	for _, m := range keys {
		lines = append(lines, fmt.Sprintf("%s in %s: about %d %s", m.product, m.region, r.made[m], m.what))
	}
	if len(lines) == 0 {
		return []string{"nothing"}
	}
	return lines
}
