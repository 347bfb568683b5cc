package codedeploy

import (
	"fmt"
	"slices"
	"strings"
)

type wireTag struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
}

// maxTags is how many tags a resource may have:
// https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html.
const maxTags = 50

// The ARNs of what has tags:
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodedeploy.html#awscodedeploy-resources-for-iam-policies.

func (s *Service) applicationARN(name string) string { return s.arn("application:" + name) }

func (s *Service) groupARN(application, name string) string {
	return s.arn("deploymentgroup:" + application + "/" + name)
}

func (s *Service) arn(resource string) string {
	return fmt.Sprintf("arn:aws:codedeploy:%s:%s:%s", s.config.Region, s.config.AccountID, resource)
}

func checkTags(tags []wireTag) error {
	for i, t := range tags {
		if t.Key == "" || slices.ContainsFunc(tags[:i], func(other wireTag) bool { return other.Key == t.Key }) {
			return refuse(InvalidTagsToAdd, "The tag key %q is empty, or stands there twice.", t.Key)
		}
	}
	if len(tags) > maxTags {
		return refuse(InvalidTagsToAdd, "A resource has up to %d tags, not %d.", maxTags, len(tags))
	}
	return nil
}

// checkTaggable checks that an ARN is that of an application or a group that is there; the caller holds the lock.
func (s *Service) checkTaggable(arn string) error {
	if arn == "" {
		return refuse(ResourceArnRequired, "The ARN of a resource must be specified.")
	}
	rest, ours := strings.CutPrefix(arn, s.arn(""))
	if !ours {
		return refuse(InvalidArn, "%q is not the ARN of a resource of CodeDeploy in this account and region.", arn)
	}
	kind, name, _ := strings.Cut(rest, ":")
	switch kind {
	case "application":
		_, err := s.findApplication(name)
		return err
	case "deploymentgroup":
		application, group, _ := strings.Cut(name, "/")
		_, err := s.findGroup(application, group)
		return err
	}
	return refuse(ArnNotSupported, "%q is not the ARN of an application or a deployment group, which are what has tags.", arn)
}

// moveTags gives the tags of something to its new name; the caller holds the lock.
func (s *Service) moveTags(from, to string) {
	tags := s.tags[from]
	delete(s.tags, from)
	s.tags[to] = tags
}

type tagInput struct {
	ARN  string    `json:"ResourceArn"`
	Tags []wireTag `json:"Tags"`
}

func (s *Service) tagResource(in tagInput) (struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.checkTaggable(in.ARN); err != nil {
		return struct{}{}, err
	}
	if len(in.Tags) == 0 {
		return struct{}{}, refuse(TagRequired, "A tag must be specified.")
	}
	if err := checkTags(in.Tags); err != nil {
		return struct{}{}, err
	}
	merged := slices.DeleteFunc(slices.Clone(s.tags[in.ARN]), func(there wireTag) bool {
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
	ARN  string   `json:"ResourceArn"`
	Keys []string `json:"TagKeys"`
}

func (s *Service) untagResource(in untagInput) (struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.checkTaggable(in.ARN); err != nil {
		return struct{}{}, err
	}
	if len(in.Keys) == 0 {
		return struct{}{}, refuse(TagRequired, "A tag key must be specified.")
	}
	s.tags[in.ARN] = slices.DeleteFunc(slices.Clone(s.tags[in.ARN]), func(t wireTag) bool { return slices.Contains(in.Keys, t.Key) })
	return struct{}{}, nil
}

type listTagsInput struct {
	ARN string `json:"ResourceArn"`
}

type listTagsOutput struct {
	Tags []wireTag `json:"Tags"`
}

func (s *Service) listTagsForResource(in listTagsInput) (listTagsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.checkTaggable(in.ARN); err != nil {
		return listTagsOutput{}, err
	}
	return listTagsOutput{append([]wireTag{}, s.tags[in.ARN]...)}, nil
}
