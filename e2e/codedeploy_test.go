//go:build e2e

package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// report is what CodeDeploy was told.
type report struct {
	DeploymentID string `json:"deploymentId"`
	ExecutionID  string `json:"lifecycleEventHookExecutionId"`
	Status       string `json:"status"`
}

// codeDeploy stands in CodeDeploy's place: it takes reports as the service does, and keeps them. Whatever else is asked it denies.
type codeDeploy struct {
	url     string
	reports chan report
}

func startCodeDeploy(t *testing.T) *codeDeploy {
	t.Helper()
	c := &codeDeploy{reports: make(chan report, 16)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead || r.Method == http.MethodGet {
			w.WriteHeader(http.StatusNotFound) // somebody opens a connection ahead of time
			return
		}
		const target = "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus"
		if got := r.Header.Get("X-Amz-Target"); got != target {
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			w.WriteHeader(http.StatusBadRequest)
			_ = json.NewEncoder(w).Encode(map[string]string{"__type": "AccessDeniedException", "message": "not authorized to perform " + got})
			return
		}
		if r.Header.Get("Authorization") == "" {
			t.Error("the report isn't signed")
		}
		body, err := io.ReadAll(r.Body)
		var told report
		if err == nil {
			err = json.Unmarshal(body, &told)
		}
		if err != nil {
			t.Errorf("reading the report %q: %v", body, err)
		}
		c.reports <- told
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_ = json.NewEncoder(w).Encode(map[string]string{"lifecycleEventHookExecutionId": told.ExecutionID})
	}))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}
