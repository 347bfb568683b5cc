// Package alarmscheck is the alarms kind of check: alarms of Amazon CloudWatch, of metrics, of logs and composite ones, each of
// which must be OK. Held for some time, they must have been OK throughout: an alarm that went off and recovered between two
// runs is found by the time of its last change.
package alarmscheck

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/greenlight-deploy/greenlight/internal/awscall"
	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/unread"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// DefaultTimeout is what a check has where its plan sets no timeout: room for a few pages, and for a throttled call to be made
// again.
const DefaultTimeout = 10 * time.Second

// The IAM actions.
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonresourcegrouptaggingapi.html
const (
	actionAlarms  = "cloudwatch:DescribeAlarms"
	actionHistory = "cloudwatch:DescribeAlarmHistory"
	actionTagged  = "tag:GetResources"
)

const alarmResource = "arn:PARTITION:cloudwatch:REGION:ACCOUNT:alarm:*"

// Kind is the kind of check that this package holds. Its checks call AWS with the configuration that is given when they first
// need it.
func Kind(config func() (aws.Config, error)) check.Kind {
	return check.Kind{
		Key: "alarms", Timeout: DefaultTimeout,
		New: func() check.Check { return &Check{Missing: missingInconclusive, config: config} },
		Actions: []check.Action{
			{Name: actionAlarms, Resource: "*", Why: "the states of alarms"},
			{Name: actionHistory, Resource: alarmResource, Why: "whether an alarm that is OK again was in ALARM between two runs", Optional: true},
			{Name: actionTagged, Resource: "*", Why: "the alarms that have a tag", Optional: true},
		},
	}
}

// Check is alarms that must be OK.
type Check struct {
	// Alarms says which.
	Alarms Selection `yaml:"alarms,required"`
	// Missing says what an alarm means that has too little data to be in a state: fail, inconclusive (default), or pass.
	Missing missing `yaml:"missing"`

	config func() (aws.Config, error)
}

// Title names the alarms, as the plan has them.
func (c *Check) Title() string { return "alarms " + c.Alarms.String() }

// Run asks once.
func (c *Check) Run(ctx context.Context, scope check.Scope) check.Result {
	cfg, err := c.config()
	if err != nil {
		return *unread.Settings(err)
	}
	chosen, region, err := c.Alarms.expand(scope.Lookup)
	if err != nil {
		return *unread.Name(err)
	}
	if region != "" {
		cfg.Region = region
	}
	r := reading{alarms: awscall.New(cfg, awscall.CloudWatch), tagged: awscall.New(cfg, awscall.Tagging)}
	all, wrong := r.selected(ctx, chosen)
	if wrong != nil {
		return *wrong
	}
	j := judging{missing: c.Missing, began: scope.Began}
	for _, a := range all {
		j.now(a)
	}
	if !scope.Held.IsZero() && len(j.false) == 0 {
		if wrong := j.meanwhile(ctx, r, all, scope.Held); wrong != nil {
			return *wrong
		}
	}
	return j.result(len(all))
}

// missing says what an alarm without enough data means.
type missing string

const (
	missingInconclusive missing = "inconclusive"
	missingFail         missing = "fail"
	missingPass         missing = "pass"
)

var missingWords = []missing{missingFail, missingInconclusive, missingPass}

// DecodeNode reads one of the words.
func (m *missing) DecodeNode(d *strictyaml.Decoder, n strictyaml.Node) {
	n, ok := d.Static(n)
	if !ok {
		return
	}
	words := make([]string, len(missingWords))
	for i, word := range missingWords {
		if words[i] = string(word); n.IsScalar() && n.Text() == words[i] {
			*m = word
			return
		}
	}
	d.Mismatch(n, strings.Join(words, ", "))
}

// JSONSchema describes the words.
func (*missing) JSONSchema(*strictyaml.Describer) *strictyaml.Schema {
	return strictyaml.Words(missingWords...)
}
