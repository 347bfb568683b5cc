//go:build unix

package simulator_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// patience is how long the hook waits for an answer that comes.
const patience = time.Minute

// reportUntilTaken reports a hook's status as long as CodeDeploy doesn't say that it has it, and logs each answer with
// how long it took. It waits for the first one as long as it is told.
func reportUntilTaken(deployment, execution, verdict string, patient time.Duration) {
	for {
		began := time.Now()
		answer := reportOnce(deployment, execution, verdict, patient, func(*http.Request, string) {})
		patient = patience
		fmt.Println(answer)
		if strings.HasPrefix(answer, "200 {") || strings.Contains(answer, "AlreadyCompleted") {
			fmt.Println("the last took", time.Since(began).Truncate(10*time.Millisecond))
			return
		}
	}
}

// reportSigned reports once, signed as Lambda's credentials say.
func reportSigned(deployment, execution, verdict string) string {
	return reportOnce(deployment, execution, verdict, patience, func(r *http.Request, body string) {
		hash := sha256.Sum256([]byte(body))
		credentials := aws.Credentials{
			AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: os.Getenv("AWS_SESSION_TOKEN"),
		}
		if err := v4.NewSigner().SignHTTP(r.Context(), credentials, r, hex.EncodeToString(hash[:]), "codedeploy", os.Getenv("AWS_REGION"), time.Now()); err != nil {
			os.Exit(94)
		}
	})
}

func reportOnce(deployment, execution, verdict string, patient time.Duration, sign func(r *http.Request, body string)) string {
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	body := fmt.Sprintf(`{"deploymentId":%q,"lifecycleEventHookExecutionId":%q,"status":%q}`, deployment, execution, verdict)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, os.Getenv("AWS_ENDPOINT_URL")+"/", strings.NewReader(body))
	if err != nil {
		os.Exit(95)
	}
	r.Header.Set("X-Amz-Target", "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus")
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	sign(r, body)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	text, _ := io.ReadAll(resp.Body)
	return fmt.Sprint(resp.StatusCode, " ", string(text))
}
