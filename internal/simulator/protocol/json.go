// Package protocol is what the simulated AWS services have in common on the wire.
package protocol

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Error is what a service answers a request with that it refuses: a code of the service's API, and words.
type Error struct{ Code, Message string }

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Codes that every service of the JSON protocol has.
const (
	SerializationFailed = "SerializationException"
	UnknownOperation    = "UnknownOperationException"
)

// maxRequest bounds a request's body, in bytes. The largest parts, an AppSpec or a task definition, are far below.
const maxRequest = 1 << 20

// Operation answers the body of a request with a value for the body of the response. An [*Error] becomes an error
// response.
type Operation func(body []byte) (any, error)

// Decoded makes an operation of a function from its input to its output.
func Decoded[In, Out any](f func(In) (Out, error)) Operation {
	return func(body []byte) (any, error) {
		var in In
		if len(body) == 0 {
			body = []byte("{}")
		}
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, unreadable(err)
		}
		return f(in)
	}
}

func unreadable(err error) error {
	return &Error{SerializationFailed, fmt.Sprintf("The request's body can't be read: %v", err)}
}

// JSON is a service's API in AWS JSON 1.1: POST /, the operation in X-Amz-Target. It is an http.Handler. Signatures are
// not checked.
//
// https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
type JSON struct {
	// Service is what the service is called in messages.
	Service string
	// Target is what stands before the dot in X-Amz-Target.
	Target     string
	Operations map[string]Operation
	// Failure is the code of what goes wrong and isn't an [*Error].
	Failure string
}

// Operation names the operation that a request asks for, empty where it is another service's.
func (j *JSON) Operation(r *http.Request) string {
	name, found := strings.CutPrefix(r.Header.Get("X-Amz-Target"), j.Target+".")
	if !found {
		return ""
	}
	return name
}

// ServeHTTP answers one request.
func (j *JSON) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	result, err := j.do(w, r)
	var body []byte
	if err == nil {
		if body, err = json.Marshal(result); err != nil {
			err = fmt.Errorf("writing the answer: %w", err)
		}
	}
	if err == nil {
		WriteJSON(w, http.StatusOK, body)
		return
	}
	refused := new(Error)
	if errors.As(err, &refused) {
		WriteError(w, http.StatusBadRequest, refused)
		return
	}
	WriteError(w, http.StatusInternalServerError, &Error{j.Failure, err.Error()})
}

func (j *JSON) do(w http.ResponseWriter, r *http.Request) (any, error) {
	if r.Method != http.MethodPost || r.URL.Path != "/" {
		return nil, &Error{UnknownOperation, fmt.Sprintf("%s %s is not the API of %s: it is POST / with an X-Amz-Target header.", r.Method, r.URL.Path, j.Service)}
	}
	do := j.Operations[j.Operation(r)]
	if do == nil {
		return nil, &Error{UnknownOperation, fmt.Sprintf("The operation %q is not one that the simulated %s knows.", r.Header.Get("X-Amz-Target"), j.Service)}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		return nil, unreadable(err)
	}
	return do(body)
}

// WriteError answers with an error.
func WriteError(w http.ResponseWriter, status int, e *Error) {
	body, _ := json.Marshal(struct { // two strings always marshal
		Type    string `json:"__type"`
		Message string `json:"message"`
	}{e.Code, e.Message})
	WriteJSON(w, status, body)
}

// WriteJSON answers with a body of the JSON protocol.
func WriteJSON(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-Requestid", RequestID())
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// RequestID is a random UUID, as AWS gives each request one.
func RequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: https://pkg.go.dev/crypto/rand#Read
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
