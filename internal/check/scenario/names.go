package scenariocheck

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// The keys of the two lists of steps.
const (
	keySteps   = "scenario"
	keyCleanup = "cleanup"
)

// placeOf says which step it is: "step 2", "cleanup step 1".
func placeOf(key string, index int) string {
	if key == keyCleanup {
		return fmt.Sprintf("cleanup step %d", index+1)
	}
	return fmt.Sprintf("step %d", index+1)
}

// namePattern is what a captured value may be called. It is a name in an expression of assert as well, so that it has no - in
// it.
const namePattern = `^[A-Za-z_][A-Za-z0-9_]*$`

func isName(s string) bool {
	for i, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// taken are names that mean something else in an expression: what it knows of the answer, and words of its language.
var taken = []string{
	"status", "duration", "headers", "body", "size",
	"true", "false", "nil", "null", "not", "and", "or", "in", "let", "if", "else", "matches", "contains", "startsWith", "endsWith",
}

// names are those of a scenario's captures, while its steps are decoded one after the other.
type names struct {
	plan strictyaml.Names
	// captures are where each is captured.
	captures map[string]string
	// known are those that earlier steps capture.
	known []string
}

func newNames(plan strictyaml.Names, steps, cleanup strictyaml.Node) *names {
	n := &names{plan: plan, captures: map[string]string{}}
	n.find(keySteps, steps)
	n.find(keyCleanup, cleanup)
	return n
}

// find notes where each name is captured first.
func (n *names) find(key string, list strictyaml.Node) {
	for i, item := range list.Items() {
		capture, _ := item.Get("capture")
		for _, pair := range capture.Pairs() {
			if _, found := n.captures[pair.Key.Text()]; !found {
				n.captures[pair.Key.Text()] = placeOf(key, i)
			}
		}
	}
}

// at gives the names that a step may use.
func (n *names) at(place string) strictyaml.Names {
	here := n.plan
	here.Later = slices.Concat(n.plan.Later, n.known)
	here.NotYet = maps.Clone(n.plan.NotYet)
	for name, by := range n.captures {
		switch {
		case slices.Contains(n.known, name):
			continue
		case here.NotYet == nil:
			here.NotYet = map[string]string{}
		}
		here.NotYet[name] = "is captured by " + by
		if by == place {
			here.NotYet[name] = "is captured from the answer of this step"
		}
	}
	return here
}

// capture adds what a step captures, and refuses names that no value can have.
func (n *names) capture(d *strictyaml.Decoder, place string, step strictyaml.Node) {
	capture, _ := step.Get("capture")
	for _, pair := range capture.Pairs() {
		name := pair.Key.Text()
		by := n.captures[name]
		switch {
		case !pair.Key.IsScalar():
			continue // already noted
		case !isName(name):
			d.Problem(pair.Key, "capture: %q is not a name for a value: letters, digits and _, as in cart_id", name)
		case n.isTaken(name):
			d.Problem(pair.Key, "capture: %s means something else already: choose another name", name)
		case by != place && slices.Contains(n.known, name):
			d.Problem(pair.Key, "capture: %s is captured by %s already: a name has one value in a scenario", name, by)
		}
		n.known = append(n.known, name)
	}
}

func (n *names) isTaken(name string) bool {
	if _, static := n.plan.Static[name]; static || slices.Contains(taken, name) {
		return true
	}
	return slices.ContainsFunc(n.plan.Later, func(later string) bool {
		first, _, _ := strings.Cut(later, ".")
		return first == name
	})
}
