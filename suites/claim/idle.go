package claim

import (
	"bytes"
	_ "embed"
	"slices"
	"sync"

	"go.yaml.in/yaml/v4"
)

// Idle are specs that find no deviation at all, and the reason.
type Idle struct {
	Specs   []string `yaml:"specs"` // ids or globs
	Because string   `yaml:"because"`
}

//go:embed idle.yaml
var idleYAML []byte

var idle = sync.OnceValue(func() []Idle {
	var all []Idle
	decoder := yaml.NewDecoder(bytes.NewReader(idleYAML))
	decoder.KnownFields(true)
	if err := decoder.Decode(&all); err != nil {
		panic(err) // embedded, and a test reads it
	}
	return all
})

// IdleBecause returns why a spec finds no deviation; "" where it is to find one.
func IdleBecause(spec string) string {
	i := slices.IndexFunc(idle(), func(d Idle) bool { return matches(d.Specs, spec) })
	if i < 0 {
		return ""
	}
	return idle()[i].Because
}
