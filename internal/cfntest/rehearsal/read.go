package rehearsal

import (
	"os"
	"testing"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/cfntest"
	"github.com/greenlight-deploy/greenlight/internal/iampolicy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// AppSpec reads one that an example has.
func AppSpec(t *testing.T, text string) codedeploy.AppSpec {
	t.Helper()
	spec, err := codedeploy.ParseAppSpec(text)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// RoleOf is the role of a stack's function.
func RoleOf(t *testing.T, s *cfntest.Stack, function string) *cfntest.Resource {
	t.Helper()
	for _, f := range s.Find("AWS::Lambda::Function") {
		if f.Name == function {
			role, err := s.Role(f.Properties["Role"].(string))
			if err != nil {
				t.Fatal(err)
			}
			return role
		}
	}
	t.Fatalf("the stack has no function %s", function)
	return nil
}

// Itself is this test's program as a version of the deployed function, told by a variable which one it is.
func Itself(t *testing.T, variable, version string) lambda.Function {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return lambda.Function{Command: []string{binary}, Description: "for " + version, Env: map[string]string{variable: version}, Timeout: 10 * time.Second}
}

// ECSMayCall fails the test where a lifecycle hook of the stack's service calls another function, or by a role that ECS can't take or that
// doesn't allow it: the simulator asks nobody.
func ECSMayCall(t *testing.T, s *cfntest.Stack, w cfntest.World, function string) {
	t.Helper()
	if len(w.Config.ECS.Hooks) == 0 {
		t.Error("the service has no lifecycle hook")
	}
	for _, h := range w.Config.ECS.Hooks {
		role, err := s.Role(h.Role)
		if err != nil {
			t.Fatal(err)
		}
		trust, err := role.Trust()
		if err != nil {
			t.Fatal(err)
		}
		documents, err := role.Documents()
		if err != nil {
			t.Fatal(err)
		}
		if h.Function != function || !trust.Trusts("ecs.amazonaws.com") || !iampolicy.Decide(documents, nil, "lambda:InvokeFunction", function).Allowed {
			t.Errorf("ECS's hook calls %s by %s", h.Function, role.ID)
		}
	}
}
