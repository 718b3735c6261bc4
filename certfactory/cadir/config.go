package cadir

import (
	"fmt"
	"os"
	"strings"
)

// maxConfig bounds a configuration file, and maxValue one value after its
// variables were put in: as much as OpenSSL allows.
const (
	maxConfig = 1 << 20
	maxValue  = 1 << 16
)

// A config is a configuration file in OpenSSL's form (config(5)).
type config struct {
	file     string
	sections map[string][]setting // in the order of the file; of two with one name the later counts
}

type setting struct {
	name, value string
	line        int
}

// parseConfig reads a configuration. The file name is for messages only.
// Variables are put in as they are met, so they must stand before their use.
func parseConfig(file, text string) (*config, error) {
	c := &config{file: file, sections: map[string][]setting{"default": nil}}
	if len(text) > maxConfig {
		return nil, fmt.Errorf("read config %s: %d bytes, at most %d are read", file, len(text), maxConfig)
	}
	if i := strings.IndexByte(text, 0); i >= 0 {
		return nil, c.errorf(1+strings.Count(text[:i], "\n"), "not a text file: it holds a zero byte")
	}
	section := "default"
	lines := strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n")
	for i := 0; i < len(lines); i++ {
		number, line := i+1, strings.TrimRight(lines[i], "\r")
		for continued(line) && i+1 < len(lines) {
			i++
			line = line[:len(line)-1] + strings.TrimRight(lines[i], "\r")
		}
		var err error
		if section, err = c.parseLine(number, section, line); err != nil {
			return nil, c.errorf(number, "%w", err)
		}
	}
	return c, nil
}

// continued reports whether a line ends in a backslash that is not itself
// behind a backslash.
func continued(line string) bool {
	return strings.HasSuffix(line, `\`) && !strings.HasSuffix(line, `\\`)
}

func (c *config) errorf(line int, format string, args ...any) error {
	return fmt.Errorf("read config %s: line %d: %w", c.file, line, fmt.Errorf(format, args...))
}

// parseLine reads one line of a section and returns the section of the next.
func (c *config) parseLine(number int, section, line string) (string, error) {
	line = strings.Trim(cutComment(line), " \t\v\f")
	if line == "" {
		return section, nil
	}
	if line[0] == '[' {
		name, rest, closed := strings.Cut(line[1:], "]")
		if name = strings.TrimSpace(name); !closed || name == "" || strings.TrimSpace(rest) != "" {
			return "", fmt.Errorf("want a section in square brackets, have %q", line)
		}
		if _, ok := c.sections[name]; !ok {
			c.sections[name] = nil
		}
		return name, nil
	}
	name, value, ok := strings.Cut(line, "=")
	if name = strings.TrimSpace(name); strings.HasPrefix(name, ".") {
		return "", fmt.Errorf("the directive %s is not known", strings.Fields(name)[0])
	}
	if !ok || name == "" || strings.ContainsAny(name, " \t") {
		return "", fmt.Errorf("want a name, an equals sign and a value, have %q", line)
	}
	target := section
	if before, after, other := strings.Cut(name, "::"); other {
		if target, name = before, after; name == "" {
			return "", fmt.Errorf("want a name, an equals sign and a value, have %q", line)
		}
	}
	value, err := c.expand(target, strings.Trim(value, " \t\v\f"))
	if err != nil {
		return "", err
	}
	c.sections[target] = append(c.sections[target], setting{name, value, number})
	return section, nil
}

// cutComment drops what follows a number sign outside quotes.
func cutComment(line string) string {
	var quote byte
	for i := 0; i < len(line); i++ {
		switch ch := line[i]; {
		case ch == '\\':
			i++
		case quote != 0:
			if ch == quote {
				quote = 0
			}
		case ch == '"' || ch == '\'' || ch == '`':
			quote = ch
		case ch == '#':
			return line[:i]
		}
	}
	return line
}

// expand takes quotes and backslashes out of a value and puts variables in.
func (c *config) expand(section, from string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(from); {
		if b.Len() > maxValue {
			return "", fmt.Errorf("value is longer than %d bytes", maxValue)
		}
		switch ch := from[i]; ch {
		case '"', '\'', '`':
			for i++; i < len(from) && from[i] != ch; i++ {
				if from[i] == '\\' && i+1 < len(from) {
					i++
				}
				b.WriteByte(from[i])
			}
			i++
		case '\\':
			if i++; i < len(from) {
				b.WriteByte(unescape(from[i]))
				i++
			}
		case '$':
			value, length, err := c.variable(section, from[i:])
			if err != nil {
				return "", err
			}
			b.WriteString(value)
			i += length
		default:
			b.WriteByte(ch)
			i++
		}
	}
	return b.String(), nil
}

func unescape(ch byte) byte {
	if i := strings.IndexByte("rnbt", ch); i >= 0 {
		return "\r\n\b\t"[i]
	}
	return ch
}

// variable returns the value of the variable that a text begins with, and how
// much of the text it takes.
func (c *config) variable(section, text string) (string, int, error) {
	rest, end := text[1:], ""
	switch {
	case strings.HasPrefix(rest, "{"):
		rest, end = rest[1:], "}"
	case strings.HasPrefix(rest, "("):
		rest, end = rest[1:], ")"
	}
	name := rest[:wordLength(rest)]
	rest = rest[len(name):]
	if strings.HasPrefix(rest, "::") {
		section, rest = name, rest[2:]
		name = rest[:wordLength(rest)]
		rest = rest[len(name):]
	}
	if !strings.HasPrefix(rest, end) {
		return "", 0, fmt.Errorf("variable %q has no closing %q", name, end)
	}
	rest = rest[len(end):]
	if value, ok := c.lookup(section, name); ok {
		return value, len(text) - len(rest), nil
	}
	return "", 0, fmt.Errorf("variable %q has no value", name)
}

func wordLength(s string) int {
	i := strings.IndexFunc(s, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
	if i < 0 {
		return len(s)
	}
	return i
}

// lookup finds a setting in a section, and if it is not there in the nameless
// section at the head of the file. The section ENV is the environment.
func (c *config) lookup(section, name string) (string, bool) {
	if s, ok := c.find(section, name); ok {
		return s.value, true
	}
	if section == "ENV" {
		if value, ok := os.LookupEnv(name); ok {
			return value, true
		}
	}
	s, ok := c.find("default", name)
	return s.value, ok
}

func (c *config) find(section, name string) (setting, bool) {
	list := c.sections[section]
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].name == name {
			return list[i], true
		}
	}
	return setting{}, false
}
