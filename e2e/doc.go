// Package e2e proves the packaged function on real parts: the zip's bootstrap under AWS's own Lambda Runtime Interface
// Emulator, nginx as green, curl as the one who sends the event, and an endpoint in CodeDeploy's place.
//
// It proves the simulator on clients that nobody here wrote: the AWS CLI, a hook in Python with boto3, a hook in Node
// under AWS's own runtime interface client, and Chromium for its page.
//
// Its tests are built with the tag e2e, after `make package`. AWS_LAMBDA_RIE names the emulator's binary, NGINX that of
// nginx, AWS_CLI that of the CLI, HOOK_PYTHON a Python with boto3, E2E_NODE_MODULES a folder with aws-lambda-ric,
// @aws-sdk/client-codedeploy and playwright-core, CHROMIUM the browser; CONTRIBUTING.md says where to get them.
package e2e
