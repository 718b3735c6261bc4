package reports

import _ "embed" // For the schema below.

//go:embed schema/results.schema.json
var schemaJSON string

// JSONSchema returns the JSON Schema (draft 2020-12) of results.json, for
// readers that are not written in Go.
func JSONSchema() string { return schemaJSON }
