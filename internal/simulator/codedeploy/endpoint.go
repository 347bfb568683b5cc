package codedeploy

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// targetPrefix stands before the operation in X-Amz-Target.
const targetPrefix = "CodeDeploy_20141006."

// maxRequest bounds a request's body; CodeDeploy's largest part is an AppSpec.
const maxRequest = 1 << 20

// operation answers the body of a request with a value for the body of the response. An
// [*APIError] becomes an error response.
type operation func(body []byte) (any, error)

// Endpoint is the service's HTTP API: POST / in JSON 1.1, the operation in X-Amz-Target,
// as https://docs.aws.amazon.com/codedeploy/latest/APIReference/CommonParameters.html and the AWS
// SDKs have it. Signatures are not checked.
type Endpoint struct{ operations map[string]operation }

// Endpoint returns the service's HTTP API.
func (s *Service) Endpoint() *Endpoint {
	return &Endpoint{s.operations()}
}

// operations are what the API can do here.
func (s *Service) operations() map[string]operation {
	return map[string]operation{
		"BatchGetDeploymentGroups":             decoded(s.batchGetDeploymentGroups),
		"BatchGetDeploymentTargets":            decoded(s.batchGetDeploymentTargets),
		"BatchGetDeployments":                  decoded(s.batchGetDeployments),
		"ContinueDeployment":                   decoded(s.continueDeployment),
		"CreateApplication":                    decoded(s.createApplication),
		"CreateDeployment":                     decoded(s.createDeployment),
		"CreateDeploymentConfig":               decoded(s.createDeploymentConfig),
		"CreateDeploymentGroup":                decoded(s.createDeploymentGroup),
		"DeleteApplication":                    decoded(s.deleteApplication),
		"DeleteDeploymentConfig":               decoded(s.deleteDeploymentConfig),
		"DeleteDeploymentGroup":                decoded(s.deleteDeploymentGroup),
		"GetApplication":                       decoded(s.getApplication),
		"GetApplicationRevision":               decoded(s.getApplicationRevision),
		"GetDeployment":                        decoded(s.getDeployment),
		"GetDeploymentConfig":                  decoded(s.getDeploymentConfig),
		"GetDeploymentGroup":                   decoded(s.getDeploymentGroup),
		"GetDeploymentTarget":                  decoded(s.getDeploymentTarget),
		"ListApplications":                     decoded(s.listApplications),
		"ListDeploymentConfigs":                decoded(s.listDeploymentConfigs),
		"ListDeploymentGroups":                 decoded(s.listDeploymentGroups),
		"ListDeploymentTargets":                decoded(s.listDeploymentTargets),
		"ListDeployments":                      decoded(s.listDeployments),
		"PutLifecycleEventHookExecutionStatus": decoded(s.putStatus),
		"RegisterApplicationRevision":          decoded(s.registerApplicationRevision),
		"StopDeployment":                       decoded(s.stopDeployment),
		"UpdateDeploymentGroup":                decoded(s.updateDeploymentGroup),
	}
}

// SupportedOperations names the operations that the endpoint answers, in alphabetical order.
func SupportedOperations() []string {
	return slices.Sorted(maps.Keys((*Service)(nil).operations())) // none is called
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
// CodeDeploy's.
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
		return nil, refuse(UnknownOperation, "%s %s is not CodeDeploy's API: it is POST / with an X-Amz-Target header.", r.Method, r.URL.Path)
	}
	name := Operation(r)
	do := e.operations[name]
	if do == nil {
		return nil, refuse(UnknownOperation, "The operation %q is not one that the simulated CodeDeploy knows.", r.Header.Get("X-Amz-Target"))
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
		status, said = http.StatusInternalServerError, &APIError{"InternalFailure", err.Error()}
	}
	writeAPIError(w, status, said)
}

func writeAPIError(w http.ResponseWriter, status int, e *APIError) {
	body, _ := json.Marshal(struct { // two strings always marshal
		Type    string `json:"__type"`
		Message string `json:"message"`
	}{e.Code, e.Message})
	writeJSON(w, status, body)
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-Requestid", newRequestID())
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// newRequestID is a random UUID.
func newRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
