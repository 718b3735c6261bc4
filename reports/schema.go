package reports

import _ "embed" // For the schemas below.

//go:embed schema/results.schema.json
var schemaJSON string

//go:embed schema/load.schema.json
var loadSchemaJSON string

// JSONSchema returns the JSON Schema (draft 2020-12) of results.json, for
// readers that are not written in Go.
func JSONSchema() string { return schemaJSON }

// LoadJSONSchema returns the JSON Schema of load.json. It refers to that of
// results.json for what both have.
func LoadJSONSchema() string { return loadSchemaJSON }
