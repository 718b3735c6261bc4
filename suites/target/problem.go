package target

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"
)

// A Problem is one thing that is wrong with a file that a person wrote.
type Problem struct {
	File string
	Line int // 0: the file as a whole
	Text string
	Hint string // what to do; may be empty
}

func (p *Problem) Error() string {
	if p.Line == 0 {
		return fmt.Sprintf("%s: %s", p.File, p.Text)
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text)
}

// Problems are all things wrong with one file, so that they can be mended in one
// go. It is never empty where it is an error.
type Problems []*Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.Error()
	}
	return strings.Join(lines, "\n")
}

var unknownField = regexp.MustCompile(`^field (\S+) not found in type `)

var wrongType = regexp.MustCompile("^cannot construct !!(\\S+)(?: `(.*)`)? into (.*)$")

// parse reads strict YAML into v: an unknown key, a duplicate key and a wrong
// type are problems, all of them reported.
func parse(file string, data []byte, v any) error {
	err := yaml.Load(data, v, yaml.WithKnownFields(), yaml.WithUniqueKeys())
	if err == nil {
		return nil
	}
	var all *yaml.LoadErrors
	if !errors.As(err, &all) {
		all = &yaml.LoadErrors{}
		var one *yaml.LoadError
		if !errors.As(err, &one) {
			return fmt.Errorf("read %s: %w", file, err)
		}
		all.Errors = append(all.Errors, one)
	}
	problems := make(Problems, 0, len(all.Errors))
	for _, e := range all.Errors {
		problems = append(problems, &Problem{File: file, Line: e.Mark.Line, Text: readable(e.Message)})
	}
	return problems
}

// readable says in a user's words what the YAML library says in a programmer's.
func readable(text string) string {
	if m := unknownField.FindStringSubmatch(text); m != nil {
		return fmt.Sprintf("unknown key %q", m[1])
	}
	if m := wrongType.FindStringSubmatch(text); m != nil {
		return fmt.Sprintf("%s cannot stand here: want %s", describe(m[1], m[2]), wanted(m[3]))
	}
	return strings.TrimPrefix(text, "yaml: ")
}

func describe(tag, value string) string {
	if value != "" {
		return fmt.Sprintf("%q", value)
	}
	switch tag {
	case "map":
		return "a mapping"
	case "seq":
		return "a list"
	}
	return "a value of type " + tag
}

func wanted(goType string) string {
	switch {
	case strings.HasPrefix(goType, "[]"):
		return "a list"
	case goType == "time.Duration":
		return `a duration with its unit, such as "5s"`
	case goType == "int":
		return "a whole number"
	case goType == "bool":
		return "true or false"
	case goType == "string":
		return "text"
	}
	return "a mapping"
}

// lines finds the line of a key in a parsed document, for problems that only
// show once the whole file is read.
type lines struct{ root *yaml.Node }

func newLines(data []byte) lines {
	var document yaml.Node
	if err := yaml.Load(data, &document); err != nil || len(document.Content) == 0 {
		return lines{}
	}
	return lines{root: document.Content[0]}
}

// of returns the line of the deepest key of path that the document has; list
// entries are named by their index.
func (l lines) of(path ...any) int {
	node, line := l.root, 0
	for _, step := range path {
		if node == nil {
			return line
		}
		var next *yaml.Node
		switch step := step.(type) {
		case string:
			for i := 0; i+1 < len(node.Content); i += 2 {
				if node.Content[i].Value == step {
					line, next = node.Content[i].Line, node.Content[i+1]
				}
			}
		case int:
			if step < len(node.Content) {
				next = node.Content[step]
				line = next.Line
			}
		}
		if next == nil {
			return line
		}
		node = next
	}
	return line
}
