package rpc

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

// problem is a fault with its particulars, before a product words it.
type problem struct {
	fault  Fault
	name   string
	detail string

	denied map[string]string // AccessDeniedDetail of FaultDenied
}

// readBody reads the whole body, which is nil when there is none.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, *problem) {
	if r.ContentLength == 0 {
		return nil, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, &problem{fault: FaultBodyTooLarge}
	case err != nil:
		return nil, &problem{fault: FaultBodyUnread}
	}
	return body, nil
}

// parsePairs decodes a query or a form into parameters sorted by name. Every
// segment between ampersands is a parameter, one without '=' has the empty
// value, and empty segments are skipped.
func parsePairs(raw string, limit int) ([]pair, *problem) {
	if raw == "" {
		return nil, nil
	}
	segments := strings.Count(raw, "&") + 1
	if segments > limit {
		return nil, &problem{fault: FaultTooManyParams}
	}
	pairs := make([]pair, 0, segments)
	for raw != "" {
		var segment string
		segment, raw, _ = strings.Cut(raw, "&")
		if segment == "" {
			continue
		}
		rawName, rawValue, _ := strings.Cut(segment, "=")
		name, err := decode(rawName)
		if err != nil {
			return nil, err
		}
		value, err := decode(rawValue)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, pair{name, value})
	}
	slices.SortFunc(pairs, byName)
	for i := 1; i < len(pairs); i++ {
		if pairs[i].name == pairs[i-1].name {
			return nil, &problem{fault: FaultDuplicate, name: shorten(pairs[i].name)}
		}
	}
	return pairs, nil
}

// decode undoes the percent-encoding of a name or value, and makes a space of a plus.
func decode(raw string) (text string, p *problem) {
	text = raw
	if strings.IndexByte(raw, '%') >= 0 || strings.IndexByte(raw, '+') >= 0 {
		if text, p = unescape(raw); p != nil {
			return "", p
		}
	}
	if !utf8.ValidString(text) {
		return "", &problem{fault: FaultMalformed, detail: "a name or value is not UTF-8"}
	}
	return text, nil
}

// unescape copies what is between the escapes in one go, for most of a public key, the longest value, is not escaped;
// [url.QueryUnescape] copies byte by byte, and takes three times as long.
func unescape(raw string) (string, *problem) {
	var out strings.Builder
	out.Grow(len(raw))
	kept := 0 // start of the bytes that stay as they are
	for i := 0; i < len(raw); i++ {
		if raw[i] != '%' && raw[i] != '+' {
			continue
		}
		out.WriteString(raw[kept:i])
		c := byte(' ')
		if raw[i] == '%' {
			if i+2 >= len(raw) || hexValue[raw[i+1]] > 15 || hexValue[raw[i+2]] > 15 {
				return "", &problem{fault: FaultMalformed, detail: "a percent sign is not followed by two hexadecimal digits"}
			}
			c = hexValue[raw[i+1]]<<4 | hexValue[raw[i+2]]
			i += 2
		}
		out.WriteByte(c)
		kept = i + 1
	}
	out.WriteString(raw[kept:])
	return out.String(), nil
}

// hexValue is the value of each hexadecimal digit, and more than 15 for what is none.
var hexValue = func() (table [256]byte) {
	for c := range table {
		table[c] = 255
	}
	for i := range byte(16) {
		table[upperHex[i]], table[strings.ToLower(upperHex)[i]] = i, i
	}
	return table
}()

// merge joins the parameters of query and form, both sorted. Where both have a
// name the form's value counts, as in the string that the official SDKs sign.
func merge(query, form []pair) []pair {
	switch {
	case len(form) == 0:
		return query
	case len(query) == 0:
		return form
	}
	all := slices.Concat(form, query)
	slices.SortStableFunc(all, byName)
	return slices.CompactFunc(all, func(a, b pair) bool { return a.name == b.name })
}

// maxQuoted bounds what a message repeats of a name the caller made up, in bytes.
const maxQuoted = 128

// shorten cuts a caller's name for a message.
func shorten(name string) string {
	if len(name) <= maxQuoted {
		return name
	}
	return strings.ToValidUTF8(name[:maxQuoted], "") + "..."
}
