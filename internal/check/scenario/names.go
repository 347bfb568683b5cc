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

// names are those of the captures of one file's steps, while they are decoded one after the other.
type names struct {
	plan strictyaml.Names
	// ahead are where each is captured first, in this file.
	ahead map[string]string
	// known are those that earlier steps capture, also in files that this one includes.
	known []string
	// all are those of the whole scenario.
	all *captures
}

// captures are where each name of a scenario is captured.
type captures struct {
	by map[string]place
	// plan are the names that are known where the check stands, and mean the same in the files that it includes.
	plan strictyaml.Names
}

// place is a step: "step 2", and the file in which it stands.
type place struct{ step, file string }

// seenFrom is a place as another file knows it.
func (p place) seenFrom(file string) string {
	if p.file == file {
		return p.step
	}
	return p.step + " of " + p.file
}

func newNames(plan strictyaml.Names, steps, cleanup strictyaml.Node) *names {
	return namesOf(plan, &captures{by: map[string]place{}, plan: plan}, steps, cleanup)
}

func namesOf(plan strictyaml.Names, all *captures, steps, cleanup strictyaml.Node) *names {
	n := &names{plan: plan, ahead: map[string]string{}, all: all}
	n.find(keySteps, steps)
	n.find(keyCleanup, cleanup)
	return n
}

// find notes where each name is captured first.
func (n *names) find(key string, list strictyaml.Node) {
	for i, item := range list.Items() {
		capture, _ := item.Get("capture")
		for _, pair := range capture.Pairs() {
			if _, found := n.ahead[pair.Key.Text()]; !found {
				n.ahead[pair.Key.Text()] = placeOf(key, i)
			}
		}
	}
}

// at gives the names that a step may use.
func (n *names) at(step string) strictyaml.Names {
	here := n.plan
	here.Later = slices.Concat(n.plan.Later, n.known)
	here.NotYet = maps.Clone(n.plan.NotYet)
	for name, by := range n.ahead {
		switch {
		case slices.Contains(n.known, name):
			continue
		case here.NotYet == nil:
			here.NotYet = map[string]string{}
		}
		here.NotYet[name] = "is captured by " + by
		if by == step {
			here.NotYet[name] = "is captured from the answer of this step"
		}
	}
	return here
}

// capture adds what a step captures, and refuses names that no value can have.
func (n *names) capture(d *strictyaml.Decoder, step string, item strictyaml.Node) {
	capture, _ := item.Get("capture")
	for _, pair := range capture.Pairs() {
		name := pair.Key.Text()
		by, twice := n.all.by[name]
		switch {
		case !pair.Key.IsScalar():
			continue // already noted
		case !isName(name):
			d.Problem(pair.Key, "capture: %q is not a name for a value: letters, digits and _, as in cart_id", name)
		case isTaken(n.plan, name), isTaken(n.all.plan, name):
			d.Problem(pair.Key, "capture: %s means something else already: choose another name", name)
		case !twice:
			n.all.by[name] = place{step, item.Position().File}
		case by.step != step || !slices.Contains(n.known, name): // otherwise one mapping has the key twice, which is noted
			d.Problem(pair.Key, "capture: %s is captured by %s already: a name has one value in a scenario", name, by.seenFrom(item.Position().File))
		}
		n.known = append(n.known, name)
	}
}

// isTaken says that a name stands for something else among others.
func isTaken(names strictyaml.Names, name string) bool {
	if _, static := names.Static[name]; static || slices.Contains(taken, name) {
		return true
	}
	return slices.ContainsFunc(names.Later, func(later string) bool {
		first, _, _ := strings.Cut(later, ".")
		return first == name
	})
}
