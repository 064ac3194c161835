// Package plain makes text that was made elsewhere fit to be shown.
package plain

import (
	"strings"
	"unicode"
)

// Text is s for a terminal or a file: whatever an answer has put into it, it neither
// moves the cursor, nor begins a line, nor colours the screen, nor turns the direction
// of the text.
func Text(s string) string {
	if ascii(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) || r == unicode.ReplacementChar {
			return '?'
		}
		return r
	}, s)
}

// ascii says that s is plain ASCII, which nearly all text is.
func ascii(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// Line joins the lines of a message.
func Line(s string) string {
	var lines []string
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}
