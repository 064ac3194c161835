package wire

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Bounds of an XML answer. Real answers are three levels deep and have fewer
// than 400 elements.
const (
	maxXMLDepth    = 32
	maxXMLElements = 50_000
)

// Element is one element of an XML answer. Attributes, comments and namespaces
// are left out.
type Element struct {
	// Name is the name without a namespace.
	Name string
	// Text is the text directly in the element; around child elements white
	// space is trimmed.
	Text string
	// Children are the child elements in document order.
	Children []*Element
}

// Child returns the first child element of that name, nil if there is none. It
// may be asked of a nil element, so that a path needs one check.
func (e *Element) Child(name string) *Element {
	if e == nil {
		return nil
	}
	for _, c := range e.Children {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// All returns the child elements of that name.
func (e *Element) All(name string) []*Element {
	if e == nil {
		return nil
	}
	var all []*Element
	for _, c := range e.Children {
		if c.Name == name {
			all = append(all, c)
		}
	}
	return all
}

// XML returns the root of the body as an XML document. It is an error if the
// body is anything but one well-formed document with one root element, or is
// deeper or larger than any answer of this API.
func (a *Answer) XML() (*Element, error) {
	if a.Err != nil {
		return nil, a.Err
	}
	if len(bytes.TrimSpace(a.Body)) == 0 {
		return nil, errors.New("the body is empty, want an XML document")
	}
	dec := xml.NewDecoder(bytes.NewReader(a.Body))
	var root *Element
	var open []*Element
	var texts []*strings.Builder
	count := 0
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, a.unreadable("XML", err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			count++
			switch {
			case len(open) == 0 && root != nil:
				return nil, errors.New("the XML has more than one root element")
			case len(open) == maxXMLDepth:
				return nil, fmt.Errorf("the XML is more than %d elements deep", maxXMLDepth)
			case count > maxXMLElements:
				return nil, fmt.Errorf("the XML has more than %d elements", maxXMLElements)
			}
			e := &Element{Name: t.Name.Local}
			if len(open) == 0 {
				root = e
			} else {
				parent := open[len(open)-1]
				parent.Children = append(parent.Children, e)
			}
			open, texts = append(open, e), append(texts, &strings.Builder{})
		case xml.EndElement:
			last := len(open) - 1
			open[last].Text = texts[last].String()
			if len(open[last].Children) > 0 {
				open[last].Text = strings.TrimSpace(open[last].Text)
			}
			open, texts = open[:last], texts[:last]
		case xml.CharData:
			if len(open) > 0 {
				texts[len(open)-1].Write(t)
			} else if len(bytes.TrimSpace(t)) > 0 {
				return nil, errors.New("the XML has text outside of its root element")
			}
		}
	}
	if root == nil {
		return nil, errors.New("the XML has no root element")
	}
	return root, nil
}
