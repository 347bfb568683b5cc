//go:build unix

package simulator_test

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
)

// ports finds free ports. They are free again when it returns.
func ports(t *testing.T, n int) []int {
	t.Helper()
	list := make([]int, n)
	for i := range list {
		socket, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = socket.Close() }()
		list[i] = socket.Addr().(*net.TCPAddr).Port
	}
	return list
}

func TestListenersAndEndpointAnswerOnTheirPorts(t *testing.T) {
	p := ports(t, 3)
	s := start(t, func(c *simulator.Config) { c.Production.Port, c.Test.Port, c.EndpointPort = p[0], p[1], p[2] })
	for i, url := range []string{s.ProductionURL(), s.TestURL(), s.EndpointURL()} {
		if want := "http://127.0.0.1:" + strconv.Itoa(p[i]); url != want {
			t.Errorf("it answers at %s, want %s", url, want)
		}
	}
}

func TestATaskThatEndsFailsItsTaskSetAtOnce(t *testing.T) {
	ended := make(chan error, 1)
	ended <- errors.New("out of memory")
	s := start(t, func(c *simulator.Config) {
		healthy := c.Tasks
		c.Tasks = func(ctx context.Context, definition string) (simulator.Task, error) {
			task, err := healthy(ctx, definition)
			if definition == "dead" {
				task.Ended = ended
			}
			return task, err
		}
	})
	outcome := s.deploy(t, spec("dead"))
	if e := outcome.Deployment.Event(codedeploy.Install); e.Status != codedeploy.EventFailed || !strings.Contains(e.Message, "out of memory") {
		t.Errorf("Install %s: %s", e.Status, e.Message)
	}
}
