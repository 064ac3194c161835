package report

import (
	"strings"

	"golang.org/x/text/width"
)

// columns is how many columns of a terminal s takes: a Chinese character takes two.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += columnsOf(r)
	}
	return n
}

func columnsOf(r rune) int {
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// fit shortens s to n columns, and says so.
func fit(s string, n int) string {
	if columns(s) <= n {
		return s
	}
	const dots = "..."
	room := n - len(dots)
	for i, r := range s {
		if room -= columnsOf(r); room < 0 {
			return s[:i] + dots
		}
	}
	return s
}

// pad fills s up to n columns.
func pad(s string, n int) string { return s + strings.Repeat(" ", max(0, n-columns(s))) }

// wrap breaks s between words into lines of at most n columns. A word that is
// longer has a line of its own.
func wrap(s string, n int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		switch {
		case line == "":
			line = word
		case columns(line)+1+columns(word) <= n:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
