package verdict

import (
	"regexp"
	"strings"
)

// volatile is what differs between two runs in which a target does the same, and
// what stands for it in the pinned text. The order matters: what comes first
// takes its text away from what comes later. What stands for something matches
// nothing here.
var volatile = []struct {
	text  *regexp.Regexp
	stand string
}{
	// The excerpt of a body ends an answer; where it is cut depends on the lengths of what is in it.
	{regexp.MustCompile(`(HTTP \d{3}( [A-Za-z0-9_.]+)?): .*`), "$1"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?`), "<time>"},
	{regexp.MustCompile(`(?i)\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`), "<id>"},
	{regexp.MustCompile(`(?i)\b([0-9a-f]{2}:){15,}[0-9a-f]{2}\b`), "<fingerprint>"},
	{regexp.MustCompile(`AAAA[A-Za-z0-9+/]{20,}={0,2}`), "<key>"},
	{regexp.MustCompile(`(?i)kpspec[a-z]{12,}`), "<name>"}, // every name of a run begins so
	{regexp.MustCompile(`\p{Han}+`), "<name>"},             // names drawn at random
	{regexp.MustCompile(`"[A-Za-z]{1,2}"`), `"<name>"`},    // likewise, too short to be unique
	{regexp.MustCompile(`(?i)\b[0-9a-f]{24,}\b`), "<id>"},  // request ids and plain fingerprints
	{regexp.MustCompile(`\b0x[0-9a-f]+\b`), "<address>"},   // a pointer, in a dump of a value
	{regexp.MustCompile(`(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:]+\]|localhost):\d+`), "<address>"},
	{regexp.MustCompile(`\b\d+(\.\d+)?(ns|µs|ms|s)\b`), "<duration>"},
}

// Normal is the form in which the text of a failure is pinned and compared: white
// space is one space, and what two runs against the same target need not share
// is replaced: names and keys made for the run, fingerprints, request ids, times,
// addresses and durations. Of an answer that stands there whole, the status and
// the code remain. These, single members and counts tell one failure from another.
func Normal(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	for {
		before := text
		for _, v := range volatile {
			text = v.text.ReplaceAllString(text, v.stand)
		}
		if text == before { // what stands for one thing may have laid open another
			return text
		}
	}
}
