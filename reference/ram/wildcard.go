package ram

import (
	"regexp"
	"strings"
)

// wild compiles a pattern in which "*" stands for any text and "?" for one character.
func wild(pattern string) *regexp.Regexp {
	quoted := regexp.QuoteMeta(strings.ToValidUTF8(pattern, "\uFFFD"))
	return regexp.MustCompile(`(?s)\A` + strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(quoted) + `\z`)
}
