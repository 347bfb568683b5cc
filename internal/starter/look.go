package starter

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/appspec"
)

// Found is what a folder tells.
type Found struct {
	// Platform and Tool are empty where nothing tells; CI is NoCI.
	Platform Platform
	Tool     Tool
	CI       CI
	// Name is the folder's, or what its AppSpec deploys.
	Name string
	// AppSpec is the path of the AppSpec, empty where there is none. Hooks are the functions that it calls.
	AppSpec string
	Hooks   []string
	// Last are the flags of the run before, empty where there was none.
	Last []string
	// Because says what each conclusion was drawn from, a sentence each.
	Because []string
}

// appSpecNames are what people and CodeDeploy call an AppSpec.
func appSpecNames() []string {
	return []string{"appspec.yaml", "appspec.yml", "appspec.json", "taskdef/appspec.yaml", "deploy/appspec.yaml"}
}

// Look reads a folder. name is what the folder is called.
func Look(folder fs.FS, name string) (Found, error) {
	found := Found{Name: name, CI: NoCI, Last: lastFlags(folder)}
	if err := found.appSpec(folder); err != nil {
		return found, err
	}
	for _, sign := range []struct {
		pattern string
		tool    Tool
	}{
		{"cdk.json", CDK},
		{"samconfig.toml", SAM},
		{"template.yaml", SAM},
		{"template.yml", SAM},
		{"*.tf", Terraform},
		{"terraform/*.tf", Terraform},
		{"infra/*.tf", Terraform},
	} {
		names, err := fs.Glob(folder, sign.pattern)
		if err != nil {
			return found, fmt.Errorf("looking for %s: %w", sign.pattern, err)
		}
		for _, name := range names {
			if found.Tool == "" && !ours(name) && found.speaks(folder, name, sign.tool) {
				found.Tool = sign.tool
				found.because("%s is here, so the infrastructure is for %s", name, sign.tool)
			}
		}
	}
	if isFolder(folder, ".github") {
		found.CI = GitHub
		found.because(".github is here, so there is a job for GitHub Actions")
	}
	return found, nil
}

// ours says that a file is one that a run before this one wrote.
func ours(name string) bool {
	return name == "greenlight.tf" || strings.HasPrefix(name, samFolder+"/")
}

// speaks says that a file is of the tool: a template.yaml may be anything.
func (f *Found) speaks(folder fs.FS, name string, tool Tool) bool {
	if tool != SAM || path.Ext(name) == ".toml" {
		return true
	}
	text, err := fs.ReadFile(folder, name)
	return err == nil && (strings.Contains(string(text), "AWSTemplateFormatVersion") || strings.Contains(string(text), "AWS::Serverless"))
}

func isFolder(folder fs.FS, name string) bool {
	info, err := fs.Stat(folder, name)
	return err == nil && info.IsDir()
}

func (f *Found) because(format string, args ...any) {
	f.Because = append(f.Because, fmt.Sprintf(format, args...))
}

func (f *Found) appSpec(folder fs.FS) error {
	for _, name := range appSpecNames() {
		text, err := fs.ReadFile(folder, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading the AppSpec %s: %w", name, err)
		}
		spec, err := appspec.Parse(string(text))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		f.AppSpec = name
		for _, h := range spec.Hooks {
			if function := appspec.FunctionName(h.Function); function != "" && !slices.Contains(f.Hooks, function) {
				f.Hooks = append(f.Hooks, function)
			}
		}
		switch {
		case spec.Function != "":
			f.Platform, f.Name = Lambda, appspec.FunctionName(spec.Function)
			f.because("%s deploys the function %s, so CodeDeploy deploys Lambda", name, f.Name)
		case spec.TaskDefinition != "":
			f.Platform = ECSByCodeDeploy
			if spec.Container != "" {
				f.Name = spec.Container
			}
			f.because("%s deploys the task definition %s, so CodeDeploy deploys an ECS service", name, spec.TaskDefinition)
		}
		return nil
	}
	return nil
}

// lastFlags reads what the run before wrote into its guide.
func lastFlags(folder fs.FS) []string {
	text, err := fs.ReadFile(folder, GuideFile)
	if err != nil {
		return nil
	}
	line, _, _ := strings.Cut(string(text), "\n")
	flags, ours := strings.CutPrefix(line, "<!-- Written by greenlight init ")
	flags, whole := strings.CutSuffix(flags, " -->")
	if !ours || !whole {
		return nil
	}
	return strings.Fields(flags)
}

// NameOf is what a folder at a path is called.
func NameOf(folder string) string {
	absolute, err := filepath.Abs(folder)
	if err != nil || filepath.Base(absolute) == string(filepath.Separator) {
		return "app"
	}
	return filepath.Base(absolute)
}
