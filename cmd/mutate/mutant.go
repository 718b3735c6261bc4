package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
)

// A mutant is one small change of one source file. Its key (file, function and
// mutation) says which one it is for as long as the code around it is the same,
// wherever in the file that has moved to.
type mutant struct {
	File     string `json:"file"`     // from the root of the module, with slashes
	Function string `json:"function"` // Type.method; "" outside of any
	Mutation string `json:"mutation"` // kind: old → new
	Line     int    `json:"line"`

	column     int
	start, end int // bytes of the file that are replaced
	replace    string
}

// key is what tells a mutant from the others.
func (m mutant) key() string { return m.File + " " + m.Function + " " + m.Mutation }

// apply returns the source with the change made.
func (m mutant) apply(source []byte) []byte {
	return bytes.Join([][]byte{source[:m.start], []byte(m.replace), source[m.end:]}, nil)
}

// diff shows the lines that the change is in, before and after.
func (m mutant) diff(source []byte) string {
	first := bytes.LastIndexByte(source[:m.start], '\n') + 1
	last := len(source)
	if i := bytes.IndexByte(source[m.end:], '\n'); i >= 0 {
		last = m.end + i
	}
	after := string(source[first:m.start]) + m.replace + string(source[m.end:last])
	return prefixed("-", string(source[first:last])) + prefixed("+", after)
}

func prefixed(mark, lines string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(lines, "\n") {
		fmt.Fprintf(&b, "%s%s\n", mark, line)
	}
	return b.String()
}

// A finder gathers the mutants of one file.
type finder struct {
	file   string
	source []byte
	fset   *token.FileSet
	silent []string // see subject
	asks   []string // see subject
	found  []mutant

	function string
	answers  map[string]bool // variables of the function that hold no more than an answer about deviations, and which
}

// find returns every mutant of a file, in the order of the source.
func find(file string, source []byte, s subject) ([]mutant, error) {
	f := &finder{file: file, source: source, fset: token.NewFileSet(), silent: s.silent, asks: s.asks}
	tree, err := parser.ParseFile(f.fset, file, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, d := range tree.Decls {
		f.function = functionName(d)
		if !f.isSilent(f.function) {
			ast.PreorderStack(d, nil, f.visit)
		}
	}
	f.number()
	return f.found, nil
}

// functionName is the name of a function with that of its receiver's type.
func functionName(d ast.Decl) string {
	function, ok := d.(*ast.FuncDecl)
	if !ok {
		return ""
	}
	if function.Recv == nil {
		return function.Name.Name
	}
	receiver := function.Recv.List[0].Type
	if star, ok := receiver.(*ast.StarExpr); ok {
		receiver = star.X
	}
	if generic, ok := receiver.(*ast.IndexExpr); ok {
		receiver = generic.X
	}
	if named, ok := receiver.(*ast.Ident); ok {
		return named.Name + "." + function.Name.Name
	}
	return function.Name.Name
}

// number tells equal mutations of one function apart: the second gets "#2".
func (f *finder) number() {
	seen := make(map[string]int)
	for i, m := range f.found {
		seen[m.key()]++
		if n := seen[m.key()]; n > 1 {
			f.found[i].Mutation += fmt.Sprintf(" #%d", n)
		}
	}
}

// text is the source of a node.
func (f *finder) text(n ast.Node) string {
	return string(f.source[f.offset(n.Pos()):f.offset(n.End())])
}

func (f *finder) offset(p token.Pos) int { return f.fset.Position(p).Offset }

// swap notes that the source of a node may be replaced.
func (f *finder) swap(kind string, n ast.Node, replace string) {
	f.edit(kind, n.Pos(), n.End(), replace)
}

// longest bounds how much source stands in a key.
const longest = 100

func (f *finder) edit(kind string, from, to token.Pos, replace string) {
	at := f.fset.Position(from)
	m := mutant{
		File: f.file, Function: f.function, Line: at.Line, column: at.Column,
		start: f.offset(from), end: f.offset(to), replace: replace,
	}
	m.Mutation = kind + ": " + brief(string(f.source[m.start:m.end])) + " → " + brief(replace)
	f.found = append(f.found, m)
}

// brief is source in one line that is not too long.
func brief(source string) string {
	words := strings.Join(strings.Fields(source), " ")
	if runes := []rune(words); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return words
}
