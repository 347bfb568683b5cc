package ecs_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
)

// balancers are what a world's services can be connected to.
type balancers struct{ w *world }

func (b balancers) Rule(arn string) (ecs.Rule, bool) {
	for _, r := range []*rule{b.w.production, b.w.test} {
		if r.arn == arn {
			return r, true
		}
	}
	return nil, false
}

func (balancers) TargetGroupARN(name string) (string, bool) { return "arn:" + name, true }

func (balancers) TargetGroup(arn string) (string, bool) { return strings.CutPrefix(arn, "arn:") }

// object is a JSON object.
type object = map[string]any

// client speaks the protocol by hand.
type client struct {
	t      *testing.T
	url    string
	http   *http.Client
	pauses <-chan string // the ids of pauses that deployments have come to
}

// serve puts a world without services on loopback. Its functions wait for nobody; pauses do.
func serve(t *testing.T) (*world, client) {
	t.Helper()
	w := newWorld(t, setup{})
	pauses := make(chan string, 8)
	w.Scheduler = ecs.New(ecs.Config{
		Tasks: w.tasks, Invoke: w.invoke, LoadBalancers: balancers{w}, CreationHooks: ecs.CreationNone,
		Notify: func(n ecs.Notice) {
			if n.Detail.EventName == "HOOK_AWAITING_ACTION" {
				pauses <- n.Detail.HookID
			}
		},
	})
	t.Cleanup(w.Close)
	clear(w.tasks.running)
	server := httptest.NewServer(w.Endpoint())
	t.Cleanup(server.Close)
	transport := &http.Transport{} // no proxy, no certificates of the machine's
	t.Cleanup(transport.CloseIdleConnections)
	c := client{t, server.URL, &http.Client{Transport: transport}, pauses}
	c.must("CreateCluster", object{"clusterName": "cluster"})
	return w, c
}

// ask sends an operation and returns the status and the answer.
func (c client) ask(operation string, in any) (int, object) {
	c.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.send(http.MethodPost, "/", "AmazonEC2ContainerServiceV20141113."+operation, body)
}

func (c client) send(method, path, target string, body []byte) (int, object) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("X-Amz-Target", target)
	resp, err := c.http.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	var out object
	if err := json.Unmarshal(text, &out); err != nil {
		c.t.Fatalf("%s answered %s: %v", target, text, err)
	}
	if got := resp.Header.Get("Content-Type"); got != "application/x-amz-json-1.1" {
		c.t.Errorf("%s answered in %q", target, got)
	}
	return resp.StatusCode, out
}

// must sends an operation that is to succeed.
func (c client) must(operation string, in any) object {
	c.t.Helper()
	status, out := c.ask(operation, in)
	if status != http.StatusOK {
		c.t.Fatalf("%s answered %d: %v", operation, status, out)
	}
	return out
}

// within follows keys and indices into an answer.
func within(t *testing.T, v any, path ...any) any {
	t.Helper()
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, ok := v.(object)
			if !ok || m[step] == nil {
				t.Fatalf("there is no %v of %v in %v", step, path, v)
			}
			v = m[step]
		case int:
			list, ok := v.([]any)
			if !ok || len(list) <= step {
				t.Fatalf("there is no element %d of %v in %v", step, path, v)
			}
			v = list[step]
		}
	}
	return v
}

func definition(image string) object {
	return object{
		"family": "shop", "cpu": "256", "networkMode": "awsvpc", "tags": []object{{"key": "team", "value": "checkout"}},
		"containerDefinitions": []object{{"name": "web", "image": image, "environment": []object{{"name": "A", "value": "b"}}}},
	}
}

func serviceRequest() object {
	return object{
		"cluster": "cluster", "serviceName": "shop", "taskDefinition": "shop", "desiredCount": 2,
		"loadBalancers": []object{{
			"targetGroupArn": "arn:tg-1", "containerName": "web", "containerPort": 8080,
			"advancedConfiguration": object{
				"alternateTargetGroupArn": "arn:tg-2", "productionListenerRule": "arn:production", "testListenerRule": "arn:test",
				"roleArn": "arn:aws:iam::123456789012:role/ecs",
			},
		}},
		"deploymentConfiguration": object{
			"strategy": "CANARY", "bakeTimeInMinutes": 0, "canaryConfiguration": object{"canaryPercent": 12.5, "canaryBakeTimeInMinutes": 0},
			"lifecycleHooks": []object{
				{"hookTargetArn": "hook", "roleArn": "arn:aws:iam::123456789012:role/hook", "lifecycleStages": []string{"POST_SCALE_UP"}, "hookDetails": object{"plan": "p"}},
				{"targetType": "PAUSE", "lifecycleStages": []string{"POST_TEST_TRAFFIC_SHIFT"}, "timeoutConfiguration": object{"timeoutInMinutes": 10, "action": "CONTINUE"}},
			},
		},
	}
}

func TestADeploymentOverTheAPI(t *testing.T) {
	w, c := serve(t)
	first := c.must("RegisterTaskDefinition", definition("shop:1"))
	if got := within(t, first, "taskDefinition", "taskDefinitionArn"); got != "arn:aws:ecs:us-east-1:123456789012:task-definition/shop:1" {
		t.Errorf("the first task definition is %v", got)
	}
	created := c.must("CreateService", serviceRequest())
	serviceARN := within(t, created, "service", "serviceArn").(string)
	w.wait(t, w.newest(t).ARN)

	second := within(t, c.must("RegisterTaskDefinition", definition("shop:2")), "taskDefinition", "taskDefinitionArn")
	updated := c.must("UpdateService", object{"cluster": "arn:aws:ecs:us-east-1:123456789012:cluster/cluster", "service": "shop", "taskDefinition": second})
	arn := within(t, updated, "service", "currentServiceDeployment").(string)
	paused := <-c.pauses

	t.Run("DescribeServiceDeployments shows the pause", func(t *testing.T) {
		out := c.must("DescribeServiceDeployments", object{"serviceDeploymentArns": []string{arn, "arn:nothing"}})
		d := within(t, out, "serviceDeployments", 0).(object)
		for key, want := range map[string]any{
			"serviceDeploymentArn": arn, "serviceArn": serviceARN, "clusterArn": "arn:aws:ecs:us-east-1:123456789012:cluster/cluster",
			"status": "IN_PROGRESS", "lifecycleStage": "POST_TEST_TRAFFIC_SHIFT",
		} {
			if d[key] != want {
				t.Errorf("%s is %v, want %v", key, d[key], want)
			}
		}
		hook := within(t, d, "lifecycleHookDetails", 0).(object)
		if _, isNumber := hook["expiresAt"].(float64); !isNumber {
			t.Errorf("expiresAt is %v, want seconds", hook["expiresAt"])
		}
		delete(hook, "expiresAt")
		want := object{"hookId": paused, "targetType": "PAUSE", "status": "AWAITING_ACTION", "timeoutAction": "CONTINUE"}
		if diff := cmp.Diff(want, hook); diff != "" {
			t.Errorf("the hook (-want +got):\n%s", diff)
		}
		target, source := within(t, d, "targetServiceRevision").(object), within(t, d, "sourceServiceRevisions", 0).(object)
		if target["requestedTestTrafficWeight"] != 100.0 || target["requestedProductionTrafficWeight"] != 0.0 || target["runningTaskCount"] != 2.0 {
			t.Errorf("target %v", target)
		}
		if source["requestedTestTrafficWeight"] != 0.0 || source["requestedProductionTrafficWeight"] != 100.0 {
			t.Errorf("source %v", source)
		}
		configuration := within(t, d, "deploymentConfiguration").(object)
		delete(configuration, "maximumPercent")
		delete(configuration, "minimumHealthyPercent")
		timeout := object{"timeoutInMinutes": 1440.0, "action": "ROLLBACK"}
		wantConfiguration := object{
			"strategy": "CANARY", "bakeTimeInMinutes": 0.0, "canaryConfiguration": object{"canaryPercent": 12.5, "canaryBakeTimeInMinutes": 0.0},
			"lifecycleHooks": []any{
				object{
					"targetType": "AWS_LAMBDA", "hookTargetArn": "hook", "roleArn": "arn:aws:iam::123456789012:role/hook",
					"lifecycleStages": []any{"POST_SCALE_UP"}, "hookDetails": object{"plan": "p"}, "timeoutConfiguration": timeout,
				},
				object{"targetType": "PAUSE", "lifecycleStages": []any{"POST_TEST_TRAFFIC_SHIFT"}, "timeoutConfiguration": object{"timeoutInMinutes": 10.0, "action": "CONTINUE"}},
			},
		}
		if diff := cmp.Diff(wantConfiguration, configuration); diff != "" {
			t.Errorf("the configuration (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(object{"arn": "arn:nothing", "reason": "MISSING"}, within(t, out, "failures", 0)); diff != "" {
			t.Errorf("failure (-want +got):\n%s", diff)
		}
	})
	t.Run("DescribeServiceRevisions tells green's target group", func(t *testing.T) {
		revision := w.newest(t).Target.ARN
		out := c.must("DescribeServiceRevisions", object{"serviceRevisionArns": []string{revision, "arn:nothing"}})
		r := within(t, out, "serviceRevisions", 0).(object)
		if r["serviceRevisionArn"] != revision || r["taskDefinition"] != second || r["serviceArn"] != serviceARN {
			t.Errorf("got %v", r)
		}
		if got := within(t, r, "resolvedConfiguration", "loadBalancers", 0); !cmp.Equal(got, any(object{"targetGroupArn": "arn:tg-2", "productionListenerRule": "arn:production"})) {
			t.Errorf("resolved: %v", got)
		}
		want := object{"alternateTargetGroupArn": "arn:tg-2", "productionListenerRule": "arn:production", "testListenerRule": "arn:test", "roleArn": "arn:aws:iam::123456789012:role/ecs"}
		if diff := cmp.Diff(want, within(t, r, "loadBalancers", 0, "advancedConfiguration")); diff != "" {
			t.Errorf("advancedConfiguration (-want +got):\n%s", diff)
		}
		within(t, out, "failures", 0)
	})
	t.Run("DescribeServices shows both sides", func(t *testing.T) {
		out := c.must("DescribeServices", object{"cluster": "cluster", "services": []string{serviceARN, "other"}})
		s := within(t, out, "services", 0).(object)
		if s["status"] != "ACTIVE" || s["desiredCount"] != 2.0 || s["runningCount"] != 4.0 || s["taskDefinition"] != second || s["currentServiceDeployment"] != arn {
			t.Errorf("got %v", s)
		}
		if within(t, s, "deployments", 0, "status") != "PRIMARY" || within(t, s, "deployments", 1, "status") != "ACTIVE" {
			t.Errorf("deployments %v", s["deployments"])
		}
		within(t, out, "failures", 0)
	})

	if out := c.must("ContinueServiceDeployment", object{"serviceDeploymentArn": arn, "hookId": paused}); out["serviceDeploymentArn"] != arn {
		t.Errorf("ContinueServiceDeployment answered %v", out)
	}
	w.wait(t, arn)
	t.Run("ListServiceDeployments goes by pages and filters", func(t *testing.T) {
		out := c.must("ListServiceDeployments", object{"cluster": "cluster", "service": "shop", "maxResults": 1})
		if within(t, out, "serviceDeployments", 0, "serviceDeploymentArn") != arn || within(t, out, "serviceDeployments", 0, "status") != "SUCCESSFUL" {
			t.Errorf("first page: %v", out)
		}
		out = c.must("ListServiceDeployments", object{"cluster": "cluster", "service": "shop", "maxResults": 1, "nextToken": out["nextToken"]})
		if len(within(t, out, "serviceDeployments").([]any)) != 1 || out["nextToken"] != nil {
			t.Errorf("last page: %v", out)
		}
		for _, none := range []map[string]any{{"status": []string{"STOPPED"}}, {"createdAt": object{"before": 1.5}}, {"createdAt": object{"after": 4e9}}} {
			none["cluster"], none["service"] = "cluster", "shop"
			if out := c.must("ListServiceDeployments", none); len(within(t, out, "serviceDeployments").([]any)) != 0 {
				t.Errorf("%v selects %v", none, out)
			}
		}
	})
	t.Run("StopServiceDeployment rolls back", func(t *testing.T) {
		updated := c.must("UpdateService", object{"cluster": "cluster", "service": "shop", "forceNewDeployment": true})
		arn := within(t, updated, "service", "currentServiceDeployment").(string)
		<-c.pauses
		if out := c.must("StopServiceDeployment", object{"serviceDeploymentArn": arn, "stopType": "ROLLBACK"}); out["serviceDeploymentArn"] != arn {
			t.Errorf("got %v", out)
		}
		w.wait(t, arn)
		d := within(t, c.must("DescribeServiceDeployments", object{"serviceDeploymentArns": []string{arn}}), "serviceDeployments", 0)
		if within(t, d, "status") != "ROLLBACK_SUCCESSFUL" || !strings.Contains(within(t, d, "rollback", "reason").(string), "StopServiceDeployment") {
			t.Errorf("got %v", d)
		}
		within(t, d, "rollback", "serviceRevisionArn")
		within(t, d, "rollback", "startedAt")
	})
}

func TestADeploymentConfigurationIsReadAndShown(t *testing.T) {
	_, c := serve(t)
	c.must("RegisterTaskDefinition", definition("shop:1"))
	c.must("CreateService", serviceRequest())
	pre := []any{"PRE_SCALE_UP"}
	hook := func(edit object) object {
		h := object{"targetType": "AWS_LAMBDA", "hookTargetArn": "f", "lifecycleStages": pre, "timeoutConfiguration": object{"timeoutInMinutes": 1440.0, "action": "ROLLBACK"}}
		for key, value := range edit {
			h[key] = value
		}
		return h
	}
	tests := []struct {
		why       string
		in, shown object
	}{
		{
			"linear, with what AWS sets by default",
			object{"strategy": "LINEAR"},
			object{"strategy": "LINEAR", "bakeTimeInMinutes": 0.0, "linearConfiguration": object{"stepPercent": 10.0, "stepBakeTimeInMinutes": 6.0}, "lifecycleHooks": []any{}},
		},
		{
			"steps without a wait are no default",
			object{"strategy": "LINEAR", "bakeTimeInMinutes": 7, "linearConfiguration": object{"stepPercent": 33.3, "stepBakeTimeInMinutes": 0}},
			object{"strategy": "LINEAR", "bakeTimeInMinutes": 7.0, "linearConfiguration": object{"stepPercent": 33.3, "stepBakeTimeInMinutes": 0.0}, "lifecycleHooks": []any{}},
		},
		{
			"half a canary",
			object{"strategy": "CANARY", "canaryConfiguration": object{"canaryPercent": 1}},
			object{"strategy": "CANARY", "bakeTimeInMinutes": 0.0, "canaryConfiguration": object{"canaryPercent": 1.0, "canaryBakeTimeInMinutes": 10.0}, "lifecycleHooks": []any{}},
		},
		{
			"hookDetails as CloudFormation hands them over: JSON in a string",
			object{"strategy": "BLUE_GREEN", "lifecycleHooks": []any{object{"hookTargetArn": "f", "lifecycleStages": pre, "hookDetails": `{"plan":"p"}`}}},
			object{"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0.0, "lifecycleHooks": []any{hook(object{"hookDetails": object{"plan": "p"}})}},
		},
		{
			"a timeout with an action alone",
			object{"strategy": "BLUE_GREEN", "lifecycleHooks": []any{object{"hookTargetArn": "f", "lifecycleStages": pre, "timeoutConfiguration": object{"action": "CONTINUE"}}}},
			object{"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0.0, "lifecycleHooks": []any{hook(object{"timeoutConfiguration": object{"timeoutInMinutes": 1440.0, "action": "CONTINUE"}})}},
		},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			out := c.must("UpdateService", object{"cluster": "cluster", "service": "shop", "deploymentConfiguration": test.in})
			shown := within(t, out, "service", "deploymentConfiguration").(object)
			delete(shown, "maximumPercent")
			delete(shown, "minimumHealthyPercent")
			if diff := cmp.Diff(test.shown, shown); diff != "" {
				t.Errorf("shown (-want +got):\n%s", diff)
			}
		})
	}
	for why, configuration := range map[string]object{
		"a timeout of 0":             {"strategy": "BLUE_GREEN", "lifecycleHooks": []any{hook(object{"timeoutConfiguration": object{"timeoutInMinutes": 0}})}},
		"details in a broken string": {"strategy": "BLUE_GREEN", "lifecycleHooks": []any{hook(object{"hookDetails": "{"})}},
		"an unknown task definition": nil,
	} {
		t.Run(why, func(t *testing.T) {
			request := object{"cluster": "cluster", "service": "shop", "deploymentConfiguration": configuration}
			if configuration == nil {
				request = object{"cluster": "cluster", "service": "shop", "taskDefinition": "shop:9"}
			}
			if status, out := c.ask("UpdateService", request); status != http.StatusBadRequest {
				t.Errorf("got %d: %v", status, out)
			}
		})
	}
}

func TestATaskDefinitionIsKeptAsItWasRegistered(t *testing.T) {
	_, c := serve(t)
	c.must("RegisterTaskDefinition", definition("shop:1"))
	c.must("RegisterTaskDefinition", definition("shop:2"))
	for name, image := range map[string]string{
		"shop": "shop:2", "shop:1": "shop:1", "arn:aws:ecs:us-east-1:123456789012:task-definition/shop:1": "shop:1",
	} {
		out := c.must("DescribeTaskDefinition", object{"taskDefinition": name, "include": []string{"TAGS"}})
		task := within(t, out, "taskDefinition")
		if within(t, task, "containerDefinitions", 0, "image") != image || within(t, task, "containerDefinitions", 0, "environment", 0, "name") != "A" ||
			within(t, task, "networkMode") != "awsvpc" || within(t, task, "status") != "ACTIVE" {
			t.Errorf("%s: got %v", name, task)
		}
		if within(t, out, "tags", 0, "value") != "checkout" || task.(object)["tags"] != nil {
			t.Errorf("%s: tags %v", name, out["tags"])
		}
	}
}

func TestWhatTheAPIRefuses(t *testing.T) {
	_, c := serve(t)
	c.must("RegisterTaskDefinition", definition("shop:1"))
	without := func(edit func(object)) object {
		request := serviceRequest()
		edit(request)
		return request
	}
	balancer := func(o object) object { return o["loadBalancers"].([]object)[0] }
	tests := []struct {
		why, operation string
		in             any
		code, want     string
	}{
		{"an operation that isn't simulated", "RunTask", object{}, "UnknownOperationException", "RunTask"},
		{"a body of another shape", "UpdateService", []int{1}, "SerializationException", "can't be read"},
		{"no family", "RegisterTaskDefinition", object{"containerDefinitions": []object{{}}}, "ClientException", "needs family"},
		{"no containers", "RegisterTaskDefinition", object{"family": "f", "containerDefinitions": []object{}}, "ClientException", "at least one container"},
		{"a family that isn't a name", "RegisterTaskDefinition", object{"family": 1, "containerDefinitions": []object{{}}}, "SerializationException", "family"},
		{"an unknown task definition", "DescribeTaskDefinition", object{"taskDefinition": "shop:9"}, "ClientException", "Unable to describe task definition."},
		{"no number behind the colon", "DescribeTaskDefinition", object{"taskDefinition": "shop:x"}, "ClientException", "Unable to describe task definition."},
		{"a rolling update", "CreateService", without(func(o object) { delete(o, "deploymentConfiguration") }), "InvalidParameterException", "BLUE_GREEN, LINEAR and CANARY"},
		{"no load balancer", "CreateService", without(func(o object) { delete(o, "loadBalancers") }), "InvalidParameterException", "advancedConfiguration field is required"},
		{"an unknown target group", "CreateService", without(func(o object) { balancer(o)["targetGroupArn"] = "tg-9" }), "InvalidParameterException", "tg-9 does not exist"},
		{"an unknown rule", "CreateService", without(func(o object) {
			balancer(o)["advancedConfiguration"].(object)["testListenerRule"] = "arn:other"
		}), "InvalidParameterException", `"arn:other" does not exist`},
		{"a service for an unknown cluster", "CreateService", without(func(o object) { o["cluster"] = "other" }), "ClusterNotFoundException", ""},
		{"a service of an unknown cluster", "UpdateService", object{"cluster": "other", "service": "shop"}, "ClusterNotFoundException", ""},
		{"no services", "DescribeServices", object{}, "InvalidParameterException", "1 to 10"},
		{"no deployments", "DescribeServiceDeployments", object{}, "InvalidParameterException", "1 to 20"},
		{"no revisions", "DescribeServiceRevisions", object{}, "InvalidParameterException", "1 to 20"},
		{"an unknown deployment", "StopServiceDeployment", object{"serviceDeploymentArn": "arn:nothing"}, "ServiceDeploymentNotFoundException", ""},
		{"an unknown pause", "ContinueServiceDeployment", object{"serviceDeploymentArn": "arn:nothing"}, "ServiceDeploymentNotFoundException", ""},
		{"a page that isn't there", "ListServiceDeployments", object{"cluster": "other", "service": "shop", "nextToken": "arn:nothing"}, "ClusterNotFoundException", ""},
		{"too long a page", "ListServiceDeployments", object{"service": "shop", "maxResults": 101}, "InvalidParameterException", "1 to 100"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			status, out := c.ask(test.operation, test.in)
			message, _ := out["message"].(string)
			if status != http.StatusBadRequest || out["__type"] != test.code || !strings.Contains(message, test.want) {
				t.Errorf("got %d: %v", status, out)
			}
		})
	}
	t.Run("another method", func(t *testing.T) {
		if status, out := c.send(http.MethodGet, "/x", "", nil); status != http.StatusBadRequest || out["__type"] != "UnknownOperationException" {
			t.Errorf("got %d: %v", status, out)
		}
	})
	t.Run("another service's operation", func(t *testing.T) {
		if _, out := c.send(http.MethodPost, "/", "CodeDeploy_20141006.GetDeployment", nil); out["__type"] != "UnknownOperationException" {
			t.Errorf("got %v", out)
		}
	})
	t.Run("too large a body", func(t *testing.T) {
		body := bytes.Repeat([]byte(" "), 2<<20)
		if _, out := c.send(http.MethodPost, "/", "AmazonEC2ContainerServiceV20141113.DescribeServices", body); out["__type"] != "SerializationException" {
			t.Errorf("got %v", out)
		}
	})
}
