package simulator_test

import (
	"os"
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb/elbapi"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// The documentation's table of operations is the endpoints' own.
func TestTheDocumentationListsTheOperationsThatAreSupported(t *testing.T) {
	page, err := os.ReadFile("../../docs/simulator.md")
	if err != nil {
		t.Fatal(err)
	}
	for service, operations := range map[string][]string{
		"CodeDeploy": codedeploy.SupportedOperations(), "Elastic Load Balancing": elbapi.SupportedOperations(),
		"ECS": ecs.SupportedOperations(), "Lambda": lambda.SupportedOperations(),
	} {
		if row := "| " + service + " | " + strings.Join(operations, ", ") + " |"; !strings.Contains(string(page), row) {
			t.Errorf("docs/simulator.md doesn't have the row\n%s", row)
		}
	}
}
