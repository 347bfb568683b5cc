package doctor

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/hook"
	"github.com/greenlight-deploy/greenlight/internal/deployment"
	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// actionOf names a request by the IAM action that it takes, from what is on the wire.
func actionOf(r *http.Request) string {
	if prefix, operation, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		service := map[string]string{"CodeDeploy_20141006": "codedeploy", "AmazonEC2ContainerServiceV20141113": "ecs"}[prefix]
		return service + ":" + operation
	}
	if strings.HasSuffix(r.URL.Path, "/invocations") {
		return "lambda:InvokeFunction"
	}
	if r.Method == http.MethodGet {
		parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
		return "lambda:" + map[string]string{
			"configuration": "GetFunctionConfiguration", "event-invoke-config": "GetFunctionEventInvokeConfig", "concurrency": "GetFunctionConcurrency", "policy": "GetPolicy",
		}[parts[len(parts)-1]]
	}
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	form, _ := url.ParseQuery(string(body))
	service := map[string]string{
		"2015-12-01": "elasticloadbalancing", "2010-05-08": "iam", "2016-11-15": "ec2", "2010-08-01": "cloudwatch",
	}[form.Get("Version")]
	return service + ":" + form.Get("Action")
}

// recorded is a simulated AWS behind a proxy that keeps the IAM actions of what is asked.
type recorded struct {
	*simulator.Simulator
	cfg aws.Config

	mu    sync.Mutex
	asked []string
}

func (s *recorded) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

func simulate(t *testing.T, config simulator.Config) *recorded {
	t.Helper()
	config.Region, config.Application, config.Group, config.Blue, config.Tasks = "eu-west-1", "shop", "production", "shop:1", task
	config.HealthCheck = elb.HealthCheck{Path: "/", Interval: 10 * time.Millisecond}
	sim, err := simulator.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &recorded{Simulator: sim}
	target, err := url.Parse(sim.EndpointURL())
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked = append(s.asked, actionOf(r))
		s.mu.Unlock()
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.cfg = aws.Config{
		Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "example", ""), BaseEndpoint: aws.String(server.URL),
	}
	return s
}

func task(ctx context.Context, version string) (simulator.Task, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return simulator.Task{}, err
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, version) })}
	go func() { _ = server.Serve(l) }()
	return simulator.Task{URL: "http://" + l.Addr().String(), Stop: server.Close}, nil
}

// readOnly fails where anything but a read was asked.
func readOnly(t *testing.T, asked []string) {
	t.Helper()
	if len(asked) < 5 {
		t.Errorf("only %v were asked", asked)
	}
	for _, action := range asked {
		if !slices.ContainsFunc(doctorActions(), func(a Action) bool { return a.Name == action }) {
			t.Errorf("%s was asked, which the policy for doctor doesn't have", action)
		}
	}
}

func TestTheSimulatorIsReadAndLeftAsItIs(t *testing.T) {
	s := simulate(t, simulator.Config{AutoRollback: codedeploy.AutoRollback{codedeploy.DeploymentFailure}})
	if err := s.CreateFunction(lambda.Function{Name: "CodeDeployHook_check", Command: []string{"/bin/false"}, Timeout: time.Minute, MemoryMB: 256}); err != nil {
		t.Fatal(err)
	}
	r, err := Examine(t.Context(), NewClients(s.cfg), Options{Function: "CodeDeployHook_check", Application: "shop", Parse: parse})
	if err != nil {
		t.Fatal(err)
	}
	readOnly(t, s.take())
	for _, want := range []struct {
		check  string
		status Status
		text   string
	}{
		{"group-rollback", Pass, "rolls back"},
		{"group-target-groups", Pass, "tg-1 and tg-2"},
		{"group-test-listener", Pass, ""},
		{"service-controller", Pass, "CodeDeploy"},
		{"blue-health", Pass, "tg-1 has 1 healthy target"},
		{"production-listener", Pass, "tg-1 100 %"},
		{"test-listener", Pass, "tg-1 100 %"},
		{"hooks-appspec", Skip, "no revision yet"},
		{"function-timeout", Pass, "1m"},
		{"network", Pass, "in no VPC"},
		{"service-role-invoke", Skip, ""}, // the simulator has no IAM
	} {
		if !found(r, want.check, want.status, want.text, "") {
			t.Errorf("no %s %s with %q among %+v", want.check, want.status, want.text, r.Findings)
		}
	}
	if r.Count(Fail) > 0 || len(r.Unread) > 0 {
		t.Errorf("something is wrong with the simulator: %+v", r)
	}
}

func TestAServiceThatTheSimulatedECSDeploysIsRead(t *testing.T) {
	s := simulate(t, simulator.Config{ECS: &simulator.ECSDeployments{}})
	r, err := Examine(t.Context(), NewClients(s.cfg), Options{Service: "service", Parse: parse})
	if err != nil {
		t.Fatal(err)
	}
	readOnly(t, s.take())
	for _, want := range []struct {
		check  string
		status Status
		text   string
	}{
		{"service-strategy", Pass, "BLUE_GREEN"},
		{"service-load-balancer", Fail, "no roleArn"}, // the simulator needs no role to move traffic
		{"service-hooks", Fail, "nothing is checked"},
		{"production-listener", Pass, "100 %"},
		{"service-deployment", Pass, "no deployment"},
	} {
		if !found(r, want.check, want.status, want.text, "") {
			t.Errorf("no %s %s with %q among %+v", want.check, want.status, want.text, r.Findings)
		}
	}
}

// asking is a hook that finds green and proves it, and goes on in a second call.
type asking struct{ clients *deployment.Clients }

func (a asking) Decide(ctx context.Context, e hook.Execution) hook.Verdict {
	found, err := deployment.Describe(ctx, a.clients, e, deployment.Settings{AnyStage: true, Function: "CodeDeployHook_check"})
	if err != nil && e.Contract != hook.ECSPause {
		return hook.Verdict{Status: hook.Failed, Reason: err.Error()}
	}
	found.Prove(ctx)
	if e.CanContinue() && e.Round == 0 {
		return hook.Verdict{Status: hook.InProgress, Reason: "it goes on"}
	}
	return hook.Verdict{Status: hook.Succeeded, Reason: "all is well"}
}

// serveHook has the simulated Lambda call a hook of this process.
func serveHook(t *testing.T, s *recorded) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": *s.cfg.BaseEndpoint, "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_CA_BUNDLE": "",
	} {
		t.Setenv(name, value)
	}
	handler := hook.New(asking{deployment.NewClients(s.cfg)}, hook.WithLogger(slog.New(slog.DiscardHandler)))
	events := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(lambdacontext.NewContext(r.Context(), &lambdacontext.LambdaContext{InvokedFunctionArn: functionARN}), time.Minute)
		defer cancel()
		event, err := io.ReadAll(r.Body)
		var answer []byte
		if err == nil {
			answer, err = handler.Invoke(ctx, event)
		}
		if err != nil {
			t.Errorf("the hook: %v", err)
		}
		_, _ = w.Write(answer)
	}))
	t.Cleanup(events.Close)
	if err := s.CreateFunction(lambda.Function{Name: "CodeDeployHook_check", Webhook: events.URL, Timeout: time.Minute}); err != nil {
		t.Fatal(err)
	}
}

// within compares what was asked with the policies of the features: all of it is allowed, and all that is allowed but for the
// actions named has been asked.
func within(t *testing.T, asked, features []string, unasked ...string) {
	t.Helper()
	var allowed []string
	for _, name := range features {
		f, _ := feature(name)
		for _, a := range f.Actions {
			allowed = append(allowed, a.Name)
		}
	}
	asked = append(asked, unasked...)
	slices.Sort(asked)
	slices.Sort(allowed)
	if diff := cmp.Diff(slices.Compact(allowed), slices.Compact(asked)); diff != "" {
		t.Errorf("the policy and the calls differ (-allowed +asked):\n%s", diff)
	}
}

func TestTheFunctionCallsWhatItsPolicyAllows(t *testing.T) {
	t.Run("for CodeDeploy", func(t *testing.T) {
		s := simulate(t, simulator.Config{HookTimeout: time.Minute})
		serveHook(t, s)
		spec, err := codedeploy.ParseAppSpec(`{"Resources":[{"TargetService":{"Type":"AWS::ECS::Service","Properties":{"TaskDefinition":"shop:2"}}}],"Hooks":[{"AfterAllowTestTraffic":"CodeDeployHook_check"},{"AfterAllowTraffic":"CodeDeployHook_check"}]}`)
		if err != nil {
			t.Fatal(err)
		}
		outcome, err := s.Deploy(t.Context(), spec)
		if err != nil || outcome.Deployment.Status != codedeploy.Succeeded {
			t.Fatalf("the deployment ended as %s (%v)", outcome.Deployment.Status, err)
		}
		// The simulator's deployments name their listeners, and this one isn't of a function.
		within(t, s.take(), []string{FeatureCodeDeploy, FeatureHandOver}, "codedeploy:GetDeploymentGroup", "lambda:GetAlias")
	})
	t.Run("for ECS", func(t *testing.T) {
		s := simulate(t, simulator.Config{Clock: clock.Instant(), ECS: &simulator.ECSDeployments{
			Notices: "CodeDeployHook_check",
			DeploymentConfiguration: ecs.DeploymentConfiguration{Hooks: []ecs.Hook{
				{Function: "CodeDeployHook_check", Stages: []ecs.Stage{ecs.PreScaleUp, ecs.PostTestTrafficShift, ecs.PostProductionTrafficShift}},
				{Type: ecs.TargetPause, Stages: []ecs.Stage{ecs.PreProductionTrafficShift}},
			}},
		}})
		serveHook(t, s)
		if ended, err := s.DeployService(t.Context(), "shop:2"); err != nil {
			t.Fatalf("the deployment ended as %+v (%v)", ended, err)
		}
		// An answer to a pause that takes long is handed over, as CodeDeploy's are.
		within(t, s.take(), []string{FeatureECS, FeaturePause, FeatureHandOver})
	})
}
