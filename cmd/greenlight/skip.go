package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/greenlight-deploy/greenlight/internal/check"
)

// Two ways to let a deployment through by hand, such as the one that repairs production while a check is wrong. Both are
// told in the log, in the answer and in the report: nobody is to take what was skipped for what passed.
const (
	// envSkip holds the ids of the deployments that are let through, separated by commas, or "true" for all. For ECS an id
	// is the last part of the service deployment's ARN, or all of it.
	envSkip = "GREENLIGHT_SKIP"
	// skipMark in the description of a deployment lets that one through. ECS's deployments have none.
	skipMark = "[skip greenlight]"
)

// skippedBySetting says by whose word a deployment is let through; it is empty where it isn't.
func skippedBySetting(setting, deployment string) string {
	for id := range strings.SplitSeq(setting, ",") {
		switch id = strings.TrimSpace(id); {
		case strings.EqualFold(id, "true"):
			return envSkip + " is set to true, for every deployment"
		case id != "" && (id == deployment || strings.HasSuffix(deployment, "/"+id)):
			return fmt.Sprintf("%s names this deployment", envSkip)
		}
	}
	return ""
}

func saysSkip(description string) bool {
	return strings.Contains(strings.ToLower(description), skipMark)
}

// skipped lets an execution through.
func skipped(ctx context.Context, logger *slog.Logger, word string) check.Verdict {
	logger.WarnContext(ctx, "skipped: this deployment goes on unchecked", "because", word)
	return check.Verdict{
		Outcome: check.Passed, Succeeded: true, Rule: "skip", Checks: []check.Report{},
		Reason: "SKIPPED, nothing was asked: " + word,
	}
}
