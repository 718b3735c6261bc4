package main

import (
	"go/ast"
	"go/token"
	"maps"
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
			return strings.HasPrefix(f.text(e.Args[0]), "deviation.") || f.broken(e.Args[0])
		}
		return slices.ContainsFunc(f.asks, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
	}
	return false
}

// value is what an expression comes to without deviations, if that alone decides.
func (f *finder) value(e ast.Expr) (value, known bool) {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return f.value(e.X)
	case *ast.Ident:
		value, known = f.answers[e.Name]
		return value, known
	case *ast.CallExpr:
		return false, f.broken(e)
	case *ast.UnaryExpr:
		value, known = f.value(e.X)
		return !value, known && e.Op == token.NOT
	case *ast.BinaryExpr:
		if e.Op != token.LAND && e.Op != token.LOR {
			return false, false
		}
		x, knownX := f.value(e.X)
		y, knownY := f.value(e.Y)
		strong := e.Op == token.LOR // the side that has this value decides alone
		if knownX && x == strong || knownY && y == strong {
			return strong, true
		}
		return !strong, knownX && knownY
	}
	return false, false
}

// decided reports whether an expression comes to the same whatever happens, as long
// as there are no deviations.
func (f *finder) decided(e ast.Expr) bool {
	_, known := f.value(e)
	return known
}

// never reports whether an expression is false without deviations.
func (f *finder) never(e ast.Expr) bool {
	value, known := f.value(e)
	return known && !value
}

// heldAnswers finds the variables of a function that are set once, and to what is
// decided.
func (f *finder) heldAnswers(d *ast.FuncDecl) map[string]bool {
	held, set := make(map[string]bool), make(map[string]int)
	ast.Inspect(d, func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		if !ok {
			return true
		}
		for i, left := range a.Lhs {
			name, ok := left.(*ast.Ident)
			if !ok {
				continue
			}
			set[name.Name]++
			if len(a.Lhs) != len(a.Rhs) {
				continue
			}
			if value, known := f.value(a.Rhs[i]); known {
				held[name.Name] = value
			}
		}
		return true
	})
	maps.DeleteFunc(held, func(name string, _ bool) bool { return set[name] != 1 })
	return held
}

// otherwise looks into the "else" of a condition that is false without deviations.
func (f *finder) otherwise(n *ast.IfStmt, around []ast.Node) {
	if n.Else != nil {
		ast.PreorderStack(n.Else, append(slices.Clip(around), n), f.visit)
	}
}

// keeps reports whether an assignment leaves its variable as it is without
// deviations: "x = x || has(deviation.Y)".
func (f *finder) keeps(a *ast.AssignStmt) bool {
	b, ok := a.Rhs[0].(*ast.BinaryExpr)
	if !ok || len(a.Lhs) != 1 || f.text(a.Lhs[0]) != f.text(b.X) {
		return false
	}
	value, known := f.value(b.Y)
	return known && value == (b.Op == token.LAND) && (b.Op == token.LAND || b.Op == token.LOR)
}

// besideError reports whether a value is returned beside an error that is made
// there: who gets the error does not look at it.
func (f *finder) besideError(e ast.Expr, around []ast.Node) bool {
	r, ok := around[len(around)-1].(*ast.ReturnStmt)
	if !ok || len(r.Results) < 2 {
		return false
	}
	last := r.Results[len(r.Results)-1]
	return last != e && f.silentCall([]ast.Expr{last})
}

// option reports whether an expression is one of those functional options that
// may stand in any order.
func (f *finder) option(e ast.Expr) bool {
	c, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	called := f.text(c.Fun)
	return strings.HasPrefix(called[strings.LastIndex(called, ".")+1:], "With")
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
