package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"

	"github.com/greenlight-deploy/greenlight/internal/appspec"
	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
	"github.com/greenlight-deploy/greenlight/internal/plan"
)

// Options say what to look at. What is empty is found where AWS leaves no choice.
type Options struct {
	Application, Group string
	// Cluster and Service are ECS's names; Cluster is "default" where it isn't given.
	Cluster, Service string
	// Function is a name or an ARN. Empty: those that the hooks name.
	Function string
	// Plan is the plan to judge; its Text is empty where none was given, and then the function's own settings are looked at.
	Plan plan.Source
	// Parse reads plans.
	Parse func(plan.Source) (*plan.Plan, error)
}

// InputError says what is wrong with Options, in words for who gave them.
type InputError struct{ message string }

func (e *InputError) Error() string { return e.message }

func wrongInput(format string, args ...any) error {
	return &InputError{fmt.Sprintf(format, args...)}
}

// Examine reads what Options name and says what it found. The error is an *InputError where they name nothing that there
// is, or too much; any other says that AWS can't be asked at all.
func Examine(ctx context.Context, c Clients, o Options) (Report, error) {
	x := &examination{Clients: c, Options: o}
	if err := x.find(ctx); err != nil {
		return Report{}, err
	}
	x.read(ctx)
	return x.report(), nil
}

// examination is what was read.
type examination struct {
	Clients
	Options

	group     *group          // nil: no CodeDeploy
	service   *service        // nil: no ECS service is known
	balancer  *balancer       // nil: no load balancer is known
	functions []*function     // those that hooks call
	roles     map[string]role // by ARN
	secrets   map[secretSource]*secretReading
}

// find settles which group, service and functions are meant.
func (x *examination) find(ctx context.Context) error {
	switch {
	case x.Group != "" && x.Application == "":
		return wrongInput("--group %s belongs to an application: give --application", x.Group)
	case x.Cluster != "" && x.Service == "":
		return wrongInput("--cluster %s has services: give --service", x.Cluster)
	}
	if x.Application == "" && x.Service == "" && x.Function == "" {
		if err := x.findApplication(ctx); err != nil {
			return err
		}
	}
	if x.Application != "" && x.Group == "" {
		if err := x.findGroup(ctx); err != nil {
			return err
		}
	}
	if x.Application != "" {
		g := x.readGroup(ctx)
		if notThere(g.info.err) {
			return wrongInput("%s", reason(errors.Unwrap(g.info.err)))
		}
		x.group = &g
		if x.Service == "" && g.info.got() && len(g.info.of.EcsServices) > 0 {
			x.Cluster, x.Service = aws.ToString(g.info.of.EcsServices[0].ClusterName), aws.ToString(g.info.of.EcsServices[0].ServiceName)
		}
	}
	if x.Service != "" {
		x.Cluster = cmp.Or(x.Cluster, "default")
		s := x.readService(ctx)
		x.service = &s
	}
	x.findFunctions()
	return nil
}

func (x *examination) findApplication(ctx context.Context) error {
	names, err := readAll(ctx, "codedeploy:ListApplications", x.listApplications,
		func(token *string) *codedeploy.ListApplicationsInput {
			return &codedeploy.ListApplicationsInput{NextToken: token}
		},
		func(out *codedeploy.ListApplicationsOutput) page[string] {
			return byToken(out.Applications, out.NextToken)
		})
	if err != nil {
		return fmt.Errorf("finding CodeDeploy's applications in %s: %w; give --application, or --cluster and --service", x.region, err)
	}
	name, err := only(names, "CodeDeploy application", "--application", "in "+x.region)
	if err != nil {
		return err
	}
	x.Application = name
	return nil
}

func (x *examination) findGroup(ctx context.Context) error {
	names, err := readAll(ctx, "codedeploy:ListDeploymentGroups", x.listDeploymentGroups,
		func(token *string) *codedeploy.ListDeploymentGroupsInput {
			return &codedeploy.ListDeploymentGroupsInput{ApplicationName: aws.String(x.Application), NextToken: token}
		},
		func(out *codedeploy.ListDeploymentGroupsOutput) page[string] {
			return byToken(out.DeploymentGroups, out.NextToken)
		})
	if notThere(err) {
		return wrongInput("%s", reason(errors.Unwrap(err)))
	}
	if err != nil {
		return fmt.Errorf("finding the deployment groups of %s: %w; give --group", x.Application, err)
	}
	name, err := only(names, "deployment group", "--group", "in the application "+x.Application)
	if err != nil {
		return err
	}
	x.Group = name
	return nil
}

// only is the one name that there is.
func only(names []string, noun, flag, where string) (string, error) {
	const most = 10 // names in a message
	switch n := len(names); {
	case n == 1:
		return names[0], nil
	case n == 0:
		return "", wrongInput("there is no %s %s", noun, where)
	case n > most:
		return "", wrongInput("there are %d %ss %s: say which with %s: %s, …", n, noun, where, flag, strings.Join(names[:most], ", "))
	default:
		return "", wrongInput("there are %d %ss %s: say which with %s: %s", n, noun, where, flag, strings.Join(names, ", "))
	}
}

// findFunctions lists the functions that the hooks call, or the one that is meant.
func (x *examination) findFunctions() {
	var specHooks, serviceHooks []namedHook
	if x.group != nil && x.group.hooks.got() {
		specHooks = x.group.hooks.of
	}
	if x.service != nil {
		serviceHooks = x.service.hooks()
	}
	names := []string{x.Function}
	if x.Function == "" {
		for _, h := range slices.Concat(specHooks, serviceHooks) {
			if !slices.ContainsFunc(names, func(known string) bool { return appspec.FunctionName(known) == appspec.FunctionName(h.function) }) {
				names = append(names, h.function)
			}
		}
		slices.Sort(names)
	}
	for _, name := range unique(names) {
		f := &function{given: name, codeDeploy: stagesOf(specHooks, name), ecs: stagesOf(serviceHooks, name)}
		// Whose contract a function serves that no hook names yet is told by what it will be called for.
		alone := x.group == nil && x.service == nil && strings.HasPrefix(f.name(), hookPrefix)
		f.byCodeDeploy = len(f.codeDeploy) > 0 || (x.group != nil && len(f.ecs) == 0) || alone
		f.byECS = len(f.ecs) > 0 || (x.group == nil && x.service != nil)
		x.functions = append(x.functions, f)
	}
}

// read reads all that is known by name now, side by side.
func (x *examination) read(ctx context.Context) {
	work := []func(){func() { x.readBalancerAndAlarms(ctx) }}
	for _, f := range x.functions {
		work = append(work, func() { x.readFunction(ctx, f) })
	}
	sideBySide(work...)
	work = nil
	for _, f := range x.functions {
		work = append(work, func() { x.readPlan(ctx, f) })
	}
	sideBySide(work...)
	work = []func(){func() {
		x.readSecrets(ctx) // the roles are asked about them
		x.readRoles(ctx)
	}}
	for _, f := range x.functions {
		work = append(work, func() { x.readNetwork(ctx, f) })
	}
	sideBySide(work...)
}

func (x *examination) readBalancerAndAlarms(ctx context.Context) {
	var work []func()
	if way, known := x.way(); known {
		work = append(work, func() {
			b := x.readBalancer(ctx, way)
			x.balancer = &b
		})
	}
	if x.group != nil {
		work = append(work, func() { x.readGroupAlarms(ctx, x.group) })
	}
	if x.service != nil {
		work = append(work, func() { x.readServiceAlarms(ctx, x.service) })
	}
	sideBySide(work...)
}

// underWay says that a deployment runs: what it has moved is no drift.
func (x *examination) underWay() bool {
	return (x.group != nil && len(x.group.underWay.of) > 0) || (x.service != nil && len(x.service.underWay.of) > 0)
}

// stagesCalled are all stages at which any function is called.
func (x *examination) stagesCalled() []lifecycle.Stage {
	var stages []lifecycle.Stage
	for _, f := range x.functions {
		stages = append(stages, slices.Concat(f.codeDeploy, f.ecs)...)
	}
	slices.Sort(stages)
	return slices.Compact(stages)
}

// report judges what was read.
func (x *examination) report() Report {
	r := Report{About: x.about(), Findings: []Finding{}, Unread: []string{}}
	if x.group != nil {
		r.add(x.judgeGroup())
	}
	if x.service != nil {
		r.add(x.judgeService())
	}
	if x.balancer != nil {
		r.add(x.judgeBalancer())
	}
	r.add(x.judgeHooks())
	for _, f := range x.functions {
		r.add(x.judgeFunction(f))
		r.add(x.judgeRoles(f))
		r.add(x.judgeNetwork(f))
		r.add(x.judgePlan(f))
	}
	r.Unread = append(r.Unread, x.unread()...)
	return r
}

func (r *Report) add(a area) { r.Findings = append(r.Findings, a.findings...) }

// unread names the subjects of which nothing is known.
func (x *examination) unread() []string {
	var names []string
	if x.group != nil && !x.group.info.got() {
		names = append(names, "the deployment group "+x.Application+"/"+x.Group)
	}
	if x.service != nil && !x.service.info.got() && !errors.As(x.service.info.err, new(*noServiceError)) {
		names = append(names, "the service "+x.Cluster+"/"+x.Service)
	}
	for _, f := range x.functions {
		if !f.config.got() && !notThere(f.config.err) {
			names = append(names, "the function "+appspec.FunctionName(f.given))
		}
	}
	return names
}

// about says in a line what was looked at.
func (x *examination) about() string {
	var parts []string
	if x.group != nil {
		parts = append(parts, "deployment group "+x.Application+"/"+x.Group)
	}
	if x.service != nil {
		parts = append(parts, "service "+x.Cluster+"/"+x.Service)
	}
	for _, f := range x.functions {
		parts = append(parts, "function "+appspec.FunctionName(f.given))
	}
	return strings.Join(parts, ", ") + " in " + x.region
}

// account is the account's number, as an ARN that was read has it.
func (x *examination) account() string {
	var arns []string
	for _, f := range x.functions {
		if f.config.got() {
			arns = append(arns, aws.ToString(f.config.of.FunctionArn))
		}
	}
	if x.group != nil && x.group.info.got() {
		arns = append(arns, aws.ToString(x.group.info.of.ServiceRoleArn))
	}
	for _, arn := range arns {
		if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
			return parts[4]
		}
	}
	return ""
}

// place is where policies' resources are.
func (x *examination) place(f *function) Place {
	return Place{
		Region: x.region, Account: x.account(), Application: x.Application, Group: x.Group, Cluster: x.Cluster, Service: x.Service,
		Function: f.given, Deployed: x.deployed(),
	}
}

// deployed is the Lambda function that the group deploys, empty where it isn't known.
func (x *examination) deployed() string {
	if x.group == nil {
		return ""
	}
	return x.group.deployed
}

// quoted is a text as a shell takes it for one word.
func quoted(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@=,+", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
