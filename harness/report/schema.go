package report

import (
	_ "embed" // the schema
	"slices"
)

//go:embed report.schema.json
var schema []byte

// Schema is the JSON Schema (draft 2020-12) of report.json, schema version 1. It
// says what a report is made of; that its counts and its verdict follow from its
// rules is for [Read] to say.
func Schema() []byte { return slices.Clone(schema) }
