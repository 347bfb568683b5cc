// Package starter is what `greenlight init` does: it looks at a folder, and writes into it what a team needs to begin with, a
// plan and its cases, an AppSpec, a deployment to simulate, the function's infrastructure, a CI job, and what to do next. It
// replaces nothing unless it is told to, and a second run changes nothing.
package starter

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"go.yaml.in/yaml/v4"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
	"github.com/greenlight-deploy/greenlight/templates"
)

// Platform is who deploys what.
type Platform string

// The platforms.
const (
	ECSByCodeDeploy Platform = "ecs-codedeploy"
	ECS             Platform = "ecs"
	Lambda          Platform = "lambda"
)

// Platforms are all of them.
func Platforms() []Platform { return []Platform{ECSByCodeDeploy, ECS, Lambda} }

// Tool is what a team describes its infrastructure with.
type Tool string

// The tools.
const (
	SAM       Tool = "sam"
	CDK       Tool = "cdk"
	Terraform Tool = "terraform"
	NoTool    Tool = "none"
)

// Tools are all of them.
func Tools() []Tool { return []Tool{SAM, CDK, Terraform, NoTool} }

// CI is where a team's jobs run.
type CI string

// The CI systems.
const (
	GitHub CI = "github"
	NoCI   CI = "none"
)

// CIs are all of them.
func CIs() []CI { return []CI{GitHub, NoCI} }

// Choice is what is to be written.
type Choice struct {
	Platform Platform
	Tool     Tool
	CI       CI
	// Name is what is deployed: the application, its service or function.
	Name string
	// Function is the hook's, and begins with FunctionPrefix.
	Function string
	// Health is the path at which the service says that it is well, with a slash in front. Lambda has none.
	Health string
	// AppSpec is the path of an AppSpec that is there already, empty where there is none; Hooks are the functions that it
	// calls.
	AppSpec string
	Hooks   []string
	// Version is the release of greenlight that CI jobs take.
	Version string
}

// Serves are the functions that greenlight stands in for on this machine.
func (c Choice) Serves() []string {
	if len(c.Hooks) > 0 {
		return c.Hooks
	}
	return []string{c.Function}
}

// Hooked says that the AppSpec calls hooks.
func (c Choice) Hooked() bool { return c.AppSpec == "" || len(c.Hooks) > 0 }

// SpecPath is where the AppSpec is, or will be.
func (c Choice) SpecPath() string { return cmp.Or(c.AppSpec, AppSpecFile) }

// Flags are the command line's, for the same choice.
func (c Choice) Flags() string {
	words := []string{"--platform", string(c.Platform), "--tool", string(c.Tool), "--ci", string(c.CI), "--name", c.Name, "--function", c.Function}
	if c.Platform != Lambda {
		words = append(words, "--health", c.Health)
	}
	return strings.Join(words, " ")
}

// Validate says what is wrong with a choice.
func (c Choice) Validate() error {
	switch {
	case !slices.Contains(Platforms(), c.Platform):
		return fmt.Errorf("--platform: %s", unknown("platform", c.Platform, Platforms()))
	case !slices.Contains(Tools(), c.Tool):
		return fmt.Errorf("--tool: %s", unknown("tool", c.Tool, Tools()))
	case !slices.Contains(CIs(), c.CI):
		return fmt.Errorf("--ci: %s", unknown("CI system", c.CI, CIs()))
	case !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`).MatchString(c.Name):
		return fmt.Errorf("--name: %q can't be the name of an application: 1 to 100 letters, digits, dots, hyphens and underscores", c.Name)
	case !regexp.MustCompile(`^` + FunctionPrefix + `[A-Za-z0-9_-]{1,49}$`).MatchString(c.Function):
		return fmt.Errorf("--function: %q: it must begin with %s, for the managed policies of CodeDeploy's role, and go on with letters, digits, hyphens and underscores, 64 in all", c.Function, FunctionPrefix)
	case !regexp.MustCompile(`^/[A-Za-z0-9._~/-]*$`).MatchString(c.Health):
		return fmt.Errorf("--health: %q is not a path such as /health", c.Health)
	}
	return nil
}

func unknown[T ~string](what string, got T, known []T) string {
	names := make([]string, len(known))
	for i, name := range known {
		names[i] = string(name)
	}
	return strictyaml.Unknown(what, string(got), names)
}

// FunctionPrefix is what the managed policies of CodeDeploy's role want a hook's name to begin with.
const FunctionPrefix = "CodeDeployHook_"

// PlanFile, CasesFile and the others are where things are written, from the folder on.
const (
	PlanFile     = "greenlight.yaml"
	CasesFile    = "greenlight.test.yaml"
	AppSpecFile  = "appspec.yaml"
	ScenarioFile = "scenario.yaml"
	GuideFile    = "GREENLIGHT.md"
	WorkflowFile = ".github/workflows/greenlight.yml"
)

// File is a file to be written.
type File struct {
	// Path is relative to the folder, with slashes.
	Path string
	Text []byte
}

//go:embed files
var files embed.FS

// Files are what a choice comes to.
func Files(c Choice) ([]File, error) {
	all := []struct{ path, from string }{
		{PlanFile, "plan-" + string(c.Platform) + ".yaml"},
		{CasesFile, "cases-" + string(c.Platform) + ".yaml"},
		{ScenarioFile, "scenario-" + string(c.Platform) + ".yaml"},
	}
	if c.Platform != ECS && (c.AppSpec == "" || c.AppSpec == AppSpecFile && slices.Equal(c.Hooks, []string{c.Function})) {
		all = append(all, struct{ path, from string }{AppSpecFile, "appspec-" + string(c.Platform) + ".yaml"})
	}
	if c.CI == GitHub {
		all = append(all, struct{ path, from string }{WorkflowFile, "workflow.yaml"})
	}
	all = append(all, struct{ path, from string }{GuideFile, "guide.md"})
	var made []File
	for _, one := range all {
		text, err := fill(one.from, c)
		if err != nil {
			return nil, err
		}
		made = append(made, File{one.path, text})
	}
	infrastructure, err := c.infrastructure()
	if err != nil {
		return nil, err
	}
	return append(made, infrastructure...), nil
}

// fill fills a file of this package in. Its actions stand in [[ ]]: {{ }} is the plan's.
func fill(name string, c Choice) ([]byte, error) {
	text, err := files.ReadFile("files/" + name)
	if err != nil {
		return nil, fmt.Errorf("reading the starter file %s: %w", name, err)
	}
	t, err := template.New(name).Delims("[[", "]]").Funcs(template.FuncMap{"yaml": inYAML}).Option("missingkey=error").Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("reading the starter file %s: %w", name, err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, c); err != nil {
		return nil, fmt.Errorf("filling in the starter file %s: %w", name, err)
	}
	return b.Bytes(), nil
}

// inYAML writes a name so that YAML reads it as a text: a folder may be called 007, or true.
func inYAML(name string) (string, error) {
	written, err := yaml.Marshal(name)
	if err != nil {
		return "", fmt.Errorf("writing %q in YAML: %w", name, err)
	}
	return strings.TrimSuffix(string(written), "\n"), nil
}

// infrastructure is the function's, in the tool that was chosen.
func (c Choice) infrastructure() ([]File, error) {
	switch c.Tool {
	case SAM:
		return c.sam()
	case Terraform:
		return c.terraform()
	case CDK:
		text, err := fill("cdk.ts", c)
		return []File{{"lib/greenlight-gate.ts", text}}, err
	}
	return nil, nil
}

// samFolder and terraformFolder are where the infrastructure is put.
const (
	samFolder       = "greenlight"
	terraformFolder = "greenlight"
)

// sam is the template of the gate alone, with where its zip is in this folder.
func (c Choice) sam() ([]File, error) {
	text, err := fs.ReadFile(templates.SAM(), "gate.yaml")
	if err != nil {
		return nil, fmt.Errorf("reading the SAM template: %w", err)
	}
	for _, change := range []struct{ from, to string }{
		{"CodeUri: ../../dist/function-arm64.zip", "CodeUri: ../function-arm64.zip"},
		{"ReadmeUrl: README.md", "ReadmeUrl: ../" + GuideFile},
		{"    LicenseUrl: ../../LICENSE\n", ""},
	} {
		text = bytes.ReplaceAll(text, []byte(change.from), []byte(change.to))
	}
	config, err := fill("samconfig.toml", c)
	return []File{{samFolder + "/template.yaml", text}, {samFolder + "/samconfig.toml", config}}, err
}

// terraform is the module, and a file that uses it.
func (c Choice) terraform() ([]File, error) {
	module := templates.Terraform()
	names, err := fs.Glob(module, "*")
	if err != nil {
		return nil, fmt.Errorf("reading the Terraform module: %w", err)
	}
	var made []File
	for _, name := range names {
		if extension := path.Ext(name); extension != ".tf" && extension != ".json" {
			continue
		}
		text, err := fs.ReadFile(module, name)
		if err != nil {
			return nil, fmt.Errorf("reading the Terraform module: %w", err)
		}
		made = append(made, File{terraformFolder + "/" + name, text})
	}
	use, err := fill("greenlight.tf", c)
	return append(made, File{"greenlight.tf", use}), err
}

// Label is the name as an identifier of letters and digits, for names that take no others.
func (c Choice) Label() string {
	label := strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '-'
	}, c.Name)
	return strings.Trim(label, "-")
}
