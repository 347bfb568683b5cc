package ecs

import (
	"cmp"
	"slices"
)

// defaultCluster is there without anybody's doing.
const defaultCluster = "default"

// clusters lists the clusters by name: the default one and those that services are in; the caller holds
// the lock.
func (s *Scheduler) clusters() []string {
	names := []string{defaultCluster}
	for _, svc := range s.services {
		names = append(names, svc.Cluster)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// findCluster is the short name of a cluster that is there, given by its name or ARN, or of the default
// one; the caller holds the lock.
func (s *Scheduler) findCluster(name string) (string, error) {
	name = cmp.Or(shortName(name), defaultCluster)
	if !slices.Contains(s.clusters(), name) {
		return "", refuse(ClusterNotFound, "Cluster not found.")
	}
	return name, nil
}

type listClustersOutput struct {
	ARNs []string `json:"clusterArns"`
	pageOutput
}

func (s *Scheduler) listClusters(in pageInput) (listClustersOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var arns []string
	for _, name := range s.clusters() {
		arns = append(arns, s.arn("cluster", name))
	}
	var out listClustersOutput
	var err error
	out.ARNs, out.NextToken, err = in.page(arns)
	return out, err
}

type describeClustersInput struct {
	Clusters []string `json:"clusters"`
}

type describeClustersOutput struct {
	Clusters []wireCluster `json:"clusters"`
	Failures []wireFailure `json:"failures"`
}

type wireCluster struct {
	ARN       string `json:"clusterArn"`
	Name      string `json:"clusterName"`
	Status    string `json:"status"`
	Instances int    `json:"registeredContainerInstancesCount"`
	Running   int    `json:"runningTasksCount"`
	Pending   int    `json:"pendingTasksCount"`
	Services  int    `json:"activeServicesCount"`
}

func (s *Scheduler) describeClusters(in describeClustersInput) (describeClustersOutput, error) {
	out := describeClustersOutput{Clusters: []wireCluster{}, Failures: []wireFailure{}}
	if len(in.Clusters) > 100 {
		return out, refuse(InvalidParameter, "At most 100 clusters may be named, not %d.", len(in.Clusters))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(in.Clusters) == 0 {
		in.Clusters = []string{defaultCluster}
	}
	for _, name := range in.Clusters {
		cluster, err := s.findCluster(name)
		if err != nil {
			out.Failures = append(out.Failures, missing(s.arn("cluster", shortName(name))))
			continue
		}
		w := wireCluster{ARN: s.arn("cluster", cluster), Name: cluster, Status: "ACTIVE", Running: len(s.tasks(cluster))}
		for _, svc := range s.services {
			if svc.Cluster == cluster && svc.status == ServiceActive {
				w.Services++
			}
		}
		out.Clusters = append(out.Clusters, w)
	}
	return out, nil
}

// pageInput is how a request asks for a part of a list.
type pageInput struct {
	NextToken  string `json:"nextToken"`
	MaxResults *int   `json:"maxResults"`
}

type pageOutput struct {
	NextToken string `json:"nextToken,omitempty"`
}

// page cuts a part out of a list of ARNs, never nil: at most 100 of them, as in all lists of ECS. The
// token is the last one that was listed.
func (in pageInput) page(all []string) (part []string, next string, err error) {
	size := 100
	if in.MaxResults != nil {
		size = *in.MaxResults
	}
	if size < 1 || size > 100 {
		return nil, "", refuse(InvalidParameter, "maxResults %d is out of range: 1 to 100.", size)
	}
	first := 0
	if in.NextToken != "" {
		if first = slices.Index(all, in.NextToken) + 1; first == 0 {
			return nil, "", refuse(InvalidParameter, "Invalid token %q.", in.NextToken)
		}
	}
	last := min(first+size, len(all))
	if last < len(all) {
		next = all[last-1]
	}
	return append([]string{}, all[first:last]...), next, nil
}
