package starter_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/cfntest"
	"github.com/greenlight-deploy/greenlight/internal/starter"
)

var override = regexp.MustCompile(`(?m)^  "(\w+)=([^"]*)",$`)

// The template's own rules refuse a gate that could answer nobody.
func TestTheTemplateTakesTheParametersThatAreWrittenForIt(t *testing.T) {
	for _, p := range starter.Platforms() {
		t.Run(string(p), func(t *testing.T) {
			files, err := starter.Files(choice(p, starter.SAM))
			if err != nil {
				t.Fatal(err)
			}
			parameters := map[string]string{}
			for _, found := range override.FindAllStringSubmatch(textOf(t, files, "greenlight/samconfig.toml"), -1) {
				parameters[found[1]] = found[2]
			}
			s, err := cfntest.Load("../../templates/sam/testdata/gate.json", cfntest.Options{Parameters: parameters})
			if err != nil {
				t.Fatal(err)
			}
			functions := s.Find("AWS::Lambda::Function")
			if i := slices.IndexFunc(functions, func(f *cfntest.Resource) bool { return f.Name == "CodeDeployHook_greenlight" }); i < 0 || len(functions) != 1 {
				t.Errorf("the stack has the functions %v", functions)
			}
			if hooked := s.Outputs["EcsHookRoleArn"] != nil; hooked != (p == starter.ECS) {
				t.Errorf("there is a role for ECS's hooks: %v", hooked)
			}
		})
	}
}
