package codedeploy

import "slices"

// maxBatch is how many deployments one request may ask for:
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_BatchGetDeployments.html.
const maxBatch = 25

type batchDeploymentsInput struct {
	IDs []string `json:"deploymentIds"`
}

type batchDeploymentsOutput struct {
	Infos []wireDeployment `json:"deploymentsInfo"`
}

// batchGetDeployments leaves out deployments that don't exist.
func (s *Service) batchGetDeployments(in batchDeploymentsInput) (batchDeploymentsOutput, error) {
	out := batchDeploymentsOutput{[]wireDeployment{}}
	switch {
	case len(in.IDs) == 0:
		return out, refuse(DeploymentIDRequired, "At least one deployment ID must be specified.")
	case len(in.IDs) > maxBatch:
		return out, refuse(BatchLimitExceeded, "%d deployments were asked for; the limit is %d.", len(in.IDs), maxBatch)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range in.IDs {
		if !validID(id) {
			return out, refuse(InvalidDeploymentID, "The deployment ID %q is not valid: it is d- and nine capital letters or digits.", id)
		}
		if d := s.deployments[id]; d != nil {
			out.Infos = append(out.Infos, wireOf(d))
		}
	}
	return out, nil
}

type listDeploymentsInput struct {
	Application string   `json:"applicationName"`
	Group       string   `json:"deploymentGroupName"`
	Statuses    []Status `json:"includeOnlyStatuses"`
	Created     struct {
		Start *float64 `json:"start"`
		End   *float64 `json:"end"`
	} `json:"createTimeRange"`
	nextToken
}

type listDeploymentsOutput struct {
	IDs []string `json:"deployments"`
	nextToken
}

// listDeployments lists the latest first.
func (s *Service) listDeployments(in listDeploymentsInput) (listDeploymentsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out listDeploymentsOutput
	if err := s.checkList(in); err != nil {
		return out, err
	}
	var ids []string
	for _, d := range slices.Backward(s.order) {
		if in.matches(d.state) {
			ids = append(ids, d.state.ID)
		}
	}
	var err error
	out.IDs, out.NextToken, err = page(ids, in.NextToken)
	return out, err
}

// checkList checks the filters of a list; the caller holds the lock.
func (s *Service) checkList(in listDeploymentsInput) error {
	if in.Application != "" || in.Group != "" { // both or none
		if _, err := s.findGroup(in.Application, in.Group); err != nil {
			return err
		}
	}
	known := []Status{Created, Queued, InProgress, "Baking", Succeeded, Failed, Stopped, Ready}
	for _, status := range in.Statuses {
		if !slices.Contains(known, status) {
			return refuse(InvalidDeploymentStatus, "The deployment status %q is not one of %v.", status, known)
		}
	}
	if start, end := in.Created.Start, in.Created.End; start != nil && end != nil && *start > *end {
		return refuse(InvalidTimeRange, "The time range starts after its end.")
	}
	return nil
}

func (in listDeploymentsInput) matches(d Deployment) bool {
	created := seconds(d.Created)
	switch {
	case in.Application != "" && (d.Application != in.Application || d.Group != in.Group):
		return false
	case len(in.Statuses) > 0 && !slices.Contains(in.Statuses, d.Status):
		return false
	case in.Created.Start != nil && created < *in.Created.Start, in.Created.End != nil && created > *in.Created.End:
		return false
	}
	return true
}
