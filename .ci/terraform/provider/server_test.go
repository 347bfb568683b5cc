package main

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// validate has a resource validated of which some attributes are set.
func validate(t *testing.T, resource string, set map[string]tftypes.Value) []string {
	t.Helper()
	s := &server{schema: served(t)}
	kind := s.schema.ResourceSchemas[resource].ValueType().(tftypes.Object)
	config, err := tfprotov5.NewDynamicValue(kind, resourceOf(kind, set))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := s.ValidateResourceTypeConfig(t.Context(), &tfprotov5.ValidateResourceTypeConfigRequest{TypeName: resource, Config: &config})
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, d := range answer.Diagnostics {
		if d.Severity != tfprotov5.DiagnosticSeverityError || d.Attribute == nil {
			t.Errorf("%s: %s of no attribute", d.Severity, d.Detail)
		}
		said = append(said, d.Detail)
	}
	return said
}

func TestAValueThatAWSDoesNotTakeIsRefused(t *testing.T) {
	for _, tt := range []struct {
		why, resource string
		set           map[string]tftypes.Value
		says          string
	}{
		{"a string of an enumeration", "aws_lambda_function", map[string]tftypes.Value{"runtime": text("provided.al2")}, `aws_lambda_function.runtime is "provided.al2": AWS takes provided.al2023, `},
		{
			"an element of a list", "aws_lambda_function",
			map[string]tftypes.Value{"architectures": tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, []tftypes.Value{text("arm64"), text("amd64")})},
			`aws_lambda_function.architectures is "amd64": AWS takes arm64, x86_64`,
		},
		{"a number", "aws_cloudwatch_log_group", map[string]tftypes.Value{"retention_in_days": tftypes.NewValue(tftypes.Number, 31)}, `aws_cloudwatch_log_group.retention_in_days is "31": AWS takes `},
		{"a form", "aws_iam_role", map[string]tftypes.Value{"name_prefix": text("with a blank")}, `aws_iam_role.name_prefix is "with a blank": AWS takes up to 38 characters that match `},
		{"a length", "aws_lb", map[string]tftypes.Value{"name": text(strings.Repeat("a", 33))}, `aws_lb.name is "aaa`},
	} {
		if said := validate(t, tt.resource, tt.set); len(said) != 1 || !strings.HasPrefix(said[0], tt.says) {
			t.Errorf("%s: got %q, want it to begin with %q", tt.why, said, tt.says)
		}
	}
}

func TestAValueThatAWSTakesOrThatIsNotKnownIsNone(t *testing.T) {
	for why, value := range map[string]tftypes.Value{
		"a value of the enumeration": tftypes.NewValue(tftypes.String, "provided.al2023"),
		"a value that comes later":   tftypes.NewValue(tftypes.String, tftypes.UnknownValue),
		"no value":                   tftypes.NewValue(tftypes.String, nil),
	} {
		if said := validate(t, "aws_lambda_function", map[string]tftypes.Value{"runtime": value}); len(said) > 0 {
			t.Errorf("%s: got %q", why, said)
		}
	}
}
