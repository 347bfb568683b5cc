package ecs

import "fmt"

// APIError is an error that ECS answers a request with, HTTP status 400. The codes are
// those of https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Operations.html.
type APIError struct{ Code, Message string }

func (e *APIError) Error() string { return e.Code + ": " + e.Message }

// The codes of the operations.
const (
	ClientError               = "ClientException"
	ClusterNotFound           = "ClusterNotFoundException"
	Conflict                  = "ConflictException"
	InvalidParameter          = "InvalidParameterException"
	SerializationFailed       = "SerializationException"
	ServerError               = "ServerException"
	ServiceDeploymentNotFound = "ServiceDeploymentNotFoundException"
	ServiceNotFound           = "ServiceNotFoundException"
	UnknownOperation          = "UnknownOperationException"
)

func refuse(code, format string, args ...any) *APIError {
	return &APIError{Code: code, Message: fmt.Sprintf(format, args...)}
}
