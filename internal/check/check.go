// Package check says what a check is: one question to green, asked by a kind (http, and others), answered by a Result
// whose Outcome is passed, failed or inconclusive. Each kind lives in a folder of its own below this one. Kinds return
// what they saw; they neither repeat themselves (the gate does, by the rules of the plan) nor print.
package check

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Check is one question to green. A kind's Check is a pointer to a struct whose fields, by their yaml tags, are the
// keys that a plan may set for it beside the common ones.
type Check interface {
	// Run asks once. It returns by the end of ctx, a Cleaner by Scope.Grace after it; what goes wrong is in the Result. A Run that goes on past its ctx is left
	// behind, so that the next one may begin before it ends.
	Run(ctx context.Context, scope Scope) Result
	// Title names the check in reports where the plan doesn't: "GET /health".
	Title() string
}

// Cleaner is a Check that puts back what it has changed. Time for it is kept: the ctx of its runs ends so much earlier, and
// a run that is cancelled may still take Scope.Grace.
type Cleaner interface {
	Check
	// CleanupTime is the most that putting back takes; 0 where there is nothing to put back.
	CleanupTime() time.Duration
}

// Kind is a kind of check: the plan key that chooses it, and how to make one.
type Kind struct {
	// Key is the plan's key: "http".
	Key string
	// Timeout bounds one run of a check, retries included, where the plan sets none.
	Timeout time.Duration
	// New makes a check that holds the kind's defaults, for the plan to decode into.
	New func() Check
}

// Scope is what a check may know of the execution that it belongs to.
type Scope struct {
	// Green is the new version, Blue the live one.
	Green, Blue Side
	// UserAgent says who asks: greenlight/<version> (<deployment id>; <stage>).
	UserAgent string
	// Lookup finds the values of the names in the check's texts.
	Lookup strictyaml.Lookup
	// Logger takes what is worth knowing at debug level only.
	Logger *slog.Logger
	// Mask hides the values of secrets in a text that is shown; nil where there are none.
	Mask func(string) string
	// Grace is how long a run may go on after its ctx has ended, for a Check that cleans up.
	Grace time.Duration
}

// Side is where one version answers, and what requests must carry to reach it. A listener's rule may tell the versions
// apart by what is in a request.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
type Side struct {
	// URL is the base URL, with the path that a rule asks for; empty where it isn't known.
	URL string
	// Headers are those that a rule selects the side by; nil where there are none.
	Headers http.Header
	// Host is the name that requests ask for where it isn't the URL's, which then leads to the load balancer. With https it
	// is also the name that the certificate is asked for.
	Host string
}
