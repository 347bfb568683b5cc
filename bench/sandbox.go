package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	// functionName begins as CodeDeploy's managed policies ask of hooks.
	functionName = "CodeDeployHook_bench"
	// patience is how long anything may take, and how long the function may run.
	patience = 60 * time.Second
)

// sandbox is one start of a bootstrap.
type sandbox struct {
	bootstrap bootstrap
	cloud     *cloud
	api       *runtimeAPI
	cmd       *exec.Cmd
	output    bytes.Buffer // whole once exited is closed
	started   time.Time
	exited    chan struct{}
}

// start executes the bootstrap in an environment of its own. The settings are added to it.
func start(ctx context.Context, b bootstrap, c *cloud, settings ...string) (*sandbox, error) {
	api, err := serveRuntimeAPI()
	if err != nil {
		return nil, err
	}
	s := &sandbox{bootstrap: b, cloud: c, api: api, exited: make(chan struct{})}
	s.cmd = exec.CommandContext(ctx, b.path)
	s.cmd.Dir = filepath.Dir(b.path)
	s.cmd.Env = append(environment(b, c, api.addr), settings...)
	s.cmd.Stdout, s.cmd.Stderr = &s.output, &s.output
	s.started = time.Now()
	if err := s.cmd.Start(); err != nil {
		api.close()
		return nil, fmt.Errorf("starting %s: %w", b.name, err)
	}
	go func() {
		defer close(s.exited)
		_ = s.cmd.Wait() // it is killed
	}()
	return s, nil
}

// environment is what Lambda sets, the hook's settings, and where this machine's AWS is. The roots are given as the
// system's, not as AWS_CA_BUNDLE, since that is how a function finds them.
//
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
func environment(b bootstrap, c *cloud, api string) []string {
	return []string{
		"AWS_LAMBDA_RUNTIME_API=" + api,
		"AWS_LAMBDA_FUNCTION_NAME=" + functionName,
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128",
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_REGION=eu-west-1",
		"AWS_DEFAULT_REGION=eu-west-1",
		"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
		"AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
		"AWS_SESSION_TOKEN=" + strings.Repeat("session", 100),
		"LAMBDA_TASK_ROOT=" + filepath.Dir(b.path),
		"_HANDLER=bootstrap",
		"LANG=en_US.UTF-8",
		"TZ=:UTC",
		"PATH=/usr/local/bin:/usr/bin:/bin",

		"AWS_ENDPOINT_URL_CODEDEPLOY=" + c.codedeployURL,
		"SSL_CERT_FILE=" + c.bundle,
		"SSL_CERT_DIR=" + c.noFolder,
		"ALB_URL=" + c.greenHost,
		"ROUTES=health",
	}
}

// ready waits for the first …/next, and gives the time from exec to it.
func (s *sandbox) ready(ctx context.Context) (time.Duration, error) {
	at, err := await(ctx, s, s.api.asked, "its first /next")
	return at.Sub(s.started), err
}

// throttled moves the bootstrap into a group, stopped, as Lambda freezes it between init and event: it must not get on
// with anything at full speed while the kernel moves it.
func (s *sandbox) throttled(g group) error {
	if err := freeze(s.cmd.Process); err != nil {
		return fmt.Errorf("stopping %s: %w", s.bootstrap.name, err)
	}
	if err := g.add(s.cmd.Process.Pid); err != nil {
		return err
	}
	if err := thaw(s.cmd.Process); err != nil {
		return fmt.Errorf("continuing %s: %w", s.bootstrap.name, err)
	}
	return nil
}

// invocation is what a first event came to.
type invocation struct {
	toStatus   time.Duration // from the event to the status at CodeDeploy; 0 where the bootstrap is no hook
	toResponse time.Duration // from the event to the answer at the Runtime API
}

// invoke hands over an event, and waits for the status and for the answer.
func (s *sandbox) invoke(ctx context.Context, reports bool) (invocation, error) {
	event, err := json.Marshal(map[string]string{
		"DeploymentId": "d-BENCH0001", "LifecycleEventHookExecutionId": strings.Repeat("eyJlbmNyeXB0ZWRE", 17),
	})
	if err != nil {
		return invocation{}, fmt.Errorf("making an event: %w", err)
	}
	select {
	case s.api.events <- event:
	case <-s.exited:
		return invocation{}, s.died("the event")
	case <-ctx.Done():
		return invocation{}, ctx.Err()
	}
	handed, err := await(ctx, s, s.api.handed, "the event")
	if err != nil {
		return invocation{}, err
	}
	var inv invocation
	if reports {
		got, err := await(ctx, s, s.cloud.statuses, "the status at CodeDeploy")
		if err != nil {
			return inv, err
		}
		if got.Status != "Succeeded" {
			return inv, s.said("it reported %q of a green that is healthy", got.Status)
		}
		inv.toStatus = got.at.Sub(handed)
	}
	answered, err := await(ctx, s, s.api.answered, "its answer to the event")
	if err != nil {
		return inv, err
	}
	if answered.failed {
		return inv, s.said("it answered the event with an error: %s", answered.body)
	}
	inv.toResponse = answered.at.Sub(handed)
	return inv, nil
}

// await waits for something that a bootstrap is to do.
func await[T any](ctx context.Context, s *sandbox, what <-chan T, name string) (T, error) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	var none T
	select {
	case got := <-what:
		return got, nil
	case <-s.exited:
		return none, s.died(name)
	case <-timer.C:
		return none, s.said("%s didn't come within %s", name, patience)
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

func (s *sandbox) died(before string) error { return s.said("it ended before %s", before) }

// said ends the bootstrap, and adds its output to what is told of it.
func (s *sandbox) said(format string, args ...any) error {
	s.close()
	return fmt.Errorf("measuring %s: %s; its output:\n%s", s.bootstrap.name, fmt.Sprintf(format, args...), s.output.String())
}

// close kills the bootstrap and waits for its end. It may be called again.
func (s *sandbox) close() {
	_ = s.cmd.Process.Kill() // it may have ended already
	<-s.exited
	s.api.close()
}
