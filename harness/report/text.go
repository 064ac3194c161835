package report

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/kpspec/kpspec/harness/plain"
)

func rules(n int) string { return plural(n, "rule") }

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return strings.TrimSpace(line)
}

// oneLine puts a text of several lines on one; the first line of a failure
// alone is often no more than "Expected".
func oneLine(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

// clean makes text safe to be shown on one line.
func clean(s string) string { return plain.Text(onOneLine.Replace(s)) }

var onOneLine = strings.NewReplacer("\t", "    ", "\n", " ", "\r", " ")

// cleanLines is clean for text of several lines, which stay.
func cleanLines(s string) string {
	lines := strings.Split(strings.Trim(strings.ReplaceAll(s, "\r\n", "\n"), "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(clean(line), " ")
	}
	return strings.Join(lines, "\n")
}

// cut shortens s to n characters, and says so.
func cut(s string, n int) string {
	if len(s) <= n || utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-3]) + "..."
}
