package scenario

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Source is the text of a scenario.
type Source struct {
	Name string // for positions
	Text []byte
	// Folder is where relative paths start.
	Folder string
	// Greenlight is the path of the greenlight binary, which {{ greenlight }} stands for.
	Greenlight string
}

// ReadFile reads a scenario's file. Relative paths in it start at its folder.
func ReadFile(path, greenlight string) (Source, error) {
	text, err := readFile(path)
	if err != nil {
		return Source{}, fmt.Errorf("reading the scenario %s: %w", path, err)
	}
	folder, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return Source{}, fmt.Errorf("finding the folder of the scenario %s: %w", path, err)
	}
	return Source{Name: path, Text: text, Folder: folder, Greenlight: greenlight}, nil
}

// readFile reads a file that a person has written, and whose size is therefore bounded.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	cause := new(os.PathError)
	switch {
	case errors.As(err, &cause):
		return nil, cause.Err
	case err != nil:
		return nil, fmt.Errorf("looking at it: %w", err)
	case info.IsDir():
		return nil, errors.New("it is a folder; name a file")
	case info.Size() > strictyaml.MaxSize:
		return nil, fmt.Errorf("it has %d bytes; at most %d (1 MiB) are read", info.Size(), strictyaml.MaxSize)
	}
	text, err := os.ReadFile(path)
	if errors.As(err, &cause) {
		return nil, cause.Err
	}
	return text, err
}

// Parse reads a scenario. The error is strictyaml.Problems: everything that is wrong, in the order of the file.
func Parse(source Source) (*Scenario, error) {
	root, err := strictyaml.Parse(source.Name, source.Text)
	if err != nil {
		return nil, err
	}
	vars, err := readVars(root)
	if err != nil {
		return nil, err
	}
	dec := strictyaml.NewDecoder(strictyaml.Names{
		Static: map[string]any{"vars": vars, "greenlight": source.Greenlight},
		Later:  []string{nameProduction, nameTest, nameAuthority, nameEndpoint},
	})
	file := defaults()
	file.AppSpec.folder = source.Folder
	dec.Decode(root, file)
	if err := dec.Err(); err != nil {
		return nil, err
	}
	return file.scenario(source.Folder), nil
}

// readVars reads the variables before all else, which may name them. Their own values are plain.
func readVars(root strictyaml.Node) (map[string]any, error) {
	vars := map[string]any{}
	node, ok := root.Get("vars")
	if !ok || node.IsNull() {
		return vars, nil
	}
	dec := strictyaml.NewDecoder(strictyaml.Names{})
	var values strictyaml.Map[strictyaml.Value]
	dec.Decode(node, &values)
	if err := dec.Err(); err != nil {
		return nil, err
	}
	for _, entry := range values {
		plain, err := entry.Value.Expand(func(string) (any, error) { return nil, errors.New("no names are known yet") })
		if err != nil {
			return nil, fmt.Errorf("reading the scenario's vars: %w", err)
		}
		vars[entry.Key] = plain
	}
	return vars, nil
}
