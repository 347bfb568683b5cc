package awscall

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/smithy-go"
)

// An Error is what a service, or the way to it, answered. It is a [smithy.APIError] as those of the SDK's clients are.
type Error struct {
	Operation string
	// Status is HTTP's; 0 where there was no answer.
	Status int
	// Code and Message are the service's; empty where it gave none.
	Code, Message string
	// Err is why there was no answer, or none that could be read.
	Err error
}

func (e *Error) Error() string {
	switch {
	case e.Err != nil:
		return fmt.Sprintf("%s: %v", e.Operation, e.Err)
	case e.Message == "":
		return fmt.Sprintf("%s: %s", e.Operation, e.ErrorCode())
	}
	return fmt.Sprintf("%s: %s: %s", e.Operation, e.ErrorCode(), e.Message)
}

// ErrorCode is the service's, or HTTP's where it gave none.
func (e *Error) ErrorCode() string { return cmp.Or(e.Code, fmt.Sprintf("HTTP status %d", e.Status)) }

// ErrorMessage is the service's.
func (e *Error) ErrorMessage() string { return e.Message }

// HTTPStatusCode is by which the SDK's rules tell what is worth a retry.
func (e *Error) HTTPStatusCode() int { return e.Status }

// ErrorFault says whose fault it is, as far as HTTP's status tells.
func (e *Error) ErrorFault() smithy.ErrorFault {
	switch e.Status / 100 {
	case 4:
		return smithy.FaultClient
	case 5:
		return smithy.FaultServer
	}
	return smithy.FaultUnknown
}

func (e *Error) Unwrap() error { return e.Err }

// refused reads the error that a service answered. The code may come with a namespace before it and a URL after it.
//
// https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization
func refused(operation string, resp *http.Response, body []byte) *Error {
	e := &Error{Operation: operation, Status: resp.StatusCode}
	var said struct {
		Type string `json:"__type"`
		Code string `json:"code"`
		// Message is matched in any case: services spell it both ways.
		Message string `json:"message"`
	}
	// What can't be read has no code, and HTTP's status is told in its place.
	_ = json.Unmarshal(body, &said)
	code := cmp.Or(resp.Header.Get("X-Amzn-ErrorType"), said.Type, said.Code)
	code, _, _ = strings.Cut(code, ":")
	e.Code, e.Message = code[strings.LastIndexByte(code, '#')+1:], said.Message
	return e
}
