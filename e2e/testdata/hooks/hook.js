// A CodeDeploy hook as people write them for Node, served by AWS's own runtime interface client.
const { CodeDeployClient, PutLifecycleEventHookExecutionStatusCommand } = require("@aws-sdk/client-codedeploy");

exports.handler = async (event) => {
  const answer = await fetch(process.env.TEST_URL + "/health");
  const { version } = await answer.json();
  const status = version === "good" ? "Succeeded" : "Failed";
  await new CodeDeployClient({}).send(
    new PutLifecycleEventHookExecutionStatusCommand({
      deploymentId: event.DeploymentId,
      lifecycleEventHookExecutionId: event.LifecycleEventHookExecutionId,
      status,
    }),
  );
  console.log(`told ${status}`);
};
