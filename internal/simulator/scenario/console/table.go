package console

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator"
)

// Table keeps the table that CodeDeploy's console shows of a deployment on the terminal, redrawn in place, with the
// listeners' weights and requests below it. A rollback gets a table of its own below that.
type Table struct {
	out     io.Writer
	style   Style
	now     func() time.Time
	sides   Sides
	traffic func() []Share

	mu         sync.Mutex
	deployment progress
	weights    map[string]map[string]int
	alias      simulator.AliasChanged // the one that is deployed, as it is; zero where there is none
	drawn      []string               // lines that stand on the terminal and are to be replaced
}

// NewTable makes a Printer for a terminal of style.Width columns, on which sim is followed.
func NewTable(out io.Writer, style Style, sim *simulator.Simulator) *Table {
	onBlue := map[string]int{simulator.TargetGroupOne: 100, simulator.TargetGroupTwo: 0}
	t := &Table{
		out: out, style: style, now: sim.Now, sides: sim, traffic: func() []Share { return traffic(sim) },
		weights: map[string]map[string]int{},
	}
	for listener, url := range map[string]string{simulator.ProductionListener: sim.ProductionURL(), simulator.TestListener: sim.TestURL()} {
		if url != "" {
			t.weights[listener] = onBlue
		}
	}
	if alias := sim.Alias(); alias != nil {
		t.alias.FunctionAlias = *alias
	}
	return t
}

// Happened takes the change into the table.
func (t *Table) Happened(entry simulator.Entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch what := entry.What.(type) {
	case simulator.WeightsChanged:
		t.weights[what.Listener] = what.Weights
	case simulator.AliasChanged:
		if what.FunctionAlias == t.alias.FunctionAlias {
			t.alias = what
		}
	}
	before := t.deployment
	t.deployment.take(entry)
	if before.Over && before.ID != t.deployment.ID {
		fmt.Fprintln(t.out)
		t.drawn = nil // the table of what it rolls back stays
	}
	t.draw()
}

// Tick redraws the table: its clocks run on while nothing happens.
func (t *Table) Tick() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.draw()
}

// Ended writes how the deployment ended below the table.
func (t *Table) Ended(end End) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.draw()
	writeEnd(t.out, t.style, end)
}

func (t *Table) draw() {
	if t.deployment.ID == "" {
		return
	}
	lines := t.lines()
	if slices.Equal(lines, t.drawn) { // what is written anew flickers
		return
	}
	var b strings.Builder
	if len(t.drawn) > 0 {
		fmt.Fprintf(&b, "\x1b[%dA\r\x1b[J", len(t.drawn))
	}
	for _, line := range lines {
		b.WriteString(line + "\n")
	}
	t.drawn = lines
	_, _ = io.WriteString(t.out, b.String())
}

// lines are the table's. None is wider than the terminal: a folded line would count as two, and redrawing would leave
// a part of it standing.
func (t *Table) lines() []string {
	d := t.deployment
	name, status := d.width, 10
	for _, e := range d.Events {
		name, status = max(name, len(e.Name)), max(status, len(e.Status))
	}
	lines := []string{t.fit("Deployment "+d.ID+" by "+d.By+": ", d.Status, "")}
	const row = "  %-*s %9s  "
	lines = append(lines, t.fit(fmt.Sprintf(row, name, "Event", "Duration"), "", fmt.Sprintf("%-*s  %-12s  %s", status, "Status", "Start", "End")))
	for _, e := range d.Events {
		took := "-"
		switch {
		case e.running():
			took = elapsed(t.now().Sub(e.Start))
		case !e.End.IsZero():
			took = elapsed(e.End.Sub(e.Start))
		}
		lines = append(lines, t.fit(fmt.Sprintf(row, name, e.Name, took), fmt.Sprintf("%-*s", status, e.Status),
			fmt.Sprintf("  %-12s  %s", clockTime(e.Start), clockTime(e.End))))
	}
	return append(lines, t.routes()...)
}

// routes are the lines that say where traffic goes, and how much has gone where.
func (t *Table) routes() []string {
	var lines []string
	came := t.traffic()
	add := func(line string, here func(Share) bool) {
		var parts []string
		for _, s := range came {
			if !here(s) {
				continue
			}
			part := fmt.Sprintf("%d by %s", s.Requests, s.Side)
			if s.Failed > 0 {
				part += " (" + s.wrong() + ")"
			}
			parts = append(parts, part)
		}
		lines = append(lines, t.fit(line+strings.Join(parts, ", "), "", ""))
	}
	for _, listener := range []string{simulator.ProductionListener, simulator.TestListener} {
		if byGroup, ok := t.weights[listener]; ok {
			add(fmt.Sprintf("  %-10s weights: %-20s requests: ", listener, weights(t.sides, byGroup)), func(s Share) bool { return s.Listener == listener })
		}
	}
	if name := t.alias.Name; name != "" {
		add(fmt.Sprintf("  alias %s weights: %-30s invocations: ", name, aliasWeights(t.alias.Weights)), func(s Share) bool { return s.Alias == name })
	}
	return lines
}

// fit joins a line's parts, the middle one a status in its colour, and cuts it before the terminal's last column: some
// terminals go to the next line when that is written.
func (t *Table) fit(before, status, after string) string {
	room := t.style.Width - 1
	if len(before)+len(status)+len(after) <= room {
		trimmed := strings.TrimSpace(status)
		if trimmed == "" {
			return before + after
		}
		return before + t.style.status(trimmed, len(status)) + after
	}
	line := before + status + after
	return line[:min(len(line), max(room, 0))]
}
