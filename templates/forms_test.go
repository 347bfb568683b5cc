package templates_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/cfntest"
	"github.com/greenlight-deploy/greenlight/internal/cfntest/tfstate"
	"github.com/greenlight-deploy/greenlight/internal/iampolicy"
)

const (
	region  = "eu-west-1"
	account = "123456789012"
)

// platforms are what the examples deploy, with the examples' names in SAM's, the CDK's and Terraform's folders.
var platforms = map[string]map[string]string{
	"a service, by CodeDeploy":  {"SAM": "ecs-codedeploy", "CDK": "codedeploy-ecs", "Terraform": "ecs-codedeploy"},
	"a service, by ECS":         {"SAM": "ecs", "CDK": "ecs", "Terraform": "ecs"},
	"a function, by CodeDeploy": {"SAM": "lambda", "CDK": "codedeploy-lambda", "Terraform": "lambda"},
}

// load loads an example of one of the forms that the templates have.
func load(t *testing.T, form, example string) *cfntest.Stack {
	t.Helper()
	o := cfntest.Options{StackName: "shop", Region: region, Account: account}
	var s *cfntest.Stack
	var err error
	switch form {
	case "SAM":
		transformed := func(name string) string {
			return filepath.Join("sam", "testdata", strings.TrimSuffix(name, ".yaml")+".json")
		}
		o.Templates = transformed
		if example != "lambda" {
			o.Parameters = map[string]string{"VpcId": "vpc-0a1b2c3d", "SubnetIds": "subnet-0a1b2c3d,subnet-1a1b2c3d"}
		}
		s, err = cfntest.Load(transformed(example), o)
	case "CDK":
		s, err = cfntest.Load(filepath.Join("cdk", "test", "testdata", example+".template.json"), o)
	case "Terraform":
		var state *tfstate.State
		if state, err = tfstate.Read(filepath.Join("terraform", "testdata", example+".json")); err == nil {
			s, err = state.Stack(t.TempDir(), o)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// gateOf is the gate's function.
func gateOf(t *testing.T, s *cfntest.Stack) *cfntest.Resource {
	t.Helper()
	functions := s.Find("AWS::Lambda::Function")
	i := slices.IndexFunc(functions, func(f *cfntest.Resource) bool { return strings.HasPrefix(f.Name, "CodeDeployHook_") })
	if i < 0 {
		t.Fatal("there is no function that CodeDeploy may call")
	}
	return functions[i]
}

// metric is one of CloudWatch's, as an alarm reads it.
type metric struct {
	Namespace, Name, Statistic string
	Period                     float64 // seconds
	Dimensions                 string
}

// alarm is what somebody sees of an alarm, with NAME for the function's name.
type alarm struct {
	Name, Description, ComparisonOperator, TreatMissingData string
	EvaluationPeriods, DatapointsToAlarm, Threshold         float64
	Metric                                                  metric
	// Expression, Label and Of are those of an alarm on more than one metric.
	Expression, Label string
	Of                map[string]metric
}

type (
	dimensions []struct{ Name, Value string }
	statistic  struct {
		Metric struct {
			Namespace, MetricName string
			Dimensions            dimensions
		}
		Period float64
		Stat   string
	}
)

func (d dimensions) String() string {
	var all []string
	for _, one := range d {
		all = append(all, one.Name+"="+one.Value)
	}
	return strings.Join(all, ",")
}

// alarmsOn are the alarms on the gate itself, by name.
func alarmsOn(t *testing.T, s *cfntest.Stack, gate string) []alarm {
	t.Helper()
	var all []alarm
	for _, r := range s.Find("AWS::CloudWatch::Alarm") {
		if !strings.HasPrefix(r.Name, gate) {
			continue // on what is deployed
		}
		encoded, err := json.Marshal(r.Properties)
		if err != nil {
			t.Fatal(err)
		}
		var p struct {
			alarm
			AlarmName, AlarmDescription, Namespace, MetricName, Statistic string
			Period                                                        float64
			Dimensions                                                    dimensions
			Metrics                                                       []struct {
				ID, Expression, Label string
				MetricStat            statistic
			}
		}
		if err := json.Unmarshal([]byte(strings.ReplaceAll(string(encoded), gate, "NAME")), &p); err != nil {
			t.Fatal(err)
		}
		a := p.alarm
		a.Name, a.Description = p.AlarmName, p.AlarmDescription
		if p.MetricName != "" {
			a.Metric = metric{p.Namespace, p.MetricName, p.Statistic, p.Period, p.Dimensions.String()}
		}
		for _, m := range p.Metrics {
			if m.Expression != "" {
				a.Expression, a.Label = m.Expression, m.Label
				continue
			}
			if a.Of == nil {
				a.Of = map[string]metric{}
			}
			of := m.MetricStat.Metric
			a.Of[m.ID] = metric{of.Namespace, of.MetricName, m.MetricStat.Stat, m.MetricStat.Period, of.Dimensions.String()}
		}
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b alarm) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// Whoever is called at night finds the same, whichever tool it was deployed with.
func TestTheAlarmsOnTheGateAreTheSameInAllForms(t *testing.T) {
	const function = "FunctionName=NAME"
	counted := func(name string) metric { return metric{"AWS/Lambda", name, "Sum", 60, function} }
	// An invocation takes up to 15 minutes, and Lambda dates an error by when it began.
	rings := alarm{ComparisonOperator: "GreaterThanThreshold", TreatMissingData: "notBreaching", EvaluationPeriods: 20, DatapointsToAlarm: 1, Threshold: 0}
	errors, throttles, noVerdict := rings, rings, rings
	errors.Name, errors.Metric = "NAME-errors", counted("Errors")
	throttles.Name, throttles.Metric = "NAME-throttles", counted("Throttles")
	noVerdict.Name, noVerdict.Expression, noVerdict.Label = "NAME-no-verdict", "FILL(dropped, 0) + FILL(looped, 0)", "events without a verdict"
	noVerdict.Of = map[string]metric{"dropped": counted("AsyncEventsDropped"), "looped": counted("RecursiveInvocationsDropped")}
	want := []alarm{errors, noVerdict, throttles}

	described := map[string]string{}
	for deploys, forms := range platforms {
		for form, example := range forms {
			s := load(t, form, example)
			got := alarmsOn(t, s, gateOf(t, s).Name)
			for i, a := range got {
				if of, before := described[a.Name]; a.Description == "" || before && a.Description != of {
					t.Errorf("%s, %s: the description of %s is %q, and elsewhere %q", form, deploys, a.Name, a.Description, of)
				}
				described[a.Name], got[i].Description = a.Description, ""
			}
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Errorf("%s, %s: the alarms (-want +got):\n%s", form, deploys, diff)
			}
		}
	}
}

func TestTheGateIsTheSameFunctionInAllForms(t *testing.T) {
	for deploys, forms := range platforms {
		for form, example := range forms {
			s := load(t, form, example)
			gate := gateOf(t, s)
			got := map[string]string{}
			take := func(r *cfntest.Resource, properties ...string) {
				for _, name := range properties {
					got[name] = fmt.Sprint(r.Properties[name])
				}
			}
			take(gate, "Runtime", "Handler", "Architectures", "Timeout", "MemorySize")
			for _, c := range s.Find("AWS::Lambda::EventInvokeConfig") {
				if c.Properties["FunctionName"] == gate.Name {
					take(c, "MaximumRetryAttempts", "MaximumEventAgeInSeconds")
				}
			}
			for _, g := range s.Find("AWS::Logs::LogGroup") {
				if g.Name == "/aws/lambda/"+gate.Name {
					take(g, "RetentionInDays")
				}
			}
			if diff := gocmp.Diff(map[string]string{
				"Runtime": "provided.al2023", "Handler": "bootstrap", "Architectures": "[arm64]", "Timeout": "900", "MemorySize": "512",
				"MaximumRetryAttempts": "2", "MaximumEventAgeInSeconds": "3600", "RetentionInDays": "30",
			}, got); diff != "" {
				t.Errorf("%s, %s: the function (-want +got):\n%s", form, deploys, diff)
			}
		}
	}
}

// CodeDeploy doesn't call again: a check of more than 15 minutes fails where the function may not call itself. ECS does.
func TestTheGateHandsOverWhereCodeDeployCallsAndNowhereElse(t *testing.T) {
	for deploys, forms := range platforms {
		for form, example := range forms {
			s := load(t, form, example)
			gate := gateOf(t, s)
			role, err := s.Role(gate.Properties["Role"].(string))
			if err != nil {
				t.Fatal(err)
			}
			documents, err := role.Documents()
			if err != nil {
				t.Fatal(err)
			}
			arn := "arn:aws:lambda:" + region + ":" + account + ":function:" + gate.Name
			want := strings.HasSuffix(deploys, "by CodeDeploy")
			if got := iampolicy.Decide(documents, nil, "lambda:InvokeFunction", arn).Allowed; got != want {
				t.Errorf("%s, %s: the function may call itself: %v, and it should: %v", form, deploys, got, want)
			}
		}
	}
}
