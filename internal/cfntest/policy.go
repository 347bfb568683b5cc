package cfntest

import (
	"encoding/json"
	"fmt"

	"github.com/greenlight-deploy/greenlight/internal/iampolicy"
)

// Role finds a role by its ARN, its name or what Ref gives for it, nested stacks' too.
func (s *Stack) Role(name string) (*Resource, error) {
	for _, r := range s.Find("AWS::IAM::Role") {
		if r.Name == name || roleARN(r) == name {
			return r, nil
		}
	}
	return nil, fmt.Errorf("the stack has no role %s", name)
}

// ARN is a role's.
func (r *Resource) ARN() string { return roleARN(r) }

// Policies are a role's own policies as they are written, with a PolicyName and a PolicyDocument each: inline ones and those that name
// the role with AWS::IAM::Policy. Managed ones, which the template only names, aren't among them.
func (r *Resource) Policies() []map[string]any {
	list, _ := r.Properties["Policies"].([]any)
	var written []map[string]any
	for _, item := range list {
		written = append(written, mapping(item))
	}
	for _, kind := range []string{"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"} {
		for _, p := range r.stack.Find(kind) {
			roles, _ := p.Properties["Roles"].([]any)
			for _, role := range append(roles, p.Properties["RoleName"]) {
				if role == r.Name {
					written = append(written, p.Properties)
				}
			}
		}
	}
	return written
}

// Documents are what [Resource.Policies] say.
func (r *Resource) Documents() ([]iampolicy.Document, error) {
	var all []iampolicy.Document
	for _, p := range r.Policies() {
		name, _ := text(p["PolicyName"])
		d, err := parsed(name, p["PolicyDocument"])
		if err != nil {
			return nil, fmt.Errorf("role %s: %w", r.ID, err)
		}
		all = append(all, d)
	}
	return all, nil
}

// Trust is who may take a role.
func (r *Resource) Trust() (iampolicy.Document, error) {
	return parsed("trust policy of "+r.ID, r.Properties["AssumeRolePolicyDocument"])
}

func parsed(name string, document any) (iampolicy.Document, error) {
	encoded, err := json.Marshal(document)
	if err != nil {
		return iampolicy.Document{}, fmt.Errorf("policy %s: %w", name, err)
	}
	return iampolicy.Parse(name, string(encoded))
}
