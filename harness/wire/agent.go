package wire

import (
	"context"
	"runtime/debug"
	"strings"
	"sync"
)

const modulePath = "github.com/kpspec/kpspec"

// UserAgent returns "kpspec/" and the version of this module as the Go tool
// built it in, "kpspec/devel" where it did not.
func UserAgent() string { return "kpspec/" + version() }

var version = sync.OnceValue(func() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == modulePath && m.Version != "" && m.Version != "(devel)" {
			return strings.TrimPrefix(m.Version, "v")
		}
	}
	return "devel"
})

type ruleKey struct{}

// WithRule returns a context whose calls name the rule they are made for at the
// end of the User-Agent header, so that an implementer finds them in a log of
// their own. Anything but ASCII letters, digits and ".-_/ " becomes "-".
func WithRule(ctx context.Context, rule string) context.Context {
	clean := strings.Map(func(c rune) rune {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.ContainsRune(".-_/ ", c):
			return c
		}
		return '-'
	}, rule)
	return context.WithValue(ctx, ruleKey{}, strings.TrimSpace(clean[:min(len(clean), 200)]))
}

// withRule appends the rule of the context to the agent.
func withRule(ctx context.Context, agent string) string {
	if rule, _ := ctx.Value(ruleKey{}).(string); rule != "" {
		return agent + " " + rule
	}
	return agent
}
