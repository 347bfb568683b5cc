package tfstate

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/greenlight-deploy/greenlight/internal/cfntest"
)

// State is what was applied: of `terraform show -json` each module's resources, in one list, and the outputs.
type State struct {
	Outputs   map[string]any
	Resources []Resource
}

// Resource is a resource of a state.
type Resource struct {
	// Address is such as module.gate.aws_iam_role.gate, Type such as aws_iam_role.
	Address, Type string
	// Values are its attributes, without those that have no value.
	Values json.RawMessage
}

// Read reads a state from a file.
func Read(path string) (*State, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading a state of Terraform's: %w", err)
	}
	s := &State{}
	if err := json.Unmarshal(text, s); err != nil {
		return nil, fmt.Errorf("reading a state of Terraform's: %s: %w", path, err)
	}
	if len(s.Resources) == 0 {
		return nil, fmt.Errorf("reading a state of Terraform's: %s has no resources", path)
	}
	return s, nil
}

// Stack is the state as CloudFormation would have deployed it. Its template is written into folder.
func (s *State) Stack(folder string, o cfntest.Options) (*cfntest.Stack, error) {
	template, err := s.Template()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(folder, "template.json")
	if err := os.WriteFile(path, template, 0o600); err != nil {
		return nil, fmt.Errorf("writing a state as a template: %w", err)
	}
	return cfntest.Load(path, o)
}
