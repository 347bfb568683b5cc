package main

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// memorySizes are the functions, by their memory in MB, whose CPU share is given to a first event.
var memorySizes = []int{128, 512, 1769}

// firstEvents is what a contender's first event took with the CPU share of one size, in ms.
type firstEvents struct {
	contender
	memory     int
	toStatus   sample
	toResponse sample
}

const (
	// mostFirstEvent is what a first event may take in a function of 128 MB, in ms.
	mostFirstEvent = 60
	// recipeThen is what the classic recipe took, in ms, on the machine that the limit was set on.
	recipeThen = 50.5
)

// firstEvent measures the first event under the CPU shares, or says why it can't be.
func (o options) firstEvent(ctx context.Context, entered lineup, out io.Writer) ([]judged, error) {
	t, err := findThrottle(o.period)
	if err != nil {
		fmt.Fprintf(out, "### First event\n\nSkipped: a CPU share needs control groups that may be written: %s.\n\n", err)
		return nil, nil
	}
	all, err := o.measureFirstEvents(ctx, t, entered.hooks())
	if err != nil {
		return nil, err
	}
	o.writeFirstEvents(out, all)
	// The recipe is the second contender, at the same memory.
	return []judged{{fmt.Sprintf("first event at %d MB", all[0].memory), "ms", mostFirstEvent, all[0].toResponse.median(), all[1].toResponse.median() / recipeThen}}, nil
}

// measureFirstEvents gives each contender a first event, with the whole CPU until its first /next and with a share
// from then on, as Lambda does.
func (l *lab) measureFirstEvents(ctx context.Context, t throttle, contenders []contender) ([]firstEvents, error) {
	var measured []firstEvents
	for _, memory := range memorySizes {
		for _, c := range contenders {
			measured = append(measured, firstEvents{contender: c, memory: memory})
		}
	}
	err := l.inTurns(len(measured), "first events", func(i int) error { return measured[i].once(ctx, t, l.cloud) })
	return measured, err
}

func (m *firstEvents) once(ctx context.Context, t throttle, c *cloud) (err error) {
	s, err := start(ctx, m.bootstrap, c, m.settings...)
	if err != nil {
		return err
	}
	defer s.close()
	g, err := t.group(m.name, share(m.memory))
	if err != nil {
		return err
	}
	defer func() {
		s.close()
		err = errors.Join(err, g.remove())
	}()
	if _, err := s.ready(ctx); err != nil {
		return err
	}
	if err := s.throttled(g); err != nil {
		return err
	}
	took, err := s.invoke(ctx, true)
	if err != nil {
		return err
	}
	m.toStatus.add(took.toStatus)
	m.toResponse.add(took.toResponse)
	return nil
}

// share is what Lambda gives a function after its initialisation, of one CPU.
func share(memory int) float64 { return float64(memory) / fullCPU }

func (l *lab) writeFirstEvents(out io.Writer, all []firstEvents) {
	fmt.Fprintf(out, "### First event\n\nMilliseconds from the event to the status at CodeDeploy (over TLS) and to the answer at the Runtime API, with one\n"+
		"`HEAD` of green between: **median** (quartiles; extremes). The CPU share is a quota on every %s.\n\n", l.period)
	t := table{head: []string{"bootstrap", "function, MB", "CPU share", "to the status, ms", "to the answer, ms"}}
	for _, m := range all {
		t.add(m.label, fmt.Sprint(m.memory), fmt.Sprintf("%.3f", share(m.memory)), spread(m.toStatus), spread(m.toResponse))
	}
	t.writeTo(out)
}
