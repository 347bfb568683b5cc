package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/greenlight-deploy/greenlight/internal/bundle"
)

// documents are what greenlight prints about itself, by the file that it belongs in.
var documents = map[string][]string{
	"completions/greenlight.bash": {"completion", "bash"},
	"completions/_greenlight":     {"completion", "zsh"},
	"completions/greenlight.fish": {"completion", "fish"},
	"completions/greenlight.ps1":  {"completion", "powershell"},
	"man/greenlight.1":            {"man"},
}

// writeDocuments writes the completions and the manual page that go into a release's archives. Their date is a time in seconds since
// 1970; 0 leaves it to the build.
func writeDocuments(ctx context.Context, version string, date int64, out string) error {
	dir, err := os.MkdirTemp("", "greenlight-documents-")
	if err != nil {
		return fmt.Errorf("making a folder to build in: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary := filepath.Join(dir, "greenlight.exe") // a name that any system runs
	if err := bundle.BuildCommandLine(ctx, version, binary); err != nil {
		return err
	}
	for name, args := range documents {
		cmd := exec.CommandContext(ctx, binary, args...)
		cmd.Stderr = os.Stderr
		if date != 0 {
			cmd.Env = []string{"SOURCE_DATE_EPOCH=" + strconv.FormatInt(date, 10)}
		}
		text, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("running greenlight for %s: %w", name, err)
		}
		path := filepath.Join(out, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("making the folder for %s: %w", name, err)
		}
		if err := os.WriteFile(path, text, 0o644); err != nil { //nolint:gosec // others read them
			return fmt.Errorf("writing %s: %w", name, err)
		}
	}
	return nil
}
