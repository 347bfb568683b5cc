// Package registry lists the kinds of check that this binary has.
package registry

import (
	"github.com/greenlight-deploy/greenlight/internal/check"
	execcheck "github.com/greenlight-deploy/greenlight/internal/check/exec"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
)

// Environment is what the kinds need of the process that they run in.
type Environment struct {
	// Network is how requests leave.
	Network httpcheck.Network
	// CommandLine says that somebody's command line runs the checks, or the CodeDeploy agent: there commands can be run.
	CommandLine bool
}

// Kinds are all kinds of check, one line for each.
func Kinds(e Environment) []check.Kind {
	return []check.Kind{
		httpcheck.Kind(e.Network),
		execcheck.Kind(e.CommandLine),
	}
}
