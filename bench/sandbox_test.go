package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// behaviour says how the test's own binary behaves as a bootstrap.
const behaviour = "BEHAVIOUR"

func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		if err := serveAsBootstrap(context.Background(), os.Getenv(behaviour)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// serveAsBootstrap is a hook that gives every event one status.
func serveAsBootstrap(ctx context.Context, how string) error {
	if how == "dies" {
		return errors.New("no plan to start with")
	}
	api := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	for {
		id, event, err := send(ctx, http.MethodGet, api+"next", "")
		if err != nil {
			return err
		}
		answer := "/response"
		switch how {
		case "fails":
			answer = "/error"
		default:
			status := strings.NewReplacer("DeploymentId", "deploymentId", "LifecycleEventHook", "lifecycleEventHook", "}", `,"status":"`+how+`"}`).Replace(event)
			if _, _, err := send(ctx, http.MethodPost, os.Getenv("AWS_ENDPOINT_URL_CODEDEPLOY"), status); err != nil {
				return err
			}
		}
		if _, _, err := send(ctx, http.MethodPost, api+id+answer, "null"); err != nil {
			return err
		}
	}
}

func send(ctx context.Context, method, url, body string) (id, answer string, err error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return "", "", err
	}
	req.Header.Set("X-Amz-Target", "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus") // the Runtime API looks at no header
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", "", err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return resp.Header.Get("Lambda-Runtime-Aws-Request-Id"), string(text), err
}

func TestSandboxMeasuresOneStart(t *testing.T) {
	s := startSelf(t, "Succeeded")
	toNext, err := s.ready(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	held, err := settledMemory(t.Context(), s.cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	took, err := s.invoke(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	if toNext <= 0 || took.toStatus <= 0 || took.toResponse < took.toStatus {
		t.Errorf("to next %v, to status %v, to response %v: each comes after the one before it", toNext, took.toStatus, took.toResponse)
	}
	if held.resident <= 0 || held.peak < held.resident {
		t.Errorf("%+v: a process holds something, and never more than its peak", held)
	}
}

func TestSandboxThatIsNoHookOwesNoStatus(t *testing.T) {
	s := startSelf(t, "Succeeded")
	if _, err := s.ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	took, err := s.invoke(t.Context(), false)
	if err != nil || took.toStatus != 0 {
		t.Errorf("to status %v, error %v", took.toStatus, err)
	}
}

func TestSandboxIsNotMeasuredWhereItDidWrong(t *testing.T) {
	for _, tt := range []struct{ why, how, want string }{
		{"it ended at once: its output says why", "dies", "ended before its first /next; its output:\nno plan to start with"},
		{"it answered with an error", "fails", "error: null"},
		{"it refused a green that is healthy", "Failed", `reported "Failed" of a green that is healthy`},
	} {
		t.Run(tt.why, func(t *testing.T) {
			s := startSelf(t, tt.how)
			_, err := s.ready(t.Context())
			if err == nil {
				_, err = s.invoke(t.Context(), tt.how != "fails")
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("the error is %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestCodeDeployIsTrustedByTheBundleAlone(t *testing.T) {
	c := openTestCloud(t)
	for _, tt := range []struct {
		why     string
		roots   *x509.CertPool
		trusted bool
	}{
		{"the bundle leads to its root", rootPool(t, c), true},
		{"no root does", x509.NewCertPool(), false},
	} {
		t.Run(tt.why, func(t *testing.T) {
			dialer := tls.Dialer{Config: &tls.Config{RootCAs: tt.roots, MinVersion: tls.VersionTLS12}}
			conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(c.codedeployURL, "https://"))
			if err == nil {
				_ = conn.Close()
			}
			if (err == nil) != tt.trusted {
				t.Errorf("the handshake gave %v, trusted must be %v", err, tt.trusted)
			}
		})
	}
}

func rootPool(t *testing.T, c *cloud) *x509.CertPool {
	t.Helper()
	pem, err := os.ReadFile(c.bundle)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(pem), "BEGIN CERTIFICATE"); n != roots {
		t.Errorf("the bundle has %d certificates, want %d", n, roots)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	return pool
}

// startSelf starts the test's own binary as a bootstrap.
func startSelf(t *testing.T, how string) *sandbox {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s, err := start(t.Context(), bootstrap{name: "self", path: self}, openTestCloud(t), behaviour+"="+how)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return s
}

func openTestCloud(t *testing.T) *cloud {
	t.Helper()
	c, err := openCloud(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	return c
}
