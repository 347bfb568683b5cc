package deployment

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/hook"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
)

// Settings are what the user says of the deployment, and what the function knows of itself.
type Settings struct {
	// Stage is GREENLIGHT_STAGE, the zero Stage where it isn't set. It says what AWS doesn't; where AWS says another
	// stage, that is an error: one of the two is not what somebody thinks, and taking AWS's word would let a deployment
	// pass whose checks are written for the other.
	Stage lifecycle.Stage
	// AnyStage says that the plan is the same at each stage, so that not knowing it is no error.
	AnyStage bool
	// Known is the stage that an earlier round of the execution found.
	Known lifecycle.Stage
	// Green and Blue are URLs that the user gives. They win over what is found, and make finding it optional.
	Green, Blue string
	// Function is this function's name or ARN, by which the AppSpec names it.
	Function string
	// Plan, where set, is asked for AnyStage, Green and Blue once it is known whose deployment it is (its application and group,
	// or cluster and service), for a plan that lies in a place of that name. Its error is Describe's; it isn't asked where the
	// deployment is over.
	Plan func(context.Context, Deployment) (Says, error)
}

// Says is what a plan says of a deployment: Settings has the same fields.
type Says struct {
	AnyStage    bool
	Green, Blue string
}

// ask asks for what the plan says.
func (s *Settings) ask(ctx context.Context, d Deployment) error {
	if s.Plan == nil {
		return nil
	}
	says, err := s.Plan(ctx, d)
	s.AnyStage, s.Green, s.Blue = says.AnyStage, says.Green, says.Blue
	return err
}

const (
	// patience bounds the whole description, however much time the function has: a hook that waits longer for what it is
	// to check has no time left to check it. Half of what is left is the function's in any case.
	patience = 30 * time.Second
	// optionalPatience bounds it where everything that checks need is set, and reading is for the report alone.
	optionalPatience = 5 * time.Second
)

// Describe finds out what execution e deploys. The Deployment is of use with an error too: it has what was found.
//
// An error says what couldn't be told and what to do: the stage, where the plan depends on it, or where green answers, where
// reading it failed. That AWS has no such thing, like a deployment group without a test listener, is no error here but one of
// [Deployment.Lookup], since a plan may not need it. What the deployment's group isn't needed for, like the image's name, is
// missing in the same way.
func Describe(ctx context.Context, c *Clients, e hook.Execution, s Settings) (Deployment, error) {
	ctx, cancel := context.WithTimeout(ctx, bound(ctx, s))
	defer cancel()
	if e.Contract == hook.CodeDeploy {
		return describeCodeDeploy(ctx, c, e, s)
	}
	return describeECS(ctx, c, e, s)
}

func bound(ctx context.Context, s Settings) time.Duration {
	limit := patience
	if s.Green != "" && (s.Stage != "" || s.AnyStage) {
		limit = optionalPatience
	}
	if deadline, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(deadline)/2)
	}
	return limit
}

// settle puts what the user set over what was found, and gives the error where green should have been found and wasn't.
func (d *Deployment) settle(s Settings, found *sides, failures failures) error {
	if s.Green != "" {
		d.Green = d.Green.at(s.Green)
		found.mistrust(s.Green, d.Stage)
	}
	if s.Blue != "" {
		d.Blue = d.Blue.at(s.Blue)
	}
	fatal := failures.fatal()
	if d.Closed != "" || d.Green.URL != "" || d.Green.FunctionARN != "" || !d.Stage.GreenAnswers() {
		fatal = nil
	}
	d.Notes = append(d.Notes, failures.notes(fatal)...)
	d.Found = d.found(s, found)
	return fatal
}

// at is the side at a URL of the user's. What the listener's rule demands of requests stays: whoever leads a name of their
// own to the load balancer has its rules in the way. But a host or path in the URL is the user's choice of it.
func (s Side) at(text string) Side {
	own, err := url.Parse(text)
	if found, foundErr := url.Parse(s.URL); err != nil || foundErr != nil || own.Hostname() != found.Hostname() {
		s.Host = ""
	}
	if err == nil && strings.Trim(own.Path, "/") != "" {
		s.PathPrefix = ""
	}
	s.URL = text
	return s
}

// failures are the reads that failed, in the order of their weight.
type failures struct {
	needed   []*ReadError // without them green isn't found
	optional []*ReadError
	answers  []error // AWS answered, and not what is needed
}

func (f *failures) join(more failures) {
	f.needed = append(f.needed, more.needed...)
	f.optional = append(f.optional, more.optional...)
	f.answers = append(f.answers, more.answers...)
}

// optionally adds the errors of reads that can be done without.
func (f *failures) optionally(errs ...*ReadError) {
	for _, e := range errs {
		if e != nil {
			f.optional = append(f.optional, e)
		}
	}
}

func (f failures) fatal() error {
	if len(f.needed) > 0 {
		return f.needed[0]
	}
	if len(f.answers) > 0 {
		return f.answers[0]
	}
	return nil
}

// notes tell of the reads that failed, but for the one that is the error.
func (f failures) notes(fatal error) []string {
	var notes []string
	note := func(err error) {
		if err != fatal { //nolint:errorlint // it is the same one, or another
			notes = append(notes, "could not "+err.Error())
		}
	}
	for _, e := range f.needed {
		note(e)
	}
	for _, e := range f.answers {
		note(e)
	}
	for _, e := range f.optional {
		note(e)
	}
	return notes
}
