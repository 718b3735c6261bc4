package main

import (
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// visit looks at a node and those around it, and says whether to look inside.
func (f *finder) visit(n ast.Node, around []ast.Node) bool {
	if e, ok := n.(ast.Expr); ok && f.decided(e) {
		return false // what stands inside makes no difference
	}
	switch n := n.(type) {
	case *ast.FuncDecl:
		f.answers = f.heldAnswers(n)
		f.earlyReturn(n)
	case *ast.CallExpr:
		if f.isSilent(f.text(n.Fun)) || f.broken(n) || reserves(n) {
			return false
		}
		f.arguments(n)
	case *ast.IfStmt:
		if f.begins(n.Init) || f.never(n.Cond) {
			f.otherwise(n, around)
			return false // what a deviation does is no code of the conforming platform
		}
		if !f.decided(n.Cond) {
			f.condition(n.Cond, leaves(n.Body))
		}
	case *ast.CaseClause:
		if s, ok := around[len(around)-2].(*ast.SwitchStmt); ok && s.Tag == nil {
			if len(n.List) > 0 && !slices.ContainsFunc(n.List, func(e ast.Expr) bool { return !f.never(e) }) {
				return false
			}
			for _, condition := range n.List {
				if !f.decided(condition) {
					f.condition(condition, leaves(&ast.BlockStmt{List: n.Body}))
				}
			}
		}
	case *ast.BinaryExpr:
		f.binary(n)
	case *ast.UnaryExpr:
		if n.Op == token.NOT {
			f.swap("negate", n, f.text(n.X))
		}
	case *ast.BasicLit:
		f.constant(n, around)
	case *ast.Ident:
		f.truth(n, around)
	case *ast.ReturnStmt:
		f.returned(n, resultsOf(around))
	case ast.Stmt:
		f.statement(n, around)
	}
	return true
}

// leaves reports whether a block ends by going elsewhere: it hangs on a check.
func leaves(b *ast.BlockStmt) bool {
	if len(b.List) == 0 {
		return false
	}
	switch b.List[len(b.List)-1].(type) {
	case *ast.ReturnStmt, *ast.BranchStmt:
		return true
	}
	return false
}

// condition negates a condition, and drops the check that it is of. What other
// operators do to it is left to them.
func (f *finder) condition(c ast.Expr, check bool) {
	if check {
		f.swap("drop check", c, "false && ("+f.text(c)+")")
	}
	switch c := c.(type) {
	case *ast.UnaryExpr:
		return
	case *ast.BinaryExpr:
		if c.Op == token.EQL || c.Op == token.NEQ {
			return
		}
	}
	f.swap("negate", c, "!("+f.text(c)+")")
}

var comparisons = map[token.Token]token.Token{
	token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR, token.EQL: token.NEQ, token.NEQ: token.EQL,
	token.LAND: token.LOR, token.LOR: token.LAND, token.ADD: token.SUB, token.SUB: token.ADD, token.MUL: token.QUO, token.QUO: token.MUL,
	token.AND: token.OR, token.OR: token.AND, token.SHL: token.SHR, token.SHR: token.SHL,
}

// binary exchanges an operator for its neighbour, and drops one side of "and" and "or".
func (f *finder) binary(b *ast.BinaryExpr) {
	other, ok := comparisons[b.Op]
	if !ok || holdsText(b) {
		return
	}
	f.edit("operator", b.OpPos, b.OpPos+token.Pos(len(b.Op.String())), other.String())
	if b.Op == token.LAND || b.Op == token.LOR {
		if !f.decided(b.X) {
			f.swap("drop term", b, f.text(b.Y))
		}
		if !f.decided(b.Y) {
			f.swap("drop term", b, f.text(b.X))
		}
	}
}

// holdsText reports whether a sum is one of strings.
func holdsText(b *ast.BinaryExpr) bool {
	if b.Op != token.ADD {
		return false
	}
	for _, side := range []ast.Expr{b.X, b.Y} {
		switch side := side.(type) {
		case *ast.BasicLit:
			if side.Kind == token.STRING {
				return true
			}
		case *ast.BinaryExpr:
			if holdsText(side) {
				return true
			}
		}
	}
	return false
}

// constant moves a whole number by one, up and down; of a list of them, such as
// an object identifier, the last one alone, and up.
func (f *finder) constant(l *ast.BasicLit, around []ast.Node) {
	n, err := strconv.ParseInt(l.Value, 0, 64)
	if l.Kind != token.INT || err != nil || f.besideError(l, around) {
		return
	}
	if list, ok := around[len(around)-1].(*ast.CompositeLit); ok {
		if list.Elts[len(list.Elts)-1] == l {
			f.swap("constant", l, strconv.FormatInt(n+1, 10))
		}
		return
	}
	f.swap("constant", l, strconv.FormatInt(n+1, 10))
	if n > 0 {
		f.swap("constant", l, strconv.FormatInt(n-1, 10))
	}
}

// truth exchanges true and false.
func (f *finder) truth(i *ast.Ident, around []ast.Node) {
	if of, ok := around[len(around)-1].(*ast.SelectorExpr); ok && of.Sel == i || f.besideError(i, around) {
		return
	}
	switch i.Name {
	case "true":
		f.swap("constant", i, "false")
	case "false":
		f.swap("constant", i, "true")
	}
}

// symmetric are functions that do not care about the order of their arguments.
var symmetric = []string{"Equal", "EqualFold", "ConstantTimeCompare", "max", "min"}

// arguments exchanges arguments that stand beside each other. Where their types
// differ the compiler will not have it.
func (f *finder) arguments(c *ast.CallExpr) {
	called := f.text(c.Fun)
	if slices.Contains(symmetric, called[strings.LastIndex(called, ".")+1:]) {
		return
	}
	for i := 1; i < len(c.Args); i++ {
		a, b := c.Args[i-1], c.Args[i]
		between := string(f.source[f.offset(a.End()):f.offset(b.Pos())])
		if f.text(a) != f.text(b) && !(f.option(a) && f.option(b)) && (c.Ellipsis == token.NoPos || i < len(c.Args)-1) {
			f.edit("swap arguments", a.Pos(), b.End(), f.text(b)+between+f.text(a))
		}
	}
}
