package main

import (
	"go/ast"
	"slices"
	"strings"
)

// isSilent reports whether a function, or what a call calls, is among those whose
// doings nobody outside is meant to see.
func (f *finder) isSilent(called string) bool {
	return slices.ContainsFunc(f.silent, func(s string) bool {
		return called == s || strings.HasSuffix(called, "."+s) || strings.HasSuffix(s, ".") && strings.Contains("."+called, "."+s)
	})
}

// broken reports whether an expression asks for a deviation, and for nothing else:
// by its name, or by a function that does.
func (f *finder) broken(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return f.broken(e.X)
	case *ast.UnaryExpr:
		return f.broken(e.X)
	case *ast.CallExpr:
		called := f.text(e.Fun)
		name := called[strings.LastIndex(called, ".")+1:]
		if strings.EqualFold(name, "has") && len(e.Args) == 1 {
			return strings.HasPrefix(f.text(e.Args[0]), "deviation.")
		}
		return slices.ContainsFunc(f.asks, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
	}
	return false
}

// begins reports whether a statement calls what asks for a deviation.
func (f *finder) begins(s ast.Stmt) bool {
	a, ok := s.(*ast.AssignStmt)
	return ok && f.broken(a.Rhs[0])
}

// reserves reports whether a call makes something with room to grow: how much room
// is nobody's business.
func reserves(c *ast.CallExpr) bool {
	called, ok := c.Fun.(*ast.Ident)
	return ok && called.Name == "make" && len(c.Args) == 3
}
