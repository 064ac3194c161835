package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
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

// clean makes text safe to be shown: what a target answers must not be able
// to move the cursor, colour the screen or reverse the text.
func clean(s string) string {
	if harmless(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= ' ' && r <= '~':
			return r
		case r == '\n' || r == '\r':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == utf8.RuneError:
			return '?'
		}
		return r
	}, strings.ReplaceAll(s, "\t", "    "))
}

// harmless says that s is plain ASCII, which nearly all text is.
func harmless(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

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
