//go:build unix

package scenario_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// upstreamVariable makes the test binary serve, or fail to, as one side of a scenario.
const upstreamVariable = "TEST_UPSTREAM"

func TestMain(m *testing.M) {
	switch says := os.Getenv(upstreamVariable); {
	case says == "dies":
		fmt.Fprintln(os.Stderr, "no database")
		os.Exit(7)
	case says != "":
		serveUpstream(says)
		return
	case os.Getenv("AWS_LAMBDA_RUNTIME_API") != "":
		runHook()
		return
	}
	goleak.VerifyTestMain(m)
}

func serveUpstream(says string) {
	socket, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		os.Exit(91)
	}
	_ = http.Serve(socket, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, says) })) //nolint:gosec // ends with the test
}

// runHook reports Succeeded where green's address, asked with the header in HEADER, answers as WANT has it.
func runHook() {
	api := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	for {
		resp, err := http.Get(api + "next")
		if err != nil {
			os.Exit(92)
		}
		var event struct{ DeploymentID, LifecycleEventHookExecutionID, LifecycleStage string }
		if err := json.NewDecoder(resp.Body).Decode(&event); err != nil {
			os.Exit(93)
		}
		_ = resp.Body.Close()
		status := "Failed"
		if got := bodyWith(os.Getenv("GREEN"), os.Getenv("HEADER")); got == os.Getenv("WANT") {
			status = "Succeeded"
		} else {
			fmt.Printf("green answered %q\n", got)
		}
		answer := "null"
		if event.LifecycleStage != "" {
			answer = `{"hookStatus": "` + strings.ToUpper(status) + `"}`
		} else {
			report(event.DeploymentID, event.LifecycleEventHookExecutionID, status)
		}
		answered, err := http.Post(api+resp.Header.Get("Lambda-Runtime-Aws-Request-Id")+"/response", "application/json", strings.NewReader(answer))
		if err != nil {
			os.Exit(94)
		}
		_ = answered.Body.Close()
	}
}

func report(deployment, execution, status string) {
	text, _ := json.Marshal(map[string]string{"deploymentId": deployment, "lifecycleEventHookExecutionId": execution, "status": status})
	for range 5 { // the scenario's faults may befall the first
		req, _ := http.NewRequest(http.MethodPost, os.Getenv("AWS_ENDPOINT_URL"), strings.NewReader(string(text)))
		req.Header.Set("Content-Type", "application/x-amz-json-1.1")
		req.Header.Set("X-Amz-Target", "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			continue
		}
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return
		}
		fmt.Println("status not taken:", resp.StatusCode)
	}
}

func body(url string) string { return bodyWith(url, "") }

// bodyWith is what a request with a header, "name: value" or empty for none, is answered with. HTTPS is trusted by the file in CA.
func bodyWith(url, header string) string {
	req, err := http.NewRequest(http.MethodGet, url, http.NoBody)
	if err != nil {
		return err.Error()
	}
	if name, value, ok := strings.Cut(header, ": "); ok {
		req.Header.Set(name, value)
		req.Host = req.Header.Get("Host")
	}
	client := http.DefaultClient
	if authority, err := os.ReadFile(os.Getenv("CA")); err == nil {
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(authority)
		client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	}
	resp, err := client.Do(req)
	if err != nil {
		return err.Error()
	}
	text, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	return string(text)
}
