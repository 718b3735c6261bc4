// Package strictyaml reads the files that a person writes: an unknown key, a
// duplicate key and a wrong type are problems, and all problems of a file are
// found at once, each with its line and, where there is one, what to do.
//
// [Read] decodes a file. What only shows once the whole of it is read is added to
// its [Source]; [Source.Err] has everything in the order of the file.
package strictyaml

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
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

// A Source is a file that was decoded, and what is wrong with its content.
type Source struct {
	file     string
	root     *yaml.Node // nil: the file is empty
	problems Problems
}

// Read decodes data, the content of file, into v. Its error is [Problems] unless
// data is no YAML that could be located.
func Read(file string, data []byte, v any) (*Source, error) {
	if err := decode(file, data, v); err != nil {
		return nil, err
	}
	s := &Source{file: file}
	var document yaml.Node
	if err := yaml.Load(data, &document); err == nil && len(document.Content) > 0 {
		s.root = document.Content[0]
	}
	return s, nil
}

// Wrong notes a problem at the line of the deepest key of path that the file has;
// entries of a list are named by their index.
func (s *Source) Wrong(hint, text string, path ...any) {
	s.problems = append(s.problems, &Problem{File: s.file, Line: s.line(path...), Text: text, Hint: hint})
}

// Err returns the [Problems] noted, in the order of the file; nil where there are
// none.
func (s *Source) Err() error {
	if len(s.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(s.problems, func(a, b *Problem) int { return a.Line - b.Line })
	return s.problems
}

func decode(file string, data []byte, v any) error {
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

func (s *Source) line(path ...any) int {
	node, line := s.root, 0
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
