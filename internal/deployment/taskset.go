package deployment

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/greenlight-deploy/greenlight/internal/lifecycle"
)

// findSides finds green and blue of a service on ECS.
func (d *byCodeDeploy) findSides(ctx context.Context, t target, pair *types.TargetGroupPairInfo) *sides {
	s := &sides{clients: d.c, noWay: d.noWay(pair)}
	s.green.TaskDefinition = d.spec.TaskDefinition
	if s.noWay != "" {
		return s
	}
	s.production, s.test = newWay("production", listenerIn(pair.ProdTrafficRoute)), newWay("test", listenerIn(pair.TestTrafficRoute))
	var service ecsService
	var serviceErr, groupsErr, greenErr *ReadError
	var ways []*ReadError
	var images map[string]string
	sideBySide(
		func() { ways = d.c.readWays(ctx, s.production, s.test) },
		func() { s.groups, groupsErr = d.c.readGroups(ctx, groupNames(pair)) },
		func() { service, serviceErr = d.readService(ctx) },
		func() { images, greenErr = d.c.readImages(ctx, d.spec.TaskDefinition) },
	)
	s.failures.needed = append(s.failures.needed, ways...)
	switch {
	case groupsErr != nil:
		s.failures.needed = append(s.failures.needed, groupsErr)
	case len(s.groups) < 2:
		s.failures.answers = append(s.failures.answers, &answerError{"deployment group " + d.groupName(), "two target groups", setGreen})
	}
	s.failures.optionally(serviceErr)
	s.tell(d.deployment.ID, t, service)
	d.readLast(ctx, s, images, greenErr)
	return s
}

// noWay says why the listeners can't be found, with the remedy.
func (d *byCodeDeploy) noWay(pair *types.TargetGroupPairInfo) string {
	switch {
	case d.byCloudFormation():
		return "the deployment was made by CloudFormation's AWS::CodeDeployBlueGreen transform, which has no deployment group to read the listeners of: " + setGreen
	case !d.known:
		return "the deployment couldn't be read: " + setGreen
	case pair == nil && len(d.failures.needed) > 0:
		return "could not " + d.failures.needed[0].Error()
	case pair == nil:
		return fmt.Sprintf("deployment group %s has no pair of target groups with a production listener: %s", d.groupName(), setGreen)
	}
	return ""
}

func groupNames(pair *types.TargetGroupPairInfo) []string {
	var names []string
	for _, g := range pair.TargetGroups {
		if name := deref(g.Name); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// readLast reads what can only be asked for once green's group and both task definitions are known.
func (d *byCodeDeploy) readLast(ctx context.Context, s *sides, images map[string]string, greenErr *ReadError) {
	var blueErr, healthErr *ReadError
	asked := d.spec.TaskDefinition
	sideBySide(
		func() {
			if s.green.TaskDefinition != asked {
				images, greenErr = d.c.readImages(ctx, s.green.TaskDefinition)
			}
		},
		func() { s.blue.Images, blueErr = d.c.readImages(ctx, s.blue.TaskDefinition) },
		func() { healthErr = s.readHealth(ctx) },
	)
	s.green.Images = images
	s.green.Image, s.blue.Image = imageOf(images, d.spec.Container), imageOf(s.blue.Images, d.spec.Container)
	if greenErr != nil {
		s.green.lacks("image", "could not "+greenErr.Error())
	}
	if blueErr != nil {
		s.blue.lacks("image", "could not "+blueErr.Error())
	}
	s.failures.optionally(cmp.Or(greenErr, blueErr), healthErr)
}

// tell finds out which group is green's. ECS's task sets carry the deployment's id, and CodeDeploy labels the task sets of its
// target. The first that knows is believed, and where the other disagrees green can't be taken for proven.
func (s *sides) tell(deployment string, t target, service ecsService) {
	if len(s.groups) != 2 {
		return
	}
	byECS := s.tellByService(deployment, service)
	byTarget := s.tellByTarget(t)
	s.chose(cmp.Or(byECS, byTarget))
	if byECS.arn != "" && byTarget.arn != "" && byECS != byTarget {
		s.doubt = fmt.Sprintf("ECS has the task set of this deployment in %s, and CodeDeploy calls that in %s green", byECS.name, byTarget.name)
	}
}

func (s *sides) tellByService(deployment string, service ecsService) group {
	var green group
	for _, set := range service.TaskSets {
		if len(set.LoadBalancers) == 0 {
			continue
		}
		in := s.groupOf(set.LoadBalancers[0].TargetGroupARN)
		if !slices.Contains(s.groups, in) {
			continue
		}
		if set.ExternalID == deployment {
			green = in
			s.green.TaskDefinition = cmp.Or(set.TaskDefinition, s.green.TaskDefinition)
		} else if set.Status == "PRIMARY" || s.blue.TaskDefinition == "" {
			s.blue.TaskDefinition = set.TaskDefinition
		}
	}
	return green
}

func (s *sides) tellByTarget(t target) group {
	var green, blue group
	for _, set := range t.taskSets {
		if set.TargetGroup == nil {
			continue
		}
		switch set.TaskSetLabel {
		case types.TargetLabelGreen:
			green = s.groupNamed(deref(set.TargetGroup.Name))
		case types.TargetLabelBlue:
			blue = s.groupNamed(deref(set.TargetGroup.Name))
		}
	}
	if green.arn == "" && blue.arn != "" {
		return s.other(blue)
	}
	return green
}

// tellByProduction tells green's group where the task sets don't: until production is shifted it is the one without its
// traffic, and after that the one with all of it. The latter proves nothing: whatever has production would be green.
func (s *sides) tellByProduction(stage lifecycle.Stage) {
	if s.production == nil || s.greenGroup.arn != "" || len(s.groups) != 2 {
		return
	}
	for _, r := range s.production.leading(s.groups) {
		of := shares(r.Actions)
		for _, g := range s.groups {
			switch {
			case of[g.arn] == 0 || of[s.other(g).arn] != 0:
			case stage == lifecycle.AfterAllowTraffic:
				s.chose(g)
				s.doubt = "which group is green's is known from production's listener alone: neither ECS's task sets nor CodeDeploy's tell"
				return
			case stage != "":
				s.chose(s.other(g))
				return
			}
		}
	}
}

// imageOf is the image of a container, or of the only one.
func imageOf(images map[string]string, container string) string {
	if image := images[container]; image != "" {
		return image
	}
	if len(images) == 1 {
		for _, image := range images {
			return image
		}
	}
	return ""
}
