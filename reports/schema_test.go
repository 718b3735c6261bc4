package reports_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/chainmail-iot/chainmail/reports"
)

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	return compile(t, "urn:chainmail:results:v1")
}

// compile compiles the schema with that id; the schemas may refer to each other.
func compile(t *testing.T, id string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	for id, text := range map[string]string{"urn:chainmail:results:v1": reports.JSONSchema(), "urn:chainmail:load:v1": reports.LoadJSONSchema()} {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource(id, doc); err != nil {
			t.Fatal(err)
		}
	}
	s, err := c.Compile(id)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t *testing.T, s *jsonschema.Schema, document string) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

func TestSchemaAcceptsReports(t *testing.T) {
	s := compileSchema(t)
	tests := map[string]reports.Report{
		"every verdict": everyVerdict(),
		"conformant":    run(passes(), reports.End{}),
		"interrupted":   run(passes(), reports.End{Interrupted: true}, "chain/a"),
		"unreachable":   run(nil, reports.End{Unreachable: "connection refused"}, "chain/a"),
		"empty":         reports.Assemble(reports.Header{Tool: reports.Tool{Name: "chainmail"}}, nil, reports.End{}),
	}
	for _, r := range troubles() {
		tests["only "+r.ID] = run([]reports.Result{r}, reports.End{})
	}
	for name, r := range tests {
		t.Run(name, func(t *testing.T) {
			if err := validate(t, s, encode(t, r)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSchemaRefuses(t *testing.T) {
	s := compileSchema(t)
	good := encode(t, everyVerdict())
	tests := []struct{ name, old, replacement string }{
		{"unknown key", `"outcome"`, `"color": "green", "outcome"`},
		{"unknown key of a result", `"family"`, `"color": "green", "family"`},
		{"unknown key of an attempt", `"role"`, `"color": "green", "role"`},
		{"verdict", `"verdict": "pass"`, `"verdict": "passed"`},
		{"layer", `"layer": "admitted"`, `"layer": "in"`},
		{"exit code", `"exitCode": 5`, `"exitCode": 0`},
		{"no reason", `"reason": "the platform admitted a device whose certificate had expired",`, ``},
		{"credentials", `"mqttAddress": "`, `"mqttAddress": "admin:secret@`},
		{"time", `"started": "2026-11-23T12:00:00Z"`, `"started": "today"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bad := strings.Replace(good, tt.old, tt.replacement, 1)
			if bad == good {
				t.Fatalf("nothing to replace: %s", tt.old)
			}
			if err := validate(t, s, bad); err == nil {
				t.Error("the schema accepts it")
			}
		})
	}
}

// definition is the part of a JSON Schema that this test compares with Go.
type definition struct {
	AdditionalProperties any                   `json:"additionalProperties"`
	Required             []string              `json:"required"`
	Properties           map[string]definition `json:"properties"`
	Enum                 []any                 `json:"enum"`
	Ref                  string                `json:"$ref"`
	Items                *definition           `json:"items"`
}

// TestSchemaHasEveryField holds the schema against the Go types, so that a
// field cannot be added, renamed or made optional in one of them alone.
func TestSchemaHasEveryField(t *testing.T) {
	defs := compareSchema(t, reports.JSONSchema(), reflect.TypeFor[reports.Report]())
	enums := map[string][]string{
		"verdict": words(reports.Verdicts()), "outcome": words(reports.Outcomes()),
	}
	for name, want := range enums {
		if diff := cmp.Diff(want, words(defs[name].Enum)); diff != "" {
			t.Errorf("%s (-go +schema):\n%s", name, diff)
		}
	}
	if diff := cmp.Diff(reports.Layers(), words(defs["evidence"].Properties["layer"].Enum)); diff != "" {
		t.Errorf("layer (-go +schema):\n%s", diff)
	}
}

// compareSchema compares the definition "report" of a schema, and all that it
// leads to in the same schema, with a Go type. It returns the definitions.
func compareSchema(t *testing.T, schema string, report reflect.Type) map[string]definition {
	t.Helper()
	var doc struct {
		Defs map[string]definition `json:"$defs"`
	}
	if err := json.Unmarshal([]byte(schema), &doc); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	var compare func(name string, typ reflect.Type)
	compare = func(name string, typ reflect.Type) {
		if seen[name] || strings.HasPrefix(name, "urn:") { // the other schema's is compared with its own report
			return
		}
		seen[name] = true
		def := doc.Defs[name]
		if def.AdditionalProperties != false {
			t.Errorf("%s allows other properties", name)
		}
		var properties, required []string
		for _, f := range fields(typ) {
			properties = append(properties, f.name)
			if !f.optional {
				required = append(required, f.name)
			}
			if elem := element(f.typ); elem.Kind() == reflect.Struct && elem != reflect.TypeFor[time.Time]() {
				compare(target(def.Properties[f.name]), elem)
			}
		}
		var defined []string
		for p := range def.Properties {
			defined = append(defined, p)
		}
		same := cmp.Transformer("sort", func(s []string) []string { return slices.Sorted(slices.Values(s)) })
		if diff := cmp.Diff(properties, defined, same); diff != "" {
			t.Errorf("%s: properties (-go +schema):\n%s", name, diff)
		}
		if diff := cmp.Diff(required, def.Required, same); diff != "" {
			t.Errorf("%s: required (-go +schema):\n%s", name, diff)
		}
	}
	compare("report", report)
	return doc.Defs
}

type field struct {
	name     string
	typ      reflect.Type
	optional bool
}

// fields lists the JSON fields of a struct, embedded ones included.
func fields(typ reflect.Type) []field {
	var list []field
	for f := range typ.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			list = append(list, fields(f.Type)...)
		case name == "":
			list = append(list, field{f.Name, f.Type, false})
		default:
			list = append(list, field{name, f.Type, strings.HasPrefix(options, "omit")})
		}
	}
	return list
}

// element is the type behind pointers and slices.
func element(typ reflect.Type) reflect.Type {
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
		typ = typ.Elem()
	}
	return typ
}

// target is the name of the definition that a property, or its items, refer to.
func target(d definition) string {
	if d.Items != nil {
		d = *d.Items
	}
	return strings.TrimPrefix(d.Ref, "#/$defs/")
}

// words returns the strings in list.
func words[T any](list []T) []string {
	var ws []string
	for _, v := range list {
		ws = append(ws, reflect.ValueOf(v).String())
	}
	return ws
}
