package demo

import (
	"cmp"
	"fmt"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
)

func (d Demo) print(format string, args ...any) { fmt.Fprintf(d.Out, format+"\n", args...) }

func (d Demo) introduce(sim *simulator.Simulator) {
	d.print("A shop is deployed blue/green, all of it on this machine. Each hook below is a Lambda invocation of this")
	d.print("binary, started over the Lambda Runtime API; it reports to a CodeDeploy endpoint through the AWS SDK.")
	d.print("")
	d.print("  production listener  %s  customers are here all the time", sim.ProductionURL())
	d.print("  test listener        %s", sim.TestURL())
	d.print("  CodeDeploy endpoint  %s", sim.EndpointURL())
}

func (d Demo) praise(o simulator.Outcome, visits *customers) {
	d.table(o.Deployment, liveVersion, goodVersion)
	answered, troubled := visits.seen()
	d.print("")
	d.print("  Customers sent %d requests meanwhile and just after: %s. %s.", sum(answered)+troubled, who(answered, liveVersion, goodVersion), trouble(troubled))
}

// explain shows why the bad version was refused, and gives how often customers met it.
func (d Demo) explain(o simulator.Outcome, visits *customers, reason string) int {
	d.table(o.Deployment, goodVersion, badVersion)
	answered, troubled := visits.seen()
	d.print("")
	d.print("  Why, from the function's last log line:")
	d.print("    %s", d.paint(red, reason))
	d.print("")
	d.print("  The load balancer's health check was content with %s; the plan wasn't.", badVersion)
	d.print("  CodeDeploy rolled back by itself: %s, %s.", o.Rollback.ID, cmp.Or(string(o.Rollback.Status), "no status"))
	d.print("  Production never saw it: %d requests meanwhile and just after, %s. %s.",
		sum(answered)+troubled, who(answered, goodVersion, badVersion), trouble(troubled))
	return answered[badVersion]
}

func (d Demo) suggest() {
	d.print("")
	d.print("Next:")
	d.print("  begin            greenlight init, in your service's folder: a plan, its tests, a deployment to simulate")
	d.print("  check the plan   greenlight validate")
	d.print("  try it           greenlight run greenlight.yaml --green http://localhost:8080")
	d.print("  deploy it        README.md: from a clone to a hook in your own account")
}

// table is what CodeDeploy's console shows of a deployment.
func (d Demo) table(o codedeploy.Deployment, from, to string) {
	d.print("")
	d.print("Deployment %s, %s replaces %s: %s", o.ID, to, from, d.status(string(o.Status), 0))
	d.print("")
	const row = "  %-22s %9s  %s  %-12s  %s"
	d.print(row, "Event", "Duration", fmt.Sprintf("%-9s", "Status"), "Start", "End")
	for _, r := range simulator.Table(o) {
		if r.Start.IsZero() {
			d.print(row, r.Event, "-", d.status(string(r.Status), 9), "-", "-")
			continue
		}
		d.print(row, r.Event, elapsed(r.Duration), d.status(string(r.Status), 9), clockTime(r.Start), clockTime(r.End))
	}
}

func elapsed(t time.Duration) string {
	if t < time.Millisecond {
		return "<1ms"
	}
	return t.Round(time.Millisecond).String()
}

func clockTime(t time.Time) string { return t.Format("15:04:05.000") }

const (
	red   = "\x1b[31m"
	green = "\x1b[32m"
	dim   = "\x1b[2m"
	reset = "\x1b[0m"
)

func (d Demo) paint(color, s string) string {
	if !d.Color {
		return s
	}
	return color + s + reset
}

// status is a status in its colour, padded to a width.
func (d Demo) status(s string, width int) string {
	color := dim
	switch s {
	case "Succeeded":
		color = green
	case "Failed":
		color = red
	}
	return d.paint(color, fmt.Sprintf("%-*s", width, s))
}

func sum(answered map[string]int) int {
	n := 0
	for _, count := range answered {
		n += count
	}
	return n
}

// who says how many requests each of two versions answered.
func who(answered map[string]int, first, second string) string {
	return fmt.Sprintf("%d answered by %s, %d by %s", answered[first], first, answered[second], second)
}

func trouble(n int) string {
	if n == 0 {
		return "None went wrong"
	}
	return fmt.Sprintf("%d went wrong", n)
}
