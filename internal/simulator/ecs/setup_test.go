package ecs_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const arnPrefix = "arn:aws:ecs:us-east-1:123456789012:"

func tagList(pairs ...string) []object {
	list := []object{}
	for i := 0; i+1 < len(pairs); i += 2 {
		list = append(list, object{"key": pairs[i], "value": pairs[i+1]})
	}
	return list
}

func TestAClusterIsMadeAndDeleted(t *testing.T) {
	w, c := serve(t)
	request := object{
		"clusterName": "shop", "tags": tagList("team", "cart"), "settings": []object{{"name": "containerInsights", "value": "enabled"}},
		"capacityProviders": []string{"FARGATE"},
	}
	made := within(t, c.must("CreateCluster", request), "cluster").(object)
	again := within(t, c.must("CreateCluster", object{"clusterName": "shop"}), "cluster")
	if diff := cmp.Diff(any(made), again); diff != "" {
		t.Errorf("the same again (-first +second):\n%s", diff)
	}
	want := object{
		"clusterArn": arnPrefix + "cluster/shop", "clusterName": "shop", "status": "ACTIVE", "statistics": []any{},
		"registeredContainerInstancesCount": 0.0, "runningTasksCount": 0.0, "pendingTasksCount": 0.0, "activeServicesCount": 0.0,
		"tags": []any{object{"key": "team", "value": "cart"}}, "settings": []any{object{"name": "containerInsights", "value": "enabled"}},
		"capacityProviders": []any{"FARGATE"}, "defaultCapacityProviderStrategy": []any{},
	}
	if diff := cmp.Diff(want, made); diff != "" {
		t.Errorf("cluster (-want +got):\n%s", diff)
	}
	c.must("PutClusterCapacityProviders", object{
		"cluster": "shop", "capacityProviders": []string{"FARGATE_SPOT"}, "defaultCapacityProviderStrategy": []object{{"capacityProvider": "FARGATE_SPOT", "weight": 1}},
	})
	plain := within(t, c.must("DescribeClusters", object{"clusters": []string{arnPrefix + "cluster/shop"}}), "clusters", 0)
	if within(t, plain, "capacityProviders", 0) != "FARGATE_SPOT" || len(within(t, plain, "tags").([]any))+len(within(t, plain, "settings").([]any)) != 0 {
		t.Errorf("without what is to be included: %v", plain)
	}

	c.must("RegisterTaskDefinition", definition("shop:1"))
	service := serviceRequest()
	service["cluster"] = "shop"
	service["deploymentConfiguration"].(object)["lifecycleHooks"] = []object{}
	c.must("CreateService", service)
	list, err := w.Deployments("shop", "shop")
	if err != nil {
		t.Fatal(err)
	}
	w.wait(t, list[0].ARN)
	if status, out := c.ask("DeleteCluster", object{"cluster": "shop"}); status != http.StatusBadRequest || out["__type"] != "ClusterContainsServicesException" {
		t.Errorf("with a service: %d %v", status, out)
	}
	c.must("DeleteService", object{"cluster": "shop", "service": "shop", "force": true})
	for {
		if status, out := c.ask("DeleteCluster", object{"cluster": "shop"}); status == http.StatusOK {
			if got := within(t, out, "cluster", "status"); got != "INACTIVE" {
				t.Errorf("it is %v", got)
			}
			break
		} else if t.Context().Err() != nil || out["__type"] != "ClusterContainsServicesException" { // it drains
			t.Fatal(out)
		}
	}
	if failure := within(t, c.must("DescribeClusters", object{"clusters": []string{"shop"}}), "failures", 0, "reason"); failure != "MISSING" {
		t.Errorf("afterwards: %v", failure)
	}
	if status, out := c.ask("DescribeServices", object{"cluster": "shop", "services": []string{"shop"}}); status != http.StatusBadRequest || out["__type"] != "ClusterNotFoundException" {
		t.Errorf("its service: %d %v", status, out)
	}
}

func TestATaskDefinitionIsDeregistered(t *testing.T) {
	_, c := serve(t)
	c.must("RegisterTaskDefinition", definition("shop:1"))
	second := definition("shop:2")
	second["memory"] = "512"
	registered := within(t, c.must("RegisterTaskDefinition", second), "taskDefinition")
	if diff := cmp.Diff([]any{"EC2", "FARGATE"}, within(t, registered, "compatibilities")); diff != "" {
		t.Errorf("compatibilities (-want +got):\n%s", diff)
	}
	gone := within(t, c.must("DeregisterTaskDefinition", object{"taskDefinition": "shop:2"}), "taskDefinition")
	if within(t, gone, "status") != "INACTIVE" || within(t, gone, "deregisteredAt").(float64) < within(t, gone, "registeredAt").(float64) {
		t.Errorf("deregistered: %v", gone)
	}
	if diff := cmp.Diff(gone, within(t, c.must("DescribeTaskDefinition", object{"taskDefinition": "shop:2"}), "taskDefinition")); diff != "" {
		t.Errorf("described (-deregistered +described):\n%s", diff)
	}
	if got := within(t, c.must("DescribeTaskDefinition", object{"taskDefinition": "shop"}), "taskDefinition", "revision"); got != 1.0 {
		t.Errorf("the family means revision %v", got)
	}
	for status, want := range map[string]string{"": "shop:1", "ACTIVE": "shop:1", "INACTIVE": "shop:2"} {
		out := c.must("ListTaskDefinitions", object{"familyPrefix": "shop", "status": status})
		if diff := cmp.Diff(any([]any{arnPrefix + "task-definition/" + want}), out["taskDefinitionArns"]); diff != "" {
			t.Errorf("%q (-want +got):\n%s", status, diff)
		}
	}
	families := func(in object) any { return c.must("ListTaskDefinitionFamilies", in)["families"] }
	if diff := cmp.Diff(any([]any{"shop"}), families(object{"familyPrefix": "sh", "status": "ACTIVE"})); diff != "" {
		t.Errorf("families (-want +got):\n%s", diff)
	}
	c.must("DeregisterTaskDefinition", object{"taskDefinition": "shop:1"})
	if diff := cmp.Diff([]any{[]any{}, []any{"shop"}, []any{"shop"}}, []any{families(object{"status": "ACTIVE"}), families(object{"status": "INACTIVE"}), families(object{})}); diff != "" {
		t.Errorf("active, inactive and all families afterwards (-want +got):\n%s", diff)
	}
	third := within(t, c.must("RegisterTaskDefinition", definition("shop:3")), "taskDefinition", "revision")
	if third != 3.0 {
		t.Errorf("the next revision is %v", third)
	}
}

func TestAServiceReadsBackWhatItWasGiven(t *testing.T) {
	w, c := serve(t)
	c.must("RegisterTaskDefinition", definition("shop:1"))
	request := serviceRequest()
	network := object{"awsvpcConfiguration": object{"subnets": []any{"subnet-1"}, "assignPublicIp": "DISABLED"}}
	request["networkConfiguration"], request["platformVersion"], request["healthCheckGracePeriodSeconds"] = network, "1.4.0", 30
	request["tags"], request["propagateTags"], request["enableExecuteCommand"] = tagList("team", "cart"), "SERVICE", true
	request["role"] = "arn:aws:iam::123456789012:role/ecs"
	configuration := request["deploymentConfiguration"].(object)
	configuration["lifecycleHooks"] = []object{}
	configuration["deploymentCircuitBreaker"] = object{"enable": true, "rollback": true}
	c.must("CreateService", request)
	d := w.wait(t, w.newest(t).ARN)
	described := func() object {
		out := c.must("DescribeServices", object{"cluster": "cluster", "services": []string{"shop"}, "include": []string{"TAGS"}})
		return within(t, out, "services", 0).(object)
	}
	got := described()
	for member, want := range map[string]any{
		"networkConfiguration": network, "platformVersion": "1.4.0", "healthCheckGracePeriodSeconds": 30.0, "propagateTags": "SERVICE",
		"enableExecuteCommand": true, "enableECSManagedTags": false, "roleArn": request["role"], "launchType": "FARGATE",
		"tags": []any{object{"key": "team", "value": "cart"}}, "placementConstraints": []any{}, "placementStrategy": []any{}, "serviceRegistries": []any{},
	} {
		if diff := cmp.Diff(want, got[member]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", member, diff)
		}
	}
	if role := within(t, got, "loadBalancers", 0, "advancedConfiguration", "roleArn"); role != "arn:aws:iam::123456789012:role/ecs" {
		t.Errorf("the role that moves traffic is %v", role)
	}
	if within(t, got, "deploymentConfiguration", "deploymentCircuitBreaker", "rollback") != true {
		t.Errorf("configuration: %v", got["deploymentConfiguration"])
	}
	revision := within(t, c.must("DescribeServiceRevisions", object{"serviceRevisionArns": []string{d.Target.ARN}}), "serviceRevisions", 0)
	if within(t, revision, "containerImages", 0, "image") != "shop:1" || within(t, revision, "platformVersion") != "1.4.0" {
		t.Errorf("revision: %v", revision)
	}
	if diff := cmp.Diff(any(network), within(t, revision, "networkConfiguration")); diff != "" {
		t.Errorf("the revision's network (-want +got):\n%s", diff)
	}
	c.must("UpdateService", object{"cluster": "cluster", "service": "shop", "enableExecuteCommand": false, "healthCheckGracePeriodSeconds": 60})
	if got := described(); got["enableExecuteCommand"] != false || got["healthCheckGracePeriodSeconds"] != 60.0 || got["platformVersion"] != "1.4.0" {
		t.Errorf("updated: %v", got)
	}
}

func TestTagsAreKeptForEachKindOfResourceOfECS(t *testing.T) {
	w, c := serve(t)
	c.must("RegisterTaskDefinition", definition("shop:1"))
	request := serviceRequest()
	delete(request, "deploymentConfiguration")
	delete(request["loadBalancers"].([]object)[0], "advancedConfiguration")
	request["deploymentController"] = object{"type": "CODE_DEPLOY"}
	c.must("CreateService", request)
	sets := within(t, c.must("DescribeTaskSets", object{"cluster": "cluster", "service": "shop"}), "taskSets", 0, "taskSetArn").(string)
	if set, err := w.PrimaryTaskSet("cluster", "shop"); err != nil || !strings.HasSuffix(sets, set.ID) {
		t.Errorf("its task set is %s, not %s (%v)", sets, set.ID, err)
	}
	for arn, before := range map[string][]any{
		arnPrefix + "cluster/cluster": {}, arnPrefix + "service/cluster/shop": {},
		arnPrefix + "task-definition/shop:1": {object{"key": "team", "value": "checkout"}}, sets: {},
	} {
		list := func() any { return c.must("ListTagsForResource", object{"resourceArn": arn})["tags"] }
		if diff := cmp.Diff(any(before), list()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", arn, diff)
		}
		c.must("TagResource", object{"resourceArn": arn, "tags": tagList("team", "cart", "cost", "7")})
		c.must("UntagResource", object{"resourceArn": arn, "tagKeys": []string{"cost"}})
		if diff := cmp.Diff(any([]any{object{"key": "team", "value": "cart"}}), list()); diff != "" {
			t.Errorf("%s, changed (-want +got):\n%s", arn, diff)
		}
	}
}

func TestWhatTheOperationsOfASetUpOfECSAreRefusedFor(t *testing.T) {
	_, c := serve(t)
	c.must("RegisterTaskDefinition", definition("shop:1"))
	c.must("RegisterTaskDefinition", definition("shop:2"))
	c.must("DeregisterTaskDefinition", object{"taskDefinition": "shop:1"})
	inactive := serviceRequest()
	inactive["taskDefinition"] = "shop:1"
	tagged := serviceRequest()
	tagged["tags"] = tagList("a", "1", "a", "2")
	many := []object{}
	for i := range 51 {
		many = append(many, object{"key": strconv.Itoa(i), "value": ""})
	}
	cluster := arnPrefix + "cluster/cluster"
	for _, tt := range []struct {
		why, operation string
		in             object
		code           string
	}{
		{"a cluster with a space", "CreateCluster", object{"clusterName": "my shop"}, "InvalidParameterException"},
		{"tags of a cluster", "CreateCluster", object{"tags": tagList("", "x")}, "InvalidParameterException"},
		{"no cluster", "DeleteCluster", object{}, "InvalidParameterException"},
		{"a cluster that isn't there", "DeleteCluster", object{"cluster": "x"}, "ClusterNotFoundException"},
		{"capacity of a cluster that isn't there", "PutClusterCapacityProviders", object{"cluster": "x"}, "ClusterNotFoundException"},
		{"capacity without providers", "PutClusterCapacityProviders", object{"cluster": "cluster"}, "InvalidParameterException"},
		{"a family in place of a revision", "DeregisterTaskDefinition", object{"taskDefinition": "shop"}, "ClientException"},
		{"a revision that isn't there", "DeregisterTaskDefinition", object{"taskDefinition": "shop:9"}, "ClientException"},
		{"a task definition that is inactive", "CreateService", inactive, "ClientException"},
		{"tags of a service", "CreateService", tagged, "InvalidParameterException"},
		{"tags that are text", "RegisterTaskDefinition", object{"family": "f", "containerDefinitions": []object{{"name": "a"}}, "tags": "x"}, "SerializationException"},
		{"tags of a task definition", "RegisterTaskDefinition", object{"family": "f", "containerDefinitions": []object{{"name": "a"}}, "tags": tagList("", "x")}, "InvalidParameterException"},
		{"what is no ARN", "TagResource", object{"resourceArn": "cluster", "tags": tagList("a", "1")}, "InvalidParameterException"},
		{"a cluster's tags that isn't there", "TagResource", object{"resourceArn": cluster + "x", "tags": tagList("a", "1")}, "ClusterNotFoundException"},
		{"a service's tags that isn't there", "TagResource", object{"resourceArn": arnPrefix + "service/cluster/x", "tags": tagList("a", "1")}, "ResourceNotFoundException"},
		{"tags of something else", "UntagResource", object{"resourceArn": arnPrefix + "container-instance/x", "tagKeys": []string{"a"}}, "ResourceNotFoundException"},
		{"too many tags", "TagResource", object{"resourceArn": cluster, "tags": many}, "InvalidParameterException"},
		{"tags of nothing", "ListTagsForResource", object{}, "InvalidParameterException"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			if status, out := c.ask(tt.operation, tt.in); status != http.StatusBadRequest || out["__type"] != tt.code || out["message"] == "" {
				t.Errorf("got %d %v, want %s", status, out, tt.code)
			}
		})
	}
}
