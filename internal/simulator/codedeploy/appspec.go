package codedeploy

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// AppSpec is what a deployment deploys and which functions are asked on the way:
// https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file.html.
type AppSpec struct {
	// TaskDefinition and the container are what is deployed to ECS.
	TaskDefinition string
	ContainerName  string // default "app"
	ContainerPort  int    // default 80
	// Lambda is what is deployed to Lambda, nil for ECS.
	Lambda *FunctionVersions
	// Hooks gives the function, by name or ARN, of each event that has one.
	Hooks map[Event]string

	// text is what it was read from, empty where it was made in Go.
	text string
	// isString says that it came as a revision of the type String, as CloudFormation sends it.
	isString bool
}

// FunctionVersions is the shift of an alias from one version of a function to another:
// https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html#reference-appspec-file-structure-resources-lambda.
type FunctionVersions struct {
	Function string // its name
	Alias    string
	// CurrentVersion and TargetVersion are version numbers, such as "1".
	CurrentVersion, TargetVersion string
}

// appSpecFile is the shape of the file. Its names are matched in any case, as CodeDeploy
// takes Hooks as well as hooks.
type appSpecFile struct {
	Version any
	// Resources has one object with one resource, whose name is the function's own for Lambda.
	Resources []map[string]struct {
		Type       string
		Properties struct {
			TaskDefinition   string
			LoadBalancerInfo struct {
				ContainerName string
				ContainerPort int
			}
			Name, Alias                   string
			CurrentVersion, TargetVersion versionNumber
		}
	}
	Hooks []map[string]string
}

// versionNumber is a version of a function, with or without the quotes that AWS's examples have.
type versionNumber string

// UnmarshalJSON takes a string or a number.
func (v *versionNumber) UnmarshalJSON(text []byte) error {
	var number json.Number
	if err := json.Unmarshal(text, &number); err == nil {
		*v = versionNumber(number)
		return nil
	}
	var quoted string
	if err := json.Unmarshal(text, &quoted); err != nil {
		return fmt.Errorf("a function's version must be a string, not %s", text)
	}
	*v = versionNumber(quoted)
	return nil
}

// Types of resources.
const (
	typeService  = "AWS::ECS::Service"
	typeFunction = "AWS::Lambda::Function"
)

// ParseAppSpec reads the text of an AppSpec file for ECS or Lambda, in YAML or JSON.
func ParseAppSpec(text string) (AppSpec, error) {
	// JSON is YAML too; encoding/json then matches names without regard to their case.
	var document any
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		return AppSpec{}, fmt.Errorf("reading the AppSpec: %w", err)
	}
	plain, err := json.Marshal(document)
	if err != nil {
		return AppSpec{}, fmt.Errorf("reading the AppSpec: %w", err)
	}
	var file appSpecFile
	if err := json.Unmarshal(plain, &file); err != nil {
		return AppSpec{}, fmt.Errorf("reading the AppSpec: %w", err)
	}
	spec, err := file.resource()
	if err != nil {
		return AppSpec{}, fmt.Errorf("reading the AppSpec: %w", err)
	}
	spec.Hooks, spec.text = map[Event]string{}, text
	for _, hook := range file.Hooks {
		for event, function := range hook {
			spec.Hooks[Event(event)] = function
		}
	}
	if err := spec.validate(); err != nil {
		return AppSpec{}, fmt.Errorf("reading the AppSpec: %w", err)
	}
	return spec, nil
}

// resource reads the one resource that is deployed.
func (f appSpecFile) resource() (AppSpec, error) {
	if len(f.Resources) != 1 {
		return AppSpec{}, fmt.Errorf("it must have one resource, a TargetService or a function; it has %d", len(f.Resources))
	}
	names := slices.Sorted(maps.Keys(f.Resources[0]))
	if len(names) != 1 {
		return AppSpec{}, fmt.Errorf("the resource must have one name; it has %q", names)
	}
	name := names[0]
	resource := f.Resources[0][name]
	properties := resource.Properties
	switch {
	case resource.Type == typeFunction:
		return AppSpec{Lambda: &FunctionVersions{
			Function: properties.Name, Alias: properties.Alias,
			CurrentVersion: string(properties.CurrentVersion), TargetVersion: string(properties.TargetVersion),
		}}, nil
	case strings.EqualFold(name, "TargetService") && (resource.Type == typeService || resource.Type == ""):
		return AppSpec{
			TaskDefinition: properties.TaskDefinition,
			ContainerName:  properties.LoadBalancerInfo.ContainerName,
			ContainerPort:  properties.LoadBalancerInfo.ContainerPort,
		}, nil
	}
	return AppSpec{}, fmt.Errorf("resource %q is of type %q: it must be a TargetService of type %s or a function of type %s", name, resource.Type, typeService, typeFunction)
}

// Platform is the platform to which the AppSpec deploys.
func (a AppSpec) Platform() Platform {
	if a.Lambda != nil {
		return PlatformLambda
	}
	return PlatformECS
}

func (a AppSpec) validate() error {
	var errs []error
	if a.Lambda != nil {
		errs = append(errs, a.Lambda.validate())
	} else if a.TaskDefinition == "" {
		errs = append(errs, errors.New("the TargetService has no TaskDefinition"))
	}
	events := a.Platform().Events()
	for _, event := range slices.Sorted(maps.Keys(a.Hooks)) {
		switch function := a.Hooks[event]; {
		case !slices.Contains(events, event):
			errs = append(errs, fmt.Errorf("hook %q is not a lifecycle event of %s deployment; they are %v", event, a.Platform().title(), hookable(events)))
		case !event.Hookable():
			errs = append(errs, fmt.Errorf("event %s takes no hook; those that do are %v", event, hookable(events)))
		case function == "":
			errs = append(errs, fmt.Errorf("hook %s names no function", event))
		}
	}
	return errors.Join(errs...)
}

func (v *FunctionVersions) validate() error {
	var errs []error
	for _, property := range []struct{ name, value string }{
		{"Name", v.Function}, {"Alias", v.Alias}, {"CurrentVersion", v.CurrentVersion}, {"TargetVersion", v.TargetVersion},
	} {
		if property.value == "" {
			errs = append(errs, fmt.Errorf("the function has no %s", property.name))
		}
	}
	if v.CurrentVersion != "" && v.CurrentVersion == v.TargetVersion {
		errs = append(errs, fmt.Errorf("CurrentVersion and TargetVersion are both %s: there is nothing to deploy", v.CurrentVersion))
	}
	return errors.Join(errs...)
}

func hookable(events []Event) []Event {
	return slices.DeleteFunc(slices.Clone(events), func(e Event) bool { return !e.Hookable() })
}

// Content is the AppSpec's text: what it was read from, or else its JSON form.
func (a AppSpec) Content() string {
	if a.text != "" {
		return a.text
	}
	hooks := []object{}
	for _, event := range Events() {
		if function := a.Hooks[event]; function != "" {
			hooks = append(hooks, object{string(event): function})
		}
	}
	text, _ := json.Marshal(object{ // strings and numbers always marshal
		"version": 0.0, "Resources": []object{a.resource()}, "Hooks": hooks,
	})
	return string(text)
}

// object is one of the AppSpec's JSON form.
type object = map[string]any

func (a AppSpec) resource() object {
	if l := a.Lambda; l != nil {
		return object{l.Function: object{"Type": typeFunction, "Properties": object{
			"Name": l.Function, "Alias": l.Alias, "CurrentVersion": l.CurrentVersion, "TargetVersion": l.TargetVersion,
		}}}
	}
	container := object{"ContainerName": cmp.Or(a.ContainerName, "app"), "ContainerPort": cmp.Or(a.ContainerPort, 80)}
	return object{"TargetService": object{"Type": typeService, "Properties": object{
		"TaskDefinition": a.TaskDefinition, "LoadBalancerInfo": container,
	}}}
}

// SHA256 is the hexadecimal digest of the content, by which CodeDeploy refers to it.
func (a AppSpec) SHA256() string { return digest(a.Content()) }

func digest(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}
