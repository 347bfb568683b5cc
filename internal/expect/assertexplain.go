package expect

import (
	"context"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

// explain gives the values that made a false expression false: of the first part of its conjunction that is false, the
// operands that aren't written out there.
func (a *assertion) explain(ctx context.Context, env map[string]any) string {
	tree, err := parser.Parse(a.source)
	if err != nil {
		return ""
	}
	var said []string
	for _, operand := range operands(a.falsePart(ctx, tree.Node, env)) {
		source := operand.String()
		value, err := a.evaluate(ctx, source, env)
		part := cut(strings.Join(strings.Fields(source), " ")) + " is " + show(value)
		if err == nil && !slices.Contains(said, part) {
			said = append(said, part)
		}
		if len(said) == 3 {
			break
		}
	}
	return strings.Join(said, ", ")
}

// falsePart goes down into the first false part of a && b && c.
func (a *assertion) falsePart(ctx context.Context, n ast.Node, env map[string]any) ast.Node {
	binary, ok := n.(*ast.BinaryNode)
	if !ok || (binary.Operator != "&&" && binary.Operator != "and") {
		return n
	}
	if left, err := a.evaluate(ctx, binary.Left.String(), env); err != nil || left == false {
		return a.falsePart(ctx, binary.Left, env)
	}
	return a.falsePart(ctx, binary.Right, env)
}

// operands are what a reader wants to see the values of.
func operands(n ast.Node) []ast.Node {
	switch n := n.(type) {
	case *ast.BinaryNode:
		var all []ast.Node
		for _, side := range []ast.Node{n.Left, n.Right} {
			switch side := side.(type) {
			case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NilNode, *ast.ConstantNode, *ast.ArrayNode, *ast.MapNode:
			case *ast.BinaryNode, *ast.UnaryNode:
				all = append(all, operands(side)...)
			default:
				all = append(all, side)
			}
		}
		return all
	case *ast.UnaryNode:
		switch n.Node.(type) {
		case *ast.BinaryNode, *ast.UnaryNode:
			return operands(n.Node)
		}
		return []ast.Node{n.Node}
	case *ast.BuiltinNode:
		if len(n.Arguments) > 0 {
			if _, loops := n.Arguments[len(n.Arguments)-1].(*ast.PredicateNode); loops {
				return n.Arguments[:1]
			}
		}
	}
	return nil
}

// evaluate runs a part of the expression by itself.
func (a *assertion) evaluate(ctx context.Context, source string, env map[string]any) (any, error) {
	program, err := expr.Compile(source, a.options(expr.Patch(newRewriter(a.names)))...)
	if err != nil {
		return nil, err
	}
	env[budgetName] = newBudget(ctx)
	return expr.Run(program, env)
}
