//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// signed is what signatures call the services of the documentation's table.
var signed = map[string]string{
	"CodeDeploy": "codedeploy", "ECS": "ecs", "Elastic Load Balancing": "elasticloadbalancing", "Lambda": "lambda", "STS": "sts",
}

// supported reads the table of operations in docs/simulator.md, which other tests hold against the code.
func supported(t *testing.T) map[string][]string {
	t.Helper()
	page, err := os.ReadFile("../docs/simulator.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "| service | operations |\n|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	operations := map[string][]string{}
	for row := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(row, "| \n"), " | ")
		if len(cells) != 2 || signed[cells[0]] == "" {
			t.Fatalf("docs/simulator.md has a row in its table of operations that can't be read: %q", row)
		}
		operations[signed[cells[0]]] = strings.Split(cells[1], ", ")
	}
	if len(operations) != len(signed) {
		t.Fatalf("docs/simulator.md has the operations of %d services, not of %d", len(operations), len(signed))
	}
	return operations
}

func TestEveryAnswerHasTheShapeOfTheModelThatTheSDKsCarry(t *testing.T) {
	t.Parallel()
	c := startCloud(t)
	port := freePort(t)
	for _, f := range []lambda.Function{
		{Name: hookName, Webhook: fmt.Sprintf("http://127.0.0.1:%d/", port)},
		{Name: "checkout", Command: []string{program(t, "HOOK_PYTHON"), filepath.Join(hookFolder(t), "echo.py")}, Timeout: 30 * time.Second},
	} {
		if err := c.CreateFunction(f); err != nil {
			t.Fatal(err)
		}
	}
	table, err := json.Marshal(supported(t))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program(t, "HOOK_PYTHON"), "testdata/shapes/answers.py", c.EndpointURL(), string(table), fmt.Sprint(port))
	var found struct{ Differences, Silent []string }
	if out := c.run(t, cmd); json.Unmarshal(out, &found) != nil {
		t.Fatalf("answers.py printed %s", out)
	}
	for _, operation := range found.Silent {
		t.Errorf("%s is in the table of docs/simulator.md, and was never answered: call it in testdata/shapes/answers.py", operation)
	}
	for _, difference := range found.Differences {
		t.Error(difference)
	}
}

func TestDifferencesFromTheModelAreFound(t *testing.T) {
	t.Parallel()
	type answer struct {
		Service   string            `json:"service"`
		Operation string            `json:"operation"`
		Status    int               `json:"status"`
		Headers   map[string]string `json:"headers"`
		Body      string            `json:"body"`
	}
	json11 := func(status int, operation, body string) answer {
		return answer{"codedeploy", operation, status, map[string]string{"Content-Type": "application/x-amz-json-1.1", "X-Amzn-Requestid": "1"}, body}
	}
	rest := func(status int, operation, code, body string) answer {
		return answer{"lambda", operation, status, map[string]string{"Content-Type": "application/json", "X-Amzn-Requestid": "1", "X-Amzn-Errortype": code}, body}
	}
	query := func(operation, result string) answer {
		body := fmt.Sprintf(`<%[1]sResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><%[1]sResult>%[2]s</%[1]sResult>`+
			`<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></%[1]sResponse>`, operation, result)
		return answer{"elasticloadbalancing", operation, 200, map[string]string{"Content-Type": "text/xml"}, body}
	}
	tests := []struct {
		why    string
		answer answer
		want   string // in the one difference; empty for none
	}{
		{"an answer as it should be", json11(200, "GetDeployment", `{"deploymentInfo":{"deploymentId":"d-1","createTime":1.5,"status":"Created"}}`), ""},
		{"a name in another case", json11(200, "GetDeployment", `{"deploymentInfo":{"deploymentID":"d-1"}}`), "answer.deploymentInfo.deploymentID is no member of DeploymentInfo; deploymentId is"},
		{"a time as text", json11(200, "GetDeployment", `{"deploymentInfo":{"createTime":"2026-01-01T00:00:00Z"}}`), "not a timestamp"},
		{"a time that nobody set", json11(200, "GetDeployment", `{"deploymentInfo":{"createTime":0}}`), "createTime is 0, not a timestamp"},
		{"a status that isn't one", json11(200, "GetDeployment", `{"deploymentInfo":{"status":"Done"}}`), "status is 'Done', not one of"},
		{"a boolean for a number", json11(200, "GetDeployment", `{"deploymentInfo":{"deploymentOverview":{"Failed":true}}}`), "Failed is True, not a long"},
		{"null", json11(200, "ListDeployments", `{"deployments":null}`), "answer.deployments is null"},
		{"a list of something else", json11(200, "ListDeployments", `{"deployments":[7]}`), "answer.deployments[0] is 7, not a string"},
		{"no JSON", json11(200, "ListDeployments", `deployments`), "the body is not JSON"},
		{"an error of the operation", json11(400, "GetDeployment", `{"__type":"DeploymentDoesNotExistException","message":"no"}`), ""},
		{"an error of another operation", json11(400, "GetDeployment", `{"__type":"RevisionRequiredException","message":"no"}`), "RevisionRequiredException is no error of the operation"},
		{"a required member that is left out", rest(200, "GetFunctionConfiguration", "", `{"EphemeralStorage":{}}`), "answer.EphemeralStorage.Size is missing, which EphemeralStorage requires"},
		{"an error without words", json11(400, "GetDeployment", `{"__type":"DeploymentDoesNotExistException"}`), "DeploymentDoesNotExistException has no message"},
		{"another type of content", rest(200, "GetFunctionConfiguration", "", `[]`), "the body is no object"},
		{"the wrong status", rest(200, "CreateAlias", "", `{"Name":"live"}`), "the status is 200, not 201"},
		{"a message in another case", rest(404, "GetAlias", "ResourceNotFoundException", `{"Type":"User","message":"no"}`), "ResourceNotFoundException.message is no member"},
		{"an error with the wrong status", rest(400, "GetAlias", "ResourceNotFoundException", `{"Type":"User","Message":"no"}`), "comes with the status 400, not 404"},
		{"XML as it should be", query("DescribeRules", `<Rules><member><IsDefault>true</IsDefault></member></Rules>`), ""},
		{"a list without member", query("DescribeRules", `<Rules><Rule/></Rules>`), "answer.Rules has a Rule, where lists have member"},
		{"XML of another type", query("DescribeRules", `<Rules><member><IsDefault>1</IsDefault></member></Rules>`), "IsDefault is '1', not a boolean"},
		{"an element that isn't one", query("DescribeRules", `<Rule/>`), "answer.Rule is no member of DescribeRulesOutput"},
		{"a structure for text", query("DescribeRules", `<Rules><member><RuleArn><a/></RuleArn></member></Rules>`), "RuleArn has elements in it"},
	}
	var answers bytes.Buffer
	for _, tt := range tests {
		if err := json.NewEncoder(&answers).Encode(tt.answer); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), program(t, "HOOK_PYTHON"), "testdata/shapes/model.py")
	cmd.Env, cmd.Stdin = clientEnvironment(t), &answers
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("model.py: %v", err)
	}
	differences := json.NewDecoder(bytes.NewReader(out))
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			var found []string
			if err := differences.Decode(&found); err != nil {
				t.Fatal(err)
			}
			if tt.want == "" && len(found) > 0 || tt.want != "" && (len(found) != 1 || !strings.Contains(found[0], tt.want)) {
				t.Errorf("the differences of %+v are %q, want %q alone", tt.answer, found, tt.want)
			}
		})
	}
}
