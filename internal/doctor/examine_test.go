package doctor

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/greenlight-deploy/greenlight/hook"
)

func TestWhatIsMeantIsFoundWhereThereIsNoChoice(t *testing.T) {
	tests := []struct {
		why     string
		options Options
		change  func(*world)
		about   string
		wrong   string
	}{
		{"one application, one group", Options{}, func(*world) {}, "deployment group shop/production, service main/shop, function CodeDeployHook_check in eu-west-1", ""},
		{"an application with one group", Options{Application: "shop"}, func(*world) {}, "deployment group shop/production", ""},
		{"a service", Options{Service: "shop"}, func(w *world) { w.byECS() }, "service default/shop, function CodeDeployHook_check", ""},
		{"a function alone", Options{Function: "CodeDeployHook_check"}, func(*world) {}, "function CodeDeployHook_check in eu-west-1", ""},
		{"a function by its ARN", Options{Application: "shop", Function: functionARN + ":live"}, func(*world) {}, "deployment group shop/production, service main/shop, function CodeDeployHook_check in eu-west-1", ""},
		{"no application", Options{}, func(w *world) { w.applications = nil }, "", "there is no CodeDeploy application in eu-west-1"},
		{"several applications", Options{}, func(w *world) { w.applications = []string{"a", "b"} }, "", "there are 2 CodeDeploy applications in eu-west-1: say which with --application: a, b"},
		{"very many applications", Options{}, func(w *world) { w.applications = strings.Split(strings.Repeat("a ", 30), " ") }, "", "a, …"},
		{"several groups", Options{Application: "shop"}, func(w *world) { w.groups = []string{"a", "b"} }, "", "say which with --group: a, b"},
		{"an application that isn't there", Options{Application: "shpo"}, func(*world) {}, "", "ApplicationDoesNotExistException"},
		{"a group that isn't there", Options{Application: "shop", Group: "prod"}, func(*world) {}, "", "DeploymentGroupDoesNotExistException"},
		{"a group of nothing", Options{Group: "production"}, func(*world) {}, "", "give --application"},
		{"a cluster of nothing", Options{Cluster: "main"}, func(*world) {}, "", "give --service"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			w := newWorld()
			tt.change(w)
			tt.options.Parse = parse
			r, err := Examine(t.Context(), w.clients(), tt.options)
			wrong := new(InputError)
			switch {
			case tt.wrong != "":
				if !errors.As(err, &wrong) || !strings.Contains(err.Error(), tt.wrong) {
					t.Errorf("the error is %v, want an InputError with %q", err, tt.wrong)
				}
			case err != nil:
				t.Error(err)
			case !strings.HasPrefix(r.About, strings.TrimSuffix(tt.about, " in eu-west-1")):
				t.Errorf("it is about %q, want %q", r.About, tt.about)
			}
		})
	}
}

func TestWhatCantBeAskedAtAllIsAnErrorOfAnotherKind(t *testing.T) {
	w := newWorld()
	w.fails["codedeploy:ListApplications"] = apiError("AccessDeniedException")
	_, err := Examine(t.Context(), w.clients(), Options{Parse: parse})
	if wrong := new(InputError); err == nil || errors.As(err, &wrong) || !strings.Contains(err.Error(), "codedeploy:ListApplications") {
		t.Errorf("the error is %v", err)
	}
}

func TestASubjectThatCantBeReadIsTold(t *testing.T) {
	w := newWorld()
	w.fails["codedeploy:GetDeploymentGroup"] = apiError("AccessDeniedException")
	w.fails["lambda:GetFunctionConfiguration"] = apiError("ServiceException")
	r := w.examine(t, Options{Application: "shop", Group: "production", Cluster: "main", Service: "shop", Function: "CodeDeployHook_check", Parse: parse})
	if got := strings.Join(r.Unread, "; "); got != "the deployment group shop/production; the function CodeDeployHook_check" {
		t.Errorf("unread are %s", got)
	}
	if r.Count(Fail) > 0 {
		t.Errorf("what isn't known is told as wrong: %+v", r.Findings)
	}
}

func TestAServiceWhoseHooksAreOfTwoFunctionsHasBothLookedAt(t *testing.T) {
	w := newWorld().byECS()
	other := w.service.DeploymentConfiguration.LifecycleHooks[0]
	other.HookTargetArn = aws.String("arn:aws:lambda:eu-west-1:123456789012:function:other")
	w.service.DeploymentConfiguration.LifecycleHooks = append(w.service.DeploymentConfiguration.LifecycleHooks, other)
	r := w.examine(t, w.options())
	if !strings.Contains(r.About, "function CodeDeployHook_check, function other") {
		t.Errorf("it is about %s", r.About)
	}
}

func TestTheTimeThatPlansAreHeldAgainstIsTheHooks(t *testing.T) {
	var has time.Duration
	handler := hook.New(hook.Func(func(_ context.Context, e hook.Execution) error { has = e.Deadline.Sub(e.Began); return nil }),
		hook.WithLogger(slog.New(slog.DiscardHandler)), hook.WithReporter(hook.ReporterFunc(func(context.Context, hook.Execution, hook.Status) error { return nil })))
	if _, err := handler.Invoke(t.Context(), []byte(`{"DeploymentId":"d-1","LifecycleEventHookExecutionId":"e-1"}`)); err != nil || has != codeDeployLimit {
		t.Errorf("an execution has %v (%v), want %v", has, err, codeDeployLimit)
	}
}
