package loadgen

import (
	"embed"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/chainmail-iot/chainmail/loadgen/pacer"
	"github.com/chainmail-iot/chainmail/suites/strictyaml"
)

// APIVersion is the version of every file format of chainmail.
const APIVersion = "chainmail/v1"

// file is a plan file as it is written.
type file struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	Plan       `yaml:",inline"`
}

// An Override is a value that stands on the command line and wins over the file.
type Override struct {
	// Flag is how the value was given: "--devices".
	Flag string
	// Key is the key of the plan file, with dots between levels: "journey.token".
	Key string
	// Value is what would stand behind the key, as YAML.
	Value string
}

// Read reads a plan file: strict YAML over the defaults of [Default], and the
// overrides over that. What is wrong comes back as [strictyaml.Problems], all at
// once, each with its line or its flag.
func Read(name string, data []byte, overrides ...Override) (Plan, error) {
	f := file{Plan: Default()}
	source, err := strictyaml.Read(name, data, &f)
	if err != nil {
		return Plan{}, err
	}
	if f.APIVersion != APIVersion {
		source.Wrong("", fmt.Sprintf("apiVersion is %q: want %q", f.APIVersion, APIVersion), "apiVersion")
	}
	if f.Kind != "Plan" {
		source.Wrong("", fmt.Sprintf("kind is %q: want Plan", f.Kind), "kind")
	}
	var flags strictyaml.Problems
	for _, o := range overrides {
		flags = append(flags, o.apply(&f.Plan)...)
	}
	c := checker{plan: &f.Plan, wrong: func(hint, text, key string) {
		if i := slices.IndexFunc(overrides, func(o Override) bool { return o.Key == key || strings.HasPrefix(o.Key, key+".") }); i >= 0 {
			flags = append(flags, &strictyaml.Problem{File: overrides[i].Flag, Text: text, Hint: hint})
			return
		}
		source.Wrong(hint, text, steps(key)...)
	}}
	if len(flags) == 0 {
		c.check()
	}
	var problems strictyaml.Problems
	if errors.As(source.Err(), &problems) || len(flags) > 0 {
		return Plan{}, append(problems, flags...)
	}
	return f.Plan, nil
}

// apply decodes the value over the plan. A rate takes the place of whatever said
// before when devices come; thresholds are added to those of the file.
func (o Override) apply(p *Plan) strictyaml.Problems {
	switch o.Key {
	case "arrival.rate":
		p.Arrival = pacer.Spec{Poisson: p.Arrival.Poisson}
	case "thresholds":
		p.Thresholds = append(slices.Clone(p.Thresholds), o.Value)
		return nil
	}
	keys := strings.Split(o.Key, ".")
	var text strings.Builder
	for depth, key := range keys {
		fmt.Fprintf(&text, "%s%s:", strings.Repeat(" ", depth), key)
		if depth < len(keys)-1 {
			text.WriteByte('\n')
		}
	}
	text.WriteString(" " + o.Value + "\n")
	_, err := strictyaml.Read(o.Flag, []byte(text.String()), p)
	var problems strictyaml.Problems
	if err != nil && !errors.As(err, &problems) {
		problems = strictyaml.Problems{{Text: err.Error()}}
	}
	for _, problem := range problems {
		problem.File, problem.Line = o.Flag, 0
	}
	return problems
}

func steps(key string) (path []any) {
	for step := range strings.SplitSeq(key, ".") {
		path = append(path, step)
	}
	return path
}

//go:embed plans/*.yaml
var ready embed.FS

// Names returns the names of the ready-made plans.
func Names() []string {
	return []string{"token-storm", "connect-storm", "renewal", "soak", "hostile"}
}

// ReadyMade returns the plan file of that name as it was written, and false if
// there is none.
func ReadyMade(name string) ([]byte, bool) {
	if !slices.Contains(Names(), name) {
		return nil, false
	}
	data, err := ready.ReadFile(path.Join("plans", name+".yaml"))
	return data, err == nil
}

// Encode returns the plan as a plan file that has every key.
func (p *Plan) Encode() ([]byte, error) {
	data, err := yaml.Dump(file{APIVersion: APIVersion, Kind: "Plan", Plan: *p})
	if err != nil {
		return nil, fmt.Errorf("encode plan: %w", err)
	}
	return data, nil
}
