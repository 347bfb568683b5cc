"""Deploys a good version and a bad one with boto3, and prints what it saw as JSON; client.js does the same."""

import json

import boto3
import botocore.exceptions

SPEC = {
    "version": 0.0,
    "Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": {"LoadBalancerInfo": {"ContainerName": "app", "ContainerPort": 80}}}}],
    "Hooks": [{"AfterAllowTestTraffic": "CodeDeployHook_check"}],
}

deploys, ecs, balancers, functions = (boto3.client(name) for name in ["codedeploy", "ecs", "elbv2", "lambda"])


def create(family):
    made = ecs.register_task_definition(family=family, containerDefinitions=[{"name": "app", "image": f"shop:{family}"}])
    SPEC["Resources"][0]["TargetService"]["Properties"]["TaskDefinition"] = made["taskDefinition"]["taskDefinitionArn"]
    revision = {"revisionType": "AppSpecContent", "appSpecContent": {"content": json.dumps(SPEC)}}
    return deploys.create_deployment(applicationName="shop", deploymentGroupName="production", revision=revision)["deploymentId"]


def wait(deployment):
    """Tells whether the SDK's own waiter took the deployment for successful."""
    try:
        deploys.get_waiter("deployment_successful").wait(deploymentId=deployment, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    except botocore.exceptions.WaiterError as e:
        return "terminal failure" not in str(e)
    return True


def events(deployment):
    target = deploys.list_deployment_targets(deploymentId=deployment)["targetIds"][0]
    told = deploys.batch_get_deployment_targets(deploymentId=deployment, targetIds=[target])["deploymentTargets"][0]["ecsTarget"]
    return {e["lifecycleEventName"]: e["status"] for e in told["lifecycleEvents"]}


def weights():
    """What each listener gives to each target group, in the listeners' order."""
    names = {g["TargetGroupArn"]: g["TargetGroupName"] for g in balancers.describe_target_groups()["TargetGroups"]}
    balancer = balancers.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    listeners = balancers.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
    return [{names[g["TargetGroupArn"]]: g["Weight"] for g in l["DefaultActions"][0]["ForwardConfig"]["TargetGroups"]} for l in listeners]


good = create("good")
seen = {"good": wait(good), "goodEvents": events(good), "weights": weights()}
service = ecs.describe_services(services=["service"])["services"][0]
seen["taskSets"] = [s["externalId"] == good for s in service["taskSets"]]
bad = create("bad")
seen |= {"bad": wait(bad), "badEvents": events(bad), "error": deploys.get_deployment(deploymentId=bad)["deploymentInfo"]["errorInformation"]["code"]}
try:
    deploys.get_deployment(deploymentId="d-AAAAAAAAA")
except deploys.exceptions.DeploymentDoesNotExistException as e:
    seen["unknown"] = e.response["Error"]["Code"]
answer = functions.invoke(FunctionName="echo", Payload=b'{"ok":true}')
seen["invoked"] = json.load(answer["Payload"])
seen["failed"] = functions.invoke(FunctionName="echo", Payload=b'{"fail":true}')["FunctionError"]
print(json.dumps(seen))
