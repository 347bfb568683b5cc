package deployment

import (
	"context"
	"strings"
)

// The shapes of ECS's API, as far as they are read.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Types.html

type ecsService struct {
	TaskSets []ecsTaskSet `json:"taskSets"`
}

type ecsTaskSet struct {
	ExternalID     string            `json:"externalId"`
	Status         string            `json:"status"`
	TaskDefinition string            `json:"taskDefinition"`
	LoadBalancers  []ecsLoadBalancer `json:"loadBalancers"`
}

type ecsLoadBalancer struct {
	TargetGroupARN string       `json:"targetGroupArn"`
	ContainerName  string       `json:"containerName"`
	Advanced       *ecsAdvanced `json:"advancedConfiguration"`
	ProductionRule string       `json:"productionListenerRule"`
}

type ecsAdvanced struct {
	AlternateARN   string `json:"alternateTargetGroupArn"`
	ProductionRule string `json:"productionListenerRule"`
	TestRule       string `json:"testListenerRule"`
}

type ecsRevision struct {
	ARN             string            `json:"serviceRevisionArn"`
	ServiceARN      string            `json:"serviceArn"`
	ClusterARN      string            `json:"clusterArn"`
	TaskDefinition  string            `json:"taskDefinition"`
	LoadBalancers   []ecsLoadBalancer `json:"loadBalancers"`
	ContainerImages []struct {
		Container string `json:"containerName"`
		Image     string `json:"image"`
	} `json:"containerImages"`
	Resolved *struct {
		LoadBalancers []ecsLoadBalancer `json:"loadBalancers"`
	} `json:"resolvedConfiguration"`
	ServiceConnect *ecsServiceConnect `json:"serviceConnectConfiguration"`
}

type ecsServiceConnect struct {
	Enabled  bool `json:"enabled"`
	Services []struct {
		Aliases []struct {
			DNSName string `json:"dnsName"`
			Port    int    `json:"port"`
			Rules   *struct {
				Header *struct {
					Name  string `json:"name"`
					Value *struct {
						Exact string `json:"exact"`
					} `json:"value"`
				} `json:"header"`
			} `json:"testTrafficRules"`
		} `json:"clientAliases"`
	} `json:"services"`
}

type ecsSummary struct {
	ARN string `json:"arn"`
}

type ecsDeployment struct {
	ARN     string       `json:"serviceDeploymentArn"`
	Status  string       `json:"status"`
	Stage   string       `json:"lifecycleStage"`
	Sources []ecsSummary `json:"sourceServiceRevisions"`
	Target  *ecsSummary  `json:"targetServiceRevision"`
	Hooks   []struct {
		ID     string `json:"hookId"`
		Status string `json:"status"`
	} `json:"lifecycleHookDetails"`
	Configuration *struct {
		Strategy string `json:"strategy"`
	} `json:"deploymentConfiguration"`
}

type ecsFailure struct {
	Reason string `json:"reason"`
}

// missingError is what ECS says in place of what was asked for.
type missingError struct{ what, reason string }

func (e *missingError) Error() string {
	if e.reason == "" {
		return "ECS's answer has no " + e.what
	}
	return "ECS has no " + e.what + ": " + e.reason
}

func missing(what string, failures []ecsFailure) error {
	if len(failures) == 0 {
		return &missingError{what: what}
	}
	return &missingError{what, failures[0].Reason}
}

func (d *byCodeDeploy) readService(ctx context.Context) (ecsService, *ReadError) {
	if d.deployment.Service == "" {
		return ecsService{}, nil
	}
	failed := func(err error) (ecsService, *ReadError) {
		return ecsService{}, &ReadError{Reading: "the task sets of service " + d.deployment.Cluster + "/" + d.deployment.Service, Action: actionServices, Err: err}
	}
	var out struct {
		Services []ecsService `json:"services"`
		Failures []ecsFailure `json:"failures"`
	}
	in := struct {
		Cluster  string   `json:"cluster"`
		Services []string `json:"services"`
	}{d.deployment.Cluster, []string{d.deployment.Service}}
	if err := d.c.ecs(ctx, "DescribeServices", in, &out); err != nil {
		return failed(err)
	}
	if len(out.Services) == 0 {
		return failed(missing("service", out.Failures))
	}
	return out.Services[0], nil
}

// readImages are the images of a task definition by container. They are remembered where it is named with its
// revision, since that never changes.
func (c *Clients) readImages(ctx context.Context, taskDefinition string) (map[string]string, *ReadError) {
	if taskDefinition == "" {
		return nil, nil
	}
	if images, ok := c.images.get(taskDefinition); ok {
		return images, nil
	}
	var out struct {
		TaskDefinition *struct {
			Containers []struct {
				Name  string `json:"name"`
				Image string `json:"image"`
			} `json:"containerDefinitions"`
		} `json:"taskDefinition"`
	}
	in := struct {
		TaskDefinition string `json:"taskDefinition"`
	}{taskDefinition}
	if err := c.ecs(ctx, "DescribeTaskDefinition", in, &out); err != nil {
		return nil, &ReadError{Reading: "task definition " + taskDefinition, Action: actionTaskDefinition, Err: err}
	}
	images := map[string]string{}
	if out.TaskDefinition != nil {
		for _, c := range out.TaskDefinition.Containers {
			if c.Name != "" && c.Image != "" {
				images[c.Name] = c.Image
			}
		}
	}
	if _, revision, ok := strings.Cut(taskDefinition[strings.LastIndexByte(taskDefinition, '/')+1:], ":"); ok && revision != "" && len(images) > 0 {
		c.images.put(taskDefinition, images)
	}
	return images, nil
}
