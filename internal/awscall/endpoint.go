package awscall

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// A partition is a part of AWS with names of its own.
type partition struct{ regions, suffix, dualStack string }

// partitions are told by how their regions' names begin; the last one has all others.
//
// https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
var partitions = []partition{
	{"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
	{"us-iso-", "c2s.ic.gov", "api.aws.ic.gov"},
	{"us-isob-", "sc2s.sgov.gov", "api.aws.scloud"},
	{"us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
	{"eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
	{"eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
	{"", "amazonaws.com", "api.aws"},
}

// settings are what a configuration says of where a service is.
type settings struct {
	// base is the configuration's own endpoint, without a slash at its end; empty where AWS's is to be asked.
	base            string
	fips, dualStack bool
}

// settingsOf reads a configuration. What it has no field for the SDK looks for in its ConfigSources, by these methods; an
// error there is as if nothing were set, as it is for the SDK.
//
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html
func settingsOf(cfg aws.Config, id string) settings {
	var set settings
	if cfg.BaseEndpoint != nil {
		set.base = *cfg.BaseEndpoint
	}
	ctx := context.Background()
	for _, source := range cfg.ConfigSources {
		if from, ok := source.(interface {
			GetServiceBaseEndpoint(context.Context, string) (string, bool, error)
		}); ok {
			if url, isSet, err := from.GetServiceBaseEndpoint(ctx, id); err == nil && isSet {
				set.base = url
			}
		}
		if from, ok := source.(interface {
			GetUseFIPSEndpoint(context.Context) (aws.FIPSEndpointState, bool, error)
		}); ok {
			if state, isSet, err := from.GetUseFIPSEndpoint(ctx); err == nil && isSet && state == aws.FIPSEndpointStateEnabled {
				set.fips = true
			}
		}
		if from, ok := source.(interface {
			GetUseDualStackEndpoint(context.Context) (aws.DualStackEndpointState, bool, error)
		}); ok {
			if state, isSet, err := from.GetUseDualStackEndpoint(ctx); err == nil && isSet {
				set.dualStack = state == aws.DualStackEndpointStateEnabled
			}
		}
	}
	set.base = strings.TrimSuffix(set.base, "/")
	return set
}

// endpoint is that of a service: the configuration's own, or else AWS's in the region.
func endpoint(cfg aws.Config, s Service) string {
	set := settingsOf(cfg, s.ID)
	if set.base != "" {
		return set.base
	}
	label := s.Name
	if set.fips {
		label = s.fipsName(cfg.Region)
	}
	return "https://" + label + "." + cfg.Region + "." + suffix(cfg.Region, set.dualStack)
}

// fipsName is the first label of a service's endpoint that follows FIPS.
func (s Service) fipsName(region string) string {
	if s.PlainFIPS != "" && strings.HasPrefix(region, s.PlainFIPS) {
		return s.Name
	}
	return s.Name + "-fips"
}

func suffix(region string, dualStack bool) string {
	for _, p := range partitions {
		if strings.HasPrefix(region, p.regions) {
			if dualStack {
				return p.dualStack
			}
			return p.suffix
		}
	}
	return "" // the last partition has every region
}
