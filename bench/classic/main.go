// Command classic is the hook that teams write by hand, in Go: HEAD for each of ROUTES at ALB_URL, any 2xx passes,
// then the status to CodeDeploy. It is the first rival that greenlight is measured beside, and kept as plain as such
// hooks are: the client is made before the first event, and nothing is done ahead for its first request.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
)

type event struct {
	DeploymentID string `json:"DeploymentId"`
	ExecutionID  string `json:"LifecycleEventHookExecutionId"`
}

type hook struct {
	codedeploy *codedeploy.Client
	http       *http.Client
}

func main() {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	h := hook{codedeploy: codedeploy.NewFromConfig(cfg), http: &http.Client{Timeout: 2 * time.Second}}
	lambda.Start(h.handle)
}

func (h hook) handle(ctx context.Context, e event) error {
	status := types.LifecycleEventStatusSucceeded
	for route := range strings.SplitSeq(os.Getenv("ROUTES"), ",") {
		if err := h.check(ctx, "http://"+os.Getenv("ALB_URL")+"/"+strings.TrimPrefix(route, "/")); err != nil {
			log.Println(err)
			status = types.LifecycleEventStatusFailed
		}
	}
	_, err := h.codedeploy.PutLifecycleEventHookExecutionStatus(ctx, &codedeploy.PutLifecycleEventHookExecutionStatusInput{
		DeploymentId:                  &e.DeploymentID,
		LifecycleEventHookExecutionId: &e.ExecutionID,
		Status:                        status,
	})
	return err
}

func (h hook) check(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, url, nil)
	if err != nil {
		return err
	}
	resp, err := h.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("HEAD %s: %s", url, resp.Status)
	}
	return nil
}
