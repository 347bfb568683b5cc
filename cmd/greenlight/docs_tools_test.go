//go:build unix && !function

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"go.yaml.in/yaml/v4"
)

// clients are those of AWS's services whose Go client is in this module: the AWS CLI's commands are its operations.
var clients = map[string]any{
	"codedeploy": (*codedeploy.Client)(nil), "deploy": (*codedeploy.Client)(nil), "ecs": (*ecs.Client)(nil),
	"elbv2": (*elb.Client)(nil), "iam": (*iam.Client)(nil), "lambda": (*lambda.Client)(nil),
}

// Of these commands there is nothing to hold them to here. e2e runs the AWS CLI itself against the simulator.
var commandLinesOwn = map[string]string{
	"ecs deploy": "a command that the AWS CLI makes of several operations", "logs tail": "likewise",
	"cloudwatch put-metric-alarm": "no Go client of CloudWatch is in this module", "cloudwatch set-alarm-state": "likewise",
}

// options of the AWS CLI that are no member of a request: those of each command, and one that it makes a nested member of.
var optionsOwn = []string{"cli-input-json", "query", "output", "region", "profile", "lambda create-function zip-file"}

// awsCommand holds a command of the AWS CLI to the operation that it calls: the operation is there, its request has what the
// options set, and JSON is JSON.
func awsCommand(_ context.Context, term *terminal, args []string) error {
	if len(args) < 3 {
		return fmt.Errorf("%q names no operation", args)
	}
	name := args[1] + " " + args[2]
	if _, own := commandLinesOwn[name]; own {
		return nil
	}
	client, known := clients[args[1]]
	if !known {
		return fmt.Errorf("aws %s: there is no client to hold it to", name)
	}
	method, is := reflect.TypeOf(client).MethodByName(camel(args[2]))
	if !is {
		return fmt.Errorf("aws %s: there is no such operation", name)
	}
	request := method.Type.In(2).Elem()
	for i := 3; i < len(args); i++ {
		option, is := strings.CutPrefix(args[i], "--")
		if !is {
			if strings.HasPrefix(args[i], "{") && !json.Valid([]byte(args[i])) {
				return fmt.Errorf("aws %s: %s isn't JSON", name, args[i])
			}
			continue
		}
		_, member := request.FieldByNameFunc(func(field string) bool { return strings.EqualFold(field, strings.ReplaceAll(option, "-", "")) })
		if !member && !slices.Contains(optionsOwn, option) && !slices.Contains(optionsOwn, name+" "+option) {
			return fmt.Errorf("aws %s: its request has no %s", name, option)
		}
	}
	for _, a := range args {
		if file, is := strings.CutPrefix(a, "file://"); is {
			if err := term.documentIs(file); err != nil {
				return fmt.Errorf("aws %s: %w", name, err)
			}
		}
	}
	return nil
}

// documentIs holds a file that an earlier command of the example has written to be JSON. One that isn't there is the reader's.
func (term *terminal) documentIs(name string) error {
	text, err := os.ReadFile(filepath.Join(term.folder, name))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil && len(text) > 0 && !json.Valid(text) {
		err = fmt.Errorf("%s isn't JSON:\n%s", name, text)
	}
	return err
}

// camel spells an operation as the API does: create-role is CreateRole.
func camel(command string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(command, "-") {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

// samCommand holds a template to be there, and to have the parameters that are set.
func samCommand(_ context.Context, term *terminal, args []string) error {
	if !slices.Contains([]string{"deploy", "package", "publish", "delete"}, args[1]) {
		return fmt.Errorf("sam %s is held by nothing", args[1])
	}
	template, parameters := "", []string(nil)
	for i := 2; i < len(args)-1; i++ {
		switch args[i] {
		case "--template-file", "--template":
			template = args[i+1]
		case "--output-template-file":
			term.made = append(term.made, args[i+1])
		case "--parameter-overrides":
			parameters = strings.Fields(args[i+1])
		}
	}
	if template == "" || slices.Contains(term.made, template) {
		return nil
	}
	if template == "gate.yaml" { // a copy of it
		template = "templates/sam/gate.yaml"
	}
	text, err := os.ReadFile(filepath.Join(repository, template))
	if err != nil {
		return err
	}
	var parsed struct {
		Parameters map[string]any `yaml:"Parameters"`
	}
	if err := yaml.Unmarshal(text, &parsed); err != nil {
		return fmt.Errorf("%s: %w", template, err)
	}
	for _, p := range parameters {
		name, _, _ := strings.Cut(p, "=")
		if _, has := parsed.Parameters[name]; !has {
			return fmt.Errorf("%s has no parameter %s", template, name)
		}
	}
	return nil
}

// terraformCommand holds an output to stand in an example.
func terraformCommand(_ context.Context, _ *terminal, args []string) error {
	if !slices.Contains([]string{"init", "apply", "test", "output"}, args[1]) {
		return fmt.Errorf("terraform %s is held by nothing", args[1])
	}
	if args[1] != "output" {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(repository, "templates/terraform/examples/ecs-codedeploy/outputs.tf"))
	if err == nil && !strings.Contains(string(text), `output "`+args[len(args)-1]+`"`) {
		err = fmt.Errorf("the example has no output %s", args[len(args)-1])
	}
	return err
}

// npmScript holds a script to stand in the CDK library's package.json.
func npmScript(_ context.Context, _ *terminal, args []string) error {
	name := args[1]
	switch name {
	case "install", "ci", "init":
		return nil
	case "run":
		name = args[2]
	}
	text, err := os.ReadFile(filepath.Join(repository, "templates/cdk/package.json"))
	if err != nil {
		return err
	}
	var library struct{ Scripts map[string]string }
	if err := json.Unmarshal(text, &library); err != nil {
		return err
	}
	if library.Scripts[name] == "" {
		return fmt.Errorf("package.json has no script %s", name)
	}
	return nil
}

// The infrastructure in TypeScript and HCL sets what the library and the module take. Both are compiled and planned by their own
// tests; this holds the pages to them.
func holdTypeScript(_ *testing.T, e example) error {
	var source strings.Builder
	files, err := filepath.Glob(filepath.Join(repository, "templates/cdk/src/*.ts"))
	if err != nil {
		return err
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		source.Write(text)
	}
	for _, name := range regexp.MustCompile(`(?:^|[{,]\s*)(\w+):|gate\.(\w+)\(`).FindAllStringSubmatch(e.text, -1) {
		if name := name[1] + name[2]; !regexp.MustCompile(`\b` + name + `\??[:(]`).MatchString(source.String()) {
			return fmt.Errorf("the library has no %s", name)
		}
	}
	return nil
}

func holdHCL(_ *testing.T, e example) error {
	text, err := os.ReadFile(filepath.Join(repository, "templates/terraform/variables.tf"))
	if err != nil {
		return err
	}
	for _, name := range regexp.MustCompile(`(?m)^  (\w+) +=|\b(\w+) = "`).FindAllStringSubmatch(e.text, -1) {
		name := name[1] + name[2]
		if name != "source" && !regexp.MustCompile(`variable "`+name+`"|\b`+name+` += (string|optional)`).Match(text) {
			return fmt.Errorf("the module has no variable %s", name)
		}
	}
	return nil
}
