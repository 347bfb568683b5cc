package cloud

import (
	"net/http"
	"slices"

	"github.com/greenlight-deploy/greenlight/internal/simulator/protocol"
)

// answerParameters answers for the Parameter Store.
func (a *Account) answerParameters(w http.ResponseWriter, r *http.Request) {
	api := protocol.JSON{
		Service: "Systems Manager", Target: "AmazonSSM", Failure: "InternalServerError",
		Operations: map[string]protocol.Operation{"DescribeParameters": protocol.Decoded(a.describeParameters)},
	}
	if api.Operation(r) != "DescribeParameters" {
		a.t.Errorf("the account was asked for %q, which it doesn't know", r.Header.Get("X-Amz-Target"))
	}
	api.ServeHTTP(w, r)
}

type parameterFilter struct {
	Key    string
	Values []string
}

type parameter struct {
	Name, ARN, Type string
	KeyID           string `json:"KeyId"`
}

// describeParameters tells of parameters by their names. They lie under AWS's own key.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html
func (a *Account) describeParameters(in struct{ ParameterFilters []parameterFilter }) (any, error) {
	if a.denies("ssm:DescribeParameters") {
		return nil, &protocol.Error{Code: "AccessDeniedException", Message: "not authorized to perform: ssm:DescribeParameters"}
	}
	found := []parameter{}
	for _, filter := range in.ParameterFilters {
		if filter.Key != "Name" {
			a.t.Errorf("parameters were asked for by their %s, which the account doesn't look at", filter.Key)
		}
		for _, name := range a.Parameters {
			if slices.Contains(filter.Values, name) {
				arn := "arn:aws:ssm:" + a.Region + ":" + a.Account + ":parameter" + name
				found = append(found, parameter{Name: name, ARN: arn, Type: "SecureString", KeyID: "alias/aws/ssm"})
			}
		}
	}
	return struct{ Parameters []parameter }{found}, nil
}
