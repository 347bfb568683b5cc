package deployment

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
)

// appSpec is what an AppSpec says, as far as it is of use here.
//
// https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file.html
type appSpec struct {
	taskDefinition, container string
	// of a function: its name or ARN, and the versions.
	function, alias, current, target string
	// hooks names the function of each event that has one, in the order of the file.
	hooks []specHook
}

type specHook struct{ event, function string }

// parseAppSpec reads an AppSpec in YAML or JSON. Names are matched in any case: CodeDeploy's documentation writes Hooks and
// Resources for ECS, hooks and Resources for Lambda, and people write all of them.
func parseAppSpec(text string) (appSpec, error) {
	var document any
	if err := yaml.Unmarshal([]byte(text), &document); err != nil { // JSON is YAML
		return appSpec{}, fmt.Errorf("read the AppSpec: %w", err)
	}
	root, ok := document.(map[string]any)
	if !ok {
		return appSpec{}, fmt.Errorf("read the AppSpec: it is no mapping")
	}
	var spec appSpec
	for _, resource := range entries(member(root, "resources")) {
		spec.resource(member(resource.value, "properties"))
	}
	for _, hook := range entries(member(root, "hooks")) {
		spec.hooks = append(spec.hooks, specHook{hook.name, scalar(hook.value)})
	}
	return spec, nil
}

func (a *appSpec) resource(properties any) {
	fill := func(to *string, from any) {
		if *to == "" {
			*to = scalar(from)
		}
	}
	fill(&a.taskDefinition, member(properties, "taskdefinition"))
	fill(&a.container, member(member(properties, "loadbalancerinfo"), "containername"))
	fill(&a.function, member(properties, "name"))
	fill(&a.alias, member(properties, "alias"))
	fill(&a.current, member(properties, "currentversion"))
	fill(&a.target, member(properties, "targetversion"))
}

// stages are those whose hook is the function, given by its name or ARN, with or without a qualifier.
func (a appSpec) stages(function string) []lifecycle.Stage {
	var stages []lifecycle.Stage
	for _, h := range a.hooks {
		if stage, ok := lifecycle.ParseStage(h.event); ok && function != "" && functionName(h.function) == functionName(function) {
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

// member finds a member of an object by its name in lower case; nil where there is none.
func member(of any, name string) any {
	object, _ := of.(map[string]any)
	for key, value := range object {
		if strings.ToLower(key) == name {
			return value
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

// functionName is the bare name of a function that is given by its name or ARN.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#lambda-Invoke-request-uri-FunctionName
func functionName(function string) string {
	if _, rest, isARN := strings.Cut(function, ":function:"); isARN {
		function = rest
	}
	name, _, _ := strings.Cut(function, ":")
	return name
}
