// Package yamlfile reads the YAML files of this program: strictly, and with errors
// that name the line, in the words of the file.
package yamlfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Words are how errors speak of one kind of file.
type Words struct {
	Empty    string                          // what is wrong with an empty file
	Second   string                          // what is wrong with a second document
	Unknown  func(key, goType string) string // what is wrong with a key that stands in a value of a Go type
	Expected func(goType string) string      // how a value of a Go type is written
}

// File is a file that was read.
type File struct {
	name string
	root yaml.Node
}

// Decode reads the one document of a file into a value; name is what errors call
// the file by. They show no Go types and no values, for a value may be a secret.
func Decode(r io.Reader, name string, into any, words Words) (*File, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot be read: %w", name, err)
	}
	f := &File{name: name}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(into); errors.Is(err, io.EOF) {
		return nil, f.Errorf("", "%s", words.Empty)
	} else if err != nil {
		return nil, f.translate(err, words)
	}
	var second yaml.Node
	if err := dec.Decode(&second); err == nil {
		return nil, fmt.Errorf("%s:%d: %s", name, second.Line, words.Second)
	} else if !errors.Is(err, io.EOF) {
		return nil, f.translate(err, words)
	}
	if err := yaml.Unmarshal(data, &f.root); err != nil {
		return nil, f.translate(err, words)
	}
	return f, nil
}

// Root is the document as it stands in the file.
func (f *File) Root() *yaml.Node { return &f.root }

// Errorf is an error about the value at a path such as "world.accounts[0].id".
func (f *File) Errorf(path, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %w", f.name, f.line(path), fmt.Errorf(format, args...))
}

// line is the line of the value at a path, or of the last step of it that exists.
func (f *File) line(path string) int {
	n := &f.root
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		n = n.Content[0]
	}
	line := n.Line
	for step := range strings.FieldsFuncSeq(path, func(r rune) bool { return strings.ContainsRune(".[]", r) }) {
		if n.Kind == yaml.AliasNode {
			n = n.Alias
		}
		next := -1
		if i, err := strconv.Atoi(step); err == nil && n.Kind == yaml.SequenceNode {
			if next = i; i < len(n.Content) {
				line = n.Content[i].Line
			}
		} else if n.Kind == yaml.MappingNode {
			for i := 0; i+1 < len(n.Content); i += 2 {
				if n.Content[i].Value == step {
					line = n.Content[i].Line
					next = i + 1
				}
			}
		}
		if next < 0 || next >= len(n.Content) {
			break
		}
		n = n.Content[next]
		if slices.Contains([]yaml.Kind{yaml.ScalarNode, yaml.AliasNode}, n.Kind) {
			line = n.Line
		}
	}
	return max(line, 1)
}

var (
	lineText    = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)$`)
	unknownText = regexp.MustCompile(`^field (.+) not found in type (\S+)$`)
	typeText    = regexp.MustCompile("^cannot unmarshal (!!\\w+)(?: `.*`)? into (\\S+)$")
)

// translate says what the decoder found in the words of the file, its place first.
func (f *File) translate(err error, words Words) error {
	texts := []string{err.Error()}
	if te, ok := errors.AsType[*yaml.TypeError](err); ok {
		texts = te.Errors
	}
	var errs []error
	for _, text := range texts {
		line := "1"
		if m := lineText.FindStringSubmatch(text); m != nil {
			line, text = m[1], m[2]
		}
		if m := unknownText.FindStringSubmatch(text); m != nil {
			text = words.Unknown(m[1], m[2])
		} else if m := typeText.FindStringSubmatch(text); m != nil {
			text = "expected " + words.Expected(m[2])
		}
		errs = append(errs, fmt.Errorf("%s:%s: %s", f.name, line, strings.TrimPrefix(text, "yaml: ")))
	}
	return errors.Join(errs...)
}
