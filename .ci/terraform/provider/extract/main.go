// The command extract writes schema.json: the AWS provider's schema of the resources and data sources that Terraform files use, in
// the format of `terraform providers schema -json`. It reads it from the bindings that CDK Terrain generates of the provider, whose
// package @cdktn/provider-aws is to be had where the provider itself isn't.
//
//	npm pack @cdktn/provider-aws@25.7.0 && tar xzf cdktn-provider-aws-25.7.0.tgz
//	go run ./extract -bindings package ../../../templates/terraform > schema.json
//
// Where the provider can be had, `terraform providers schema -json` gives the same and more.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	bindings := flag.String("bindings", "package", "the folder of the package @cdktn/provider-aws")
	flag.Parse()
	if err := run(*bindings, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "extract:", err)
		os.Exit(1)
	}
}

type (
	document struct {
		Format  string            `json:"format_version"`
		Source  string            `json:"greenlight_source"`
		Schemas map[string]schema `json:"provider_schemas"`
	}
	schema struct {
		Provider    object            `json:"provider"`
		Resources   map[string]object `json:"resource_schemas"`
		DataSources map[string]object `json:"data_source_schemas"`
	}
	object struct {
		Version int   `json:"version"`
		Block   block `json:"block"`
	}
)

func run(bindings string, folders []string) error {
	resources, data, err := used(folders)
	if err != nil {
		return err
	}
	source, err := sourceOf(bindings)
	if err != nil {
		return err
	}
	s := schema{Resources: map[string]object{}, DataSources: map[string]object{}}
	read := func(folder string) (object, error) {
		text, err := os.ReadFile(filepath.Join(bindings, "lib", folder, "index.js"))
		if err != nil {
			return object{}, fmt.Errorf("reading the bindings: %w", err)
		}
		b, err := parse(string(text)).root()
		if err != nil {
			return object{}, fmt.Errorf("reading the bindings of %s: %w", folder, err)
		}
		return object{Block: b}, nil
	}
	if s.Provider, err = read("provider"); err != nil {
		return err
	}
	for _, name := range resources {
		if s.Resources[name], err = read(folderOf(name, "")); err != nil {
			return err
		}
	}
	for _, name := range data {
		if s.DataSources[name], err = read(folderOf(name, "data-aws-")); err != nil {
			return err
		}
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", " ")
	return encoder.Encode(document{Format: "1.0", Source: source, Schemas: map[string]schema{"registry.terraform.io/hashicorp/aws": s}})
}

// folderOf is where the bindings of a resource lie.
func folderOf(resource, prefix string) string {
	return prefix + strings.ReplaceAll(strings.TrimPrefix(resource, "aws_"), "_", "-")
}

var usage = regexp.MustCompile(`(?m)^\s*(resource|data)\s+"(aws_\w+)"`)

// used lists the resources and data sources that the Terraform files below the folders have.
func used(folders []string) (resources, data []string, err error) {
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(path) != ".tf" {
				return err
			}
			text, err := os.ReadFile(path)
			for _, m := range usage.FindAllStringSubmatch(string(text), -1) {
				if m[1] == "data" {
					data = append(data, m[2])
				} else {
					resources = append(resources, m[2])
				}
			}
			return err
		})
		if err != nil {
			return nil, nil, fmt.Errorf("looking for Terraform files: %w", err)
		}
	}
	slices.Sort(resources)
	slices.Sort(data)
	if resources = slices.Compact(resources); len(resources) == 0 {
		return nil, nil, fmt.Errorf("looking for Terraform files: there is no resource in those below %s", strings.Join(folders, ", "))
	}
	return resources, slices.Compact(data), nil
}

var providerVersion = regexp.MustCompile(`hashicorp/aws provider version (\d+\.\d+\.\d+)`)

// sourceOf names the bindings and the provider's version that they were made of.
func sourceOf(bindings string) (string, error) {
	manifest, err := os.ReadFile(filepath.Join(bindings, "package.json"))
	if err != nil {
		return "", fmt.Errorf("reading the bindings: %w", err)
	}
	var about struct{ Name, Version string }
	if err := json.Unmarshal(manifest, &about); err != nil {
		return "", fmt.Errorf("reading the bindings' package.json: %w", err)
	}
	readme, err := os.ReadFile(filepath.Join(bindings, "README.md"))
	if err != nil {
		return "", fmt.Errorf("reading the bindings: %w", err)
	}
	version := providerVersion.FindSubmatch(readme)
	if version == nil {
		return "", fmt.Errorf("the bindings' README.md doesn't say of which version of the provider they are")
	}
	return fmt.Sprintf("hashicorp/aws %s, by the npm package %s@%s", version[1], about.Name, about.Version), nil
}
