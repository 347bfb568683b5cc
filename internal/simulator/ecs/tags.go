package ecs

import (
	"slices"
	"strings"
)

type wireTag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// maxTags is how many tags a resource may have:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TagResource.html.
const maxTags = 50

// includeTags asks for the tags of what is described.
const includeTags = "TAGS"

func checkTags(tags []wireTag) error {
	for i, t := range tags {
		if t.Key == "" || slices.ContainsFunc(tags[:i], func(other wireTag) bool { return other.Key == t.Key }) {
			return refuse(InvalidParameter, "The tag key %q is empty, or stands there twice.", t.Key)
		}
	}
	if len(tags) > maxTags {
		return refuse(InvalidParameter, "A resource has up to %d tags, not %d.", maxTags, len(tags))
	}
	return nil
}

// tagsOf lists a resource's tags, never nil; the caller holds the lock.
func (s *Scheduler) tagsOf(arn string) []wireTag { return append([]wireTag{}, s.tags[arn]...) }

// checkTaggable checks that an ARN is that of something with tags that is there; the caller holds the lock.
func (s *Scheduler) checkTaggable(arn string) error {
	rest, ours := strings.CutPrefix(arn, s.arn(""))
	if !ours {
		return refuse(InvalidParameter, "%q is not the ARN of a resource of ECS in this account and region.", arn)
	}
	kind, name, _ := strings.Cut(rest, "/")
	found := false
	switch kind {
	case "cluster":
		_, err := s.findCluster(name)
		return err
	case "service":
		found = slices.ContainsFunc(s.services, func(svc *service) bool { return svc.arn == arn })
	case "task-definition":
		t, err := s.lookUpTaskDefinition(name)
		found = err == nil && t.arn == arn
	case "task-set":
		found = slices.ContainsFunc(s.services, func(svc *service) bool {
			return slices.ContainsFunc(svc.taskSets, func(set *taskSet) bool { return s.taskSetARN(set) == arn })
		})
	}
	if !found {
		return refuse(ResourceNotFound, "The specified resource %s wasn't found.", arn)
	}
	return nil
}

type tagInput struct {
	ARN  string    `json:"resourceArn"`
	Tags []wireTag `json:"tags"`
}

func (s *Scheduler) tagResource(in tagInput) (struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.checkTaggable(in.ARN); err != nil {
		return struct{}{}, err
	}
	if err := checkTags(in.Tags); err != nil {
		return struct{}{}, err
	}
	merged := slices.DeleteFunc(s.tagsOf(in.ARN), func(there wireTag) bool {
		return slices.ContainsFunc(in.Tags, func(t wireTag) bool { return t.Key == there.Key })
	})
	merged = append(merged, in.Tags...)
	if err := checkTags(merged); err != nil {
		return struct{}{}, err
	}
	s.tags[in.ARN] = merged
	return struct{}{}, nil
}

type untagInput struct {
	ARN  string   `json:"resourceArn"`
	Keys []string `json:"tagKeys"`
}

func (s *Scheduler) untagResource(in untagInput) (struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.checkTaggable(in.ARN); err != nil {
		return struct{}{}, err
	}
	s.tags[in.ARN] = slices.DeleteFunc(s.tagsOf(in.ARN), func(t wireTag) bool { return slices.Contains(in.Keys, t.Key) })
	return struct{}{}, nil
}

type listTagsInput struct {
	ARN string `json:"resourceArn"`
}

type listTagsOutput struct {
	Tags []wireTag `json:"tags"`
}

func (s *Scheduler) listTagsForResource(in listTagsInput) (listTagsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.checkTaggable(in.ARN); err != nil {
		return listTagsOutput{}, err
	}
	return listTagsOutput{s.tagsOf(in.ARN)}, nil
}
