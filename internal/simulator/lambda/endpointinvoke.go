package lambda

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
)

// serveInvoke is Invoke: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html.
func (s *Service) serveInvoke(r *http.Request) (reply, error) {
	name, err := named(r)
	if err != nil {
		return reply{}, err
	}
	payload, err := io.ReadAll(io.LimitReader(r.Body, maxPayload+1)) // one more, so that it is refused
	if err != nil {
		return reply{}, fmt.Errorf("reading the event: %w", err)
	}
	if len(payload) == 0 { // an event may be left out; runtimes are given an empty object
		payload = []byte("{}")
	}
	switch kind := r.Header.Get("X-Amz-Invocation-Type"); kind {
	case "", "RequestResponse":
		return s.invokeSync(r, name, payload)
	case "Event":
		id, err := s.InvokeAsync(name, payload)
		if err != nil {
			return reply{}, err
		}
		return reply{status: http.StatusAccepted, header: map[string]string{"X-Amzn-Requestid": id}}, nil
	case "DryRun":
		if err := s.DryRun(name, payload); err != nil {
			return reply{}, err
		}
		return reply{status: http.StatusNoContent}, nil
	default:
		return reply{}, enumError(kind, "invocationType", "[Event, RequestResponse, DryRun]")
	}
}

func (s *Service) invokeSync(r *http.Request, name string, payload []byte) (reply, error) {
	logType := r.Header.Get("X-Amz-Log-Type")
	if logType != "" && logType != "None" && logType != "Tail" {
		return reply{}, enumError(logType, "logType", "[None, Tail]")
	}
	result, err := s.Invoke(r.Context(), name, payload)
	if err != nil {
		return reply{}, err
	}
	header := map[string]string{"X-Amzn-Requestid": result.RequestID, "X-Amz-Executed-Version": result.Version}
	if result.FunctionError != "" {
		header["X-Amz-Function-Error"] = result.FunctionError
	}
	if logType == "Tail" {
		header["X-Amz-Log-Result"] = base64.StdEncoding.EncodeToString(result.Log)
	}
	return reply{status: http.StatusOK, header: header, body: result.Payload}, nil
}

// nullError is what a request gets that leaves a member out.
func nullError(member string) error {
	return &APIError{"ValidationException", "1 validation error detected: Value null at '" + member + "' failed to satisfy constraint: Member must not be null"}
}

// enumError is what a member gets that isn't one of its values.
func enumError(value, member, values string) error {
	return &APIError{"ValidationException", fmt.Sprintf(
		"1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must satisfy enum value set: %s", value, member, values)}
}
