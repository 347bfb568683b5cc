package deployment

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/greenlight-deploy/greenlight/hook"
	"github.com/greenlight-deploy/greenlight/internal/appspec"
)

// byCodeDeploy is what is read of a deployment by CodeDeploy.
type byCodeDeploy struct {
	c *Clients
	s Settings

	deployment Deployment
	failures   failures

	info      types.DeploymentInfo
	known     bool // info has been read
	targetIDs []string
	target    target
	spec      appspec.Spec
	specWhy   string     // why spec is empty
	specErr   *ReadError // that is why
	stageNote string
}

// FirstReads is how many calls of CodeDeploy Describe makes first, side by side. Each needs a connection: its endpoint speaks HTTP/1.1.
const FirstReads = 2

// describeCodeDeploy reads in the order in which one answer is needed for the next question: the deployment and the targets'
// ids; the targets, the AppSpec and the group; then what they name.
func describeCodeDeploy(ctx context.Context, c *Clients, e hook.Execution, s Settings) (Deployment, error) {
	d := &byCodeDeploy{c: c, s: s, deployment: Deployment{ID: e.DeploymentID}}
	sideBySide(func() { d.readDeployment(ctx) }, func() { d.readTargetIDs(ctx) })
	d.introduce()
	if over := d.deploymentOver(); over != "" { // and so is the event, be it a duplicate or a late retry
		d.deployment.Closed, d.deployment.Stage, d.deployment.Platform = over, s.Known, d.platform()
		return d.deployment, d.deployment.settle(s, nil, failures{})
	}
	named, unread := d.deployment, d.failures.fatal()
	var pair *types.TargetGroupPairInfo
	var targetErr *ReadError
	var planErr error
	sideBySide(
		func() { pair, targetErr = d.readRest(ctx) },
		func() { planErr = d.s.ask(ctx, named) },
	)
	if planErr != nil {
		if unread != nil {
			planErr = fmt.Errorf("%w; could not %w", planErr, unread)
		}
		return d.deployment, planErr
	}
	s = d.s
	d.deployment.Platform = d.platform()
	d.introduceTarget()
	var stageErr error
	var found *sides
	first := d.target // while the event is awaited, the target is read again
	sideBySide(
		func() { stageErr = d.findStage(ctx, targetErr) },
		func() {
			switch d.deployment.Platform {
			case CodeDeployECS:
				found = d.findSides(ctx, first, pair)
			case CodeDeployLambda:
				found = d.findVersions(first)
			}
		},
	)
	if d.stageNote != "" {
		d.deployment.Notes = append(d.deployment.Notes, d.stageNote)
	}
	if found != nil {
		d.failures.join(found.failures)
		found.place(&d.deployment)
	}
	err := d.deployment.settle(s, found, d.failures)
	if stageErr != nil {
		err = stageErr
	}
	return d.deployment, err
}

// readRest reads what the deployment and its targets' ids lead to. Why the targets can't be read is findStage's to say.
func (d *byCodeDeploy) readRest(ctx context.Context) (pair *types.TargetGroupPairInfo, targetErr *ReadError) {
	var groupErr *ReadError
	sideBySide(
		func() { targetErr = d.readTarget(ctx) },
		func() { d.readAppSpec(ctx) },
		func() { pair, groupErr = d.readPair(ctx) },
	)
	if groupErr != nil && !d.byCloudFormation() {
		d.failures.needed = append(d.failures.needed, groupErr)
	}
	d.failures.optionally(d.specErr)
	return pair, targetErr
}

func (d *byCodeDeploy) readDeployment(ctx context.Context) {
	out, err := d.c.getDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: &d.deployment.ID})
	if err != nil {
		d.failures.needed = append(d.failures.needed, &ReadError{
			Reading: "deployment " + d.deployment.ID, Action: actionDeployment, Remedy: setGreen, Err: err,
		})
		return
	}
	if out.DeploymentInfo == nil {
		d.failures.answers = append(d.failures.answers, &answerError{"deployment " + d.deployment.ID, "deploymentInfo", setGreen})
		return
	}
	d.info, d.known = *out.DeploymentInfo, true
}

// readTargetIDs leaves the ids empty where they can't be read: readTarget says so.
func (d *byCodeDeploy) readTargetIDs(ctx context.Context) {
	ids, err := pages(func(token *string) ([]string, *string, error) {
		out, err := d.c.listTargets(ctx, &codedeploy.ListDeploymentTargetsInput{DeploymentId: &d.deployment.ID, NextToken: token})
		if err != nil {
			return nil, nil, err
		}
		return out.TargetIds, out.NextToken, nil
	})
	if err != nil {
		d.target.err = &ReadError{Reading: "the targets of deployment " + d.deployment.ID, Action: actionTargetIDs, Err: err}
	}
	d.targetIDs = ids
}

// introduce takes over what GetDeployment says of the deployment itself.
func (d *byCodeDeploy) introduce() {
	into := &d.deployment
	into.Application, into.Group = deref(d.info.ApplicationName), deref(d.info.DeploymentGroupName)
	into.Description, into.Creator = deref(d.info.Description), string(d.info.Creator)
	// A rollback by CodeDeploy says so twice, and is known by either.
	// https://docs.aws.amazon.com/codedeploy/latest/userguide/deployments-rollback-and-redeploy.html
	triggered := d.info.RollbackInfo != nil && deref(d.info.RollbackInfo.RollbackTriggeringDeploymentId) != ""
	into.Rollback = triggered || slices.Contains([]types.DeploymentCreator{
		types.DeploymentCreatorCodeDeployRollback, types.DeploymentCreatorCloudFormationRollback,
	}, d.info.Creator)
}

// byCloudFormation says that CloudFormation's transform has made the deployment, which has no group of the user's.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/blue-green.html
func (d *byCodeDeploy) byCloudFormation() bool {
	return d.target.cloudFormation || d.createdByCloudFormation()
}

func (d *byCodeDeploy) createdByCloudFormation() bool {
	return strings.HasPrefix(string(d.info.Creator), string(types.DeploymentCreatorCloudFormation))
}

func (d *byCodeDeploy) platform() Platform {
	switch {
	case d.info.ComputePlatform == types.ComputePlatformEcs, d.target.taskSets != nil, d.byCloudFormation():
		return CodeDeployECS
	case d.info.ComputePlatform == types.ComputePlatformLambda, d.target.function != nil:
		return CodeDeployLambda
	case d.info.ComputePlatform == types.ComputePlatformServer:
		return Servers
	}
	switch {
	case d.target.ecs:
		return CodeDeployECS
	case d.target.lambda:
		return CodeDeployLambda
	}
	return Unknown
}

// introduceTarget takes cluster and service from the target's id, which CodeDeploy makes of both.
//
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_BatchGetDeploymentTargets.html
func (d *byCodeDeploy) introduceTarget() {
	if d.deployment.Platform != CodeDeployECS || d.byCloudFormation() {
		return
	}
	for _, id := range d.targetIDs {
		if cluster, service, ok := strings.Cut(id, ":"); ok && d.deployment.Service == "" {
			d.deployment.Cluster, d.deployment.Service = cluster, service
		}
	}
}

// readPair finds the pair of target groups and the listeners. The deployment itself has them, as they were when it was
// created; its group is asked where it hasn't.
func (d *byCodeDeploy) readPair(ctx context.Context) (*types.TargetGroupPairInfo, *ReadError) {
	if !d.known || d.info.ComputePlatform != types.ComputePlatformEcs && d.info.ComputePlatform != "" || d.createdByCloudFormation() {
		return nil, nil
	}
	if pair := pairOf(d.info.LoadBalancerInfo); pair != nil {
		return pair, nil
	}
	if d.deployment.Application == "" || d.deployment.Group == "" {
		return nil, nil
	}
	out, err := d.c.getGroup(ctx, &codedeploy.GetDeploymentGroupInput{
		ApplicationName: d.info.ApplicationName, DeploymentGroupName: d.info.DeploymentGroupName,
	})
	if err != nil {
		return nil, &ReadError{Reading: "deployment group " + d.groupName(), Action: actionGroup, Remedy: setGreen, Err: err}
	}
	if out.DeploymentGroupInfo == nil {
		return nil, nil
	}
	for _, service := range out.DeploymentGroupInfo.EcsServices {
		if len(d.targetIDs) == 0 && d.deployment.Service == "" {
			d.deployment.Cluster, d.deployment.Service = deref(service.ClusterName), deref(service.ServiceName)
		}
	}
	return pairOf(out.DeploymentGroupInfo.LoadBalancerInfo), nil
}

// pairOf is the pair of target groups; a group has at most one.
//
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_LoadBalancerInfo.html
func pairOf(info *types.LoadBalancerInfo) *types.TargetGroupPairInfo {
	if info == nil || len(info.TargetGroupPairInfoList) == 0 || listenerIn(info.TargetGroupPairInfoList[0].ProdTrafficRoute) == "" {
		return nil
	}
	return &info.TargetGroupPairInfoList[0]
}

func listenerIn(route *types.TrafficRoute) string {
	if route == nil || len(route.ListenerArns) == 0 {
		return ""
	}
	return route.ListenerArns[0]
}

func (d *byCodeDeploy) groupName() string {
	return strings.Trim(d.deployment.Application+"/"+d.deployment.Group, "/")
}

// readAppSpec reads the deployment's AppSpec, or says why it can't be. That is no failure by itself.
func (d *byCodeDeploy) readAppSpec(ctx context.Context) {
	if !d.known || d.info.ComputePlatform == types.ComputePlatformServer {
		d.specWhy = "the deployment's revision isn't known"
		return
	}
	if spec, ok := d.c.specs.get(d.deployment.ID); ok {
		d.spec = spec
		return
	}
	content, why := d.specText(ctx)
	if why != "" {
		d.specWhy = why
		return
	}
	spec, err := appspec.Parse(content)
	if err != nil {
		d.specWhy = err.Error()
		return
	}
	d.spec = spec
	d.c.specs.put(d.deployment.ID, spec)
}

// specText finds the AppSpec's text in the deployment, or else in the revision that it names.
func (d *byCodeDeploy) specText(ctx context.Context) (text, why string) {
	if text := contentOf(d.info.Revision); text != "" {
		return text, ""
	}
	if d.info.Revision == nil {
		return "", "the deployment names no revision"
	}
	if at := d.info.Revision.S3Location; at != nil {
		return "", fmt.Sprintf("the AppSpec stands in s3://%s/%s, which isn't read", deref(at.Bucket), deref(at.Key))
	}
	if d.deployment.Application == "" {
		return "", "the deployment names no application, whose revision has the AppSpec"
	}
	out, err := d.c.getRevision(ctx, &codedeploy.GetApplicationRevisionInput{
		ApplicationName: d.info.ApplicationName, Revision: d.info.Revision,
	})
	if err != nil {
		d.specErr = &ReadError{Reading: "the AppSpec", Action: actionRevision, Err: err}
		return "", "could not " + d.specErr.Error()
	}
	if text := contentOf(out.Revision); text != "" {
		return text, ""
	}
	return "", "the deployment's revision has no text of an AppSpec"
}

func contentOf(r *types.RevisionLocation) string {
	if r == nil {
		return ""
	}
	if r.AppSpecContent != nil && deref(r.AppSpecContent.Content) != "" {
		return *r.AppSpecContent.Content
	}
	if r.String_ != nil { //nolint:staticcheck // deprecated, and what CloudFormation still makes for Lambda
		return deref(r.String_.Content) //nolint:staticcheck // likewise
	}
	return ""
}
