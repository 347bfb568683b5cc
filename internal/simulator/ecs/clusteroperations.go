package ecs

import (
	"cmp"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"sync"
)

// defaultCluster is there without anybody's doing.
const defaultCluster = "default"

// clusterNames lists the clusters by name: those that were created and those that services are in; the caller holds
// the lock.
func (s *Scheduler) clusterNames() []string {
	names := slices.Collect(maps.Keys(s.clusters))
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
	if !slices.Contains(s.clusterNames(), name) {
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
	for _, name := range s.clusterNames() {
		arns = append(arns, s.arn("cluster", name))
	}
	var out listClustersOutput
	var err error
	out.ARNs, out.NextToken, err = in.page(arns)
	return out, err
}

type describeClustersInput struct {
	Clusters []string `json:"clusters"`
	Include  []string `json:"include"`
}

type describeClustersOutput struct {
	Clusters []wireCluster `json:"clusters"`
	Failures []wireFailure `json:"failures"`
}

type wireCluster struct {
	ARN        string    `json:"clusterArn"`
	Name       string    `json:"clusterName"`
	Status     string    `json:"status"`
	Instances  int       `json:"registeredContainerInstancesCount"`
	Running    int       `json:"runningTasksCount"`
	Pending    int       `json:"pendingTasksCount"`
	Services   int       `json:"activeServicesCount"`
	Statistics []any     `json:"statistics"`
	Tags       []wireTag `json:"tags"`
	wireClusterGiven
}

// wireClusterGiven is what is kept of a cluster to be shown again. Settings and configuration are shown to those who
// ask for them.
type wireClusterGiven struct {
	Settings          json.RawMessage `json:"settings,omitempty"`
	Configuration     json.RawMessage `json:"configuration,omitempty"`
	ConnectDefaults   json.RawMessage `json:"serviceConnectDefaults,omitempty"`
	CapacityProviders json.RawMessage `json:"capacityProviders,omitempty"`
	DefaultStrategy   json.RawMessage `json:"defaultCapacityProviderStrategy,omitempty"`
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
		out.Clusters = append(out.Clusters, s.wireClusterOf(cluster, in.Include))
	}
	return out, nil
}

// wireClusterOf describes a cluster; the caller holds the lock.
func (s *Scheduler) wireClusterOf(name string, include []string) wireCluster {
	none := json.RawMessage("[]")
	w := wireCluster{
		ARN: s.arn("cluster", name), Name: name, Status: string(ServiceActive), Running: len(s.tasks(name)), Statistics: []any{}, Tags: []wireTag{},
		wireClusterGiven: s.clusters[name],
	}
	for _, svc := range s.services {
		if svc.Cluster == name && svc.status == ServiceActive {
			w.Services++
		}
	}
	if !slices.Contains(include, "SETTINGS") || w.Settings == nil {
		w.Settings = none
	}
	if !slices.Contains(include, "CONFIGURATIONS") {
		w.Configuration = nil
	}
	if slices.Contains(include, includeTags) {
		w.Tags = s.tagsOf(w.ARN)
	}
	if w.CapacityProviders == nil {
		w.CapacityProviders = none
	}
	if w.DefaultStrategy == nil {
		w.DefaultStrategy = none
	}
	return w
}

type clusterOutput struct {
	Cluster wireCluster `json:"cluster"`
}

type createClusterInput struct {
	Name string    `json:"clusterName"`
	Tags []wireTag `json:"tags"`
	wireClusterGiven
}

// clusterName is what clusters may be called:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCluster.html#API_CreateCluster_RequestSyntax.
var clusterName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`) })

// everything is what a cluster that was just made is shown with.
var everything = []string{"SETTINGS", "CONFIGURATIONS", includeTags}

// createCluster finds the cluster that is there already.
func (s *Scheduler) createCluster(in createClusterInput) (clusterOutput, error) {
	in.Name = cmp.Or(in.Name, defaultCluster)
	if !clusterName().MatchString(in.Name) {
		return clusterOutput{}, refuse(InvalidParameter, "The cluster name %q must be up to 255 letters, digits, underscores and hyphens.", in.Name)
	}
	if err := checkTags(in.Tags); err != nil {
		return clusterOutput{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.clusterNames(), in.Name) {
		s.clusters[in.Name] = in.wireClusterGiven
		s.tags[s.arn("cluster", in.Name)] = in.Tags
	}
	return clusterOutput{s.wireClusterOf(in.Name, everything)}, nil
}

type clusterInput struct {
	Cluster string `json:"cluster"`
}

// deleteCluster deletes a cluster whose services are all gone. Those are then forgotten:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCluster.html.
func (s *Scheduler) deleteCluster(in clusterInput) (clusterOutput, error) {
	if in.Cluster == "" {
		return clusterOutput{}, refuse(InvalidParameter, "Cluster name can not be blank.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name, err := s.findCluster(in.Cluster)
	if err != nil {
		return clusterOutput{}, err
	}
	for _, svc := range s.services {
		if svc.Cluster == name && svc.status != ServiceInactive {
			return clusterOutput{}, refuse(ClusterContainsServices, "The Cluster cannot be deleted while Services are active.")
		}
	}
	w := s.wireClusterOf(name, everything)
	w.Status = string(ServiceInactive)
	s.services = slices.DeleteFunc(s.services, func(svc *service) bool {
		if svc.Cluster == name {
			s.forgetService(svc)
		}
		return svc.Cluster == name
	})
	delete(s.clusters, name)
	delete(s.tags, w.ARN)
	return clusterOutput{w}, nil
}

type putCapacityProvidersInput struct {
	clusterInput
	wireClusterGiven
}

// putClusterCapacityProviders keeps what it is given: tasks run on this machine, whatever it is.
func (s *Scheduler) putClusterCapacityProviders(in putCapacityProvidersInput) (clusterOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name, err := s.findCluster(in.Cluster)
	switch {
	case err != nil:
		return clusterOutput{}, err
	case in.CapacityProviders == nil || in.DefaultStrategy == nil:
		return clusterOutput{}, refuse(InvalidParameter, "The request needs capacityProviders and defaultCapacityProviderStrategy.")
	}
	given := s.clusters[name]
	given.CapacityProviders, given.DefaultStrategy = in.CapacityProviders, in.DefaultStrategy
	s.clusters[name] = given
	return clusterOutput{s.wireClusterOf(name, everything)}, nil
}
