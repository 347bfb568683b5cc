package expect

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm/runtime"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// The names of what a rewritten expression calls have spaces in them, so that no expression can name them itself.
const (
	strictMember  = "member of"
	lenientMember = "member, if any, of"
	stepOf        = "step of"
	costOf        = "cost of"
	budgetName    = "budget of this run"
)

// rewriter changes an expression so that a member that isn't there is an error (the library gives nil for it), and so
// that evaluating it is bounded. On the way it notes the names that the expression uses.
type rewriter struct {
	names strictyaml.Names
	uses  map[string]bool
	later []string
	// members are the accesses that were rewritten, by what they became.
	members map[ast.Node]*ast.MemberNode
	// unknown are names that no plan value has, by the access that names them.
	unknown map[ast.Node]fault
}

func newRewriter(names strictyaml.Names) *rewriter {
	return &rewriter{names: names, uses: map[string]bool{}, members: map[ast.Node]*ast.MemberNode{}, unknown: map[ast.Node]fault{}}
}

// Visit rewrites a node whose parts are rewritten already.
func (r *rewriter) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		r.name(n)
	case *ast.MemberNode:
		if !n.Optional {
			r.replace(node, n)
		}
	case *ast.CallNode:
		// A method of a time or duration is called, not read: its access stays as it was.
		if method, ok := r.members[n.Callee]; ok {
			delete(r.unknown, n.Callee)
			n.Callee = method
		}
	case *ast.BinaryNode:
		if n.Operator == "??" {
			r.optional(n.Left)
		}
	case *ast.PredicateNode:
		r.bound(n)
	}
}

func (r *rewriter) name(n *ast.IdentifierNode) {
	r.uses[n.Value] = true
	if slices.Contains(r.names.Later, n.Value) {
		r.later = append(r.later, n.Value)
	}
}

func (r *rewriter) replace(node *ast.Node, n *ast.MemberNode) {
	call := &ast.CallNode{
		Callee:    &ast.IdentifierNode{Value: strictMember},
		Arguments: []ast.Node{n.Node, n.Property},
	}
	r.members[call] = n
	if name, ok := r.dotted(call); ok {
		r.planName(call, n, name)
	}
	ast.Patch(node, call)
}

// dotted gives an access to a member of a member of a name as it is written: vars.user.id.
func (r *rewriter) dotted(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return n.Value, true
	case *ast.CallNode:
		m, ok := r.members[n]
		if !ok {
			return "", false
		}
		key, ok := m.Property.(*ast.StringNode)
		if !ok {
			return "", false
		}
		base, ok := r.dotted(m.Node)
		return base + "." + key.Value, ok
	}
	return "", false
}

// planName notes a name of the plan that is looked up when the check runs, and refuses one that no value can have.
func (r *rewriter) planName(call ast.Node, n *ast.MemberNode, name string) {
	if slices.Contains(r.names.Later, name) {
		r.later = append(r.later, name)
		return
	}
	var at any = r.names.Static
	path := strings.Split(name, ".")
	for i, key := range path {
		m, ok := at.(map[string]any)
		if !ok {
			return
		}
		next, ok := m[key]
		if !ok && i == len(path)-1 && i > 0 {
			r.unknown[call] = fault{offset: n.Property.Location().From, message: strictyaml.Unknown("name", name, prefixed(path[:i], m))}
		}
		if !ok {
			r.unknownLater(call, n, name)
			return
		}
		at = next
	}
}

// unknownLater refuses green.imag where green.image would be looked up.
func (r *rewriter) unknownLater(call ast.Node, n *ast.MemberNode, name string) {
	first, _, _ := strings.Cut(name, ".")
	var same []string
	for _, later := range r.names.Later {
		if strings.HasPrefix(name, later+".") || strings.HasPrefix(later, name+".") {
			return // a member of a value, or a part of the way to one
		}
		if strings.HasPrefix(later, first+".") {
			same = append(same, later)
		}
	}
	if len(same) > 0 {
		r.unknown[call] = fault{offset: n.Property.Location().From, message: strictyaml.Unknown("name", name, same)}
	}
}

func prefixed(path []string, m map[string]any) []string {
	names := make([]string, 0, len(m))
	for key := range m {
		names = append(names, strings.Join(path, ".")+"."+key)
	}
	return names
}

// optional makes the accesses on the left of ?? give nil for what isn't there: the right is for that.
func (r *rewriter) optional(n ast.Node) {
	for {
		if chain, ok := n.(*ast.ChainNode); ok {
			n = chain.Node
			continue
		}
		if m, ok := n.(*ast.MemberNode); ok {
			n = m.Node
			continue
		}
		m, ok := r.members[n]
		if !ok {
			return
		}
		call := n.(*ast.CallNode)
		call.Callee = &ast.IdentifierNode{Value: lenientMember}
		delete(r.unknown, n)
		n = m.Node
	}
}

// bound counts each turn of a loop, and what the turn costs beside: operators and functions that walk through a whole
// list or text.
func (r *rewriter) bound(n *ast.PredicateNode) {
	ast.Walk(&n.Node, costs{})
	n.Node = counted(stepOf, n.Node)
}

func counted(function string, n ast.Node) ast.Node {
	call := &ast.CallNode{
		Callee:    &ast.IdentifierNode{Value: function},
		Arguments: []ast.Node{&ast.IdentifierNode{Value: budgetName}, n},
	}
	call.SetLocation(n.Location())
	return call
}

// costs wraps the operands of what takes time by their size.
type costs struct{}

// Visit wraps operands once: an inner loop's are wrapped when the outer loop is met.
func (costs) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.BinaryNode:
		switch n.Operator {
		case "in", "==", "!=", "contains", "matches", "startsWith", "endsWith", "+":
			n.Left, n.Right = charged(n.Left), charged(n.Right)
		}
	case *ast.BuiltinNode:
		for i, argument := range n.Arguments {
			if _, predicate := argument.(*ast.PredicateNode); !predicate {
				n.Arguments[i] = charged(argument)
			}
		}
	case *ast.SliceNode:
		n.Node = charged(n.Node)
	}
}

func charged(n ast.Node) ast.Node {
	switch n := n.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NilNode, *ast.ConstantNode:
		return n
	case *ast.CallNode:
		if callee, ok := n.Callee.(*ast.IdentifierNode); ok && callee.Value == costOf {
			return n
		}
	}
	return counted(costOf, n)
}

func (r *rewriter) faults() []fault {
	faults := make([]fault, 0, len(r.unknown))
	for _, f := range r.unknown {
		faults = append(faults, f)
	}
	slices.SortFunc(faults, func(a, b fault) int { return a.offset - b.offset })
	return faults
}

// member reads what must be there.
func member(base, key any) (any, error) {
	if base == nil {
		return nil, fmt.Errorf("there is no member %s: what should have it is null", show(key))
	}
	v := reflect.ValueOf(base)
	if v.Kind() != reflect.Map {
		return fetch(base, key)
	}
	k := reflect.ValueOf(key)
	if !k.IsValid() || !k.Type().AssignableTo(v.Type().Key()) || !k.Comparable() {
		return nil, fmt.Errorf("there is no member %s", show(key))
	}
	if found := v.MapIndex(k); found.IsValid() {
		return found.Interface(), nil
	}
	if m, ok := base.(map[string]any); ok && len(m) <= 20 {
		if name, ok := key.(string); ok {
			return nil, fmt.Errorf("%s", strictyaml.Unknown("member", name, keysOf(m)))
		}
	}
	return nil, fmt.Errorf("there is no member %s", show(key))
}

func keysOf(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	return keys
}

// fetch reads an item of a list, or a field, as the library does, whose panics say what is wrong.
func fetch(base, key any) (_ any, err error) {
	switch base.(type) {
	case string, bool, int, int64, float64:
		if name, ok := key.(string); ok {
			return nil, fmt.Errorf("there is no member %s: what should have it is %s", show(name), show(base))
		}
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	return runtime.Fetch(base, key), nil
}

func memberOrNil(base, key any) any {
	value, err := member(base, key)
	if err != nil {
		return nil
	}
	return value
}
