package ram

import "unicode/utf8"

// wild tells whether the text matches a pattern in which "*" stands for any text and "?" for one character.
//
// Only the last star seen is ever tried again, one character further on: what an earlier star covers can stay as short as
// it was first found. The time is thus at most the product of the two lengths.
func wild(pattern, text string) bool {
	p, t := 0, 0
	star, mark := -1, 0 // the last star, and where the text goes on behind what it covers
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && pattern[p] == '?':
			p++
			t += width(text[t:])
		case p < len(pattern) && pattern[p] == text[t]:
			p++
			t++
		case star >= 0:
			mark += width(text[mark:])
			p, t = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// width is the number of bytes of the first character.
func width(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	return n
}
