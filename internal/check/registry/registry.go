// Package registry lists the kinds of check that this binary has.
package registry

import (
	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
	scenariocheck "github.com/greenlight-deploy/greenlight/internal/check/scenario"
)

// Environment is what kinds of check need of the process that they run in.
type Environment struct {
	// Network is how requests leave.
	Network httpcheck.Network
}

// Kinds are all kinds of check, one line for each.
func Kinds(e Environment) []check.Kind {
	return []check.Kind{
		httpcheck.Kind(e.Network),
		scenariocheck.Kind(e.Network),
	}
}
