"""Calls every operation of a running simulator with boto3, and holds each answer as it came over the wire against the model.

python answers.py URL TABLE HOOK_PORT: TABLE is a JSON object from service to its operations; the function CodeDeployHook_check
must be a webhook at that port of 127.0.0.1, and the function checkout any. Prints {"differences": […], "silent": […]}, where
silent lists the operations that were never answered with success.
"""

import http.server
import io
import json
import queue
import socket
import sys
import threading
import time
import zipfile

import boto3
import botocore.config
import botocore.exceptions

from model import SERVICES, Model

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/deploys"
HOOK = "CodeDeployHook_check"


class Recorder:
    """Gives clients whose answers are all held against the model."""

    def __init__(self, url):
        self.url, self.model = url, Model()
        self.differences, self.answered = {}, set()

    def client(self, service):
        # The client lets everything through, so that wrong requests get to the simulator.
        client = boto3.client(SERVICES[service], endpoint_url=self.url, config=botocore.config.Config(parameter_validation=False, retries={"total_max_attempts": 1}))
        client.meta.events.register(f"before-parse.{client.meta.service_model.service_id.hyphenize()}", self.record)
        return client

    def record(self, operation_model, response_dict, **_):
        service, name, status = operation_model.service_model.signing_name, operation_model.name, response_dict["status_code"]
        body = response_dict["body"] if isinstance(response_dict["body"], bytes) else b""  # a streaming one is the caller's own
        for difference in self.model.differences(service, name, status, response_dict["headers"], body):
            self.differences[difference] = True
        if status < 300:
            self.answered.add((service, name))


class Hook:
    """The functions that hooks run: CodeDeploy's executions wait in a queue, ECS's are answered with SUCCEEDED."""

    def __init__(self, port):
        self.executions = queue.Queue()
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if "LifecycleEventHookExecutionId" in event:
                    hook.executions.put(event)
                answer = b'{"hookStatus":"SUCCEEDED"}'
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def execution(self):
        return self.executions.get(timeout=60)


def until(ask, ready):
    """Asks until the answer is the one that is waited for."""
    end = time.monotonic() + 60
    while not ready(answer := ask()):
        if time.monotonic() > end:
            raise TimeoutError(f"this is still the answer: {answer}")
        time.sleep(0.02)
    return answer


def refused(call, **arguments):
    """Makes a call that must be refused."""
    try:
        call(**arguments)
    except botocore.exceptions.ClientError:
        return
    raise AssertionError(f"{call.__name__}({arguments}) was not refused")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Story:
    """Somebody who sets up two services and a function and deploys all of them."""

    def __init__(self, recorder, hook):
        self.hook = hook
        self.deploys, self.ecs = recorder.client("codedeploy"), recorder.client("ecs")
        self.elb, self.functions, self.sts = recorder.client("elasticloadbalancing"), recorder.client("lambda"), recorder.client("sts")

    def run(self):
        self.sts.get_caller_identity()
        self.balancer = self.elb.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
        self.listeners_and_rules()
        self.another_load_balancer()
        self.invocations_and_aliases()
        self.another_function()
        self.deployments_of_the_function()
        self.service_of_codedeploy()
        self.deployments_by_codedeploy()
        self.deployments_by_ecs()
        self.lists_of_ecs()
        self.clean_up()

    def group(self, name):
        made = self.elb.create_target_group(Name=name, Protocol="HTTP", Port=80, TargetType="ip", VpcId="vpc-1", HealthCheckPath="/health")
        return made["TargetGroups"][0]["TargetGroupArn"]

    def listener(self, groups, **more):
        weights = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in groups.items()]
        made = self.elb.create_listener(
            LoadBalancerArn=self.balancer, Protocol=more.pop("Protocol", "HTTP"), Port=free_port(),
            DefaultActions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": weights}}], **more)
        return made["Listeners"][0]["ListenerArn"]

    def listeners_and_rules(self):
        one, two = self.group("spare-1"), self.group("spare-2")
        arn = self.listener({one: 100, two: 0})
        secure = self.listener({one: 1}, Protocol="HTTPS", Certificates=[{"CertificateArn": f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/1"}])
        self.elb.modify_listener(ListenerArn=arn, DefaultActions=[{"Type": "forward", "TargetGroupArn": two}])
        rules = []
        for priority, conditions, action in [
            (1, [{"Field": "path-pattern", "Values": ["/old/*"]}, {"Field": "host-header", "HostHeaderConfig": {"Values": ["*.example.com"]}}],
             {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301", "Path": "/new"}}),
            (2, [{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Test", "Values": ["yes"]}},
                 {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET"]}}],
             {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": "gone"}}),
            (3, [{"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "2"}, {"Value": "x"}]}},
                 {"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}}],
             {"Type": "forward", "TargetGroupArn": one}),
        ]:
            made = self.elb.create_rule(ListenerArn=arn, Priority=priority, Conditions=conditions, Actions=[action])
            rules.append(made["Rules"][0]["RuleArn"])
        self.elb.modify_rule(RuleArn=rules[2], Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": [
            {"TargetGroupArn": one, "Weight": 10}, {"TargetGroupArn": two, "Weight": 90}]}}])
        self.elb.set_rule_priorities(RulePriorities=[{"RuleArn": rules[0], "Priority": 7}])
        self.elb.describe_rules(ListenerArn=arn)
        self.elb.describe_listeners(ListenerArns=[arn, secure])
        self.elb.describe_listeners(LoadBalancerArn=self.balancer, PageSize=1)
        self.elb.describe_target_groups(PageSize=1)
        self.elb.modify_listener_attributes(ListenerArn=arn, Attributes=[{"Key": "routing.http.response.server.enabled", "Value": "true"}])
        self.elb.describe_listener_attributes(ListenerArn=arn)
        self.elb.modify_target_group(TargetGroupArn=one, HealthCheckPath="/ready")
        self.elb.modify_target_group_attributes(TargetGroupArn=one, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "5"}])
        self.elb.describe_target_group_attributes(TargetGroupArn=one)
        self.elb.add_tags(ResourceArns=[arn, one, rules[0]], Tags=[{"Key": "team", "Value": "shop"}])
        self.elb.describe_tags(ResourceArns=[arn, one, rules[0]])
        self.elb.remove_tags(ResourceArns=[arn], TagKeys=["team"])
        self.elb.register_targets(TargetGroupArn=one, Targets=[{"Id": "127.0.0.1", "Port": 1}])
        self.elb.describe_target_health(TargetGroupArn=one)
        self.elb.describe_target_health(TargetGroupArn=one, Targets=[{"Id": "127.0.0.2", "Port": 2}])
        self.elb.deregister_targets(TargetGroupArn=one, Targets=[{"Id": "127.0.0.1", "Port": 1}])
        refused(self.elb.create_rule, ListenerArn=arn, Priority=7, Conditions=[{"Field": "path-pattern", "Values": ["/"]}], Actions=[{"Type": "forward", "TargetGroupArn": one}])
        refused(self.elb.delete_target_group, TargetGroupArn=one)
        refused(self.elb.create_target_group, Name="spare-1", Protocol="HTTP", Port=81)
        refused(self.elb.describe_load_balancers, Names=["nobody's"])
        for rule in rules:
            self.elb.delete_rule(RuleArn=rule)
        self.elb.delete_listener(ListenerArn=arn)
        self.elb.delete_listener(ListenerArn=secure)
        self.elb.delete_target_group(TargetGroupArn=one)
        self.elb.delete_target_group(TargetGroupArn=two)

    def another_load_balancer(self):
        made = self.elb.create_load_balancer(Name="spare", Type="application", Scheme="internal", Subnets=["subnet-1", "subnet-2"], SecurityGroups=["sg-1"], Tags=[{"Key": "a", "Value": "b"}])
        arn = made["LoadBalancers"][0]["LoadBalancerArn"]
        self.elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "30"}])
        self.elb.describe_load_balancer_attributes(LoadBalancerArn=arn)
        self.elb.describe_capacity_reservation(LoadBalancerArn=arn)
        self.elb.describe_load_balancers()
        self.elb.delete_load_balancer(LoadBalancerArn=arn)

    def another_function(self):
        f, code = self.functions, io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            bootstrap = zipfile.ZipInfo("bootstrap")
            bootstrap.external_attr = 0o755 << 16
            archive.writestr(bootstrap, "#!/bin/sh\nexit 1\n")
        f.create_function(
            FunctionName="spare", Runtime="provided.al2023", Role=ROLE, Handler="bootstrap", Code={"ZipFile": code.getvalue()}, Timeout=5, MemorySize=256,
            Environment={"Variables": {"A": "b"}}, Tags={"team": "shop"})
        f.get_function(FunctionName="spare")
        f.update_function_code(FunctionName="spare", ZipFile=code.getvalue(), Publish=True)
        f.update_function_configuration(FunctionName="spare", Timeout=6, Description="slower")
        f.invoke(FunctionName="spare", Payload=b"{}")
        f.delete_function(FunctionName="spare")

    def invocations_and_aliases(self):
        f = self.functions
        f.list_functions(MaxItems=1)
        f.list_functions(FunctionVersion="ALL")
        f.get_function(FunctionName="checkout")
        f.get_function_configuration(FunctionName="checkout")
        f.invoke(FunctionName="checkout", Payload=b'{"ok":true}', LogType="Tail")
        f.invoke(FunctionName="checkout", Payload=b'{"ok":true}', InvocationType="Event")
        f.invoke(FunctionName="checkout", Payload=b'{"ok":true}', InvocationType="DryRun")
        f.invoke(FunctionName="checkout", Payload=b'{"fail":true}', LogType="Tail")
        refused(f.invoke, FunctionName="checkout", Payload=b"not JSON")
        refused(f.invoke, FunctionName="nobody", Payload=b"{}")
        version = f.publish_version(FunctionName="checkout", Description="the first")["Version"]
        f.list_versions_by_function(FunctionName="checkout")
        alias = f.create_alias(FunctionName="checkout", Name="live", FunctionVersion=version, Description="what is live")
        f.get_alias(FunctionName="checkout", Name="live")
        f.update_alias(FunctionName="checkout", Name="live", Description="what is in production")
        refused(f.update_alias, FunctionName="checkout", Name="live", RevisionId=alias["RevisionId"])
        refused(f.create_alias, FunctionName="checkout", Name="live", FunctionVersion=version)
        f.create_alias(FunctionName="checkout", Name="spare", FunctionVersion=version)
        f.list_aliases(FunctionName="checkout", MaxItems=1)
        f.delete_alias(FunctionName="checkout", Name="spare")

    def revision(self, *resources, **hooks):
        spec = {"version": 0.0, "Resources": resources, "Hooks": [{event: function} for event, function in hooks.items()]}
        return {"revisionType": "AppSpecContent", "appSpecContent": {"content": json.dumps(spec)}}

    def look(self, deployment):
        """Reads all that CodeDeploy tells of a deployment."""
        d = self.deploys
        d.get_deployment(deploymentId=deployment)
        d.batch_get_deployments(deploymentIds=[deployment, "d-AAAAAAAAA"])
        for target in d.list_deployment_targets(deploymentId=deployment)["targetIds"]:
            d.get_deployment_target(deploymentId=deployment, targetId=target)
            d.batch_get_deployment_targets(deploymentId=deployment, targetIds=[target])

    def report(self, status):
        event = self.hook.execution()
        self.look(event["DeploymentId"])
        arguments = {"deploymentId": event["DeploymentId"], "lifecycleEventHookExecutionId": event["LifecycleEventHookExecutionId"], "status": status}
        self.deploys.put_lifecycle_event_hook_execution_status(**arguments)
        return arguments

    def ended(self, deployment):
        info = until(
            lambda: self.deploys.get_deployment(deploymentId=deployment)["deploymentInfo"],
            lambda info: info["status"] in ("Succeeded", "Failed", "Stopped"))
        self.look(deployment)
        return info

    def deployments_of_the_function(self):
        d = self.deploys
        d.create_application(applicationName="checkout", computePlatform="Lambda")
        d.create_deployment_group(
            applicationName="checkout", deploymentGroupName="live", serviceRoleArn=ROLE, deploymentConfigName="CodeDeployDefault.LambdaAllAtOnce",
            deploymentStyle={"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"})
        d.get_deployment_group(applicationName="checkout", deploymentGroupName="live")
        # The alias's version is 1, and there is no other: the deployment fails at the shift, after its hook.
        resource = {"checkout": {"Type": "AWS::Lambda::Function", "Properties": {"Name": "checkout", "Alias": "live", "CurrentVersion": "1", "TargetVersion": "2"}}}
        made = d.create_deployment(applicationName="checkout", deploymentGroupName="live", revision=self.revision(resource, BeforeAllowTraffic=HOOK))
        self.report("Succeeded")
        assert self.ended(made["deploymentId"])["status"] == "Failed"

    def service_of_codedeploy(self):
        self.groups = [self.group("cart-1"), self.group("cart-2")]
        self.production = self.listener({self.groups[0]: 100, self.groups[1]: 0})
        self.test = self.listener({self.groups[0]: 100, self.groups[1]: 0})
        self.ecs.create_service(
            serviceName="cart", taskDefinition=self.define("cart"), desiredCount=1, launchType="FARGATE", deploymentController={"type": "CODE_DEPLOY"},
            loadBalancers=[{"targetGroupArn": self.groups[0], "containerName": "app", "containerPort": 80}])
        self.runs("cart")

    def define(self, family):
        made = self.ecs.register_task_definition(
            family=family, networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512", tags=[{"key": "team", "value": "shop"}],
            containerDefinitions=[{
                "name": "app", "image": "shop:1", "essential": True, "portMappings": [{"containerPort": 80}], "environment": [{"name": "A", "value": "b"}],
            }])
        arn = made["taskDefinition"]["taskDefinitionArn"]
        self.ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])
        return arn

    def runs(self, service):
        until(
            lambda: self.ecs.describe_services(services=[service, "nobody"])["services"][0],
            lambda service: service["runningCount"] == service["desiredCount"])

    def deployments_by_codedeploy(self):
        d = self.deploys
        d.create_application(applicationName="cart", computePlatform="ECS")
        d.get_application(applicationName="cart")
        d.list_applications()
        d.create_deployment_config(
            deploymentConfigName="half", computePlatform="ECS",
            trafficRoutingConfig={"type": "TimeBasedCanary", "timeBasedCanary": {"canaryPercentage": 50, "canaryInterval": 5}})
        for name in ["half", "CodeDeployDefault.ECSAllAtOnce", "CodeDeployDefault.ECSLinear10PercentEvery1Minutes", "CodeDeployDefault.LambdaCanary10Percent5Minutes"]:
            d.get_deployment_config(deploymentConfigName=name)
        d.list_deployment_configs()
        group = {"applicationName": "cart", "deploymentGroupName": "production"}
        d.create_deployment_group(
            **group, serviceRoleArn=ROLE, deploymentConfigName="CodeDeployDefault.ECSAllAtOnce", ecsServices=[{"serviceName": "cart", "clusterName": "default"}],
            autoRollbackConfiguration={"enabled": True, "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_REQUEST"]},
            deploymentStyle={"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
            blueGreenDeploymentConfiguration={
                "deploymentReadyOption": {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 60},
                "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE", "terminationWaitTimeInMinutes": 0}},
            loadBalancerInfo={"targetGroupPairInfoList": [{
                "targetGroups": [{"name": "cart-1"}, {"name": "cart-2"}],
                "prodTrafficRoute": {"listenerArns": [self.production]}, "testTrafficRoute": {"listenerArns": [self.test]}}]})
        service = lambda family: {"TargetService": {"Type": "AWS::ECS::Service", "Properties": {
            "TaskDefinition": self.define(family), "LoadBalancerInfo": {"ContainerName": "app", "ContainerPort": 80}}}}

        good = d.create_deployment(**group, revision=self.revision(service("cart"), AfterAllowTestTraffic=HOOK, AfterAllowTraffic=HOOK), description="good")["deploymentId"]
        reported = self.report("Succeeded")
        self.ecs.describe_task_sets(cluster="default", service="cart")
        refused(d.put_lifecycle_event_hook_execution_status, **reported)
        refused(d.create_deployment, **group, revision=self.revision(service("cart")))
        until(lambda: d.get_deployment(deploymentId=good)["deploymentInfo"]["status"], lambda status: status == "Ready")
        self.look(good)
        d.continue_deployment(deploymentId=good, deploymentWaitType="READY_WAIT")
        self.report("Succeeded")
        assert self.ended(good)["status"] == "Succeeded"
        refused(d.stop_deployment, deploymentId=good)
        refused(d.continue_deployment, deploymentId=good)

        bad = d.create_deployment(**group, revision=self.revision(service("cart"), AfterAllowTestTraffic=HOOK))["deploymentId"]
        self.report("Failed")
        assert self.ended(bad)["status"] == "Failed"
        until(lambda: d.get_deployment(deploymentId=bad)["deploymentInfo"], lambda info: "rollbackDeploymentId" in info.get("rollbackInfo", {}))
        self.ended(d.get_deployment(deploymentId=bad)["deploymentInfo"]["rollbackInfo"]["rollbackDeploymentId"])

        stopped = d.create_deployment(**group, revision=self.revision(service("cart"), AfterAllowTestTraffic=HOOK))["deploymentId"]
        self.hook.execution()
        refused(d.skip_wait_time_for_instance_termination, deploymentId=stopped)
        d.stop_deployment(deploymentId=stopped, autoRollbackEnabled=False)
        assert self.ended(stopped)["status"] == "Stopped"

        d.get_deployment_group(**group)
        d.batch_get_deployment_groups(applicationName="cart", deploymentGroupNames=["production", "none"])
        d.list_deployment_groups(applicationName="cart")
        d.list_deployments(**group, includeOnlyStatuses=["Succeeded"])
        d.list_deployments()
        revision = self.revision(service("cart"))
        d.register_application_revision(applicationName="cart", description="not deployed", revision=revision)
        d.get_application_revision(applicationName="cart", revision=revision)
        d.get_application_revision(applicationName="cart", revision=d.get_deployment(deploymentId=good)["deploymentInfo"]["revision"])
        d.update_deployment_group(applicationName="cart", currentDeploymentGroupName="production", newDeploymentGroupName="live", deploymentConfigName="half")
        refused(d.delete_deployment_config, deploymentConfigName="half")
        d.list_application_revisions(applicationName="cart")
        d.batch_get_application_revisions(applicationName="cart", revisions=[revision])
        d.create_application(applicationName="spare", computePlatform="ECS", tags=[{"Key": "team", "Value": "shop"}])
        d.update_application(applicationName="spare", newApplicationName="renamed")
        d.batch_get_applications(applicationNames=["cart", "renamed"])
        arn = f"arn:aws:codedeploy:us-east-1:{ACCOUNT}:application:renamed"
        d.tag_resource(ResourceArn=arn, Tags=[{"Key": "stage", "Value": "test"}])
        d.list_tags_for_resource(ResourceArn=arn)
        d.untag_resource(ResourceArn=arn, TagKeys=["stage"])
        self.deployment_that_keeps_blue(service("cart"))

    def deployment_that_keeps_blue(self, resource):
        d, group = self.deploys, {"applicationName": "cart", "deploymentGroupName": "live"}
        d.update_deployment_group(
            applicationName="cart", currentDeploymentGroupName="live",
            blueGreenDeploymentConfiguration={
                "deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT", "waitTimeInMinutes": 0},
                "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE", "terminationWaitTimeInMinutes": 60}})
        made = d.create_deployment(**group, deploymentConfigName="CodeDeployDefault.ECSAllAtOnce", revision=self.revision(resource))["deploymentId"]

        def skip():
            try:
                d.skip_wait_time_for_instance_termination(deploymentId=made)
            except d.exceptions.DeploymentNotStartedException:  # it hasn't come to the wait
                return False
            return True

        until(skip, lambda skipped: skipped)
        assert self.ended(made)["status"] == "Succeeded"

    def deployments_by_ecs(self):
        groups = [self.group("basket-1"), self.group("basket-2")]
        production, test = [self.elb.describe_rules(ListenerArn=self.listener({groups[0]: 100, groups[1]: 0}))["Rules"][0]["RuleArn"] for _ in range(2)]
        hooks = [
            {"targetType": "AWS_LAMBDA", "hookTargetArn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{HOOK}", "roleArn": ROLE,
             "lifecycleStages": ["POST_SCALE_UP", "PRE_PRODUCTION_TRAFFIC_SHIFT"], "hookDetails": {"depth": 2}},
            {"targetType": "PAUSE", "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"], "timeoutConfiguration": {"timeoutInMinutes": 60, "action": "ROLLBACK"}},
        ]
        made = self.ecs.create_service(
            serviceName="basket", taskDefinition=self.define("basket"), desiredCount=1,
            loadBalancers=[{"targetGroupArn": groups[0], "containerName": "app", "containerPort": 80, "advancedConfiguration": {
                "alternateTargetGroupArn": groups[1], "productionListenerRule": production, "testListenerRule": test, "roleArn": ROLE}}],
            deploymentConfiguration={
                "strategy": "CANARY", "bakeTimeInMinutes": 0, "canaryConfiguration": {"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 0}, "lifecycleHooks": hooks})
        self.over(made["service"]["currentServiceDeployment"], "SUCCESSFUL")  # the creation of a service asks no hooks at these stages
        made = self.ecs.update_service(service="basket", taskDefinition=self.define("basket"))
        self.paused_and(made["service"]["currentServiceDeployment"], "CONTINUE", "SUCCESSFUL")
        linear = {"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 50.0, "stepBakeTimeInMinutes": 0}, "lifecycleHooks": hooks}
        made = self.ecs.update_service(service="basket", taskDefinition=self.define("basket"), deploymentConfiguration=linear)
        self.paused_and(made["service"]["currentServiceDeployment"], "ROLLBACK", "ROLLBACK_SUCCESSFUL")
        made = self.ecs.update_service(service="basket", forceNewDeployment=True)
        arn = made["service"]["currentServiceDeployment"]
        self.paused(arn)
        self.ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")
        self.over(arn, "ROLLBACK_SUCCESSFUL")
        refused(self.ecs.stop_service_deployment, serviceDeploymentArn=arn)
        refused(self.ecs.continue_service_deployment, serviceDeploymentArn=arn, hookId="ecs-pause-1")
        listed = self.ecs.list_service_deployments(service="basket", maxResults=2)
        revisions = [d["targetServiceRevisionArn"] for d in listed["serviceDeployments"]]
        self.ecs.describe_service_revisions(serviceRevisionArns=revisions + [revisions[0] + "0"])
        self.ecs.describe_services(services=["basket"])

    def service_deployment(self, arn):
        return self.ecs.describe_service_deployments(serviceDeploymentArns=[arn, arn + "0"])["serviceDeployments"][0]

    def paused(self, arn):
        waiting = lambda d: [h["hookId"] for h in d.get("lifecycleHookDetails", []) if h["status"] == "AWAITING_ACTION"]
        hook = waiting(until(lambda: self.service_deployment(arn), waiting))[0]
        self.ecs.describe_services(services=["basket"])
        return hook

    def paused_and(self, arn, action, status):
        self.ecs.continue_service_deployment(serviceDeploymentArn=arn, hookId=self.paused(arn), action=action)
        self.over(arn, status)

    def over(self, arn, status):
        ended = until(lambda: self.service_deployment(arn), lambda d: d["status"] in ("SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"))
        assert ended["status"] == status, ended

    def lists_of_ecs(self):
        e = self.ecs
        e.list_clusters()
        e.describe_clusters(clusters=["default", "none"])
        e.create_cluster(clusterName="spare", tags=[{"key": "team", "value": "shop"}], capacityProviders=["FARGATE"])
        e.put_cluster_capacity_providers(cluster="spare", capacityProviders=["FARGATE"], defaultCapacityProviderStrategy=[{"capacityProvider": "FARGATE", "weight": 1}])
        e.describe_clusters(clusters=["spare"], include=["TAGS", "SETTINGS"])
        e.delete_cluster(cluster="spare")
        e.list_task_definition_families()
        spare = self.define("spare")
        e.tag_resource(resourceArn=spare, tags=[{"key": "stage", "value": "test"}])
        e.list_tags_for_resource(resourceArn=spare)
        e.untag_resource(resourceArn=spare, tagKeys=["stage"])
        e.deregister_task_definition(taskDefinition=spare)
        e.list_services(maxResults=1)
        e.list_task_definitions()
        tasks = e.list_tasks(serviceName="cart")["taskArns"]
        e.describe_tasks(tasks=tasks + ["none"])
        refused(e.describe_services, cluster="none", services=["cart"])
        refused(e.describe_task_definition, taskDefinition="none")

    def clean_up(self):
        refused(self.ecs.delete_service, service="basket")
        self.ecs.delete_service(service="basket", force=True)
        self.deploys.delete_deployment_group(applicationName="cart", deploymentGroupName="live")
        self.deploys.delete_deployment_config(deploymentConfigName="half")
        self.deploys.delete_application(applicationName="cart")
        self.deploys.delete_application(applicationName="renamed")


def made_up(shape, name=""):
    """A value of a shape as somebody has it who knows the model and nothing of what there is: required members alone."""
    kind = shape.type_name
    if kind == "structure":
        return {member: made_up(shape.members[member], member) for member in shape.required_members}
    if kind == "list":
        return [made_up(shape.member, name)]
    if kind == "map":
        return {}
    if kind == "string":
        return (shape.metadata.get("enum") or ["nobody-has-this"])[0]
    return {"boolean": False, "blob": b"{}", "timestamp": 1}.get(kind, 1)


def wrong_requests(recorder, table):
    """Calls each operation without what it needs, and with names that nothing has; and one that the simulator hasn't got."""
    for service, names in table.items():
        client = recorder.client(service)
        model = client.meta.service_model
        methods = {api: method for method, api in client.meta.method_to_api_mapping.items()}
        unknown = next(name for name in model.operation_names if name not in names and "{" not in model.operation_model(name).http["requestUri"])
        for name in names + [unknown]:
            shape = model.operation_model(name).input_shape
            inputs = [made_up(shape)] if shape else []
            if "{" not in model.operation_model(name).http["requestUri"]:
                inputs.append({})
            for given in inputs:
                try:
                    getattr(client, methods[name])(**given)
                except botocore.exceptions.ClientError:
                    pass  # it was recorded, and held against the model


def main():
    url, table, port = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
    recorder = Recorder(url)
    Story(recorder, Hook(port)).run()
    silent = sorted(f"{service} {name}" for service, names in table.items() for name in names if (service, name) not in recorder.answered)
    wrong_requests(recorder, table)
    print(json.dumps({"differences": list(recorder.differences), "silent": silent}))


main()
