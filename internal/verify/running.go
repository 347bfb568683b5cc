package verify

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// answerIn is how long AWS may take to accept something that must be taken away again.
const answerIn = time.Minute

// uninterrupted is a context for asking AWS for what must be taken away again: an interrupt waits for the answer, since a request
// that is cut off may arrive after the one that takes away.
func uninterrupted(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), answerIn)
}

// deploymentStopsIn is how long a deployment may take to stop; ECS's goes back first, and ends green's tasks.
const deploymentStopsIn = 20 * time.Minute

// runningDeployment is one that isn't known to be over.
type runningDeployment struct {
	of   Contract
	over func(context.Context) (bool, error)
	stop func(context.Context) error
}

// await waits until a deployment is over. One that isn't when the wait ends otherwise is stopped when all is taken away.
func (v *Verification) await(ctx context.Context, what string, d *runningDeployment) error {
	v.mu.Lock()
	v.running = append(v.running, d)
	v.mu.Unlock()
	if err := v.poll(ctx, what+" to be over", deploymentEvery, deploymentIn, func() (bool, error) { return d.over(ctx) }); err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.running = slices.DeleteFunc(v.running, func(other *runningDeployment) bool { return other == d })
	return nil
}

// stopAll stops what still runs, so that nothing is deleted in the middle of a deployment. What can't be stopped is told, and deleted all the same.
func (v *Verification) stopAll(ctx context.Context) {
	v.mu.Lock()
	running := v.running
	v.running = nil
	v.mu.Unlock()
	var all sync.WaitGroup
	for _, d := range running {
		all.Go(func() {
			if err := v.stopDeployment(ctx, d); err != nil {
				v.tell(string(d.of), "%s", err)
				return
			}
			v.tell(string(d.of), "no deployment runs")
		})
	}
	all.Wait()
}

func (v *Verification) stopDeployment(ctx context.Context, d *runningDeployment) error {
	if over, err := d.over(ctx); over || err != nil {
		return err
	}
	v.tell(string(d.of), "stopping its deployment")
	refused := d.stop(ctx) // as of one that is on its way back already, and ends by itself
	if err := v.poll(ctx, "its deployment to stop", deploymentEvery, deploymentStopsIn, func() (bool, error) { return d.over(ctx) }); err != nil {
		return errors.Join(refused, err)
	}
	return nil
}
