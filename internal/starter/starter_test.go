package starter_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/scenario"
	"github.com/greenlight-deploy/greenlight/internal/starter"
)

func TestAFolderTellsWhatIsDeployedAndWithWhat(t *testing.T) {
	const service = "version: 0.0\nResources: [{S: {Type: 'AWS::ECS::Service', Properties: {TaskDefinition: 'shop:1', LoadBalancerInfo: {ContainerName: web}}}}]\nHooks: [{AfterInstall: CodeDeployHook_a}, {AfterAllowTraffic: CodeDeployHook_a}]\n"
	const function = `{"version": 0.0, "Resources": [{"f": {"Type": "AWS::Lambda::Function", "Properties": {"Name": "prices", "Alias": "live"}}}]}`
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	for _, tt := range []struct {
		why    string
		folder fstest.MapFS
		want   starter.Found
	}{
		{"an empty one tells nothing but its name", fstest.MapFS{}, starter.Found{Name: "carts", CI: starter.NoCI}},
		{
			"an AppSpec of a service, with its hooks",
			fstest.MapFS{"appspec.yml": file(service)},
			starter.Found{Platform: starter.ECSByCodeDeploy, Name: "web", CI: starter.NoCI, AppSpec: "appspec.yml", Hooks: []string{"CodeDeployHook_a"}},
		},
		{"one of a function, in JSON", fstest.MapFS{"appspec.json": file(function)}, starter.Found{Platform: starter.Lambda, Name: "prices", CI: starter.NoCI, AppSpec: "appspec.json"}},
		{"a template of SAM's", fstest.MapFS{"template.yaml": file("Transform: AWS::Serverless-2016-10-31\n")}, starter.Found{Name: "carts", CI: starter.NoCI, Tool: starter.SAM}},
		{"a template of something else", fstest.MapFS{"template.yaml": file("title: hello\n")}, starter.Found{Name: "carts", CI: starter.NoCI}},
		{"an app of the CDK, before a template that it may have made", fstest.MapFS{"cdk.json": file("{}"), "template.yaml": file("AWSTemplateFormatVersion: x")}, starter.Found{Name: "carts", CI: starter.NoCI, Tool: starter.CDK}},
		{"Terraform, in a folder of its own", fstest.MapFS{"infra/main.tf": file("")}, starter.Found{Name: "carts", CI: starter.NoCI, Tool: starter.Terraform}},
		{"what an earlier run wrote says nothing of the tool", fstest.MapFS{"greenlight.tf": file("")}, starter.Found{Name: "carts", CI: starter.NoCI}},
		{
			"but its flags stand in the guide",
			fstest.MapFS{"GREENLIGHT.md": file("<!-- Written by greenlight init --platform ecs --tool cdk -->\n")},
			starter.Found{Name: "carts", CI: starter.NoCI, Last: []string{"--platform", "ecs", "--tool", "cdk"}},
		},
		{"a guide of somebody else's", fstest.MapFS{"GREENLIGHT.md": file("# Ours\n")}, starter.Found{Name: "carts", CI: starter.NoCI}},
		{"GitHub", fstest.MapFS{".github/dependabot.yml": file("")}, starter.Found{Name: "carts", CI: starter.GitHub}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			got, err := starter.Look(tt.folder, "carts")
			if err != nil {
				t.Fatal(err)
			}
			got.Because = nil
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	if _, err := starter.Look(fstest.MapFS{"appspec.yaml": file("- a")}, "carts"); err == nil || !strings.Contains(err.Error(), "appspec.yaml: ") {
		t.Errorf("a broken AppSpec: %v, want its name", err)
	}
}

func choice(p starter.Platform, tool starter.Tool) starter.Choice {
	return starter.Choice{Platform: p, Tool: tool, CI: starter.GitHub, Name: "shop", Function: "CodeDeployHook_greenlight", Health: "/health", Version: "1.2.3"}
}

func TestEachChoiceIsWrittenWhole(t *testing.T) {
	for _, p := range starter.Platforms() {
		for _, tool := range starter.Tools() {
			t.Run(string(p)+" with "+string(tool), func(t *testing.T) {
				files, err := starter.Files(choice(p, tool))
				if err != nil {
					t.Fatal(err)
				}
				folder := t.TempDir()
				if _, err := starter.Write(folder, files, false, false); err != nil {
					t.Fatal(err)
				}
				for _, f := range files {
					if text := string(f.Text); strings.Contains(text, "[[") || strings.Contains(text, "<no value>") {
						t.Errorf("%s has something that wasn't filled in:\n%s", f.Path, text)
					}
					if extension := filepath.Ext(f.Path); extension == ".yaml" || extension == ".yml" {
						var document yaml.Node
						if err := yaml.Unmarshal(f.Text, &document); err != nil {
							t.Errorf("%s: %v", f.Path, err)
						}
					}
				}
				source, err := scenario.ReadFile(filepath.Join(folder, starter.ScenarioFile), "greenlight")
				if err != nil {
					t.Fatal(err)
				}
				if _, err := scenario.Parse(source); err != nil {
					t.Errorf("the scenario: %v", err)
				}
				again, err := starter.Write(folder, files, false, false)
				if err != nil {
					t.Fatal(err)
				}
				if i := slices.IndexFunc(again, func(r starter.Result) bool { return r.Done != starter.Unchanged }); i >= 0 {
					t.Errorf("a second run: %+v", again[i])
				}
			})
		}
	}
}

// A folder may have a name that YAML takes for something else.
func TestANameThatLooksLikeAnotherValueStaysAName(t *testing.T) {
	for _, name := range []string{"007", "1e3", "true", "null", "0x10", "2026-01-01", "shop"} {
		for _, p := range starter.Platforms() {
			c := choice(p, starter.NoTool)
			c.Name = name
			files, err := starter.Files(c)
			if err != nil {
				t.Fatal(err)
			}
			folder := t.TempDir()
			if _, err := starter.Write(folder, files, false, false); err != nil {
				t.Fatal(err)
			}
			source, err := scenario.ReadFile(filepath.Join(folder, starter.ScenarioFile), "greenlight")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := scenario.Parse(source); err != nil {
				t.Errorf("%s for %s: the scenario: %v", name, p, err)
			}
			if p == starter.ECS {
				continue
			}
			spec, err := codedeploy.ParseAppSpec(textOf(t, files, "appspec.yaml"))
			if err != nil {
				t.Errorf("%s for %s: the AppSpec: %v", name, p, err)
			} else if spec.ContainerName != name && (spec.Lambda == nil || spec.Lambda.Function != name) {
				t.Errorf("%s for %s: the AppSpec is of %+v", name, p, spec)
			}
		}
	}
}

func TestAnAppSpecThatIsThereIsLeftAloneAndItsHooksAreServed(t *testing.T) {
	c := choice(starter.ECSByCodeDeploy, starter.NoTool)
	c.AppSpec, c.Hooks = "deploy/appspec.yaml", []string{"CodeDeployHook_a", "other"}
	files, err := starter.Files(c)
	if err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(files, func(f starter.File) bool { return f.Path == starter.AppSpecFile }) {
		t.Error("another AppSpec is written beside it")
	}
	text := textOf(t, files, starter.ScenarioFile)
	for _, want := range []string{"appspec: deploy/appspec.yaml", "\n  CodeDeployHook_a: ", "\n  other: "} {
		if !strings.Contains(text, want) {
			t.Errorf("the scenario hasn't %q:\n%s", want, text)
		}
	}
	c.Hooks = nil
	if files, err = starter.Files(c); err != nil {
		t.Fatal(err)
	}
	if guide := textOf(t, files, starter.GuideFile); !strings.Contains(guide, "calls no hooks yet") || !strings.Contains(guide, "- AfterAllowTestTraffic: CodeDeployHook_greenlight") {
		t.Errorf("the guide doesn't say how an AppSpec without hooks gets them:\n%s", guide)
	}
}

func textOf(t *testing.T, files []starter.File, path string) string {
	t.Helper()
	i := slices.IndexFunc(files, func(f starter.File) bool { return f.Path == path })
	if i < 0 {
		t.Fatalf("%s isn't written", path)
	}
	return string(files[i].Text)
}

func TestWhatCantBeAChoiceIsSaid(t *testing.T) {
	for _, tt := range []struct {
		why, want string
		change    func(*starter.Choice)
	}{
		{"a platform", `unknown platform "ecs-code-deploy": did you mean "ecs-codedeploy"?`, func(c *starter.Choice) { c.Platform = "ecs-code-deploy" }},
		{"a tool", `unknown tool "pulumi"`, func(c *starter.Choice) { c.Tool = "pulumi" }},
		{"a CI system", `unknown CI system "gitlab"`, func(c *starter.Choice) { c.CI = "gitlab" }},
		{"a name with a space", `"my shop" can't be the name of an application`, func(c *starter.Choice) { c.Name = "my shop" }},
		{"a function that CodeDeploy's role may not call", "it must begin with CodeDeployHook_", func(c *starter.Choice) { c.Function = "greenlight" }},
		{"a path without a slash", `"health" is not a path such as /health`, func(c *starter.Choice) { c.Health = "health" }},
	} {
		t.Run(tt.why, func(t *testing.T) {
			c := choice(starter.ECS, starter.SAM)
			tt.change(&c)
			if err := c.Validate(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
	if err := choice(starter.ECS, starter.SAM).Validate(); err != nil {
		t.Errorf("a right one: %v", err)
	}
}

func TestNothingIsReplacedUnlessItIsSaid(t *testing.T) {
	for _, tt := range []struct {
		why              string
		there            string
		replace, pretend bool
		done             starter.Done
		text             string
	}{
		{"it isn't there", "", false, false, starter.Wrote, "new"},
		{"it isn't there, and is only looked at", "", false, true, starter.Wrote, ""},
		{"it is there and the same", "new", false, false, starter.Unchanged, "new"},
		{"it is there and different", "old", false, false, starter.Kept, "old"},
		{"and is to be replaced", "old", true, false, starter.Replaced, "new"},
		{"and is only looked at", "old", true, true, starter.Replaced, "old"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			folder := t.TempDir()
			path := filepath.Join(folder, "a", "b.txt")
			if tt.there != "" {
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(tt.there), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			results, err := starter.Write(folder, []starter.File{{Path: "a/b.txt", Text: []byte("new")}}, tt.replace, tt.pretend)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]starter.Result{{Path: "a/b.txt", Done: tt.done}}, results); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if text, err := os.ReadFile(path); string(text) != tt.text || (err != nil) != (tt.text == "") {
				t.Errorf("it holds %q, %v, want %q", text, err, tt.text)
			}
		})
	}
}
