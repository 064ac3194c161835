package ram

import (
	"regexp"
	"strings"
	"sync"
)

// wild makes a test for a pattern in which "*" stands for any text and "?" for one character. It is compiled when it is
// asked for the first time: of all the patterns of a world few ever are.
func wild(pattern string) test {
	compiled := sync.OnceValue(func() *regexp.Regexp {
		quoted := regexp.QuoteMeta(strings.ToValidUTF8(pattern, "\uFFFD"))
		return regexp.MustCompile(`(?s)\A` + strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(quoted) + `\z`)
	})
	return func(text string) bool { return compiled().MatchString(text) }
}
