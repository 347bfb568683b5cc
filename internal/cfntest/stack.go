package cfntest

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Options are what CloudFormation is told beside the template.
type Options struct {
	// Parameters are the values of parameters; lists have commas between their items.
	Parameters map[string]string
	// StackName begins the names of what the template gives none; default "stack".
	StackName string
	// Region and Account are where it is deployed; default eu-west-1 and 123456789012.
	Region, Account string
	// Templates gives the path of a nested stack's template for its TemplateURL. By default that is a path from the template's
	// folder.
	Templates func(url string) string
	// Exports are the values of other stacks' outputs, by the names that they are exported under.
	Exports map[string]string
}

// Stack is a template with its parameters, as CloudFormation deploys it.
type Stack struct {
	// Name is the stack's.
	Name string
	// Resources are those whose conditions hold, by their logical ids.
	Resources map[string]*Resource
	// Outputs are those whose conditions hold.
	Outputs map[string]any

	path       string
	options    Options
	written    *template
	parameters map[string]any
	// resolving are the resources whose properties are being resolved, outermost first: what comes a second time is a circle.
	resolving []string
}

// Resource is a resource of a stack.
type Resource struct {
	// ID is the logical id, Type CloudFormation's, such as AWS::ECS::Service.
	ID, Type string
	// Name is what the resource is called: the name that its properties give it, or one as CloudFormation makes it up.
	Name string
	// Properties and UpdatePolicy have texts, float64s, bools, []any and map[string]any, and no functions any more.
	Properties, UpdatePolicy map[string]any
	// Nested is the stack of an AWS::CloudFormation::Stack.
	Nested *Stack

	stack *Stack
}

// Load loads a template, and the templates that are nested in it.
func Load(path string, o Options) (*Stack, error) {
	o.StackName, o.Region, o.Account = cmp.Or(o.StackName, "stack"), cmp.Or(o.Region, "eu-west-1"), cmp.Or(o.Account, "123456789012")
	t, err := read(path)
	if err != nil {
		return nil, err
	}
	s := &Stack{Name: o.StackName, Resources: map[string]*Resource{}, Outputs: map[string]any{}, path: path, options: o, written: t, parameters: map[string]any{}}
	if err := s.resolve(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

func (s *Stack) resolve() error {
	if err := s.takeParameters(); err != nil {
		return err
	}
	if err := s.checkRules(); err != nil {
		return err
	}
	for _, id := range sortedKeys(s.written.Resources) {
		if strings.HasPrefix(s.written.Resources[id].Type, "AWS::Serverless::") {
			return fmt.Errorf("resource %s: %s is AWS SAM's: load what its transform makes of the template", id, s.written.Resources[id].Type)
		}
		there, err := s.isThere(s.written.Resources[id].Condition)
		if err != nil {
			return fmt.Errorf("resource %s: %w", id, err)
		}
		if !there {
			continue
		}
		if _, err := s.resource(id); err != nil {
			return err
		}
	}
	for _, id := range sortedKeys(s.Resources) {
		if err := s.checkDependencies(id); err != nil {
			return err
		}
	}
	for _, name := range sortedKeys(s.written.Outputs) {
		o := s.written.Outputs[name]
		there, err := s.isThere(o.Condition)
		if err == nil && there {
			s.Outputs[name], err = s.evaluate(o.Value)
		}
		if err != nil {
			return fmt.Errorf("output %s: %w", name, err)
		}
	}
	return nil
}

func (s *Stack) takeParameters() error {
	var errs []error
	for _, name := range sortedKeys(s.written.Parameters) {
		value, err := s.written.Parameters[name].value(name, s.options.Parameters)
		s.parameters[name] = value
		errs = append(errs, err)
	}
	for _, name := range sortedKeys(s.options.Parameters) {
		if _, known := s.written.Parameters[name]; !known {
			errs = append(errs, fmt.Errorf("there is no parameter %s", name))
		}
	}
	return errors.Join(errs...)
}

// isThere says whether what has the condition is made; no condition is always true.
func (s *Stack) isThere(condition string) (bool, error) {
	if condition == "" {
		return true, nil
	}
	return s.holds(map[string]any{"Condition": condition})
}

// resource resolves a resource, once.
func (s *Stack) resource(id string) (*Resource, error) {
	if r, done := s.Resources[id]; done {
		return r, nil
	}
	w, written := s.written.Resources[id]
	if !written {
		return nil, fmt.Errorf("there is no resource %s", id)
	}
	there, err := s.isThere(w.Condition)
	if err != nil {
		return nil, err
	}
	if !there {
		return nil, fmt.Errorf("resource %s isn't made: its condition %s doesn't hold", id, w.Condition)
	}
	if at := slices.Index(s.resolving, id); at >= 0 {
		return nil, fmt.Errorf("resources depend on each other in a circle: %s", strings.Join(append(s.resolving[at:], id), " → "))
	}
	s.resolving = append(s.resolving, id)
	defer func() { s.resolving = s.resolving[:len(s.resolving)-1] }()

	r := &Resource{ID: id, Type: w.Type, stack: s}
	if r.Properties, err = s.properties(w.Properties); err != nil {
		return nil, fmt.Errorf("resource %s: %w", id, err)
	}
	if r.UpdatePolicy, err = s.properties(w.UpdatePolicy); err != nil {
		return nil, fmt.Errorf("resource %s: its UpdatePolicy: %w", id, err)
	}
	r.Name = r.named()
	if w.Type == "AWS::CloudFormation::Stack" {
		if r.Nested, err = s.nested(r); err != nil {
			return nil, fmt.Errorf("resource %s: %w", id, err)
		}
	}
	s.Resources[id] = r
	return r, nil
}

func (s *Stack) properties(of map[string]any) (map[string]any, error) {
	value, err := s.evaluate(of)
	if err != nil {
		return nil, err
	}
	properties, _ := value.(map[string]any)
	return properties, nil
}

// checkDependencies refuses a DependsOn that names nothing. One on a resource that isn't made is none.
func (s *Stack) checkDependencies(id string) error {
	on := s.written.Resources[id].DependsOn
	if one, isText := on.(string); isText {
		on = []any{one}
	}
	if on == nil {
		return nil
	}
	names, err := texts(on)
	if err != nil {
		return fmt.Errorf("resource %s: DependsOn: %w", id, err)
	}
	for _, name := range names {
		if _, written := s.written.Resources[name]; !written {
			return fmt.Errorf("resource %s: it depends on %s, which there isn't", id, name)
		}
	}
	return nil
}

// nested loads the template of a nested stack.
func (s *Stack) nested(r *Resource) (*Stack, error) {
	url, err := text(r.Properties["TemplateURL"])
	if err != nil {
		return nil, fmt.Errorf("TemplateURL: %w", err)
	}
	o := s.options
	o.StackName, o.Parameters = s.Name+"-"+r.ID, map[string]string{}
	given, _ := r.Properties["Parameters"].(map[string]any)
	for name, value := range given {
		if list, isList := value.([]any); isList {
			items, err := texts(list)
			if err != nil {
				return nil, fmt.Errorf("parameter %s: %w", name, err)
			}
			o.Parameters[name] = strings.Join(items, ",")
			continue
		}
		if o.Parameters[name], err = text(value); err != nil {
			return nil, fmt.Errorf("parameter %s: %w", name, err)
		}
	}
	path := filepath.Join(filepath.Dir(s.path), url)
	if o.Templates != nil {
		path = o.Templates(url)
	}
	return Load(path, o)
}

// Find gives the resources of a type, those of nested stacks too, in the order of their logical ids.
func (s *Stack) Find(kind string) []*Resource {
	var found []*Resource
	for _, id := range sortedKeys(s.Resources) {
		r := s.Resources[id]
		if r.Type == kind {
			found = append(found, r)
		}
		if r.Nested != nil {
			found = append(found, r.Nested.Find(kind)...)
		}
	}
	return found
}

// one gives the only resource of a type.
func (s *Stack) one(kind string) (*Resource, error) {
	found := s.Find(kind)
	if len(found) != 1 {
		return nil, fmt.Errorf("there are %d resources of the type %s, and one was expected", len(found), kind)
	}
	return found[0], nil
}
