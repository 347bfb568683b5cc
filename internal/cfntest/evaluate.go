package cfntest

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// noValue is what AWS::NoValue stands for: the property isn't there.
type noValue struct{}

// evaluate replaces functions by what they give.
func (s *Stack) evaluate(value any) (any, error) {
	switch v := value.(type) {
	case map[string]any:
		if name, argument, is := function(v); is {
			result, err := s.call(name, argument)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			return result, nil
		}
		m := map[string]any{}
		for _, key := range sortedKeys(v) {
			item, err := s.evaluate(v[key])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
			if _, left := item.(noValue); !left {
				m[key] = item
			}
		}
		return m, nil
	case []any:
		list := []any{}
		for i, item := range v {
			item, err := s.evaluate(item)
			if err != nil {
				return nil, fmt.Errorf("%d: %w", i, err)
			}
			if _, left := item.(noValue); !left {
				list = append(list, item)
			}
		}
		return list, nil
	}
	return value, nil
}

// function says whether a mapping is a function's call. {Condition: name} is one only among conditions.
func function(m map[string]any) (name string, argument any, is bool) {
	if len(m) != 1 {
		return "", nil, false
	}
	for name, argument = range m {
		return name, argument, name == "Ref" || strings.HasPrefix(name, "Fn::")
	}
	return "", nil, false
}

func (s *Stack) call(name string, argument any) (any, error) {
	switch name {
	case "Fn::If":
		return s.choose(argument)
	case "Fn::Sub":
		return s.substitute(argument)
	}
	argument, err := s.evaluate(argument)
	if err != nil {
		return nil, err
	}
	if name == "Ref" {
		id, err := text(argument)
		if err != nil {
			return nil, err
		}
		return s.refer(id)
	}
	if name == "Fn::Base64" || name == "Fn::ImportValue" || name == "Fn::GetAZs" {
		one, err := text(argument)
		if err != nil {
			return nil, err
		}
		return s.callWithText(name, one)
	}
	list, isList := argument.([]any)
	if dotted, isText := argument.(string); isText && name == "Fn::GetAtt" {
		id, attribute, _ := strings.Cut(dotted, ".")
		list, isList = []any{id, attribute}, true
	}
	if !isList || len(list) < 2 {
		return nil, fmt.Errorf("expected a list of arguments, got %v", argument)
	}
	return s.callWithList(name, list)
}

func (s *Stack) callWithText(name, argument string) (any, error) {
	switch name {
	case "Fn::Base64":
		return base64.StdEncoding.EncodeToString([]byte(argument)), nil
	case "Fn::GetAZs":
		return []any{s.options.Region + "a", s.options.Region + "b", s.options.Region + "c"}, nil
	}
	value, known := s.options.Exports[argument]
	if !known {
		return nil, fmt.Errorf("no stack exports %s", argument)
	}
	return value, nil
}

func (s *Stack) callWithList(name string, arguments []any) (any, error) {
	switch name {
	case "Fn::GetAtt":
		names, err := texts(arguments)
		if err != nil {
			return nil, err
		}
		r, err := s.resource(names[0])
		if err != nil {
			return nil, err
		}
		return r.Attribute(strings.Join(names[1:], "."))
	case "Fn::Join":
		separator, err := text(arguments[0])
		if err != nil {
			return nil, err
		}
		items, err := texts(arguments[1])
		return strings.Join(items, separator), err
	case "Fn::Split":
		both, err := texts(arguments)
		if err != nil {
			return nil, err
		}
		items := []any{}
		for item := range strings.SplitSeq(both[1], both[0]) {
			items = append(items, item)
		}
		return items, nil
	case "Fn::Select":
		return choice(arguments)
	case "Fn::FindInMap":
		return s.find(arguments)
	}
	return nil, fmt.Errorf("the function isn't known to this package")
}

// choice is Fn::Select's.
func choice(arguments []any) (any, error) {
	position, err := text(arguments[0])
	if err != nil {
		return nil, err
	}
	i, err := strconv.Atoi(position)
	items, isList := arguments[1].([]any)
	if err != nil || !isList || i < 0 || i >= len(items) {
		return nil, fmt.Errorf("there is no item %s in %v", position, arguments[1])
	}
	return items[i], nil
}

func (s *Stack) find(arguments []any) (any, error) {
	if len(arguments) < 3 {
		return nil, fmt.Errorf("expected a mapping and two keys, got %v", arguments)
	}
	keys, err := texts(arguments[:3])
	if err != nil {
		return nil, err
	}
	value, there := s.written.Mappings[keys[0]][keys[1]][keys[2]]
	if !there {
		return nil, fmt.Errorf("the mapping %s has no %s of %s", keys[0], keys[2], keys[1])
	}
	return value, nil
}

// choose is Fn::If's. What isn't chosen isn't evaluated: it may refer to what isn't made.
func (s *Stack) choose(argument any) (any, error) {
	list, isList := argument.([]any)
	if !isList || len(list) != 3 {
		return nil, fmt.Errorf("expected a condition and two values, got %v", argument)
	}
	yes, err := s.holds(map[string]any{"Condition": list[0]})
	if err != nil {
		return nil, err
	}
	if yes {
		return s.evaluate(list[1])
	}
	return s.evaluate(list[2])
}

var placeholder = regexp.MustCompile(`\$\{(!?[^}]+)\}`)

// substitute is Fn::Sub's.
func (s *Stack) substitute(argument any) (any, error) {
	pattern, isText := argument.(string)
	own := map[string]any{}
	if !isText {
		list, isList := argument.([]any)
		if !isList || len(list) != 2 {
			return nil, fmt.Errorf("expected a text, or a text and a mapping, got %v", argument)
		}
		pattern, _ = list[0].(string)
		own, _ = list[1].(map[string]any)
	}
	var failed error
	result := placeholder.ReplaceAllStringFunc(pattern, func(found string) string {
		name := strings.TrimSpace(found[2 : len(found)-1])
		if literal, is := strings.CutPrefix(name, "!"); is {
			return "${" + literal + "}"
		}
		value, err := s.placed(name, own)
		if err != nil && failed == nil {
			failed = fmt.Errorf("%s: %w", found, err)
		}
		return value
	})
	return result, failed
}

func (s *Stack) placed(name string, own map[string]any) (string, error) {
	var value any
	var err error
	if given, there := own[name]; there {
		value, err = s.evaluate(given)
	} else if id, attribute, dotted := strings.Cut(name, "."); dotted {
		value, err = s.callWithList("Fn::GetAtt", []any{id, attribute})
	} else {
		value, err = s.refer(name)
	}
	if err != nil {
		return "", err
	}
	return text(value)
}

// holds evaluates a condition.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-conditions.html
func (s *Stack) holds(condition any) (bool, error) {
	m, isMap := condition.(map[string]any)
	if !isMap || len(m) != 1 {
		return false, fmt.Errorf("expected a condition, got %v", condition)
	}
	for name, argument := range m {
		if name == "Condition" {
			id, err := text(argument)
			if err != nil {
				return false, err
			}
			other, there := s.written.Conditions[id]
			if !there {
				return false, fmt.Errorf("there is no condition %s", id)
			}
			return s.holds(other)
		}
		list, isList := argument.([]any)
		if !isList {
			return false, fmt.Errorf("%s: expected a list, got %v", name, argument)
		}
		return s.combine(name, list)
	}
	return false, nil
}

func (s *Stack) combine(name string, of []any) (bool, error) {
	switch name {
	case "Fn::Equals":
		values, err := s.evaluate(of)
		if err != nil {
			return false, err
		}
		both, err := texts(values)
		if err != nil || len(both) != 2 {
			return false, fmt.Errorf("%s: expected two texts, got %v", name, values)
		}
		return both[0] == both[1], nil
	case "Fn::Contains": // of rules alone
		values, err := s.evaluate(of)
		if err != nil {
			return false, err
		}
		both, _ := values.([]any)
		if len(both) != 2 {
			return false, fmt.Errorf("%s: expected a list and a text, got %v", name, values)
		}
		list, err := texts(both[0])
		if err != nil {
			return false, fmt.Errorf("%s: %w", name, err)
		}
		sought, err := text(both[1])
		return slices.Contains(list, sought), err
	case "Fn::And", "Fn::Or", "Fn::Not":
		if name == "Fn::Not" && len(of) != 1 || name != "Fn::Not" && (len(of) < 2 || len(of) > 10) {
			return false, fmt.Errorf("%s takes 2 to 10 conditions, and Fn::Not one; it has %d", name, len(of))
		}
		result := name == "Fn::And"
		for _, condition := range of {
			holds, err := s.holds(condition)
			if err != nil {
				return false, err
			}
			switch name {
			case "Fn::And":
				result = result && holds
			case "Fn::Or":
				result = result || holds
			default:
				result = !holds
			}
		}
		return result, nil
	}
	return false, fmt.Errorf("%s is no condition", name)
}
