package ecs

import (
	"fmt"

	"github.com/greenlight-deploy/greenlight/internal/simulator/protocol"
)

// APIError is an error that ECS answers a request with, HTTP status 400. The codes are
// those of https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Operations.html.
type APIError = protocol.Error

// The codes of the operations.
const (
	ClientError               = "ClientException"
	ClusterContainsServices   = "ClusterContainsServicesException"
	ClusterNotFound           = "ClusterNotFoundException"
	Conflict                  = "ConflictException"
	InvalidParameter          = "InvalidParameterException"
	ResourceNotFound          = "ResourceNotFoundException"
	SerializationFailed       = protocol.SerializationFailed
	ServerError               = "ServerException"
	ServiceDeploymentNotFound = "ServiceDeploymentNotFoundException"
	ServiceNotActive          = "ServiceNotActiveException"
	ServiceNotFound           = "ServiceNotFoundException"
	TaskSetNotFound           = "TaskSetNotFoundException"
	UnknownOperation          = protocol.UnknownOperation
)

func refuse(code, format string, args ...any) *APIError {
	return &APIError{Code: code, Message: fmt.Sprintf(format, args...)}
}
