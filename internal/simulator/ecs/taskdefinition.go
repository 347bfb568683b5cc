package ecs

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// taskDefinition is a revision of a family. What a task is made of is its own business and
// kept as it was registered.
type taskDefinition struct {
	arn, family string
	name        string // by which its tasks are started
	revision    int
	registered  time.Time
	// deregistered is zero as long as it is ACTIVE.
	deregistered time.Time
	fields       map[string]json.RawMessage
}

// The statuses of a task definition.
const (
	definitionActive   = "ACTIVE"
	definitionInactive = "INACTIVE"
)

func (t *taskDefinition) status() string {
	if t.deregistered.IsZero() {
		return definitionActive
	}
	return definitionInactive
}

// registerTaskDefinition adds a revision to its family.
func (s *Scheduler) registerTaskDefinition(fields map[string]json.RawMessage) (*taskDefinition, error) {
	var family string
	var containers []struct{ Name, Image string }
	for name, into := range map[string]any{"family": &family, "containerDefinitions": &containers} {
		if len(fields[name]) == 0 {
			return nil, refuse(ClientError, "The request needs %s.", name)
		}
		if err := json.Unmarshal(fields[name], into); err != nil {
			return nil, refuse(SerializationFailed, "%s can't be read: %v", name, err)
		}
	}
	if family == "" || len(containers) == 0 {
		return nil, refuse(ClientError, "A task definition needs a family and at least one container definition.")
	}
	var tags []wireTag
	if text := fields["tags"]; text != nil {
		if err := json.Unmarshal(text, &tags); err != nil {
			return nil, refuse(SerializationFailed, "tags can't be read: %v", err)
		}
	}
	if err := checkTags(tags); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &taskDefinition{
		family: family, revision: len(s.definitions[family]) + 1, registered: s.config.Clock.Now(), fields: fields,
	}
	t.arn = fmt.Sprintf("%s:%d", s.arn("task-definition", family), t.revision)
	t.name = t.arn
	s.definitions[family] = append(s.definitions[family], t)
	s.tags[t.arn] = tags // beside the task definition
	delete(fields, "tags")
	return t, nil
}

// findTaskDefinition looks one up by family, by family:revision or by ARN.
func (s *Scheduler) findTaskDefinition(name string) (*taskDefinition, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lookUpTaskDefinition(name)
}

// lookUpTaskDefinition does that for who holds the lock.
func (s *Scheduler) lookUpTaskDefinition(name string) (*taskDefinition, error) {
	family, number, numbered := strings.Cut(shortName(name), ":")
	revisions := s.definitions[family]
	// A family alone means its latest revision that is ACTIVE.
	revision := len(revisions)
	for !numbered && revision > 0 && revisions[revision-1].status() != definitionActive {
		revision--
	}
	if numbered {
		var err error
		if revision, err = strconv.Atoi(number); err != nil {
			revision = 0
		}
	}
	if revision >= 1 && revision <= len(revisions) {
		return revisions[revision-1], nil
	}
	if t := s.deployedDefinition(name); t != nil {
		return t, nil
	}
	return nil, refuse(ClientError, "Unable to describe task definition.")
}

// deployedDefinition describes a task definition that a service has and that nobody has registered, as
// those that a scenario starts with: hooks look them up all the same. Its image is its name. It is nil
// where no service has it; the caller holds the lock.
func (s *Scheduler) deployedDefinition(name string) *taskDefinition {
	arn := s.definitionARN(name)
	for _, svc := range s.services {
		for _, known := range svc.definitions() {
			if s.definitionARN(known) != arn {
				continue
			}
			family, number, _ := strings.Cut(shortName(arn), ":")
			revision, _ := strconv.Atoi(number) // 0 for what isn't one
			container, _ := json.Marshal([]map[string]any{{"name": cmp.Or(svc.ContainerName, "app"), "image": known, "essential": true}})
			return &taskDefinition{
				arn: arn, name: known, family: family, revision: revision, registered: svc.created,
				fields: map[string]json.RawMessage{"containerDefinitions": container},
			}
		}
	}
	return nil
}

// definitions are those that the service has or had.
func (svc *service) definitions() []string {
	names := []string{svc.TaskDefinition}
	for _, d := range svc.deployments {
		names = append(names, d.target.TaskDefinition)
	}
	for _, r := range svc.revisions() {
		names = append(names, r.TaskDefinition)
	}
	for _, set := range svc.taskSets {
		names = append(names, set.TaskDefinition)
	}
	return names
}

// definitionARN is the ARN of a task definition that is given by it or by its name: the API shows no
// other.
func (s *Scheduler) definitionARN(name string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	if !strings.Contains(name, ":") {
		name += ":1"
	}
	return s.arn("task-definition", name)
}

// wire is the task definition as the API shows it; the caller holds the lock.
func (t *taskDefinition) wire() map[string]any {
	w := map[string]any{"volumes": []any{}, "placementConstraints": []any{}}
	for name, value := range t.fields {
		w[name] = value
	}
	w["taskDefinitionArn"], w["family"], w["revision"] = t.arn, t.family, t.revision
	w["status"], w["registeredAt"], w["compatibilities"] = t.status(), seconds(t.registered), t.compatibilities()
	if !t.deregistered.IsZero() {
		w["deregisteredAt"] = seconds(t.deregistered)
	}
	return w
}

// compatibilities are the launch types that could run it: Fargate asks for some things in the task definition.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html.
func (t *taskDefinition) compatibilities() []string {
	if string(t.fields["networkMode"]) == `"awsvpc"` && t.fields["cpu"] != nil && t.fields["memory"] != nil {
		return []string{"EC2", launchType}
	}
	return []string{"EC2"}
}

// containerImages are the images of a task definition's containers; the caller holds the lock.
func (s *Scheduler) containerImages(name string) []wireImage {
	images := []wireImage{}
	t, err := s.lookUpTaskDefinition(s.definitionARN(name))
	if err != nil {
		return images
	}
	var containers []struct{ Name, Image string }
	_ = json.Unmarshal(t.fields["containerDefinitions"], &containers) // read when it was registered
	for _, c := range containers {
		images = append(images, wireImage{c.Name, c.Image})
	}
	return images
}

// activeTaskDefinition looks one up that services may be given.
func (s *Scheduler) activeTaskDefinition(name string) (*taskDefinition, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.lookUpTaskDefinition(name)
	if err == nil && t.status() != definitionActive {
		err = refuse(ClientError, "TaskDefinition is inactive")
	}
	if err != nil {
		return nil, err
	}
	return t, nil
}

// deregisterTaskDefinition makes a revision INACTIVE. What runs of it goes on:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterTaskDefinition.html.
func (s *Scheduler) deregisterTaskDefinition(in taskDefinitionName) (map[string]any, error) {
	if !strings.Contains(shortName(in.TaskDefinition), ":") {
		return nil, refuse(ClientError, "The task definition %q must be named with its revision, as family:revision or by its ARN.", in.TaskDefinition)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.lookUpTaskDefinition(in.TaskDefinition)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(s.definitions[t.family], t) {
		return nil, refuse(ClientError, "The task definition %s was not registered: it came with a service.", t.arn)
	}
	if t.status() == definitionActive {
		t.deregistered = s.config.Clock.Now()
	}
	return map[string]any{"taskDefinition": t.wire()}, nil
}

// seconds is a time as the API writes it: seconds since 1970, with milliseconds.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
