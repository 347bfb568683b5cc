package main

import (
	"context"
	"fmt"
	"io"
)

// coldStarts is what the starts of one contender came to.
type coldStarts struct {
	contender
	toNext   sample // exec to the first /next, ms
	resident sample // at the first /next, settled, MB
	peak     sample // after a first event with the whole CPU, MB; what Lambda calls Max Memory Used
	zip      float64
}

// Most that a start may cost; see docs/performance.md.
const (
	mostOfLeast  = 2  // times the least program's time to /next
	mostResident = 20 // MB
	mostZip      = 6  // MB
)

// coldStart measures from exec to the first /next, and what is held then.
func (o options) coldStart(ctx context.Context, entered lineup, out io.Writer) ([]judged, error) {
	contenders := append(entered.hooks(), entered.unconnected(), entered.connected(), entered.least)
	all, err := o.measureColdStarts(ctx, contenders)
	if err != nil {
		return nil, err
	}
	writeColdStarts(out, all)
	greenlight, rest := all[0], all[len(all)-3:]
	unconnected, connected, least := rest[0], rest[1], rest[2]
	// Like is held against like: most of the time to connect is spent on the roots and the handshake, in any program.
	return []judged{
		{"exec to the first `/next`, of the least program's", times, mostOfLeast, unconnected.toNext.median() / least.toNext.median(), 0},
		{"exec to the first `/next`, both with connections to CodeDeploy", times, mostOfLeast, greenlight.toNext.median() / connected.toNext.median(), 0},
		{"resident memory at the first `/next`", "MB", mostResident, greenlight.resident.median(), 0},
		{"zip", "MB", mostZip, greenlight.zip, 0},
	}, nil
}

// measureColdStarts starts each contender so many times, in turns.
func (l *lab) measureColdStarts(ctx context.Context, contenders []contender) ([]coldStarts, error) {
	measured := make([]coldStarts, len(contenders))
	for i, c := range contenders {
		zip, err := c.zipSize()
		if err != nil {
			return nil, err
		}
		measured[i] = coldStarts{contender: c, zip: zip}
	}
	err := l.inTurns(len(measured), "cold starts", func(i int) error { return measured[i].once(ctx, l.cloud) })
	return measured, err
}

func (m *coldStarts) once(ctx context.Context, c *cloud) error {
	s, err := start(ctx, m.bootstrap, c, m.settings...)
	if err != nil {
		return err
	}
	defer s.close()
	toNext, err := s.ready(ctx)
	if err != nil {
		return err
	}
	held, err := settledMemory(ctx, s.cmd.Process.Pid)
	if err != nil {
		return err
	}
	m.toNext.add(toNext)
	m.resident = append(m.resident, held.resident)
	if len(m.settings) > 0 {
		return nil // a variant, in which the event may not be answered
	}
	if _, err := s.invoke(ctx, m.hook); err != nil {
		return err
	}
	held, err = settledMemory(ctx, s.cmd.Process.Pid)
	m.peak = append(m.peak, held.peak)
	return err
}

// inTurns runs a measurement of each of n contenders, as often as the lab starts things. The first of a round is
// another each time, so that nobody always follows the same neighbour.
func (l *lab) inTurns(n int, what string, once func(i int) error) error {
	fmt.Fprintf(l.progress, "bench: %s: %d times %d\n", what, n, l.starts)
	for round := range l.starts {
		for turn := range n {
			if err := once((round + turn) % n); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeColdStarts(out io.Writer, all []coldStarts) {
	fmt.Fprint(out, "### Cold start\n\nMilliseconds from exec to the first `/next` and memory in MB: **median** (quartiles; extremes).\n\n")
	t := table{head: []string{"bootstrap", "to `/next`, ms", "resident at `/next`, MB", "peak after one event, MB", "zip, MB"}}
	for _, m := range all {
		t.add(m.label, spread(m.toNext), spread(m.resident), spread(m.peak), fmt.Sprintf("%.2f", m.zip))
	}
	t.writeTo(out)
}
