package starter

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Done is what became of a file.
type Done string

// What becomes of files.
const (
	Wrote     Done = "wrote"
	Unchanged Done = "unchanged" // it is there, and as it would be written
	Kept      Done = "kept"      // it is there, and different
	Replaced  Done = "replaced"
)

// Result is a file and what became of it.
type Result struct {
	Path string `json:"path"`
	Done Done   `json:"done"`
}

// Write writes files below a folder, in order. A file that is there and different is kept, unless replace says otherwise. With
// pretend nothing is written, and the results say what would be.
func Write(folder string, all []File, replace, pretend bool) ([]Result, error) {
	var results []Result
	for _, f := range all {
		path := filepath.Join(folder, filepath.FromSlash(f.Path))
		done, err := state(path, f.Text, replace)
		if err != nil {
			return results, err
		}
		results = append(results, Result{f.Path, done})
		if pretend || done == Unchanged || done == Kept {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // a team shares it
			return results, fmt.Errorf("making the folder of %s: %w", f.Path, err)
		}
		if err := os.WriteFile(path, f.Text, 0o644); err != nil { //nolint:gosec // a team shares it
			return results, fmt.Errorf("writing %s: %w", f.Path, err)
		}
	}
	return results, nil
}

func state(path string, text []byte, replace bool) (Done, error) {
	there, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return Wrote, nil
	case err != nil:
		return "", fmt.Errorf("looking at %s: %w", path, err)
	case bytes.Equal(there, text):
		return Unchanged, nil
	case replace:
		return Replaced, nil
	}
	return Kept, nil
}
