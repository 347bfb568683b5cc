package ecs

import (
	"cmp"
	"encoding/json"
	"fmt"
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
	fields      map[string]json.RawMessage
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
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &taskDefinition{
		family: family, revision: len(s.definitions[family]) + 1, registered: s.config.Clock.Now(), fields: fields,
	}
	t.arn = fmt.Sprintf("%s:%d", s.arn("task-definition", family), t.revision)
	t.name = t.arn
	s.definitions[family] = append(s.definitions[family], t)
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
	revision := len(revisions)
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

// wire is the task definition as the API shows it.
func (t *taskDefinition) wire() map[string]any {
	w := map[string]any{}
	for name, value := range t.fields {
		if name != "tags" { // they stand beside the task definition
			w[name] = value
		}
	}
	w["taskDefinitionArn"], w["family"], w["revision"] = t.arn, t.family, t.revision
	w["status"], w["registeredAt"] = "ACTIVE", seconds(t.registered)
	return w
}

// withTags is the answer of the operations of task definitions.
func (t *taskDefinition) withTags() map[string]any {
	return map[string]any{"taskDefinition": t.wire(), "tags": json.RawMessage(cmp.Or(string(t.fields["tags"]), "[]"))}
}

// seconds is a time as the API writes it: seconds since 1970, with milliseconds.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
