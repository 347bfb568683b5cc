// Package registry lists the kinds of check that this binary has.
package registry

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/greenlight-deploy/greenlight/internal/check"
	alarmscheck "github.com/greenlight-deploy/greenlight/internal/check/alarms"
	cloudwatchcheck "github.com/greenlight-deploy/greenlight/internal/check/cloudwatch"
	dnscheck "github.com/greenlight-deploy/greenlight/internal/check/dns"
	execcheck "github.com/greenlight-deploy/greenlight/internal/check/exec"
	grpccheck "github.com/greenlight-deploy/greenlight/internal/check/grpc"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
	lambdacheck "github.com/greenlight-deploy/greenlight/internal/check/lambda"
	"github.com/greenlight-deploy/greenlight/internal/check/network"
	prometheuscheck "github.com/greenlight-deploy/greenlight/internal/check/prometheus"
	scenariocheck "github.com/greenlight-deploy/greenlight/internal/check/scenario"
	targetscheck "github.com/greenlight-deploy/greenlight/internal/check/targets"
	tcpcheck "github.com/greenlight-deploy/greenlight/internal/check/tcp"
	tlscheck "github.com/greenlight-deploy/greenlight/internal/check/tls"
	websocketcheck "github.com/greenlight-deploy/greenlight/internal/check/websocket"
)

// Environment is what kinds may use of the process that they run in.
type Environment struct {
	// Network is how requests leave that aren't AWS's.
	Network network.Network
	// AWS gives the AWS configuration when a check first needs it. Its error is told by each check that does.
	AWS func() (aws.Config, error)
	// CommandLine says that somebody's command line runs the checks, or the CodeDeploy agent: there commands can be run.
	CommandLine bool
}

// Kinds are all kinds of check, one line for each.
func Kinds(e Environment) []check.Kind {
	signing := e.Network
	signing.AWS = e.AWS
	return []check.Kind{
		httpcheck.Kind(signing),
		scenariocheck.Kind(signing),
		execcheck.Kind(e.CommandLine),
		tcpcheck.Kind(e.Network),
		tlscheck.Kind(e.Network),
		dnscheck.Kind(e.Network, dnscheck.SystemServers),
		grpccheck.Kind(e.Network),
		websocketcheck.Kind(e.Network),
		targetscheck.Kind(e.AWS),
		lambdacheck.Kind(e.AWS),
		alarmscheck.Kind(e.AWS),
		cloudwatchcheck.Kind(e.AWS, time.Now),
		prometheuscheck.Kind(e.Network, e.AWS, time.Now),
	}
}
