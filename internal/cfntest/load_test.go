package cfntest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// write puts a template into a folder of its own.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
func TestFunctionsGiveWhatCloudFormationsDo(t *testing.T) {
	const head = `
Parameters:
  Name: {Type: String, Default: shop}
  Subnets: {Type: CommaDelimitedList, Default: "subnet-1, subnet-2"}
  Port: {Type: Number, Default: 8080}
  On: {Type: String, Default: "true"}
Mappings:
  Ports: {https: {test: 8443}}
Conditions:
  On: !Equals [!Ref On, "true"]
  Off: !Not [!Condition On]
  Both: !And [!Condition On, !Condition Off]
  Either: !Or [!Condition On, !Condition Off]
Resources:
  Role: {Type: AWS::IAM::Role, Properties: {RoleName: gate}}
  Group: {Type: AWS::ElasticLoadBalancingV2::TargetGroup}
  Queue: {Type: AWS::SQS::Queue}
Outputs:
  It:
    Value: `
	tests := []struct {
		why, value string
		want       any
	}{
		{"a text", "plain", "plain"},
		{"a parameter", "!Ref Name", "shop"},
		{"a list's items, without the white space around them", "!Ref Subnets", []any{"subnet-1", "subnet-2"}},
		{"a resource's name", "!Ref Role", "gate"},
		{"an attribute", "!GetAtt Role.Arn", "arn:aws:iam::123456789012:role/gate"},
		{"an attribute in the long form", "{Fn::GetAtt: [Role, Arn]}", "arn:aws:iam::123456789012:role/gate"},
		{"an attribute, dotted in the long form", "{Fn::GetAtt: Role.Arn}", "arn:aws:iam::123456789012:role/gate"},
		{"a name that CloudFormation makes up", "!GetAtt Group.TargetGroupName", "stack-Group"},
		{"a queue's ARN", "!GetAtt Queue.Arn", "arn:aws:sqs:eu-west-1:123456789012:stack-Queue"},
		{"pseudo parameters", "!Sub '${AWS::Partition} ${AWS::Region} ${AWS::AccountId} ${AWS::StackName} ${AWS::URLSuffix}'", "aws eu-west-1 123456789012 stack amazonaws.com"},
		{"an attribute in a text", "!Sub 'a ${Role.Arn} b'", "a arn:aws:iam::123456789012:role/gate b"},
		{"a variable of its own", "!Sub ['${A}-${Name}', {A: !Join ['+', !Ref Subnets]}]", "subnet-1+subnet-2-shop"},
		{"a placeholder that isn't one", "!Sub '${!Literal} ${Name}'", "${Literal} shop"},
		{"a number in a text", "!Sub 'port ${Port}'", "port 8080"},
		{"joining", "!Join [',', [a, !Ref Name]]", "a,shop"},
		{"splitting", "!Split ['-', 'a-b']", []any{"a", "b"}},
		{"selecting", "!Select [1, !Ref Subnets]", "subnet-2"},
		{"a mapping", "!FindInMap [Ports, https, test]", 8443.0},
		{"base 64", "!Base64 shop", "c2hvcA=="},
		{"zones", "!GetAZs ''", []any{"eu-west-1a", "eu-west-1b", "eu-west-1c"}},
		{"what another stack exports", "!ImportValue network-vpc", "vpc-1"},
		{"one of two", "!If [On, yes, no]", "yes"},
		{"the other of two", "!If [Off, yes, no]", "no"},
		{"and", "!If [Both, yes, no]", "no"},
		{"or", "!If [Either, yes, no]", "yes"},
		{"what isn't chosen may be what there isn't", "!If [On, yes, !GetAtt Nothing.Arn]", "yes"},
		{"a property that isn't there", "{a: 1, b: !If [Off, 2, !Ref AWS::NoValue]}", map[string]any{"a": 1.0}},
		{"an item that isn't there", "[a, !If [Off, b, !Ref AWS::NoValue]]", []any{"a"}},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			s, err := Load(write(t, "template.yaml", head+tt.value+"\n"), Options{Exports: map[string]string{"network-vpc": "vpc-1"}})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, s.Outputs["It"]); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestATemplateThatCloudFormationWouldRefuseIsRefused(t *testing.T) {
	tests := []struct{ why, text, says string }{
		{"no template", "", "it is empty"},
		{"no resources", "Parameters: {}", "it has no resources"},
		{"a resource that there isn't", "Resources: {A: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref B}}}", "there is no resource B"},
		{"one that isn't made", "Conditions: {Never: !Equals [a, b]}\nResources: {A: {Type: AWS::SQS::Queue, Condition: Never}, B: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref A}}}", "its condition Never doesn't hold"},
		{"a circle", "Resources: {A: {Type: AWS::SQS::Queue, Properties: {Tags: !GetAtt B.Arn}}, B: {Type: AWS::SQS::Queue, Properties: {Tags: !GetAtt A.Arn}}}", "A → B → A"},
		{"an attribute that the type hasn't", "Resources: {A: {Type: AWS::SQS::Queue}, B: {Type: AWS::SQS::Queue, Properties: {Tags: !GetAtt A.Color}}}", "no attribute Color"},
		{"a DependsOn on nothing", "Resources: {A: {Type: AWS::SQS::Queue, DependsOn: [B]}}", "it depends on B, which there isn't"},
		{"a condition that there isn't", "Resources: {A: {Type: AWS::SQS::Queue, Condition: B}}", "there is no condition B"},
		{"a function that there isn't", "Resources: {A: {Type: AWS::SQS::Queue, Properties: {QueueName: !Upper [a, b]}}}", "Fn::Upper"},
		{"a mapping without the key", "Mappings: {M: {a: {b: c}}}\nResources: {A: {Type: AWS::SQS::Queue, Properties: {QueueName: !FindInMap [M, a, x]}}}", "the mapping M has no x of a"},
		{"an item behind the last", "Resources: {A: {Type: AWS::SQS::Queue, Properties: {QueueName: !Select [2, [a, b]]}}}", "there is no item 2"},
		{"an import that nobody exports", "Resources: {A: {Type: AWS::SQS::Queue, Properties: {QueueName: !ImportValue x}}}", "no stack exports x"},
		{"a parameter without a value", "Parameters: {P: {Type: String}}\nResources: {A: {Type: AWS::SQS::Queue}}", "it has no default"},
		{"SAM's resources, before its transform", "Resources: {A: {Type: AWS::Serverless::Function}}", "load what its transform makes"},
		{"an alias of YAML", "Resources:\n  A: &a {Type: AWS::SQS::Queue}\n  B: *a\n", "aliases of YAML"},
		{"a rule that isn't kept", "Parameters: {P: {Type: String, Default: ''}}\nRules: {R: {Assertions: [{Assert: !Not [!Equals [!Ref P, '']], AssertDescription: P is needed}]}}\nResources: {A: {Type: AWS::SQS::Queue}}", "P is needed"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			_, err := Load(write(t, "template.yaml", tt.text), Options{})
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want an error with %q", err, tt.says)
			}
		})
	}
}

func TestAResourceWhoseConditionDoesntHoldIsNotMade(t *testing.T) {
	s, err := Load(write(t, "template.json", `{
		"Parameters": {"Wanted": {"Type": "String", "Default": "false"}},
		"Conditions": {"Wanted": {"Fn::Equals": [{"Ref": "Wanted"}, "true"]}},
		"Resources": {"A": {"Type": "AWS::SQS::Queue", "Condition": "Wanted"}, "B": {"Type": "AWS::SQS::Queue"}},
		"Outputs": {"A": {"Condition": "Wanted", "Value": {"Ref": "A"}}, "B": {"Value": {"Ref": "B"}}}
	}`), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s.Resources["A"] != nil || s.Resources["B"] == nil || s.Outputs["A"] != nil || s.Outputs["B"] == nil {
		t.Errorf("there are %v and %v", sortedKeys(s.Resources), s.Outputs)
	}
}

func TestANestedStackGetsItsParametersAndGivesItsOutputs(t *testing.T) {
	outer := write(t, "outer.yaml", `
Resources:
  Inner:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: inner.yaml
      Parameters: {Name: !Sub '${AWS::StackName}-gate', Subnets: !Join [',', [a, b]], On: true}
Outputs:
  Arn: {Value: !GetAtt Inner.Outputs.Arn}
`)
	inner := `
Parameters:
  Name: {Type: String}
  Subnets: {Type: CommaDelimitedList}
  On: {Type: String, AllowedValues: ['true', 'false']}
Resources:
  Role: {Type: AWS::IAM::Role, Properties: {RoleName: !Ref Name, Tags: !Ref Subnets}}
Outputs:
  Arn: {Value: !GetAtt Role.Arn}
`
	if err := os.WriteFile(filepath.Join(filepath.Dir(outer), "inner.yaml"), []byte(inner), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Load(outer, Options{StackName: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	if s.Outputs["Arn"] != "arn:aws:iam::123456789012:role/shop-gate" || len(s.Find("AWS::IAM::Role")) != 1 {
		t.Errorf("the outputs are %v", s.Outputs)
	}
	role, err := s.Role("arn:aws:iam::123456789012:role/shop-gate")
	if err != nil || len(role.Properties["Tags"].([]any)) != 2 {
		t.Errorf("the role is %+v (%v)", role, err)
	}
	if _, err := s.Role("other"); err == nil {
		t.Error("a role that there isn't is found")
	}
}

func TestARolesDocumentsAreThoseThatStandBesideItToo(t *testing.T) {
	s, err := Load(write(t, "template.json", `{"Resources": {
		"Role": {"Type": "AWS::IAM::Role", "Properties": {
			"AssumeRolePolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]},
			"Policies": [{"PolicyName": "inline", "PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "a:b", "Resource": "*"}]}}]
		}},
		"Beside": {"Type": "AWS::IAM::Policy", "Properties": {"PolicyName": "beside", "Roles": [{"Ref": "Role"}],
			"PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "c:d", "Resource": "*"}]}}},
		"Others": {"Type": "AWS::IAM::Policy", "Properties": {"PolicyName": "others", "Roles": ["other"],
			"PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "e:f", "Resource": "*"}]}}}
	}}`), Options{})
	if err != nil {
		t.Fatal(err)
	}
	documents, err := s.Resources["Role"].Documents()
	if err != nil || len(documents) != 2 || documents[0].Name != "inline" || documents[1].Name != "beside" {
		t.Errorf("the documents are %+v (%v)", documents, err)
	}
	trust, err := s.Resources["Role"].Trust()
	if err != nil || !trust.Trusts("lambda.amazonaws.com") || trust.Trusts("ecs.amazonaws.com") {
		t.Errorf("the role trusts %+v (%v)", trust, err)
	}
}
