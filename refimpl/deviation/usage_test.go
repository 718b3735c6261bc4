package deviation_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chainmail-iot/chainmail/refimpl/deviation"
)

// Whoever wonders where a deviation bites searches for its constant, and must find
// one place: each is named once in the reference platform outside this package.
func TestEachIsAskedForInOnePlace(t *testing.T) {
	places := make(map[string][]string) // constant to where it is used
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "deviation" {
					places[s.Sel.Name] = append(places[s.Sel.Name], set.Position(n.Pos()).String())
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	constants := constants(t)
	for _, d := range deviation.All() {
		constant, ok := constants[d.Name]
		if !ok {
			t.Errorf("%s has no constant", d.Name)
			continue
		}
		if used := places[constant]; len(used) != 1 {
			t.Errorf("%s is asked for in %d places, want 1: %s", constant, len(used), strings.Join(used, ", "))
		}
	}
}

// constants returns the constants of the package by the name of the deviation.
func constants(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]string)
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Names) != 1 || len(spec.Values) != 1 {
				return true
			}
			if value, ok := spec.Values[0].(*ast.BasicLit); ok && value.Kind == token.STRING {
				text, err := strconv.Unquote(value.Value)
				if err != nil {
					t.Fatal(err)
				}
				found[text] = spec.Names[0].Name
			}
			return true
		})
	}
	return found
}
