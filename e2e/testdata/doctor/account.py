"""An account for greenlight doctor, at the endpoint in AWS_ENDPOINT_URL: `account.py build` makes one in which all is well and
prints what it is called; `account.py wrong NAME` wires one thing wrongly, and `account.py right NAME` puts it right."""

import io
import json
import sys
import zipfile

import boto3

REGION = "eu-west-1"
ACCOUNT = "123456789012"
FUNCTION = "CodeDeployHook_check"
SERVICE_ROLE = f"arn:aws:iam::{ACCOUNT}:role/codedeploy-service"
FUNCTION_ROLE = f"arn:aws:iam::{ACCOUNT}:role/greenlight-hook"

ec2 = boto3.client("ec2", region_name=REGION)
iam = boto3.client("iam", region_name=REGION)
elb = boto3.client("elbv2", region_name=REGION)
functions = boto3.client("lambda", region_name=REGION)
alarms = boto3.client("cloudwatch", region_name=REGION)
ecs = boto3.client("ecs", region_name=REGION)
deploys = boto3.client("codedeploy", region_name=REGION)


def role(name, service):
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]}
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))


def may(actions):
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    iam.put_role_policy(RoleName="greenlight-hook", PolicyName="all", PolicyDocument=json.dumps(policy))


READS = ["codedeploy:Get*", "codedeploy:List*", "codedeploy:BatchGet*", "ecs:Describe*", "elasticloadbalancing:Describe*", "lambda:InvokeFunction", "logs:*"]
REPORT = ["codedeploy:PutLifecycleEventHookExecutionStatus"]


def group(name):
    found = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": [name]}])["SecurityGroups"]
    return found[0]["GroupId"]


def let_in():
    return {
        "GroupId": group("balancer"),
        "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 9000, "ToPort": 9000, "UserIdGroupPairs": [{"GroupId": group("function")}]}],
    }


def table():
    found = ec2.describe_route_tables(Filters=[{"Name": "tag:Name", "Values": ["private"]}])["RouteTables"]
    return found[0]["RouteTableId"]


def default_route():
    nat = ec2.describe_nat_gateways()["NatGateways"][0]["NatGatewayId"]
    ec2.create_route(RouteTableId=table(), DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)


def listener(port):
    balancer = elb.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    return next(l["ListenerArn"] for l in elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"] if l["Port"] == port)


def target_group(name):
    return elb.describe_target_groups(Names=[name])["TargetGroups"][0]["TargetGroupArn"]


def production(blue, green):
    elb.modify_listener(ListenerArn=listener(80), DefaultActions=[forward(blue, green)])


def forward(blue, green):
    weights = [{"TargetGroupArn": target_group("blue"), "Weight": blue}, {"TargetGroupArn": target_group("green"), "Weight": green}]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": weights}}


def alarm(state):
    alarms.set_alarm_state(AlarmName="shop-5xx", StateValue=state, StateReason="said so")


def configure(**settings):
    functions.update_function_configuration(FunctionName=FUNCTION, **settings)


def managed(name, attach):
    call = iam.attach_role_policy if attach else iam.detach_role_policy
    call(RoleName="codedeploy-service", PolicyArn=f"arn:aws:iam::aws:policy/{name}")


# By name: how it is made wrong, and how right again.
WIRINGS = {
    "report": (lambda: may(READS), lambda: may(READS + REPORT)),
    "reads": (lambda: may(REPORT), lambda: may(READS + REPORT)),
    "invoke": (lambda: managed("AWSCodeDeployRoleForECSLimited", False), lambda: managed("AWSCodeDeployRoleForECSLimited", True)),
    "timeout": (lambda: configure(Timeout=3), lambda: configure(Timeout=300)),
    "memory": (lambda: configure(MemorySize=128), lambda: configure(MemorySize=512)),
    "alarm": (lambda: alarm("ALARM"), lambda: alarm("OK")),
    "route": (lambda: ec2.delete_route(RouteTableId=table(), DestinationCidrBlock="0.0.0.0/0"), default_route),
    "ingress": (
        lambda: ec2.revoke_security_group_ingress(**let_in()),
        lambda: ec2.authorize_security_group_ingress(**let_in()),
    ),
    "concurrency": (
        lambda: functions.put_function_concurrency(FunctionName=FUNCTION, ReservedConcurrentExecutions=0),
        lambda: functions.delete_function_concurrency(FunctionName=FUNCTION),
    ),
    "retries": (
        lambda: functions.put_function_event_invoke_config(FunctionName=FUNCTION, MaximumRetryAttempts=0),
        lambda: functions.delete_function_event_invoke_config(FunctionName=FUNCTION),
    ),
    "split": (lambda: production(90, 10), lambda: production(100, 0)),
}


def build():
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    zones = ["eu-west-1a", "eu-west-1b"]
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{i}.0/24", AvailabilityZone=z)["Subnet"]["SubnetId"] for i, z in enumerate(zones)]
    private = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_tags(Resources=[private], Tags=[{"Key": "Name", "Value": "private"}])
    for subnet in subnets:
        ec2.associate_route_table(RouteTableId=private, SubnetId=subnet)
    ec2.create_nat_gateway(SubnetId=subnets[0], AllocationId=ec2.allocate_address(Domain="vpc")["AllocationId"])
    default_route()
    for name in ["function", "balancer"]:
        ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)
    ec2.authorize_security_group_ingress(**let_in())

    role("codedeploy-service", "codedeploy.amazonaws.com")
    managed("AWSCodeDeployRoleForECSLimited", True)
    role("greenlight-hook", "lambda.amazonaws.com")
    may(READS + REPORT)

    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("bootstrap", "")
    functions.create_function(
        FunctionName=FUNCTION, Runtime="provided.al2023", Handler="bootstrap", Architectures=["arm64"], Role=FUNCTION_ROLE, MemorySize=512, Timeout=300,
        Code={"ZipFile": zipped.getvalue()}, VpcConfig={"SubnetIds": subnets, "SecurityGroupIds": [group("function")]},
    )

    alarms.put_metric_alarm(
        AlarmName="shop-5xx", Namespace="AWS/ApplicationELB", MetricName="HTTPCode_Target_5XX_Count", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="GreaterThanThreshold",
    )
    alarm("OK")

    balancer = elb.create_load_balancer(Name="shop", Subnets=subnets, SecurityGroups=[group("balancer")], Scheme="internal", Type="application")["LoadBalancers"][0]["LoadBalancerArn"]
    for name in ["blue", "green"]:
        elb.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip")
    elb.register_targets(TargetGroupArn=target_group("blue"), Targets=[{"Id": "10.0.0.10", "Port": 80}])
    for port in [80, 9000]:
        elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=port, DefaultActions=[forward(100, 0)])

    ecs.create_cluster(clusterName="main")
    ecs.register_task_definition(family="shop", containerDefinitions=[{"name": "shop", "image": "shop:1", "memory": 64}])
    ecs.create_service(cluster="main", serviceName="shop", desiredCount=1, deploymentController={"type": "CODE_DEPLOY"})

    deploys.create_application(applicationName="shop", computePlatform="ECS")
    deploys.create_deployment_group(
        applicationName="shop", deploymentGroupName="production", serviceRoleArn=SERVICE_ROLE, ecsServices=[{"clusterName": "main", "serviceName": "shop"}],
        autoRollbackConfiguration={"enabled": True, "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]},
        loadBalancerInfo={"targetGroupPairInfoList": [{
            "targetGroups": [{"name": "blue"}, {"name": "green"}],
            "prodTrafficRoute": {"listenerArns": [listener(80)]}, "testTrafficRoute": {"listenerArns": [listener(9000)]},
        }]},
    )


if sys.argv[1] == "build":
    build()
else:
    wrong, right = WIRINGS[sys.argv[2]]
    (wrong if sys.argv[1] == "wrong" else right)()
