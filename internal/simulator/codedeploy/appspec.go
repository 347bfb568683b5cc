package codedeploy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v4"
)

// AppSpec is what a deployment deploys and which functions are asked on the way:
// https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file.html#appspec-reference-ecs.
type AppSpec struct {
	TaskDefinition string
	ContainerName  string // default "app"
	ContainerPort  int    // default 80
	// Hooks gives the function, by name or ARN, of each event that has one.
	Hooks map[Event]string

	// text is what it was read from, empty where it was made in Go.
	text string
}

// appSpecFile is the shape of the file. Its names are matched in any case, as CodeDeploy
// takes Hooks as well as hooks.
type appSpecFile struct {
	Version   any
	Resources []struct {
		TargetService struct {
			Type       string
			Properties struct {
				TaskDefinition   string
				LoadBalancerInfo struct {
					ContainerName string
					ContainerPort int
				}
			}
		}
	}
	Hooks []map[string]string
}

// ParseAppSpec reads the text of an AppSpec file for ECS, in YAML or JSON.
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
	if len(file.Resources) != 1 {
		return AppSpec{}, fmt.Errorf("reading the AppSpec: it must have one resource, a TargetService; it has %d", len(file.Resources))
	}
	properties := file.Resources[0].TargetService.Properties
	spec := AppSpec{
		TaskDefinition: properties.TaskDefinition,
		ContainerName:  properties.LoadBalancerInfo.ContainerName,
		ContainerPort:  properties.LoadBalancerInfo.ContainerPort,
		Hooks:          map[Event]string{},
		text:           text,
	}
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

func (a AppSpec) validate() error {
	var errs []error
	if a.TaskDefinition == "" {
		errs = append(errs, errors.New("the TargetService has no TaskDefinition"))
	}
	for _, event := range slices.Sorted(maps.Keys(a.Hooks)) {
		switch function := a.Hooks[event]; {
		case !slices.Contains(Events(), event):
			errs = append(errs, fmt.Errorf("hook %q is not a lifecycle event of an ECS deployment; they are %v", event, hookable()))
		case !event.Hookable():
			errs = append(errs, fmt.Errorf("event %s takes no hook; those that do are %v", event, hookable()))
		case function == "":
			errs = append(errs, fmt.Errorf("hook %s names no function", event))
		}
	}
	return errors.Join(errs...)
}

func hookable() []Event {
	return slices.DeleteFunc(Events(), func(e Event) bool { return !e.Hookable() })
}

// Content is the AppSpec's text: what it was read from, or else its JSON form.
func (a AppSpec) Content() string {
	if a.text != "" {
		return a.text
	}
	type object = map[string]any
	hooks := []object{}
	for _, event := range Events() {
		if function := a.Hooks[event]; function != "" {
			hooks = append(hooks, object{string(event): function})
		}
	}
	container := object{"ContainerName": "app", "ContainerPort": 80}
	if a.ContainerName != "" {
		container["ContainerName"] = a.ContainerName
	}
	if a.ContainerPort != 0 {
		container["ContainerPort"] = a.ContainerPort
	}
	text, _ := json.Marshal(object{ // strings and numbers always marshal
		"version": 0.0,
		"Resources": []object{{"TargetService": object{
			"Type":       "AWS::ECS::Service",
			"Properties": object{"TaskDefinition": a.TaskDefinition, "LoadBalancerInfo": container},
		}}},
		"Hooks": hooks,
	})
	return string(text)
}

// SHA256 is the hexadecimal digest of the content, by which CodeDeploy refers to it.
func (a AppSpec) SHA256() string {
	sum := sha256.Sum256([]byte(a.Content()))
	return hex.EncodeToString(sum[:])
}
