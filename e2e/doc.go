// Package e2e proves the packaged function on real parts: the zip's bootstrap under AWS's own Lambda Runtime Interface
// Emulator, nginx as green, curl as the one who sends the event, and an endpoint in CodeDeploy's place.
//
// It proves the simulator on clients that nobody here wrote: the AWS CLI, the AWS SDKs for Python and JavaScript, a hook in
// Python, one in Node under AWS's own runtime interface client, hooks under the emulator, and Chromium for its page. What
// the simulator answers is held against the models of the services that botocore carries. It proves greenlight doctor on an
// account that moto serves and boto3 makes.
//
// It proves the kinds of check on servers of others: dnsmasq, nginx with TLS and in front of gRPC, and npm's ws.
//
// Its tests are built with the tag e2e, after `make package`. AWS_LAMBDA_RIE names the emulator's binary, NGINX that of
// nginx, AWS_CLI that of the CLI, HOOK_PYTHON a Python with boto3, E2E_NODE_MODULES a folder with aws-lambda-ric,
// playwright-core, ws and the SDK's clients of CodeDeploy, ECS, Elastic Load Balancing and Lambda, CHROMIUM the browser,
// MOTO_SERVER moto's server, DNSMASQ the name server, PROMETHEUS the monitoring system; CONTRIBUTING.md says where to get them.
package e2e
