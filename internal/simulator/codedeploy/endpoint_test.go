package codedeploy_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	sdk "github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/endpoint"
	"github.com/greenlight-deploy/greenlight/internal/simulator/protocol"
)

// faulty is what goes wrong with a world's endpoint.
type faulty struct {
	current atomic.Pointer[endpoint.Fault]
}

// inject switches it; nil ends it.
func (f *faulty) inject(fault endpoint.Fault) { f.current.Store(&fault) }

// once befalls the next report alone.
func (f *faulty) once(fault endpoint.Fault) {
	var met atomic.Bool
	f.inject(func(s endpoint.Service, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".PutLifecycleEventHookExecutionStatus") && met.CompareAndSwap(false, true) {
				next = fault(s, next)
			}
			next.ServeHTTP(w, r)
		})
	})
}

func (f *faulty) before(s endpoint.Service, _ string, next http.Handler) http.Handler {
	if fault := f.current.Load(); fault != nil && *fault != nil {
		return (*fault)(s, next)
	}
	return next
}

// serve puts the world's endpoint on loopback and returns a client of the real SDK.
func serve(t *testing.T, w *world, attempts int) (*sdk.Client, *faulty) {
	t.Helper()
	faults := new(faulty)
	front := endpoint.New(endpoint.Service{Name: "codedeploy", Protocol: endpoint.JSON11, Target: codedeploy.Target, Handler: w.Endpoint()})
	front.Before = faults.before
	server := httptest.NewServer(front)
	t.Cleanup(server.Close)
	// A transport of its own: no proxy, no certificates of the machine's.
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return sdk.New(sdk.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL), HTTPClient: &http.Client{Transport: transport},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
		}),
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = attempts
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		}),
	}), faults
}

// paused is a world whose hooks wait for the test.
func paused(t *testing.T) (*world, chan call) {
	t.Helper()
	w := newWorld(t, nil)
	reached := make(chan call, 8)
	w.hook = func(c call) { reached <- c }
	return w, reached
}

func TestTheSDKTakesADeploymentFromBeginningToEnd(t *testing.T) {
	w, reached := paused(t)
	client, _ := serve(t, w, 1)
	ctx := t.Context()
	created, err := client.CreateDeployment(ctx, &sdk.CreateDeploymentInput{
		ApplicationName: aws.String("shop"), DeploymentGroupName: aws.String("shop-group"), Description: aws.String("from a test"),
		Revision: &types.RevisionLocation{RevisionType: types.RevisionLocationTypeAppSpecContent, AppSpecContent: &types.AppSpecContent{Content: aws.String(appSpecYAML)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	id := created.DeploymentId
	if _, err := client.PutLifecycleEventHookExecutionStatus(ctx, reportOf(<-reached, types.LifecycleEventStatusSucceeded)); err != nil {
		t.Fatal(err)
	}
	second := <-reached

	t.Run("GetDeployment", func(t *testing.T) {
		out, err := client.GetDeployment(ctx, &sdk.GetDeploymentInput{DeploymentId: id})
		if err != nil {
			t.Fatal(err)
		}
		d := out.DeploymentInfo
		if *d.ApplicationName != "shop" || *d.DeploymentGroupName != "shop-group" || d.ComputePlatform != types.ComputePlatformEcs ||
			d.Status != types.DeploymentStatusInProgress || d.Creator != types.DeploymentCreatorUser || *d.Description != "from a test" ||
			d.Revision.RevisionType != types.RevisionLocationTypeAppSpecContent || d.DeploymentOverview.InProgress != 1 {
			t.Errorf("got %+v", d)
		}
		if since := time.Since(*d.CreateTime); since < 0 || since > time.Hour {
			t.Errorf("created %v ago", since)
		}
		if d.CompleteTime != nil || d.ErrorInformation != nil || d.RollbackInfo != nil {
			t.Errorf("it reads as over: %+v", d)
		}
		if got := d.AutoRollbackConfiguration.Events; !reflect.DeepEqual(got, []types.AutoRollbackEvent{types.AutoRollbackEventDeploymentFailure}) {
			t.Errorf("rollback on %v", got)
		}
		revision, err := client.GetApplicationRevision(ctx, &sdk.GetApplicationRevisionInput{ApplicationName: d.ApplicationName, Revision: d.Revision})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(appSpecYAML, *revision.Revision.AppSpecContent.Content); diff != "" {
			t.Errorf("AppSpec (-want +got):\n%s", diff)
		}
	})
	t.Run("targets", func(t *testing.T) {
		list, err := client.ListDeploymentTargets(ctx, &sdk.ListDeploymentTargetsInput{DeploymentId: id})
		if err != nil || !reflect.DeepEqual(list.TargetIds, []string{"cluster:shop"}) {
			t.Fatalf("got %v, %v", list, err)
		}
		batch, err := client.BatchGetDeploymentTargets(ctx, &sdk.BatchGetDeploymentTargetsInput{DeploymentId: id, TargetIds: list.TargetIds})
		if err != nil || len(batch.DeploymentTargets) != 1 {
			t.Fatalf("got %v, %v", batch, err)
		}
		target := batch.DeploymentTargets[0]
		if target.DeploymentTargetType != types.DeploymentTargetTypeEcsTarget || *target.EcsTarget.TargetArn != "arn:aws:ecs:us-east-1:123456789012:service/cluster/shop" {
			t.Errorf("got %+v", target)
		}
		got := map[string]types.LifecycleEventStatus{}
		for _, e := range target.EcsTarget.LifecycleEvents {
			got[*e.LifecycleEventName] = e.Status
		}
		want := map[string]types.LifecycleEventStatus{
			"BeforeInstall": "Succeeded", "Install": "Succeeded", "AfterInstall": "Skipped", "AllowTestTraffic": "Succeeded",
			"AfterAllowTestTraffic": "InProgress", "BeforeAllowTraffic": "Pending", "AllowTraffic": "Pending", "AfterAllowTraffic": "Pending",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		blue, green := target.EcsTarget.TaskSetsInfo[0], target.EcsTarget.TaskSetsInfo[1]
		if blue.TaskSetLabel != types.TargetLabelBlue || *blue.TargetGroup.Name != "tg-1" || blue.TrafficWeight != 100 || *blue.Status != "PRIMARY" || *blue.Identifer != "blue" { //nolint:misspell // AWS's spelling
			t.Errorf("blue: %+v", blue)
		}
		if green.TaskSetLabel != types.TargetLabelGreen || *green.TargetGroup.Name != "tg-2" || green.TrafficWeight != 0 || *green.Status != "ACTIVE" || green.RunningCount != 1 {
			t.Errorf("green: %+v", green)
		}
		one, err := client.GetDeploymentTarget(ctx, &sdk.GetDeploymentTargetInput{DeploymentId: id, TargetId: aws.String("cluster:shop")})
		if err != nil || *one.DeploymentTarget.EcsTarget.TargetId != "cluster:shop" {
			t.Errorf("GetDeploymentTarget: %v, %v", one, err)
		}
	})

	out, err := client.PutLifecycleEventHookExecutionStatus(ctx, reportOf(second, types.LifecycleEventStatusFailed))
	if err != nil || *out.LifecycleEventHookExecutionId != second.LifecycleEventHookExecutionID {
		t.Fatalf("got %v, %v", out, err)
	}
	back := w.wait(t, w.wait(t, *id).Rollback.DeploymentID)
	t.Run("a failed deployment and its rollback", func(t *testing.T) {
		out, err := client.GetDeployment(ctx, &sdk.GetDeploymentInput{DeploymentId: id})
		if err != nil {
			t.Fatal(err)
		}
		d := out.DeploymentInfo
		if d.Status != types.DeploymentStatusFailed || d.ErrorInformation.Code != types.ErrorCodeHookExecutionFailure || *d.RollbackInfo.RollbackDeploymentId != back.ID || d.CompleteTime == nil {
			t.Errorf("got %+v", d)
		}
		out, err = client.GetDeployment(ctx, &sdk.GetDeploymentInput{DeploymentId: aws.String(back.ID)})
		if err != nil {
			t.Fatal(err)
		}
		if r := out.DeploymentInfo; r.Creator != types.DeploymentCreatorCodeDeployRollback || *r.RollbackInfo.RollbackTriggeringDeploymentId != *id || r.Status != types.DeploymentStatusSucceeded {
			t.Errorf("got %+v", r)
		}
		target, err := client.GetDeploymentTarget(ctx, &sdk.GetDeploymentTargetInput{DeploymentId: id, TargetId: aws.String("cluster:shop")})
		if err != nil {
			t.Fatal(err)
		}
		failed := target.DeploymentTarget.EcsTarget.LifecycleEvents[4]
		if failed.Status != types.LifecycleEventStatusFailed || failed.Diagnostics.ErrorCode != types.LifecycleErrorCodeScriptFailed || failed.EndTime == nil {
			t.Errorf("got %+v with %+v", failed, failed.Diagnostics)
		}
	})
	t.Run("GetDeploymentGroup", func(t *testing.T) {
		out, err := client.GetDeploymentGroup(ctx, &sdk.GetDeploymentGroupInput{ApplicationName: aws.String("shop"), DeploymentGroupName: aws.String("shop-group")})
		if err != nil {
			t.Fatal(err)
		}
		g := out.DeploymentGroupInfo
		pair := g.LoadBalancerInfo.TargetGroupPairInfoList[0]
		if *pair.TargetGroups[0].Name != "tg-1" || *pair.TargetGroups[1].Name != "tg-2" ||
			pair.ProdTrafficRoute.ListenerArns[0] != w.production.ARN() || pair.TestTrafficRoute.ListenerArns[0] != w.test.ARN() {
			t.Errorf("got %+v", pair)
		}
		if *g.EcsServices[0].ClusterName != "cluster" || *g.EcsServices[0].ServiceName != "shop" || *g.LastAttemptedDeployment.DeploymentId != back.ID || g.LastSuccessfulDeployment != nil {
			t.Errorf("got %+v", g)
		}
		if *g.DeploymentConfigName != "CodeDeployDefault.ECSAllAtOnce" || g.DeploymentStyle.DeploymentType != types.DeploymentTypeBlueGreen {
			t.Errorf("got %+v", g)
		}
	})
}

func reportOf(c call, status types.LifecycleEventStatus) *sdk.PutLifecycleEventHookExecutionStatusInput {
	return &sdk.PutLifecycleEventHookExecutionStatusInput{
		DeploymentId: &c.DeploymentID, LifecycleEventHookExecutionId: &c.LifecycleEventHookExecutionID, Status: status,
	}
}

func TestTheSDKStopsADeployment(t *testing.T) {
	w, reached := paused(t)
	client, _ := serve(t, w, 1)
	id := w.create(t, allHooks())
	<-reached
	out, err := client.StopDeployment(t.Context(), &sdk.StopDeploymentInput{DeploymentId: &id})
	if err != nil || out.Status != types.StopStatusPending {
		t.Fatalf("got %v, %v", out, err)
	}
	if d := w.wait(t, id); d.Status != codedeploy.Stopped {
		t.Errorf("it is %s", d.Status)
	}
	_, err = client.StopDeployment(t.Context(), &sdk.StopDeploymentInput{DeploymentId: &id})
	if completed := new(types.DeploymentAlreadyCompletedException); !errors.As(err, &completed) {
		t.Errorf("got %v", err)
	}
}

func TestTheSDKKnowsTheErrorsOfAReport(t *testing.T) {
	w, reached := paused(t)
	client, faults := serve(t, w, 1)
	id := w.create(t, allHooks())
	c := <-reached
	if err := w.report(c, "Succeeded"); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		deployment, execution, status string
		want                          smithy.APIError
		fault                         endpoint.Fault
	}{
		{"", c.LifecycleEventHookExecutionID, "Succeeded", &types.DeploymentIdRequiredException{}, nil},
		{"x", c.LifecycleEventHookExecutionID, "Succeeded", &types.InvalidDeploymentIdException{}, nil},
		{"d-ABCDEFGH0", c.LifecycleEventHookExecutionID, "Succeeded", &types.DeploymentDoesNotExistException{}, nil},
		{id, "x", "Succeeded", &types.InvalidLifecycleEventHookExecutionIdException{}, nil},
		{id, c.LifecycleEventHookExecutionID, "Pending", &types.InvalidLifecycleEventHookExecutionStatusException{}, nil},
		{id, c.LifecycleEventHookExecutionID, "Succeeded", &types.LifecycleEventAlreadyCompletedException{}, nil},
		{id, c.LifecycleEventHookExecutionID, "Succeeded", &types.UnsupportedActionForDeploymentTypeException{}, refuse(
			&codedeploy.APIError{Code: codedeploy.UnsupportedActionForDeploymentType, Message: "The deployment type is not supported."})},
	}
	for _, test := range tests {
		faults.inject(test.fault)
		_, err := client.PutLifecycleEventHookExecutionStatus(t.Context(), &sdk.PutLifecycleEventHookExecutionStatusInput{
			DeploymentId: &test.deployment, LifecycleEventHookExecutionId: &test.execution, Status: types.LifecycleEventStatus(test.status),
		})
		said := smithy.APIError(nil)
		if !errors.As(err, &said) || reflect.TypeOf(said) != reflect.TypeOf(test.want) || said.ErrorMessage() == "" {
			t.Errorf("got %v, want %s with a message", err, test.want.ErrorCode())
		}
	}
}

// refuse answers with an error, whatever is asked.
func refuse(e *codedeploy.APIError) endpoint.Fault {
	return func(endpoint.Service, http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { protocol.WriteError(w, http.StatusBadRequest, e) })
	}
}

func TestWhatTheEndpointAnswersIsJSON11(t *testing.T) {
	w, _ := paused(t)
	id := w.create(t, nil)
	w.wait(t, id)
	tests := []struct {
		why, method, path, target, body string
		status                          int
		kind                            string
	}{
		{"a known operation", "POST", "/", "CodeDeploy_20141006.GetDeployment", `{"deploymentId":"` + id + `"}`, 200, ""},
		{"fields that it doesn't know", "POST", "/", "CodeDeploy_20141006.GetDeployment", `{"deploymentId":"` + id + `","more":1}`, 200, ""},
		{"no body", "POST", "/", "CodeDeploy_20141006.GetDeployment", "", 400, "DeploymentIdRequiredException"},
		{"not JSON", "POST", "/", "CodeDeploy_20141006.GetDeployment", "{", 400, "SerializationException"},
		{"a wrong type", "POST", "/", "CodeDeploy_20141006.GetDeployment", `{"deploymentId":1}`, 400, "SerializationException"},
		{"a body of more than 1 MB", "POST", "/", "CodeDeploy_20141006.GetDeployment", strings.Repeat(" ", 1<<20+1), 400, "SerializationException"},
		{"an operation that it doesn't know", "POST", "/", "CodeDeploy_20141006.DeleteEverything", "{}", 400, "UnknownOperationException"},
		{"another service", "POST", "/", "AmazonEC2ContainerServiceV20141113.DescribeServices", "{}", 400, "UnknownOperationException"},
		{"a browser", "GET", "/", "", "", 400, "UnknownOperationException"},
		{"another path", "POST", "/x", "CodeDeploy_20141006.GetDeployment", "{}", 400, "UnknownOperationException"},
		{"no target", "POST", "/", "CodeDeploy_20141006.BatchGetDeploymentTargets", `{"deploymentId":"` + id + `"}`, 400, "DeploymentTargetIdRequiredException"},
		{"an unknown target", "POST", "/", "CodeDeploy_20141006.GetDeploymentTarget", `{"deploymentId":"` + id + `","targetId":"x"}`, 400, "DeploymentTargetDoesNotExistException"},
		{"no revision", "POST", "/", "CodeDeploy_20141006.CreateDeployment", `{}`, 400, "RevisionRequiredException"},
		{"a revision in S3", "POST", "/", "CodeDeploy_20141006.CreateDeployment", `{"revision":{"revisionType":"S3"}}`, 400, "InvalidRevisionException"},
		{"a revision that isn't an AppSpec", "POST", "/", "CodeDeploy_20141006.CreateDeployment", `{"revision":{"revisionType":"String","string":{"content":"{}"}}}`, 400, "InvalidRevisionException"},
		{"a rollback event that doesn't exist", "POST", "/", "CodeDeploy_20141006.CreateDeployment", mustJSON(map[string]any{
			"revision":                  map[string]any{"revisionType": "String", "string": map[string]any{"content": appSpecYAML}},
			"autoRollbackConfiguration": map[string]any{"enabled": true, "events": []string{"FULL_MOON"}},
		}), 400, "InvalidAutoRollbackConfigException"},
		{"a digest that is another text's", "POST", "/", "CodeDeploy_20141006.CreateDeployment", mustJSON(map[string]any{
			"revision": map[string]any{"revisionType": "String", "string": map[string]any{"content": appSpecYAML, "sha256": "00"}},
		}), 400, "InvalidRevisionException"},
		{"a revision that was never deployed", "POST", "/", "CodeDeploy_20141006.GetApplicationRevision", `{"applicationName":"shop","revision":{"revisionType":"AppSpecContent","appSpecContent":{"sha256":"00"}}}`, 400, "RevisionDoesNotExistException"},
	}
	endpoint := w.Endpoint()
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			r := httptest.NewRequest(test.method, test.path, strings.NewReader(test.body))
			r.Header.Set("X-Amz-Target", test.target)
			recorder := httptest.NewRecorder()
			endpoint.ServeHTTP(recorder, r)
			var answer struct {
				Type    string `json:"__type"`
				Message string `json:"message"`
			}
			if err := json.Unmarshal(recorder.Body.Bytes(), &answer); err != nil {
				t.Fatal(err)
			}
			if recorder.Code != test.status || answer.Type != test.kind || (test.kind != "") != (answer.Message != "") {
				t.Errorf("got %d %+v, want %d %s", recorder.Code, answer, test.status, test.kind)
			}
			if got := recorder.Header().Get("Content-Type"); got != "application/x-amz-json-1.1" {
				t.Errorf("content type %q", got)
			}
			if got := recorder.Header().Get("x-amzn-RequestId"); !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(got) {
				t.Errorf("request id %q", got)
			}
		})
	}
}

func mustJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func TestTheSDKGetsThroughFaultsThatPass(t *testing.T) {
	tests := []struct {
		why   string
		fault endpoint.Fault
		again bool // the report was applied before the answer was lost
	}{
		{"throttled", endpoint.Throttle(), false},
		{"broken", endpoint.InternalError(), false},
		{"reset before", endpoint.DropBefore(), false},
		{"reset after", endpoint.DropAfter(), true},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			w, reached := paused(t)
			client, faults := serve(t, w, 2)
			id := w.create(t, map[codedeploy.Event]string{codedeploy.BeforeInstall: "f"})
			c := <-reached
			faults.once(test.fault)
			if _, err := client.GetDeployment(t.Context(), &sdk.GetDeploymentInput{DeploymentId: &id}); err != nil {
				t.Errorf("another operation failed: %v", err)
			}
			_, err := client.PutLifecycleEventHookExecutionStatus(t.Context(), reportOf(c, types.LifecycleEventStatusSucceeded))
			completed := new(types.LifecycleEventAlreadyCompletedException)
			if again := errors.As(err, &completed); again != test.again || !again && err != nil {
				t.Errorf("got %v", err)
			}
			if d := w.wait(t, id); d.Status != codedeploy.Succeeded {
				t.Errorf("it is %s", d.Status)
			}
		})
	}
}

func TestAFaultThatStaysFailsTheCall(t *testing.T) {
	w, reached := paused(t)
	client, faults := serve(t, w, 1)
	id := w.create(t, allHooks())
	c := <-reached
	faults.inject(endpoint.Garbage())
	if _, err := client.PutLifecycleEventHookExecutionStatus(t.Context(), reportOf(c, types.LifecycleEventStatusSucceeded)); err == nil {
		t.Error("garbage was taken for an answer")
	}
	faults.inject(nil)
	if d, err := w.Deployment(id); err != nil || d.Event(codedeploy.BeforeInstall).Status != codedeploy.EventInProgress {
		t.Errorf("the fault let the report through: %v, %v", d.Events, err)
	}
}

func TestAHangingEndpointAnswersNobody(t *testing.T) {
	w, reached := paused(t)
	client, faults := serve(t, w, 1)
	w.create(t, allHooks())
	c := <-reached
	arrived := make(chan struct{})
	faults.inject(func(s endpoint.Service, next http.Handler) http.Handler {
		hang := endpoint.Hang()(s, next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			close(arrived)
			hang.ServeHTTP(w, r)
		})
	})
	ctx, cancel := context.WithCancel(t.Context())
	answer := make(chan error)
	go func() {
		_, err := client.PutLifecycleEventHookExecutionStatus(ctx, reportOf(c, types.LifecycleEventStatusSucceeded))
		answer <- err
	}()
	<-arrived
	select {
	case err := <-answer:
		t.Errorf("it answered: %v", err)
	default:
	}
	cancel()
	if err := <-answer; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
