package verdict

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/kpspec/kpspec/fixtures/catalogue"
	"github.com/kpspec/kpspec/harness/yamlfile"
)

// ReadList reads a list of deviations; name is what errors call it by, usually
// its file name, and rules are those that may stand on it. The list must be
// complete: an unknown key or rule, a rule that stands twice or has no spec, an
// entry without a reason, a date or a pinned failure is an error. All findings
// come at once, each on a line of its own that starts with "name:line: ".
func ReadList(r io.Reader, name string, rules *catalogue.Catalogue) (List, error) {
	var l List
	file, err := yamlfile.Decode(r, name, &l, yamlfile.Words{
		Empty:  "the file is empty; a list without entries is: deviations: []",
		Second: "a second YAML document; a file is one list",
		Unknown: func(key, _ string) string {
			return fmt.Sprintf("unknown key %q; an entry has rule, reason, link and expires, under deviations also failures with spec and text", key)
		},
		Expected: func(goType string) string {
			if strings.HasPrefix(goType, "[]") {
				return "a list"
			}
			return "a text, or keys with values"
		},
	})
	if err != nil {
		return List{}, err
	}
	var errs []error
	seen := map[string]bool{}
	check := func(section string, i int, e Entry, err error) {
		if err == nil {
			err = e.known(rules, seen)
		}
		if err != nil {
			errs = append(errs, file.Errorf(fmt.Sprintf("%s[%d]", section, i), "%w", err))
		}
	}
	for i, d := range l.Deviations {
		check("deviations", i, d.Entry, d.check())
	}
	for i, e := range l.Flaky {
		check("flaky", i, e, e.check())
	}
	if len(errs) > 0 {
		return List{}, errors.Join(errs...)
	}
	return l, nil
}

// Write writes the list as YAML that [ReadList] reads, below lines of comment.
func (l List) Write(w io.Writer, comment ...string) error {
	if l.Deviations == nil {
		l.Deviations = []Deviating{} // "null" is no list
	}
	var b bytes.Buffer
	for _, line := range comment {
		b.WriteString("# " + line + "\n")
	}
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(l), enc.Close()); err != nil {
		return fmt.Errorf("write the list of deviations: %w", err)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write the list of deviations: %w", err)
	}
	return nil
}

// check says what is missing from an entry, or malformed in it.
func (e Entry) check() error {
	switch {
	case e.Rule == "":
		return errors.New("an entry without a rule")
	case strings.TrimSpace(e.Reason) == "":
		return fmt.Errorf("%s has no reason; say why the target deviates", e.Rule)
	case e.Expires == "":
		return fmt.Errorf("%s has no date; write the last day on which the entry counts, as expires: YYYY-MM-DD", e.Rule)
	}
	if _, err := time.Parse(dateLayout, e.Expires); err != nil {
		return fmt.Errorf("%s expires on %q, which is no date; write YYYY-MM-DD", e.Rule, e.Expires)
	}
	if e.Link != "" {
		if u, err := url.Parse(e.Link); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("%s has the link %q, which is no URL", e.Rule, e.Link)
		}
	}
	return nil
}

func (d Deviating) check() error {
	if err := d.Entry.check(); err != nil {
		return err
	}
	if len(d.Failures) == 0 {
		return fmt.Errorf("%s pins no failure; a rule that fails in changing ways belongs under flaky", d.Rule)
	}
	seen := map[string]bool{}
	for _, f := range d.Failures {
		switch {
		case f.Spec == "":
			return fmt.Errorf("%s pins a failure without a spec", d.Rule)
		case strings.TrimSpace(f.Text) == "":
			return fmt.Errorf("%s pins no text for %q", d.Rule, f.Spec)
		case seen[f.Spec]:
			return fmt.Errorf("%s pins two failures of %q; what fails in changing ways belongs under flaky", d.Rule, f.Spec)
		}
		seen[f.Spec] = true
	}
	return nil
}

// known says whether the rule of an entry can stand on a list, once.
func (e Entry) known(rules *catalogue.Catalogue, seen map[string]bool) error {
	rule, found := rules.Rule(e.Rule)
	switch _, _, err := rules.Resolve(e.Rule); {
	case err != nil:
		return err
	case !found:
		return fmt.Errorf("%s names a clause; an entry is about a whole rule", e.Rule)
	case rule.Excluded != "":
		return fmt.Errorf("%s is never tested: %s", e.Rule, rule.Excluded)
	case seen[e.Rule]:
		return fmt.Errorf("%s stands on the list twice", e.Rule)
	}
	seen[e.Rule] = true
	return nil
}
