package awscall

import "strings"

// A Variant is a kind of endpoint that a configuration can ask for.
//
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html
type Variant struct{ FIPS, DualStack bool }

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

func endpoint(s Service, region string, v Variant) string {
	label := s.Name
	if v.FIPS {
		label += "-fips"
	}
	for _, p := range partitions {
		if strings.HasPrefix(region, p.regions) {
			suffix := p.suffix
			if v.DualStack {
				suffix = p.dualStack
			}
			return "https://" + label + "." + region + "." + suffix
		}
	}
	return ""
}
