package plan

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// FileName is the plan that is looked for beside the binary and, on the command line, in the working directory.
const FileName = "greenlight.yaml"

// Variables of the environment that say what to check.
const (
	EnvPlan   = "GREENLIGHT_PLAN"
	EnvALBURL = "ALB_URL"
	EnvRoutes = "ROUTES"
)

// ErrNone says that there is no plan anywhere, and what would be one.
var ErrNone = errors.New("nothing says what to check: set " + EnvPlan + " to a plan (a path, s3://bucket/key, ssm:/name, or the YAML itself), put " +
	FileName + " beside the binary, or set " + EnvALBURL + " for the classic check of " + EnvRoutes)

// Source is the text of a plan and where it came from.
type Source struct {
	Name string
	Text []byte
	// Remote, where set, is where the text lies that has yet to be fetched.
	Remote *Location
	// Include reads the files that the plan includes; nil: it can't include any.
	Include Includer
}

// Includer reads what a plan includes from where the plan is.
type Includer interface {
	// Resolve gives the name of a file as the plan writes it, relative to the plan: two files of one name are one.
	Resolve(file string) (string, error)
	// Read reads the file with a name that Resolve gave.
	Read(name string) (Source, error)
}

// Folder includes files of a folder, and what lies around it.
type Folder string

// Resolve gives a file's path.
func (f Folder) Resolve(file string) (string, error) {
	if filepath.IsAbs(file) {
		return filepath.Clean(file), nil
	}
	return filepath.Join(string(f), file), nil
}

// Read reads a plan's file.
func (Folder) Read(name string) (Source, error) { return ReadFile(name) }

// Find looks for the plan of an execution, which it doesn't fetch where it is remote: GREENLIGHT_PLAN, greenlight.yaml in a folder, the classic plan of ALB_URL;
// the first there is. The error is ErrNone when there is none.
func Find(env func(string) string, folder string) (Source, error) {
	if setting := strings.TrimSpace(env(EnvPlan)); setting != "" {
		return FromSetting(EnvPlan, setting, folder)
	}
	beside := filepath.Join(folder, FileName)
	source, err := ReadFile(beside)
	if err == nil || !errors.Is(err, os.ErrNotExist) {
		return source, err
	}
	if address := strings.TrimSpace(env(EnvALBURL)); address != "" {
		// A position in a plan that nobody wrote would help nobody.
		if _, err := check.ParseBaseURL(address); err != nil {
			return Source{}, fmt.Errorf("%s: %w", EnvALBURL, err)
		}
		return Classic(address, env(EnvRoutes)), nil
	}
	return Source{}, ErrNone
}

// ReadFile reads a plan from a file.
func ReadFile(path string) (Source, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return Source{}, readError(path, err)
	case info.IsDir():
		return Source{}, fmt.Errorf("reading the plan: %s is a folder; name a file, such as %s", path, filepath.Join(path, FileName))
	case info.Size() > strictyaml.MaxSize:
		return Source{}, fmt.Errorf("reading the plan: %s has %d bytes; at most %d (1 MiB) are read", path, info.Size(), strictyaml.MaxSize)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Source{}, readError(path, err)
	}
	return Source{Name: path, Text: text, Include: Folder(filepath.Dir(path))}, nil
}

func readError(path string, err error) error {
	var cause *os.PathError
	if errors.As(err, &cause) {
		err = cause.Err
	}
	return fmt.Errorf("reading the plan %s: %w", path, err)
}

// FromSetting reads a plan from a setting's value: a path, the YAML itself, or, as a Source with its Remote set, where it lies.
// YAML is told from a path by what no path that people use has: a line break, or "key: value". The setting's name stands in
// errors, and for YAML it is the Source's.
func FromSetting(name, setting, folder string) (Source, error) {
	if IsRemote(setting) {
		at, err := ParseLocation(name, setting)
		if err != nil {
			return Source{}, err
		}
		return Source{Name: setting, Remote: &at}, nil
	}
	for _, scheme := range []string{"https://", "http://"} {
		if strings.HasPrefix(setting, scheme) {
			return Source{}, fmt.Errorf("reading %s: a plan can't come from %q; give a path, s3://bucket/key, ssm:/name, or the YAML itself", name, setting)
		}
	}
	if strings.ContainsAny(setting, "\n{") || strings.Contains(setting, ": ") {
		return Source{Name: name, Text: []byte(setting), Include: Folder(folder)}, nil
	}
	if !filepath.IsAbs(setting) {
		setting = filepath.Join(folder, setting)
	}
	source, err := ReadFile(setting)
	if err != nil {
		return Source{}, fmt.Errorf("%s: %w", name, err)
	}
	return source, nil
}
