package codedeploy_test

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
)

func TestAnApplicationGoesByItsNewName(t *testing.T) {
	w := newWorld(t, nil)
	client, _ := serve(t, w, 1)
	ctx := t.Context()
	id := w.deploy(t, nil).ID
	before, err := client.GetApplication(ctx, &sdk.GetApplicationInput{ApplicationName: aws.String("shop")})
	if err != nil {
		t.Fatal(err)
	}
	group := "arn:aws:codedeploy:us-east-1:123456789012:deploymentgroup:shop/shop-group"
	if _, err := client.TagResource(ctx, &sdk.TagResourceInput{ResourceArn: &group, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("cart")}}}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time under the name that it has, which is no change
		if _, err := client.UpdateApplication(ctx, &sdk.UpdateApplicationInput{ApplicationName: before.Application.ApplicationName, NewApplicationName: aws.String("store")}); err != nil {
			t.Fatal(err)
		}
		before.Application.ApplicationName = aws.String("store")
	}
	got, err := client.BatchGetApplications(ctx, &sdk.BatchGetApplicationsInput{ApplicationNames: []string{"store"}})
	if err != nil || len(got.ApplicationsInfo) != 1 || *got.ApplicationsInfo[0].ApplicationId != *before.Application.ApplicationId {
		t.Errorf("got %+v, %v", got, err)
	}
	d, err := client.GetDeployment(ctx, &sdk.GetDeploymentInput{DeploymentId: &id})
	if err != nil || *d.DeploymentInfo.ApplicationName != "store" {
		t.Errorf("got %+v, %v", d, err)
	}
	renamed := "arn:aws:codedeploy:us-east-1:123456789012:deploymentgroup:store/shop-group"
	tags, err := client.ListTagsForResource(ctx, &sdk.ListTagsForResourceInput{ResourceArn: &renamed})
	if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].Value != "cart" {
		t.Errorf("tags: %+v, %v", tags, err)
	}
	_, err = client.UpdateApplication(ctx, &sdk.UpdateApplicationInput{ApplicationName: aws.String("shop"), NewApplicationName: aws.String("x")})
	wantType[*types.ApplicationDoesNotExistException](t, err)
	_, err = client.BatchGetApplications(ctx, &sdk.BatchGetApplicationsInput{ApplicationNames: []string{"store", "shop"}})
	wantType[*types.ApplicationDoesNotExistException](t, err)
}

func TestTagsGoWithWhatHasThem(t *testing.T) {
	w := neighbours(t)
	client, _ := serve(t, w, 1)
	ctx := t.Context()
	tag := func(key, value string) []types.Tag { return []types.Tag{{Key: &key, Value: &value}} }
	create := func() {
		if _, err := client.CreateApplication(ctx, &sdk.CreateApplicationInput{
			ApplicationName: aws.String("cart"), ComputePlatform: types.ComputePlatformEcs, Tags: tag("team", "cart"),
		}); err != nil {
			t.Fatal(err)
		}
		in := cartGroup(w)
		in.Tags = tag("stage", "test")
		if _, err := client.CreateDeploymentGroup(ctx, in); err != nil {
			t.Fatal(err)
		}
	}
	application, group := "arn:aws:codedeploy:us-east-1:123456789012:application:cart", "arn:aws:codedeploy:us-east-1:123456789012:deploymentgroup:cart/cart-group"
	list := func(arn string) map[string]string {
		out, err := client.ListTagsForResource(ctx, &sdk.ListTagsForResourceInput{ResourceArn: &arn})
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]string{}
		for _, tag := range out.Tags {
			found[*tag.Key] = *tag.Value
		}
		return found
	}
	create()
	if _, err := client.TagResource(ctx, &sdk.TagResourceInput{ResourceArn: &group, Tags: append(tag("stage", "prod"), tag("cost", "7")...)}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"stage": "prod", "cost": "7"}, list(group)); diff != "" {
		t.Errorf("the group's tags (-want +got):\n%s", diff)
	}
	if _, err := client.UntagResource(ctx, &sdk.UntagResourceInput{ResourceArn: &application, TagKeys: []string{"team"}}); err != nil {
		t.Fatal(err)
	}
	if got := list(application); len(got) != 0 {
		t.Errorf("the application's tags: %v", got)
	}
	if _, err := client.DeleteApplication(ctx, &sdk.DeleteApplicationInput{ApplicationName: aws.String("cart")}); err != nil {
		t.Fatal(err)
	}
	create()
	if diff := cmp.Diff(map[string]string{"stage": "test"}, list(group)); diff != "" {
		t.Errorf("tags of another group of that name (-want +got):\n%s", diff)
	}
}

func TestRevisionsAreListed(t *testing.T) {
	w := newWorld(t, nil)
	client, _ := serve(t, w, 1)
	ctx := t.Context()
	deployed, registered := codedeploy.AppSpec{TaskDefinition: "shop:2"}, codedeploy.AppSpec{TaskDefinition: "shop:3"}
	id, err := w.CreateDeployment(codedeploy.DeploymentRequest{Application: "shop", Group: "shop-group", AppSpec: deployed})
	if err != nil {
		t.Fatal(err)
	}
	w.wait(t, id)
	// CloudFormation registers what it deploys as a String.
	if _, err := client.RegisterApplicationRevision(ctx, &sdk.RegisterApplicationRevisionInput{ApplicationName: aws.String("shop"), Revision: &types.RevisionLocation{
		RevisionType: types.RevisionLocationTypeString, String_: &types.RawString{Content: aws.String(registered.Content())},
	}}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		why  string
		in   sdk.ListApplicationRevisionsInput
		want []string
	}{
		{"all", sdk.ListApplicationRevisionsInput{}, []string{deployed.SHA256(), registered.SHA256()}},
		{"the latest first", sdk.ListApplicationRevisionsInput{SortOrder: types.SortOrderDescending}, []string{registered.SHA256(), deployed.SHA256()}},
		{"never deployed first", sdk.ListApplicationRevisionsInput{SortBy: types.ApplicationRevisionSortByLastUsedTime}, []string{registered.SHA256(), deployed.SHA256()}},
		{"deployed", sdk.ListApplicationRevisionsInput{Deployed: types.ListStateFilterActionInclude}, []string{deployed.SHA256()}},
		{"never deployed", sdk.ListApplicationRevisionsInput{Deployed: types.ListStateFilterActionExclude}, []string{registered.SHA256()}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			tt.in.ApplicationName = aws.String("shop")
			out, err := client.ListApplicationRevisions(ctx, &tt.in)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range out.Revisions {
				got = append(got, digestOf(r))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
	list, err := client.ListApplicationRevisions(ctx, &sdk.ListApplicationRevisionsInput{ApplicationName: aws.String("shop")})
	if err != nil {
		t.Fatal(err)
	}
	unknown := types.RevisionLocation{RevisionType: types.RevisionLocationTypeString, String_: &types.RawString{Sha256: aws.String("00")}}
	batch, err := client.BatchGetApplicationRevisions(ctx, &sdk.BatchGetApplicationRevisionsInput{ApplicationName: aws.String("shop"), Revisions: append(list.Revisions, unknown)})
	if err != nil || len(batch.Revisions) != 2 || aws.ToString(batch.ErrorMessage) == "" {
		t.Fatalf("got %+v, %v", batch, err)
	}
	if one := batch.Revisions[0]; *one.RevisionLocation.AppSpecContent.Content != deployed.Content() || one.GenericRevisionInfo.LastUsedTime == nil {
		t.Errorf("deployed: %+v", one)
	}
	if two := batch.Revisions[1]; two.RevisionLocation.RevisionType != types.RevisionLocationTypeString || *two.RevisionLocation.String_.Content != registered.Content() { //nolint:staticcheck // CloudFormation's
		t.Errorf("registered: %+v", two)
	}
}

func digestOf(r types.RevisionLocation) string {
	if r.RevisionType == types.RevisionLocationTypeString {
		return *r.String_.Sha256 //nolint:staticcheck // CloudFormation's
	}
	return *r.AppSpecContent.Sha256
}

func TestAGroupShowsWhatItWasGivenToKeep(t *testing.T) {
	w := neighbours(t)
	client, _ := serve(t, w, 1)
	ctx := t.Context()
	if err := w.CreateApplication("cart", codedeploy.PlatformECS); err != nil {
		t.Fatal(err)
	}
	in := cartGroup(w)
	in.AlarmConfiguration = &types.AlarmConfiguration{Enabled: true, Alarms: []types.Alarm{{Name: aws.String("5xx")}}}
	in.TriggerConfigurations = []types.TriggerConfig{{TriggerName: aws.String("tell"), TriggerTargetArn: aws.String("arn:aws:sns:us-east-1:123456789012:x"), TriggerEvents: []types.TriggerEventType{types.TriggerEventTypeDeploymentFailure}}}
	if _, err := client.CreateDeploymentGroup(ctx, in); err != nil {
		t.Fatal(err)
	}
	name := &sdk.GetDeploymentGroupInput{ApplicationName: aws.String("cart"), DeploymentGroupName: aws.String("cart-group")}
	first, err := client.GetDeploymentGroup(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.UpdateDeploymentGroup(ctx, &sdk.UpdateDeploymentGroupInput{
		ApplicationName: name.ApplicationName, CurrentDeploymentGroupName: name.DeploymentGroupName, NewDeploymentGroupName: aws.String("renamed"),
		TriggerConfigurations: []types.TriggerConfig{}, OutdatedInstancesStrategy: types.OutdatedInstancesStrategyIgnore,
	}); err != nil {
		t.Fatal(err)
	}
	name.DeploymentGroupName = aws.String("renamed")
	got, err := client.GetDeploymentGroup(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	g := got.DeploymentGroupInfo
	if diff := cmp.Diff(in.AlarmConfiguration, g.AlarmConfiguration, ignoreUnexported()); diff != "" {
		t.Errorf("alarms (-given +got):\n%s", diff)
	}
	if diff := cmp.Diff(in.TriggerConfigurations, first.DeploymentGroupInfo.TriggerConfigurations, ignoreUnexported()); diff != "" || len(g.TriggerConfigurations) != 0 {
		t.Errorf("triggers afterwards: %v; before (-given +got):\n%s", g.TriggerConfigurations, diff)
	}
	if g.OutdatedInstancesStrategy != types.OutdatedInstancesStrategyIgnore || *g.DeploymentGroupId != *first.DeploymentGroupInfo.DeploymentGroupId {
		t.Errorf("got %+v", g)
	}
}

func TestADeploymentShowsItsOptionsAndWhatWasBefore(t *testing.T) {
	w := newWorld(t, func(g *codedeploy.Group) { g.TerminationWait = time.Hour })
	client, _ := serve(t, w, 1)
	ctx := t.Context()
	waiting := make(chan string)
	last := ""
	w.onChange = func(c codedeploy.Change) {
		skipped := c.Deployment.Event(codedeploy.AfterAllowTraffic).Status == codedeploy.EventSkipped
		if id := c.Deployment.ID; c.Event == nil && skipped && id != last {
			last = id
			waiting <- id
		}
	}
	deploy := func(definition string) *types.DeploymentInfo {
		content := codedeploy.AppSpec{TaskDefinition: definition}.Content()
		made, err := client.CreateDeployment(ctx, &sdk.CreateDeploymentInput{
			ApplicationName: aws.String("shop"), DeploymentGroupName: aws.String("shop-group"), FileExistsBehavior: types.FileExistsBehaviorOverwrite,
			Revision:                      &types.RevisionLocation{RevisionType: types.RevisionLocationTypeAppSpecContent, AppSpecContent: &types.AppSpecContent{Content: &content}},
			IgnoreApplicationStopFailures: true, OverrideAlarmConfiguration: &types.AlarmConfiguration{IgnorePollAlarmFailure: true},
		})
		if err != nil {
			t.Fatal(err)
		}
		id := <-waiting
		during, err := client.GetDeployment(ctx, &sdk.GetDeploymentInput{DeploymentId: made.DeploymentId})
		if err != nil || !during.DeploymentInfo.InstanceTerminationWaitTimeStarted {
			t.Errorf("while blue waits for its end: %+v, %v", during, err)
		}
		//nolint:staticcheck // deprecated, and still sent by older tools
		if _, err := client.SkipWaitTimeForInstanceTermination(ctx, &sdk.SkipWaitTimeForInstanceTerminationInput{DeploymentId: made.DeploymentId}); err != nil {
			t.Fatal(err)
		}
		w.wait(t, id)
		return during.DeploymentInfo
	}
	first, second := deploy("shop:2"), deploy("shop:3")
	if first.PreviousRevision != nil || digestOf(*second.PreviousRevision) != digestOf(*first.Revision) {
		t.Errorf("before the first: %+v; before the second: %+v", first.PreviousRevision, second.PreviousRevision)
	}
	if !second.IgnoreApplicationStopFailures || second.FileExistsBehavior != types.FileExistsBehaviorOverwrite || !second.OverrideAlarmConfiguration.IgnorePollAlarmFailure || second.UpdateOutdatedInstancesOnly {
		t.Errorf("options: %+v", second)
	}
	target, err := client.GetDeploymentTarget(ctx, &sdk.GetDeploymentTargetInput{DeploymentId: first.DeploymentId, TargetId: aws.String("cluster:shop")})
	if err != nil {
		t.Fatal(err)
	}
	for _, set := range target.DeploymentTarget.EcsTarget.TaskSetsInfo {
		if ended := set.TaskSetLabel == types.TargetLabelBlue; *set.Status == "DRAINING" && (set.TrafficWeight != 0 || set.RunningCount != 0) || ended && *set.Status != "DRAINING" {
			t.Errorf("after another deployment: %+v", set)
		}
	}
}

func TestWhatTheOperationsOfASetUpAreRefusedFor(t *testing.T) {
	w := newWorld(t, nil)
	client, _ := serve(t, w, 1)
	ctx := t.Context()
	shop := "arn:aws:codedeploy:us-east-1:123456789012:application:shop"
	tags := func(keys ...string) []types.Tag {
		list := []types.Tag{}
		for _, key := range keys {
			list = append(list, types.Tag{Key: aws.String(key)})
		}
		return list
	}
	tag := func(arn string, list []types.Tag) error {
		_, err := client.TagResource(ctx, &sdk.TagResourceInput{ResourceArn: &arn, Tags: list})
		return err
	}
	list := func(in sdk.ListApplicationRevisionsInput) error {
		in.ApplicationName = aws.String("shop")
		_, err := client.ListApplicationRevisions(ctx, &in)
		return err
	}
	_, untag := client.UntagResource(ctx, &sdk.UntagResourceInput{ResourceArn: &shop, TagKeys: []string{}})
	_, noNames := client.BatchGetApplications(ctx, &sdk.BatchGetApplicationsInput{ApplicationNames: []string{}})
	_, manyNames := client.BatchGetApplications(ctx, &sdk.BatchGetApplicationsInput{ApplicationNames: slices.Repeat([]string{"shop"}, 101)})
	_, noRevisions := client.BatchGetApplicationRevisions(ctx, &sdk.BatchGetApplicationRevisionsInput{ApplicationName: aws.String("shop"), Revisions: []types.RevisionLocation{}})
	_, tagged := client.CreateApplication(ctx, &sdk.CreateApplicationInput{ApplicationName: aws.String("x"), ComputePlatform: types.ComputePlatformEcs, Tags: tags("a", "a")})
	_, files := client.CreateDeployment(ctx, &sdk.CreateDeploymentInput{ApplicationName: aws.String("shop"), FileExistsBehavior: "BURN"})
	_, skip := client.SkipWaitTimeForInstanceTermination(ctx, &sdk.SkipWaitTimeForInstanceTerminationInput{DeploymentId: aws.String("d-ABCDEFGH0")}) //nolint:staticcheck // as above
	if err := w.CreateApplication("cart", codedeploy.PlatformECS); err != nil {
		t.Fatal(err)
	}
	_, taken := client.UpdateApplication(ctx, &sdk.UpdateApplicationInput{ApplicationName: aws.String("cart"), NewApplicationName: aws.String("shop")})
	for _, tt := range []struct {
		why  string
		err  error
		want smithy.APIError
	}{
		{"no ARN", tag("", tags("a")), &types.ResourceArnRequiredException{}},
		{"an ARN of another service", tag("arn:aws:ecs:us-east-1:123456789012:service/a/b", tags("a")), &types.InvalidArnException{}},
		{"a deployment configuration", tag("arn:aws:codedeploy:us-east-1:123456789012:deploymentconfig:x", tags("a")), &types.ArnNotSupportedException{}},
		{"an application that isn't there", tag(shop+"x", tags("a")), &types.ApplicationDoesNotExistException{}},
		{"no tags", tag(shop, tags()), &types.TagRequiredException{}},
		{"a tag twice", tag(shop, tags("a", "a")), &types.InvalidTagsToAddException{}},
		{"no keys", untag, &types.TagRequiredException{}},
		{"tags of an application that is created", tagged, &types.InvalidTagsToAddException{}},
		{"no applications", noNames, &types.ApplicationNameRequiredException{}},
		{"too many applications", manyNames, &types.BatchLimitExceededException{}},
		{"no revisions", noRevisions, &types.RevisionRequiredException{}},
		{"an order by size", list(sdk.ListApplicationRevisionsInput{SortBy: "size"}), &types.InvalidSortByException{}},
		{"an order of nobody's", list(sdk.ListApplicationRevisionsInput{SortOrder: "sideways"}), &types.InvalidSortOrderException{}},
		{"a filter of nobody's", list(sdk.ListApplicationRevisionsInput{Deployed: "perhaps"}), &types.InvalidDeployedStateFilterException{}},
		{"files that are burned", files, &types.InvalidFileExistsBehaviorException{}},
		{"the end of a wait of no deployment", skip, &types.DeploymentDoesNotExistException{}},
		{"a name that is taken", taken, &types.ApplicationAlreadyExistsException{}},
	} {
		t.Run(tt.why, func(t *testing.T) { wantSame(t, tt.err, tt.want) })
	}
}
