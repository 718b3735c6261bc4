package main

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// statement removes a statement that declares nothing.
func (f *finder) statement(s ast.Stmt, around []ast.Node) {
	switch s := s.(type) {
	case *ast.ExprStmt:
		if c, ok := s.X.(*ast.CallExpr); ok && f.isSilent(f.text(c.Fun)) {
			return
		}
	case *ast.AssignStmt:
		if s.Tok == token.DEFINE || allBlank(s.Lhs) && f.silentCall(s.Rhs) || f.begins(s) || f.keeps(s) {
			return
		}
	case *ast.BranchStmt:
		if s.Tok == token.FALLTHROUGH {
			return
		}
	case *ast.IncDecStmt, *ast.DeferStmt, *ast.GoStmt, *ast.SendStmt:
	default:
		return
	}
	if loop, ok := around[len(around)-1].(*ast.ForStmt); ok && loop.Post == s {
		f.swap("remove", s, "") // no block may stand there
		return
	}
	f.swap("remove", s, "{ }")
}

func (f *finder) silentCall(list []ast.Expr) bool {
	c, ok := list[0].(*ast.CallExpr)
	return ok && f.isSilent(f.text(c.Fun))
}

func allBlank(list []ast.Expr) bool {
	return !slices.ContainsFunc(list, func(e ast.Expr) bool {
		i, ok := e.(*ast.Ident)
		return !ok || i.Name != "_"
	})
}

// resultsOf are the results of the innermost function around a node.
func resultsOf(around []ast.Node) *ast.FieldList {
	for _, n := range slices.Backward(around) {
		switch n := n.(type) {
		case *ast.FuncDecl:
			return n.Type.Results
		case *ast.FuncLit:
			return n.Type.Results
		}
	}
	return nil
}

// types spreads results: "a, b int" are two.
func types(results *ast.FieldList) []ast.Expr {
	var all []ast.Expr
	if results == nil {
		return nil
	}
	for _, field := range results.List {
		for range max(len(field.Names), 1) {
			all = append(all, field.Type)
		}
	}
	return all
}

// returned has a function keep to itself what went wrong, and return the opposite
// of what it found.
func (f *finder) returned(r *ast.ReturnStmt, results *ast.FieldList) {
	expected := types(results)
	if len(expected) != len(r.Results) {
		return
	}
	for i, e := range r.Results {
		if f.decided(e) || f.broken(e) {
			continue
		}
		wanted := f.text(expected[i])
		if named, ok := e.(*ast.Ident); ok && slices.Contains([]string{"nil", "true", "false"}, named.Name) {
			continue
		}
		switch {
		case wanted == "error" || strings.HasPrefix(wanted, "*"):
			f.swap("swallow", e, "nil")
		case wanted == "bool":
			f.swap("negate", e, "!("+f.text(e)+")")
		}
	}
}

// earlyReturn has a function do nothing.
func (f *finder) earlyReturn(d *ast.FuncDecl) {
	if d.Body == nil || len(d.Body.List) == 0 {
		return
	}
	expected := types(d.Type.Results)
	at := d.Body.Lbrace + 1
	if len(expected) == 1 && f.text(expected[0]) == "bool" {
		f.edit("early return", at, at, " return true;")
		f.edit("early return", at, at, " return false;")
		return
	}
	zeros := make([]string, len(expected))
	for i, e := range expected {
		zeros[i] = "*new(" + f.text(e) + ")"
	}
	f.edit("early return", at, at, strings.TrimRight(" return "+strings.Join(zeros, ", "), " ")+";")
}
