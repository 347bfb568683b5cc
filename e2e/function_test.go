//go:build e2e

package e2e

import (
	"archive/zip"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// function is a hook under the Runtime Interface Emulator.
type function struct {
	url  string // of the emulator
	logs *output
}

// unpack lays the zip's files out as Lambda does.
func unpack(t *testing.T) string {
	t.Helper()
	path := filepath.Join("..", "dist", "function-"+runtime.GOARCH+".zip")
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatalf("opening the packaged function: %v; run make package first", err)
	}
	defer func() { _ = archive.Close() }()
	dir := t.TempDir()
	for _, entry := range archive.File {
		content, err := entry.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(content)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, entry.Name), data, entry.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// buildCommandLine builds greenlight as it is for a terminal: with what the packaged function leaves out. The toolchain needs its
// user's settings.
func buildCommandLine(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "greenlight")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, "../cmd/greenlight").CombinedOutput(); err != nil {
		t.Fatalf("building greenlight: %v: %s", err, out)
	}
	return path
}

// startFunction starts the function with the settings that a user would give it, and a plan beside the binary if any.
func startFunction(t *testing.T, deploy *codeDeploy, planText string, settings ...string) *function {
	t.Helper()
	root := unpack(t)
	if planText != "" {
		if err := os.WriteFile(filepath.Join(root, "greenlight.yaml"), []byte(planText), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return startEmulator(t, root, []string{filepath.Join(root, "bootstrap")}, append(settings, "AWS_ENDPOINT_URL_CODEDEPLOY="+deploy.url)...)
}

// startEmulator starts a function under the Runtime Interface Emulator.
func startEmulator(t *testing.T, root string, command []string, settings ...string) *function {
	t.Helper()
	address, runtimeAddress := fmt.Sprintf("127.0.0.1:%d", freePort(t)), fmt.Sprintf("127.0.0.1:%d", freePort(t))
	cmd := exec.Command(program(t, "AWS_LAMBDA_RIE"), append([]string{
		"--runtime-interface-emulator-address", address, "--runtime-api-address", runtimeAddress,
	}, command...)...)
	cmd.Dir = root
	logs := start(t, cmd, append([]string{
		"LAMBDA_TASK_ROOT=" + root, "AWS_REGION=eu-central-1", "AWS_DEFAULT_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=example",
		"AWS_LAMBDA_FUNCTION_TIMEOUT=30", "AWS_LAMBDA_FUNCTION_NAME=CodeDeployHook_greenlight",
	}, settings...))
	f := &function{url: "http://" + address, logs: logs}
	awaitAnswer(t, f.url+"/")
	return f
}

// invoke sends an event with curl, and gives what the invocation answered.
func (f *function) invoke(t *testing.T, event string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "curl", "--silent", "--show-error", "--max-time", "60", "--data-binary", "@-",
		f.url+"/2015-03-31/functions/function/invocations")
	cmd.Stdin = strings.NewReader(event)
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin"}
	answer, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("posting the event: %v: %s", err, answer)
	}
	return string(answer)
}

// wait gives the one report of an execution.
func (c *codeDeploy) wait(t *testing.T) report {
	t.Helper()
	select {
	case r := <-c.reports:
		return r
	case <-time.After(time.Minute):
		t.Fatal("nothing was reported to CodeDeploy")
		return report{}
	}
}

// output keeps what a program writes.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
