package plan

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// vars reads the variables first: every other value may name them. A variable's own value is plain. What is wrong is
// given beside the values, so that the rest of the plan can still be read, and all its problems be shown at once.
func (l Language) vars(root strictyaml.Node) (map[string]any, strictyaml.Problems) {
	vars := map[string]any{}
	var wrong strictyaml.Problems
	if node, ok := root.Get("vars"); ok && !node.IsNull() {
		wrong = l.planVars(node, vars)
	}
	for name, text := range l.Vars {
		vars[name] = typed(text, vars[name])
	}
	return vars, wrong
}

func (l Language) planVars(node strictyaml.Node, vars map[string]any) strictyaml.Problems {
	names, written := slices.Clone(l.Names), map[string]strictyaml.Node{}
	for _, pair := range node.Pairs() {
		names = append(names, "vars."+pair.Key.Text())
		written[pair.Key.Text()] = pair.Value
	}
	dec := strictyaml.NewDecoder(strictyaml.Names{Later: names})
	var values strictyaml.Map[strictyaml.Value]
	if !node.IsMapping() {
		dec.Problem(node, "vars: expected a mapping, found %s", node.Describe())
	} else {
		dec.Decode(node, &values)
	}
	for _, v := range values {
		written := written[v.Key]
		plain, err := v.Value.Expand(noName)
		if err != nil {
			dec.Problem(written, "%s: the value of a variable is plain: it can't hold {{ }}", v.Key)
		}
		if plain == nil && written.IsScalar() {
			plain = written.Text() // wrong, and noted: what names the variable isn't wrong for that
		}
		vars[v.Key] = plain
	}
	var wrong strictyaml.Problems
	errors.As(dec.Err(), &wrong)
	return wrong
}

func noName(string) (any, error) { return nil, errors.New("no names are known yet") }

// typed gives a value that was set from outside the type that it has in YAML: `--var sku=43` is a number in a JSON
// body. It stays text where the plan's own value is text, and where the number would read otherwise than what was
// set: a commit's id such as 12e4567 is no number, nor is 007.
func typed(text string, own any) any {
	if _, isText := own.(string); isText {
		return text
	}
	if i, err := strconv.ParseInt(text, 10, 64); err == nil && fmt.Sprint(i) == text {
		return i
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && fmt.Sprint(f) == text && strings.Trim(text, "-.0123456789") == "" {
		return f
	}
	switch text {
	case "true":
		return true
	case "false":
		return false
	}
	return text
}
