package simulator

import (
	"context"
	"iter"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
	"github.com/greenlight-deploy/greenlight/internal/simulator/codedeploy"
	"github.com/greenlight-deploy/greenlight/internal/simulator/elb"
	"github.com/greenlight-deploy/greenlight/internal/simulator/lambda"
)

// Entry is something that happened, and when.
type Entry struct {
	Time time.Time
	What Happening
}

// Happening is one of [DeploymentChanged], [EventChanged], [ServiceDeploymentChanged],
// [StageChanged], [HookChanged], [HookNoticed], [WeightsChanged], [AliasChanged],
// [FunctionInvoked], [TrafficCounted] and [InvocationsCounted].
type Happening interface{ happening() }

// DeploymentChanged is a deployment that was created, began, gained a task set or ended.
type DeploymentChanged struct{ Deployment codedeploy.Deployment }

// EventChanged is a lifecycle event that began, ended or was skipped.
type EventChanged struct {
	DeploymentID string
	Event        codedeploy.LifecycleEvent
}

// WeightsChanged is a listener that forwards otherwise than before.
type WeightsChanged struct {
	Listener string
	Weights  map[string]int // by target group
}

// FunctionInvoked is a run of a function that has ended. The invocations of the alias that is
// deployed are counted instead.
type FunctionInvoked struct{ lambda.Invocation }

// TrafficCounted is the traffic since the start, taken before a deployment or the weights of a
// listener changed.
type TrafficCounted struct{ Counts []elb.Count }

func (DeploymentChanged) happening() {}
func (EventChanged) happening()      {}
func (WeightsChanged) happening()    {}
func (FunctionInvoked) happening()   {}
func (TrafficCounted) happening()    {}

// Timeline is what happened in a scenario, in order: the latest of it, as much as is remembered.
type Timeline struct {
	clock clock.Clock
	limit int

	mu        sync.Mutex
	entries   []Entry
	forgotten int // entries before the first
	counted   []elb.Count
	invoked   []InvocationCount // counted
	closed    bool
	more      chan struct{} // closed and renewed with each entry
}

func newTimeline(c clock.Clock, limit int) *Timeline {
	return &Timeline{clock: c, limit: limit, more: make(chan struct{})}
}

func (t *Timeline) add(what Happening) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.addLocked(what)
}

func (t *Timeline) addLocked(what Happening) {
	if t.closed {
		return
	}
	// Not in place, since others hold parts of the slice; and not each time, since it is a copy.
	if over := len(t.entries) - t.limit; over > t.limit/4 {
		t.entries = slices.Clone(t.entries[over:])
		t.forgotten += over
	}
	t.entries = append(t.entries, Entry{t.clock.Now(), what})
	close(t.more)
	t.more = make(chan struct{})
}

// count adds the traffic, and the invocations of the deployed alias, where they aren't what they were the last time.
func (t *Timeline) count(requests []elb.Count, invocations InvocationsCounted) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(requests) > 0 && !reflect.DeepEqual(requests, t.counted) {
		t.counted = requests
		t.addLocked(TrafficCounted{requests})
	}
	if len(invocations.Counts) > 0 && !slices.Equal(invocations.Counts, t.invoked) {
		t.invoked = invocations.Counts
		t.addLocked(invocations)
	}
}

func (t *Timeline) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.closed = true
		close(t.more)
	}
}

// Entries returns what has happened so far, as much of it as is remembered.
func (t *Timeline) Entries() []Entry {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.entries[:len(t.entries):len(t.entries)]
}

// Watch yields what has happened so far, and then each thing as it happens, until ctx
// ends or the simulator is closed. A slow watcher holds nobody up; one that falls back by more
// than is remembered misses what is forgotten.
func (t *Timeline) Watch(ctx context.Context) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for seen := 0; ; {
			t.mu.Lock()
			seen = max(seen, t.forgotten)
			news, more, closed := t.entries[seen-t.forgotten:], t.more, t.closed
			t.mu.Unlock()
			for _, entry := range news {
				if !yield(entry) {
					return
				}
			}
			seen += len(news)
			if closed {
				return
			}
			select {
			case <-more:
			case <-ctx.Done():
				return
			}
		}
	}
}

// Row is one line of the table that CodeDeploy's console shows of a deployment.
type Row struct {
	Event    codedeploy.Event
	Duration time.Duration // 0 for an event that was skipped or hasn't ended
	Status   codedeploy.EventStatus
	// Start and End are zero where the event hasn't started or ended.
	Start, End time.Time
	// Function is the hook, empty for CodeDeploy's own work and where no hook is named.
	Function string
	// Message is why the event failed, empty otherwise.
	Message string
}

// Table returns the rows of a deployment, one for each lifecycle event in order.
func Table(d codedeploy.Deployment) []Row {
	rows := make([]Row, len(d.Events))
	for i, e := range d.Events {
		rows[i] = Row{
			Event: e.Name, Duration: e.Duration(), Status: e.Status, Start: e.Start, End: e.End,
			Function: e.Function, Message: e.Message,
		}
	}
	return rows
}
