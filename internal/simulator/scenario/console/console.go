// Package console follows a simulated deployment for who started it from a shell: a live table on a terminal, a line
// for each change elsewhere, JSON for scripts; and at the end how it ended, and why.
package console

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
	"github.com/greenlight-deploy/greenlight/internal/simulator/scenario"
)

// Printer shows what happens. Its methods are called by one goroutine at a time, but for Tick.
type Printer interface {
	// Happened shows one entry of the timeline.
	Happened(entry simulator.Entry)
	// Tick says that time has passed: a live display's clocks run on.
	Tick()
	// Ended shows the end of the deployment.
	Ended(end End)
}

// End is how a deployment ended.
type End struct {
	Deployment Deployment
	// Rollback is the deployment that took it back; nil where there was none. ECS goes back within the deployment.
	Rollback *Deployment
	// Reason is why it failed, in the words of the function that refused it where it left any; empty otherwise.
	Reason string
	// Log is the last of what that function wrote, where that isn't the reason itself.
	Log []string
	// Traffic counts who came to the listeners, or invoked the alias, by side.
	Traffic []Share
	// Unexpected says how the deployment should have ended; nil where it ended as expected.
	Unexpected error
}

// Sides tells which side of the deployment under way a target group holds: [simulator.Blue], [simulator.Green], or neither,
// empty. They change with each deployment.
type Sides interface{ Side(group string) string }

// noTarget is in place of the side where there was none.
const noTarget = "no target"

// side names what a target group holds.
func side(sides Sides, group string) string { return cmp.Or(sides.Side(group), noTarget) }

// shares sums the load balancer's counts up.
func shares(sides Sides, counts []elb.Count) []Share {
	var list []Share
	for _, listener := range []string{simulator.ProductionListener, simulator.TestListener} {
		for _, name := range []string{simulator.Blue, simulator.Green, noTarget} {
			share := Share{Listener: listener, Side: name}
			for _, c := range counts {
				if simulator.ListenerOf(c) == listener && side(sides, c.TargetGroup) == name {
					share.Requests += c.Requests
					share.Failed += failed(c)
				}
			}
			if share.Requests > 0 {
				list = append(list, share)
			}
		}
	}
	return list
}

// Run deploys what the scenario says and shows it until the deployment, and its rollback where there is one, is over. An
// error means that the deployment wasn't accepted (a *codedeploy.APIError or *ecs.APIError), or that ctx ended.
func Run(ctx context.Context, sim *simulator.Simulator, s *scenario.Scenario, logs *Logs, p Printer) (End, error) {
	deployment, err := s.Create(sim)
	if err != nil {
		return End{}, err
	}
	stop := tick(p)
	followed := follow(ctx, sim.Timeline(), shortID(deployment), p)
	stop()
	outcome, err := s.Wait(ctx, sim, deployment)
	if err != nil {
		return End{}, err
	}
	end := End{Deployment: followed[0].Deployment, Traffic: traffic(sim), Unexpected: s.Expect.Judge(outcome)}
	if len(followed) > 1 {
		end.Rollback = &followed[1].Deployment
	}
	settle(ctx, sim)
	end.Reason, end.Log = logs.reason(end.Deployment)
	p.Ended(end)
	return end, nil
}

// settle lets functions write the ends of their logs. One that hangs isn't waited for.
func settle(ctx context.Context, sim *simulator.Simulator) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_ = sim.SettleFunctions(ctx) // what there is is shown
}

// follow shows what happens until the deployment and its rollback are over, and returns both.
func follow(ctx context.Context, timeline *simulator.Timeline, id string, p Printer) []*progress {
	followed := []*progress{{Deployment: Deployment{ID: id}}}
	for entry := range timeline.Watch(ctx) {
		p.Happened(entry)
		current := followed[len(followed)-1]
		changed, ok := entry.What.(simulator.DeploymentChanged)
		if ok && changed.Deployment.ID != current.ID { // another of its group
			continue
		}
		if service, ok := entry.What.(simulator.ServiceDeploymentChanged); ok && shortID(service.Deployment.ARN) != current.ID {
			continue
		}
		if _, about := current.take(entry); !about || !current.Over {
			continue
		}
		if back := changed.Deployment.Rollback; ok && back != nil && back.DeploymentID != "" && len(followed) == 1 {
			followed = append(followed, &progress{Deployment: Deployment{ID: back.DeploymentID}})
			continue
		}
		return followed
	}
	return followed
}

// often is the time between two ticks: what runs is seen to run.
const often = 200 * time.Millisecond

func tick(p Printer) (stop func()) {
	ticker, done, stopped := time.NewTicker(often), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-ticker.C:
				p.Tick()
			case <-done:
				return
			}
		}
	}()
	return func() { ticker.Stop(); close(done); <-stopped }
}

// Style is how people are written to.
type Style struct {
	// Width is that of the terminal in columns, 0 where it is none.
	Width int
	Color bool
}

const (
	red   = "\x1b[31m"
	green = "\x1b[32m"
	dim   = "\x1b[2m"
	reset = "\x1b[0m"
)

// status is a status in its colour, padded to a width.
func (s Style) status(text string, width int) string {
	padded := fmt.Sprintf("%-*s", width, text)
	if !s.Color {
		return padded
	}
	switch text {
	case string(codedeploy.Succeeded), string(ecs.Successful), string(ecs.StageSucceeded):
		return green + padded + reset
	case string(codedeploy.Failed), string(codedeploy.Stopped), string(ecs.RollbackSuccessful), string(ecs.RollbackFailed),
		string(ecs.Stopped), string(ecs.StageFailed), string(ecs.HookTimedOut):
		return red + padded + reset
	}
	return dim + padded + reset
}

// bad is a text in the colour of what is bad.
func (s Style) bad(text string) string {
	if !s.Color {
		return text
	}
	return red + text + reset
}

// writeEnd tells people how a deployment ended.
func writeEnd(out io.Writer, style Style, end End) {
	d := end.Deployment
	expected := "as expected"
	if end.Unexpected != nil {
		expected = "not as expected: " + end.Unexpected.Error()
	}
	fmt.Fprintf(out, "\nDeployment %s: %s, %s\n", d.ID, style.status(d.Status, 0), expected)
	for _, e := range d.failedAt() {
		if e.Message != "" {
			fmt.Fprintf(out, "  %s failed: %s\n", strings.TrimSpace(e.Name), plain(e.Message))
		}
	}
	if end.Reason != "" {
		fmt.Fprintf(out, "  why, says the function: %s\n", plain(end.Reason))
	}
	for i, line := range end.Log {
		if i == 0 {
			fmt.Fprint(out, "  the function's last lines:\n")
		}
		fmt.Fprintf(out, "    %s\n", plain(line))
	}
	switch {
	case end.Rollback != nil:
		fmt.Fprintf(out, "  rolled back by %s: %s\n", end.Rollback.ID, style.status(end.Rollback.Status, 0))
	case !d.Succeeded && !d.rolledBack():
		fmt.Fprint(out, "  not rolled back\n")
	}
	for _, s := range end.Traffic {
		line := fmt.Sprintf("  %s: %s by %s", s.place(), s.counted(), s.Side)
		if s.Failed > 0 {
			line += ", " + style.bad(s.wrong())
		}
		fmt.Fprintln(out, line)
	}
}
