package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/doctor"
)

// Clock keeps the waits.
type Clock interface {
	Now() time.Time
	// Wait returns after d, or with the cause for which ctx ended.
	Wait(ctx context.Context, d time.Duration) error
}

// Line is one of what is told on the way.
type Line struct {
	Since time.Duration // the beginning
	About string        // the contract, or what they all stand on
	Text  string
}

// Network is one that is there already, with two private subnets or more that reach AWS and the registry of public images.
type Network struct {
	VPC     string
	Subnets []string
}

// Verification is what is to be done.
type Verification struct {
	Account  *Account
	Function Function
	// Name begins the names of all stacks; see [NewName].
	Name      string
	Contracts []Contract
	// Network is where the services run; one is made where it is nil.
	Network *Network
	// Keep leaves everything where it is.
	Keep bool
	// Version is greenlight's own, for the report.
	Version string
	Clock   Clock
	// Examine has doctor look at what is deployed.
	Examine func(context.Context, doctor.Options) (doctor.Report, error)
	// Tell is told each step, by one goroutine at a time.
	Tell func(Line)

	mu    sync.Mutex
	began time.Time
	// stacks and taskDefinitions are what was made and not taken away yet.
	stacks, taskDefinitions []string
	bucket                  string
	running                 []*runningDeployment
}

// tearDownIn is the time for taking away what was made, which an interrupt doesn't cut short.
const tearDownIn = 90 * time.Minute

// Run deploys the examples, side by side, a good and a bad version of each, reads what came of it, and takes all of it away again. What went wrong with
// an example is in the report; an error is one of what they all stand on, and the report has what there is.
func (v *Verification) Run(ctx context.Context) (Report, error) {
	v.began = v.Clock.Now()
	r := Report{Greenlight: v.Version, Region: v.Account.Region, Began: v.began.UTC().Truncate(time.Second)}
	ground, err := v.makeGround(ctx)
	if err == nil {
		trials := make([]Trial, len(v.Contracts))
		var all sync.WaitGroup
		for i, c := range v.Contracts {
			all.Go(func() { trials[i] = v.try(ctx, c, ground) })
		}
		all.Wait()
		r.Trials = trials
	}
	if !v.Keep {
		down, cancel := context.WithTimeout(context.WithoutCancel(ctx), tearDownIn)
		defer cancel()
		v.stopAll(down)
		err = errors.Join(err, v.tearDown(down))
	}
	r.Left = slices.Clone(v.stacks)
	r.Took = v.Clock.Now().Sub(v.began).Round(time.Second)
	r.Facts = judge(r.Trials)
	return r, err
}

// makeGround makes what the examples stand on.
func (v *Verification) makeGround(ctx context.Context) (ground, error) {
	own := v.Network == nil && slices.ContainsFunc(v.Contracts, Contract.needsNetwork)
	what := "a bucket"
	if own {
		what += ", a network with a NAT gateway"
	}
	v.tell("ground", "creating %s: %s", v.Name+groundSuffix, what)
	outputs, err := v.create(ctx, stack{name: v.Name + groundSuffix, body: groundTemplate, parameters: map[string]string{"CreateNetwork": fmt.Sprint(own)}})
	if err != nil {
		return ground{}, err
	}
	g := ground{bucket: outputs["Bucket"], vpc: outputs["VpcId"], subnets: outputs["SubnetIds"]}
	if v.Network != nil {
		g.vpc, g.subnets = v.Network.VPC, strings.Join(v.Network.Subnets, ",")
	}
	v.mu.Lock()
	v.bucket = g.bucket
	v.mu.Unlock()
	v.tell("ground", "it is there")
	return g, nil
}

// ground is what the examples stand on.
type ground struct{ bucket, vpc, subnets string }

// try deploys an example and its versions.
func (v *Verification) try(ctx context.Context, c Contract, on ground) Trial {
	t := Trial{Contract: c, Stack: v.Name + "-" + string(c)}
	if err := v.tryExample(ctx, &t, on); err != nil {
		t.Problem = err.Error()
		v.tell(string(c), "%s", t.Problem)
		// The gate may be the reason: of a service that isn't made where it says no.
		if messages, err := v.messages(ctx, logGroup("CodeDeployHook_"+t.Stack), v.began); err == nil {
			t.Heard = executions(messages, "")
		}
	}
	return t
}

// logGroup is that of a function, by the examples' gate.
func logGroup(function string) string { return "/aws/lambda/" + function }

func (v *Verification) tryExample(ctx context.Context, t *Trial, on ground) error {
	url, err := v.upload(ctx, on.bucket, t.Contract)
	if err != nil {
		return err
	}
	v.tell(string(t.Contract), "creating %s: %s, with the gate", t.Stack, t.Contract.Title())
	created := v.Clock.Now()
	outputs, err := v.create(ctx, stack{name: t.Stack, url: url, parameters: parameters(t.Contract, on)})
	if err != nil {
		return err
	}
	v.tell(string(t.Contract), "it is there")
	switch log := logGroup(outputs["Hook"]); t.Contract {
	case CodeDeployLambda:
		return v.tryFunction(ctx, t, outputs["Hook"], log)
	case CodeDeployECS:
		return v.tryByCodeDeploy(ctx, t, outputs["Hook"], log)
	default:
		return v.tryByECS(ctx, t, log, created)
	}
}

// parameters are the example's. Waits that show nothing new are left out.
func parameters(c Contract, on ground) map[string]string {
	if c == CodeDeployLambda {
		return map[string]string{"Canary": "AllAtOnce"}
	}
	p := map[string]string{"VpcId": on.vpc, "SubnetIds": on.subnets, "HealthPath": healthPath, "DesiredCount": "1"}
	if c == CodeDeployECS {
		p["DeploymentConfig"] = "CodeDeployDefault.ECSAllAtOnce"
		return p
	}
	p["BakeTimeInMinutes"], p["AnswerPauses"] = "0", fmt.Sprint(c == ECSPause)
	return p
}

// tell tells a step.
func (v *Verification) tell(about, format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.Tell(Line{v.Clock.Now().Sub(v.began).Round(time.Second), about, fmt.Sprintf(format, args...)})
}

// told tells how a deployment ended.
func (v *Verification) told(c Contract, d Deployment) {
	ended := string(d.Version) + " version: " + d.Status
	for _, e := range d.failed() {
		ended += ", since the gate said at " + e.Stage + ": " + e.Reason
	}
	if d.Rollback != nil {
		ended += "; the rollback " + d.Rollback.Status
	}
	v.tell(string(c), "%s", ended)
}

func (v *Verification) made(stack string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.stacks = append(v.stacks, stack)
}

func (v *Verification) gone(stack string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.stacks = slices.DeleteFunc(v.stacks, func(s string) bool { return s == stack })
}

func (v *Verification) registered(taskDefinition string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.taskDefinitions = append(v.taskDefinitions, taskDefinition)
}
