package main

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func served(t *testing.T) *tfprotov5.GetProviderSchemaResponse {
	t.Helper()
	schema, err := readSchema(schemaJSON)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// find follows a name such as aws_ecs_service.load_balancer.container_name to its attribute.
func find(schema *tfprotov5.GetProviderSchemaResponse, name string) *tfprotov5.SchemaAttribute {
	steps := strings.Split(name, ".")
	resource, there := schema.ResourceSchemas[steps[0]]
	if !there {
		return nil
	}
	block := resource.Block
	for _, step := range steps[1 : len(steps)-1] {
		inner := nested(block, step)
		if inner == nil {
			return nil
		}
		block = inner.Block
	}
	for _, a := range block.Attributes {
		if a.Name == steps[len(steps)-1] {
			return a
		}
	}
	return nil
}

func nested(block *tfprotov5.SchemaBlock, name string) *tfprotov5.SchemaNestedBlock {
	for _, b := range block.BlockTypes {
		if b.TypeName == name {
			return b
		}
	}
	return nil
}

// The facts are of the provider's documentation: https://registry.terraform.io/providers/hashicorp/aws/latest/docs
func TestTheSchemaIsTheProviders(t *testing.T) {
	schema := served(t)
	list, set := tftypes.List{ElementType: tftypes.String}, tftypes.Set{ElementType: tftypes.String}
	for name, want := range map[string]tfprotov5.SchemaAttribute{
		"aws_lambda_function.function_name":                                         {Type: tftypes.String, Required: true},
		"aws_lambda_function.architectures":                                         {Type: list, Optional: true, Computed: true},
		"aws_lambda_function.invoke_arn":                                            {Type: tftypes.String, Computed: true},
		"aws_lambda_function.vpc_config.subnet_ids":                                 {Type: set, Required: true},
		"aws_lambda_function.environment.variables":                                 {Type: tftypes.Map{ElementType: tftypes.String}, Optional: true},
		"aws_cloudwatch_log_group.retention_in_days":                                {Type: tftypes.Number, Optional: true},
		"aws_ecs_service.load_balancer.container_port":                              {Type: tftypes.Number, Required: true},
		"aws_ecs_service.deployment_configuration.lifecycle_hook.lifecycle_stages":  {Type: list, Required: true},
		"aws_codedeploy_deployment_group.auto_rollback_configuration.enabled":       {Type: tftypes.Bool, Optional: true},
		"aws_codedeploy_deployment_group.load_balancer_info.target_group_info.name": {Type: tftypes.String, Optional: true},
	} {
		got := find(schema, name)
		if got == nil {
			t.Errorf("%s isn't served", name)
			continue
		}
		if !got.Type.Equal(want.Type) || got.Required != want.Required || got.Optional != want.Optional || got.Computed != want.Computed {
			t.Errorf("%s is %s (required %t, optional %t, computed %t)", name, got.Type, got.Required, got.Optional, got.Computed)
		}
	}
	service := schema.ResourceSchemas["aws_ecs_service"].Block
	if b := nested(service, "load_balancer"); b.Nesting != tfprotov5.SchemaNestedBlockNestingModeSet || b.MaxItems != 0 {
		t.Errorf("a service's load_balancer is a %s of at most %d", b.Nesting, b.MaxItems)
	}
	if b := nested(service, "deployment_configuration"); b.Nesting != tfprotov5.SchemaNestedBlockNestingModeList || b.MaxItems != 1 {
		t.Errorf("a service's deployment_configuration is a %s of at most %d", b.Nesting, b.MaxItems)
	}
	if b := nested(schema.ResourceSchemas["aws_lb_listener"].Block, "default_action"); b.MinItems != 1 {
		t.Errorf("a listener has at least %d default actions", b.MinItems)
	}
}

func TestValuesAreOfAttributesThatThereAre(t *testing.T) {
	schema := served(t)
	for name := range enumerations {
		if find(schema, name) == nil {
			t.Errorf("%s isn't served: its values are never held against anything", name)
		}
	}
	for name := range forms {
		if find(schema, name) == nil {
			t.Errorf("%s isn't served: its form is never held against anything", name)
		}
	}
}

func TestASchemaThatCantBeReadIsSaid(t *testing.T) {
	for why, text := range map[string]string{
		"no JSON":                `{`,
		"another provider":       `{"provider_schemas":{"registry.terraform.io/hashicorp/random":{}}}`,
		"a type that is none":    `{"provider_schemas":{"` + address + `":{"resource_schemas":{"aws_x":{"block":{"attributes":{"a":{"type":"text"}}}}}}}}`,
		"a nesting that is none": `{"provider_schemas":{"` + address + `":{"data_source_schemas":{"aws_x":{"block":{"block_types":{"a":{"nesting_mode":"tree"}}}}}}}}`,
	} {
		if _, err := readSchema([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), "reading schema.json: ") {
			t.Errorf("%s: got %v", why, err)
		}
	}
}
