// Package cfntest loads CloudFormation templates in tests as CloudFormation would deploy them, and into the simulator: listeners,
// target groups, the deployment group, the service with its lifecycle hooks, the alias, and the functions that they call. What is
// then deployed in the simulator is deployed the way the template has it.
//
// [Load] takes templates in JSON or YAML, with the short forms of functions, as they are written, as the AWS CDK synthesizes them
// and as AWS SAM's transform leaves them. Parameters are held against their constraints and rules; conditions and functions are
// evaluated; what is referred to and isn't there, and circles of dependencies, are errors, as they are in CloudFormation.
//
// [Stack.World] is what the simulator needs to know of it.
package cfntest
