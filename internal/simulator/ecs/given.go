package ecs

import (
	"cmp"
	"encoding/json"
)

// wireServiceGiven is what is kept of a service to be shown again. Where its tasks run and what their network is like is
// this machine's business.
type wireServiceGiven struct {
	LaunchType        string          `json:"launchType,omitempty"`
	CapacityProviders json.RawMessage `json:"capacityProviderStrategy,omitempty"`
	PlatformVersion   string          `json:"platformVersion,omitempty"`
	Network           json.RawMessage `json:"networkConfiguration,omitempty"`
	Registries        json.RawMessage `json:"serviceRegistries,omitempty"`
	Constraints       json.RawMessage `json:"placementConstraints,omitempty"`
	Placement         json.RawMessage `json:"placementStrategy,omitempty"`
	GracePeriod       *int            `json:"healthCheckGracePeriodSeconds,omitempty"` // seconds
	RoleARN           string          `json:"roleArn,omitempty"`
	PropagateTags     string          `json:"propagateTags,omitempty"`
	ManagedTags       *bool           `json:"enableECSManagedTags,omitempty"`
	ExecuteCommand    *bool           `json:"enableExecuteCommand,omitempty"`
	ZoneRebalancing   string          `json:"availabilityZoneRebalancing,omitempty"`
}

// latestPlatform is the platform version of services that ask for none.
const latestPlatform = "LATEST"

// merge takes over what an update gives.
func (g *wireServiceGiven) merge(u wireServiceGiven) {
	for _, raw := range []struct{ to, from *json.RawMessage }{
		{&g.CapacityProviders, &u.CapacityProviders},
		{&g.Network, &u.Network},
		{&g.Registries, &u.Registries},
		{&g.Constraints, &u.Constraints},
		{&g.Placement, &u.Placement},
	} {
		if *raw.from != nil {
			*raw.to = *raw.from
		}
	}
	g.PlatformVersion = cmp.Or(u.PlatformVersion, g.PlatformVersion)
	g.PropagateTags = cmp.Or(u.PropagateTags, g.PropagateTags)
	g.ZoneRebalancing = cmp.Or(u.ZoneRebalancing, g.ZoneRebalancing)
	g.GracePeriod = cmp.Or(u.GracePeriod, g.GracePeriod)
	g.ManagedTags = cmp.Or(u.ManagedTags, g.ManagedTags)
	g.ExecuteCommand = cmp.Or(u.ExecuteCommand, g.ExecuteCommand)
}

// shown fills in what ECS shows where nothing was given:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html#API_CreateService_RequestParameters.
func (g wireServiceGiven) shown() wireServiceGiven {
	none := json.RawMessage("[]")
	for _, list := range []*json.RawMessage{&g.Registries, &g.Constraints, &g.Placement} {
		if *list == nil {
			*list = none
		}
	}
	if g.CapacityProviders == nil {
		g.LaunchType = cmp.Or(g.LaunchType, launchType)
	}
	g.PlatformVersion = cmp.Or(g.PlatformVersion, latestPlatform)
	g.PropagateTags = cmp.Or(g.PropagateTags, "NONE")
	g.GracePeriod = cmp.Or(g.GracePeriod, new(int))
	g.ManagedTags = cmp.Or(g.ManagedTags, new(bool))
	g.ExecuteCommand = cmp.Or(g.ExecuteCommand, new(bool))
	return g
}
