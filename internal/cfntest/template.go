package cfntest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// template is a CloudFormation template as it is written, its short forms spelled out.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
type template struct {
	Transform  any
	Parameters map[string]parameter
	Mappings   map[string]map[string]map[string]any
	Rules      map[string]rule
	Conditions map[string]any
	Resources  map[string]written
	Outputs    map[string]output
}

// written is a resource as the template has it.
type written struct {
	Type         string
	Condition    string
	Properties   map[string]any
	UpdatePolicy map[string]any
	DependsOn    any
}

type output struct {
	Condition string
	Value     any
}

// read reads a template in JSON or YAML.
func read(path string) (*template, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the template: %w", err)
	}
	if !json.Valid(text) {
		if text, err = spelled(text); err != nil {
			return nil, fmt.Errorf("reading the template %s: %w", path, err)
		}
	}
	t := &template{}
	if err := json.Unmarshal(text, t); err != nil {
		return nil, fmt.Errorf("reading the template %s: %w", path, err)
	}
	if len(t.Resources) == 0 {
		return nil, fmt.Errorf("reading the template %s: it has no resources", path)
	}
	return t, nil
}

// spelled is a template in YAML as JSON.
func spelled(text []byte) ([]byte, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, err
	}
	if len(root.Content) != 1 {
		return nil, errors.New("it is empty")
	}
	plain, err := plainOf(root.Content[0])
	if err != nil {
		return nil, err
	}
	return json.Marshal(plain)
}

// plainOf is a node as JSON has it: mappings with texts as keys, and the short forms of functions as mappings of one key.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
func plainOf(n *yaml.Node) (any, error) {
	value, err := untagged(n)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(n.Tag, "!") || strings.HasPrefix(n.Tag, "!!") {
		return value, nil
	}
	name := n.Tag[1:]
	switch name {
	case "Ref", "Condition":
		return map[string]any{name: value}, nil
	case "GetAtt":
		text, isText := value.(string)
		if !isText {
			return map[string]any{"Fn::GetAtt": value}, nil
		}
		resource, attribute, _ := strings.Cut(text, ".")
		return map[string]any{"Fn::GetAtt": []any{resource, attribute}}, nil
	}
	return map[string]any{"Fn::" + name: value}, nil
}

func untagged(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			value, err := plainOf(n.Content[i+1])
			if err != nil {
				return nil, err
			}
			m[n.Content[i].Value] = value
		}
		return m, nil
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range n.Content {
			value, err := plainOf(item)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	case yaml.ScalarNode:
		if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
			return n.Value, nil
		}
		var value any
		if err := n.Decode(&value); err != nil {
			return nil, fmt.Errorf("line %d: %w", n.Line, err)
		}
		return value, nil
	}
	return nil, fmt.Errorf("line %d: aliases of YAML aren't CloudFormation's", n.Line)
}

// text is a value as CloudFormation puts it into a text.
func text(value any) (string, error) {
	switch v := value.(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case float64:
		if v == math.Trunc(v) {
			return strconv.FormatInt(int64(v), 10), nil
		}
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	}
	return "", fmt.Errorf("expected a text, got %v", value)
}

// texts are the items of a list.
func texts(value any) ([]string, error) {
	list, isList := value.([]any)
	if !isList {
		return nil, fmt.Errorf("expected a list, got %v", value)
	}
	var all []string
	var errs []error
	for _, item := range list {
		t, err := text(item)
		all, errs = append(all, t), append(errs, err)
	}
	return all, errors.Join(errs...)
}

// sortedKeys are a mapping's keys in an order that is always the same.
func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
