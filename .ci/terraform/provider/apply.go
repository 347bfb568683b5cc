package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func (s *server) ConfigureProvider(context.Context, *tfprotov5.ConfigureProviderRequest) (*tfprotov5.ConfigureProviderResponse, error) {
	return &tfprotov5.ConfigureProviderResponse{}, nil
}

// PlanResourceChange plans what the configuration says. What AWS says of a new resource isn't known yet.
func (s *server) PlanResourceChange(_ context.Context, r *tfprotov5.PlanResourceChangeRequest) (*tfprotov5.PlanResourceChangeResponse, error) {
	schema := s.schema.ResourceSchemas[r.TypeName]
	prior, err := r.PriorState.Unmarshal(schema.ValueType())
	if err != nil {
		return nil, err
	}
	proposed, err := r.ProposedNewState.Unmarshal(schema.ValueType())
	if err != nil {
		return nil, err
	}
	if prior.IsNull() {
		proposed, err = tftypes.Transform(proposed, func(path *tftypes.AttributePath, v tftypes.Value) (tftypes.Value, error) {
			if v.IsNull() && computed(schema.Block, path) {
				return tftypes.NewValue(v.Type(), tftypes.UnknownValue), nil
			}
			return v, nil
		})
		if err != nil {
			return nil, err
		}
	}
	planned, err := tfprotov5.NewDynamicValue(schema.ValueType(), proposed)
	return &tfprotov5.PlanResourceChangeResponse{PlannedState: &planned, UnsafeToUseLegacyTypeSystem: true}, err
}

// computed says whether the provider gives an attribute its value where the configuration gives it none.
func computed(block *tfprotov5.SchemaBlock, path *tftypes.AttributePath) bool {
	steps := path.Steps()
	for i, step := range steps {
		name, is := step.(tftypes.AttributeName)
		if !is {
			continue
		}
		for _, a := range block.Attributes {
			if a.Name == string(name) {
				return a.Computed && i == len(steps)-1
			}
		}
		for _, b := range block.BlockTypes {
			if b.TypeName == string(name) {
				block = b.Block
				break
			}
		}
	}
	return false
}

// ApplyResourceChange makes nothing. It gives what isn't known yet the value of made.go, or none.
func (s *server) ApplyResourceChange(_ context.Context, r *tfprotov5.ApplyResourceChangeRequest) (*tfprotov5.ApplyResourceChangeResponse, error) {
	kind := s.schema.ResourceSchemas[r.TypeName].ValueType()
	planned, err := r.PlannedState.Unmarshal(kind)
	if err != nil {
		return nil, err
	}
	applied, err := apply(r.TypeName, planned)
	if err != nil {
		return nil, fmt.Errorf("applying %s: %w", r.TypeName, err)
	}
	state, err := tfprotov5.NewDynamicValue(kind, applied)
	return &tfprotov5.ApplyResourceChangeResponse{NewState: &state, UnsafeToUseLegacyTypeSystem: true}, err
}

func apply(resource string, planned tftypes.Value) (tftypes.Value, error) {
	return tftypes.Transform(planned, func(path *tftypes.AttributePath, v tftypes.Value) (tftypes.Value, error) {
		if v.IsKnown() {
			return v, nil
		}
		steps := path.Steps()
		name, is := steps[len(steps)-1].(tftypes.AttributeName)
		if !is || len(steps) != 1 {
			return tftypes.NewValue(v.Type(), nil), nil
		}
		text, err := made(resource, string(name), planned)
		switch {
		case err != nil:
			return v, err
		case text == "":
			return tftypes.NewValue(v.Type(), nil), nil
		case v.Type().Is(tftypes.Number):
			number, err := strconv.Atoi(text)
			return tftypes.NewValue(tftypes.Number, number), err
		}
		return tftypes.NewValue(tftypes.String, text), nil
	})
}

var blank = regexp.MustCompile(`\{[a-z_]+\}`)

// made is the value of an attribute that AWS gives; empty where made.go has none.
func made(resource, attribute string, planned tftypes.Value) (string, error) {
	pattern, is := values[resource][attribute]
	if !is && attribute == "id" {
		pattern = "{hash}"
	}
	var problem error
	text := blank.ReplaceAllStringFunc(pattern, func(blank string) string {
		filling, err := filling(resource, strings.Trim(blank, "{}"), planned)
		if err != nil {
			problem = fmt.Errorf("%s: %w", attribute, err)
		}
		return filling
	})
	return text, problem
}

// filling is what stands for a blank of a pattern: something of the account, or another attribute.
func filling(resource, name string, planned tftypes.Value) (string, error) {
	switch name {
	case "region":
		return region, nil
	case "account":
		return account, nil
	case "hash": // the same for the same configuration
		sum := sha256.Sum256([]byte(resource + planned.String()))
		return fmt.Sprintf("%x", sum[:8]), nil
	case "load_balancer":
		return behind(":loadbalancer/", resource, "load_balancer_arn", planned)
	case "listener":
		return behind(":listener/", resource, "listener_arn", planned)
	}
	var attributes map[string]tftypes.Value
	if err := planned.As(&attributes); err != nil {
		return "", err
	}
	value, there := attributes[name]
	if !there {
		return "", fmt.Errorf("there is no attribute %s", name)
	}
	if text, known := primitive(value); known {
		return text, nil
	}
	if value.IsKnown() {
		return "", fmt.Errorf("the attribute %s has no value", name)
	}
	return made(resource, name, planned)
}

func behind(before, resource, attribute string, planned tftypes.Value) (string, error) {
	arn, err := filling(resource, attribute, planned)
	_, rest, _ := strings.Cut(arn, before)
	return rest, err
}

// ReadResource finds a resource as it was applied.
func (s *server) ReadResource(_ context.Context, r *tfprotov5.ReadResourceRequest) (*tfprotov5.ReadResourceResponse, error) {
	return &tfprotov5.ReadResourceResponse{NewState: r.CurrentState}, nil
}

// ReadDataSource answers with what made.go has.
func (s *server) ReadDataSource(_ context.Context, r *tfprotov5.ReadDataSourceRequest) (*tfprotov5.ReadDataSourceResponse, error) {
	kind := s.schema.DataSourceSchemas[r.TypeName].ValueType()
	config, err := r.Config.Unmarshal(kind)
	if err != nil {
		return nil, err
	}
	answered, err := tftypes.Transform(config, func(path *tftypes.AttributePath, v tftypes.Value) (tftypes.Value, error) {
		steps := path.Steps()
		if len(steps) != 1 || !v.IsNull() {
			return v, nil
		}
		name, _ := steps[0].(tftypes.AttributeName)
		if text, is := read[r.TypeName][string(name)]; is {
			return tftypes.NewValue(tftypes.String, text), nil
		}
		return v, nil
	})
	if err != nil {
		return nil, err
	}
	state, err := tfprotov5.NewDynamicValue(kind, answered)
	return &tfprotov5.ReadDataSourceResponse{State: &state}, err
}
