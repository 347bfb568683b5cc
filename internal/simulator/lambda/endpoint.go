package lambda

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
)

// EndpointPath is what the paths of Lambda's API begin with.
const EndpointPath = "/2015-03-31/"

// route is an operation with the method and path by which it is asked for.
type route struct {
	operation, pattern string
	do                 func(*http.Request) (reply, error)
}

func (s *Service) routes() []route {
	const functions, function = EndpointPath + "functions", EndpointPath + "functions/{name}"
	return []route{
		{"CreateAlias", "POST " + function + "/aliases", s.createAlias},
		{"CreateFunction", "POST " + functions, s.createFunction},
		{"DeleteAlias", "DELETE " + function + "/aliases/{alias}", s.deleteAlias},
		{"DeleteFunction", "DELETE " + function, s.deleteFunction},
		{"GetAlias", "GET " + function + "/aliases/{alias}", s.getAlias},
		{"GetFunction", "GET " + function, s.getFunction},
		{"GetFunctionConfiguration", "GET " + function + "/configuration", s.getFunctionConfiguration},
		{"Invoke", "POST " + function + "/invocations", s.serveInvoke},
		{"ListAliases", "GET " + function + "/aliases", s.listAliases},
		{"ListFunctions", "GET " + functions, s.listFunctions},
		{"ListFunctions", "GET " + functions + "/{$}", s.listFunctions},
		{"ListVersionsByFunction", "GET " + function + "/versions", s.listVersionsByFunction},
		{"PublishVersion", "POST " + function + "/versions", s.publishVersion},
		{"UpdateAlias", "PUT " + function + "/aliases/{alias}", s.updateAlias},
		{"UpdateFunctionCode", "PUT " + function + "/code", s.updateFunctionCode},
		{"UpdateFunctionConfiguration", "PUT " + function + "/configuration", s.updateFunctionConfiguration},
	}
}

// SupportedOperations names the operations that the endpoint answers, in alphabetical order.
func SupportedOperations() []string {
	var names []string
	for _, r := range (*Service)(nil).routes() { // none is called
		names = append(names, r.operation)
	}
	return slices.Compact(names)
}

// Operation gives a function that names the operation that a request asks for, empty where it is none.
func Operation() func(*http.Request) string {
	mux, names := http.NewServeMux(), map[string]string{}
	for _, r := range (*Service)(nil).routes() { // none is called
		mux.Handle(r.pattern, http.NotFoundHandler())
		names[r.pattern] = r.operation
	}
	return func(r *http.Request) string {
		_, pattern := mux.Handler(r)
		return names[pattern]
	}
}

// Endpoint serves the part of Lambda's API that [SupportedOperations] names:
// https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html.
func (s *Service) Endpoint() http.Handler {
	mux := http.NewServeMux()
	for _, route := range s.routes() {
		mux.HandleFunc(route.pattern, func(w http.ResponseWriter, r *http.Request) {
			answered, err := route.do(r)
			if err != nil {
				answered = errorReply(err)
			}
			answered.write(w)
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		errorReply(&APIError{
			"UnknownOperationException", fmt.Sprintf("the simulated Lambda has no operation %s %s", r.Method, r.URL.Path),
		}).write(w)
	})
	return mux
}

// reply is the answer to one request.
type reply struct {
	status int
	header map[string]string
	// body is written as JSON, but bytes as they are; nil for none.
	body any
}

func (a reply) write(w http.ResponseWriter) {
	if a.header["X-Amzn-Requestid"] == "" {
		w.Header().Set("X-Amzn-Requestid", newRequestID())
	}
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	text, raw := a.body.([]byte)
	if !raw {
		text, _ = json.Marshal(a.body) // our own structs, which always marshal
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	_, _ = w.Write(text) // a client that has left doesn't matter
}

// errorStatus is the HTTP status of each error, from
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors and its
// neighbours.
func errorStatus(code string) int {
	switch code {
	case "ResourceNotFoundException", "UnknownOperationException":
		return http.StatusNotFound
	case "AccessDeniedException":
		return http.StatusForbidden
	case "ResourceConflictException":
		return http.StatusConflict
	case "PreconditionFailedException":
		return http.StatusPreconditionFailed
	case "RequestTooLargeException":
		return http.StatusRequestEntityTooLarge
	case "TooManyRequestsException":
		return http.StatusTooManyRequests
	case "ServiceException":
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

// errorReply writes an error as Lambda does. The member of the message is written in one
// case for some errors and in another for the others, as the API's model has it.
func errorReply(err error) reply {
	e := new(APIError)
	if !errors.As(err, &e) {
		e = &APIError{"ServiceException", err.Error()}
	}
	a := reply{status: errorStatus(e.Code), header: map[string]string{"X-Amzn-Errortype": e.Code}}
	body := map[string]string{"Type": "User"}
	switch e.Code {
	case "ServiceException":
		body["Type"], body["Message"] = "Server", e.Message
	case "ResourceNotFoundException":
		body["Message"] = e.Message
	case "TooManyRequestsException":
		body["message"], body["Reason"] = e.Message, "ReservedFunctionConcurrentInvocationLimitExceeded"
	default:
		body["message"] = e.Message
	}
	a.body = body
	return a
}

// maxCodeRequest bounds a request with a deployment package, which is in base64, in bytes.
const maxCodeRequest = maxZip/3*4 + 1<<20

// readJSON reads a request's body, which may be empty, into v.
func readJSON(r *http.Request, v any) error { return readJSONUpTo(r, 1<<20, v) }

// readJSONUpTo does that for a body of so many bytes.
func readJSONUpTo(r *http.Request, limit int64, v any) error {
	text, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return fmt.Errorf("reading the request: %w", err)
	}
	if int64(len(text)) > limit {
		return &APIError{"RequestTooLargeException", fmt.Sprintf("Request must be smaller than %d bytes for the operation", limit)}
	}
	if len(text) == 0 {
		return nil
	}
	if err := json.Unmarshal(text, v); err != nil {
		return &APIError{"InvalidRequestContentException", "Could not parse request body into json: " + err.Error()}
	}
	return nil
}

// named is the function that a request is about, with its qualifier, which may stand in
// the name or beside it, but not differ.
func named(r *http.Request) (string, error) {
	base, qualifier := splitName(r.PathValue("name"))
	asked := r.URL.Query().Get("Qualifier")
	if asked != "" && qualifier != "" && asked != qualifier {
		return "", &APIError{
			"InvalidParameterValueException",
			fmt.Sprintf("The derived qualifier from the function name does not match the specified qualifier: %q and %q", qualifier, asked),
		}
	}
	if asked != "" {
		qualifier = asked
	}
	return qualify(base, qualifier), nil
}
