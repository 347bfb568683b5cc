package codedeploy

import (
	"fmt"

	"github.com/greenlight-deploy/greenlight/internal/simulator/protocol"
)

// APIError is an error that CodeDeploy answers a request with, HTTP status 400. The codes
// are those of https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_Operations.html.
type APIError = protocol.Error

// The codes of PutLifecycleEventHookExecutionStatus:
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_PutLifecycleEventHookExecutionStatus.html.
// UnsupportedActionForDeploymentType belongs to the EC2 platform, which has no functions
// as hooks: here only an injected fault answers it.
const (
	DeploymentDoesNotExist                   = "DeploymentDoesNotExistException"
	DeploymentIDRequired                     = "DeploymentIdRequiredException"
	InvalidDeploymentID                      = "InvalidDeploymentIdException"
	InvalidLifecycleEventHookExecutionID     = "InvalidLifecycleEventHookExecutionIdException"
	InvalidLifecycleEventHookExecutionStatus = "InvalidLifecycleEventHookExecutionStatusException"
	LifecycleEventAlreadyCompleted           = "LifecycleEventAlreadyCompletedException"
	UnsupportedActionForDeploymentType       = "UnsupportedActionForDeploymentTypeException"
)

// Codes of the other operations.
const (
	ApplicationAlreadyExists           = "ApplicationAlreadyExistsException"
	ApplicationDoesNotExist            = "ApplicationDoesNotExistException"
	ApplicationNameRequired            = "ApplicationNameRequiredException"
	ArnNotSupported                    = "ArnNotSupportedException"
	BatchLimitExceeded                 = "BatchLimitExceededException"
	DeploymentAlreadyCompleted         = "DeploymentAlreadyCompletedException"
	DeploymentConfigAlreadyExists      = "DeploymentConfigAlreadyExistsException"
	DeploymentConfigDoesNotExist       = "DeploymentConfigDoesNotExistException"
	DeploymentConfigInUse              = "DeploymentConfigInUseException"
	DeploymentConfigNameRequired       = "DeploymentConfigNameRequiredException"
	DeploymentGroupAlreadyExists       = "DeploymentGroupAlreadyExistsException"
	DeploymentGroupDoesNotExist        = "DeploymentGroupDoesNotExistException"
	DeploymentGroupNameRequired        = "DeploymentGroupNameRequiredException"
	DeploymentIsNotInReadyState        = "DeploymentIsNotInReadyStateException"
	DeploymentLimitExceeded            = "DeploymentLimitExceededException"
	DeploymentNotStarted               = "DeploymentNotStartedException"
	DeploymentTargetDoesNotExist       = "DeploymentTargetDoesNotExistException"
	DeploymentTargetIDRequired         = "DeploymentTargetIdRequiredException"
	ECSServiceMappingLimitExceeded     = "ECSServiceMappingLimitExceededException"
	InvalidApplicationName             = "InvalidApplicationNameException"
	InvalidArn                         = "InvalidArnException"
	InvalidAutoRollbackConfiguration   = "InvalidAutoRollbackConfigException"
	InvalidBlueGreenConfiguration      = "InvalidBlueGreenDeploymentConfigurationException"
	InvalidComputePlatform             = "InvalidComputePlatformException"
	InvalidDeploymentConfigName        = "InvalidDeploymentConfigNameException"
	InvalidDeploymentGroupName         = "InvalidDeploymentGroupNameException"
	InvalidDeploymentStatus            = "InvalidDeploymentStatusException"
	InvalidDeploymentWaitType          = "InvalidDeploymentWaitTypeException"
	InvalidECSService                  = "InvalidECSServiceException"
	InvalidInput                       = "InvalidInputException"
	InvalidDeployedStateFilter         = "InvalidDeployedStateFilterException"
	InvalidDeploymentStyle             = "InvalidDeploymentStyleException"
	InvalidFileExistsBehavior          = "InvalidFileExistsBehaviorException"
	InvalidSortBy                      = "InvalidSortByException"
	InvalidSortOrder                   = "InvalidSortOrderException"
	InvalidTagsToAdd                   = "InvalidTagsToAddException"
	InvalidTargetFilterName            = "InvalidTargetFilterNameException"
	InvalidTargetGroupPair             = "InvalidTargetGroupPairException"
	RoleRequired                       = "RoleRequiredException"
	InvalidLoadBalancerInfo            = "InvalidLoadBalancerInfoException"
	InvalidNextToken                   = "InvalidNextTokenException"
	InvalidOperation                   = "InvalidOperationException"
	InvalidRevision                    = "InvalidRevisionException"
	InvalidTimeRange                   = "InvalidTimeRangeException"
	InvalidTrafficRoutingConfiguration = "InvalidTrafficRoutingConfigurationException"
	ResourceArnRequired                = "ResourceArnRequiredException"
	RevisionDoesNotExist               = "RevisionDoesNotExistException"
	RevisionRequired                   = "RevisionRequiredException"
	SerializationFailed                = protocol.SerializationFailed
	TagRequired                        = "TagRequiredException"
	UnknownOperation                   = protocol.UnknownOperation
)

func refuse(code, format string, args ...any) *APIError {
	return &APIError{Code: code, Message: fmt.Sprintf(format, args...)}
}
