package ecs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// targetPrefix stands before the operation in X-Amz-Target.
const targetPrefix = "AmazonEC2ContainerServiceV20141113."

// maxRequest bounds a request's body; a task definition, the largest part, may have 64 KB.
const maxRequest = 1 << 20

// operation answers the body of a request with a value for the body of the response. An
// [*APIError] becomes an error response.
type operation func(body []byte) (any, error)

// Endpoint is the scheduler's HTTP API: POST / in JSON 1.1, the operation in X-Amz-Target,
// as https://docs.aws.amazon.com/AmazonECS/latest/APIReference/making-api-requests.html and the AWS
// SDKs have it. Signatures are not checked.
type Endpoint struct{ operations map[string]operation }

// Endpoint returns the scheduler's HTTP API.
func (s *Scheduler) Endpoint() *Endpoint {
	return &Endpoint{map[string]operation{
		"ContinueServiceDeployment":  decoded(s.continueServiceDeployment),
		"CreateService":              decoded(s.createService),
		"DescribeServiceDeployments": decoded(s.describeServiceDeployments),
		"DescribeServiceRevisions":   decoded(s.describeServiceRevisions),
		"DescribeServices":           decoded(s.describeServices),
		"DescribeTaskDefinition":     decoded(s.describeTaskDefinition),
		"ListServiceDeployments":     decoded(s.listServiceDeployments),
		"RegisterTaskDefinition":     decoded(s.registerDefinition),
		"StopServiceDeployment":      decoded(s.stopServiceDeployment),
		"UpdateService":              decoded(s.updateService),
	}}
}

// decoded makes an operation of a function from its input to its output.
func decoded[In, Out any](f func(In) (Out, error)) operation {
	return func(body []byte) (any, error) {
		var in In
		if len(body) == 0 {
			body = []byte("{}")
		}
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, refuse(SerializationFailed, "The request's body can't be read: %v", err)
		}
		return f(in)
	}
}

// Operation names the operation that a request asks for, empty where it names none of
// ECS's.
func Operation(r *http.Request) string {
	name, found := strings.CutPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
	if !found {
		return ""
	}
	return name
}

// ServeHTTP answers one request.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	result, err := e.do(w, r)
	if err != nil {
		writeError(w, err)
		return
	}
	body, err := json.Marshal(result)
	if err != nil {
		writeError(w, fmt.Errorf("writing the answer: %w", err))
		return
	}
	writeJSON(w, http.StatusOK, body)
}

func (e *Endpoint) do(w http.ResponseWriter, r *http.Request) (any, error) {
	if r.Method != http.MethodPost || r.URL.Path != "/" {
		return nil, refuse(UnknownOperation, "%s %s is not the API of ECS: it is POST / with an X-Amz-Target header.", r.Method, r.URL.Path)
	}
	do := e.operations[Operation(r)]
	if do == nil {
		return nil, refuse(UnknownOperation, "The operation %q is not one that the simulated ECS knows.", r.Header.Get("X-Amz-Target"))
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		return nil, refuse(SerializationFailed, "The request's body can't be read: %v", err)
	}
	return do(body)
}

func writeError(w http.ResponseWriter, err error) {
	status, said := http.StatusBadRequest, new(APIError)
	if !errors.As(err, &said) {
		status, said = http.StatusInternalServerError, &APIError{ServerError, err.Error()}
	}
	body, _ := json.Marshal(struct { // two strings always marshal
		Type    string `json:"__type"`
		Message string `json:"message"`
	}{said.Code, said.Message})
	writeJSON(w, status, body)
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-Requestid", newUUID())
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
