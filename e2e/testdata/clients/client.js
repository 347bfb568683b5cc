// Deploys a good version and a bad one with the AWS SDK for JavaScript, and prints what it saw as JSON; client.py does the same.
const deploys = require("@aws-sdk/client-codedeploy");
const ecs = require("@aws-sdk/client-ecs");
const balancers = require("@aws-sdk/client-elastic-load-balancing-v2");
const functions = require("@aws-sdk/client-lambda");

const codedeploy = new deploys.CodeDeployClient({});
const services = new ecs.ECSClient({});
const elb = new balancers.ElasticLoadBalancingV2Client({});
const lambda = new functions.LambdaClient({});

async function create(family) {
  const made = await services.send(new ecs.RegisterTaskDefinitionCommand({ family, containerDefinitions: [{ name: "app", image: `shop:${family}` }] }));
  const spec = {
    version: 0.0,
    Resources: [
      {
        TargetService: {
          Type: "AWS::ECS::Service",
          Properties: { TaskDefinition: made.taskDefinition.taskDefinitionArn, LoadBalancerInfo: { ContainerName: "app", ContainerPort: 80 } },
        },
      },
    ],
    Hooks: [{ AfterAllowTestTraffic: "CodeDeployHook_check" }],
  };
  const revision = { revisionType: "AppSpecContent", appSpecContent: { content: JSON.stringify(spec) } };
  const created = await codedeploy.send(new deploys.CreateDeploymentCommand({ applicationName: "shop", deploymentGroupName: "production", revision }));
  return created.deploymentId;
}

// Tells whether the SDK's own waiter took the deployment for successful.
async function wait(deploymentId) {
  try {
    await deploys.waitUntilDeploymentSuccessful({ client: codedeploy, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { deploymentId });
  } catch (error) {
    if (!String(error).includes("FAILURE")) throw error;
    return false;
  }
  return true;
}

async function events(deploymentId) {
  const { targetIds } = await codedeploy.send(new deploys.ListDeploymentTargetsCommand({ deploymentId }));
  const told = await codedeploy.send(new deploys.BatchGetDeploymentTargetsCommand({ deploymentId, targetIds: targetIds.slice(0, 1) }));
  return Object.fromEntries(told.deploymentTargets[0].ecsTarget.lifecycleEvents.map((e) => [e.lifecycleEventName, e.status]));
}

// What each listener gives to each target group, in the listeners' order.
async function weights() {
  const groups = await elb.send(new balancers.DescribeTargetGroupsCommand({}));
  const names = Object.fromEntries(groups.TargetGroups.map((g) => [g.TargetGroupArn, g.TargetGroupName]));
  const { LoadBalancers } = await elb.send(new balancers.DescribeLoadBalancersCommand({}));
  const { Listeners } = await elb.send(new balancers.DescribeListenersCommand({ LoadBalancerArn: LoadBalancers[0].LoadBalancerArn }));
  return Listeners.map((l) => Object.fromEntries(l.DefaultActions[0].ForwardConfig.TargetGroups.map((g) => [names[g.TargetGroupArn], g.Weight])));
}

async function invoke(event) {
  const answer = await lambda.send(new functions.InvokeCommand({ FunctionName: "echo", Payload: JSON.stringify(event) }));
  return { error: answer.FunctionError, payload: JSON.parse(Buffer.from(answer.Payload).toString()) };
}

(async () => {
  const good = await create("good");
  const seen = { good: await wait(good), goodEvents: await events(good), weights: await weights() };
  const { services: described } = await services.send(new ecs.DescribeServicesCommand({ services: ["service"] }));
  seen.taskSets = described[0].taskSets.map((s) => s.externalId === good);
  const bad = await create("bad");
  seen.bad = await wait(bad);
  seen.badEvents = await events(bad);
  seen.error = (await codedeploy.send(new deploys.GetDeploymentCommand({ deploymentId: bad }))).deploymentInfo.errorInformation.code;
  try {
    await codedeploy.send(new deploys.GetDeploymentCommand({ deploymentId: "d-AAAAAAAAA" }));
  } catch (error) {
    if (!(error instanceof deploys.DeploymentDoesNotExistException)) throw error;
    seen.unknown = error.name;
  }
  seen.invoked = (await invoke({ ok: true })).payload;
  seen.failed = (await invoke({ fail: true })).error;
  console.log(JSON.stringify(seen));
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
