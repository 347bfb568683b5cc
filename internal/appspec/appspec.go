// Package appspec reads the AppSpec of deployments by CodeDeploy: what is deployed, and which functions are called at
// which events.
package appspec

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
)

// Spec is what an AppSpec says. What it doesn't say is empty.
//
// https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file.html
type Spec struct {
	// TaskDefinition is the task definition that is deployed, of the platform ECS.
	TaskDefinition string
	// Container and Port are what the load balancer sends requests to.
	Container string
	Port      int
	// PlatformVersion is Fargate's.
	PlatformVersion string
	// Network is the tasks' network configuration, and Capacity their capacity providers, as the AppSpec has them.
	Network, Capacity any
	// Function is the name or ARN of the function that is deployed, of the platform Lambda; Current and Target are its
	// versions.
	Function, Alias, Current, Target string
	// Hooks are the functions that are called, in the order of the file.
	Hooks []Hook
}

// Hook is a function that is called at an event.
type Hook struct {
	Event string
	// Function is its name or ARN.
	Function string
}

// Parse reads an AppSpec in YAML or JSON. Names are matched in any case: CodeDeploy's documentation writes Hooks and
// Resources for ECS, hooks and Resources for Lambda, and people write all of them.
func Parse(text string) (Spec, error) {
	var document any
	if err := yaml.Unmarshal([]byte(text), &document); err != nil { // JSON is YAML
		return Spec{}, fmt.Errorf("read the AppSpec: %w", err)
	}
	root, ok := document.(map[string]any)
	if !ok {
		return Spec{}, errors.New("read the AppSpec: it is no mapping")
	}
	var spec Spec
	for _, resource := range entries(member(root, "resources")) {
		spec.resource(member(resource.value, "properties"))
	}
	for _, hook := range entries(member(root, "hooks")) {
		spec.Hooks = append(spec.Hooks, Hook{hook.name, scalar(hook.value)})
	}
	return spec, nil
}

func (s *Spec) resource(properties any) {
	fill := func(to *string, from any) {
		if *to == "" {
			*to = scalar(from)
		}
	}
	fill(&s.TaskDefinition, member(properties, "taskdefinition"))
	balanced := member(properties, "loadbalancerinfo")
	fill(&s.Container, member(balanced, "containername"))
	if port, err := strconv.Atoi(scalar(member(balanced, "containerport"))); err == nil && s.Port == 0 {
		s.Port = port
	}
	fill(&s.PlatformVersion, member(properties, "platformversion"))
	if network := member(properties, "networkconfiguration"); s.Network == nil {
		s.Network = network
	}
	if capacity := member(properties, "capacityproviderstrategy"); s.Capacity == nil {
		s.Capacity = capacity
	}
	fill(&s.Function, member(properties, "name"))
	fill(&s.Alias, member(properties, "alias"))
	fill(&s.Current, member(properties, "currentversion"))
	fill(&s.Target, member(properties, "targetversion"))
}

// Stages are those whose hook is the function, given by its name or ARN, with or without a qualifier.
func (s Spec) Stages(function string) []lifecycle.Stage {
	var stages []lifecycle.Stage
	for _, h := range s.Hooks {
		if stage, ok := lifecycle.ParseStage(h.Event); ok && function != "" && FunctionName(h.Function) == FunctionName(function) {
			stages = append(stages, stage)
		}
	}
	return stages
}

type entry struct {
	name  string
	value any
}

// entries are the members of an object, or of all objects of a list.
func entries(of any) []entry {
	var all []entry
	switch of := of.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(of)) {
			all = append(all, entry{name, of[name]})
		}
	case []any:
		for _, one := range of {
			all = append(all, entries(one)...)
		}
	}
	return all
}

// member finds a member of an object by its name, in any case; nil where there is none. Where there are several, it is always the
// same one.
func member(of any, name string) any {
	object, _ := of.(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if strings.EqualFold(key, name) {
			return object[key]
		}
	}
	return nil
}

// scalar is a scalar's text: versions of functions are written with and without quotes.
func scalar(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case int, int64, uint64:
		return fmt.Sprint(value)
	}
	return ""
}

// FunctionName is the bare name of a function that is given by its name or ARN, with or without a qualifier.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#lambda-Invoke-request-uri-FunctionName
func FunctionName(function string) string {
	if _, rest, isARN := strings.Cut(function, ":function:"); isARN {
		function = rest
	}
	name, _, _ := strings.Cut(function, ":")
	return name
}
