package ecs

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// task is one of a service's tasks. Whether it runs is its service's to know; what ECS tells of a task
// beside that is made up of whose it is.
type task struct {
	arn            string
	service        *service
	startedBy      string
	taskDefinition string
	created        time.Time
}

// tasks lists the running tasks of a cluster's services; the caller holds the lock.
func (s *Scheduler) tasks(cluster string) []task {
	var all []task
	for _, svc := range s.services {
		if svc.Cluster != cluster {
			continue
		}
		add := func(owner, definition string, created time.Time, running int) {
			for i := range running {
				id := sha256.Sum256(fmt.Appendf(nil, "%s#%d", owner, i))
				all = append(all, task{s.arn("task", cluster, fmt.Sprintf("%x", id[:16])), svc, owner, definition, created})
			}
		}
		for _, set := range svc.taskSets {
			add(set.ID, s.definitionARN(set.TaskDefinition), set.Created, set.Running)
		}
		for _, r := range svc.revisions() {
			add("ecs-svc/"+shortName(r.ARN), s.definitionARN(r.TaskDefinition), r.Created, r.Running)
		}
	}
	return all
}

// revisions are those that may have tasks.
func (svc *service) revisions() []*revision {
	var all []*revision
	add := func(r *revision) {
		if r != nil && !slices.Contains(all, r) {
			all = append(all, r)
		}
	}
	if svc.active != nil {
		add(svc.active.target)
	}
	add(svc.production)
	for _, r := range svc.leftover {
		add(r)
	}
	return all
}

type listTasksInput struct {
	Cluster   string `json:"cluster"`
	Service   string `json:"serviceName"`
	Family    string `json:"family"`
	StartedBy string `json:"startedBy"`
	Status    string `json:"desiredStatus"`
	pageInput
}

type listTasksOutput struct {
	ARNs []string `json:"taskArns"`
	pageOutput
}

// listTasks lists running tasks. What has stopped is forgotten.
func (s *Scheduler) listTasks(in listTasksInput) (listTasksOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out listTasksOutput
	cluster, err := s.findCluster(in.Cluster)
	if err != nil {
		return out, err
	}
	var only *service
	if in.Service != "" {
		if only, err = s.findService(cluster, in.Service); err != nil {
			return out, err
		}
	}
	var arns []string
	for _, t := range s.tasks(cluster) {
		family, _, _ := strings.Cut(shortName(t.taskDefinition), ":")
		if (only == nil || t.service == only) && (in.Family == "" || in.Family == family) &&
			(in.StartedBy == "" || in.StartedBy == t.startedBy) && (in.Status == "" || in.Status == "RUNNING") {
			arns = append(arns, t.arn)
		}
	}
	out.ARNs, out.NextToken, err = in.page(arns)
	return out, err
}

type describeTasksInput struct {
	Cluster string   `json:"cluster"`
	Tasks   []string `json:"tasks"`
}

type describeTasksOutput struct {
	Tasks    []wireTask    `json:"tasks"`
	Failures []wireFailure `json:"failures"`
}

type wireTask struct {
	ARN            string          `json:"taskArn"`
	ClusterARN     string          `json:"clusterArn"`
	TaskDefinition string          `json:"taskDefinitionArn"`
	Group          string          `json:"group"`
	StartedBy      string          `json:"startedBy"`
	LastStatus     string          `json:"lastStatus"`
	DesiredStatus  string          `json:"desiredStatus"`
	HealthStatus   string          `json:"healthStatus"`
	LaunchType     string          `json:"launchType"`
	CreatedAt      float64         `json:"createdAt"`
	StartedAt      float64         `json:"startedAt"`
	Version        int64           `json:"version"`
	Containers     []wireContainer `json:"containers"`
}

type wireContainer struct {
	TaskARN      string `json:"taskArn"`
	Name         string `json:"name"`
	Image        string `json:"image,omitempty"`
	LastStatus   string `json:"lastStatus"`
	HealthStatus string `json:"healthStatus"`
}

func (s *Scheduler) describeTasks(in describeTasksInput) (describeTasksOutput, error) {
	out := describeTasksOutput{Tasks: []wireTask{}, Failures: []wireFailure{}}
	if len(in.Tasks) == 0 || len(in.Tasks) > 100 {
		return out, refuse(InvalidParameter, "1 to 100 tasks must be named, not %d.", len(in.Tasks))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	cluster, err := s.findCluster(in.Cluster)
	if err != nil {
		return out, err
	}
	all := s.tasks(cluster)
	for _, name := range in.Tasks {
		i := slices.IndexFunc(all, func(t task) bool { return shortName(t.arn) == shortName(name) })
		if i < 0 {
			out.Failures = append(out.Failures, missing(name))
			continue
		}
		out.Tasks = append(out.Tasks, s.wireTaskOf(all[i]))
	}
	return out, nil
}

// wireTaskOf describes a task; the caller holds the lock.
func (s *Scheduler) wireTaskOf(t task) wireTask {
	const running, unknown = "RUNNING", "UNKNOWN" // no health checks of containers are simulated
	w := wireTask{
		ARN: t.arn, ClusterARN: t.service.clusterARN, TaskDefinition: t.taskDefinition, Group: "service:" + t.service.Name,
		StartedBy: t.startedBy, LastStatus: running, DesiredStatus: running, HealthStatus: unknown, LaunchType: launchType,
		CreatedAt: seconds(t.created), StartedAt: seconds(t.created), Version: 1, Containers: []wireContainer{},
	}
	var containers []struct{ Name, Image string }
	if definition, err := s.lookUpTaskDefinition(t.taskDefinition); err == nil {
		_ = json.Unmarshal(definition.fields["containerDefinitions"], &containers) // read when it was registered
	}
	for _, c := range containers {
		w.Containers = append(w.Containers, wireContainer{t.arn, c.Name, c.Image, running, unknown})
	}
	return w
}
