package scenario

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Quick is the common case without a file: two sides that run already, and hooks.
type Quick struct {
	AppSpec     string // a path
	Blue, Green string // base URLs
	HealthPath  string // default /
	// Hooks gives each function's command, for the shell, by its name.
	Hooks map[string]string
	// Env gives variables of functions by NAME:KEY. Their values may hold the names that a scenario's may.
	Env map[string]string
}

// quickTimeout is how long an invocation may take. A scenario has Lambda's default, which is short for who only wants
// to see.
const quickTimeout = "60s"

// Given says that something was asked for.
func (q Quick) Given() bool {
	return q.AppSpec+q.Blue+q.Green+q.HealthPath != "" || len(q.Hooks)+len(q.Env) > 0
}

// Scenario makes a scenario of it. Relative paths start at the working directory.
func (q Quick) Scenario(greenlight string) (*Scenario, error) {
	for _, needed := range []struct{ flag, value string }{{"--appspec", q.AppSpec}, {"--blue", q.Blue}, {"--green", q.Green}} {
		if needed.value == "" {
			return nil, fmt.Errorf("%s is missing; without a scenario --appspec, --blue and --green are needed", needed.flag)
		}
	}
	functions, err := q.functions()
	if err != nil {
		return nil, err
	}
	type object = map[string]any
	document := object{
		"version": Version, "appspec": q.AppSpec, "blue": object{"url": q.Blue}, "green": object{"url": q.Green},
		"auto_rollback": true, "functions": functions,
	}
	if q.HealthPath != "" {
		document["health_check"] = object{"path": q.HealthPath}
	}
	text, err := json.Marshal(document)
	if err != nil {
		return nil, fmt.Errorf("making a scenario of the flags: %w", err)
	}
	s, err := Parse(Source{Name: "the command line", Text: text, Folder: ".", Greenlight: greenlight})
	var problems strictyaml.Problems
	if !errors.As(err, &problems) {
		return s, err
	}
	errs := make([]error, len(problems))
	for i, p := range problems { // places in a text that nobody wrote would help nobody
		errs[i] = errors.New(p.Message)
	}
	return nil, errors.Join(errs...)
}

func (q Quick) functions() (map[string]map[string]any, error) {
	functions := map[string]map[string]any{}
	for name, command := range q.Hooks {
		functions[name] = map[string]any{"command": command, "timeout": quickTimeout}
	}
	for _, key := range slices.Sorted(maps.Keys(q.Env)) {
		name, variable, ok := strings.Cut(key, ":")
		if !ok || name == "" || variable == "" {
			return nil, fmt.Errorf("--env %s: write it as NAME:KEY=VALUE, where NAME is a function's", key)
		}
		if functions[name] == nil {
			return nil, fmt.Errorf("--env %s: %s", key, strictyaml.Unknown("function", name, slices.Collect(maps.Keys(functions))))
		}
		env, _ := functions[name]["env"].(map[string]string)
		if env == nil {
			env = map[string]string{}
			functions[name]["env"] = env
		}
		env[variable] = q.Env[key]
	}
	return functions, nil
}
