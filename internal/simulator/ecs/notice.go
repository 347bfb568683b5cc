package ecs

import (
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/protocol"
)

// Notice is what ECS sends to EventBridge when a hook changes its status:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_hook_state_change_events.html.
type Notice struct {
	Version    string       `json:"version"`
	ID         string       `json:"id"`
	DetailType string       `json:"detail-type"`
	Source     string       `json:"source"`
	Account    string       `json:"account"`
	Time       string       `json:"time"`
	Region     string       `json:"region"`
	Resources  []string     `json:"resources"`
	Detail     NoticeDetail `json:"detail"`
}

// NoticeDetail is the part of a notice that is of ECS.
type NoticeDetail struct {
	EventType     string     `json:"eventType"`
	EventName     string     `json:"eventName"` // HOOK_ and the hook's status
	HookID        string     `json:"hookId"`
	HookType      TargetType `json:"hookType"`
	ExpiresAt     string     `json:"expiresAt"`
	Stage         Stage      `json:"lifecycleStage"`
	ClusterARN    string     `json:"clusterArn"`
	ServiceARN    string     `json:"serviceArn"`
	DeploymentARN string     `json:"serviceDeploymentArn"`
	UpdatedAt     string     `json:"updatedAt"`
}

func (s *Scheduler) notice(d Deployment, run HookRun) Notice {
	kind := "INFO"
	if run.Status == HookFailed || run.Status == HookTimedOut {
		kind = "ERROR"
	}
	return Notice{
		Version: "0", ID: protocol.RequestID(), DetailType: "ECS Hook State Change", Source: "aws.ecs",
		Account: s.config.AccountID, Time: d.Updated.UTC().Format(time.RFC3339), Region: s.config.Region,
		Resources: []string{d.ARN},
		Detail: NoticeDetail{
			EventType: kind, EventName: "HOOK_" + string(run.Status), HookID: run.ID, HookType: run.Type,
			ExpiresAt: run.Expires.UTC().Format(time.RFC3339), Stage: run.Stage,
			ClusterARN: d.ClusterARN, ServiceARN: d.ServiceARN, DeploymentARN: d.ARN,
			UpdatedAt: d.Updated.UTC().Format(time.RFC3339Nano),
		},
	}
}
