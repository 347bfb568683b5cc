package verify

// Contract is one of the ways in which AWS asks a hook.
type Contract string

// The contracts, each with the example in templates/sam that is deployed under it.
const (
	CodeDeployECS    Contract = "codedeploy-ecs"
	CodeDeployLambda Contract = "codedeploy-lambda"
	ECS              Contract = "ecs"
	ECSPause         Contract = "ecs-pause"
)

// Contracts are all of them.
func Contracts() []Contract { return []Contract{CodeDeployLambda, CodeDeployECS, ECS, ECSPause} }

// Title names it for people.
func (c Contract) Title() string {
	switch c {
	case CodeDeployECS:
		return "an ECS service by CodeDeploy"
	case CodeDeployLambda:
		return "a Lambda function by CodeDeploy"
	case ECS:
		return "an ECS service by Amazon ECS"
	case ECSPause:
		return "an ECS service by Amazon ECS, whose pauses the gate answers"
	}
	return string(c)
}

// example is the name of the example's template and of the folder beside it.
func (c Contract) example() string {
	switch c {
	case CodeDeployECS:
		return "ecs-codedeploy"
	case CodeDeployLambda:
		return "lambda"
	case ECS, ECSPause:
		return "ecs"
	}
	return ""
}

// byECS says that Amazon ECS deploys.
func (c Contract) byECS() bool { return c == ECS || c == ECSPause }

// needsNetwork says that the example runs in a VPC.
func (c Contract) needsNetwork() bool { return c != CodeDeployLambda }
