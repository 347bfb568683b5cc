package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// The format of `terraform providers schema -json`, as far as it is served.
//
// https://developer.hashicorp.com/terraform/cli/commands/providers/schema
type (
	document struct {
		Schemas map[string]struct {
			Provider    object            `json:"provider"`
			Resources   map[string]object `json:"resource_schemas"`
			DataSources map[string]object `json:"data_source_schemas"`
		} `json:"provider_schemas"`
	}
	object struct {
		Version int64 `json:"version"`
		Block   block `json:"block"`
	}
	block struct {
		Attributes map[string]attribute   `json:"attributes"`
		Blocks     map[string]nestedBlock `json:"block_types"`
	}
	attribute struct {
		Type                         json.RawMessage `json:"type"`
		Required, Optional, Computed bool
	}
	nestedBlock struct {
		Nesting string `json:"nesting_mode"`
		Block   block  `json:"block"`
		Min     int64  `json:"min_items"`
		Max     int64  `json:"max_items"`
	}
)

// readSchema makes what a provider answers of what a file says of it.
func readSchema(text []byte) (*tfprotov5.GetProviderSchemaResponse, error) {
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("reading schema.json: %w", err)
	}
	aws, there := d.Schemas[address]
	if !there {
		return nil, fmt.Errorf("reading schema.json: it has no schema of %s", address)
	}
	answer := &tfprotov5.GetProviderSchemaResponse{
		ResourceSchemas: map[string]*tfprotov5.Schema{}, DataSourceSchemas: map[string]*tfprotov5.Schema{},
		// Not asked for again once a process has it.
		ServerCapabilities: &tfprotov5.ServerCapabilities{GetProviderSchemaOptional: true},
	}
	var err error
	if answer.Provider, err = schemaOf(aws.Provider); err != nil {
		return nil, fmt.Errorf("reading schema.json: the provider: %w", err)
	}
	for name, o := range aws.Resources {
		if answer.ResourceSchemas[name], err = schemaOf(o); err != nil {
			return nil, fmt.Errorf("reading schema.json: the resource %s: %w", name, err)
		}
	}
	for name, o := range aws.DataSources {
		if answer.DataSourceSchemas[name], err = schemaOf(o); err != nil {
			return nil, fmt.Errorf("reading schema.json: the data source %s: %w", name, err)
		}
	}
	return answer, nil
}

func schemaOf(o object) (*tfprotov5.Schema, error) {
	b, err := blockOf(o.Block)
	if err != nil {
		return nil, err
	}
	return &tfprotov5.Schema{Version: o.Version, Block: b}, nil
}

var nestings = map[string]tfprotov5.SchemaNestedBlockNestingMode{
	"single": tfprotov5.SchemaNestedBlockNestingModeSingle,
	"list":   tfprotov5.SchemaNestedBlockNestingModeList,
	"set":    tfprotov5.SchemaNestedBlockNestingModeSet,
}

func blockOf(b block) (*tfprotov5.SchemaBlock, error) {
	served := &tfprotov5.SchemaBlock{}
	for _, name := range slices.Sorted(maps.Keys(b.Attributes)) {
		a := b.Attributes[name]
		kind, err := tftypes.ParseJSONType(a.Type) //nolint:staticcheck // there is no other reader of the format
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		served.Attributes = append(served.Attributes, &tfprotov5.SchemaAttribute{
			Name: name, Type: kind, Required: a.Required, Optional: a.Optional, Computed: a.Computed,
		})
	}
	for _, name := range slices.Sorted(maps.Keys(b.Blocks)) {
		n := b.Blocks[name]
		nesting, known := nestings[n.Nesting]
		if !known {
			return nil, fmt.Errorf("%s: there is no nesting %q", name, n.Nesting)
		}
		inner, err := blockOf(n.Block)
		if err != nil {
			return nil, fmt.Errorf("%s.%w", name, err)
		}
		served.BlockTypes = append(served.BlockTypes, &tfprotov5.SchemaNestedBlock{
			TypeName: name, Nesting: nesting, Block: inner, MinItems: n.Min, MaxItems: n.Max,
		})
	}
	return served, nil
}
