package protocol_test

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/simulator/protocol"
)

type input struct{ Name string }

func TestEachRequestIsAnsweredInTheProtocol(t *testing.T) {
	api := &protocol.JSON{Service: "Shop", Target: "Shop_1", Failure: "InternalFailure", Operations: map[string]protocol.Operation{
		"Greet": protocol.Decoded(func(in input) (map[string]string, error) {
			return map[string]string{"greeting": "hello " + in.Name}, nil
		}),
		"Refuse": protocol.Decoded(func(input) (any, error) {
			return nil, &protocol.Error{Code: "ClosedException", Message: "come again"}
		}),
		"Break":    protocol.Decoded(func(input) (any, error) { return nil, errors.New("the till is stuck") }),
		"Unshowed": protocol.Decoded(func(input) (any, error) { return func() {}, nil }),
	}}
	tests := []struct {
		why, method, target, body string
		status                    int
		want                      string
	}{
		{"an operation gets its input", "POST", "Shop_1.Greet", `{"Name":"you"}`, 200, `{"greeting":"hello you"}`},
		{"no body is an empty input", "POST", "Shop_1.Greet", "", 200, `{"greeting":"hello "}`},
		{"a refusal keeps its code", "POST", "Shop_1.Refuse", "{}", 400, `{"__type":"ClosedException","message":"come again"}`},
		{"any other error is the service's own failure", "POST", "Shop_1.Break", "{}", 500, `{"__type":"InternalFailure","message":"the till is stuck"}`},
		{"so is an answer that can't be written", "POST", "Shop_1.Unshowed", "{}", 500, `"__type":"InternalFailure","message":"writing the answer`},
		{"an operation that isn't there", "POST", "Shop_1.Dance", "{}", 400, `{"__type":"UnknownOperationException","message":"The operation \"Shop_1.Dance\" is not one that the simulated Shop knows."}`},
		{"another service's operation", "POST", "Bank_1.Greet", "{}", 400, "UnknownOperationException"},
		{"another method", "GET", "Shop_1.Greet", "", 400, "GET / is not the API of Shop"},
		{"a body that isn't JSON", "POST", "Shop_1.Greet", "{", 400, "SerializationException"},
		{"a body beyond all bounds", "POST", "Shop_1.Greet", `{"Name":"` + strings.Repeat("x", 2<<20) + `"}`, 400, "SerializationException"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), tt.method, "/", strings.NewReader(tt.body))
			r.Header.Set("X-Amz-Target", tt.target)
			w := httptest.NewRecorder()
			api.ServeHTTP(w, r)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) || !json.Valid(w.Body.Bytes()) {
				t.Errorf("got %d %s, want %d with %s", w.Code, w.Body, tt.status, tt.want)
			}
			if kind := w.Header().Get("Content-Type"); kind != "application/x-amz-json-1.1" || w.Header().Get("X-Amzn-Requestid") == "" {
				t.Errorf("the headers are %v", w.Header())
			}
		})
	}
}
