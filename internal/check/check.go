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
	// Actions are the IAM actions that its checks call; nil where they call none.
	Actions []Action
}

// An Action is an IAM action that checks of a kind call.
type Action struct {
	// Name is IAM's, such as "cloudwatch:DescribeAlarms".
	Name string
	// Resource is the pattern of the ARNs that it is called for, with PARTITION, REGION and ACCOUNT where theirs belong; "*"
	// where IAM knows no resource for the action.
	Resource string
	// Why says what is found by it.
	Why string
	// Optional says that only some checks of the kind call it.
	Optional bool
}

// Scope is what a check may know of the execution that it belongs to.
type Scope struct {
	// Green is the new version, Blue the live one.
	Green, Blue Side
	// UserAgent says who asks: greenlight/<version> (<deployment id>; <stage>).
	UserAgent string
	// Began is when the execution did that the check belongs to, over all of its calls; zero where that isn't known.
	Began time.Time
	// Timeout is what the run's time was when it began; 0 where that isn't known. By the time that the kind begins, ctx has a little less.
	Timeout time.Duration
	// Held is the start of the first of the runs that must go on passing (for); zero where the check hasn't passed before, or
	// needn't pass again.
	Held time.Time
	// Lookup finds the values of the names in the check's texts.
	Lookup strictyaml.Lookup
	// Logger takes what is worth knowing at debug level only.
	Logger *slog.Logger
	// Mask gives a text with the secrets in it masked. What a Result has is masked in any case; a kind that shows a part of an
	// answer masks all of it before it cuts, so that no part of a secret is left. Nil: there are no secrets.
	Mask func(string) string
	// Recorder hears what is asked over HTTP, and what is answered; nil: nobody does.
	Recorder Recorder
	// Grace is how long a run may go on after its ctx has ended, for a Check that cleans up.
	Grace time.Duration
}

// Masked is the text as Mask gives it.
func (s Scope) Masked(text string) string {
	if s.Mask == nil {
		return text
	}
	return s.Mask(text)
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
