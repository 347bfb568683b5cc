"""Alarms, metrics, targets and a function for the kinds that ask AWS, at the endpoint in AWS_ENDPOINT_URL: `account.py build` makes
them, `account.py alarm NAME STATE` sets an alarm's state."""

import datetime
import io
import json
import sys
import urllib.request
import zipfile

import boto3

REGION = "eu-west-1"
ACCOUNT = "123456789012"

cloudwatch = boto3.client("cloudwatch", region_name=REGION)
elb = boto3.client("elbv2", region_name=REGION)
ec2 = boto3.client("ec2", region_name=REGION)
functions = boto3.client("lambda", region_name=REGION)
iam = boto3.client("iam", region_name=REGION)


def alarm(name, state):
    cloudwatch.put_metric_alarm(
        AlarmName=name, MetricName="Errors", Namespace="Shop", Period=60, EvaluationPeriods=1, Threshold=1,
        ComparisonOperator="GreaterThanThreshold", Statistic="Sum", Tags=[{"Key": "service", "Value": name.split("-")[0]}],
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="set by hand")


def alarms():
    for name in ["shop-5xx", "shop-latency"]:
        alarm(name, "OK")
    alarm("cart-5xx", "ALARM")
    alarm("cart-latency", "INSUFFICIENT_DATA")


def metrics():
    """Ten minutes of requests; of errors there is data in every second minute alone."""
    now = datetime.datetime.now(datetime.timezone.utc).replace(second=30, microsecond=0)
    for ago in range(1, 11):
        at = now - datetime.timedelta(minutes=ago)
        data = [{"MetricName": "Requests", "Dimensions": dimensions("shop-2"), "Timestamp": at, "Value": 120},
                {"MetricName": "Latency", "Dimensions": dimensions("shop-2"), "Timestamp": at, "Value": 0.2},
                {"MetricName": "Latency", "Dimensions": dimensions("shop-1"), "Timestamp": at, "Value": 0.1}]
        if ago % 2:
            data.append({"MetricName": "Errors", "Dimensions": dimensions("shop-2"), "Timestamp": at, "Value": 1})
        cloudwatch.put_metric_data(Namespace="Shop", MetricData=data)


def dimensions(group):
    return [{"Name": "Version", "Value": group}]


def targets():
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    for name, addresses in {"shop-2": ["10.0.0.1", "10.0.0.2"], "empty": []}.items():
        group = elb.create_target_group(Name=name, Protocol="HTTP", Port=8080, VpcId=vpc, TargetType="ip")["TargetGroups"][0]
        if addresses:
            elb.register_targets(TargetGroupArn=group["TargetGroupArn"], Targets=[{"Id": a, "Port": 8080} for a in addresses])


def function():
    """Moto answers with what it was sent, without Docker."""
    request = urllib.request.Request(
        cloudwatch.meta.endpoint_url + "/moto-api/config", data=json.dumps({"lambda": {"use_docker": False}}).encode(),
        headers={"Content-Type": "application/json"}, method="POST",
    )
    urllib.request.urlopen(request).close()
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName="echo", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as z:
        z.writestr("echo.py", "def handler(event, context):\n    return event\n")
    functions.create_function(FunctionName="echo", Runtime="python3.13", Role=role, Handler="echo.handler", Code={"ZipFile": code.getvalue()}, Publish=True)
    functions.create_alias(FunctionName="echo", Name="live", FunctionVersion="1")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["build"]:
            alarms()
            metrics()
            targets()
            function()
        case ["alarm", name, state]:
            cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="set by hand")
        case _:
            sys.exit(__doc__)
