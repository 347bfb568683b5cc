// Command packaging builds the function's zips: dist/function-arm64.zip and dist/function-amd64.zip, with the binary
// as the `bootstrap` that Lambda's provided.al2023 runtime starts and, if wanted, a plan beside it with the files that
// it includes. The same commit gives the same bytes: what is uploaded can be checked against what was reviewed. For a release it
// writes the completions and the manual page too.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/greenlight-deploy/greenlight/internal/bundle"
	"github.com/greenlight-deploy/greenlight/internal/check/registry"
	"github.com/greenlight-deploy/greenlight/internal/deployment"
	"github.com/greenlight-deploy/greenlight/internal/plan"
)

func main() {
	version := flag.String("version", "unversioned", "the version that the binary says it is")
	planFile := flag.String("plan", "", "a plan to put beside the binary")
	out := flag.String("out", "dist", "the folder to write to")
	docs := flag.String("docs", "", "the folder to write completions and the manual page to; none are written without it")
	date := flag.Int64("time", 0, "the date of the manual page, in seconds since 1970; default the commit's")
	flag.Parse()
	ctx := context.Background()
	err := run(ctx, *version, *planFile, *out)
	if err == nil && *docs != "" {
		err = writeDocuments(ctx, *version, *date, *docs)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "packaging:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, version, planFile, out string) error {
	var plans []bundle.File
	if planFile != "" {
		language := plan.Language{Kinds: registry.Kinds(registry.Environment{}), Names: deployment.Names()}
		packed, err := bundle.Plan(planFile, language)
		if err != nil {
			return err
		}
		plans = packed
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return fmt.Errorf("making the folder for the zips: %w", err)
	}
	for _, arch := range []string{"arm64", "amd64"} {
		binary, err := bootstrap(ctx, arch, version)
		if err != nil {
			return err
		}
		path := filepath.Join(out, "function-"+arch+".zip")
		zipped, err := bundle.Pack(append([]bundle.File{{Name: "bootstrap", Mode: 0o755, Content: binary}}, plans...))
		if err != nil {
			return fmt.Errorf("packing %s: %w", path, err)
		}
		if err := os.WriteFile(path, zipped, 0o644); err != nil {
			return fmt.Errorf("writing %s: %w", path, err)
		}
		fmt.Printf("%s  %.1f MB\n", path, float64(len(zipped))/1e6)
	}
	return nil
}

func bootstrap(ctx context.Context, arch, version string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "greenlight-package-")
	if err != nil {
		return nil, fmt.Errorf("making a folder to build in: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "bootstrap")
	if err := bundle.Build(ctx, arch, version, path); err != nil {
		return nil, err
	}
	binary, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading what was built: %w", err)
	}
	return binary, nil
}
