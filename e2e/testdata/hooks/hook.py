"""A CodeDeploy hook as people write them in Python: the Runtime API spoken by hand, the status put with boto3."""

import json
import os
import urllib.error
import urllib.request

import boto3

RUNTIME = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"


def version_of_green():
    with urllib.request.urlopen(os.environ["TEST_URL"] + "/health", timeout=5) as answer:
        return json.load(answer)["version"]


def handle(event):
    status = "Succeeded" if version_of_green() == "good" else "Failed"
    boto3.client("codedeploy").put_lifecycle_event_hook_execution_status(
        deploymentId=event["DeploymentId"],
        lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
        status=status,
    )
    print(f"told {status}", flush=True)


while True:
    with urllib.request.urlopen(RUNTIME + "/next") as invocation:
        request_id = invocation.headers["Lambda-Runtime-Aws-Request-Id"]
        event = json.load(invocation)
    handle(event)
    urllib.request.urlopen(urllib.request.Request(f"{RUNTIME}/{request_id}/response", data=b"{}", method="POST")).close()
