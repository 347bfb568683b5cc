// Package tfstate reads what Terraform has applied in tests, and says it as a CloudFormation template, so that what is rehearsed with
// CloudFormation's templates is with Terraform's as well: the simulator has the listeners, groups and hooks of the state.
//
// A state has each value as it is: what a resource refers to is there by its ARN, its id or its name. [State.Template] turns ARNs of what
// CloudFormation gives ARNs of its own into references. Resource types that it doesn't know are errors; those that the simulator
// has nothing of are left out by name.
//
// https://developer.hashicorp.com/terraform/internals/json-format#state-representation
package tfstate
