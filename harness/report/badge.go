package report

import (
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kpspec/kpspec/harness/verdict"
)

// badgeLabel and badgeMessage are the two halves of a badge. Counts of every
// verdict that occurs: one number would hide what was not tested.
func (r Report) badgeLabel() string { return strings.TrimSpace("kpspec " + clean(string(r.Edition))) }

func (r Report) badgeMessage() string {
	words := []string{r.Verdict.words()}
	for _, v := range verdict.All() {
		if n := r.Counts.Of(v); n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, v))
		}
	}
	if n := len(r.NotCovered); n > 0 {
		words = append(words, fmt.Sprintf("%d not covered", n))
	}
	if r.NotSelected > 0 {
		words = append(words, fmt.Sprintf("%d not selected", r.NotSelected))
	}
	return strings.Join(append(words, r.Started.UTC().Format(time.DateOnly)), " · ")
}

// BadgeJSON writes r as shields.io's endpoint badge wants it, schema version 1.
func BadgeJSON(w io.Writer, r Report) error {
	color := "yellow"
	switch r.Verdict {
	case Conformant:
		color = "brightgreen"
	case NotConformant:
		color = "red"
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		SchemaVersion int    `json:"schemaVersion"`
		Label         string `json:"label"`
		Message       string `json:"message"`
		Color         string `json:"color"`
	}{1, r.badgeLabel(), r.badgeMessage(), color})
}

// The size of a badge in pixels. Nothing here can measure a font: the text is given
// the width that a character has on average, and told to fill it.
const (
	badgeHeight  = 20
	badgePadding = 6
	badgeChar    = 6.2
)

var badge = template.Must(template.New("badge").Parse(
	`<svg xmlns="http://www.w3.org/2000/svg" width="{{.Width}}" height="{{.Height}}" role="img" aria-label="{{.Text}}">
  <title>{{.Text}}</title>
  <clipPath id="r"><rect width="{{.Width}}" height="{{.Height}}" rx="3"/></clipPath>
  <g clip-path="url(#r)">
    <rect width="{{.Left.Width}}" height="{{.Height}}" fill="#3b434b"/>
    <rect x="{{.Left.Width}}" width="{{.Right.Width}}" height="{{.Height}}" fill="{{.Color}}"/>
  </g>
  <g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
    <text x="{{.Padding}}" y="14" textLength="{{.Left.Text}}" lengthAdjust="spacingAndGlyphs">{{.Label}}</text>
    <text x="{{.Start}}" y="14" textLength="{{.Right.Text}}" lengthAdjust="spacingAndGlyphs">{{.Message}}</text>
  </g>
</svg>
`))

// half is one half of a badge, and the text in it.
type half struct{ Width, Text int }

func halfOf(text string) half {
	width := int(badgeChar * float64(utf8.RuneCountInString(text)))
	return half{Width: width + 2*badgePadding, Text: width}
}

// Badge writes r as an SVG.
func Badge(w io.Writer, r Report) error {
	label, message := r.badgeLabel(), r.badgeMessage()
	left, right := halfOf(label), halfOf(message)
	color := "#8a5a00"
	switch r.Verdict {
	case Conformant:
		color = "#1a7037"
	case NotConformant:
		color = "#b3261e"
	}
	return badge.Execute(w, map[string]any{
		"Width": left.Width + right.Width, "Height": badgeHeight, "Padding": badgePadding, "Start": left.Width + badgePadding,
		"Left": left, "Right": right, "Color": color,
		"Label": label, "Message": message, "Text": label + ": " + message,
	})
}
