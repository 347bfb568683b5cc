package deployment_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/greenlight-deploy/greenlight/hook"
	"github.com/greenlight-deploy/greenlight/internal/deployment"
)

// everyExecution are worlds in which all that can be read is read, by name.
func everyExecution(t testing.TB) map[string]struct {
	world     world
	execution hook.Execution
} {
	all := map[string]struct {
		world     world
		execution hook.Execution
	}{}
	add := func(name string, w world, e hook.Execution) {
		all[name] = struct {
			world     world
			execution hook.Execution
		}{w, e}
	}
	for _, event := range []string{"BeforeInstall", "AfterInstall", "AfterAllowTestTraffic", "BeforeAllowTraffic", "AfterAllowTraffic"} {
		add("CodeDeploy on ECS at "+event, onECS(t, event), codeDeployed())
	}
	for _, event := range []string{"BeforeAllowTraffic", "AfterAllowTraffic"} {
		add("CodeDeploy on Lambda at "+event, onLambda(t, event), codeDeployed())
	}
	for _, stage := range ecsStages {
		add("ECS at "+stage, byECS(t, stage), ecsExecution(stage))
	}
	add("a pause of ECS", byECS(t, "POST_TEST_TRAFFIC_SHIFT"), ecsPause())
	return all
}

// iam is the name of an operation's action.
func iam(operation string) string {
	for _, a := range deployment.Actions() {
		if _, name, _ := strings.Cut(a.Name, ":"); name == operation {
			return a.Name
		}
	}
	return "none of Actions()"
}

func TestAnActionThatIsDeniedIsNamed(t *testing.T) {
	for name, at := range everyExecution(t) {
		calls := describe(t, &cloud{world: at.world.clone()}, at.execution, deployment.Settings{Function: self}).calls
		for _, denied := range calls {
			t.Run(name+" without "+denied, func(t *testing.T) {
				d := describe(t, &cloud{world: at.world.clone(), denied: []string{denied}}, at.execution, deployment.Settings{Function: self})
				said := []string{d.Found, d.proof.Reason}
				if d.err != nil {
					said = append(said, d.err.Error())
				}
				for _, name := range deployment.Names() {
					if _, err := d.Lookup(name); err != nil {
						said = append(said, err.Error())
					}
				}
				if text := strings.Join(said, "\n"); !strings.Contains(text, iam(denied)) || !strings.Contains(text, "allow "+iam(denied)+" to the function's role") {
					t.Errorf("%s isn't named in\n%s", iam(denied), text)
				}
				if d.trips > 8 {
					t.Errorf("it took %d round trips", d.trips)
				}
			})
		}
	}
}

func TestTheActionsAreThoseThatAreCalled(t *testing.T) {
	called := map[deployment.Platform][]string{}
	for _, at := range everyExecution(t) {
		d := describe(t, &cloud{world: at.world}, at.execution, deployment.Settings{Function: self})
		called[d.Platform] = append(called[d.Platform], d.calls...)
	}
	for platform, calls := range called {
		var listed []string
		for _, a := range deployment.Actions() {
			if _, operation, _ := strings.Cut(a.Name, ":"); slices.Contains(a.Platforms, platform) {
				listed = append(listed, operation)
			}
			if a.Why == "" || a.Resource == "" || len(a.Platforms) == 0 {
				t.Errorf("%+v lacks something", a)
			}
		}
		slices.Sort(listed)
		slices.Sort(calls)
		if calls = slices.Compact(calls); !slices.Equal(calls, listed) {
			t.Errorf("%s: called are\n%v\nand listed\n%v", platform, calls, listed)
		}
	}
	if len(called) != 3 {
		t.Errorf("%d platforms are described", len(called))
	}
}

func TestAnOptionalActionsLackKeepsGreenFound(t *testing.T) {
	for name, at := range everyExecution(t) {
		for _, a := range deployment.Actions() {
			if !a.Optional {
				continue
			}
			_, operation, _ := strings.Cut(a.Name, ":")
			with := describe(t, &cloud{world: at.world.clone()}, at.execution, deployment.Settings{Function: self})
			without := describe(t, &cloud{world: at.world.clone(), denied: []string{operation}}, at.execution, deployment.Settings{Function: self})
			if without.err != nil || without.Green.URL != with.Green.URL || without.Green.FunctionARN != with.Green.FunctionARN || without.Stage != with.Stage {
				if at.execution.Contract == hook.ECSPause && operation == "DescribeServiceDeployments" {
					continue // which revision is deployed is known from there alone
				}
				t.Errorf("%s without %s: green is at %q with %v", name, operation, without.Green.URL, without.err)
			}
		}
	}
}

// failing is an HTTP client that fails.
type failing func(*http.Request) (*http.Response, error)

func (f failing) Do(r *http.Request) (*http.Response, error) { return f(r) }

func clientsOver(f failing) *deployment.Clients {
	return deployment.NewClients(aws.Config{Region: "eu-west-1", HTTPClient: f, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "")})
}

func TestThrottlingPasses(t *testing.T) {
	d := describe(t, &cloud{world: onECS(t, "AfterAllowTestTraffic"), throttled: 2}, codeDeployed(), deployment.Settings{Function: self})
	if d.err != nil || d.Green.URL != "http://lb.example:8080" || !d.proof.Shown {
		t.Errorf("green is at %q with %v", d.Green.URL, d.err)
	}
}

func TestAServiceThatNeverAnswersTakesABoundedPartOfTheTime(t *testing.T) {
	silent := failing(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	for _, tt := range []struct {
		why      string
		left     time.Duration
		settings deployment.Settings
		within   time.Duration
	}{
		{"however much time there is", 15 * time.Minute, deployment.Settings{}, 30 * time.Second},
		{"half of what is left", 20 * time.Second, deployment.Settings{}, 10 * time.Second},
		{"little where all is set", 15 * time.Minute, deployment.Settings{Green: "http://green.example", Stage: "AfterAllowTestTraffic"}, 5 * time.Second},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tt.left)
				defer cancel()
				begun := time.Now()
				d, err := deployment.Describe(ctx, clientsOver(silent), codeDeployed(), tt.settings)
				if took := time.Since(begun); took > tt.within {
					t.Errorf("it took %v", took)
				}
				if tt.settings.Green != "" {
					if err != nil || d.Stage != tt.settings.Stage {
						t.Errorf("it is %s with %v", d.Stage, err)
					}
					return
				}
				var stage *deployment.StageError
				if !errors.As(err, &stage) || !strings.Contains(err.Error(), "no answer in time: see that the function has a way to the service") {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}
