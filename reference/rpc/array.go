package rpc

import (
	"encoding/json"
	"errors"
)

// errNotStringArray does not quote the text, which may be long or private.
var errNotStringArray = errors.New(`not a JSON array of strings, such as ["a","b"]`)

// StringArray reads a parameter whose value is a JSON array of strings, such as
// KeyPairNames=["a","b"]. An empty array is fine, and null is one; anything else that is not one
// array of nothing but strings is an error.
func StringArray(text string) ([]string, error) {
	var elements []*string // pointers tell null from ""
	if err := json.Unmarshal([]byte(text), &elements); err != nil {
		return nil, errNotStringArray
	}
	values := make([]string, len(elements))
	for i, element := range elements {
		if element == nil {
			return nil, errNotStringArray
		}
		values[i] = *element
	}
	return values, nil
}
