package bundle

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/plan"
)

// Plan gives the plan of a file, as it lies beside the bootstrap, with the files that it includes. These must lie in the plan's
// folder or below: the function finds them as the plan does. What else is wrong with the plan is greenlight validate's to tell:
// what its other files are and where they lie is known in the function alone.
func Plan(path string, language plan.Language) ([]File, error) {
	source, err := plan.ReadFile(path)
	if err != nil {
		return nil, err
	}
	read := &includes{folder: filepath.Dir(path)}
	packed := source
	packed.Include = beside{source.Include, read}
	_, _ = language.Parse(packed)
	if read.err != nil {
		return nil, read.err
	}
	return append([]File{{Name: plan.FileName, Mode: 0o644, Content: source.Text}}, read.files...), nil
}

// includes are the files that a plan includes, as they are read.
type includes struct {
	folder string
	files  []File
	err    error // the first
}

// beside reads what one file includes.
type beside struct {
	plan.Includer
	read *includes
}

// Read reads a file, and keeps it.
func (b beside) Read(name string) (plan.Source, error) {
	source, err := b.Includer.Read(name)
	if err == nil {
		err = b.read.keep(source)
	}
	if err != nil {
		if b.read.err == nil {
			b.read.err = err
		}
		return plan.Source{}, err
	}
	source.Include = beside{source.Include, b.read}
	return source, nil
}

func (i *includes) keep(source plan.Source) error {
	name, err := filepath.Rel(i.folder, source.Name)
	if err != nil || name == ".." || strings.HasPrefix(name, ".."+string(filepath.Separator)) {
		return fmt.Errorf("packing %s, which the plan includes: it lies outside of the plan's folder, %s, and the function would not find it: move it beside the plan, or below", source.Name, i.folder)
	}
	name = filepath.ToSlash(name)
	if name == "bootstrap" || name == plan.FileName {
		return fmt.Errorf("packing %s, which the plan includes: in the function %s is another file: give it another name", source.Name, name)
	}
	i.files = append(i.files, File{Name: name, Mode: 0o644, Content: source.Text})
	return nil
}
