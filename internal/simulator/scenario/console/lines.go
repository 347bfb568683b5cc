package console

import (
	"fmt"
	"io"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
)

// Lines writes a line for each change, for logs and pipes.
type Lines struct {
	out   io.Writer
	style Style
}

// NewLines makes a Printer of lines.
func NewLines(out io.Writer, style Style) *Lines { return &Lines{out: out, style: style} }

// Happened writes a line where something changed that people follow.
func (l *Lines) Happened(entry simulator.Entry) {
	at := clockTime(entry.Time)
	switch what := entry.What.(type) {
	case simulator.DeploymentChanged:
		if d := what.Deployment; d.Status == codedeploy.Created || d.Status.Ended() {
			fmt.Fprintf(l.out, "%s  deployment %s by %s: %s\n", at, d.ID, d.Creator, l.style.status(string(d.Status), 0))
		}
	case simulator.EventChanged:
		took := ""
		if !what.Event.End.IsZero() {
			took = "  " + elapsed(what.Event.Duration())
		}
		fmt.Fprintf(l.out, "%s  %-22s %s%s\n", at, what.Event.Name, l.style.status(string(what.Event.Status), 0), took)
	case simulator.WeightsChanged:
		fmt.Fprintf(l.out, "%s  %s listener: %s\n", at, what.Listener, weights(what.Weights))
	}
}

// Tick writes nothing: lines have no clocks.
func (l *Lines) Tick() {}

// Ended writes how the deployment ended.
func (l *Lines) Ended(end End) { writeEnd(l.out, l.style, end) }
