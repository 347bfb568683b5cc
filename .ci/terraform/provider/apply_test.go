package main

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func text(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }

// resourceOf is a resource of which some attributes are set.
func resourceOf(kind tftypes.Object, set map[string]tftypes.Value) tftypes.Value {
	values := map[string]tftypes.Value{}
	for name, of := range kind.AttributeTypes {
		values[name] = tftypes.NewValue(of, nil)
		if v, there := set[name]; there {
			values[name] = v
		}
	}
	return tftypes.NewValue(kind, values)
}

// create plans a new resource and applies it.
func create(t *testing.T, resource string, set map[string]tftypes.Value) (planned, applied map[string]tftypes.Value) {
	t.Helper()
	s := &server{schema: served(t)}
	kind := s.schema.ResourceSchemas[resource].ValueType().(tftypes.Object)
	encoded := func(v tftypes.Value) *tfprotov5.DynamicValue {
		of, err := tfprotov5.NewDynamicValue(kind, v)
		if err != nil {
			t.Fatal(err)
		}
		return &of
	}
	attributes := func(of *tfprotov5.DynamicValue) map[string]tftypes.Value {
		v, err := of.Unmarshal(kind)
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]tftypes.Value{}
		if err := v.As(&all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	plan, err := s.PlanResourceChange(t.Context(), &tfprotov5.PlanResourceChangeRequest{
		TypeName: resource, PriorState: encoded(tftypes.NewValue(kind, nil)), ProposedNewState: encoded(resourceOf(kind, set)),
	})
	if err != nil {
		t.Fatal(err)
	}
	apply, err := s.ApplyResourceChange(t.Context(), &tfprotov5.ApplyResourceChangeRequest{TypeName: resource, PlannedState: plan.PlannedState})
	if err != nil {
		t.Fatal(err)
	}
	return attributes(plan.PlannedState), attributes(apply.NewState)
}

func TestWhatAWSSaysOfAResourceIsKnownAfterItIsApplied(t *testing.T) {
	planned, applied := create(t, "aws_iam_role", map[string]tftypes.Value{"name_prefix": text("shop-")})
	for _, name := range []string{"arn", "name", "id", "unique_id"} {
		if planned[name].IsKnown() {
			t.Errorf("%s is planned to be %s", name, planned[name])
		}
	}
	for name, v := range applied {
		if !v.IsFullyKnown() {
			t.Errorf("%s isn't known after it is applied", name)
		}
	}
	name, _ := primitive(applied["name"])
	arn, _ := primitive(applied["arn"])
	if id, _ := primitive(applied["id"]); len(name) != len("shop-")+16 || id != name || arn != "arn:aws:iam::123456789012:role/"+name {
		t.Errorf("the role is called %s, with the id %s and the ARN %s", name, id, arn)
	}
	if !applied["unique_id"].IsNull() || !applied["path"].IsNull() {
		t.Errorf("what made.go doesn't have is %s, and what is left out %s", applied["unique_id"], applied["path"])
	}
	if _, again := create(t, "aws_iam_role", map[string]tftypes.Value{"name_prefix": text("shop-")}); !again["arn"].Equal(applied["arn"]) {
		t.Error("the same configuration has another ARN the second time")
	}
	if _, other := create(t, "aws_iam_role", map[string]tftypes.Value{"name_prefix": text("shop-"), "description": text("another")}); other["arn"].Equal(applied["arn"]) {
		t.Error("another configuration has the same ARN")
	}
}

func TestARuleIsOneOfItsListenersLoadBalancer(t *testing.T) {
	const balancer = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shop/0123456789abcdef"
	_, listener := create(t, "aws_lb_listener", map[string]tftypes.Value{"load_balancer_arn": text(balancer)})
	of, _ := primitive(listener["arn"])
	_, rule := create(t, "aws_lb_listener_rule", map[string]tftypes.Value{"listener_arn": text(of)})
	arn, _ := primitive(rule["arn"])
	if want := "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shop/0123456789abcdef/"; len(of) != len(want)+16 || of[:len(want)] != want {
		t.Errorf("the listener is %s", of)
	}
	if want := len("arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener-rule/app/shop/0123456789abcdef/") + 16 + 1 + 16; len(arn) != want {
		t.Errorf("the rule is %s", arn)
	}
}

func TestValuesAreMadeOfAttributesThatThereAre(t *testing.T) {
	schema := served(t)
	for resource, attributes := range values {
		for name := range attributes {
			if a := find(schema, resource+"."+name); a == nil || !a.Computed {
				t.Errorf("%s.%s isn't served, or AWS doesn't say it", resource, name)
			}
		}
	}
	for source, attributes := range read {
		for name := range attributes {
			served := schema.DataSourceSchemas[source]
			if served == nil {
				t.Errorf("%s isn't served", source)
				break
			}
			if !hasAttribute(served.Block, name) {
				t.Errorf("%s.%s isn't served", source, name)
			}
		}
	}
}

func hasAttribute(block *tfprotov5.SchemaBlock, name string) bool {
	for _, a := range block.Attributes {
		if a.Name == name {
			return true
		}
	}
	return false
}

func TestADataSourceSaysWhereItIs(t *testing.T) {
	s := &server{schema: served(t)}
	kind := s.schema.DataSourceSchemas["aws_region"].ValueType().(tftypes.Object)
	config, err := tfprotov5.NewDynamicValue(kind, resourceOf(kind, nil))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := s.ReadDataSource(t.Context(), &tfprotov5.ReadDataSourceRequest{TypeName: "aws_region", Config: &config})
	if err != nil {
		t.Fatal(err)
	}
	state, err := answer.State.Unmarshal(kind)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]tftypes.Value{}
	if err := state.As(&all); err != nil {
		t.Fatal(err)
	}
	if name, _ := primitive(all["region"]); name != region {
		t.Errorf("the region is %s", all["region"])
	}
}
