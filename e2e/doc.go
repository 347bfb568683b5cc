// Package e2e proves the packaged function on real parts: the zip's bootstrap under AWS's own Lambda Runtime Interface
// Emulator, nginx as green, curl as the one who sends the event, and an endpoint in CodeDeploy's place.
//
// Its tests are built with the tag e2e, after `make package`. AWS_LAMBDA_RIE names the emulator's binary, NGINX that of
// nginx; CONTRIBUTING.md says where to get them.
package e2e
