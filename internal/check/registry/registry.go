// Package registry lists the kinds of check that this binary has.
package registry

import (
	"github.com/greenlight-deploy/greenlight/internal/check"
	httpcheck "github.com/greenlight-deploy/greenlight/internal/check/http"
	scenariocheck "github.com/greenlight-deploy/greenlight/internal/check/scenario"
)

// Kinds are all kinds of check, one line for each.
func Kinds() []check.Kind {
	return []check.Kind{
		httpcheck.Kind(httpcheck.System()),
		scenariocheck.Kind(httpcheck.System()),
	}
}
