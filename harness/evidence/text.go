package evidence

import (
	"cmp"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sizes in bytes. They bound evidence only: what the client under the recorder
// sends and receives is never cut.
const (
	captureLimit = 1 << 20 // of a body that is kept until it is redacted
	bodyLimit    = 16 << 10
	valueLimit   = 4 << 10
	nameLimit    = 128
	otherLimit   = 200      // of a body that is neither JSON nor XML
	otherLook    = 16 << 10 // of such a body that is looked at

	// A run of base64 this long in text by the server is hidden. A UUID has
	// 36 characters and stays.
	textRun = 40
	// A key pair name may have 128 characters that are all base64.
	leafRun = 160
)

var (
	privatePEM = regexp.MustCompile(`(?is)-----BEGIN[^-]{0,40}PRIVATE.*?(?:-----END[^-]{0,60}-----|$)`)
	anyPEM     = regexp.MustCompile(`(?is)-----BEGIN.*?(?:-----END[^-]{0,60}-----|$)`)

	// name, separator, then the value up to something that ends one.
	named = regexp.MustCompile(`(?i)((?:access_?key_?(?:id|secret)?|private_?key(?:_?body)?|[a-z_]*secret[a-z_]*|signature|[a-z_]*token|credential|password|(?:set-)?cookie)` +
		`[\\"']*\s*[=:>]\s*[\\"']*)([^\s"'&<>,;]+)`)
	authorization = regexp.MustCompile(`(?i)(authorization[\\"']*\s*[=:>]\s*)[^\r\n<]+`)
)

// redactor hides the secrets of one exchange.
type redactor struct{ literal *strings.Replacer }

// newRedactor hides the given values wherever they stand, also percent-encoded
// (once or twice, as in a string to sign) or escaped for JSON or HTML.
func newRedactor(secrets []string) redactor {
	var forms []string
	for _, s := range secrets {
		if len(s) < 4 {
			continue // would hide half of everything
		}
		query := url.QueryEscape(s)
		strict := strings.ReplaceAll(query, "+", "%20")
		quoted := strconv.Quote(s)
		forms = append(forms, s, query, strict,
			url.QueryEscape(query), url.QueryEscape(strict),
			html.EscapeString(s), quoted[1:len(quoted)-1])
	}
	if len(forms) == 0 {
		return redactor{}
	}
	// The longest first: one secret may begin another.
	slices.SortFunc(forms, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	pairs := make([]string, 0, 2*len(forms))
	for _, f := range slices.Compact(forms) {
		pairs = append(pairs, f, Hidden)
	}
	return redactor{strings.NewReplacer(pairs...)}
}

// plain redacts a value sent by the client.
func (r redactor) plain(s string) string {
	if r.literal != nil {
		s = r.literal.Replace(s)
	}
	if strings.Contains(s, "-----") {
		s = privatePEM.ReplaceAllString(s, Hidden)
	}
	return s
}

// member redacts the value of a member of an answer.
func (r redactor) member(s string, k kind) string {
	s = r.plain(s)
	switch k {
	case key:
	case text:
		s = hideRuns(hideNamed(s), textRun)
	default:
		s = hideRuns(hideNamed(s), leafRun)
	}
	return s
}

// free redacts text of which nothing is known.
func (r redactor) free(s string) string {
	s = r.plain(s)
	if strings.Contains(s, "-----") {
		s = anyPEM.ReplaceAllString(s, Hidden)
	}
	return hideRuns(hideNamed(s), textRun)
}

// words redacts text of which not even the form is known, by an allow-list: plain
// words, small numbers and punctuation are shown, and everything else is hidden,
// so also what stands behind a name and "=" or ":".
func (r redactor) words(s string) string {
	s = hideNamed(r.plain(s))
	if strings.Contains(s, "-----") {
		s = anyPEM.ReplaceAllString(s, Hidden)
	}
	return token.ReplaceAllStringFunc(s, func(t string) string {
		core := strings.Trim(t, ".:!?…-")
		switch {
		case t == "hidden", !strings.ContainsFunc(core, letterOrDigit), word.MatchString(core), members[strings.ToLower(core)] != secret:
			return t
		}
		return Hidden
	})
}

func letterOrDigit(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }

var (
	// token is what stands between spaces and brackets in free text.
	token = regexp.MustCompile(`[^\s<>()\[\]{}"'\\,;&|/*]+`)
	// word is a word of a language, hyphens allowed, or a small number.
	word = regexp.MustCompile(`^(?:(?:\p{Lu}?\p{Ll}{0,23}|\p{Lu}{2,12}|\p{Lo}{1,20})(?:[-’](?:\p{Lu}?\p{Ll}{1,23}|\p{Lu}{2,12})){0,4}|[a-z]\d|\d{1,4})$`)
)

func hideNamed(s string) string {
	if !strings.ContainsAny(s, "=:>") {
		return s // the usual case, and the expressions are slow
	}
	s = authorization.ReplaceAllString(s, "${1}"+Hidden)
	return named.ReplaceAllString(s, "${1}"+Hidden)
}

// hideRuns replaces every run of at least limit base64 characters.
func hideRuns(s string, limit int) string {
	if len(s) < limit {
		return s
	}
	var out strings.Builder
	start := 0 // of the run that is open
	done := 0  // what has been written
	flush := func(end int) {
		if end-start >= limit {
			out.WriteString(s[done:start])
			out.WriteString(Hidden)
			done = end
		}
	}
	for i := range len(s) {
		if !base64Char(s[i]) {
			flush(i)
			start = i + 1
		}
	}
	flush(len(s))
	if done == 0 {
		return s
	}
	out.WriteString(s[done:])
	return out.String()
}

func base64Char(c byte) bool {
	return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' ||
		c == '+' || c == '/' || c == '=' || c == '-' || c == '_'
}

// shorten cuts s to at most limit bytes, at a character, and says so.
func shorten(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	cut := limit
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return fmt.Sprintf("%s… [%d bytes in all]", s[:cut], len(s))
}

// valid returns s with every byte that is not UTF-8 as \xNN, so that it survives
// JSON.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var out strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&out, `\x%02x`, s[0])
		} else {
			out.WriteString(s[:n])
		}
		s = s[n:]
	}
	return out.String()
}

// printable returns s as one line that a terminal shows as it is: control
// characters and everything else that does not print are escaped.
func printable(s string) string {
	var out strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&out, `\x%02x`, s[0])
		case unicode.IsPrint(r):
			out.WriteRune(r)
		default:
			q := strconv.QuoteRune(r)
			out.WriteString(q[1 : len(q)-1])
		}
		s = s[n:]
	}
	return out.String()
}

// Value returns a value of an answer that is known to be harmless, such as a name
// or a code, redacted as in an [Exchange], and as one printable line.
func Value(s string, secrets ...string) string {
	return shorten(printable(newRedactor(secrets).member(s, leaf)), valueLimit)
}

// Without returns s, which is our own text about an answer, without the given
// secrets and without private keys in PEM; lines and everything else stay.
func Without(s string, secrets ...string) string {
	if s == "" {
		return ""
	}
	return newRedactor(secrets).plain(s)
}

// Text returns s, which a server or a library wrote, redacted and as one
// printable line of at most about 500 bytes. The given secrets are hidden
// wherever they stand.
func Text(s string, secrets ...string) string {
	return shorten(printable(newRedactor(secrets).free(s)), 500)
}
