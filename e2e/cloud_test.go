//go:build e2e

package e2e

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// hookName is what the deployments here call their hook.
const hookName = "CodeDeployHook_check"

// serveVersion is a service whose /health says which version answers: the family of the task definition.
func serveVersion(ctx context.Context, taskDefinition string) (simulator.Task, error) {
	family, _, _ := strings.Cut(taskDefinition[strings.LastIndexByte(taskDefinition, '/')+1:], ":")
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return simulator.Task{}, err
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"version":%q}`, family)
	})}
	go func() { _ = server.Serve(l) }()
	return simulator.Task{URL: "http://" + l.Addr().String(), Stop: server.Close}, nil
}

// cloud is a running simulator with others' clients in front of it.
type cloud struct {
	*simulator.Simulator
	log output
}

func startCloud(t *testing.T, edits ...func(*simulator.Config)) *cloud {
	t.Helper()
	c := &cloud{}
	config := simulator.Config{
		Application: "shop", Group: "production", Blue: "live", Tasks: serveVersion,
		HealthCheck:  elb.HealthCheck{Path: "/health", Interval: 20 * time.Millisecond},
		AutoRollback: codedeploy.AutoRollback{codedeploy.DeploymentFailure},
		HookTimeout:  time.Minute,
		Logs:         func(line lambda.LogLine) { _, _ = fmt.Fprintln(&c.log, line.Text) },
	}
	for _, edit := range edits {
		edit(&config)
	}
	var err error
	if c.Simulator, err = simulator.Start(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the functions wrote:\n%s", &c.log)
		}
	})
	return c
}

// clientEnvironment is the environment of a client that has credentials and no more.
func clientEnvironment(t *testing.T) []string {
	t.Helper()
	return []string{
		"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + t.TempDir(), "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=example", "AWS_EC2_METADATA_DISABLED=true",
		"PYTHONDONTWRITEBYTECODE=1",
	}
}

// run runs a client to its end, which must be a good one, and gives what it printed.
func (c *cloud) run(t *testing.T, cmd *exec.Cmd) []byte {
	t.Helper()
	var complaint output
	cmd.Env = append(append(clientEnvironment(t), "AWS_ENDPOINT_URL="+c.EndpointURL()), cmd.Env...)
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", strings.Join(cmd.Args[:min(2, len(cmd.Args))], " "), err, cmp.Or(complaint.String(), string(out)))
	}
	return out
}

// aws runs the AWS CLI and gives what it printed.
func (c *cloud) aws(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t, "AWS_CLI"), append([]string{"--output", "json"}, args...)...)
	cmd.Env = append(clientEnvironment(t), "AWS_ENDPOINT_URL="+c.EndpointURL())
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// ask runs the AWS CLI, which must succeed, and reads the JSON that it printed.
func (c *cloud) ask(t *testing.T, into any, args ...string) {
	t.Helper()
	out, err := c.aws(t, args...)
	if err == nil && into != nil {
		err = json.Unmarshal([]byte(out), into)
	}
	if err != nil {
		t.Fatalf("aws %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// await waits until something has happened in the simulator.
func (c *cloud) await(t *testing.T, what string, is func(simulator.Happening) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for entry := range c.Timeline().Watch(ctx) {
		if is(entry.What) {
			return
		}
	}
	entries := c.Timeline().Entries()
	t.Fatalf("waited in vain for %s; the last of %d happenings is %+v", what, len(entries), entries[len(entries)-1])
}

// version says which version a listener's URL leads to.
func version(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/health", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	var body struct{ Version string }
	err = json.NewDecoder(response.Body).Decode(&body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return body.Version
}

// hookFolder is where the hooks are. They are written in other languages, and know nothing of this project.
func hookFolder(t *testing.T) string {
	t.Helper()
	folder, err := filepath.Abs("testdata/hooks")
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// pythonHook runs a hook that is written in Python against a test listener.
func pythonHook(t *testing.T, name, file, testURL string) lambda.Function {
	t.Helper()
	return lambda.Function{
		Name: name, Command: []string{program(t, "HOOK_PYTHON"), filepath.Join(hookFolder(t), file)}, Dir: hookFolder(t),
		Env: map[string]string{"TEST_URL": testURL}, Timeout: 30 * time.Second, MemoryMB: 256,
	}
}
