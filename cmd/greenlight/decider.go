package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/greenlight-deploy/greenlight/hook"
	"github.com/greenlight-deploy/greenlight/internal/check"
	"github.com/greenlight-deploy/greenlight/internal/check/registry"
	"github.com/greenlight-deploy/greenlight/internal/deployment"
	"github.com/greenlight-deploy/greenlight/internal/gate"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/plan"
	"github.com/greenlight-deploy/greenlight/internal/planstore"
	"github.com/greenlight-deploy/greenlight/internal/report"
	"github.com/greenlight-deploy/greenlight/internal/secret"
	"github.com/greenlight-deploy/greenlight/internal/strictyaml"
)

// Variables of the environment that a function takes its settings from, besides those of the plan.
const (
	envStage    = "GREENLIGHT_STAGE" // which stage this is, where AWS doesn't say
	envFunction = "AWS_LAMBDA_FUNCTION_NAME"
	// envSimulated is set where AWS is simulated, whose time may run ahead of this machine's.
	envSimulated = "DEPLOYMENT_SIMULATOR"
)

// decider runs the plan for each execution. A plan beside the binary is read when the process starts: Lambda gives the full
// processor during initialisation, and a fraction of it after. One that lies in AWS is read for each execution.
type decider struct {
	own     asking
	planErr error
	folder  string
	env     func(string) string
	clients *deployment.Clients
	plans   *planstore.Store
	secrets *secret.Store
	// settings are what plans, secrets and checks are asked of AWS by; settingsErr is what is wrong with the function's own.
	settings    awsSettings
	settingsErr error
}

// asking is the plan of an execution, or the place where it lies as long as it hasn't been read.
type asking struct {
	plan *plan.Plan
	at   *plan.Location
}

// stage is what is asked at a stage; nil where the plan hasn't been read.
func (a asking) stage(s lifecycle.Stage) *plan.Stage {
	if a.plan == nil {
		return nil
	}
	return a.plan.Stage(s)
}

// newDecider makes one by an AWS configuration, or where there is none, what kept it from being read.
func newDecider(env func(string) string, folder string, cfg aws.Config, cfgErr error) *decider {
	d := newPlanlessDecider(env, folder, cfg, cfgErr)
	source, err := plan.Find(env, folder)
	if err != nil {
		d.planErr = err
		return d
	}
	d.own, d.planErr = d.parse(source)
	return d
}

func newPlanlessDecider(env func(string) string, folder string, cfg aws.Config, cfgErr error) *decider {
	settings := func() (aws.Config, error) { return cfg, cfgErr }
	d := &decider{env: env, folder: folder, clients: deployment.NewClients(cfg), plans: planstore.New(settings), settings: settings}
	d.secrets, d.settingsErr = newSecrets(env, settings)
	return d
}

// parse reads a plan whose text is here.
func (d *decider) parse(source plan.Source) (asking, error) {
	if source.Remote != nil {
		return asking{at: source.Remote}, nil
	}
	p, err := d.language().Parse(source)
	return asking{plan: p}, err
}

func (d *decider) language() plan.Language {
	return language(nil, registry.Environment{AWS: d.settings})
}

// Decide makes the verdict of one execution, or of one of its rounds.
func (d *decider) Decide(ctx context.Context, e hook.Execution) hook.Verdict {
	logger := hook.Logger(ctx)
	if word := skippedBySetting(d.env(envSkip), e.DeploymentID); word != "" {
		return answer(skipped(ctx, logger, word))
	}
	before, err := readProgress(e.State)
	if err != nil {
		return answer(check.Refused(err.Error()))
	}
	asked, err := d.planFor(ctx, e)
	if err = errors.Join(d.settingsErr, err); err != nil {
		return refused(ctx, logger, err)
	}
	described, err := d.describe(ctx, &asked, e, before.Stage)
	if described.Stage != "" {
		logger = logger.With("stage", string(described.Stage))
	}
	if described.Found != "" {
		logger.InfoContext(ctx, "found", "found", described.Found, "stage_from", described.StageFrom, "stage_reads", described.StageReads)
	}
	if saysSkip(described.Description) {
		return answer(skipped(ctx, logger, "the deployment's description says "+skipMark))
	}
	execution := d.execution(ctx, logger, asked, described, e, before)
	switch {
	case asked.plan == nil && described.Closed == "":
		return refused(ctx, logger, err)
	case err != nil:
		return answer(d.undescribed(execution, err))
	case described.Closed != "":
		return answer(ended(execution, described.Closed))
	}
	return answerOf(gate.Run(ctx, execution), described.Stage)
}

// refused is the verdict where there is no plan to run.
func refused(ctx context.Context, logger *slog.Logger, err error) hook.Verdict {
	logProblems(ctx, logger, err)
	return answer(check.Refused(err.Error()))
}

// planFor is the function's plan, or for a hook of ECS whose hookDetails have one of their own, that; but a plan that is set
// in the environment is everybody's. One whose place is made of the deployment's names is still to be read.
func (d *decider) planFor(ctx context.Context, e hook.Execution) (asking, error) {
	asked, err := d.own, d.planErr
	if e.ECS != nil && d.env(plan.EnvPlan) == "" {
		if own, ok := e.ECS.Details["plan"]; ok {
			asked, err = d.planOfHook(own)
		}
	}
	if err == nil && asked.plan == nil && asked.at.IsFixed() {
		asked.plan, err = d.fetch(ctx, *asked.at, nil)
	}
	return asked, err
}

// planOfHook is the plan that hookDetails have.
func (d *decider) planOfHook(own json.RawMessage) (asking, error) {
	const name = "hookDetails.plan"
	var setting string
	if err := json.Unmarshal(own, &setting); err != nil || strings.TrimSpace(setting) == "" {
		return asking{}, fmt.Errorf("%s is no text: give a path in the function's folder, s3://bucket/key, ssm:/name, or the plan itself", name)
	}
	source, err := plan.FromSetting(name, strings.TrimSpace(setting), d.folder)
	if err != nil {
		return asking{}, err
	}
	return d.parse(source)
}

// fetch reads a plan from AWS.
func (d *decider) fetch(ctx context.Context, at plan.Location, lookup strictyaml.Lookup) (*plan.Plan, error) {
	address, err := at.Address(lookup)
	if err != nil {
		return nil, err
	}
	source, err := d.plans.Open(ctx, address)
	if err != nil {
		return nil, err
	}
	return d.language().Parse(source)
}

// describe finds out what is deployed, and where its sides answer: what the plan says wins. Where the plan has yet to be read
// it is read meanwhile.
func (d *decider) describe(ctx context.Context, asked *asking, e hook.Execution, known lifecycle.Stage) (deployment.Deployment, error) {
	settings := deployment.Settings{Known: known, Function: d.env(envFunction)}
	if name := d.env(envStage); name != "" {
		stage, ok := lifecycle.ParseStage(name)
		if !ok {
			return deployment.Deployment{ID: e.DeploymentID}, fmt.Errorf("%s: %s", envStage, strictyaml.Unknown("stage", name, lifecycle.Names()))
		}
		settings.Stage = stage
	}
	elsewhere := d.env(plan.EnvALBURL)
	var says deployment.Says
	var err error
	if asked.plan != nil {
		if says, err = saysOf(asked.plan, elsewhere); err != nil {
			return deployment.Deployment{ID: e.DeploymentID}, err
		}
		settings.AnyStage, settings.Green, settings.Blue = says.AnyStage, says.Green, says.Blue
	} else {
		settings.Plan = func(ctx context.Context, named deployment.Deployment) (deployment.Says, error) {
			p, err := d.fetch(ctx, *asked.at, named.Lookup)
			if err != nil {
				return says, err
			}
			asked.plan = p
			says, err = saysOf(p, elsewhere)
			return says, err
		}
	}
	described, err := deployment.Describe(ctx, d.clients, e, settings)
	if asked.plan == nil {
		return described, err
	}
	if err != nil && says.Green == "" && !asked.plan.Green.IsZero() && !errors.As(err, new(*deployment.StageError)) {
		err = nil // green is what the plan makes of names, which the next line looks up
	}
	return described, errors.Join(err, sides(&described, asked.plan, "", "", elsewhere))
}

// saysOf is what a plan says of a deployment before anything is known of it.
func saysOf(p *plan.Plan, elsewhere string) (deployment.Says, error) {
	says := deployment.Says{AnyStage: len(p.Stages()) == 0, Green: literal(p.Green), Blue: literal(p.Blue)}
	if p.Green.IsZero() {
		says.Green = elsewhere
	}
	var err error
	for _, address := range []*string{&says.Green, &says.Blue} {
		if *address == "" {
			continue
		}
		if *address, err = check.ParseBaseURL(*address); err != nil {
			return says, fmt.Errorf("finding green and blue: %w", err)
		}
	}
	return says, nil
}

// literal is an address of the plan's that needs no names; empty for others.
func literal(address strictyaml.Text) string {
	text, known := address.Literal()
	if !known {
		return ""
	}
	return text
}

// execution puts together what the gate is to judge.
func (d *decider) execution(ctx context.Context, logger *slog.Logger, asked asking, described deployment.Deployment, e hook.Execution, before progress) gate.Execution {
	stage := asked.stage(described.Stage)
	return gate.Execution{
		DeploymentID: described.ID, Stage: described.Stage, Rollback: described.Rollback, First: described.First, Found: described.Found,
		Asked: stage,
		Scope: check.Scope{
			Green: side(described.Green), Blue: side(described.Blue), UserAgent: userAgent(described), Lookup: described.Lookup, Logger: logger,
			Mask: d.secrets.Masker().Mask,
		},
		Prepare: fetching(d.secrets, stage),
		Prove:   prover(described), Observe: logging(ctx, logger),
		CanSuspend: e.CanContinue(), CallsBack: e.Contract == hook.ECS, Until: e.Deadline, Resume: before.Gate, Leapt: d.leapt(before),
	}
}

// leapt is how much earlier a simulator calls back than it was asked to. AWS's own calls are never early, and nobody else's
// word is taken for it that time has passed.
func (d *decider) leapt(before progress) time.Duration {
	if d.env(envSimulated) == "" || before.Due.IsZero() {
		return 0
	}
	return max(0, time.Until(before.Due))
}

// prover shows that green is green, nil where nothing was found that could.
func prover(d deployment.Deployment) func(context.Context) check.Result {
	if !d.CanProve() {
		return nil
	}
	return func(ctx context.Context) check.Result {
		proof := d.Prove(ctx)
		result := check.Result{Outcome: check.Inconclusive, Reason: proof.Reason}
		switch {
		case proof.Shown:
			result.Outcome = check.Passed
		case proof.Retry:
			result.Retry = check.RetryNoAnswer
		}
		return result
	}
}

// logging writes what happens to checks.
func logging(ctx context.Context, logger *slog.Logger) func(gate.Event) {
	return func(e gate.Event) {
		switch {
		case e.Report != nil:
			report.LogCheck(ctx, logger, *e.Report)
		case e.Retrying != "":
			logger.DebugContext(ctx, "retrying", "check", e.Check.Name, "reason", e.Retrying)
		case e.Resumed != "":
			logger.DebugContext(ctx, "resumed", "check", e.Check.Name, "progress", e.Resumed)
		case e.Holding != "":
			logger.DebugContext(ctx, "passed, to pass again", "check", e.Check.Name, "progress", e.Holding)
		}
	}
}

// undescribed is the verdict where it wasn't found out what is deployed. Where nothing would be asked of it, nothing is
// missing: not for a rollback either, which must not fail because its own deployment can't be read.
func (d *decider) undescribed(e gate.Execution, err error) check.Verdict {
	if e.Stage != "" || e.Rollback {
		if v, ok := gate.WithoutAsking(e); ok {
			v.Deployment, v.Stage, v.Found = e.DeploymentID, e.Stage, e.Found
			return v
		}
	}
	v := check.Refused(err.Error())
	v.Deployment, v.Stage, v.Found = e.DeploymentID, e.Stage, e.Found
	return v
}

// ended is the verdict of an execution whose event is over. CodeDeploy has its answer, and takes no other: this one only
// closes what nobody waits for any more.
func ended(e gate.Execution, closed string) check.Verdict {
	v := check.Refused("nothing was asked: " + closed)
	v.Deployment, v.Stage, v.Found = e.DeploymentID, e.Stage, e.Found
	return v
}

// progress is what a round leaves to the next.
type progress struct {
	Stage lifecycle.Stage `json:"stage,omitempty"`
	Gate  json.RawMessage `json:"gate"`
	// Due is when the next round is asked to begin.
	Due time.Time `json:"due,omitzero"`
}

func readProgress(state json.RawMessage) (progress, error) {
	var p progress
	if state == nil {
		return p, nil
	}
	if err := json.Unmarshal(state, &p); err != nil {
		return p, fmt.Errorf("reading what the round before left: %w", err)
	}
	return p, nil
}

// answerOf turns the gate's verdict into the hook's, which may be that there is none yet.
func answerOf(v check.Verdict, stage lifecycle.Stage) hook.Verdict {
	if v.Suspended == nil {
		return answer(v)
	}
	state, err := json.Marshal(progress{stage, v.Suspended.State, time.Now().Add(v.Suspended.After)})
	if err != nil {
		return answer(check.Refused(fmt.Sprintf("writing down what the next round needs: %v", err)))
	}
	a := answer(v)
	a.Status, a.After, a.State = hook.InProgress, v.Suspended.After, state
	return a
}

// answer turns the gate's verdict into the hook's.
func answer(v check.Verdict) hook.Verdict {
	answer := hook.Verdict{Status: hook.Failed, Reason: v.Reason, Attrs: report.Attrs(v)}
	if v.Succeeded {
		answer.Status = hook.Succeeded
	}
	return answer
}

// logProblems writes all that is wrong with a plan: the verdict's one line has room for the first.
func logProblems(ctx context.Context, logger *slog.Logger, err error) {
	var problems strictyaml.Problems
	if !errors.As(err, &problems) {
		return
	}
	for _, p := range problems {
		logger.ErrorContext(ctx, "plan", "at", p.Position.String(), "problem", p.Message)
	}
}
