package codedeploy

import (
	"cmp"
	"errors"
	"slices"
	"time"
)

type batchRevisionsInput struct {
	Application string         `json:"applicationName"`
	Revisions   []wireRevision `json:"revisions"`
}

type batchRevisionsOutput struct {
	Application string            `json:"applicationName"`
	Error       string            `json:"errorMessage,omitempty"`
	Revisions   []wireRevisionOne `json:"revisions"`
}

type wireRevisionOne struct {
	Location wireRevision     `json:"revisionLocation"`
	Info     wireRevisionInfo `json:"genericRevisionInfo"`
}

// batchGetApplicationRevisions tells of revisions that don't exist in the answer:
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_BatchGetApplicationRevisions.html.
func (s *Service) batchGetApplicationRevisions(in batchRevisionsInput) (batchRevisionsOutput, error) {
	out := batchRevisionsOutput{Application: in.Application, Revisions: []wireRevisionOne{}}
	switch n := len(in.Revisions); {
	case in.Application == "":
		return out, refuse(ApplicationNameRequired, "An application name must be specified.")
	case n == 0:
		return out, refuse(RevisionRequired, "At least one revision must be specified.")
	case n > maxBatch:
		return out, refuse(BatchLimitExceeded, "%d revisions were asked for; the limit is %d.", n, maxBatch)
	}
	for i := range in.Revisions {
		got, err := s.getApplicationRevision(getRevisionInput{in.Application, &in.Revisions[i]})
		if refused := (*APIError)(nil); errors.As(err, &refused) && refused.Code == RevisionDoesNotExist {
			out.Error = refused.Message
			continue
		}
		if err != nil {
			return out, err
		}
		out.Revisions = append(out.Revisions, wireRevisionOne{got.Revision, got.Info})
	}
	return out, nil
}

type listRevisionsInput struct {
	Application string `json:"applicationName"`
	SortBy      string `json:"sortBy"`
	Order       string `json:"sortOrder"`
	Deployed    string `json:"deployed"`
	nextToken
}

type listRevisionsOutput struct {
	Revisions []wireRevision `json:"revisions"`
	nextToken
}

// listApplicationRevisions lists in the order of registration, where no other is asked for:
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_ListApplicationRevisions.html.
func (s *Service) listApplicationRevisions(in listRevisionsInput) (listRevisionsOutput, error) {
	out := listRevisionsOutput{Revisions: []wireRevision{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.findApplication(in.Application)
	if err != nil {
		return out, err
	}
	at, err := in.sorting()
	if err != nil {
		return out, err
	}
	listed := slices.DeleteFunc(slices.Clone(a.revisions), func(r revision) bool {
		return in.Deployed == "include" && r.firstUsed.IsZero() || in.Deployed == "exclude" && !r.firstUsed.IsZero()
	})
	slices.SortStableFunc(listed, func(a, b revision) int { return at(a).Compare(at(b)) })
	if in.Order == "descending" {
		slices.Reverse(listed)
	}
	listed, out.NextToken, err = page(listed, in.NextToken)
	for _, r := range listed {
		out.Revisions = append(out.Revisions, reference(r.spec))
	}
	return out, err
}

// sorting is the time that revisions are sorted by. It refuses what the list can't be asked for.
func (in listRevisionsInput) sorting() (func(revision) time.Time, error) {
	times := map[string]func(revision) time.Time{
		"registerTime":  func(r revision) time.Time { return r.registered },
		"firstUsedTime": func(r revision) time.Time { return r.firstUsed },
		"lastUsedTime":  func(r revision) time.Time { return r.lastUsed },
	}
	at, known := times[cmp.Or(in.SortBy, "registerTime")]
	switch {
	case !known:
		return nil, refuse(InvalidSortBy, "Revisions can't be sorted by %q, but by registerTime, firstUsedTime or lastUsedTime.", in.SortBy)
	case !slices.Contains([]string{"", "ascending", "descending"}, in.Order):
		return nil, refuse(InvalidSortOrder, "The sort order %q is not ascending or descending.", in.Order)
	case !slices.Contains([]string{"", "include", "exclude", "ignore"}, in.Deployed):
		return nil, refuse(InvalidDeployedStateFilter, "The filter for deployed revisions %q is not include, exclude or ignore.", in.Deployed)
	}
	return at, nil
}
