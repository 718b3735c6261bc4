package claim

import (
	"slices"
	"sync"
)

// Idle are specs that find no deviation at all, and the reason.
type Idle struct {
	Specs   []string `yaml:"specs"` // ids or globs
	Because string   `yaml:"because"`
}

// idleFile stands beside the files of claims.
const idleFile = "idle.yaml"

var idle = sync.OnceValue(func() []Idle {
	all, err := read[Idle](files, idleFile)
	if err != nil {
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
