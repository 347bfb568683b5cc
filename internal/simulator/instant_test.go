//go:build unix

package simulator_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
)

func instant(c *simulator.Config) { c.Clock = clock.Instant() }

func startInstant(t *testing.T, adjust func(*simulator.Config)) *scenario {
	t.Helper()
	return start(t, func(c *simulator.Config) {
		instant(c)
		if adjust != nil {
			adjust(c)
		}
	})
}

// took fails unless a simulated time is about that long.
func took(t *testing.T, what string, got, want time.Duration) {
	t.Helper()
	if got < want || got > want+30*time.Second { // real time counts as well
		t.Errorf("%s took %v, want about %v", what, got, want)
	}
}

func TestAnInstantDeploymentShowsTheTimesThatItWouldHaveTaken(t *testing.T) {
	s := startInstant(t, func(c *simulator.Config) {
		c.Deployment, c.TerminationWait = codedeploy.Canary("canary", 10, 5*time.Minute), time.Hour
	})
	s.hook(t, "check")
	outcome := s.deploy(t, spec("shop:2", codedeploy.AfterInstall, codedeploy.AfterAllowTestTraffic, codedeploy.AfterAllowTraffic))
	if d := outcome.Deployment; d.Status != codedeploy.Succeeded {
		t.Fatalf("%s: %v", d.Status, d.Error)
	}
	d := outcome.Deployment
	took(t, "the canary", d.Event(codedeploy.AllowTraffic).Duration(), 5*time.Minute)
	took(t, "a hook", d.Event(codedeploy.AfterInstall).Duration(), 0)
	took(t, "the deployment", d.Completed.Sub(d.Created), time.Hour+5*time.Minute)
}

func TestInInstantTimeAHookThatSaysNothingFailsAfterItsHour(t *testing.T) {
	tests := []struct {
		behaviour string
		runs      int // of the function
	}{
		{"crash", 3},
		{"say nothing", 1},
	}
	for _, test := range tests {
		t.Run(test.behaviour, func(t *testing.T) {
			s := startInstant(t, nil)
			s.hook(t, test.behaviour)
			outcome := s.deploy(t, spec("shop:2", codedeploy.AfterInstall))
			e := outcome.Deployment.Event(codedeploy.AfterInstall)
			if e.ErrorCode != "ScriptTimedOut" || outcome.Rollback == nil {
				t.Errorf("%s: %+v", outcome.Deployment.Status, e)
			}
			took(t, "the hook", e.Duration(), time.Hour)
			runs := 0
			for _, entry := range s.Timeline().Entries() {
				if _, ok := entry.What.(simulator.FunctionInvoked); ok {
					runs++
				}
			}
			if runs != test.runs {
				t.Errorf("the function ran %d times, want %d", runs, test.runs)
			}
		})
	}
}

func TestInInstantTimeAVersionThatStaysUnhealthyFailsAfterItsHour(t *testing.T) {
	s := startInstant(t, nil)
	outcome := s.deploy(t, spec("dead"))
	e := outcome.Deployment.Event(codedeploy.Install)
	if outcome.Deployment.Status != codedeploy.Failed || !strings.Contains(e.Message, "[500]") {
		t.Errorf("%s: %+v", outcome.Deployment.Status, e)
	}
	took(t, "Install", e.Duration(), time.Hour)
}

func TestInInstantTimeAVersionMayTakeRealTimeToStart(t *testing.T) {
	address, listen := bound(t)
	s := startInstant(t, func(c *simulator.Config) {
		c.HealthCheck.UnhealthyThreshold = 1 << 20 // it stays initial until it listens
		others := c.Tasks
		c.Tasks = func(ctx context.Context, definition string) (simulator.Task, error) {
			if definition != "slow" {
				return others(ctx, definition)
			}
			return simulator.Task{URL: "http://" + address, Stop: func() error { return nil }}, nil
		}
	})
	id, err := s.Create(spec("slow"))
	if err != nil {
		t.Fatal(err)
	}
	for refused := false; !refused; {
		targets := s.Targets(simulator.TargetGroupTwo)
		refused = len(targets) == 1 && targets[0].Reason != ""
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	_ = server.Listener.Close()
	server.Listener = listen()
	server.Start()
	defer server.Close()
	outcome, err := s.Wait(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if d := outcome.Deployment; d.Status != codedeploy.Succeeded {
		t.Errorf("%s: %v", d.Status, d.Error)
	}
	took(t, "Install", outcome.Deployment.Event(codedeploy.Install).Duration(), 0)
}

// bound is an address that refuses connections until listen is called, and that nobody else gets.
func bound(t *testing.T) (address string, listen func() net.Listener) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "bound")
	t.Cleanup(func() { _ = file.Close() })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(name.(*syscall.SockaddrInet4).Port)), func() net.Listener {
		if err := syscall.Listen(fd, 16); err != nil {
			t.Fatal(err)
		}
		listener, err := net.FileListener(file)
		if err != nil {
			t.Fatal(err)
		}
		return listener
	}
}
