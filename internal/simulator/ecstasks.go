package simulator

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/greenlight-deploy/greenlight/internal/simulator/clock"
)

// tasks runs tasks for ECS, each as a set of one.
type tasks struct {
	service *service
	clock   clock.Clock
}

// separator stands between the ids in a handle of several tasks.
const separator = " "

// Start starts the tasks side by side and returns when all are healthy.
func (t tasks) Start(ctx context.Context, taskDefinition, targetGroup string, count int) (string, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ids := make([]string, count)
	var first error
	var once sync.Once
	t.sideBySide(count, func(i int) {
		set, err := t.service.CreateTaskSet(ctx, taskDefinition, targetGroup)
		ids[i] = set.ID
		if err != nil {
			once.Do(func() { first = err })
			cancel(err) // the others would be ended again
		}
	})
	if first != nil {
		return "", errors.Join(first, t.stopAll(context.WithoutCancel(ctx), ids))
	}
	return strings.Join(ids, separator), nil
}

// Stop ends the tasks of a handle.
func (t tasks) Stop(ctx context.Context, handle string) error {
	return t.stopAll(ctx, strings.Split(handle, separator))
}

// stopAll ends tasks side by side, as their draining takes time. An empty id is none.
func (t tasks) stopAll(ctx context.Context, ids []string) error {
	errs := make([]error, len(ids))
	t.sideBySide(len(ids), func(i int) {
		if ids[i] != "" {
			errs[i] = t.service.DeleteTaskSet(ctx, ids[i])
		}
	})
	return errors.Join(errs...)
}

// sideBySide does something n times at once. For the clock, who calls rests meanwhile, and those work.
func (t tasks) sideBySide(n int, do func(i int)) {
	var running sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(n))
	ended := clock.NewSignal(t.clock)
	for i := range n {
		done := clock.Work(t.clock)
		running.Go(func() {
			defer done()
			do(i)
			if left.Add(-1) == 0 {
				ended.Fire()
			}
		})
	}
	if n == 0 {
		return
	}
	allEnded, resume := ended.Wait()
	<-allEnded
	resume()
	running.Wait()
}
