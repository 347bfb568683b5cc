package lambda

import "net/http"

// aliasBody is AliasConfiguration:
// https://docs.aws.amazon.com/lambda/latest/api/API_AliasConfiguration.html.
type aliasBody struct {
	AliasArn, Name, FunctionVersion string
	Description                     string
	RevisionID                      string       `json:"RevisionId"`
	RoutingConfig                   *routingBody `json:",omitempty"`
}

type routingBody struct{ AdditionalVersionWeights map[string]float64 }

// aliasRequest is the body of CreateAlias and of UpdateAlias, which leaves what isn't in it.
type aliasRequest struct {
	Name, FunctionVersion, Description *string
	RevisionID                         string `json:"RevisionId"`
	RoutingConfig                      *routingBody
}

func (q aliasRequest) apply(a *AliasConfig) {
	if q.FunctionVersion != nil {
		a.Version = *q.FunctionVersion
	}
	if q.Description != nil {
		a.Description = *q.Description
	}
	if q.RoutingConfig != nil {
		a.AdditionalVersionWeights = q.RoutingConfig.AdditionalVersionWeights
	}
}

func (s *Service) aliasBody(a AliasConfig) aliasBody {
	body := aliasBody{
		AliasArn: s.ARN(qualify(a.Function, a.Name)), Name: a.Name, FunctionVersion: a.Version,
		Description: a.Description, RevisionID: a.Revision,
	}
	if len(a.AdditionalVersionWeights) > 0 {
		body.RoutingConfig = &routingBody{a.AdditionalVersionWeights}
	}
	return body
}

func (s *Service) aliasReply(status int, a AliasConfig, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	return reply{status: status, body: s.aliasBody(a)}, nil
}

// createAlias is https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html.
func (s *Service) createAlias(r *http.Request) (reply, error) {
	var asked aliasRequest
	if err := readJSON(r, &asked); err != nil {
		return reply{}, err
	}
	for member, value := range map[string]*string{"name": asked.Name, "functionVersion": asked.FunctionVersion} {
		if value == nil {
			return reply{}, nullError(member)
		}
	}
	a := AliasConfig{Function: r.PathValue("name"), Name: *asked.Name}
	asked.apply(&a)
	a, err := s.CreateAlias(a)
	return s.aliasReply(http.StatusCreated, a, err)
}

// getAlias is https://docs.aws.amazon.com/lambda/latest/api/API_GetAlias.html.
func (s *Service) getAlias(r *http.Request) (reply, error) {
	a, err := s.GetAlias(r.PathValue("name"), r.PathValue("alias"))
	return s.aliasReply(http.StatusOK, a, err)
}

// updateAlias is https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html.
func (s *Service) updateAlias(r *http.Request) (reply, error) {
	var asked aliasRequest
	if err := readJSON(r, &asked); err != nil {
		return reply{}, err
	}
	a, err := s.UpdateAlias(r.PathValue("name"), r.PathValue("alias"), asked.RevisionID, asked.apply)
	return s.aliasReply(http.StatusOK, a, err)
}

// deleteAlias is https://docs.aws.amazon.com/lambda/latest/api/API_DeleteAlias.html.
func (s *Service) deleteAlias(r *http.Request) (reply, error) {
	return reply{status: http.StatusNoContent}, s.DeleteAlias(r.PathValue("name"), r.PathValue("alias"))
}

// listAliases is https://docs.aws.amazon.com/lambda/latest/api/API_ListAliases.html.
func (s *Service) listAliases(r *http.Request) (reply, error) {
	all, err := s.Aliases(r.PathValue("name"), r.URL.Query().Get("FunctionVersion"))
	if err != nil {
		return reply{}, err
	}
	shown, next, err := page(r, all)
	if err != nil {
		return reply{}, err
	}
	list := make([]aliasBody, len(shown))
	for i, a := range shown {
		list[i] = s.aliasBody(a)
	}
	return pageReply("Aliases", list, next), nil
}
