package console

import (
	"fmt"
	"io"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
	"github.com/greenlight-deploy/greenlight/internal/simulator/ecs"
)

// Lines writes a line for each change, for logs and pipes.
type Lines struct {
	out        io.Writer
	style      Style
	sides      Sides
	deployment progress
	shown      map[string]string // the last status that was written of each event
}

// NewLines makes a Printer of lines.
func NewLines(out io.Writer, style Style, sides Sides) *Lines {
	return &Lines{out: out, style: style, sides: sides}
}

// Happened writes a line where something changed that people follow.
func (l *Lines) Happened(entry simulator.Entry) {
	at := clockTime(entry.Time)
	switch what := entry.What.(type) {
	case simulator.WeightsChanged:
		fmt.Fprintf(l.out, "%s  %s listener: %s\n", at, what.Listener, weights(l.sides, what.Weights))
		return
	case simulator.AliasChanged:
		fmt.Fprintf(l.out, "%s  alias %s: %s\n", at, what.Name, aliasWeights(what.Weights))
		return
	}
	before := l.deployment.Deployment
	event, about := l.deployment.take(entry)
	d := l.deployment.Deployment
	if d.ID != before.ID {
		l.shown = map[string]string{}
	}
	switch {
	case event != nil && l.shown[event.Name] == event.Status: // ECS calls a hook again and again
	case event != nil:
		l.shown[event.Name] = event.Status
		took := ""
		if !event.End.IsZero() && !event.Start.IsZero() {
			took = "  " + elapsed(event.End.Sub(event.Start))
		}
		fmt.Fprintf(l.out, "%s  %-*s %s%s\n", at, d.width, event.Name, l.style.status(event.Status, 0), took)
	case about && (d.ID != before.ID || d.Over && !before.Over || d.Status != before.Status && d.Status == string(ecs.RollbackInProgress)):
		fmt.Fprintf(l.out, "%s  deployment %s by %s: %s\n", at, d.ID, d.By, l.style.status(d.Status, 0))
	}
}

// Tick writes nothing: lines have no clocks.
func (l *Lines) Tick() {}

// Ended writes how the deployment ended.
func (l *Lines) Ended(end End) { writeEnd(l.out, l.style, end) }
