// Package deployment says what is being deployed: from the ids of an execution it finds the stage, the application, and
// where green and blue answer, by asking CodeDeploy, Amazon ECS and Elastic Load Balancing; and it proves that green is
// green.
//
// [Describe] reads all that once, side by side, in at most four round trips one after the other. Whatever AWS may leave
// out is treated as left out: what it is missing for is said where it is asked for. [Deployment.Prove] reads again what can
// change while a hook runs: listeners, rules and the targets' health.
package deployment

import (
	"net/http"

	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
)

// Platform is what is deployed, and by whom.
type Platform string

// The platforms.
const (
	Unknown          Platform = ""
	CodeDeployECS    Platform = "ECS by CodeDeploy"
	CodeDeployLambda Platform = "Lambda by CodeDeploy"
	ECS              Platform = "ECS"
	Servers          Platform = "servers by CodeDeploy"
)

// Deployment is what an execution knows of the deployment that called it.
type Deployment struct {
	// ID is CodeDeploy's id of the deployment, or the ARN of ECS's service deployment; empty on the command line.
	ID       string
	Platform Platform
	// Stage is the zero Stage where it isn't known.
	Stage lifecycle.Stage
	// StageFrom says in a few words how the stage was found.
	StageFrom string
	// StageReads is how often CodeDeploy was asked for its events: 1 where the first answer showed the one in progress.
	StageReads int
	// Application and Group are CodeDeploy's names, Cluster and Service those of ECS; each empty where it isn't known.
	Application, Group, Cluster, Service string
	// LoadBalancerARN is that of the load balancer through which production is reached; empty where it isn't known.
	LoadBalancerARN string
	// Description is what the deployment's creator wrote into CodeDeploy's.
	Description string
	// Creator is who created the deployment, as CodeDeploy spells it.
	Creator string
	// Rollback says that the deployment goes back to what was there before.
	Rollback bool
	// First says that the deployment creates the service, so that there is no blue. CodeDeploy has none of these: its
	// deployment groups take only services that run.
	First bool
	// Closed says why no checks are due: the event or the deployment is over. It is empty while it isn't.
	Closed string
	// Green is what is to replace Blue.
	Green, Blue Side
	// Found tells in one line, for the log and the report, what was found.
	Found string
	// Notes are what a reader of Found should know besides; they stand in it too.
	Notes []string

	proof *proof
	// noSource says that First is the deployment's own word: it comes from no revision. That a list has no other isn't as sure.
	noSource bool
}

// Side is one version of the service.
type Side struct {
	// URL is where it answers, with scheme and host and perhaps a path in front of all others; empty where that isn't
	// known, or at a stage at which nothing leads there.
	URL string
	// Headers are what requests must carry to reach the side at URL, by the listener's rule; nil where they need nothing.
	Headers http.Header
	// Host is what requests must name in their Host header, and in TLS, to reach it; empty for URL's own.
	Host string
	// PathPrefix is what all paths must begin with to reach it, such as "/v2"; empty where any will do.
	PathPrefix string
	// TargetGroupARN and TargetGroup are its target group, the latter the name alone.
	TargetGroupARN, TargetGroup string
	TaskDefinition              string
	// Image is that of the container behind the load balancer; Images are those of all, by container.
	Image  string
	Images map[string]string
	// Version is that of a Lambda function, FunctionARN the function's with that version as its qualifier.
	Version, FunctionARN string
	// Revision is the ARN of ECS's service revision.
	Revision string

	// absent says why something isn't known, by the last part of its name in Names; the remedy is part of it.
	absent map[string]string
}

func (s *Side) lacks(name, why string) {
	if s.absent == nil {
		s.absent = map[string]string{}
	}
	if s.absent[name] == "" {
		s.absent[name] = why
	}
}
